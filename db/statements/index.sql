-- The search index.

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
