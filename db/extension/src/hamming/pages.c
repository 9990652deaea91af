/*-------------------------------------------------------------------------
 *
 * pages.c
 *	  Reading pages, and trusting none of them; getting new ones.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/indexfsm.h"
#include "utils/memutils.h"

#include "hamming/am.h"
#include "hamming/compat.h"
#include "hamming/damage.h"

StaticAssertDecl(sizeof(HeapPointer) == sizeof(ItemPointerData),
				 "HeapPointer is laid out as ItemPointerData");

/*
 * Where each block was found in shared memory, in the index's relcache entry,
 * which forgets it when the index changes its file. A place that no longer
 * holds the block does no harm; ReadRecentBuffer() looks.
 */
typedef struct Recent
{
	BlockNumber count;
	Buffer		buffer[FLEXIBLE_ARRAY_MEMBER];
} Recent;

/* Hashes to fetch of a run; of what follows the CPU guesses that it is next. */
#define MOST_EXPECTED		64

/* Leaves that a summary page usually has; see pack.c. */
#define USUAL_LEAVES		24

#define CACHE_LINE			64

void
index_damaged(Relation index, BlockNumber block, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" is damaged at block %u: %s",
					RelationGetRelationName(index), block, what),
			 errhint("REINDEX it.")));
}

void
page_start(Page page, PageKind kind, uint16 flags)
{
	PageMark   *mark = page_mark(page);

	PageInit(page, BLCKSZ, 0);
	/* All of it is used: generic WAL would not log what lies between these. */
	((PageHeader) page)->pd_lower = ((PageHeader) page)->pd_upper;
	mark->magic = PAGE_MAGIC;
	mark->version = PAGE_VERSION;
	mark->kind = kind;
	mark->flags = flags;
}

/* Complain if a page is not what the one that led there says. */
void
page_require(Relation index, Buffer buffer, PageKind kind)
{
	Page		page = BufferGetPage(buffer);
	const PageMark *mark = page_mark(page);
	const char *damage = NULL;

	if (likely(mark->magic == PAGE_MAGIC && mark->version == PAGE_VERSION &&
			   mark->kind == kind && ((PageHeader) page)->pd_lower == BLCKSZ))
	{
		if (kind == PAGE_SUMMARY)
			damage = summary_damage(page_content(page));
		else if (kind == PAGE_TOP)
			damage = top_damage(page_content(page));
		else if (kind == PAGE_META)
			damage = meta_damage(page_content(page));
	}
	else if (PageIsNew(page))
		damage = "the page is empty";
	else if (mark->magic != PAGE_MAGIC || ((PageHeader) page)->pd_lower != BLCKSZ)
		damage = "the page is none of a hamming index";
	else if (mark->version != PAGE_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has version %d, but this library reads version %d",
						RelationGetRelationName(index), mark->version, PAGE_VERSION),
				 errhint("REINDEX it.")));
	else
		damage = "the page is of another kind than expected";

	if (damage != NULL)
		index_damaged(index, BufferGetBlockNumber(buffer), damage);
}

