/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  What a search is going to cost.
 *
 * A search reads the tops, those summary pages whose bounds lie within the
 * radius, and those leaves which have such a group. Hashes that lie together
 * agree on the bits that they were split on, and each of these that a query
 * differs in adds to the bound. A level of n parts has log2(n) such bits; if
 * a query differs in each with some chance, independently of the others, the
 * share of parts to be visited is that of a binomial distribution at the
 * radius.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/selfuncs.h"
#include "utils/spccache.h"

#include "area.h"
#include "distance.h"
#include "hamming/am.h"

/*
 * The chance that a query differs from a part in a bit that all of the part
 * agree on, less than a half because queries resemble what is stored. With it
 * the shares come close to those that bench/index.py counts.
 */
#define DIFFERING			0.42

/* Hashes and leaves as they usually are; see pack.c. */
#define USUAL_GROUP			45.0
#define USUAL_LEAVES		22.0

/* Comparing a hash takes this share of what an operator does for a row. */
#define KERNEL_SHARE		0.02

/* A radius to reckon with where it is not known. */
#define USUAL_RADIUS		8

/* The share of n parts whose bound is at most the radius. */
static double
visited_share(double parts, int radius)
{
	double		bits = log2(Max(parts, 1));
	double		share = 0;

	if (radius >= bits)
		return 1;
	for (int k = 0; k <= radius; k++)
		share += exp(lgamma(bits + 1) - lgamma(k + 1) - lgamma(bits - k + 1) +
					 k * log(DIFFERING) + (bits - k) * log(1 - DIFFERING));
	return Min(share, 1);
}

/* The radius of a condition; -1 if it is about NULL. */
static int
condition_radius(Node *clause)
{
	Node	   *argument;
	int64		center;
	int64		distance;

	if (IsA(clause, NullTest))
		return -1;
	if (IsA(clause, ScalarArrayOpExpr))
		argument = lsecond(((ScalarArrayOpExpr *) clause)->args);
	else if (IsA(clause, OpExpr))
		argument = lsecond(((OpExpr *) clause)->args);
	else
		return USUAL_RADIUS;

	if (exprType(argument) == INT8OID || exprType(argument) == INT4OID ||
		exprType(argument) == INT2OID)
		return 0;
	if (IsA(argument, Const) && IsA(clause, OpExpr) && !((Const *) argument)->constisnull &&
		area_read(((Const *) argument)->constvalue, &center, &distance))
		return (int) Min(Max(distance, 0), HAMMING_BITS);
	if (IsA(argument, RowExpr) && list_length(((RowExpr *) argument)->args) == 2)
	{
		Node	   *second = lsecond(((RowExpr *) argument)->args);

		if (IsA(second, Const) && !((Const *) second)->constisnull)
			return (int) Min(Max(DatumGetInt64(((Const *) second)->constvalue), 0),
							 HAMMING_BITS);
	}
	return USUAL_RADIUS;
}

/* The narrowest radius of a path's conditions: 64 if there is none. */
static int
path_radius(const IndexPath *path)
{
	int			radius = HAMMING_BITS;
	ListCell   *cell;

	foreach(cell, path->indexclauses)
	{
		IndexClause *clause = lfirst_node(IndexClause, cell);
		ListCell   *inner;

		foreach(inner, clause->indexquals)
		{
			int			here = condition_radius((Node *) lfirst_node(RestrictInfo, inner)->clause);

			if (here >= 0)
				radius = Min(radius, here);
		}
	}
	return radius;
}

void
hamming_cost_estimate(PlannerInfo *root, IndexPath *path, double loops, Cost *startup,
					  Cost *total, Selectivity *selectivity, double *correlation,
					  double *pages)
{
	IndexOptInfo *index = path->indexinfo;
	GenericCosts costs = {0};
	double		leaves = Max(index->pages, 1);
	double		groups = Max(index->tuples / USUAL_GROUP, 1);
	double		summaries = Max(leaves / USUAL_LEAVES, 1);
	int			radius = path_radius(path);
	bool		ordered = path->indexorderbys != NIL;
	double		group_share;
	double		leaf_pages;
	double		summary_pages;
	double		random_cost;
	double		sequential_cost;
	double		page_cost;
	double		io;

	/* For the selectivity, and what evaluating the conditions costs. */
	costs.numIndexTuples = 1;
	genericcostestimate(root, path, loops, &costs);

	/* An ordered search usually ends when a few near ones have been found. */
	group_share = visited_share(groups, ordered ? Min(radius, USUAL_RADIUS) : radius);
	/* Of a leaf's groups one suffices for it to be read. */
	leaf_pages = Min(leaves, groups * group_share);
	leaf_pages = leaves * (1 - exp(-leaf_pages / leaves));
	if (group_share > 0.5)
		leaf_pages = leaves;
	summary_pages = Max(1, summaries * visited_share(summaries, radius));

	/*
	 * Pages are read in the order in which they lie, so the more of them, the
	 * less each costs; as in cost_bitmap_heap_scan().
	 */
	get_tablespace_page_costs(index->reltablespace, &random_cost, &sequential_cost);
	page_cost = random_cost - (random_cost - sequential_cost) * sqrt(leaf_pages / leaves);
	io = (summary_pages + leaf_pages) * page_cost;

	*startup = 2 * random_cost + (ordered ? io / 2 : 0);
	*total = costs.indexStartupCost + 2 * random_cost + io +
		index->tuples * group_share * cpu_operator_cost * KERNEL_SHARE +
		index->tuples * costs.indexSelectivity * cpu_index_tuple_cost;
	*selectivity = costs.indexSelectivity;
	*correlation = 0;
	*pages = summary_pages + leaf_pages;
}
