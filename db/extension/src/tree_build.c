/*-------------------------------------------------------------------------
 *
 * tree_build.c
 *	  How the SP-GiST tree grows: config, choose and picksplit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/spgist.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"

#include "partition.h"
#include "tree.h"

PG_FUNCTION_INFO_V1(bktree_config);
PG_FUNCTION_INFO_V1(bktree_choose);
PG_FUNCTION_INFO_V1(bktree_picksplit);

Datum
bktree_config(PG_FUNCTION_ARGS)
{
	spgConfigOut *cfg = (spgConfigOut *) PG_GETARG_POINTER(1);

	/*
	 * The prefix has the type it had in 1.0, so that both kinds of tuples can
	 * be read.
	 */
	cfg->prefixType = INT8OID;
	cfg->labelType = INT8OID;
	cfg->canReturnData = true;
	cfg->longValuesOK = false;
	PG_RETURN_VOID();
}

/* Bits of the mask that all labels of the tuple have alike. */
static uint64
bits_alike_in_labels(const spgChooseIn *in, uint64 mask)
{
	uint64		first = (uint64) DatumGetInt64(in->nodeLabels[0]);
	uint64		different = 0;

	for (int i = 1; i < in->nNodes; i++)
		different |= first ^ (uint64) DatumGetInt64(in->nodeLabels[i]);
	return mask & ~different;
}

static void
choose_node(spgChooseOut *out, int node, Datum leaf)
{
	out->resultType = spgMatchNode;
	out->result.matchNode.nodeN = node;
	out->result.matchNode.levelAdd = 0;
	out->result.matchNode.restDatum = leaf;
}

/*
 * Put a tuple that asks for one bit above the present one, where the hash to
 * insert and everything below part. SP-GiST then comes back to choose there.
 */
static void
choose_split(spgChooseOut *out, uint64 bit, uint64 old_pattern, Datum old_mask)
{
	Datum	   *labels = palloc(sizeof(Datum) * 2);

	labels[0] = Int64GetDatum(0);
	labels[1] = Int64GetDatum((int64) bit);

	out->resultType = spgSplitTuple;
	out->result.splitTuple.prefixHasPrefix = true;
	out->result.splitTuple.prefixPrefixDatum = Int64GetDatum((int64) bit);
	out->result.splitTuple.prefixNNodes = 2;
	out->result.splitTuple.prefixNodeLabels = labels;
	out->result.splitTuple.childNodeN = (old_pattern & bit) ? 1 : 0;
	out->result.splitTuple.postfixHasPrefix = true;
	out->result.splitTuple.postfixPrefixDatum = old_mask;
}

Datum
bktree_choose(PG_FUNCTION_ARGS)
{
	spgChooseIn *in = (spgChooseIn *) PG_GETARG_POINTER(0);
	spgChooseOut *out = (spgChooseOut *) PG_GETARG_POINTER(1);
	uint64		hash = (uint64) DatumGetInt64(in->datum);
	uint64		prefix;
	uint64		pattern;
	uint64		strange;

	if (in->nodeLabels == NULL)
	{
		/* A tuple of 1.0; if all the same, SP-GiST picks the node. */
		if (!in->allTheSame && (!in->hasPrefix || in->nNodes != PIVOT_NODES))
			tree_corrupted(in->nNodes);
		choose_node(out,
					in->allTheSame ? 0 :
					hamming_distance(hash, (uint64) DatumGetInt64(in->prefixDatum)),
					in->leafDatum);
		PG_RETURN_VOID();
	}
	if (!in->hasPrefix || in->nNodes < 1)
		tree_corrupted(in->nNodes);

	prefix = (uint64) DatumGetInt64(in->prefixDatum);
	pattern = hash & prefix;
	for (int i = 0; i < in->nNodes; i++)
	{
		if ((uint64) DatumGetInt64(in->nodeLabels[i]) == pattern)
		{
			choose_node(out, i, in->leafDatum);
			PG_RETURN_VOID();
		}
	}

	/*
	 * A hash that differs where all below are alike gets a way of its own, so
	 * that what is known of the others stays true. Else its pattern is one
	 * that merely did not occur yet; there are at most two to the power of
	 * TREE_SPLIT_BITS of these, so the tuple stays small.
	 */
	strange = bits_alike_in_labels(in, prefix) &
		(pattern ^ (uint64) DatumGetInt64(in->nodeLabels[0]));
	if (strange != 0)
		choose_split(out, strange & ~(strange - 1),
					 (uint64) DatumGetInt64(in->nodeLabels[0]), in->prefixDatum);
	else
	{
		out->resultType = spgAddNode;
		out->result.addNode.nodeLabel = Int64GetDatum((int64) pattern);
		out->result.addNode.nodeN = in->nNodes;
	}
	PG_RETURN_VOID();
}

Datum
bktree_picksplit(PG_FUNCTION_ARGS)
{
	spgPickSplitIn *in = (spgPickSplitIn *) PG_GETARG_POINTER(0);
	spgPickSplitOut *out = (spgPickSplitOut *) PG_GETARG_POINTER(1);
	uint64	   *hashes = palloc(sizeof(uint64) * in->nTuples);
	uint64		mask;

	for (int i = 0; i < in->nTuples; i++)
		hashes[i] = (uint64) DatumGetInt64(in->datums[i]);

	mask = partition_choose_bits(hashes, in->nTuples, TREE_SPLIT_BITS);
	if (mask == 0)
		mask = ~UINT64CONST(0);

	out->hasPrefix = true;
	out->prefixDatum = Int64GetDatum((int64) mask);
	out->nNodes = 0;
	out->nodeLabels = palloc(sizeof(Datum) << TREE_SPLIT_BITS);
	out->mapTuplesToNodes = palloc(sizeof(int) * in->nTuples);
	out->leafTupleDatums = palloc(sizeof(Datum) * in->nTuples);

	for (int i = 0; i < in->nTuples; i++)
	{
		uint64		pattern = hashes[i] & mask;
		int			node = 0;

		while (node < out->nNodes &&
			   (uint64) DatumGetInt64(out->nodeLabels[node]) != pattern)
			node++;
		if (node == out->nNodes)
			out->nodeLabels[out->nNodes++] = Int64GetDatum((int64) pattern);
		out->mapTuplesToNodes[i] = node;
		out->leafTupleDatums[i] = in->datums[i];
	}
	PG_RETURN_VOID();
}
