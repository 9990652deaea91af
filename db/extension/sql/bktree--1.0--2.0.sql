-- complain if this file is sourced in psql rather than run by ALTER EXTENSION
\echo Use "ALTER EXTENSION bktree UPDATE TO '2.0'" to load this file. \quit

-- Objects that others may depend on (views, indexes, functions) stay what they
-- are and are only told better. Indexes need no REINDEX: the tree of 2.0 reads
-- what 1.0 wrote, and grows on from there.

ALTER FUNCTION bktree_area_match(bigint, bktree_area) PARALLEL SAFE COST 1;
ALTER FUNCTION bktree_get_distance(bigint, bigint) PARALLEL SAFE COST 1;
ALTER FUNCTION bktree_config(internal, internal) PARALLEL SAFE;
ALTER FUNCTION bktree_choose(internal, internal) PARALLEL SAFE;
ALTER FUNCTION bktree_picksplit(internal, internal) PARALLEL SAFE;
ALTER FUNCTION bktree_inner_consistent(internal, internal) PARALLEL SAFE;
ALTER FUNCTION bktree_leaf_consistent(internal, internal) PARALLEL SAFE;
ALTER FUNCTION int64_to_bitstring(bigint) PARALLEL SAFE COST 1;
ALTER FUNCTION bitstring_to_int64(cstring) PARALLEL SAFE COST 1;

CREATE FUNCTION bktree_area_contains(bktree_area, bigint) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;

CREATE FUNCTION bktree_area_sel(internal, oid, internal, integer) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

CREATE FUNCTION bktree_area_joinsel(internal, oid, internal, smallint, internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;

ALTER OPERATOR <@ (bigint, bktree_area) SET (
	RESTRICT = bktree_area_sel, JOIN = bktree_area_joinsel
);

CREATE OPERATOR @> (
	LEFTARG = bktree_area, RIGHTARG = bigint, FUNCTION = bktree_area_contains,
	COMMUTATOR = <@, RESTRICT = bktree_area_sel, JOIN = bktree_area_joinsel
);

-- <-> is its own commutator. ALTER OPERATOR learned to say so in PostgreSQL 17;
-- dropping the operator instead would take the views along that use it.

UPDATE pg_catalog.pg_operator
	SET oprcom = oid
	WHERE oprcode = 'bktree_get_distance(bigint, bigint)'::regprocedure;

ALTER OPERATOR FAMILY bktree_ops USING spgist ADD
	OPERATOR 3 <-> (bigint, bigint) FOR ORDER BY pg_catalog.integer_ops,
	OPERATOR 2 pg_catalog.= (bigint, integer),
	OPERATOR 2 pg_catalog.= (bigint, smallint);

-- 1.0 had an equality operator of its own beside PostgreSQL's, which it got in
-- the way of. It goes, but for databases where something was built on it.

DO $$
DECLARE
	own_equality regoperator;
BEGIN
	-- By its oid, since the bare name would find PostgreSQL's.
	SELECT oid INTO STRICT own_equality
	FROM pg_catalog.pg_operator
	WHERE oprcode = 'bktree_eq_match(bigint, bigint)'::regprocedure;

	EXECUTE format('DROP OPERATOR %s', own_equality);
	DROP FUNCTION bktree_eq_match(bigint, bigint);
EXCEPTION WHEN dependent_objects_still_exist THEN
	RAISE WARNING 'keeping operator %, which other objects depend on', own_equality;
END
$$;
