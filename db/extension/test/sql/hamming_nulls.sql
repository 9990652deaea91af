CREATE TABLE holes (id int, hash bigint);
INSERT INTO holes SELECT i, CASE WHEN i % 3 > 0 THEN i END FROM generate_series(1, 900) AS i;
CREATE INDEX holes_hash ON holes USING hamming (hash);
VACUUM ANALYZE holes;

-- An area that is not known holds nothing for certain.
SELECT 1::bigint <@ (NULL, 3)::bktree_area AS center, 1::bigint <@ (1, NULL)::bktree_area AS distance,
       1::bigint <@ (NULL, NULL)::bktree_area AS both, 1::bigint <@ NULL::bktree_area AS area,
       NULL::bigint <@ (1, 3)::bktree_area AS hash, (1, NULL)::bktree_area @> 1::bigint AS turned;

SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM holes WHERE hash <@ (NULL, 64)::bktree_area;
SELECT count(*) FROM holes WHERE hash <@ (NULL, 64)::bktree_area;
SELECT count(*) FROM holes WHERE hash <@ (1, NULL)::bktree_area;
SELECT count(*) FROM holes WHERE hash <@ NULL::bktree_area;
SELECT count(*) FROM holes WHERE hash <@ (1, 64) AND hash <@ (NULL, 3)::bktree_area;

-- NULLs are in no area, are found when asked for, and come last.
SELECT count(*) FROM holes WHERE hash <@ (1, 64);
EXPLAIN (COSTS OFF) SELECT count(*) FROM holes WHERE hash IS NULL;
SELECT count(*) FROM holes WHERE hash IS NULL;
SELECT count(*) FROM holes WHERE hash IS NOT NULL;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT hash FROM holes ORDER BY hash <-> 1;
SELECT count(*), count(hash), min(place) FILTER (WHERE hash IS NULL) AS first_null
FROM (SELECT hash, row_number() OVER () AS place
      FROM (SELECT hash FROM holes ORDER BY hash <-> 1) AS ordered) AS numbered;
SELECT count(*) FROM (SELECT hash FROM holes ORDER BY hash <-> NULL) AS unordered;
DROP TABLE holes;
