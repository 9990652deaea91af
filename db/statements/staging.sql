-- Rows of hashes on their way in: they are staged, their titles are looked at, and then they are
-- merged, piece by piece or by building the tables anew.

-- name: staging_lock
SELECT pg_try_advisory_lock($1);

-- name: staged_state
SELECT import_id, position, rows, skipped, complete FROM staged_for;

-- name: staged_begin
INSERT INTO staged_for (import_id) VALUES ($1);

-- name: staged_clear
TRUNCATE staged, staged_for;

-- name: staged_forget
DELETE FROM staged_for WHERE import_id = $1;

-- name: staged_checkpoint
UPDATE staged_for
SET position = $2, rows = rows + $3::bigint, skipped = $4
WHERE import_id = $1;

-- name: staged_complete
UPDATE staged_for SET complete = true WHERE import_id = $1;

-- name: staged_analyze
ANALYZE staged;

-- The planner's own limit for one sort or hash is made for many connections at once; here is one.
-- A hash that processes share lies in shared memory, of which a container may have little.
--
-- name: staging_memory
SELECT set_config('work_mem', current_setting('maintenance_work_mem'), true),
    set_config('enable_parallel_hash', 'off', true);

---- titles

-- name: titles_drop
DROP TABLE IF EXISTS pg_temp.staged_titles;

-- Made and filled in one, which the server can do with several processes.
--
-- name: titles_make
CREATE TEMPORARY TABLE staged_titles AS
SELECT title, count(*) AS uses FROM staged GROUP BY title;

-- Titles that are stored as another one, or not at all.
--
-- name: cleaned_make
CREATE TEMPORARY TABLE IF NOT EXISTS cleaned (
    title text COLLATE "C" NOT NULL,
    page text COLLATE "C"
);

-- name: cleaned_empty
TRUNCATE pg_temp.cleaned;

-- All that may have to be put into the form in which titles are stored; most are in it.
--
-- name: titles_odd
SELECT title, uses
FROM pg_temp.staged_titles
WHERE title ~ '[^!-~]|__|^_|_$|^$' OR octet_length(title) > 255;

-- name: titles_analyze
ANALYZE pg_temp.staged_titles, pg_temp.cleaned;

---- merging piece by piece

-- name: pending_make
CREATE TEMPORARY TABLE IF NOT EXISTS pending (
    place bigint NOT NULL,
    dhash bigint NOT NULL,
    title text COLLATE "C" NOT NULL
);

-- name: pending_empty
TRUNCATE pg_temp.pending;

-- What the collection has already is left out here, so that what remains is what has to be done,
-- whenever the work was stopped.
--
-- name: pending_fill
INSERT INTO pg_temp.pending (place, dhash, title)
SELECT row_number() OVER (ORDER BY title, dhash), dhash, title
FROM (
    (
        SELECT s.dhash, s.title
        FROM staged s
        WHERE NOT EXISTS (SELECT FROM pg_temp.cleaned c WHERE c.title = s.title)
        UNION
        SELECT s.dhash, c.page
        FROM staged s
        JOIN pg_temp.cleaned c ON c.title = s.title
        WHERE c.page IS NOT NULL
    )
    EXCEPT
    SELECT i.dhash, p.title COLLATE "C"
    FROM images i
    JOIN appearances a ON a.image_id = i.id
    JOIN pages p ON p.id = a.page_id
    WHERE i.collection_id = $1::bigint AND i.phash IS NULL AND i.file IS NULL AND p.url IS NULL
) new;

-- name: pending_index
CREATE UNIQUE INDEX IF NOT EXISTS pending_place ON pg_temp.pending (place);

-- name: pending_count
SELECT count(*) AS rows FROM pg_temp.pending;

-- name: incoming_from_pending
INSERT INTO pg_temp.incoming (place, dhash, title)
SELECT place, dhash, title FROM pg_temp.pending WHERE place > $1::bigint AND place <= $2::bigint;

---- a table of the same database

-- How to read a stretch of blocks of a table, as a statement with the names quoted by the server; or
-- what is wrong with the table.
--
-- name: table_find
SELECT
    CASE
        WHEN c.relkind NOT IN ('r', 'm')
            THEN format('%s is no plain table. Name one, or copy it into one: CREATE TABLE … AS '
                'SELECT … FROM %s.', t.name, t.name)
        WHEN h.attnum IS NULL OR p.attnum IS NULL
            THEN format('The table %s has no column “%s”. Its columns are: %s. Say which ones hold '
                'the hash and the page: --hash-column, --page-column.', t.name,
                CASE WHEN h.attnum IS NULL THEN $2::text ELSE $3::text END,
                (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
        WHEN h.atttypid NOT IN ('bigint'::regtype, 'integer'::regtype, 'numeric'::regtype)
            THEN format('The column “%s” of %s is of type %s, and a hash is a bigint.', $2::text,
                t.name, format_type(h.atttypid, h.atttypmod))
        WHEN NOT has_table_privilege(c.oid, 'SELECT')
            THEN format('This database user may not read %s. Let its owner run: GRANT SELECT ON %s '
                'TO %I', t.name, t.name, current_user)
    END AS problem,
    format('WITH taken AS (INSERT INTO staged (dhash, title) SELECT %1$I::bigint, %2$I::text '
        'FROM %3$s WHERE ctid >= $1::text::tid AND ctid < $2::text::tid AND %1$I IS NOT NULL '
        'AND %2$I::text <> '''' RETURNING 1) '
        'SELECT (SELECT count(*) FROM taken) AS taken, (SELECT count(*) FROM %3$s '
        'WHERE ctid >= $1::text::tid AND ctid < $2::text::tid '
        'AND (%1$I IS NULL OR %2$I::text IS NULL OR %2$I::text = '''')) AS without',
        $2::text, $3::text, t.name) AS statement,
    pg_relation_size(c.oid) / current_setting('block_size')::integer AS blocks
FROM (SELECT to_regclass($1::text) AS name) t
JOIN pg_class c ON c.oid = t.name
LEFT JOIN pg_attribute h ON h.attrelid = c.oid AND h.attname = $2::text AND NOT h.attisdropped
LEFT JOIN pg_attribute p ON p.attrelid = c.oid AND p.attname = $3::text AND NOT p.attisdropped;
