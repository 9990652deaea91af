-- Distances, whichever bits differ; the sign is a bit like any other.
SELECT 0::bigint <-> 0 AS same, 0::bigint <-> 1 AS one,
       0::bigint <-> (-1)::bigint AS all_bits,
       0::bigint <-> (-9223372036854775808)::bigint AS sign,
       9223372036854775807 <-> (-9223372036854775808)::bigint AS opposite;
SELECT bktree_get_distance(6, 5), pg_typeof(bktree_get_distance(6, 5));
SELECT NULL::bigint <-> 1 AS nothing;

-- Areas
SELECT 6::bigint <@ (5, 2) AS at_border, 6::bigint <@ (5, 1) AS outside,
       (5, 2)::bktree_area @> 6::bigint AS turned;
SELECT r, count(*) FILTER (WHERE ~((-1)::bigint << i) <@ (0::bigint, r)::bktree_area) AS inside
FROM (VALUES (0), (1), (31), (63), (64)) AS radii (r), generate_series(0, 63) AS i
GROUP BY r ORDER BY r;

-- Bit strings
SELECT int64_to_bitstring(0);
SELECT int64_to_bitstring(-2);
SELECT int64_to_bitstring(9223372036854775807);
SELECT bitstring_to_int64('1000000000000000000000000000000000000000000000000000000000000001');
SELECT count(*) AS unlike
FROM generate_series(-500, 500) AS i
CROSS JOIN LATERAL (SELECT i * 18446744073709551::bigint AS hash) AS h
WHERE bitstring_to_int64(int64_to_bitstring(hash)) <> hash;

-- What the planner and parallel workers may do with them
SELECT proname, provolatile, proparallel, proisstrict
FROM pg_proc JOIN pg_depend ON objid = pg_proc.oid
    AND classid = 'pg_proc'::regclass AND deptype = 'e'
JOIN pg_extension ON refobjid = pg_extension.oid AND extname = 'bktree'
ORDER BY proname COLLATE "C";

-- What belongs to the operator family
SELECT amopstrategy, amopopr::regoperator, amoppurpose
FROM pg_amop JOIN pg_opfamily ON amopfamily = pg_opfamily.oid
WHERE opfname = 'bktree_ops'
ORDER BY amopstrategy, amopopr::regoperator::text COLLATE "C";
SELECT opcname, opcdefault, amvalidate(oid) FROM pg_opclass WHERE opcname = 'bktree_ops';
SELECT oid::regoperator, oprcom::regoperator
FROM pg_operator WHERE oprcode::text ~ '^bktree_' ORDER BY 1::text COLLATE "C";
