/*-------------------------------------------------------------------------
 *
 * selectivity.c
 *	  What the planner asks: how many rows does hash <@ area keep?
 *
 * The statistics of the column are three things: its most common hashes, each
 * with its share of the rows; a histogram, whose bounds serve as a sample of
 * all other hashes; and the number of distinct ones. The common ones are
 * compared with the area one by one, the others estimated by the distances of
 * the sample.
 *
 * The radius often is known where the center is not, as in a lateral join
 * with (other.hash, 3); then the sample's distances among each other tell
 * what to expect of a center like the column's own hashes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "area.h"
#include "estimate.h"

PG_FUNCTION_INFO_V1(bktree_area_sel);
PG_FUNCTION_INFO_V1(bktree_area_joinsel);

/* A radius that people use, to plan for where it is not known. */
#define USUAL_RADIUS		8

typedef enum Knowledge
{
	AREA_EMPTY,					/* a NULL: no row at all */
	AREA_RADIUS,				/* the radius alone */
	AREA_WHOLE
} Knowledge;

/* Hashes out of a column's statistics. */
typedef struct Sample
{
	AttStatsSlot slot;
	bool		valid;
} Sample;

static int
clamp_radius(int64 distance)
{
	/* The executor will complain of these; it is not the planner's business. */
	return (int) Min(Max(distance, 0), HAMMING_BITS);
}

/* Read a bigint constant, if that is what the node is. */
static bool
constant_bigint(Node *node, int64 *value, bool *isnull)
{
	Const	   *constant = (Const *) node;

	if (!IsA(node, Const) || constant->consttype != INT8OID)
		return false;
	*isnull = constant->constisnull;
	*value = *isnull ? 0 : DatumGetInt64(constant->constvalue);
	return true;
}

/* What does the expression that yields the area tell at planning time? */
static Knowledge
know_area(Node *node, Area *area)
{
	int64		center = 0;
	int64		distance;
	bool		isnull = false;

	area->center = 0;
	area->radius = USUAL_RADIUS;

	if (IsA(node, Const))
	{
		Const	   *constant = (Const *) node;

		if (constant->constisnull ||
			!area_read(constant->constvalue, &center, &distance))
			return AREA_EMPTY;
		area->center = (uint64) center;
		area->radius = clamp_radius(distance);
		return AREA_WHOLE;
	}
	if (IsA(node, RowExpr) && list_length(((RowExpr *) node)->args) == 2 &&
		constant_bigint(lsecond(((RowExpr *) node)->args), &distance, &isnull))
	{
		if (isnull)
			return AREA_EMPTY;
		area->radius = clamp_radius(distance);
	}
	return AREA_RADIUS;
}

static Sample
sample_open(VariableStatData *vardata, int kind, int flags)
{
	Sample		sample;

	sample.valid = HeapTupleIsValid(vardata->statsTuple) &&
		get_attstatsslot(&sample.slot, vardata->statsTuple, kind, InvalidOid, flags) &&
		sample.slot.valuetype == INT8OID;
	return sample;
}

static void
sample_close(Sample *sample)
{
	if (sample->valid)
		free_attstatsslot(&sample->slot);
}

static uint64
sample_hash(const Sample *sample, int i)
{
	return (uint64) DatumGetInt64(sample->slot.values[i]);
}

/*
 * The share of all rows that have a common hash (*common), and the share that
 * also lies in the area (the result).
 */
static double
common_selectivity(VariableStatData *vardata, Knowledge known, const Area *area, double *common)
{
	Sample		sample = sample_open(vardata, STATISTIC_KIND_MCV,
									 ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS);
	double		matching = 0;

	*common = 0;
	if (!sample.valid)
		return 0;

	for (int i = 0; i < sample.slot.nvalues; i++)
	{
		double		share = sample.slot.numbers[i];

		*common += share;
		if (known == AREA_WHOLE)
		{
			if (hamming_distance(sample_hash(&sample, i), area->center) <= area->radius)
				matching += share;
			continue;
		}
		/* The center is as likely to be this hash as any row is to have it. */
		for (int j = 0; j < sample.slot.nvalues; j++)
			if (hamming_distance(sample_hash(&sample, i), sample_hash(&sample, j)) <= area->radius)
				matching += share * sample.slot.numbers[j];
	}
	sample_close(&sample);
	return matching;
}

/* The share of the hashes that are not common which lies in the area. */
static double
uncommon_selectivity(VariableStatData *vardata, Knowledge known, const Area *area)
{
	Sample		sample = sample_open(vardata, STATISTIC_KIND_HISTOGRAM, ATTSTATSSLOT_VALUES);
	DistanceSample distances;

	if (!sample.valid)
		return estimate_unseen(area->radius);

	memset(&distances, 0, sizeof(distances));
	for (int i = 0; i < sample.slot.nvalues; i++)
	{
		if (known == AREA_WHOLE)
		{
			distances.count[hamming_distance(sample_hash(&sample, i), area->center)]++;
			distances.total++;
			continue;
		}
		for (int j = 0; j < i; j++)
		{
			distances.count[hamming_distance(sample_hash(&sample, i), sample_hash(&sample, j))]++;
			distances.total++;
		}
	}
	sample_close(&sample);
	return estimate_from_sample(&distances, area->radius);
}

/* The share of a column's rows that lies in the area an expression yields. */
static double
area_selectivity(VariableStatData *vardata, Node *expression)
{
	Area		area;
	Knowledge	known = know_area(expression, &area);
	double		nulls = 0;
	double		common;
	double		matching;
	double		selectivity;

	if (known == AREA_EMPTY)
		return 0;
	if (HeapTupleIsValid(vardata->statsTuple))
		nulls = ((Form_pg_statistic) GETSTRUCT(vardata->statsTuple))->stanullfrac;

	matching = common_selectivity(vardata, known, &area, &common);
	selectivity = matching +
		Max(1 - nulls - common, 0) * uncommon_selectivity(vardata, known, &area);
	CLAMP_PROBABILITY(selectivity);
	return selectivity;
}

/* RESTRICT of bigint <@ bktree_area and of its commutator. */
Datum
bktree_area_sel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	int			varRelid = PG_GETARG_INT32(3);
	VariableStatData vardata;
	Node	   *other;
	bool		varonleft;
	double		selectivity;

	if (!get_restriction_variable(root, args, varRelid, &vardata, &other, &varonleft))
		PG_RETURN_FLOAT8(estimate_unseen(USUAL_RADIUS));

	/* The variable may as well be the area, and the hash a constant. */
	if (vardata.vartype == INT8OID)
		selectivity = area_selectivity(&vardata, other);
	else
		selectivity = estimate_unseen(USUAL_RADIUS);

	ReleaseVariableStats(vardata);
	PG_RETURN_FLOAT8(selectivity);
}

/* JOIN of the same: the share of all pairs of rows. */
Datum
bktree_area_joinsel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	Node	   *left = (Node *) linitial(args);
	Node	   *right = (Node *) lsecond(args);
	bool		hash_on_left = exprType(left) == INT8OID;
	VariableStatData vardata;
	double		selectivity;

	examine_variable(root, hash_on_left ? left : right, 0, &vardata);
	selectivity = area_selectivity(&vardata, hash_on_left ? right : left);
	ReleaseVariableStats(vardata);
	PG_RETURN_FLOAT8(selectivity);
}
