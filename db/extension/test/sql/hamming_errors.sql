CREATE TABLE few (hash bigint);
INSERT INTO few SELECT i FROM generate_series(1, 1000) AS i;
CREATE INDEX few_hash ON few USING hamming (hash);

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
\set VERBOSITY default

CREATE INDEX ON few USING hamming ((hash::text));
CREATE INDEX ON few USING hamming ((hash::int));
CREATE INDEX ON few USING hamming (hash, hash);
CREATE INDEX ON few USING hamming (hash) INCLUDE (hash);
CREATE UNIQUE INDEX ON few USING hamming (hash);
CREATE INDEX ON few USING hamming (hash DESC);
CREATE INDEX ON few USING hamming (hash bktree_ops);
CLUSTER few USING few_hash;

-- What no two rows may have in common
ALTER TABLE few ADD CONSTRAINT once EXCLUDE USING hamming (hash WITH =);
INSERT INTO few VALUES (5);
INSERT INTO few VALUES (5000), (5000);
INSERT INTO few VALUES (5000), (NULL), (NULL);
UPDATE few SET hash = 6 WHERE hash = 5;
DELETE FROM few WHERE hash = 5;
INSERT INTO few VALUES (5);
SELECT count(*) FROM few;
DROP TABLE few;
