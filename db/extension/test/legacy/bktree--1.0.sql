-- What version 1.0 created, object by object, for the tests of the update from
-- it. The functions are those of the present library, but for the one that
-- gave an index of 1.0 its form; see pivots.c.

CREATE TYPE bktree_area AS (center bigint, distance bigint);

CREATE FUNCTION bktree_area_match(bigint, bktree_area) RETURNS boolean
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bktree_eq_match(bigint, bigint) RETURNS boolean
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bktree_get_distance(bigint, bigint) RETURNS bigint
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;

CREATE OPERATOR <@ (
	LEFTARG = bigint, RIGHTARG = bktree_area, FUNCTION = bktree_area_match,
	RESTRICT = contsel, JOIN = contjoinsel
);
CREATE OPERATOR = (
	LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = bktree_eq_match,
	RESTRICT = contsel, JOIN = contjoinsel
);
CREATE OPERATOR <-> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = bktree_get_distance);

CREATE FUNCTION bktree_config(internal, internal) RETURNS void
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bktree_choose(internal, internal) RETURNS void
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bktree_picksplit(internal, internal) RETURNS void
	AS '$libdir/bktree_legacy', 'legacy_picksplit' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bktree_inner_consistent(internal, internal) RETURNS void
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bktree_leaf_consistent(internal, internal) RETURNS boolean
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;

-- The bare = finds PostgreSQL's own, which comes first in every search path.
CREATE OPERATOR CLASS bktree_ops FOR TYPE bigint USING spgist AS
	OPERATOR 1 <@ (bigint, bktree_area),
	OPERATOR 2 = (bigint, bigint),
	FUNCTION 1 bktree_config(internal, internal),
	FUNCTION 2 bktree_choose(internal, internal),
	FUNCTION 3 bktree_picksplit(internal, internal),
	FUNCTION 4 bktree_inner_consistent(internal, internal),
	FUNCTION 5 bktree_leaf_consistent(internal, internal);

CREATE FUNCTION int64_to_bitstring(bigint) RETURNS cstring
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION bitstring_to_int64(cstring) RETURNS bigint
	AS '$libdir/bktree' LANGUAGE C IMMUTABLE STRICT;
