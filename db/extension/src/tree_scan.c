/*-------------------------------------------------------------------------
 *
 * tree_scan.c
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
 * What is known of all hashes below a node: they have the bits of "known" as
 * "bits" has them. This is SP-GiST's traversal value; each node has its own,
 * and all share the search, which lives as long as the scan's queue.
 */
typedef struct Path
{
	const Search *search;
	uint64		known;
	uint64		bits;
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

/* Can anything with these bits lie in all areas? */
static bool
path_may_match(const Search *search, uint64 known, uint64 bits)
{
	for (int i = 0; i < search->nareas; i++)
	{
		const Area *area = &search->areas[i];

		if (hamming_weight((area->center ^ bits) & known) > area->radius)
			return false;
	}
	return true;
}

/* No hash with these bits is nearer to the targets than this. */
static double *
path_distances(const Search *search, uint64 known, uint64 bits)
{
	double	   *distances = palloc(sizeof(double) * search->ntargets);

	for (int i = 0; i < search->ntargets; i++)
		distances[i] = hamming_weight((search->targets[i] ^ bits) & known);
	return distances;
}

static void
visit_node(spgInnerConsistentIn *in, spgInnerConsistentOut *out, int node,
		   const Search *search, uint64 known, uint64 bits)
{
	Path	   *path = MemoryContextAlloc(in->traversalMemoryContext, sizeof(Path));

	path->search = search;
	path->known = known;
	path->bits = bits;

	out->nodeNumbers[out->nNodes] = node;
	out->traversalValues[out->nNodes] = path;
	if (search->ntargets > 0)
		out->distances[out->nNodes] = path_distances(search, known, bits);
	out->nNodes++;
}

/*
 * Nodes of a tuple that 1.0 made: by the triangle inequality, a hash within
 * radius r of a center at distance d from the pivot is itself at a distance
 * of d - r to d + r from the pivot.
 */
static void
visit_pivot_nodes(spgInnerConsistentIn *in, spgInnerConsistentOut *out, const Path *path)
{
	const Search *search = path->search;
	uint64		pivot = 0;
	int			lowest = 0;
	int			highest = in->nNodes - 1;

	if (!in->allTheSame)
	{
		if (!in->hasPrefix || in->nNodes != PIVOT_NODES)
			tree_corrupted(in->nNodes);
		pivot = (uint64) DatumGetInt64(in->prefixDatum);
		for (int i = 0; i < search->nareas; i++)
		{
			const Area *area = &search->areas[i];
			int			distance = hamming_distance(area->center, pivot);

			lowest = Max(lowest, distance - area->radius);
			highest = Min(highest, distance + area->radius);
		}
	}

	for (int node = lowest; node <= highest; node++)
	{
		visit_node(in, out, node, search, path->known, path->bits);
		if (in->allTheSame)
			continue;
		for (int i = 0; i < search->ntargets; i++)
		{
			double		least = abs(hamming_distance(search->targets[i], pivot) - node);
			double	   *distance = &out->distances[out->nNodes - 1][i];

			*distance = Max(*distance, least);
		}
	}
}

Datum
bktree_inner_consistent(PG_FUNCTION_ARGS)
{
	spgInnerConsistentIn *in = (spgInnerConsistentIn *) PG_GETARG_POINTER(0);
	spgInnerConsistentOut *out = (spgInnerConsistentOut *) PG_GETARG_POINTER(1);
	Path		root = {NULL, 0, 0};
	const Path *path = in->traversalValue;
	uint64		mask;

	if (path == NULL)
	{
		root.search = read_search(in->scankeys, in->nkeys, in->orderbys, in->norderbys,
								  in->traversalMemoryContext);
		path = &root;
	}

	out->nNodes = 0;
	if (path->search->hopeless)
		PG_RETURN_VOID();

	out->nodeNumbers = palloc(sizeof(int) * in->nNodes);
	out->traversalValues = palloc(sizeof(void *) * in->nNodes);
	if (in->norderbys > 0)
		out->distances = palloc(sizeof(double *) * in->nNodes);

	if (in->nodeLabels == NULL)
	{
		visit_pivot_nodes(in, out, path);
		PG_RETURN_VOID();
	}
	if (!in->hasPrefix)
		tree_corrupted(in->nNodes);

	mask = (uint64) DatumGetInt64(in->prefixDatum);
	for (int node = 0; node < in->nNodes; node++)
	{
		uint64		known = path->known | mask;
		uint64		bits = path->bits | (uint64) DatumGetInt64(in->nodeLabels[node]);

		if (path_may_match(path->search, known, bits))
			visit_node(in, out, node, path->search, known, bits);
	}
	PG_RETURN_VOID();
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

	out->recheck = false;
	out->recheckDistances = false;
	if (search->hopeless || !path_may_match(search, ~UINT64CONST(0), hash))
		PG_RETURN_BOOL(false);

	out->leafValue = in->leafDatum;
	if (search->ntargets > 0)
		out->distances = path_distances(search, ~UINT64CONST(0), hash);
	PG_RETURN_BOOL(true);
}
