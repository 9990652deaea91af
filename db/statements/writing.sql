-- Adding, removing and undoing, and the audit.

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
    look bytea,
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
INSERT INTO pg_temp.incoming (place, dhash, phash, look, file, title, url)
SELECT id, dhash, phash, look, file, title, url
FROM additions
WHERE collection_id = $1::bigint AND batch = $2 AND action = $3;

-- name: incoming_from_image
INSERT INTO pg_temp.incoming (place, dhash, phash, look, file, title, url, image_id, page_id)
SELECT a.page_id, i.dhash, i.phash, i.look, i.file, p.title, p.url, i.id, p.id
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
INSERT INTO images (collection_id, dhash, phash, look, file, page_count)
SELECT $1::bigint, dhash, phash,
    (array_agg(look ORDER BY place) FILTER (WHERE look IS NOT NULL))[1], file,
    count(DISTINCT page_id)
FROM pg_temp.incoming
WHERE image_id IS NULL
GROUP BY dhash, phash, file
ORDER BY min(place);

-- A picture that was stored without a look has one now.
--
-- name: images_complete
UPDATE images i
SET look = met.look
FROM (
    SELECT DISTINCT ON (image_id) image_id, look
    FROM pg_temp.incoming
    WHERE look IS NOT NULL AND NOT made
    ORDER BY image_id, place
) met
WHERE i.id = met.image_id AND i.look IS NULL;

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

-- Of a member who opted out meanwhile no id is written; see `member_hold`.
--
-- name: batch_record
INSERT INTO additions (batch, action, collection_id, image_id, dhash, phash, look, file, title,
    url, user_id, guild_id, channel_id, message_id, purpose)
SELECT $2, $3, $1::bigint, image_id, dhash, phash, look, file, title, url,
    coalesce((SELECT 0 FROM opted_out o WHERE o.user_id = $4::bigint), $4::bigint), $5, $6, $7, $8
FROM pg_temp.incoming
WHERE fresh OR $3 = 'remove'
ORDER BY place
RETURNING id, action, collection_id, image_id, dhash, file, title, url, user_id, created_at,
    undone_at, undone_by, purpose;

-- name: batch_newest
SELECT batch
FROM additions
WHERE collection_id = $1::bigint AND undone_at IS NULL
    AND ($2::bigint IS NULL OR message_id = $2::bigint)
ORDER BY id DESC
LIMIT 1;

-- A picture that comes back has a new id; the audit follows it.
--
-- name: batch_undone
UPDATE additions l
SET undone_at = now(),
    undone_by = coalesce((SELECT 0 FROM opted_out o WHERE o.user_id = $2::bigint), $2::bigint),
    undone_guild_id = $3, undone_channel_id = $4,
    undone_message_id = $5, image_id = coalesce(s.image_id, l.image_id)
FROM pg_temp.incoming s
WHERE l.collection_id = $1::bigint AND l.id = s.place
RETURNING l.id, l.action, l.collection_id, l.image_id, l.dhash, l.file, l.title, l.url, l.user_id,
    l.created_at, l.undone_at, l.undone_by, l.purpose;

-- name: analyze
ANALYZE collections, images, pages, appearances, additions;
