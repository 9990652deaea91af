-- How an index is doing, through all that happens to it
CREATE TABLE kept (id int, hash bigint) WITH (autovacuum_enabled = off);
CREATE INDEX kept_hash ON kept USING hamming (hash);
CREATE VIEW state AS
SELECT items, leaf_pages > 0 AS leaves, summary_pages, free_pages > 0 AS free, round(fill::numeric, 1) AS fill,
       tail_share > 0.5 AS inserted, dead_items > 0 AS dead,
       pages * current_setting('block_size')::int = pg_relation_size('kept_hash') AS all_pages,
       groups >= leaf_pages AS groups
FROM hamming_index_stats('kept_hash');
SELECT * FROM state;
SELECT hamming_index_check('kept_hash');

-- One by one
INSERT INTO kept SELECT i, hashint8extended(i, 1) FROM generate_series(1, 5000) AS i;
INSERT INTO kept SELECT i, NULL FROM generate_series(5001, 5100) AS i;
SELECT items, leaves, inserted, dead, all_pages, groups FROM state;
SELECT hamming_index_check('kept_hash');

-- Built
REINDEX INDEX kept_hash;
SELECT * FROM state;
SELECT hamming_index_check('kept_hash');

-- Searches mark what is dead, vacuum removes it, and inserts use its place.
DELETE FROM kept WHERE id % 5 > 0 OR hash IS NULL;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(id) FROM kept WHERE hash <@ (0, 64);
SELECT count(id) FROM kept WHERE hash <@ (0, 64);
SELECT items, dead FROM state;
SELECT hamming_index_check('kept_hash');
VACUUM kept;
SELECT items, dead FROM state;
SELECT hamming_index_check('kept_hash');
DELETE FROM kept;
VACUUM kept;
SELECT items, leaves, free, fill FROM state;
SELECT pg_relation_size('kept_hash') AS size \gset
INSERT INTO kept SELECT i, hashint8extended(i, 2) FROM generate_series(1, 4000) AS i;
SELECT pg_relation_size('kept_hash') <= :size AS no_larger;
SELECT hamming_index_check('kept_hash');
TRUNCATE kept;
SELECT items, leaves, all_pages FROM state;
SELECT hamming_index_check('kept_hash');

-- Of indexes alone
SELECT hamming_index_stats('kept');
SELECT hamming_index_check('kept');
CREATE INDEX kept_id ON kept (id);
SELECT hamming_index_stats('kept_id');
SELECT hamming_index_check('kept_id');
SELECT hamming_index_check('none');
SELECT hamming_index_check(NULL) IS NULL AS unknown;
CREATE TABLE parted (hash bigint) PARTITION BY HASH (hash);
CREATE INDEX parted_hash ON parted USING hamming (hash);
SELECT hamming_index_stats('parted_hash');
SELECT hamming_index_check('parted_hash');
DROP TABLE kept, parted CASCADE;

-- Partial ones, and those of expressions
CREATE TABLE kept (id int, digits text);
INSERT INTO kept SELECT i, i::text FROM generate_series(1, 3000) AS i;
CREATE INDEX kept_some ON kept USING hamming ((digits::bigint)) WHERE id % 2 = 0;
SELECT items FROM hamming_index_stats('kept_some');
SELECT hamming_index_check('kept_some');
EXPLAIN (COSTS OFF) SELECT id FROM kept WHERE digits::bigint <@ (1, 2) AND id % 2 = 0;
SELECT count(*) FROM kept WHERE digits::bigint <@ (1, 2) AND id % 2 = 0;
UPDATE kept SET id = id + 1 WHERE id <= 1000;
SELECT hamming_index_check('kept_some');
SELECT count(*) FROM kept WHERE digits::bigint <@ (1, 2) AND id % 2 = 0;
DROP TABLE kept;
