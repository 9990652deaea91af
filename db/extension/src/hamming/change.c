/*-------------------------------------------------------------------------
 *
 * change.c
 *	  A change of a summary page and its leaves, logged as one record.
 *
 * The record names the summary page first. Replaying it takes the locks in the
 * order of the record, and holds them all: who reads on a standby, under the
 * lock of a summary page, is as safe as on the primary.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "storage/bufmgr.h"

#include "hamming/change.h"
#include "hamming/leaf.h"
#include "hamming/summary.h"

Change
change_start(Relation index, Buffer summary)
{
	Change		change;

	change.state = GenericXLogStart(index);
	change.summary = page_content(GenericXLogRegisterBuffer(change.state, summary, 0));
	change.top = InvalidBuffer;
	return change;
}

/* What the change makes of a page that is read and locked. */
void *
change_page(Change *change, Buffer buffer)
{
	return page_content(GenericXLogRegisterBuffer(change->state, buffer, 0));
}

/*
 * The same for a page of which little will stay: it is logged as a whole, which
 * spares looking for what changed.
 */
void *
change_whole_page(Change *change, Buffer buffer)
{
	return page_content(GenericXLogRegisterBuffer(change->state, buffer,
												  GENERIC_XLOG_FULL_IMAGE));
}

/* A new page of the change. */
void *
change_new_page(Change *change, Buffer buffer, PageKind kind, uint16 flags)
{
	Page		page = GenericXLogRegisterBuffer(change->state, buffer,
												 GENERIC_XLOG_FULL_IMAGE);

	page_start(page, kind, flags);
	return page_content(page);
}

/* Have the top say what the summary's bounds have become. */
void
change_bounds(Change *change, Relation index, BlockNumber block, bool exactly)
{
	Summary    *summary = change->summary;
	Top		   *top;
	uint64		all_and;
	uint64		all_or;
	bool		empty = summary->leaves == 0;

	summary_bounds(summary, &all_and, &all_or);
	if (summary->all_and == all_and && summary->all_or == all_or && !empty)
		return;
	if (!exactly && (summary->all_and & ~all_and) == 0 && (all_or & ~summary->all_or) == 0)
		return;

	if (summary->top_block == block)
		index_damaged(index, block, "a summary page calls itself a top");
	change->top = page_read(index, summary->top_block, PAGE_TOP, BUFFER_LOCK_EXCLUSIVE);
	top = change_page(change, change->top);
	if (summary->top_slot >= top->entries || top->block[summary->top_slot] != block)
		index_damaged(index, block, "the entry of a summary page is another's");
	summary->all_and = all_and;
	summary->all_or = all_or;
	top->all_and[summary->top_slot] = all_and;
	top->all_or[summary->top_slot] = all_or;
	top->flags[summary->top_slot] = (uint8) (summary->flags | (empty ? TOP_EMPTY : 0));
}

void
change_finish(Change *change)
{
	GenericXLogFinish(change->state);
	if (BufferIsValid(change->top))
		UnlockReleaseBuffer(change->top);
}

/* A leaf of a locked summary, to be changed. */
Buffer
lock_leaf(Relation index, const Summary *summary, int number, BufferAccessStrategy strategy)
{
	Buffer		buffer = page_read_leaf(index, summary, number,
										summary_first_group(summary, number), strategy);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	return buffer;
}

/* Complain if two leaves are the same page, which can't be locked twice. */
void
require_apart(Relation index, const Summary *summary, int number, int other)
{
	if (summary->leaf_block[number] == summary->leaf_block[other])
		index_damaged(index, summary->leaf_block[number], "two places lead to the page");
}

/* Take a leaf apart. It must be whole: its summary may have no room for more groups. */
void
unpack_leaf(Relation index, const Summary *summary, int number, const Leaf *leaf, Bag *bag)
{
	leaf_unpack(summary, number, leaf, bag);
	if (bag->groups != summary->leaf_groups[number])
		index_damaged(index, summary->leaf_block[number],
					  "a repetition repeats no hash of its leaf");
}

/* Make the bounds of a summary exact after a change that may have widened them. */
void
tighten_summary(Relation index, Buffer buffer)
{
	Change		change = change_start(index, buffer);

	change_bounds(&change, index, BufferGetBlockNumber(buffer), true);
	if (BufferIsValid(change.top))
		change_finish(&change);
	else
		GenericXLogAbort(change.state);
}
