-- The operators of the extension `bktree` in plain SQL, for servers where it can't be installed.
--
-- Same names, same meaning, no index: a search reads every hash.  Nothing stored depends on these,
-- so they are dropped and made again freely.

CREATE TYPE bktree_area AS (center bigint, distance bigint);

CREATE FUNCTION bktree_get_distance(bigint, bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT bit_count(($1 # $2)::bit(64))';

CREATE FUNCTION bktree_area_match(bigint, bktree_area) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT bit_count(($1 # ($2).center)::bit(64)) <= ($2).distance';

CREATE FUNCTION bktree_area_contains(bktree_area, bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT bit_count(($2 # ($1).center)::bit(64)) <= ($1).distance';

-- The extension's take and give cstring, which SQL functions can't; a literal fits both.
CREATE FUNCTION int64_to_bitstring(bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT $1::bit(64)::text';

CREATE FUNCTION bitstring_to_int64(text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT $1::bit(64)::bigint';

CREATE OPERATOR <-> (
    LEFTARG = bigint,
    RIGHTARG = bigint,
    FUNCTION = bktree_get_distance,
    COMMUTATOR = <->
);

CREATE OPERATOR <@ (
    LEFTARG = bigint,
    RIGHTARG = bktree_area,
    FUNCTION = bktree_area_match,
    COMMUTATOR = @>,
    RESTRICT = contsel,
    JOIN = contjoinsel
);

CREATE OPERATOR @> (
    LEFTARG = bktree_area,
    RIGHTARG = bigint,
    FUNCTION = bktree_area_contains,
    COMMUTATOR = <@,
    RESTRICT = contsel,
    JOIN = contjoinsel
);
