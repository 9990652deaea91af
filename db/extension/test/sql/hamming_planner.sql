-- Estimates are compared in powers of ten at most: the sample is random.
CREATE FUNCTION plan_of(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan #> '{0,Plan}';
END
$$;
CREATE FUNCTION way_of(query text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN plan_of(query)::text ~ 'Seq Scan' THEN 'table' ELSE 'index' END
$$;

-- 40,000 hashes: half at random, a quarter all equal, a quarter one cluster
CREATE TABLE planned (id int, hash bigint);
INSERT INTO planned SELECT i, hashint8extended(i, 3) FROM generate_series(1, 20000) AS i;
INSERT INTO planned SELECT i, 42 FROM generate_series(1, 10000) AS i;
INSERT INTO planned
SELECT i, -1 # (1::bigint << (i % 64)) # (1::bigint << (i / 64 % 64)) # (1::bigint << (i / 4096))
FROM generate_series(1, 10000) AS i;
CREATE INDEX planned_hash ON planned USING hamming (hash);
VACUUM ANALYZE planned;
SET max_parallel_workers_per_gather = 0;
SET random_page_cost = 1.1;
SET effective_cache_size = '1GB';

SELECT center, radius, way_of(format('SELECT id FROM planned WHERE hash <@ (%s, %s)', center, radius))
FROM (VALUES (hashint8extended(1, 3), 0), (hashint8extended(1, 3), 3), (hashint8extended(1, 3), 8),
             (hashint8extended(1, 3), 64), (42, 0), (42, 64)) AS asked (center, radius);

-- Of the equal ones, of the cluster, of nothing, and of everything
SELECT what, rows BETWEEN least AND most AS sane
FROM (VALUES ('equal', 42, 0, 8000, 12000), ('cluster', -1, 3, 8000, 12000),
             ('nowhere', 6148914691236517205, 0, 1, 40),
             ('nowhere near', 6148914691236517205, 6, 1, 40),
             ('everything', 0, 64, 39999, 40001)) AS asked (what, center, radius, least, most)
CROSS JOIN LATERAL (
    SELECT (plan_of(format('SELECT 1 FROM planned WHERE hash <@ (%s::bigint, %s)', center, radius))
            ->> 'Plan Rows')::int AS rows
) AS estimated;

-- What is not known before the query runs: the center, the radius, both
PREPARE by_center (bigint) AS SELECT id FROM planned WHERE hash <@ ($1, 3)::bktree_area;
PREPARE by_area (bigint, bigint) AS SELECT id FROM planned WHERE hash <@ ($1, $2)::bktree_area;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE by_center (1);
EXPLAIN (COSTS OFF) EXECUTE by_area (1, 3);
RESET plan_cache_mode;

-- A join looks each hash up.
CREATE TABLE asked AS SELECT hashint8extended(i, 3) AS hash FROM generate_series(1, 20) AS i;
ANALYZE asked;
EXPLAIN (COSTS OFF)
SELECT * FROM asked JOIN planned ON planned.hash <@ (asked.hash, 2)::bktree_area;
SELECT count(*) FROM asked JOIN planned ON planned.hash <@ (asked.hash, 2)::bktree_area;
SELECT count(*) FROM asked JOIN planned ON (asked.hash, 2)::bktree_area @> planned.hash;

-- NULL keeps nothing, and a distance out of range is no reason not to plan.
EXPLAIN (COSTS OFF) SELECT id FROM planned WHERE hash <@ NULL::bktree_area;
SELECT (plan_of('SELECT id FROM planned WHERE hash <@ (NULL, 3)::bktree_area') ->> 'Plan Rows')::int;
SELECT plan_of('SELECT id FROM planned WHERE hash <@ (1, 1000)') IS NOT NULL AS planned;

-- A handful of rows is read as it is.
CREATE TABLE tiny AS SELECT i::bigint AS hash FROM generate_series(1, 10) AS i;
CREATE INDEX ON tiny USING hamming (hash);
ANALYZE tiny;
SELECT way_of('SELECT hash FROM tiny WHERE hash <@ (1, 3)');

-- Without statistics
CREATE TABLE unseen (hash bigint);
SELECT (plan_of('SELECT * FROM unseen WHERE hash <@ (1, 64)') ->> 'Plan Rows')::int
     > (plan_of('SELECT * FROM unseen WHERE hash <@ (1, 3)') ->> 'Plan Rows')::int AS wider_is_more;
DROP TABLE planned, asked, tiny, unseen;
DROP FUNCTION way_of, plan_of;
