/*-------------------------------------------------------------------------
 *
 * insert.c
 *	  Putting an item in its place.
 *
 * An item goes to the group that agrees with it most, of the summary page that
 * agrees with it most. Any place would be correct; a good one keeps the bounds
 * tight, and so the search fast.
 *
 * A group that is full is split in two, on its leaf. A leaf that is full gives
 * one of its groups to another leaf of the same summary page, or to a new one:
 * it hardly matters on which leaf a group lies, since it is found by its own
 * bounds. So leaves stay full. A summary page that is full is split, and half
 * of its leaves get a page of their own.
 *
 * Each of these steps is one record in the log, after which the index is
 * whole; inserting goes on with a new choice.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "distance.h"
#include "hamming/am.h"
#include "hamming/bits.h"
#include "hamming/change.h"
#include "hamming/leaf.h"
#include "hamming/summary.h"

/* Where there is less room, a group is not moved to a leaf. */
#define SPARE_ROOM			8

/* Add an item to a group; false if the group is full. */
static bool
add_to_group(Relation index, Buffer buffer, Place place, Entry item)
{
	Change		change = change_start(index, buffer);
	Buffer		leaf = lock_leaf(index, change.summary, place.leaf, NULL);
	bool		added = leaf_add(change.summary, place.leaf, change_page(&change, leaf),
								 place.group, item);

	if (added)
	{
		change_bounds(&change, index, BufferGetBlockNumber(buffer), false);
		change_finish(&change);
	}
	else
		GenericXLogAbort(change.state);
	UnlockReleaseBuffer(leaf);
	return added;
}

/* Split a group of more than one hash in two, on its leaf. */
static void
split_group(Relation index, Buffer buffer, Place place)
{
	Change		change = change_start(index, buffer);
	Buffer		leaf_buffer = lock_leaf(index, change.summary, place.leaf, NULL);
	Leaf	   *leaf = change_whole_page(&change, leaf_buffer);
	Bag		   *bag = palloc(sizeof(Bag));
	int			group = place.group - summary_first_group(change.summary, place.leaf);

	unpack_leaf(index, change.summary, place.leaf, leaf, bag);
	if (!bag_halve(bag, group))
		index_damaged(index, BufferGetBlockNumber(leaf_buffer), "a group can't be split");
	leaf_pack(change.summary, place.leaf, leaf, bag);
	change_finish(&change);
	UnlockReleaseBuffer(leaf_buffer);
	pfree(bag);
}

/*
 * Get another leaf of the summary for so many items: one with room, or a new
 * one, in a page that is to be a leaf.
 */
static int
another_leaf(Relation index, Change *change, int items, int except, Buffer *buffer, Leaf **leaf)
{
	int			number = summary_roomy_leaf(change->summary, items, except);

	if (number >= 0)
	{
		if (except >= 0)
			require_apart(index, change->summary, number, except);
		*buffer = lock_leaf(index, change->summary, number, NULL);
		*leaf = change_whole_page(change, *buffer);
		return number;
	}
	*buffer = page_new(index);
	*leaf = change_new_page(change, *buffer, PAGE_LEAF, LEAF_INSERTED);
	return summary_add_leaf(change->summary, BufferGetBlockNumber(*buffer));
}

/* Put an item into a group of its own, on another leaf than that one. */
static void
add_group(Relation index, Buffer buffer, int except, Entry item)
{
	Change		change = change_start(index, buffer);
	Buffer		leaf_buffer;
	Leaf	   *leaf;
	Bag		   *bag = palloc(sizeof(Bag));
	int			number = another_leaf(index, &change, 1, except, &leaf_buffer, &leaf);

	unpack_leaf(index, change.summary, number, leaf, bag);
	bag_add(bag, &item, 1);
	leaf_pack(change.summary, number, leaf, bag);
	change_bounds(&change, index, BufferGetBlockNumber(buffer), false);
	change_finish(&change);
	UnlockReleaseBuffer(leaf_buffer);
	pfree(bag);
}

/* Move a group of so many items to another leaf. */
static void
move_group(Relation index, Buffer buffer, Place place, const Bag *unpacked, int items)
{
	Change		change = change_start(index, buffer);
	int			group = place.group - summary_first_group(change.summary, place.leaf);
	Buffer		from_buffer = lock_leaf(index, change.summary, place.leaf, NULL);
	Leaf	   *from = change_whole_page(&change, from_buffer);
	Buffer		to_buffer;
	Leaf	   *to;
	int			number = another_leaf(index, &change, items + SPARE_ROOM, place.leaf,
									  &to_buffer, &to);
	Bag		   *left = palloc(sizeof(Bag));
	Bag		   *moved = palloc(sizeof(Bag));

	*left = *unpacked;
	unpack_leaf(index, change.summary, number, to, moved);
	bag_take(left, group, moved);
	leaf_pack(change.summary, place.leaf, from, left);
	leaf_pack(change.summary, number, to, moved);
	change_finish(&change);
	UnlockReleaseBuffer(to_buffer);
	UnlockReleaseBuffer(from_buffer);
	pfree(moved);
	pfree(left);
}

