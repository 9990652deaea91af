CREATE TABLE few (hash bigint);
INSERT INTO few SELECT i FROM generate_series(1, 1000) AS i;
CREATE INDEX few_hash ON few USING spgist (hash bktree_ops);

-- The same whether the operator, the index or both meet it
\set VERBOSITY default
SELECT 1::bigint <@ (1, -1);
SELECT 1::bigint <@ (1, 65);
SELECT (1, 9223372036854775807)::bktree_area @> 1::bigint;
SET enable_seqscan = off;
SELECT count(*) FROM few WHERE hash <@ (1, 65);
SELECT count(*) FROM few WHERE hash <@ (1, -1);
SET enable_bitmapscan = off;
SELECT count(*) FROM few WHERE hash <@ (1, 65);
\set VERBOSITY sqlstate
SELECT count(*) FROM few WHERE hash <@ (1, 65);
SELECT bitstring_to_int64('2');
\set VERBOSITY default

SELECT bitstring_to_int64('');
SELECT bitstring_to_int64('101');
SELECT bitstring_to_int64(repeat('1', 65)::cstring);
SELECT bitstring_to_int64(('10' || repeat('x', 62))::cstring);

CREATE INDEX ON few USING spgist ((hash::text) bktree_ops);
CREATE INDEX ON few USING spgist (hash);
DROP TABLE few;
