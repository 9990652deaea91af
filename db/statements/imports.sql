-- Imports: where each one is, and what it has read.

-- name: import_find
INSERT INTO imports (collection_id, kind, location)
VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT imports_identity DO UPDATE SET changed_at = now()
RETURNING id;

-- Two numbers, of which the first is ours: a lock of its own for each import.
--
-- name: import_lock
SELECT pg_try_advisory_lock($1::integer, $2::integer);

-- name: import_state
SELECT id, updating, position, added, known, skipped, finished_at
FROM imports
WHERE id = $1;

-- name: import_restart
UPDATE imports
SET position = NULL, added = 0, known = 0, skipped = '{}', updating = $2, started_at = now(),
    changed_at = now(), finished_at = NULL
WHERE id = $1;

-- name: import_forget_pictures
DELETE FROM import_pictures WHERE import_id = $1;

-- name: import_forget_seen
DELETE FROM import_seen WHERE import_id = $1;

-- name: import_checkpoint
UPDATE imports
SET position = $2, added = added + $3::bigint, known = known + $4::bigint, skipped = $5,
    changed_at = now()
WHERE id = $1;

-- name: import_finish
WITH finished AS (
    UPDATE imports SET finished_at = now(), changed_at = now(), position = NULL
    WHERE id = $1
    RETURNING collection_id
)
UPDATE collections SET imported_on = current_date FROM finished WHERE id = collection_id;

-- name: import_known
SELECT key, dhash, phash, look, reason
FROM import_pictures
WHERE import_id = $1 AND key = ANY ($2::uuid[]);

-- name: import_keep
INSERT INTO import_pictures (import_id, key, dhash, phash, look, reason)
SELECT $1, new.key, new.dhash, new.phash, new.look, new.reason
FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[])
    AS new (key, dhash, phash, look, reason)
ON CONFLICT DO NOTHING;

-- name: import_saw
INSERT INTO import_seen (import_id, image_id, page_id)
SELECT DISTINCT $1::integer, image_id, page_id FROM pg_temp.incoming
ON CONFLICT DO NOTHING;

-- Where a stretch of a collection's pictures ends, behind one of them; no row behind the last.
--
-- name: import_stretch
SELECT max(id) AS last
FROM (
    SELECT id FROM images
    WHERE collection_id = $1::bigint AND id > $2::bigint
    ORDER BY id
    LIMIT $3
) stretch
HAVING max(id) IS NOT NULL;

-- What an update did not come across in a stretch, except for what a person added by hand.
--
-- name: incoming_from_gone
INSERT INTO pg_temp.incoming (place, dhash, phash, file, title, url, image_id, page_id)
SELECT row_number() OVER (), i.dhash, i.phash, i.file, p.title, p.url, i.id, p.id
FROM images i
JOIN appearances a ON a.image_id = i.id
JOIN pages p ON p.id = a.page_id
WHERE i.collection_id = $1::bigint AND i.id > $3::bigint AND i.id <= $4::bigint
    AND NOT EXISTS (
        SELECT FROM import_seen s
        WHERE s.import_id = $2 AND s.image_id = a.image_id AND s.page_id = a.page_id
    )
    AND NOT EXISTS (
        SELECT FROM additions l
        WHERE l.collection_id = i.collection_id AND l.dhash = i.dhash AND l.action = 'add'
            AND l.undone_at IS NULL AND l.title = p.title
    );

-- name: collection_about
UPDATE collections
SET source_name = coalesce($2, source_name), language = coalesce($3, language),
    as_of = coalesce($4, as_of), checksum = coalesce($5, checksum),
    api_url = coalesce($6, api_url)
WHERE id = $1::bigint;

-- name: import_added
UPDATE imports SET added = added + $2::bigint, changed_at = now() WHERE id = $1;