/* Add an empty top at the end of their list; the meta page is locked. */
static void
add_top(Relation index, Buffer meta_buffer)
{
	GenericXLogState *state = GenericXLogStart(index);
	Meta	   *meta = page_content(GenericXLogRegisterBuffer(state, meta_buffer, 0));
	Buffer		buffer = page_new(index);
	Page		page = GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE);
	Buffer		last_buffer = InvalidBuffer;

	page_start(page, PAGE_TOP, 0);
	((Top *) page_content(page))->next = NO_BLOCK;
	if (meta->last_top == NO_BLOCK)
		meta->first_top = BufferGetBlockNumber(buffer);
	else
	{
		last_buffer = page_read(index, meta->last_top, PAGE_TOP, BUFFER_LOCK_EXCLUSIVE);
		page = GenericXLogRegisterBuffer(state, last_buffer, 0);
		((Top *) page_content(page))->next = BufferGetBlockNumber(buffer);
	}
	meta->last_top = BufferGetBlockNumber(buffer);
	GenericXLogFinish(state);
	if (BufferIsValid(last_buffer))
		UnlockReleaseBuffer(last_buffer);
	UnlockReleaseBuffer(buffer);
}

/* The last top, locked, with room for an entry; the meta page is locked. */
static Buffer
lock_roomy_top(Relation index, Buffer meta_buffer)
{
	for (;;)
	{
		const Meta *meta = buffer_content(meta_buffer);
		Buffer		buffer;

		if (meta->last_top != NO_BLOCK)
		{
			buffer = page_read(index, meta->last_top, PAGE_TOP, BUFFER_LOCK_EXCLUSIVE);
			if (((const Top *) buffer_content(buffer))->entries < TOP_ENTRIES)
				return buffer;
			UnlockReleaseBuffer(buffer);
		}
		add_top(index, meta_buffer);
	}
}

/* Enter a summary page, which has its bounds, into a top. */
static void
enter_summary(Top *top, BlockNumber top_block, Summary *summary, BlockNumber block)
{
	summary->top_block = top_block;
	summary->top_slot = top->entries++;
	top->block[summary->top_slot] = block;
	top->all_and[summary->top_slot] = summary->all_and;
	top->all_or[summary->top_slot] = summary->all_or;
	top->flags[summary->top_slot] =
		(uint8) (summary->flags | (summary->leaves == 0 ? TOP_EMPTY : 0));
}

