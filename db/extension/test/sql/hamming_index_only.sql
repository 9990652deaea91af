CREATE TABLE seen (id int, hash bigint);
INSERT INTO seen SELECT i, CASE WHEN i % 10 > 0 THEN hashint8extended(i % 900, 1) END
FROM generate_series(1, 9000) AS i;
CREATE INDEX seen_hash ON seen USING hamming (hash);
VACUUM ANALYZE seen;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SET enable_sort = off;

CREATE FUNCTION looks_at_the_table(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    plan := jsonb_path_query_first(plan, '$.** ? (@."Node Type" == "Index Only Scan")');
    RETURN (plan ->> 'Heap Fetches')::int > 0;
END
$$;

-- The hash comes from the index, whichever way it is asked for.
EXPLAIN (COSTS OFF) SELECT count(*) FROM seen WHERE hash <@ (1, 64);
SELECT count(*), looks_at_the_table('SELECT hash FROM seen WHERE hash <@ (1, 64)') FROM seen WHERE hash <@ (1, 64);
SELECT count(*), sum(hash - hashint8extended(1, 1)) FROM seen WHERE hash = hashint8extended(1, 1);
SELECT count(*), count(hash) FROM seen WHERE hash IS NULL;
SELECT count(*), count(hash) FROM seen WHERE hash IS NOT NULL;
SELECT count(*), count(hash) FROM seen;
EXPLAIN (COSTS OFF) SELECT hash FROM seen ORDER BY hash <-> 1;
SELECT sum(n) AS all_of_them, max(n) - min(n) AS spread
FROM (SELECT count(*) AS n FROM (SELECT hash FROM seen WHERE hash <@ (1, 64) ORDER BY hash <-> 1) AS ordered
      GROUP BY hash) AS counted;

-- What has changed since is looked up in the table.
UPDATE seen SET hash = 1 WHERE id % 100 = 1;
DELETE FROM seen WHERE id % 100 = 2;
SELECT count(*), looks_at_the_table('SELECT hash FROM seen WHERE hash <@ (1, 64)') FROM seen WHERE hash <@ (1, 64);
SELECT count(*) FROM seen WHERE hash <@ (1, 0);
VACUUM seen;
SELECT count(*), looks_at_the_table('SELECT hash FROM seen WHERE hash <@ (1, 64)') FROM seen WHERE hash <@ (1, 64);
SELECT count(*) FROM seen WHERE hash <@ (1, 0);
DROP TABLE seen;
DROP FUNCTION looks_at_the_table;
