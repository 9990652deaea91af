-- The tutorial that people follow, word for word
DROP EXTENSION bktree;
CREATE TABLE hashes (id SERIAL PRIMARY KEY, hash bigint, url text);
CREATE EXTENSION bktree;
CREATE INDEX index ON hashes USING spgist (hash bktree_ops);
INSERT INTO hashes (hash, url) VALUES
    (2165990786990419763, 'https://example.org/itself'),
    (2165990786990419763 # 7, 'https://example.org/near'),
    (2165990786990419763 # 15, 'https://example.org/far');
SELECT url FROM hashes WHERE hash <@ (2165990786990419763, 3);

SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT url FROM hashes WHERE hash <@ (2165990786990419763, 3);
SELECT url FROM hashes WHERE hash <@ (2165990786990419763, 3);
DROP TABLE hashes;
