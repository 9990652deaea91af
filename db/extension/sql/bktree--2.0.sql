-- complain if this file is sourced in psql rather than run by CREATE EXTENSION
\echo Use "CREATE EXTENSION bktree" to load this file. \quit

-- Areas: all hashes within a distance of a center.

CREATE TYPE bktree_area AS (
	center bigint,
	distance bigint
);

CREATE FUNCTION bktree_area_match(bigint, bktree_area) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;

CREATE FUNCTION bktree_area_contains(bktree_area, bigint) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;

CREATE FUNCTION bktree_area_sel(internal, oid, internal, integer) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bktree_area_joinsel(internal, oid, internal, smallint, internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE OPERATOR <@ (
	LEFTARG = bigint, RIGHTARG = bktree_area, FUNCTION = bktree_area_match,
	COMMUTATOR = @>, RESTRICT = bktree_area_sel, JOIN = bktree_area_joinsel
);

CREATE OPERATOR @> (
	LEFTARG = bktree_area, RIGHTARG = bigint, FUNCTION = bktree_area_contains,
	COMMUTATOR = <@, RESTRICT = bktree_area_sel, JOIN = bktree_area_joinsel
);

-- Distances.

CREATE FUNCTION bktree_get_distance(bigint, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;

CREATE OPERATOR <-> (
	LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = bktree_get_distance,
	COMMUTATOR = <->
);

-- The tree.

CREATE FUNCTION bktree_config(internal, internal) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bktree_choose(internal, internal) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bktree_picksplit(internal, internal) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bktree_inner_consistent(internal, internal) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bktree_leaf_consistent(internal, internal) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR CLASS bktree_ops
	FOR TYPE bigint USING spgist AS
	OPERATOR 1 <@ (bigint, bktree_area),
	OPERATOR 2 pg_catalog.= (bigint, bigint),
	OPERATOR 3 <-> (bigint, bigint) FOR ORDER BY pg_catalog.integer_ops,
	FUNCTION 1 bktree_config(internal, internal),
	FUNCTION 2 bktree_choose(internal, internal),
	FUNCTION 3 bktree_picksplit(internal, internal),
	FUNCTION 4 bktree_inner_consistent(internal, internal),
	FUNCTION 5 bktree_leaf_consistent(internal, internal);

-- So that "hash = 1", where 1 is an integer, is found by the index too.

ALTER OPERATOR FAMILY bktree_ops USING spgist ADD
	OPERATOR 2 pg_catalog.= (bigint, integer),
	OPERATOR 2 pg_catalog.= (bigint, smallint);

-- Hashes as 64 zeros and ones.

CREATE FUNCTION int64_to_bitstring(bigint) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;

CREATE FUNCTION bitstring_to_int64(cstring) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
