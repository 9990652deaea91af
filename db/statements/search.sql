-- Finding pictures and their pages, and listing them.  A statement that takes an id also takes the
-- collections it may come from.

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
SELECT id, action, collection_id, image_id, dhash, file, title, url, user_id, created_at, undone_at,
    undone_by
FROM additions
WHERE collection_id = $1::bigint AND ($2::bigint IS NULL OR id < $2::bigint)
ORDER BY id DESC
LIMIT $3;
