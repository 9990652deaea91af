/*-------------------------------------------------------------------------
 *
 * pack.c
 *	  Filling pages with groups, in the order in which they come.
 *
 * Leaves become full: a group that does not fit is cut. Summaries don't, so
 * that inserts can add leaves and groups for long before one must be split;
 * they are few, and cost little.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hamming/leaf.h"
#include "hamming/pack.h"
#include "hamming/summary.h"

/* Fewer than these of a group are not worth a group of their own. */
#define LEAST_CUT			8

/* Neighbours on a leaf with at most so many different hashes are merged. */
#define SMALL_GROUPS		(GROUP_HASHES / 2)

#define FILLED_LEAVES		(SUMMARY_LEAVES * 3 / 4)
#define FILLED_GROUPS		(SUMMARY_GROUPS * 3 / 4)

static void
start_summary(Packer *packer)
{
	memset(&packer->summary, 0, sizeof(packer->summary));
	packer->summary.right = NO_BLOCK;
	packer->summary.top_block = NO_BLOCK;
	packer->summary.flags = packer->flags;
}

static void
start_leaf(Packer *packer)
{
	memset(&packer->leaf, 0, sizeof(packer->leaf));
	packer->groups = 0;
	packer->repetitions = 0;
}

/*
 * Start packing leaves of so many items, at most LEAF_CAPACITY. The caller has
 * set what is to be done with the pages.
 */
void
packer_start(Packer *packer, int leaf_items, uint16_t flags)
{
	packer->leaf_items = leaf_items;
	packer->flags = flags;
	start_summary(packer);
	start_leaf(packer);
}

static void
finish_summary(Packer *packer)
{
	Summary    *summary = &packer->summary;

	if (summary->leaves == 0)
		return;
	summary_bounds(summary, &summary->all_and, &summary->all_or);
	packer->write_summary(packer->context, summary);
	start_summary(packer);
}

static void
finish_leaf(Packer *packer)
{
	Summary    *summary = &packer->summary;
	Leaf	   *leaf = &packer->leaf;
	const uint64_t *hashes = leaf->hashes;
	int			number;

	if (leaf->distinct == 0)
		return;
	for (int i = 0; i < packer->repetitions; i++)
	{
		leaf->hashes[leaf->distinct + i] = packer->repetition[i].hash;
		leaf->pointers[leaf->distinct + i] = packer->repetition[i].pointer;
	}
	leaf->items = (uint16_t) (leaf->distinct + packer->repetitions);

	if (summary->leaves == FILLED_LEAVES || summary->groups + packer->groups > FILLED_GROUPS)
		finish_summary(packer);
	number = summary_add_leaf(summary, packer->write_leaf(packer->context, leaf));
	summary->leaf_items[number] = leaf->items;
	summary->leaf_groups[number] = (uint8_t) packer->groups;
	for (int i = 0; i < packer->groups; i++)
	{
		int			group = summary->groups++;

		summary->group_count[group] = (uint8_t) packer->count[i];
		measure_group(hashes, packer->count[i],
					  &summary->group_and[group], &summary->group_or[group],
					  &summary->group_low[group], &summary->group_high[group]);
		summary->leaf_and[number] &= summary->group_and[group];
		summary->leaf_or[number] |= summary->group_or[group];
		hashes += packer->count[i];
	}
	start_leaf(packer);
}

/* Put items on the leaf at hand, which has room for them, as a group. */
static void
put_group(Packer *packer, const Entry *items, size_t count)
{
	Leaf	   *leaf = &packer->leaf;
	int			distinct = 0;

	for (size_t i = 0; i < count; i++)
	{
		if (i > 0 && items[i].hash == items[i - 1].hash)
		{
			packer->repetition[packer->repetitions++] = items[i];
			continue;
		}
		leaf->hashes[leaf->distinct] = items[i].hash;
		leaf->pointers[leaf->distinct++] = items[i].pointer;
		distinct++;
	}
	if (packer->groups > 0 && packer->count[packer->groups - 1] + distinct <= SMALL_GROUPS)
		packer->count[packer->groups - 1] += distinct;
	else
		packer->count[packer->groups++] = distinct;
}

/* Add a group: equal hashes adjacent, at most GROUP_HASHES different ones. */
void
packer_add(Packer *packer, const Entry *items, size_t count)
{
	while (count > 0)
	{
		size_t		room = (size_t) (packer->leaf_items - packer->leaf.distinct -
									 packer->repetitions);
		size_t		here = count;

		if (packer->groups == LEAF_GROUPS || (room < count && room < LEAST_CUT))
		{
			finish_leaf(packer);
			continue;
		}
		if (here > room)
			here = count - room < LEAST_CUT ? count - LEAST_CUT : room;
		put_group(packer, items, here);
		items += here;
		count -= here;
	}
}

/* Write what remains. */
void
packer_finish(Packer *packer)
{
	finish_leaf(packer);
	finish_summary(packer);
}
