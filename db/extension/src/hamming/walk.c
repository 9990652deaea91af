/*-------------------------------------------------------------------------
 *
 * walk.c
 *	  Visiting summary pages, each once, while others split them.
 *
 * All tops are read under the meta page's lock, which a split needs too, so
 * the list of summary pages is as of one moment. A page that is split later
 * carries a greater number than the meta page had at that moment; what was
 * moved out of it is at its right, and in no other place of the list. This is
 * how GiST does it: M. Kornacker, C. Mohan, J. Hellerstein, "Concurrency and
 * Recovery in Generalized Search Trees" (1997).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/bufmgr.h"

#include "hamming/am.h"

static void
walk_append(Walk *walk, BlockNumber block)
{
	if (walk->count == walk->room)
	{
		walk->room = Max(walk->room * 2, TOP_ENTRIES);
		walk->blocks = walk->blocks == NULL ?
			palloc(walk->room * sizeof(BlockNumber)) :
			repalloc_huge(walk->blocks, walk->room * sizeof(BlockNumber));
	}
	walk->blocks[walk->count++] = block;
}

/*
 * Begin a walk over the summary pages that are chosen: all of them, if choose
 * is NULL. If interlock points to no buffer yet, the page that vacuum waits
 * for is pinned there; see vacuum.c.
 */
void
walk_start(Walk *walk, Relation index, WalkChoice choose, void *context, Buffer *interlock)
{
	Buffer		meta_buffer = page_read(index, META_BLOCK, PAGE_META, BUFFER_LOCK_SHARE);
	const Meta *meta = buffer_content(meta_buffer);
	BlockNumber size = InvalidBlockNumber;
	BlockNumber tops = 0;

	walk->index = index;
	walk->splits = meta->splits;
	walk->epoch = meta->epoch;
	walk->count = 0;
	walk->total = 0;
	walk->at = 0;
	walk->right = InvalidBlockNumber;
	walk->moves = 0;
	if (interlock != NULL && !BufferIsValid(*interlock))
		*interlock = ReadBuffer(index, INTERLOCK_BLOCK(meta->epoch));

	for (BlockNumber block = meta->first_top; block != NO_BLOCK;)
	{
		Buffer		buffer = page_read(index, block, PAGE_TOP, BUFFER_LOCK_SHARE);
		const Top  *top = buffer_content(buffer);
		bool		wanted[TOP_ENTRIES];

		memset(wanted, true, sizeof(wanted));
		if (choose != NULL)
			choose(context, top, wanted);
		for (int entry = 0; entry < top->entries; entry++)
			if (wanted[entry])
				walk_append(walk, top->block[entry]);
		walk->total += top->entries;
		block = top->next;
		UnlockReleaseBuffer(buffer);

		/* A damaged list may be a ring. */
		if (++tops % 1024 == 0)
		{
			if (size == InvalidBlockNumber)
				size = RelationGetNumberOfBlocks(index);
			if (tops > size)
				index_damaged(index, META_BLOCK, "the list of tops has no end");
		}
	}
	UnlockReleaseBuffer(meta_buffer);
}

/* The next summary page, pinned and locked; InvalidBuffer after the last. */
Buffer
walk_next(Walk *walk, int lock)
{
	BlockNumber block = walk->right;
	Buffer		buffer;

	if (block == InvalidBlockNumber)
	{
		if (walk->at == walk->count)
			return InvalidBuffer;
		block = walk->blocks[walk->at++];
		walk->moves = 0;
	}
	/* Damaged pages may lead round in a ring. */
	else if (++walk->moves % 1024 == 0 && walk->moves > RelationGetNumberOfBlocks(walk->index))
		index_damaged(walk->index, block, "the summary pages to the right have no end");
	buffer = page_read(walk->index, block, PAGE_SUMMARY, lock);
	walk_look_right(walk, buffer);
	return buffer;
}

/* Have memory fetch the page after the one that is visited now. */
void
walk_expect(const Walk *walk)
{
	if (walk->at < walk->count)
		page_expect_summary(walk->index, walk->blocks[walk->at]);
}

/*
 * Find out where to go after the page just visited. Whoever has let go of its
 * lock has to look again when it is locked once more: it may have been split.
 */
void
walk_look_right(Walk *walk, Buffer buffer)
{
	const Summary *summary = buffer_content(buffer);

	walk->right = summary->split > walk->splits ? summary->right : InvalidBlockNumber;
}

void
walk_end(Walk *walk)
{
	if (walk->blocks != NULL)
		pfree(walk->blocks);
	walk->blocks = NULL;
	walk->room = 0;
}
