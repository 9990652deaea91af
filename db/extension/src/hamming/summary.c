/*-------------------------------------------------------------------------
 *
 * summary.c
 *	  What is done to the summaries that describe leaves.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hamming/bits.h"
#include "hamming/summary.h"

int
summary_first_group(const Summary *summary, int leaf)
{
	int			group = 0;

	for (int before = 0; before < leaf; before++)
		group += summary->leaf_groups[before];
	return group;
}

/* The AND and the OR of everything that the summary describes. */
void
summary_bounds(const Summary *summary, uint64_t *all_and, uint64_t *all_or)
{
	*all_and = ~UINT64_C(0);
	*all_or = 0;
	for (int leaf = 0; leaf < summary->leaves; leaf++)
	{
		*all_and &= summary->leaf_and[leaf];
		*all_or |= summary->leaf_or[leaf];
	}
}

/*
 * Find the group that a hash unsettles least; among equals one on a leaf with
 * room, and then the one whose hashes agree on most. The last of them all, so
 * that a hash repeated without end goes on where it went before.
 */
Place
summary_place(const Summary *summary, uint64_t hash, const Kernel *kernel)
{
	uint8_t		unsettled[SUMMARY_GROUPS];
	Place		best = {-1, -1, 0};
	int			least = 1 << 30;
	int			group = 0;

	kernel->bounds(summary->group_and, summary->group_or, summary->groups, hash, unsettled);
	for (int leaf = 0; leaf < summary->leaves; leaf++)
	{
		int			full = summary->leaf_items[leaf] >= LEAF_CAPACITY;

		for (int end = group + summary->leaf_groups[leaf]; group < end; group++)
		{
			int			cost = unsettled[group] << 1 | full;

			if (cost > least >> 7)
				continue;
			cost = cost << 7 |
				(64 - settled(summary->group_and[group], summary->group_or[group]));
			if (cost > least)
				continue;
			least = cost;
			best.leaf = leaf;
			best.group = group;
			best.unsettled = unsettled[group];
		}
	}
	return best;
}

/*
 * A leaf, other than the excepted one, that can take a group of so many items,
 * and still can split it.
 */
int
summary_roomy_leaf(const Summary *summary, int items, int except)
{
	for (int leaf = summary->leaves - 1; leaf >= 0; leaf--)
		if (leaf != except && summary->leaf_items[leaf] + items <= LEAF_CAPACITY &&
			summary->leaf_groups[leaf] < LEAF_GROUPS - 1)
			return leaf;
	return -1;
}

/* Make room for, or remove, groups of a leaf. */
void
summary_resize_groups(Summary *summary, int leaf, int groups)
{
	int			first = summary_first_group(summary, leaf);
	int			from = first + summary->leaf_groups[leaf];
	int			to = first + groups;
	size_t		behind = (size_t) (summary->groups - from);

#define MOVE(array) \
	memmove(&summary->array[to], &summary->array[from], behind * sizeof(summary->array[0]))
	MOVE(group_and);
	MOVE(group_or);
	MOVE(group_low);
	MOVE(group_high);
	MOVE(group_count);
#undef MOVE
	summary->groups = (uint16_t) (summary->groups + to - from);
	summary->leaf_groups[leaf] = (uint8_t) groups;
}

/* Add a leaf without groups at the end; leaf_pack() is to follow. */
int
summary_add_leaf(Summary *summary, uint32_t block)
{
	int			leaf = summary->leaves++;

	summary->leaf_and[leaf] = ~UINT64_C(0);
	summary->leaf_or[leaf] = 0;
	summary->leaf_block[leaf] = block;
	summary->leaf_items[leaf] = 0;
	summary->leaf_groups[leaf] = 0;
	return leaf;
}

void
summary_remove_leaf(Summary *summary, int leaf)
{
	size_t		behind = (size_t) (summary->leaves - leaf - 1);

	summary_resize_groups(summary, leaf, 0);
#define CLOSE(array) \
	memmove(&summary->array[leaf], &summary->array[leaf + 1], behind * sizeof(summary->array[0]))
	CLOSE(leaf_and);
	CLOSE(leaf_or);
	CLOSE(leaf_block);
	CLOSE(leaf_items);
	CLOSE(leaf_groups);
#undef CLOSE
	summary->leaves--;
}

/* Append a leaf of another summary, groups and all. */
static void
copy_leaf(const Summary *from, int leaf, Summary *to)
{
	int			first = summary_first_group(from, leaf);
	size_t		groups = from->leaf_groups[leaf];
	int			copy = summary_add_leaf(to, from->leaf_block[leaf]);

#define COPY(array) \
	memcpy(&to->array[to->groups], &from->array[first], groups * sizeof(to->array[0]))
	COPY(group_and);
	COPY(group_or);
	COPY(group_low);
	COPY(group_high);
	COPY(group_count);
#undef COPY
	to->leaf_and[copy] = from->leaf_and[leaf];
	to->leaf_or[copy] = from->leaf_or[leaf];
	to->leaf_items[copy] = from->leaf_items[leaf];
	to->leaf_groups[copy] = from->leaf_groups[leaf];
	to->groups = (uint16_t) (to->groups + groups);
}

/*
 * Move about half of the leaves to an empty summary: those whose hashes all
 * have a bit, if there is one that many have and many lack; the undecided ones
 * make up the numbers.
 */
void
summary_divide(Summary *from, Summary *to)
{
	uint64_t	most = 0;		/* the bit that divides most evenly */
	int			evenest = -1;
	bool		moves[SUMMARY_LEAVES] = {false};
	int			moving = 0;
	int			staying = 0;

	for (int bit = 0; bit < 64; bit++)
	{
		uint64_t	mask = UINT64_C(1) << bit;
		int			with = 0;
		int			without = 0;

		for (int leaf = 0; leaf < from->leaves; leaf++)
		{
			with += (from->leaf_and[leaf] & mask) != 0;
			without += (from->leaf_or[leaf] & mask) == 0;
		}
		if ((with < without ? with : without) > evenest)
		{
			evenest = with < without ? with : without;
			most = mask;
		}
	}
	for (int leaf = 0; leaf < from->leaves; leaf++)
	{
		moves[leaf] = (from->leaf_and[leaf] & most) != 0;
		moving += moves[leaf];
		staying += (from->leaf_or[leaf] & most) == 0;
	}
	for (int leaf = 0; leaf < from->leaves; leaf++)
		if (!(from->leaf_and[leaf] & most) && (from->leaf_or[leaf] & most))
		{
			moves[leaf] = moving < staying;
			moving += moves[leaf];
			staying += !moves[leaf];
		}
	/* All the same: half of them, then. */
	for (int leaf = 0; (moving == 0 || staying == 0) && leaf < from->leaves; leaf++)
		moves[leaf] = leaf % 2;

	for (int leaf = 0; leaf < from->leaves; leaf++)
		if (moves[leaf])
			copy_leaf(from, leaf, to);
	for (int leaf = from->leaves - 1; leaf >= 0; leaf--)
		if (moves[leaf])
			summary_remove_leaf(from, leaf);
}
