-- Finding pictures and their pages, and listing them.  A statement that takes an id also takes the
-- collections it may come from.

-- One text for every kind of index, and one row at least for each probe.  Hardly any probe has
-- many neighbours, and then they come as the index has them.  One that has is a plain picture's:
-- what is nearest to it is read in order, and the rest is not.  Where there is no index every probe
-- reads every hash, and only as many are searched for as that allows.  Nothing is known of a table
-- that an import has replaced between the statement's plan and its run: one with an index.
--
-- The ranking is that of the hashes' likelihoods in bot.search, in whole numbers.
--
-- name: near
SELECT (p.place - 1)::integer AS probe,
    (SELECT coalesce(sum(c.images), 0)::bigint FROM collections c WHERE c.id = ANY ($6::bigint[]))
        AS images,
    found.*
FROM (
    SELECT coalesce((
        SELECT CASE WHEN EXISTS (
                SELECT FROM pg_index x
                WHERE x.indrelid = a.attrelid AND x.indisvalid AND x.indpred IS NULL
                    AND x.indnkeyatts = 1 AND x.indkey[0] = a.attnum
            ) THEN 0 ELSE (SELECT t.reltuples FROM pg_class t WHERE t.oid = a.attrelid) END
        FROM pg_attribute a
        WHERE a.attrelid = 'images'::regclass AND a.attname = 'dhash'
    ), 0) AS hashes
) read
CROSS JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
    WITH ORDINALITY AS p (dhash, phash, radius, radius_unverified, most, place)
CROSS JOIN LATERAL (
    WITH few AS MATERIALIZED (
        SELECT i.id, i.dhash, i.phash
        FROM images i
        WHERE i.dhash <@ ROW(p.dhash, greatest(p.radius, p.radius_unverified))::bktree_area
            AND i.collection_id = ANY ($6::bigint[])
            AND (p.place = 1 OR p.place * read.hashes <= $9::bigint)
        LIMIT p.most + 1
    ), nearest AS MATERIALIZED (
        SELECT f.id, f.dhash, f.phash FROM few f WHERE (SELECT count(*) FROM few) <= p.most
        UNION ALL
        (
            SELECT i.id, i.dhash, i.phash
            FROM images i
            WHERE i.dhash <@ ROW(p.dhash, greatest(p.radius, p.radius_unverified))::bktree_area
                AND i.collection_id = ANY ($6::bigint[])
                AND (SELECT count(*) FROM few) > p.most
            ORDER BY i.dhash <-> p.dhash
            LIMIT p.most
        )
    )
    SELECT crowd.within, crowd.radius AS counted, i.id AS image_id, i.collection_id, i.dhash, i.phash, i.file, i.page_count,
        (i.dhash <-> p.dhash)::integer AS distance, i.look, best.rank
    FROM (
        SELECT (count(*) FILTER (WHERE (n.dhash <-> p.dhash) <= reached.radius))::integer AS within,
            reached.radius
        FROM (
            SELECT CASE WHEN count(*) < p.most THEN $7::integer
                ELSE least($7::integer, max(m.dhash <-> p.dhash)) END AS radius
            FROM nearest m
        ) reached
        LEFT JOIN nearest n ON true
        GROUP BY reached.radius
    ) crowd
    LEFT JOIN (
        SELECT n.id, 5 * (n.dhash <-> p.dhash) + coalesce(2 * (n.phash <-> p.phash), 60) AS rank
        FROM nearest n
        WHERE (n.dhash <-> p.dhash)
            <= CASE WHEN n.phash IS NULL THEN p.radius_unverified ELSE p.radius END
        ORDER BY rank, n.id
        LIMIT $8
    ) best ON true
    LEFT JOIN images i ON i.id = best.id
) found
ORDER BY p.place, found.rank, found.image_id;

-- name: image
SELECT 0 AS probe, i.id AS image_id, i.collection_id, i.dhash, i.phash, i.file, i.page_count,
    0 AS distance, i.look
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
            AND coalesce(l.purpose, 'import') = 'import'
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
    undone_by, purpose
FROM additions
WHERE collection_id = $1::bigint AND ($2::bigint IS NULL OR id < $2::bigint)
ORDER BY id DESC
LIMIT $3;
