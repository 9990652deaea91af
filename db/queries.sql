-- Every statement that the store and the index send, by name.  Values are bound ($1, $2, …), never
-- pasted.  A statement that takes an id also takes the collections it may come from.

------------------------------------------------------------------------------------ collections

-- name: collections_visible
SELECT id, name, kind, guild_id, page_url_template, as_of
FROM collections
WHERE kind = 'wiki' OR guild_id = $1::bigint
ORDER BY kind DESC, name;

-- name: collections_all
SELECT id, name, kind, guild_id, page_url_template, as_of
FROM collections
ORDER BY kind DESC, name;

-- name: collection_named
SELECT id, name, kind, guild_id, page_url_template, as_of
FROM collections
WHERE name = $1;

-- name: wiki_ensure
INSERT INTO collections (kind, name, page_url_template, as_of)
VALUES ('wiki', $1, $2, $3)
ON CONFLICT (name) DO UPDATE
SET page_url_template = excluded.page_url_template,
    as_of = coalesce(excluded.as_of, collections.as_of)
WHERE collections.kind = 'wiki'
RETURNING id, name, kind, guild_id, page_url_template, as_of;

-- name: server_find
SELECT id, name, kind, guild_id, page_url_template, as_of
FROM collections
WHERE guild_id = $1 AND page_url_template = $2;

-- Without saying which key: two who make it at once may meet at either of its unique ones.
--
-- name: server_make
INSERT INTO collections (kind, name, guild_id, page_url_template)
VALUES ('server', 'server-' || $1::bigint, $1::bigint, $2)
ON CONFLICT DO NOTHING;

-- name: server_update
UPDATE collections SET page_url_template = $2
WHERE guild_id = $1
RETURNING id, name, kind, guild_id, page_url_template, as_of;

-- name: collection_stats
SELECT id, name, kind, guild_id, page_url_template, as_of, images, pages, appearances
FROM collections
WHERE id = ANY ($1::bigint[])
ORDER BY kind DESC, name;

----------------------------------------------------------------------------------------- search

-- One text for every kind of index.  The second look is part of it, so that LIMIT counts pictures
-- that will be shown, and so is the key of the last one seen, so that no page is read twice.
--
-- name: near
SELECT i.id AS image_id, i.collection_id, i.dhash, i.phash, i.file, i.page_count,
    (i.dhash <-> $1::bigint)::integer AS distance
FROM images i
WHERE i.dhash <@ ROW($1::bigint, $2::bigint)::bktree_area
    AND i.collection_id = ANY ($3::bigint[])
    AND ((i.dhash <-> $1::bigint) <= $6::integer OR (i.phash <-> $4::bigint) <= $5::integer)
    AND ($7::integer IS NULL
        OR ((i.dhash <-> $1::bigint)::integer, i.id) > ($7::integer, $8::bigint))
ORDER BY distance, i.id
LIMIT $9;

-- name: image
SELECT i.id AS image_id, i.collection_id, i.dhash, i.phash, i.file, i.page_count, 0 AS distance
FROM images i
WHERE i.id = $1::bigint AND i.collection_id = ANY ($2::bigint[]);

-- The limit is inside, or the planner may join all pages of all pictures to find these.
--
-- name: pages
SELECT p.id, first.image_id, p.title, p.url
FROM (
    SELECT a.image_id, a.page_id
    FROM images i
    JOIN appearances a ON a.image_id = i.id
    WHERE i.id = $1::bigint AND i.collection_id = ANY ($2::bigint[])
        AND a.image_id = $1::bigint AND a.page_id > $3::bigint
    ORDER BY a.page_id
    LIMIT $4
) first
JOIN pages p ON p.id = first.page_id
ORDER BY p.id;

-- Each picture gives at most $3 pages, however many show it.
--
-- name: pages_of
SELECT shown.id, i.id AS image_id, shown.title, shown.url
FROM images i
CROSS JOIN LATERAL (
    SELECT p.id, p.title, p.url
    FROM (
        SELECT a.page_id FROM appearances a
        WHERE a.image_id = i.id
        ORDER BY a.page_id
        LIMIT $3
    ) first
    JOIN pages p ON p.id = first.page_id
) shown
WHERE i.id = ANY ($1::bigint[]) AND i.collection_id = ANY ($2::bigint[])
ORDER BY i.id, shown.id;