static Recent *
recent_places(Relation index, BlockNumber block)
{
	Recent	   *recent = index->rd_amcache;
	Recent	   *larger;
	BlockNumber count;

	if (likely(recent != NULL && block < recent->count))
		return recent;
	count = RelationGetNumberOfBlocks(index);
	if (block >= count)
		index_damaged(index, block, "the file ends before it");
	/* Some to spare, for an index that grows. */
	count += 64 + count / 8;
	larger = MemoryContextAllocExtended(index->rd_indexcxt,
										offsetof(Recent, buffer) + (Size) count * sizeof(Buffer),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	larger->count = count;
	if (recent != NULL)
	{
		memcpy(larger->buffer, recent->buffer, recent->count * sizeof(Buffer));
		pfree(recent);
	}
	index->rd_amcache = larger;
	return larger;
}

/*
 * Pin a block. The place in shared memory where it was found last is tried
 * first, which spares the lookup.
 */
static Buffer
pin_block(Relation index, BlockNumber block, BufferAccessStrategy strategy)
{
	Recent	   *recent = recent_places(index, block);
	Buffer		buffer;

	buffer = recent->buffer[block];
	if (BufferIsValid(buffer) &&
		ReadRecentBuffer(relation_locator(index), MAIN_FORKNUM, block, buffer))
	{
		pgstat_count_buffer_read(index);
		pgstat_count_buffer_hit(index);
		return buffer;
	}
	buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	/* Reading may have opened files and so have brought the entry up to date. */
	recent = index->rd_amcache;
	if (recent != NULL && block < recent->count)
		recent->buffer[block] = buffer;
	return buffer;
}

/* Have memory fetch part of a page's content that will be read soon. */
static inline void
expect_part(Page page, size_t offset, size_t size)
{
	const char *from = (const char *) page_content(page) + offset;

	for (const char *to = from + size; from < to; from += CACHE_LINE)
		__builtin_prefetch(from);
}

/* Where a block was found last, if that is known, with its descriptor on the way. */
static Page
expect_page(Relation index, BlockNumber block)
{
	const Recent *recent = index->rd_amcache;
	Buffer		buffer;

	if (recent == NULL || block >= recent->count)
		return NULL;
	buffer = recent->buffer[block];
	if (buffer <= 0 || buffer > NBuffers)
		return NULL;			/* not known, or of a temporary table */
	__builtin_prefetch(GetBufferDescriptor(buffer - 1));
	return BufferGetPage(buffer);
}

/* Have memory fetch hashes of a leaf that will be read soon. */
void
page_expect_hashes(Relation index, BlockNumber block, int slot, int count)
{
	Page		page = expect_page(index, block);

	if (page == NULL)
		return;
	__builtin_prefetch(page);
	expect_part(page, offsetof(Leaf, hashes) + slot * sizeof(uint64),
				Min(count, MOST_EXPECTED) * sizeof(uint64));
}

/* Have memory fetch what is looked at first of a summary page. */
void
page_expect_summary(Relation index, BlockNumber block)
{
	Page		page = expect_page(index, block);

	if (page == NULL)
		return;
	__builtin_prefetch(page);
	expect_part(page, offsetof(Summary, leaf_and), sizeof(uint64) * USUAL_LEAVES);
	expect_part(page, offsetof(Summary, leaf_or), sizeof(uint64) * USUAL_LEAVES);
	expect_part(page, offsetof(Summary, leaf_block), 1);
	expect_part(page, offsetof(Summary, leaf_groups), 1);
}

/* Read a page that must be of that kind. "lock" is 0 or one of LockBuffer's. */
Buffer
page_read(Relation index, BlockNumber block, PageKind kind, int lock)
{
	Buffer		buffer = pin_block(index, block, NULL);

	if (lock != BUFFER_LOCK_UNLOCK)
		LockBuffer(buffer, lock);
	page_require(index, buffer, kind);
	return buffer;
}

/*
 * Read the leaf of that number of a summary which the caller has locked. The
 * leaf itself is not locked. "first" is the first of its groups.
 */
Buffer
page_read_leaf(Relation index, const Summary *summary, int number, int first,
			   BufferAccessStrategy strategy)
{
	BlockNumber block = summary->leaf_block[number];
	Buffer		buffer = pin_block(index, block, strategy);
	const char *damage;

	page_require(index, buffer, PAGE_LEAF);
	damage = leaf_damage(summary, number, first, buffer_content(buffer));
	if (damage != NULL)
		index_damaged(index, block, damage);
	return buffer;
}

/*
 * A page to be filled, locked: one that was given back, or else a new one at
 * the end. What is in it is of no account; register it as a full image.
 */
Buffer
page_new(Relation index)
{
	BlockNumber block;

	while ((block = GetFreeIndexPage(index)) != InvalidBlockNumber)
	{
		Buffer		buffer = ReadBuffer(index, block);

		/* The free space map is only a hint. */
		if (ConditionalLockBuffer(buffer))
		{
			Page		page = BufferGetPage(buffer);

			if (PageIsNew(page) || (page_mark(page)->magic == PAGE_MAGIC &&
									page_mark(page)->kind == PAGE_FREE))
				return buffer;
			LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		}
		ReleaseBuffer(buffer);
	}
	return extend_relation(index, MAIN_FORKNUM);
}

/* Write the pages that every index has. */
void
index_start(Relation index, ForkNumber fork)
{
	for (BlockNumber block = 0; block < FIRST_BLOCK; block++)
	{
		Buffer		buffer = extend_relation(index, fork);
		Page		page = BufferGetPage(buffer);

		if (BufferGetBlockNumber(buffer) != block)
			elog(ERROR, "index \"%s\" is not empty", RelationGetRelationName(index));

		START_CRIT_SECTION();
		page_start(page, block == META_BLOCK ? PAGE_META : PAGE_INTERLOCK, 0);
		if (block == META_BLOCK)
		{
			Meta	   *meta = page_content(page);

			meta->first_top = meta->last_top = NO_BLOCK;
		}
		MarkBufferDirty(buffer);
		/* An unlogged index is reset to its init fork, which must not be lost. */
		if (fork == INIT_FORKNUM)
			log_newpage_buffer(buffer, true);
		END_CRIT_SECTION();
		UnlockReleaseBuffer(buffer);
	}
}
