/*-------------------------------------------------------------------------
 *
 * build.c
 *	  Building an index over a table.
 *
 * The items of a table that fit into maintenance_work_mem are ordered there
 * and packed. Of a larger table the first items that fill the memory serve as
 * a sample: the splits that divide them evenly say where every item belongs,
 * and each part is written to a tape of its own, to be ordered when all have
 * been read. Tapes are what PostgreSQL sorts on; sorting itself is not needed,
 * as the order within a part is made in memory. A part that still does not
 * fit is divided in the same way.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/logtape.h"
#include "utils/memutils.h"

#include "hamming/am.h"
#include "hamming/compat.h"
#include "hamming/pack.h"
#include "hamming/partition.h"

#define LEAST_TAPES			4
#define MOST_TAPES			256
#define LEAST_ITEMS			1024

/* A split: items without the bit go to the left, the others to the right. */
typedef struct Split
{
	int			bit;
	int			left;			/* split, or if negative ~part */
	int			right;
} Split;

/* Where an item belongs, once it is known that memory does not suffice. */
typedef struct Router
{
	LogicalTapeSet *tapes;
	int			parts;
	int			splits;
	bool		by_equality;	/* part 0 has this hash, part 1 all others */
	uint64		equal;
	Split		split[MOST_TAPES];
	LogicalTape *tape[MOST_TAPES];
	uint64		count[MOST_TAPES];
} Router;

typedef struct Build
{
	Relation	index;
	Entry	   *items;
	size_t		count;
	size_t		room;
	int			tapes;			/* to divide among, at most */
	Router	   *router;			/* NULL while memory suffices */
	Packer		hashes;
	Packer		nulls;
	Entry		null_items[LEAF_CAPACITY];	/* not packed yet */
	int			null_count;
	double		done;			/* items on leaves */

	/* The top that entries are added to, and where it will lie. */
	BlockNumber top_block;
	Top			top;
} Build;

/* Append a page with that content; returns its block. */
static BlockNumber
write_page(Relation index, PageKind kind, const void *content, size_t size)
{
	Buffer		buffer = extend_relation(index, MAIN_FORKNUM);
	BlockNumber block = BufferGetBlockNumber(buffer);

	START_CRIT_SECTION();
	page_start(BufferGetPage(buffer), kind, 0);
	memcpy(buffer_content(buffer), content, size);
	MarkBufferDirty(buffer);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
	return block;
}

static void
overwrite_page(Relation index, BlockNumber block, const void *content, size_t size)
{
	Buffer		buffer = ReadBuffer(index, block);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	START_CRIT_SECTION();
	memcpy(buffer_content(buffer), content, size);
	MarkBufferDirty(buffer);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

static uint32_t
write_leaf(void *context, const Leaf *leaf)
{
	Build	   *build = context;

	CHECK_FOR_INTERRUPTS();
	build->done += leaf->items;
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) build->done);
	return write_page(build->index, PAGE_LEAF, leaf, sizeof(*leaf));
}

static void
write_summary(void *context, const Summary *packed)
{
	Build	   *build = context;
	Top		   *top = &build->top;
	Summary		summary = *packed;

	if (top->entries == TOP_ENTRIES || build->top_block == InvalidBlockNumber)
	{
		Meta		meta;
		BlockNumber block;
		Top			empty = {.next = NO_BLOCK};

		block = write_page(build->index, PAGE_TOP, &empty, sizeof(empty));
		if (build->top_block != InvalidBlockNumber)
		{
			top->next = block;
			overwrite_page(build->index, build->top_block, top, sizeof(*top));
		}
		else
		{
			memset(&meta, 0, sizeof(meta));
			meta.first_top = block;
			meta.last_top = block;
			overwrite_page(build->index, META_BLOCK, &meta, sizeof(meta));
		}
		*top = empty;
		build->top_block = block;
	}
	summary.top_block = build->top_block;
	summary.top_slot = top->entries;
	top->all_and[top->entries] = summary.all_and;
	top->all_or[top->entries] = summary.all_or;
	top->flags[top->entries] = (uint8) summary.flags;
	top->block[top->entries] = write_page(build->index, PAGE_SUMMARY, &summary, sizeof(summary));
	top->entries++;
}