-- name: listing
SELECT i.id AS image_id, i.file, i.page_count, i.created_at,
    ARRAY (
        SELECT p.title
        FROM (
            SELECT a.page_id FROM appearances a
            WHERE a.image_id = i.id
            ORDER BY a.page_id
            LIMIT 3
        ) first
        JOIN pages p ON p.id = first.page_id
        ORDER BY p.id
    ) AS titles,
    (
        SELECT l.user_id FROM additions l
        WHERE l.collection_id = i.collection_id AND l.dhash = i.dhash AND l.action = 'add'
            AND l.phash IS NOT DISTINCT FROM i.phash AND l.file IS NOT DISTINCT FROM i.file
        ORDER BY l.id DESC
        LIMIT 1
    ) AS added_by
FROM images i
WHERE i.collection_id = $1::bigint
    AND ($3::bigint = 0 OR i.id < $3::bigint)
    AND ($2::text IS NULL OR translate(i.file, '_', ' ') ILIKE $2::text OR EXISTS (
        SELECT FROM appearances a
        JOIN pages p ON p.id = a.page_id
        WHERE a.image_id = i.id AND translate(p.title, '_', ' ') ILIKE $2::text
    ))
ORDER BY i.id DESC
LIMIT $4;

-- name: additions
SELECT id, action, collection_id, image_id, dhash, file, title, url, user_id, created_at, undone_at
FROM additions
WHERE collection_id = $1::bigint AND ($2::bigint IS NULL OR id < $2::bigint)
ORDER BY id DESC
LIMIT $3;

---------------------------------------------------------------------------------------- writing

-- Whoever writes to a collection first locks its row, so writers of one collection take turns:
-- two people adding the same picture meet one row, and the counts stay right.
--
-- name: collection_lock
SELECT id FROM collections WHERE id = $1::bigint FOR NO KEY UPDATE;

-- name: collection_count
UPDATE collections
SET images = images + $2::bigint, pages = pages + $3::bigint, appearances = appearances + $4::bigint
WHERE id = $1::bigint;

-- What is about to be written or taken away; one table per connection, empty between transactions.
-- `made`: the picture was not known before.  `fresh`: this line is the first to tell of a new
-- appearance.
--
-- name: incoming_table
CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    place bigint NOT NULL,
    dhash bigint NOT NULL,
    phash bigint,
    file text,
    title text NOT NULL,
    url text,
    image_id integer,
    page_id integer,
    made boolean NOT NULL DEFAULT false,
    fresh boolean NOT NULL DEFAULT false
) ON COMMIT DELETE ROWS;

-- name: incoming_analyze
ANALYZE pg_temp.incoming;

-- name: incoming_from_batch
INSERT INTO pg_temp.incoming (place, dhash, phash, file, title, url)
SELECT id, dhash, phash, file, title, url
FROM additions
WHERE collection_id = $1::bigint AND batch = $2;

-- name: incoming_from_image
INSERT INTO pg_temp.incoming (place, dhash, phash, file, title, url, image_id, page_id)
SELECT a.page_id, i.dhash, i.phash, i.file, p.title, p.url, i.id, p.id
FROM images i
JOIN appearances a ON a.image_id = i.id
JOIN pages p ON p.id = a.page_id
WHERE i.collection_id = $1::bigint AND i.id = $2::bigint;

-- name: incoming_lines
SELECT image_id, fresh FROM pg_temp.incoming ORDER BY place;

-- Nulls count as equal here, as in the unique keys.  `IS NOT DISTINCT FROM` would read every
-- picture with the same hash (there are hundreds of thousands of plain ones); an arm for each
-- combination of nulls reads one entry of the index.
--
-- name: images_find
UPDATE pg_temp.incoming s
SET made = $2, image_id = (
    SELECT i.id FROM images i
    WHERE i.collection_id = $1::bigint AND i.dhash = s.dhash
        AND i.phash = s.phash AND i.file = s.file
    UNION ALL
    SELECT i.id FROM images i
    WHERE i.collection_id = $1::bigint AND i.dhash = s.dhash
        AND i.phash = s.phash AND i.file IS NULL AND s.file IS NULL
    UNION ALL
    SELECT i.id FROM images i
    WHERE i.collection_id = $1::bigint AND i.dhash = s.dhash
        AND i.phash IS NULL AND s.phash IS NULL AND i.file = s.file
    UNION ALL
    SELECT i.id FROM images i
    WHERE i.collection_id = $1::bigint AND i.dhash = s.dhash
        AND i.phash IS NULL AND s.phash IS NULL AND i.file IS NULL AND s.file IS NULL
)
WHERE s.image_id IS NULL;

