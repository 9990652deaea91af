CREATE TABLE points (id serial, hash bigint);
INSERT INTO points (hash) SELECT hashint8extended(i, 1) FROM generate_series(1, 5000) AS i;
INSERT INTO points (hash) SELECT 42 FROM generate_series(1, 400);
CREATE INDEX points_hash ON points USING hamming (hash);
VACUUM ANALYZE points;

SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT hash <-> 42 FROM points ORDER BY hash <-> 42 LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM points ORDER BY 42 <-> hash LIMIT 5;
EXPLAIN (COSTS OFF) SELECT id FROM points WHERE hash <@ (0, 20) ORDER BY hash <-> 7 LIMIT 5;

-- The whole table in order: every distance at least the one before
SELECT count(*), count(*) FILTER (WHERE distance < before) AS out_of_order
FROM (
    SELECT distance, lag(distance) OVER () AS before
    FROM (SELECT hash <-> 6148914691236517205 AS distance
          FROM points ORDER BY hash <-> 6148914691236517205) AS ordered
) AS pairs;

-- The nearest, also of those in an area
SELECT array_agg(distance) AS nearest
FROM (SELECT hash <-> 42 AS distance FROM points WHERE hash <> 42
      ORDER BY hash <-> 42 LIMIT 10) AS by_index;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
SET enable_sort = on;
SELECT array_agg(distance) AS nearest
FROM (SELECT hash <-> 42 AS distance FROM points WHERE hash <> 42
      ORDER BY hash <-> 42 LIMIT 10) AS by_sort;
RESET enable_indexscan;
RESET enable_indexonlyscan;

-- By two distances at once, and once for each row of another table
EXPLAIN (COSTS OFF) SELECT id FROM points ORDER BY hash <-> 1, hash <-> 42 LIMIT 5;
SELECT count(*), count(*) FILTER (WHERE distances < before) AS out_of_order
FROM (
    SELECT distances, lag(distances) OVER () AS before
    FROM (SELECT ARRAY[hash <-> 1, hash <-> 42] AS distances
          FROM points ORDER BY hash <-> 1, hash <-> 42) AS ordered
) AS pairs;
SELECT array_agg(hash <-> 42) AS nearest
FROM (SELECT hash FROM points WHERE hash <> 42 ORDER BY hash <-> NULL, hash <-> 42 LIMIT 10) AS by_index;
SELECT center, nearest.distance
FROM (VALUES (42), (-1), (0)) AS c (center)
CROSS JOIN LATERAL (
    SELECT hash <-> center AS distance FROM points ORDER BY hash <-> center LIMIT 1
) AS nearest;

-- A scan that turns back and starts again
BEGIN;
DECLARE near SCROLL CURSOR FOR SELECT hash <-> 42 FROM points ORDER BY hash <-> 42;
MOVE 399 IN near;
FETCH 2 FROM near;
FETCH PRIOR FROM near;
COMMIT;
DROP TABLE points;
