/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  How the SP-GiST tree is searched: inner_consistent and leaf_consistent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/skey.h"
#include "access/spgist.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"

#include "area.h"
#include "tree.h"

PG_FUNCTION_INFO_V1(bktree_inner_consistent);
PG_FUNCTION_INFO_V1(bktree_leaf_consistent);

/*
 * What is asked: hashes inside all areas, nearest to the targets first. Read
 * from the scan keys once, where the scan enters the tree.
 */
typedef struct Search
{
	bool		hopeless;		/* an area with a NULL matches nothing */
	int			nareas;
	int			ntargets;
	uint64	   *targets;
	Area		areas[FLEXIBLE_ARRAY_MEMBER];
} Search;

/*
 * SP-GiST's traversal value. Each node visited has its own, and all share the
 * search, which lives as long as the scan's queue.
 */
typedef struct Path
{
	const Search *search;
	uint8		least[FLEXIBLE_ARRAY_MEMBER];	/* distance from each target */
} Path;

static uint64
equal_argument(ScanKey key)
{
	switch (key->sk_subtype)
	{
		case INT2OID:
			return (uint64) (int64) DatumGetInt16(key->sk_argument);
		case INT4OID:
			return (uint64) (int64) DatumGetInt32(key->sk_argument);
		default:
			return (uint64) DatumGetInt64(key->sk_argument);
	}
}

static Search *
read_search(ScanKey keys, int nkeys, ScanKey orderbys, int norderbys, MemoryContext context)
{
	Size		areas_size = MAXALIGN(offsetof(Search, areas) + sizeof(Area) * nkeys);
	Search	   *search = MemoryContextAlloc(context, areas_size + sizeof(uint64) * norderbys);

	search->hopeless = false;
	search->nareas = nkeys;
	search->ntargets = norderbys;
	search->targets = (uint64 *) ((char *) search + areas_size);

	for (int i = 0; i < nkeys; i++)
	{
		Area	   *area = &search->areas[i];

		switch (keys[i].sk_strategy)
		{
			case TREE_WITHIN_AREA:
				if (!area_from_datum(keys[i].sk_argument, area))
				{
					search->hopeless = true;
					area->center = 0;
					area->radius = -1;
				}
				break;
			case TREE_EQUAL:
				area->center = equal_argument(&keys[i]);
				area->radius = 0;
				break;
			default:
				elog(ERROR, "unrecognized strategy number: %d", keys[i].sk_strategy);
		}
	}
	for (int i = 0; i < norderbys; i++)
	{
		if (orderbys[i].sk_strategy != TREE_DISTANCE)
			elog(ERROR, "unrecognized strategy number: %d", orderbys[i].sk_strategy);
		search->targets[i] = (uint64) DatumGetInt64(orderbys[i].sk_argument);
	}
	return search;
}

/* How near may a hash in the range come to what is at this distance? */
static int
least_distance(Range range, int distance)
{
	return Max(Max(range.lowest - distance, distance - range.highest), 0);
}

static void
visit_node(spgInnerConsistentIn *in, spgInnerConsistentOut *out, int node,
		   const Search *search, Range range, const int *target_distances)
{
	const Path *parent = in->traversalValue;
	Path	   *path = MemoryContextAlloc(in->traversalMemoryContext,
										  offsetof(Path, least) + search->ntargets);

	path->search = search;
	out->nodeNumbers[out->nNodes] = node;
	out->traversalValues[out->nNodes] = path;

	if (search->ntargets > 0)
	{
		double	   *distances = palloc(sizeof(double) * search->ntargets);

		for (int i = 0; i < search->ntargets; i++)
		{
			int			least = least_distance(range, target_distances[i]);

			if (parent != NULL)
				least = Max(least, parent->least[i]);
			path->least[i] = least;
			distances[i] = least;
		}
		out->distances[out->nNodes] = distances;
	}
	out->nNodes++;
}

static bool
range_may_match(const Search *search, Range range, const int *area_distances)
{
	for (int i = 0; i < search->nareas; i++)
	{
		if (least_distance(range, area_distances[i]) > search->areas[i].radius)
			return false;
	}
	return true;
}

Datum
bktree_inner_consistent(PG_FUNCTION_ARGS)
{
	spgInnerConsistentIn *in = (spgInnerConsistentIn *) PG_GETARG_POINTER(0);
	spgInnerConsistentOut *out = (spgInnerConsistentOut *) PG_GETARG_POINTER(1);
	const Path *path = in->traversalValue;
	const Search *search;
	uint64		pivot = (uint64) DatumGetInt64(in->prefixDatum);
	int		   *area_distances;
	int		   *target_distances;

	search = path != NULL ? path->search :
		read_search(in->scankeys, in->nkeys, in->orderbys, in->norderbys,
					in->traversalMemoryContext);

	out->nNodes = 0;
	if (search->hopeless)
		PG_RETURN_VOID();

	out->nodeNumbers = palloc(sizeof(int) * in->nNodes);
	out->traversalValues = palloc(sizeof(void *) * in->nNodes);
	if (search->ntargets > 0)
		out->distances = palloc(sizeof(double *) * in->nNodes);

	area_distances = palloc(sizeof(int) * (search->nareas + search->ntargets));
	target_distances = area_distances + search->nareas;
	for (int i = 0; i < search->nareas; i++)
		area_distances[i] = hamming_distance(search->areas[i].center, pivot);
	for (int i = 0; i < search->ntargets; i++)
		target_distances[i] = hamming_distance(search->targets[i], pivot);

	for (int node = 0; node < in->nNodes; node++)
	{
		Range		range = tree_node_range(in->allTheSame, in->hasPrefix, in->nNodes,
											in->nodeLabels, node);

		if (range_may_match(search, range, area_distances))
			visit_node(in, out, node, search, range, target_distances);
	}
	PG_RETURN_VOID();
}

static bool
hash_matches(const Search *search, uint64 hash)
{
	for (int i = 0; i < search->nareas; i++)
	{
		if (hamming_distance(hash, search->areas[i].center) > search->areas[i].radius)
			return false;
	}
	return true;
}

Datum
bktree_leaf_consistent(PG_FUNCTION_ARGS)
{
	spgLeafConsistentIn *in = (spgLeafConsistentIn *) PG_GETARG_POINTER(0);
	spgLeafConsistentOut *out = (spgLeafConsistentOut *) PG_GETARG_POINTER(1);
	const Path *path = in->traversalValue;
	uint64		hash = (uint64) DatumGetInt64(in->leafDatum);
	const Search *search;

	/* There is no path yet where the tree is a single leaf page. */
	search = path != NULL ? path->search :
		read_search(in->scankeys, in->nkeys, in->orderbys, in->norderbys, CurrentMemoryContext);

	if (search->hopeless || !hash_matches(search, hash))
		PG_RETURN_BOOL(false);

	out->recheck = false;
	out->recheckDistances = false;
	out->leafValue = in->leafDatum;
	if (search->ntargets > 0)
	{
		out->distances = palloc(sizeof(double) * search->ntargets);
		for (int i = 0; i < search->ntargets; i++)
			out->distances[i] = hamming_distance(hash, search->targets[i]);
	}
	PG_RETURN_BOOL(true);
}