-- name: pages_find
UPDATE pg_temp.incoming s
SET page_id = (
    SELECT p.id FROM pages p
    WHERE p.collection_id = $1::bigint AND p.title = s.title AND p.url = s.url
    UNION ALL
    SELECT p.id FROM pages p
    WHERE p.collection_id = $1::bigint AND p.title = s.title AND p.url IS NULL AND s.url IS NULL
)
WHERE s.page_id IS NULL;

-- name: pages_make
INSERT INTO pages (collection_id, title, url)
SELECT $1::bigint, title, url
FROM pg_temp.incoming
WHERE page_id IS NULL
GROUP BY title, url
ORDER BY min(place);

-- A new picture is written with its final count, not counted up afterwards: an update would leave
-- a dead row behind for every picture of an import.
--
-- name: images_make
INSERT INTO images (collection_id, dhash, phash, file, page_count)
SELECT $1::bigint, dhash, phash, file, count(DISTINCT page_id)
FROM pg_temp.incoming
WHERE image_id IS NULL
GROUP BY dhash, phash, file
ORDER BY min(place);

-- name: appearances_mark
UPDATE pg_temp.incoming s
SET fresh = true
WHERE s.place IN (SELECT min(place) FROM pg_temp.incoming GROUP BY image_id, page_id)
    AND NOT EXISTS (
        SELECT FROM appearances a WHERE a.image_id = s.image_id AND a.page_id = s.page_id
    );

-- name: appearances_make
INSERT INTO appearances (image_id, page_id)
SELECT image_id, page_id FROM pg_temp.incoming WHERE fresh;

-- name: images_grow
UPDATE images i
SET page_count = i.page_count + grown.pages
FROM (
    SELECT image_id, count(*) AS pages
    FROM pg_temp.incoming
    WHERE fresh AND NOT made
    GROUP BY image_id
) grown
WHERE i.id = grown.image_id;

-- name: appearances_drop
WITH gone AS (
    DELETE FROM appearances a
    USING (SELECT DISTINCT image_id, page_id FROM pg_temp.incoming) s
    WHERE a.image_id = s.image_id AND a.page_id = s.page_id
    RETURNING a.image_id
), shrunk AS (
    UPDATE images i
    SET page_count = i.page_count - lost.pages
    FROM (SELECT image_id, count(*) AS pages FROM gone GROUP BY image_id) lost
    WHERE i.id = lost.image_id
)
SELECT count(*) FROM gone;

-- name: images_drop
DELETE FROM images i
WHERE i.collection_id = $1::bigint
    AND i.id IN (SELECT image_id FROM pg_temp.incoming)
    AND NOT EXISTS (SELECT FROM appearances a WHERE a.image_id = i.id);

-- name: pages_drop
DELETE FROM pages p
WHERE p.collection_id = $1::bigint
    AND p.id IN (SELECT page_id FROM pg_temp.incoming)
    AND NOT EXISTS (SELECT FROM appearances a WHERE a.page_id = p.id);

-- name: batch_next
SELECT nextval('additions_batches') AS batch;

-- name: batch_record
INSERT INTO additions (batch, action, collection_id, image_id, dhash, phash, file, title, url,
    user_id, guild_id, channel_id, message_id)
SELECT $2, $3, $1::bigint, image_id, dhash, phash, file, title, url, $4, $5, $6, $7
FROM pg_temp.incoming
WHERE fresh OR $3 = 'remove'
ORDER BY place
RETURNING id, action, collection_id, image_id, dhash, file, title, url, user_id, created_at,
    undone_at;

-- name: batch_newest
SELECT batch, action
FROM additions
WHERE collection_id = $1::bigint AND undone_at IS NULL
    AND ($2::bigint IS NULL OR message_id = $2::bigint)
ORDER BY id DESC
LIMIT 1;

-- A picture that comes back has a new id; the audit follows it.
--
-- name: batch_undone
UPDATE additions l
SET undone_at = now(), undone_by = $2, image_id = coalesce(s.image_id, l.image_id)
FROM pg_temp.incoming s
WHERE l.collection_id = $1::bigint AND l.id = s.place
RETURNING l.id, l.action, l.collection_id, l.image_id, l.dhash, l.file, l.title, l.url, l.user_id,
    l.created_at, l.undone_at;

-- name: analyze
ANALYZE collections, images, pages, appearances, additions;

------------------------------------------------------------------------------------------- index

