/*-------------------------------------------------------------------------
 *
 * build.c
 *	  How the SP-GiST tree grows: config, choose and picksplit.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/spgist.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"

#include "pivot.h"
#include "tree.h"

PG_FUNCTION_INFO_V1(bktree_config);
PG_FUNCTION_INFO_V1(bktree_choose);
PG_FUNCTION_INFO_V1(bktree_picksplit);

/*
 * A split aims at this many nodes of equal size. More nodes make more and
 * shorter lists of hashes, and each list costs a look at a page; fewer make
 * more inner tuples. On hashes like those of pictures, the textbook's node for
 * each distance reads about twice the pages of four nodes, at any radius.
 */
#define SPLIT_NODES		4

/* The distances that a node of an inner tuple holds; see tree.h. */
Range
tree_node_range(bool allTheSame, bool hasPrefix, int nNodes,
				const Datum *nodeLabels, int node)
{
	Range		range = {0, HAMMING_BITS};

	if (nodeLabels != NULL)
	{
		int64		label = DatumGetInt64(nodeLabels[node]);

		range.lowest = label & 0xff;
		range.highest = (label >> 8) & 0xff;
	}
	else if (!allTheSame)
	{
		range.lowest = node;
		range.highest = node;
	}

	if (!hasPrefix || range.lowest > range.highest || range.highest > HAMMING_BITS ||
		(nodeLabels == NULL && !allTheSame && nNodes != HAMMING_BITS + 1))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("bktree index contains an inner tuple of unknown form"),
				 errhint("Please REINDEX it.")));
	return range;
}

Datum
bktree_config(PG_FUNCTION_ARGS)
{
	spgConfigOut *cfg = (spgConfigOut *) PG_GETARG_POINTER(1);

	/* The types of 1.0, so that both kinds of tuples can be read. */
	cfg->prefixType = INT8OID;
	cfg->labelType = INT8OID;
	cfg->canReturnData = true;
	cfg->longValuesOK = false;
	PG_RETURN_VOID();
}

/*
 * Put a tuple with the same pivot above the present one, whose nodes are the
 * present one's only range and what lies to either side of it. SP-GiST then
 * comes back to choose there.
 */
static void
split_around(spgChooseOut *out, Range middle, Datum pivot)
{
	Datum	   *labels = palloc(sizeof(Datum) * 3);
	int			nlabels = 0;

	out->resultType = spgSplitTuple;
	if (middle.lowest > 0)
		labels[nlabels++] = range_to_label((Range) {0, middle.lowest - 1});
	out->result.splitTuple.childNodeN = nlabels;
	labels[nlabels++] = range_to_label(middle);
	if (middle.highest < HAMMING_BITS)
		labels[nlabels++] = range_to_label((Range) {middle.highest + 1, HAMMING_BITS});

	out->result.splitTuple.prefixHasPrefix = true;
	out->result.splitTuple.prefixPrefixDatum = pivot;
	out->result.splitTuple.prefixNNodes = nlabels;
	out->result.splitTuple.prefixNodeLabels = labels;
	out->result.splitTuple.postfixHasPrefix = true;
	out->result.splitTuple.postfixPrefixDatum = pivot;
}

Datum
bktree_choose(PG_FUNCTION_ARGS)
{
	spgChooseIn *in = (spgChooseIn *) PG_GETARG_POINTER(0);
	spgChooseOut *out = (spgChooseOut *) PG_GETARG_POINTER(1);
	uint64		hash = (uint64) DatumGetInt64(in->datum);
	int			distance = hamming_distance(hash, (uint64) DatumGetInt64(in->prefixDatum));
	Range		range = {0, 0};

	for (int node = 0; node < in->nNodes; node++)
	{
		range = tree_node_range(in->allTheSame, in->hasPrefix, in->nNodes, in->nodeLabels, node);
		if (distance >= range.lowest && distance <= range.highest)
		{
			/* Of nodes that are all the same, SP-GiST takes any. */
			out->resultType = spgMatchNode;
			out->result.matchNode.nodeN = node;
			out->result.matchNode.levelAdd = 0;
			out->result.matchNode.restDatum = in->leafDatum;
			PG_RETURN_VOID();
		}
	}

	/*
	 * All nodes are the same, and the hash is another: it gets a way of its
	 * own, so that what is known of those below stays true.
	 */
	split_around(out, range, in->prefixDatum);
	PG_RETURN_VOID();
}

/*
 * Cut the distances 0 to 64 into ranges that hold about an equal share of the
 * hashes each. Returns how many ranges there are: one only if all hashes are
 * at the same distance, and then it is that distance alone.
 */
static int
cut_ranges(const int *counts, int total, Range *ranges)
{
	int			nearest = 0;
	int			farthest = HAMMING_BITS;
	int			nranges = 0;
	int			first = 0;
	int			held = 0;

	while (counts[nearest] == 0)
		nearest++;
	while (counts[farthest] == 0)
		farthest--;
	if (nearest == farthest)
	{
		ranges[0] = (Range) {nearest, nearest};
		return 1;
	}

	for (int d = 0; d < farthest; d++)
	{
		bool		last_chance;

		held += counts[d];
		last_chance = nranges == 0 && held + counts[farthest] == total;
		if (held * SPLIT_NODES >= total || last_chance)
		{
			ranges[nranges++] = (Range) {first, d};
			first = d + 1;
			held = 0;
		}
	}
	ranges[nranges++] = (Range) {first, HAMMING_BITS};
	return nranges;
}

Datum
bktree_picksplit(PG_FUNCTION_ARGS)
{
	spgPickSplitIn *in = (spgPickSplitIn *) PG_GETARG_POINTER(0);
	spgPickSplitOut *out = (spgPickSplitOut *) PG_GETARG_POINTER(1);
	uint64	   *hashes = palloc(sizeof(uint64) * in->nTuples);
	int			counts[HAMMING_BITS + 1] = {0};
	int			node_of[HAMMING_BITS + 1];
	Range		ranges[HAMMING_BITS + 1];
	uint64		pivot;

	for (int i = 0; i < in->nTuples; i++)
		hashes[i] = (uint64) DatumGetInt64(in->datums[i]);
	pivot = pivot_choose(hashes, in->nTuples);
	for (int i = 0; i < in->nTuples; i++)
		counts[hamming_distance(hashes[i], pivot)]++;

	out->hasPrefix = true;
	out->prefixDatum = Int64GetDatum((int64) pivot);
	out->nNodes = cut_ranges(counts, in->nTuples, ranges);
	out->nodeLabels = palloc(sizeof(Datum) * out->nNodes);
	for (int node = 0; node < out->nNodes; node++)
	{
		out->nodeLabels[node] = range_to_label(ranges[node]);
		for (int d = ranges[node].lowest; d <= ranges[node].highest; d++)
			node_of[d] = node;
	}

	out->mapTuplesToNodes = palloc(sizeof(int) * in->nTuples);
	out->leafTupleDatums = palloc(sizeof(Datum) * in->nTuples);
	for (int i = 0; i < in->nTuples; i++)
	{
		out->mapTuplesToNodes[i] = node_of[hamming_distance(hashes[i], pivot)];
		out->leafTupleDatums[i] = in->datums[i];
	}
	PG_RETURN_VOID();
}
