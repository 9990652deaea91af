/*-------------------------------------------------------------------------
 *
 * leaf.c
 *	  What is done to leaves and to the summaries that describe them.
 *
 * An item is added in place, where few bytes change and little need be logged.
 * Everything else takes a leaf apart into a bag and packs it anew.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/bits.h"
#include "hamming/leaf.h"
#include "hamming/partition.h"

/* Slots of the table that finds a hash's group; a power of two. */
#define FINDING_SLOTS		2048

/* Groups that together have at most this many different hashes are merged. */
#define SMALL_GROUPS		(GROUP_HASHES / 2)

const char *
meta_damage(const Meta *meta)
{
	if ((meta->first_top == NO_BLOCK) != (meta->last_top == NO_BLOCK))
		return "the list of tops has one end";
	if (meta->first_top < FIRST_BLOCK || meta->last_top < FIRST_BLOCK)
		return "the list of tops leads to a page that is none";
	return NULL;
}

const char *
top_damage(const Top *top)
{
	if (top->entries > TOP_ENTRIES)
		return "more entries than a top can have";
	return NULL;
}

const char *
summary_damage(const Summary *summary)
{
	int			groups = 0;

	if (summary->leaves > SUMMARY_LEAVES || summary->groups > SUMMARY_GROUPS)
		return "more leaves or groups than a summary can have";
	for (int leaf = 0; leaf < summary->leaves; leaf++)
		groups += summary->leaf_groups[leaf];
	if (groups != summary->groups)
		return "the leaves don't have as many groups as the summary";
	return NULL;
}

/* "first" is the first of the leaf's groups, see summary_first_group(). */
const char *
leaf_damage(const Summary *summary, int number, int first, const Leaf *leaf)
{
	int			distinct = 0;
	bool		empty = false;

	for (int group = first; group < first + summary->leaf_groups[number]; group++)
	{
		distinct += summary->group_count[group];
		empty |= summary->group_count[group] == 0;
	}
	/* So there are no more groups than items, as a bag has room for. */
	if (empty)
		return "a group has no hashes";
	if (leaf->distinct != distinct)
		return "the groups don't have as many hashes as the leaf";
	if (leaf->items != summary->leaf_items[number])
		return "the leaf does not have as many items as its summary says";
	if (leaf->items > LEAF_CAPACITY || leaf->distinct > leaf->items)
		return "more items than a leaf can have";
	return NULL;
}

const char *
summary_falsehood(const Summary *summary)
{
	uint64_t	all_and;
	uint64_t	all_or;
	int			group = 0;

	for (int leaf = 0; leaf < summary->leaves; leaf++)
	{
		uint64_t	leaf_and = ~UINT64_C(0);
		uint64_t	leaf_or = 0;

		if (summary->leaf_groups[leaf] == 0)
			return "a leaf has no groups";
		for (int end = group + summary->leaf_groups[leaf]; group < end; group++)
		{
			leaf_and &= summary->group_and[group];
			leaf_or |= summary->group_or[group];
			if (summary->group_count[group] == 0 || summary->group_count[group] > GROUP_HASHES)
				return "a group has no or too many hashes";
		}
		if (summary->leaf_and[leaf] & ~leaf_and || leaf_or & ~summary->leaf_or[leaf])
			return "the bounds of a leaf don't cover its groups";
	}
	summary_bounds(summary, &all_and, &all_or);
	if (summary->all_and & ~all_and || all_or & ~summary->all_or)
		return "the bounds of a summary don't cover its leaves";
	return NULL;
}

const char *
leaf_falsehood(const Summary *summary, int number, const Leaf *leaf)
{
	int			group = summary_first_group(summary, number);
	int			slot = 0;

	for (int end = group + summary->leaf_groups[number]; group < end; group++)
	{
		uint64_t	group_and = summary->group_and[group];
		uint64_t	group_or = summary->group_or[group];

		for (int last = slot + summary->group_count[group]; slot < last; slot++)
		{
			int			varying = ones(leaf->hashes[slot] & group_or & ~group_and);

			if (outside(leaf->hashes[slot], group_and, group_or) != 0)
				return "the bounds of a group don't cover a hash";
			if (varying < summary->group_low[group] || varying > summary->group_high[group])
				return "the range of ones of a group does not cover a hash";
		}
	}
	for (; slot < leaf->items; slot++)
	{
		int			same = 0;

		while (same < leaf->distinct && leaf->hashes[same] != leaf->hashes[slot])
			same++;
		if (same == leaf->distinct)
			return "a repetition repeats no hash of its leaf";
	}
	return NULL;
}

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
static void
resize_groups(Summary *summary, int leaf, int groups)
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

	resize_groups(summary, leaf, 0);
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

static int
compare_items(const void *left, const void *right)
{
	uint64_t	a = ((const Entry *) left)->hash;
	uint64_t	b = ((const Entry *) right)->hash;

	return (a > b) - (a < b);
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
			qsort(&bag->item[start], (size_t) bag->size[group], sizeof(Entry), compare_items);
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
	resize_groups(summary, number, bag->groups);
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

static int
bag_start(const Bag *bag, int group)
{
	int			start = 0;

	for (int i = 0; i < group; i++)
		start += bag->size[i];
	return start;
}

/* Add a group at the end; equal hashes must be adjacent. */
void
bag_add(Bag *bag, const Entry *items, int count)
{
	memcpy(&bag->item[bag->items], items, (size_t) count * sizeof(Entry));
	bag->items += count;
	bag->size[bag->groups++] = count;
}

/* Move a group to the end of another bag. */
void
bag_take(Bag *bag, int group, Bag *to)
{
	int			start = bag_start(bag, group);
	int			count = bag->size[group];

	bag_add(to, &bag->item[start], count);
	memmove(&bag->item[start], &bag->item[start + count],
			(size_t) (bag->items - start - count) * sizeof(Entry));
	memmove(&bag->size[group], &bag->size[group + 1],
			(size_t) (bag->groups - group - 1) * sizeof(bag->size[0]));
	bag->items -= count;
	bag->groups--;
}

/* Split a group in two. False if all its hashes are equal. */
bool
bag_halve(Bag *bag, int group)
{
	Entry	   *items = &bag->item[bag_start(bag, group)];
	size_t		count = (size_t) bag->size[group];
	size_t		half = partition_halve(items, count);

	if (half == 0)
		return false;
	qsort(items, half, sizeof(Entry), compare_items);
	qsort(items + half, count - half, sizeof(Entry), compare_items);
	memmove(&bag->size[group + 1], &bag->size[group],
			(size_t) (bag->groups - group) * sizeof(bag->size[0]));
	bag->size[group] = (int) half;
	bag->size[group + 1] = (int) (count - half);
	bag->groups++;
	return true;
}

/* Drop empty groups, and merge neighbours that have become small. */
void
bag_merge(Bag *bag)
{
	int			groups = 0;

	for (int group = 0, start = 0; group < bag->groups; group++)
	{
		int			count = bag->size[group];

		if (groups > 0 && bag->size[groups - 1] + count <= SMALL_GROUPS)
		{
			bag->size[groups - 1] += count;
			qsort(&bag->item[start + count - bag->size[groups - 1]],
				  (size_t) bag->size[groups - 1], sizeof(Entry), compare_items);
		}
		else if (count > 0)
			bag->size[groups++] = count;
		start += count;
	}
	bag->groups = groups;
}
