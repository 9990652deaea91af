-- Looking after a collection: leafing through all of it, merging, renaming, pairs kept apart.

-- name: incoming_clear
DELETE FROM pg_temp.incoming;

-- The pages of one picture, as what they are to become: pages of another.
--
-- name: incoming_merged
INSERT INTO pg_temp.incoming (place, dhash, phash, look, file, title, url, image_id, page_id)
SELECT p.id, t.dhash, t.phash, t.look, t.file, p.title, p.url, t.id, p.id
FROM images s
JOIN images t ON t.collection_id = s.collection_id AND t.id = $3::bigint AND t.id <> s.id
JOIN appearances a ON a.image_id = s.id
JOIN pages p ON p.id = a.page_id
WHERE s.collection_id = $1::bigint AND s.id = $2::bigint;

-- The appearances on a page that gets another name, with the new name if $7 and the old one if not.
-- Without a new address ($6) a page keeps its own, unless $8 says that it has none any more.
--
-- name: incoming_renamed
INSERT INTO pg_temp.incoming (place, dhash, phash, look, file, title, url, image_id, page_id)
SELECT row_number() OVER (ORDER BY i.id, p.id), i.dhash, i.phash, i.look, i.file,
    CASE WHEN $7 THEN $5 ELSE p.title END, CASE WHEN $7 THEN n.url ELSE p.url END, i.id,
    CASE WHEN NOT $7 THEN p.id END
FROM pages p
CROSS JOIN LATERAL (SELECT CASE WHEN $8 THEN $6 ELSE coalesce($6, p.url) END AS url) n
JOIN appearances a ON a.page_id = p.id
JOIN images i ON i.id = a.image_id
WHERE p.collection_id = $1::bigint AND p.title = $2 AND ($3::text IS NULL OR p.url = $3)
    AND ($4::bigint IS NULL OR i.id = $4)
    AND (p.title, p.url) IS DISTINCT FROM ($5::text, n.url);

-- Each picture has a page at least, so that one more picture than rows wanted gives enough of them.
--
-- name: export_rows
SELECT i.id AS image_id, p.id AS page_id, i.dhash, i.phash, i.look, i.file, p.title, p.url,
    i.created_at
FROM (
    SELECT id, dhash, phash, look, file, created_at
    FROM images
    WHERE collection_id = $1::bigint AND id >= $2::bigint
    ORDER BY id
    LIMIT $4 + 1
) i
CROSS JOIN LATERAL (
    SELECT a.page_id
    FROM appearances a
    WHERE a.image_id = i.id AND (i.id > $2::bigint OR a.page_id > $3::bigint)
    ORDER BY a.page_id
    LIMIT $4
) shown
JOIN pages p ON p.id = shown.page_id
ORDER BY i.id, p.id
LIMIT $4;

-- name: walk
SELECT 0 AS probe, i.id AS image_id, i.collection_id, i.dhash, i.phash, i.file, i.page_count,
    0 AS distance, i.look
FROM images i
WHERE i.collection_id = $1::bigint AND i.id <= $2::bigint
ORDER BY i.id DESC
LIMIT $3;

-- Who added a picture, and where, is what the newest line says that brought it.
--
-- name: stored_pictures
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
    l.user_id AS added_by, l.guild_id, l.channel_id, l.message_id
FROM images i
LEFT JOIN LATERAL (
    SELECT user_id, guild_id, channel_id, message_id
    FROM additions
    WHERE collection_id = i.collection_id AND dhash = i.dhash AND action = 'add'
        AND coalesce(purpose, 'import') = 'import' AND phash IS NOT DISTINCT FROM i.phash
        AND file IS NOT DISTINCT FROM i.file
    ORDER BY id DESC
    LIMIT 1
) l ON true
WHERE i.collection_id = $1::bigint AND i.id = ANY ($2::bigint[]);

-- name: kept_apart_find
SELECT k.one, k.other
FROM unnest($2::uuid[], $3::uuid[]) AS pair (one, other)
JOIN kept_apart k ON k.collection_id = $1::bigint AND k.one = pair.one AND k.other = pair.other;

-- name: kept_apart_keep
INSERT INTO kept_apart (collection_id, one, other)
SELECT $1::bigint, $2::uuid, $3::uuid
ON CONFLICT DO NOTHING;
