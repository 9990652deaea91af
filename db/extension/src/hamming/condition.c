/*-------------------------------------------------------------------------
 *
 * condition.c
 *	  Understanding what a search is for.
 *
 * Conditions and an ordering become rings, and whether rows with or without a
 * hash are wanted at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"

#include "area.h"
#include "distance.h"
#include "hamming/search.h"

static void
add_ring(Search *search, uint64 center, int low, int high)
{
	Ring	   *ring = &search->rings[search->ring_count++];

	ring->center = center;
	ring->low = low;
	ring->high = high;
}

/* Understand a condition. False if no row can meet it. */
static bool
add_condition(Search *search, ScanKey key)
{
	Area		area;

	if (key->sk_flags & SK_SEARCHNULL)
	{
		search->hashes = false;
		return true;
	}
	search->nulls = false;
	if (key->sk_flags & SK_SEARCHNOTNULL)
		return true;
	if (key->sk_flags & SK_ISNULL)
		return false;

	switch (key->sk_strategy)
	{
		case STRATEGY_WITHIN:
			if (!area_from_datum(key->sk_argument, &area))
				return false;
			add_ring(search, area.center, 0, area.radius);
			return true;
		case STRATEGY_EQUAL:
			/* The subtype is that of the argument, or unset for the column's own. */
			if (key->sk_subtype == INT4OID)
				add_ring(search, (uint64) (int64) DatumGetInt32(key->sk_argument), 0, 0);
			else if (key->sk_subtype == INT2OID)
				add_ring(search, (uint64) (int64) DatumGetInt16(key->sk_argument), 0, 0);
			else
				add_ring(search, (uint64) DatumGetInt64(key->sk_argument), 0, 0);
			return true;
		default:
			elog(ERROR, "unknown strategy number: %d", key->sk_strategy);
	}
}

/* Prepare to order by the distance to a center. */
static void
add_window(Search *search, uint64 center)
{
	int			kept = 0;

	search->ordered = true;
	search->center = center;
	search->farthest = HAMMING_BITS;

	/* Areas around the same center only limit how far the windows go. */
	for (int i = 0; i < search->ring_count; i++)
	{
		if (search->rings[i].center == center)
			search->farthest = Min(search->farthest, search->rings[i].high);
		else
			search->rings[kept++] = search->rings[i];
	}
	search->ring_count = kept;
	search->window = &search->rings[kept];
	add_ring(search, center, 0, -1);
}

/* Find out what a scan is to search for, from its keys. */
void
condition_understand(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

	search->ring_count = 0;
	search->hashes = true;
	search->nulls = true;
	search->ordered = false;
	search->window = NULL;

	for (int i = 0; i < scan->numberOfKeys; i++)
		if (!add_condition(search, &scan->keyData[i]))
			search->hashes = search->nulls = false;

	search->other_count = 0;
	for (int i = 0; i < scan->numberOfOrderBys; i++)
	{
		uint64		center = (uint64) DatumGetInt64(scan->orderByData[i].sk_argument);

		/* Of a distance to NULL all are unknown, and any order will do. */
		if (scan->orderByData[i].sk_flags & SK_ISNULL)
			continue;
		if (search->ordered)
			search->others[search->other_count++] = center;
		else
			add_window(search, center);
	}
	/* The narrowest first: it is what the kernel looks for. */
	if (!search->ordered)
		for (int i = 1; i < search->ring_count; i++)
			if (search->rings[i].high < search->rings[0].high)
			{
				Ring		narrow = search->rings[i];

				search->rings[i] = search->rings[0];
				search->rings[0] = narrow;
			}
}
