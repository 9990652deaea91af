CREATE TABLE filled (id serial, hash bigint);
INSERT INTO filled (hash) SELECT hashint8extended(i, 1) FROM generate_series(1, 20000) AS i;

CREATE INDEX filled_49 ON filled USING hamming (hash) WITH (fillfactor = 49);
CREATE INDEX filled_101 ON filled USING hamming (hash) WITH (fillfactor = 101);
CREATE INDEX filled_some ON filled USING hamming (hash) WITH (fillfactor = some);
CREATE INDEX filled_pages ON filled USING hamming (hash) WITH (pages_per_range = 1);

CREATE INDEX filled_usual ON filled USING hamming (hash);
CREATE INDEX filled_100 ON filled USING hamming (hash) WITH (fillfactor = 100);
CREATE INDEX filled_50 ON filled USING hamming (hash) WITH (fillfactor = 50);
SELECT name, items, round(fill::numeric, 1) AS fill, tail_share, dead_items
FROM unnest(ARRAY['filled_usual', 'filled_100', 'filled_50']) AS name, hamming_index_stats(name::regclass);
SELECT pg_relation_size('filled_usual') = pg_relation_size('filled_100') AS as_full,
       pg_relation_size('filled_50') > 1.8 * pg_relation_size('filled_100') AS half_as_full;

-- Others are for the next build.
ALTER INDEX filled_100 SET (fillfactor = 200);
ALTER INDEX filled_100 SET (fillfactor = 75);
SELECT round(fill::numeric, 1) AS fill FROM hamming_index_stats('filled_100');
REINDEX INDEX filled_100;
SELECT round(fill::numeric, 2) AS fill FROM hamming_index_stats('filled_100');
ALTER INDEX filled_100 RESET (fillfactor);
REINDEX INDEX filled_100;
SELECT round(fill::numeric, 1) AS fill FROM hamming_index_stats('filled_100');
SELECT pg_get_indexdef('filled_50'::regclass);
DROP TABLE filled;
