-- complain if this file is sourced in psql rather than run by ALTER EXTENSION
\echo Use "ALTER EXTENSION bktree UPDATE TO '2.1'" to load this file. \quit

-- An index that is read as fast as memory.

CREATE FUNCTION hamming_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME' LANGUAGE C;

CREATE ACCESS METHOD hamming TYPE INDEX HANDLER hamming_handler;

COMMENT ON ACCESS METHOD hamming IS 'exact search for 64-bit hashes by Hamming distance';

CREATE OPERATOR CLASS hamming_ops
	DEFAULT FOR TYPE bigint USING hamming AS
	OPERATOR 1 <@ (bigint, bktree_area),
	OPERATOR 2 pg_catalog.= (bigint, bigint),
	OPERATOR 3 <-> (bigint, bigint) FOR ORDER BY pg_catalog.integer_ops;

-- So that "hash = 1", where 1 is an integer, is found by the index too.

ALTER OPERATOR FAMILY hamming_ops USING hamming ADD
	OPERATOR 2 pg_catalog.= (bigint, integer),
	OPERATOR 2 pg_catalog.= (bigint, smallint);

-- Looking into an index.

CREATE FUNCTION hamming_index_stats(
	index regclass,
	OUT pages bigint,
	OUT leaf_pages bigint,
	OUT summary_pages bigint,
	OUT free_pages bigint,
	OUT items bigint,
	OUT groups bigint,
	OUT fill float8,
	OUT tail_share float8,
	OUT dead_items bigint
) AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;

CREATE FUNCTION hamming_index_check(index regclass) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;

CREATE FUNCTION hamming_kernel() RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
