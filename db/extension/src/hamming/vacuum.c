/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *	  Removing the items of rows that are gone.
 *
 * The rows of a leaf are looked up under a shared lock of its summary page, so
 * that searches go on; only where some are gone is the lock taken anew to
 * remove them. A leaf that has become empty, or whose items another leaf can
 * take, is given back for use at once: nobody gets to a leaf but through its
 * summary, which is locked. Summary pages stay, even when they describe
 * nothing, since a search may be on its way to one.
 *
 * An index-only scan must not return a row whose place in the table has been
 * given to another row meanwhile. Such a scan keeps a pin on the interlock
 * page; vacuum, having removed all items and before the places can be reused,
 * waits until it holds the only pin on it. There are two of these pages, and
 * vacuum first has new scans pin the other one, which know nothing of what was
 * removed; so it waits for the old ones only.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/indexfsm.h"

#include "hamming/am.h"
#include "hamming/change.h"
#include "hamming/compat.h"
#include "hamming/leaf.h"
#include "hamming/summary.h"

typedef struct Vacuum
{
	Relation	index;
	BufferAccessStrategy strategy;
	IndexBulkDeleteCallback gone;
	void	   *state;
	IndexBulkDeleteResult *stats;
	Bag			bag;
	Bag			other;
} Vacuum;

static bool
is_gone(Vacuum *vacuum, HeapPointer pointer)
{
	ItemPointerData tid;

	pointer.part[2] &= ~POINTER_DEAD;
	memcpy(&tid, &pointer, sizeof(tid));
	return vacuum->gone(&tid, vacuum->state);
}

/* How many items of a locked summary's leaf are gone? */
static int
count_gone(Vacuum *vacuum, const Leaf *leaf)
{
	int			gone = 0;

	for (int i = 0; i < leaf->items; i++)
		gone += is_gone(vacuum, leaf->pointers[i]);
	return gone;
}

/* Remove the items of a leaf that are gone; the leaf too, if all are. */
static void
clean_leaf(Vacuum *vacuum, Buffer buffer, int number)
{
	Change		change = change_start(vacuum->index, buffer);
	BlockNumber block = change.summary->leaf_block[number];
	Buffer		leaf_buffer = lock_leaf(vacuum->index, change.summary, number,
										vacuum->strategy);
	Bag		   *bag = &vacuum->bag;
	int			kept = 0;

	unpack_leaf(vacuum->index, change.summary, number, buffer_content(leaf_buffer), bag);
	for (int group = 0, start = 0; group < bag->groups; group++)
	{
		int			end = start + bag->size[group];

		bag->size[group] = 0;
		for (int i = start; i < end; i++)
			if (!is_gone(vacuum, bag->item[i].pointer))
			{
				bag->item[kept++] = bag->item[i];
				bag->size[group]++;
			}
		start = end;
	}
	vacuum->stats->tuples_removed += bag->items - kept;
	bag->items = kept;
	bag_merge(bag);

	if (kept > 0)
		leaf_pack(change.summary, number, change_whole_page(&change, leaf_buffer), bag);
	else
	{
		summary_remove_leaf(change.summary, number);
		change_new_page(&change, leaf_buffer, PAGE_FREE, 0);
		vacuum->stats->pages_deleted++;
	}
	change_finish(&change);
	UnlockReleaseBuffer(leaf_buffer);
	if (kept == 0)
		RecordFreeIndexPage(vacuum->index, block);
}

/* Another leaf that can take all that is on one, or -1. */
static int
leaf_to_merge_with(const Summary *summary, int number)
{
	for (int other = 0; other < summary->leaves; other++)
		if (other != number &&
			summary->leaf_items[other] + summary->leaf_items[number] <= LEAF_CAPACITY &&
			summary->leaf_groups[other] + summary->leaf_groups[number] < LEAF_GROUPS)
			return other;
	return -1;
}

/* Give the groups of a leaf to another one, and the leaf back. */
static void
merge_leaf(Vacuum *vacuum, Buffer buffer, int number, int other)
{
	Change		change = change_start(vacuum->index, buffer);
	Summary    *summary = change.summary;
	BlockNumber block = summary->leaf_block[number];
	Buffer		from;
	Buffer		to;

	require_apart(vacuum->index, summary, number, other);
	from = lock_leaf(vacuum->index, summary, number, vacuum->strategy);
	to = lock_leaf(vacuum->index, summary, other, vacuum->strategy);
	unpack_leaf(vacuum->index, summary, number, buffer_content(from), &vacuum->bag);
	unpack_leaf(vacuum->index, summary, other, buffer_content(to), &vacuum->other);
	while (vacuum->bag.groups > 0)
		bag_take(&vacuum->bag, 0, &vacuum->other);
	bag_merge(&vacuum->other);
	summary_remove_leaf(summary, number);
	leaf_pack(summary, other - (other > number), change_whole_page(&change, to),
			  &vacuum->other);
	change_new_page(&change, from, PAGE_FREE, 0);
	change_finish(&change);
	UnlockReleaseBuffer(to);
	UnlockReleaseBuffer(from);
	RecordFreeIndexPage(vacuum->index, block);
	vacuum->stats->pages_deleted++;
}

