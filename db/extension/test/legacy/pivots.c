/*-------------------------------------------------------------------------
 *
 * pivots.c
 *	  Inner tuples of other forms than version 2.0's, for the tests.
 *
 * What makes an index one of 1.0 is its picksplit alone: 65 nodes without
 * labels, numbered by the distance from a pivot, which is the prefix. 1.0 took
 * the middle one of the hashes for a pivot.
 *
 * No version ever made tuples of two nodes without labels; meeting one must
 * be an error, and not a wrong answer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/spgist.h"
#include "fmgr.h"

#include "../../src/distance.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(legacy_picksplit);
PG_FUNCTION_INFO_V1(unheard_of_picksplit);

Datum
legacy_picksplit(PG_FUNCTION_ARGS)
{
	spgPickSplitIn *in = (spgPickSplitIn *) PG_GETARG_POINTER(0);
	spgPickSplitOut *out = (spgPickSplitOut *) PG_GETARG_POINTER(1);
	Datum		pivot = in->datums[in->nTuples / 2];

	out->hasPrefix = true;
	out->prefixDatum = pivot;
	out->nNodes = HAMMING_BITS + 1;
	out->nodeLabels = NULL;
	out->mapTuplesToNodes = palloc(sizeof(int) * in->nTuples);
	out->leafTupleDatums = palloc(sizeof(Datum) * in->nTuples);
	for (int i = 0; i < in->nTuples; i++)
	{
		out->mapTuplesToNodes[i] = hamming_distance((uint64) DatumGetInt64(in->datums[i]),
													(uint64) DatumGetInt64(pivot));
		out->leafTupleDatums[i] = in->datums[i];
	}
	PG_RETURN_VOID();
}

Datum
unheard_of_picksplit(PG_FUNCTION_ARGS)
{
	spgPickSplitIn *in = (spgPickSplitIn *) PG_GETARG_POINTER(0);
	spgPickSplitOut *out = (spgPickSplitOut *) PG_GETARG_POINTER(1);

	out->hasPrefix = true;
	out->prefixDatum = in->datums[0];
	out->nNodes = 2;
	out->nodeLabels = NULL;
	out->mapTuplesToNodes = palloc(sizeof(int) * in->nTuples);
	out->leafTupleDatums = palloc(sizeof(Datum) * in->nTuples);
	for (int i = 0; i < in->nTuples; i++)
	{
		out->mapTuplesToNodes[i] = i % 2;
		out->leafTupleDatums[i] = in->datums[i];
	}
	PG_RETURN_VOID();
}
