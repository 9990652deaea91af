/*-------------------------------------------------------------------------
 *
 * order.c
 *	  Rows in order of distance.
 *
 * They take several passes, each over a window of distances that begins where
 * the one before it ended. A pass must be complete before its rows can be put
 * in order, so a window that finds too much is narrowed; if it is down to one
 * distance, there is nothing left to order, unless by a second one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "distance.h"
#include "hamming/search.h"

/* The greatest distance of each window. */
static const int windows[] = {3, 8, 13, 20, HAMMING_BITS};

/* An index with so few summary pages is read once rather than window by window. */
#define FEW_SUMMARIES		4

/* How many rows an ordered search may hold to put them in order. */
static int
most_found(void)
{
	return (int) Min((Size) work_mem * 1024 / sizeof(Found), INT_MAX / 4);
}

/*
 * Too much was found to hold: narrow the window to what is nearest, and drop
 * the rest for a later pass.
 */
static void
narrow_window(Search *search)
{
	int			at[HAMMING_BITS + 1] = {0};
	int			within;
	int			kept = 0;
	int			high = search->window->low;

	for (int i = 0; i < search->found_count; i++)
		at[search->found[i].distance]++;
	within = at[high];
	while (high < search->window->high - 1 && within + at[high + 1] <= most_found() / 2)
		within += at[++high];

	search->window->high = high;
	for (int i = 0; i < search->found_count; i++)
		if (search->found[i].distance <= high)
			search->found[kept++] = search->found[i];
	search->found_count = kept;
}

/* By the distance to one center after the other */
static int
compare_found(const void *left, const void *right, void *context)
{
	const Search *search = context;
	const Found *a = left;
	const Found *b = right;
	int			difference = a->distance - b->distance;

	for (int i = 0; i < search->other_count && difference == 0; i++)
		difference = hamming_distance(a->hash, search->others[i]) -
			hamming_distance(b->hash, search->others[i]);
	return difference;
}

/* Sort what was found by distance, keeping the order of equal ones. */
static void
order_found(Search *search)
{
	int			start[HAMMING_BITS + 2] = {0};
	Found	   *ordered;

	if (search->found_count < 2)
		return;
	if (search->other_count > 0)
	{
		qsort_arg(search->found, search->found_count, sizeof(Found), compare_found, search);
		return;
	}
	ordered = MemoryContextAllocHuge(search->memory, search->found_room * sizeof(Found));
	for (int i = 0; i < search->found_count; i++)
		start[search->found[i].distance + 1]++;
	for (int distance = 1; distance <= HAMMING_BITS; distance++)
		start[distance] += start[distance - 1];
	for (int i = 0; i < search->found_count; i++)
		ordered[start[search->found[i].distance]++] = search->found[i];
	pfree(search->found);
	search->found = ordered;
}

/* Set the window of the next pass. False if all distances have been searched. */
static bool
next_window(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;
	Ring	   *window = search->window;
	int			next = 0;

	window->low = window->high + 1;
	if (window->low > search->farthest)
		return false;
	while (windows[next] < window->low)
		next++;
	window->high = Min(windows[next], search->farthest);

	/* Another ring leaves little enough to try it in one pass. */
	if (window->low == 0 && search->ring_count > 1)
		window->high = search->farthest;
	return true;
}

/* Find more rows, in order. False if there are none. */
bool
order_refill(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

	for (;;)
	{
		if (!search->in_pass)
		{
			if (!next_window(scan))
				return false;
			pass_start(scan);
			if (search->walk.total <= FEW_SUMMARIES && search->window->high < search->farthest)
			{
				search->window->high = search->farthest;
				pass_end(search);
				pass_start(scan);
			}
		}
		while (pass_continue(scan))
		{
			if (search->window->low < search->window->high &&
				search->found_count > most_found())
				narrow_window(search);
			/* All at the same distance; unless another one matters, in order. */
			if (search->window->low == search->window->high && search->found_count > 0 &&
				search->other_count == 0)
				return true;
		}
		/* Of several summary pages, so that none can be named. */
		order_found(search);
		if (search->found_count > 0)
			return true;
	}
}