/* Write the last top, and what the meta page says. */
static void
finish_tops(Build *build)
{
	if (build->top_block == InvalidBlockNumber)
		return;
	overwrite_page(build->index, build->top_block, &build->top, sizeof(build->top));

	{
		Buffer		buffer = ReadBuffer(build->index, META_BLOCK);

		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		START_CRIT_SECTION();
		((Meta *) buffer_content(buffer))->last_top = build->top_block;
		MarkBufferDirty(buffer);
		END_CRIT_SECTION();
		UnlockReleaseBuffer(buffer);
	}
}

static void
take_group(void *context, const Entry *items, size_t count)
{
	packer_add(context, items, count);
}

/*
 * Divide the items into at most so many parts, and write each to its tape.
 * Returns what was made of them: a split, or ~part.
 */
static int
divide(Router *router, Entry *items, size_t count, int parts)
{
	int			bit = parts > 1 && count > 1 ? partition_bit(items, count) : -1;
	size_t		without;
	int			split;

	if (bit < 0)
	{
		int			part = router->parts++;

		router->tape[part] = LogicalTapeCreate(router->tapes);
		router->count[part] = count;
		for (size_t done = 0; done < count;)
		{
			size_t		some = Min(count - done, 4096);

			LogicalTapeWrite(router->tape[part], items + done, some * sizeof(Entry));
			done += some;
		}
		return ~part;
	}
	split = router->splits++;
	without = partition_by_bit(items, count, bit);
	router->split[split].bit = bit;
	router->split[split].left = divide(router, items, without, parts / 2);
	router->split[split].right = divide(router, items + without, count - without,
										parts - parts / 2);
	return split;
}

/* Begin a router from the items at hand, and move them to its tapes. */
static Router *
router_start(LogicalTapeSet *tapes, Entry *items, size_t count, int parts)
{
	Router	   *router = palloc0(sizeof(Router));

	router->tapes = tapes;
	if (partition_bit(items, count) < 0)
	{
		/* A sample of one hash alone tells no bit from another. */
		router->by_equality = true;
		router->equal = items[0].hash;
		divide(router, items, count, 1);
		divide(router, items, 0, 1);
	}
	else
		divide(router, items, count, parts);
	return router;
}

static void
router_add(Router *router, Entry *item)
{
	int			place = 0;

	if (router->by_equality)
		place = item->hash == router->equal ? ~0 : ~1;
	while (place >= 0)
	{
		const Split *split = &router->split[place];

		place = (item->hash >> split->bit) & 1 ? split->right : split->left;
	}
	LogicalTapeWrite(router->tape[~place], item, sizeof(Entry));
	router->count[~place]++;
}

static void
read_items(LogicalTape *tape, Entry *items, size_t count)
{
	for (size_t done = 0; done < count;)
	{
		size_t		some = Min(count - done, 4096);

		if (LogicalTapeRead(tape, items + done, some * sizeof(Entry)) != some * sizeof(Entry))
			elog(ERROR, "a temporary file of an index build is shorter than it was");
		done += some;
	}
}

static void pack_parts(Build *build, Router *router);

/* Order the items of a part that does not fit into memory, and pack them. */
static void
pack_large_part(Build *build, LogicalTape *tape, uint64 count, bool all_equal)
{
	Router	   *router = NULL;

	for (uint64 done = 0; done < count;)
	{
		size_t		some = Min(count - done, build->room);

		CHECK_FOR_INTERRUPTS();
		read_items(tape, build->items, some);
		if (all_equal)
			packer_add(&build->hashes, build->items, some);
		else if (router == NULL)
			router = router_start(LogicalTapeSetCreate(false, NULL, -1), build->items, some,
								  build->tapes);
		else
			for (size_t i = 0; i < some; i++)
				router_add(router, &build->items[i]);
		done += some;
	}
	if (router != NULL)
		pack_parts(build, router);
}