-- `kinds`: the kinds of search index that the extension in this database has, the best one first.
--
-- name: operators
SELECT e.extversion AS installed, a.default_version AS available,
    ARRAY (
        SELECT known.kind
        FROM (VALUES ('hamming', 'hamming', 'hamming_ops', 1), ('bktree', 'spgist', 'bktree_ops', 2))
            AS known (kind, method, class, place)
        JOIN pg_am m ON m.amname = known.method
        JOIN pg_opclass o ON o.opcmethod = m.oid AND o.opcname = known.class
        ORDER BY known.place
    ) AS kinds,
    current_setting('server_version_num')::integer AS server_version_num,
    current_setting('server_version') AS server_version,
    pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers
FROM (SELECT) AS nothing
LEFT JOIN pg_extension e ON e.extname = 'bktree'
LEFT JOIN pg_available_extensions a ON a.name = 'bktree';

-- Every search index there is, under whatever name, the one to go by first.  Several are there
-- while one takes the place of another, and when that was cut short.
--
-- name: indexes
SELECT c.oid::regclass::text AS name, known.kind, x.indisvalid AS valid,
    pg_relation_size(c.oid) AS size_bytes
FROM pg_index x
JOIN pg_class c ON c.oid = x.indexrelid
JOIN pg_am m ON m.oid = c.relam
JOIN pg_opclass o ON o.oid = x.indclass[0]
JOIN pg_attribute t ON t.attrelid = x.indrelid AND t.attnum = x.indkey[0]
JOIN (VALUES ('hamming', 'hamming', 'hamming_ops', 1), ('bktree', 'spgist', 'bktree_ops', 2))
    AS known (kind, method, class, place) ON known.method = m.amname AND known.class = o.opcname
WHERE x.indrelid = to_regclass('public.images') AND t.attname = 'dhash' AND x.indpred IS NULL
ORDER BY x.indisvalid DESC, known.place, c.oid;

-- name: index_statistics
SELECT s.pages, s.leaf_pages, s.summary_pages, s.free_pages, s.items, s.groups, s.fill,
    s.tail_share, s.dead_items
FROM hamming_index_stats($1::text::regclass) s;

-- name: index_images
SELECT coalesce(sum(images), 0)::bigint AS images FROM collections;

-- name: index_small
SELECT count(*) < $1::bigint FROM (SELECT FROM images LIMIT $1::bigint) AS first;

-- Building is most of the work (hamming tells of its parts, a tree has but one); what follows reads
-- the table once more to check.
--
-- name: index_progress
SELECT CASE
    WHEN phase LIKE 'building index: scanning%'
        THEN 0.3 * coalesce(blocks_done::double precision / nullif(blocks_total, 0), 0)
    WHEN phase LIKE 'building index: ordering%'
        THEN 0.3 + 0.3 * coalesce(tuples_done::double precision / nullif(tuples_total, 0), 0)
    WHEN phase LIKE 'building index: logging%' THEN 0.6
    WHEN phase LIKE 'building index%'
        THEN 0.7 * coalesce(blocks_done::double precision / nullif(blocks_total, 0), 0)
    WHEN phase LIKE 'waiting for writers before validation%' THEN 0.7
    WHEN phase LIKE 'index validation: scanning index%'
        THEN 0.7 + 0.1 * coalesce(blocks_done::double precision / nullif(blocks_total, 0), 0)
    WHEN phase LIKE 'index validation: sorting%' THEN 0.8
    WHEN phase LIKE 'index validation: scanning table%'
        THEN 0.85 + 0.15 * coalesce(blocks_done::double precision / nullif(blocks_total, 0), 0)
    WHEN phase LIKE 'waiting for%' AND phase NOT LIKE '%before build' THEN 1
    ELSE 0
END AS share
FROM pg_stat_progress_create_index
WHERE relid = to_regclass('public.images') AND datname = current_database();

-- name: index_create_hamming
CREATE INDEX IF NOT EXISTS images_dhash_hamming ON images USING hamming (dhash);

-- name: index_create_bktree
CREATE INDEX IF NOT EXISTS images_dhash_bktree ON images USING spgist (dhash bktree_ops);

-- name: index_create_concurrently_hamming
CREATE INDEX CONCURRENTLY images_dhash_hamming ON images USING hamming (dhash);

-- name: index_create_concurrently_bktree
CREATE INDEX CONCURRENTLY images_dhash_bktree ON images USING spgist (dhash bktree_ops);

-- name: builder_lock
SELECT pg_try_advisory_lock($1);
