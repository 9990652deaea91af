/*-------------------------------------------------------------------------
 *
 * distance.c
 *	  bigint <-> bigint, and the equality that version 1.0 brought along.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "distance.h"

PG_FUNCTION_INFO_V1(bktree_get_distance);
PG_FUNCTION_INFO_V1(bktree_eq_match);

Datum
bktree_get_distance(PG_FUNCTION_ARGS)
{
	uint64		a = (uint64) PG_GETARG_INT64(0);
	uint64		b = (uint64) PG_GETARG_INT64(1);

	PG_RETURN_INT64(hamming_distance(a, b));
}

/*
 * Databases that still run the SQL script of 1.0 have an operator on top of
 * this function. 2.0 declares none: bigint has a perfectly good = already.
 */
Datum
bktree_eq_match(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_INT64(0) == PG_GETARG_INT64(1));
}