static void
pack_parts(Build *build, Router *router)
{
	for (int part = 0; part < router->parts; part++)
	{
		LogicalTape *tape = router->tape[part];
		uint64		count = router->count[part];

		LogicalTapeRewindForRead(tape, BLCKSZ * 4);
		if (count <= build->room)
		{
			read_items(tape, build->items, count);
			partition(build->items, count, take_group, &build->hashes);
		}
		else
			pack_large_part(build, tape, count, router->by_equality && part == 0);
		LogicalTapeClose(tape);
	}
	LogicalTapeSetClose(router->tapes);
	pfree(router);
}

/* Called for each row of the table. */
static void
take_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *context)
{
	Build	   *build = context;
	Entry		item = {0};

	memcpy(&item.pointer, tid, sizeof(item.pointer));
	if (isnull[0])
	{
		build->null_items[build->null_count++] = item;
		if (build->null_count == LEAF_CAPACITY)
		{
			packer_add(&build->nulls, build->null_items, LEAF_CAPACITY);
			build->null_count = 0;
		}
		return;
	}
	item.hash = (uint64) DatumGetInt64(values[0]);
	if (build->router != NULL)
	{
		router_add(build->router, &item);
		return;
	}
	if (build->count == build->room)
	{
		build->router = router_start(LogicalTapeSetCreate(false, NULL, -1), build->items,
									 build->count, build->tapes);
		router_add(build->router, &item);
		return;
	}
	build->items[build->count++] = item;
}

static void
start_packer(Packer *packer, Build *build, uint16 flags)
{
	const Options *options = (const Options *) build->index->rd_options;
	int			fill = options ? options->fillfactor : USUAL_FILLFACTOR;

	packer->write_leaf = write_leaf;
	packer->write_summary = write_summary;
	packer->context = build;
	packer_start(packer, LEAF_CAPACITY * fill / 100, flags);
}

IndexBuildResult *
hamming_build(Relation heap, Relation index, IndexInfo *info)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	Build	   *build = palloc0(sizeof(Build));
	size_t		memory = (size_t) maintenance_work_mem * 1024;

	build->index = index;
	build->top_block = InvalidBlockNumber;
	/* A quarter of the memory is for the tapes' buffers, should they be needed. */
	build->tapes = (int) Min(Max(memory / 4 / BLCKSZ, LEAST_TAPES), MOST_TAPES);
	build->room = Max((memory - memory / 4) / sizeof(Entry), LEAST_ITEMS);
	build->items = MemoryContextAllocHuge(CurrentMemoryContext, build->room * sizeof(Entry));
	index_start(index, MAIN_FORKNUM);
	start_packer(&build->hashes, build, 0);
	start_packer(&build->nulls, build, SUMMARY_NULLS);

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_SCAN);
	result->heap_tuples = table_index_build_scan(heap, index, info, true, true, take_row,
												 build, NULL);

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_WRITE);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, (int64) result->heap_tuples);
	packer_add(&build->nulls, build->null_items, (size_t) build->null_count);
	packer_finish(&build->nulls);
	if (build->router != NULL)
		pack_parts(build, build->router);
	else
		partition(build->items, build->count, take_group, &build->hashes);
	packer_finish(&build->hashes);
	finish_tops(build);

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_LOG);
	if (RelationNeedsWAL(index))
		log_newpage_range(index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(index), true);

	result->index_tuples = build->done;
	pfree(build->items);
	pfree(build);
	return result;
}

/* The init fork of an unlogged index. */
void
hamming_build_empty(Relation index)
{
	index_start(index, INIT_FORKNUM);
}
