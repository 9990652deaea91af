-- Takes the SQL stand-in away, to make room for the extension.

DROP OPERATOR IF EXISTS @> (bktree_area, bigint);
DROP OPERATOR IF EXISTS <@ (bigint, bktree_area);
DROP OPERATOR IF EXISTS <-> (bigint, bigint);
DROP FUNCTION IF EXISTS bitstring_to_int64(text);
DROP FUNCTION IF EXISTS int64_to_bitstring(bigint);
DROP FUNCTION IF EXISTS bktree_area_contains(bktree_area, bigint);
DROP FUNCTION IF EXISTS bktree_area_match(bigint, bktree_area);
DROP FUNCTION IF EXISTS bktree_get_distance(bigint, bigint);
DROP TYPE IF EXISTS bktree_area;
