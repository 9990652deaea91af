-- Many equal hashes, runs of neighbours, and hashes all over the place
CREATE TABLE many (id serial, hash bigint);
INSERT INTO many (hash) SELECT 42 FROM generate_series(1, 3000);
INSERT INTO many (hash) SELECT i FROM generate_series(1, 3000) AS i;
INSERT INTO many (hash) SELECT hashint8extended(i, 7) FROM generate_series(1, 6000) AS i;
CREATE INDEX many_hash ON many USING hamming (hash);
-- After the build: what there is, what is new, and what stands apart from equal ones
INSERT INTO many (hash) SELECT 43 FROM generate_series(1, 500);
INSERT INTO many (hash) SELECT hashint8extended(i, 8) FROM generate_series(1, 3000) AS i;
INSERT INTO many (hash) SELECT 42 # (1::bigint << (i % 64)) FROM generate_series(1, 640) AS i;
VACUUM ANALYZE many;

-- Every radius around several centers; each count must be that of a sequential scan.
CREATE TABLE questions AS
SELECT center, radius
FROM (VALUES (42), (0), (-1), (hashint8extended(5, 7)), (6148914691236517205)) AS c (center),
     generate_series(0, 64) AS radius;

SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_bitmapscan = off;
CREATE TABLE answers AS
SELECT q.*, (SELECT count(*) FROM many WHERE hash <@ (q.center, q.radius)) AS found,
       (SELECT sum(id) FROM many WHERE hash <@ (q.center, q.radius)) AS ids
FROM questions AS q;
SELECT count(*), sum(found) > 0 AS some FROM answers;

SET enable_seqscan = off;
SET enable_bitmapscan = on;
EXPLAIN (COSTS OFF) SELECT sum(id) FROM many WHERE hash <@ (42, 3);
SELECT a.* FROM answers AS a
WHERE ids IS DISTINCT FROM (SELECT sum(id) FROM many WHERE hash <@ (a.center, a.radius));

SET enable_bitmapscan = off;
SET enable_indexscan = on;
EXPLAIN (COSTS OFF) SELECT sum(id) FROM many WHERE hash <@ (42, 3);
SELECT a.* FROM answers AS a
WHERE ids IS DISTINCT FROM (SELECT sum(id) FROM many WHERE hash <@ (a.center, a.radius));

SET enable_indexonlyscan = on;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE hash <@ (42, 3);
SELECT a.* FROM answers AS a
WHERE found <> (SELECT count(*) FROM many WHERE hash <@ (a.center, a.radius));

-- The area first
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE (42, 3)::bktree_area @> hash;
SELECT count(*) FROM many WHERE (42, 0)::bktree_area @> hash;

-- Equality, with whatever integer
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE hash = 42::bigint;
SELECT count(*) FROM many WHERE hash = 42::bigint;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many WHERE hash = 43;
SELECT count(*) FROM many WHERE hash = 43;
SELECT count(*) FROM many WHERE hash = 43::smallint;
SELECT count(*) FROM many WHERE hash = -43;

-- Several conditions at once
SELECT count(*) FROM many WHERE hash <@ (42, 1) AND hash <@ (43, 1);
SELECT count(*) FROM many WHERE hash <@ (42, 1) AND hash = 43;
SELECT count(*) FROM many WHERE hash <@ (42, 1) AND hash = 44;
SELECT count(*) FROM many WHERE hash <@ ANY (ARRAY[(42, 0), (43, 0)]::bktree_area[]);

-- Deleted rows are gone, and their place is used again.
DELETE FROM many WHERE hash = 42;
VACUUM many;
SELECT count(*) FROM many WHERE hash <@ (42, 0);
INSERT INTO many (hash) SELECT 42 FROM generate_series(1, 10);
SELECT count(*) FROM many WHERE hash <@ (42, 0);
REINDEX INDEX many_hash;
SELECT count(*) FROM many WHERE hash <@ (42, 0);
-- Both ways of saying the operator class, and that it is bigint's own
CREATE INDEX many_named ON many USING hamming (hash hamming_ops);
SELECT opcname, opcdefault, opcintype::regtype FROM pg_opclass
WHERE opcmethod = (SELECT oid FROM pg_am WHERE amname = 'hamming');
SELECT amname, amtype FROM pg_am WHERE amname = 'hamming';
SELECT pg_indexam_has_property(oid, 'can_order') AS sorts, pg_indexam_has_property(oid, 'can_unique') AS is_unique,
       pg_indexam_has_property(oid, 'can_multi_col') AS many_columns, pg_indexam_has_property(oid, 'can_exclude') AS excludes
FROM pg_am WHERE amname = 'hamming';
SELECT pg_index_column_has_property('many_named', 1, property) AS has, property
FROM unnest(ARRAY['distance_orderable', 'returnable', 'search_nulls', 'search_array', 'orderable']) AS property;
SELECT pg_index_has_property('many_named', property) AS has, property
FROM unnest(ARRAY['clusterable', 'index_scan', 'bitmap_scan', 'backward_scan']) AS property;
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'hamming_ops';
SELECT hamming_kernel() IN ('avx512', 'avx2', 'popcnt', 'neon', 'portable') AS known;
DROP TABLE many, questions, answers;
