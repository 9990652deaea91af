/*-------------------------------------------------------------------------
 *
 * leaf.c
 *	  What is done to leaves and what their summaries say of them at once.
 *
 * An item is added in place, where few bytes change and little need be logged.
 * Everything else takes a leaf apart into a bag and packs it anew.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "hamming/bits.h"
#include "hamming/leaf.h"
#include "hamming/summary.h"

/* Slots of the table that finds a hash's group; a power of two. */
#define FINDING_SLOTS		2048

/* What a group's entry is to say of its hashes. */
void
measure_group(const uint64_t *hashes, int count, uint64_t *all_and, uint64_t *all_or,
			  uint8_t *low, uint8_t *high)
{
	uint64_t	varying;

	*all_and = ~UINT64_C(0);
	*all_or = 0;
	for (int i = 0; i < count; i++)
	{
		*all_and &= hashes[i];
		*all_or |= hashes[i];
	}
	varying = *all_or & ~*all_and;
	*low = 64;
	*high = 0;
	for (int i = 0; i < count; i++)
	{
		uint8_t		here = (uint8_t) ones(hashes[i] & varying);

		if (here < *low)
			*low = here;
		if (here > *high)
			*high = here;
	}
}

/*
 * Add an item to a group of a leaf that has room. False, and nothing done, if
 * the hash is new to the group and the group is full.
 *
 * The item takes the place behind its group. What was there, the first of the
 * next group, goes behind that group, and so on: one item of each group moves.
 */
bool
leaf_add(Summary *summary, int number, Leaf *leaf, int group, Entry item)
{
	int			first = summary_first_group(summary, number);
	int			start[LEAF_CAPACITY + 1];
	int			groups = summary->leaf_groups[number];
	int			hole = leaf->items;

	start[0] = 0;
	for (int i = 0; i < groups; i++)
		start[i + 1] = start[i] + summary->group_count[first + i];

	for (int i = start[group - first]; i < start[group - first + 1]; i++)
		if (leaf->hashes[i] == item.hash)
			goto put;			/* a repetition */
	if (summary->group_count[group] >= GROUP_HASHES)
		return false;

	for (int i = groups; i > group - first; i--)
	{
		/* The first repetition, then the first of the last group, ... */
		leaf->hashes[hole] = leaf->hashes[start[i]];
		leaf->pointers[hole] = leaf->pointers[start[i]];
		hole = start[i];
	}
	leaf->distinct++;
	leaf->hashes[hole] = item.hash;
	summary->group_count[group]++;
	summary->leaf_and[number] &= item.hash;
	summary->leaf_or[number] |= item.hash;
	measure_group(&leaf->hashes[start[group - first]], summary->group_count[group],
				  &summary->group_and[group], &summary->group_or[group],
				  &summary->group_low[group], &summary->group_high[group]);
put:
	leaf->hashes[hole] = item.hash;
	leaf->pointers[hole] = item.pointer;
	leaf->items++;
	summary->leaf_items[number]++;
	return true;
}

/* Which group each repetition belongs to; a new one if its hash has none. */
static void
find_groups(const Leaf *leaf, uint16_t *group_of, int *groups)
{
	uint16_t	slots[FINDING_SLOTS] = {0};	/* one more than an item's place */

	if (leaf->items == leaf->distinct)
		return;
	for (int i = 0; i < leaf->items; i++)
	{
		/* As in partition.c; FINDING_SLOTS is 2 to the power of 11. */
		unsigned	slot = (leaf->hashes[i] * UINT64_C(0x9E3779B97F4A7C15)) >> 53;

		while (slots[slot] != 0 && leaf->hashes[slots[slot] - 1] != leaf->hashes[i])
			slot = (slot + 1) % FINDING_SLOTS;
		if (slots[slot] == 0)
		{
			slots[slot] = (uint16_t) (i + 1);
			if (i >= leaf->distinct)
				group_of[i] = (uint16_t) (*groups)++;
		}
		else if (i >= leaf->distinct)
			group_of[i] = group_of[slots[slot] - 1];
	}
}

void
leaf_unpack(const Summary *summary, int number, const Leaf *leaf, Bag *bag)
{
	int			first = summary_first_group(summary, number);
	uint16_t	group_of[LEAF_CAPACITY];
	int			next[LEAF_CAPACITY];
	int			slot = 0;

	bag->groups = summary->leaf_groups[number];
	bag->items = leaf->items;
	for (int group = 0; group < bag->groups; group++)
		for (int i = 0; i < summary->group_count[first + group]; i++)
			group_of[slot++] = (uint16_t) group;
	find_groups(leaf, group_of, &bag->groups);

	memset(bag->size, 0, (size_t) bag->groups * sizeof(bag->size[0]));
	for (int i = 0; i < leaf->items; i++)
		bag->size[group_of[i]]++;
	for (int group = 0, start = 0; group < bag->groups; start += bag->size[group++])
		next[group] = start;
	for (int i = 0; i < leaf->items; i++)
	{
		Entry	   *item = &bag->item[next[group_of[i]]++];

		item->hash = leaf->hashes[i];
		item->pointer = leaf->pointers[i];
	}
	/* Equal ones adjacent, where a group has any. */
	for (int group = 0, start = 0; group < bag->groups; start += bag->size[group++])
		if (group >= summary->leaf_groups[number] ||
			bag->size[group] > summary->group_count[first + group])
			bag_sort(&bag->item[start], (size_t) bag->size[group]);
}

/*
 * Fill a leaf and describe it in its summary. The summary must have room for
 * as many more groups as the bag has more than the leaf had.
 */
void
leaf_pack(Summary *summary, int number, Leaf *leaf, const Bag *bag)
{
	int			first = summary_first_group(summary, number);
	int			kept = 0;
	int			repetition = bag->items;
	const Entry *item = bag->item;

	memset(leaf, 0, sizeof(*leaf));
	summary_resize_groups(summary, number, bag->groups);
	summary->leaf_and[number] = ~UINT64_C(0);
	summary->leaf_or[number] = 0;

	for (int group = first; group < first + bag->groups; group++)
	{
		const Entry *end = item + bag->size[group - first];
		int			start = kept;

		for (const Entry *before = NULL; item < end; before = item++)
		{
			/* Repetitions fill the leaf from its end, and meet the others. */
			int			slot = before && before->hash == item->hash ? --repetition : kept++;

			leaf->hashes[slot] = item->hash;
			leaf->pointers[slot] = item->pointer;
		}
		summary->group_count[group] = (uint8_t) (kept - start);
		measure_group(&leaf->hashes[start], kept - start,
					  &summary->group_and[group], &summary->group_or[group],
					  &summary->group_low[group], &summary->group_high[group]);
		summary->leaf_and[number] &= summary->group_and[group];
		summary->leaf_or[number] |= summary->group_or[group];
	}
	leaf->distinct = (uint16_t) kept;
	leaf->items = (uint16_t) bag->items;
	summary->leaf_items[number] = leaf->items;
}