/* Split a summary page: some of its leaves get a page to its right. */
static void
split_summary(Relation index, Buffer buffer)
{
	Buffer		meta_buffer = page_read(index, META_BLOCK, PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	Buffer		top = lock_roomy_top(index, meta_buffer);
	Buffer		right_buffer = page_new(index);
	Change		change = change_start(index, buffer);
	Summary    *right = change_new_page(&change, right_buffer, PAGE_SUMMARY, 0);
	Meta	   *meta = change_page(&change, meta_buffer);

	right->flags = change.summary->flags;
	right->right = change.summary->right;
	right->split = change.summary->split;
	summary_divide(change.summary, right);
	summary_bounds(right, &right->all_and, &right->all_or);
	change.summary->right = BufferGetBlockNumber(right_buffer);
	change.summary->split = ++meta->splits;
	enter_summary(change_page(&change, top), BufferGetBlockNumber(top), right,
				  BufferGetBlockNumber(right_buffer));
	change_finish(&change);
	UnlockReleaseBuffer(right_buffer);
	UnlockReleaseBuffer(top);
	UnlockReleaseBuffer(meta_buffer);

	tighten_summary(index, buffer);
}

/* Add a summary page without leaves, unless somebody else just did. */
static void
add_summary(Relation index, uint16 flags, int known)
{
	Buffer		meta_buffer = page_read(index, META_BLOCK, PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	Buffer		top = lock_roomy_top(index, meta_buffer);

	/* All summary pages are entered under the meta page's lock. */
	if (((const Top *) buffer_content(top))->entries == known % TOP_ENTRIES)
	{
		GenericXLogState *state = GenericXLogStart(index);
		Buffer		buffer = page_new(index);
		Page		page = GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE);
		Page		top_page = GenericXLogRegisterBuffer(state, top, 0);
		Summary    *summary = page_content(page);

		page_start(page, PAGE_SUMMARY, 0);
		summary->flags = flags;
		summary->right = NO_BLOCK;
		summary_bounds(summary, &summary->all_and, &summary->all_or);
		enter_summary(page_content(top_page), BufferGetBlockNumber(top), summary,
					  BufferGetBlockNumber(buffer));
		GenericXLogFinish(state);
		UnlockReleaseBuffer(buffer);
	}
	UnlockReleaseBuffer(top);
	UnlockReleaseBuffer(meta_buffer);
}

/* What a search for a summary page looks for and has found. */
typedef struct Choice
{
	const Kernel *kernel;
	uint64		hash;
	uint16		flags;
	int			unsettled;
	int			settled;
	BlockNumber block;
} Choice;

/*
 * WalkChoice: remembers the page that the hash unsettles least, among equals
 * the one whose hashes agree on most, and wants none visited.
 */
static void
choose_summary(void *context, const Top *top, bool *wanted)
{
	Choice	   *choice = context;
	uint8		unsettled[TOP_ENTRIES];
	int			least = HAMMING_BITS + 1;

	memset(wanted, false, TOP_ENTRIES * sizeof(bool));
	choice->kernel->bounds(top->all_and, top->all_or, top->entries, choice->hash, unsettled);
	for (int i = 0; i < top->entries; i++)
	{
		if ((top->flags[i] & TOP_NULLS) != choice->flags)
			unsettled[i] = HAMMING_BITS + 1;
		least = Min(least, unsettled[i]);
	}
	if (least > choice->unsettled || least > HAMMING_BITS)
		return;
	for (int i = 0; i < top->entries; i++)
	{
		int			agreed;

		if (unsettled[i] != least)
			continue;
		agreed = settled(top->all_and[i], top->all_or[i]);
		if (least < choice->unsettled || agreed >= choice->settled)
		{
			choice->unsettled = least;
			choice->settled = agreed;
			choice->block = top->block[i];
		}
	}
}

/*
 * Add an item to what a summary page describes. False if the page had to be
 * split instead.
 */
static bool
insert_below(Relation index, Buffer buffer, Entry item, const Kernel *kernel)
{
	for (;;)
	{
		const Summary *summary = buffer_content(buffer);
		Place		place = summary_place(summary, item.hash, kernel);
		bool		roomy;
		bool		divisible;
		int			size;
		Buffer		leaf;
		Bag		   *bag;

		if (place.leaf < 0)
		{
			add_group(index, buffer, -1, item);
			return true;
		}
		roomy = summary->leaf_items[place.leaf] < LEAF_CAPACITY;
		if (roomy && add_to_group(index, buffer, place, item))
			return true;

		/* From here on there may be one more group, and one more leaf. */
		if (summary->groups == SUMMARY_GROUPS || summary->leaves == SUMMARY_LEAVES)
		{
			split_summary(index, buffer);
			return false;
		}
		divisible = summary->group_count[place.group] > 1 &&
			summary->leaf_groups[place.leaf] < LEAF_GROUPS;
		if (roomy && divisible)
		{
			split_group(index, buffer, place);
			continue;
		}

		leaf = lock_leaf(index, summary, place.leaf, NULL);
		bag = palloc(sizeof(Bag));
		unpack_leaf(index, summary, place.leaf, buffer_content(leaf), bag);
		UnlockReleaseBuffer(leaf);
		size = bag->size[place.group - summary_first_group(summary, place.leaf)];
		if (size <= LEAF_CAPACITY / 2)
			move_group(index, buffer, place, bag, size);
		else if (divisible)
			split_group(index, buffer, place);
		else
		{
			/* One hash, or few, repeated so often that it fills its leaf. */
			add_group(index, buffer, place.leaf, item);
			pfree(bag);
			return true;
		}
		pfree(bag);
	}
}

bool
hamming_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid,
			   Relation heap, IndexUniqueCheck check, bool unchanged, IndexInfo *info)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "hamming insert",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(memory);
	Choice		choice = {kernel_best()};
	Entry		item = {0};
	bool		done = false;

	if (ItemPointerGetOffsetNumberNoCheck(tid) & POINTER_DEAD)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a hamming index can't point to item %u of a block",
						ItemPointerGetOffsetNumberNoCheck(tid))));
	memcpy(&item.pointer, tid, sizeof(item.pointer));
	if (!isnull[0])
		item.hash = (uint64) DatumGetInt64(values[0]);
	choice.hash = item.hash;
	choice.flags = isnull[0] ? TOP_NULLS : 0;

	while (!done)
	{
		Walk		walk = {0};

		choice.unsettled = HAMMING_BITS;
		choice.settled = 0;
		choice.block = InvalidBlockNumber;
		walk_start(&walk, index, choose_summary, &choice, NULL);
		if (choice.block == InvalidBlockNumber)
			add_summary(index, choice.flags, walk.total);
		else
		{
			Buffer		buffer = page_read(index, choice.block, PAGE_SUMMARY,
										   BUFFER_LOCK_EXCLUSIVE);

			done = insert_below(index, buffer, item, choice.kernel);
			UnlockReleaseBuffer(buffer);
		}
		walk_end(&walk);
	}

	MemoryContextSwitchTo(before);
	MemoryContextDelete(memory);
	return false;
}