/* Clean what a summary describes, which is locked exclusively. */
static void
clean_summary(Vacuum *vacuum, Buffer buffer)
{
	const Summary *summary = buffer_content(buffer);

	/* From the end, as leaves may be removed. */
	for (int number = summary->leaves - 1; number >= 0; number--)
	{
		Buffer		leaf = page_read_leaf(vacuum->index, summary, number,
										  summary_first_group(summary, number),
										  vacuum->strategy);
		int			gone = count_gone(vacuum, buffer_content(leaf));

		ReleaseBuffer(leaf);
		if (gone > 0)
			clean_leaf(vacuum, buffer, number);
	}
	for (int number = summary->leaves - 1; number >= 0; number--)
		if (summary->leaf_items[number] <= LEAF_CAPACITY / 2)
		{
			int			other = leaf_to_merge_with(summary, number);

			if (other >= 0)
				merge_leaf(vacuum, buffer, number, other);
		}
	tighten_summary(vacuum->index, buffer);
}

/* Look up the rows of a summary page, and remove those that are gone. */
static void
vacuum_summary(Vacuum *vacuum, Buffer buffer)
{
	const Summary *summary = buffer_content(buffer);
	int			gone = 0;

	for (int number = 0, first = 0; number < summary->leaves;
		 first += summary->leaf_groups[number++])
	{
		Buffer		leaf = page_read_leaf(vacuum->index, summary, number, first,
										  vacuum->strategy);

		gone += count_gone(vacuum, buffer_content(leaf));
		ReleaseBuffer(leaf);
	}
	if (gone > 0)
	{
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		page_require(vacuum->index, buffer, PAGE_SUMMARY);
		clean_summary(vacuum, buffer);
	}
	for (int number = 0; number < summary->leaves; number++)
		vacuum->stats->num_index_tuples += summary->leaf_items[number];
}

static void
wait_for_pins(Relation index, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(index, block);

	LockBufferForCleanup(buffer);
	UnlockReleaseBuffer(buffer);
}

/* Wait for scans that may still return what has been removed. */
static void
wait_for_scans(Relation index)
{
	Buffer		meta_buffer = page_read(index, META_BLOCK, PAGE_META, BUFFER_LOCK_SHARE);
	uint32		epoch = ((const Meta *) buffer_content(meta_buffer))->epoch;
	GenericXLogState *state;
	Meta	   *meta;

	UnlockReleaseBuffer(meta_buffer);

	/* No scan pins the other page now, unless a vacuum was interrupted here. */
	wait_for_pins(index, INTERLOCK_BLOCK(epoch + 1));

	meta_buffer = page_read(index, META_BLOCK, PAGE_META, BUFFER_LOCK_EXCLUSIVE);
	state = GenericXLogStart(index);
	meta = page_content(GenericXLogRegisterBuffer(state, meta_buffer, 0));
	meta->epoch = epoch + 1;
	GenericXLogFinish(state);
	UnlockReleaseBuffer(meta_buffer);

	wait_for_pins(index, INTERLOCK_BLOCK(epoch));
}

static void
vacuum_start(Vacuum *vacuum, IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	vacuum->index = info->index;
	vacuum->strategy = info->strategy;
	vacuum->stats = stats;
	stats->num_index_tuples = 0;
}

IndexBulkDeleteResult *
hamming_bulk_delete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
					IndexBulkDeleteCallback callback, void *state)
{
	Vacuum	   *vacuum = palloc0(sizeof(Vacuum));
	Walk		walk = {0};
	Buffer		buffer;

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	vacuum_start(vacuum, info, stats);
	vacuum->gone = callback;
	vacuum->state = state;

	walk_start(&walk, info->index, NULL, NULL, NULL);
	while (BufferIsValid(buffer = walk_next(&walk, BUFFER_LOCK_SHARE)))
	{
		vacuum_summary(vacuum, buffer);
		walk_look_right(&walk, buffer);
		UnlockReleaseBuffer(buffer);
		vacuum_pause();
	}
	walk_end(&walk);
	/* Even if nothing was left to remove: a vacuum that was interrupted did not wait. */
	wait_for_scans(info->index);
	pfree(vacuum);
	return stats;
}

/* Note pages that nothing leads to: an interrupted insert may leave one. */
static void
find_free_pages(Relation index, IndexBulkDeleteResult *stats)
{
	BlockNumber size = RelationGetNumberOfBlocks(index);
	bool	   *used = MemoryContextAllocExtended(CurrentMemoryContext, size,
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	Walk		walk = {0};
	Buffer		buffer;

	/*
	 * Pages that come into use meanwhile may be taken for free ones. That does
	 * no harm: who takes a page looks at it.
	 */
	walk_start(&walk, index, NULL, NULL, NULL);
	stats->num_index_tuples = 0;
	while (BufferIsValid(buffer = walk_next(&walk, BUFFER_LOCK_SHARE)))
	{
		const Summary *summary = buffer_content(buffer);

		if (BufferGetBlockNumber(buffer) < size)
			used[BufferGetBlockNumber(buffer)] = true;
		if (summary->top_block < size)
			used[summary->top_block] = true;
		for (int number = 0; number < summary->leaves; number++)
		{
			stats->num_index_tuples += summary->leaf_items[number];
			if (summary->leaf_block[number] < size)
				used[summary->leaf_block[number]] = true;
		}
		UnlockReleaseBuffer(buffer);
		vacuum_pause();
	}
	walk_end(&walk);

	stats->pages_free = 0;
	for (BlockNumber block = FIRST_BLOCK; block < size; block++)
		if (!used[block])
		{
			RecordFreeIndexPage(index, block);
			stats->pages_free++;
		}
	stats->num_pages = size;
	pfree(used);
}

IndexBulkDeleteResult *
hamming_vacuum_cleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	if (info->analyze_only)
		return stats;
	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	find_free_pages(info->index, stats);
	IndexFreeSpaceMapVacuum(info->index);
	return stats;
}
