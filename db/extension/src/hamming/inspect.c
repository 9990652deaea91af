/*-------------------------------------------------------------------------
 *
 * inspect.c
 *	  Looking into an index: how it is, and whether it is right.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/bloomfilter.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "hamming/am.h"
#include "hamming/damage.h"

PG_FUNCTION_INFO_V1(hamming_index_stats);
PG_FUNCTION_INFO_V1(hamming_index_check);
PG_FUNCTION_INFO_V1(hamming_kernel);

/* Columns of hamming_index_stats */
#define STATS_COLUMNS		9

/* The name of the CPU's code for counting bits. */
Datum
hamming_kernel(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(kernel_best()->name));
}

static Relation
open_index(Oid oid, LOCKMODE mode)
{
	Relation	index = index_open(oid, mode);

	if (index->rd_rel->relkind != RELKIND_INDEX ||
		index->rd_rel->relam != get_index_am_oid("hamming", false))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a hamming index", RelationGetRelationName(index))));
	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot read temporary indexes of other sessions")));
	return index;
}

Datum
hamming_index_stats(PG_FUNCTION_ARGS)
{
	Relation	index = open_index(PG_GETARG_OID(0), AccessShareLock);
	Walk		walk = {0};
	Buffer		buffer;
	TupleDesc	descriptor;
	Datum		values[STATS_COLUMNS];
	bool		nulls[STATS_COLUMNS] = {false};
	BlockNumber pages = RelationGetNumberOfBlocks(index);
	int64		leaves = 0;
	int64		summaries = 0;
	int64		tops = 0;
	int64		items = 0;
	int64		groups = 0;
	int64		dead = 0;
	int64		inserted = 0;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	walk_start(&walk, index, NULL, NULL, NULL);
	tops = (walk.total + TOP_ENTRIES - 1) / TOP_ENTRIES;
	while (BufferIsValid(buffer = walk_next(&walk, BUFFER_LOCK_SHARE)))
	{
		const Summary *summary = buffer_content(buffer);

		summaries++;
		leaves += summary->leaves;
		groups += summary->groups;
		for (int number = 0, first = 0; number < summary->leaves;
			 first += summary->leaf_groups[number++])
		{
			Buffer		leaf_buffer = page_read_leaf(index, summary, number, first, NULL);
			const Leaf *leaf = buffer_content(leaf_buffer);

			items += leaf->items;
			if (page_mark(BufferGetPage(leaf_buffer))->flags & LEAF_INSERTED)
				inserted += leaf->items;
			for (int i = 0; i < leaf->items; i++)
				dead += (leaf->pointers[i].part[2] & POINTER_DEAD) != 0;
			ReleaseBuffer(leaf_buffer);
		}
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
	walk_end(&walk);
	index_close(index, AccessShareLock);

	values[0] = Int64GetDatum(pages);
	values[1] = Int64GetDatum(leaves);
	values[2] = Int64GetDatum(summaries);
	values[3] = Int64GetDatum(Max(0, pages - leaves - summaries - tops - FIRST_BLOCK));
	values[4] = Int64GetDatum(items);
	values[5] = Int64GetDatum(groups);
	values[6] = Float8GetDatum(leaves ? (double) items / (leaves * LEAF_CAPACITY) : 0);
	values[7] = Float8GetDatum(items ? (double) inserted / items : 0);
	values[8] = Int64GetDatum(dead);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls)));
}

typedef struct Check
{
	Relation	index;
	bloom_filter *filter;
	BlockNumber *leader;		/* of each block, the summary page it belongs to */
	BlockNumber size;
	int64		rows;
} Check;

/* What of an item goes into the filter. */
typedef struct Fingerprint
{
	uint64		hash;
	HeapPointer pointer;
	uint16		isnull;
} Fingerprint;

static bool
leads_to(const Summary *summary, BlockNumber block)
{
	for (int number = 0; number < summary->leaves; number++)
		if (summary->leaf_block[number] == block)
			return true;
	return false;
}

/*
 * Note that a page belongs to a summary page, which is locked, and to no other.
 * A leaf that vacuum gave back may have been met before, where it was.
 */
static void
claim_block(Check *check, BlockNumber block, BlockNumber leader)
{
	BlockNumber before;

	if (block >= check->size)
		return;					/* made since the check began */
	before = check->leader[block];
	check->leader[block] = leader;
	if (before == InvalidBlockNumber)
		return;
	if (before != leader)
	{
		Buffer		buffer = page_read(check->index, before, PAGE_SUMMARY, BUFFER_LOCK_SHARE);
		bool		still = leads_to(buffer_content(buffer), block);

		UnlockReleaseBuffer(buffer);
		if (!still)
			return;
	}
	index_damaged(check->index, block, "two places lead to the page");
}

static void
check_leaf(Check *check, const Summary *summary, BlockNumber leader, int number, int first)
{
	Buffer		buffer = page_read_leaf(check->index, summary, number, first, NULL);
	const Leaf *leaf = buffer_content(buffer);
	const char *falsehood = leaf_falsehood(summary, number, leaf);

	if (falsehood != NULL)
		index_damaged(check->index, BufferGetBlockNumber(buffer), falsehood);
	claim_block(check, BufferGetBlockNumber(buffer), leader);
	for (int i = 0; i < leaf->items; i++)
	{
		Fingerprint print = {leaf->hashes[i], leaf->pointers[i]};

		print.pointer.part[2] &= ~POINTER_DEAD;
		print.isnull = (summary->flags & SUMMARY_NULLS) != 0;
		bloom_add_element(check->filter, (unsigned char *) &print, sizeof(print));
	}
	ReleaseBuffer(buffer);
}

static void
check_summary(Check *check, Buffer buffer)
{
	const Summary *summary = buffer_content(buffer);
	BlockNumber block = BufferGetBlockNumber(buffer);
	const char *falsehood = summary_falsehood(summary);
	Buffer		top_buffer;
	const Top  *top;

	if (falsehood != NULL)
		index_damaged(check->index, block, falsehood);
	claim_block(check, block, block);

	top_buffer = page_read(check->index, summary->top_block, PAGE_TOP, BUFFER_LOCK_SHARE);
	top = buffer_content(top_buffer);
	if (summary->top_slot >= top->entries || top->block[summary->top_slot] != block)
		index_damaged(check->index, block, "the entry of a summary page is another's");
	if (top->all_and[summary->top_slot] != summary->all_and ||
		top->all_or[summary->top_slot] != summary->all_or)
		index_damaged(check->index, block, "a top has other bounds than the summary page");
	if ((top->flags[summary->top_slot] & TOP_NULLS) != (summary->flags & SUMMARY_NULLS) ||
		(top->flags[summary->top_slot] & TOP_EMPTY && summary->leaves > 0))
		index_damaged(check->index, block, "a top has other flags than the summary page");
	UnlockReleaseBuffer(top_buffer);

	for (int number = 0, first = 0; number < summary->leaves;
		 first += summary->leaf_groups[number++])
		check_leaf(check, summary, block, number, first);
}

/* Called for each row that the index must have. */
static void
check_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive, void *context)
{
	Check	   *check = context;
	Fingerprint print = {0};

	memcpy(&print.pointer, tid, sizeof(print.pointer));
	print.isnull = isnull[0];
	if (!isnull[0])
		print.hash = (uint64) DatumGetInt64(values[0]);
	if (bloom_lacks_element(check->filter, (unsigned char *) &print, sizeof(print)))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" lacks row (%u,%u) of its table",
						RelationGetRelationName(index),
						ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid)),
				 errhint("REINDEX it.")));
	check->rows++;
}

/*
 * Every bound is compared with what it is the bound of, and every row of the
 * table that this transaction could see is looked for, while others read and
 * write. Of rows that are missing a few in a million may be overlooked, since
 * what the index has is remembered in a Bloom filter, of maintenance_work_mem.
 */
Datum
hamming_index_check(PG_FUNCTION_ARGS)
{
	Oid			oid = PG_GETARG_OID(0);
	Oid			heap_oid = IndexGetRelation(oid, true);
	Relation	heap = OidIsValid(heap_oid) ? table_open(heap_oid, AccessShareLock) : NULL;
	Relation	index = open_index(oid, AccessShareLock);
	Check		check = {index};
	Snapshot	snapshot;
	TableScanDesc scan;
	IndexInfo  *info;
	Walk		walk = {0};
	Buffer		buffer;

	if (!index->rd_index->indisvalid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", RelationGetRelationName(index)),
				 errdetail("Its build was interrupted."),
				 errhint("REINDEX or drop it.")));

	/* Before the index is read: what is inserted later need not be in it. */
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	check.size = RelationGetNumberOfBlocks(index);
	check.leader = MemoryContextAllocHuge(CurrentMemoryContext,
										  Max(check.size, 1) * sizeof(BlockNumber));
	memset(check.leader, 0xFF, check.size * sizeof(BlockNumber));
	check.filter = bloom_create(Max((int64) heap->rd_rel->reltuples,
									(int64) check.size * LEAF_CAPACITY),
								maintenance_work_mem, 0);

	walk_start(&walk, index, NULL, NULL, NULL);
	while (BufferIsValid(buffer = walk_next(&walk, BUFFER_LOCK_SHARE)))
	{
		check_summary(&check, buffer);
		UnlockReleaseBuffer(buffer);
		CHECK_FOR_INTERRUPTS();
	}
	walk_end(&walk);

	info = BuildIndexInfo(index);
	/* Under this snapshot rather than any, as when an index is built concurrently. */
	info->ii_Concurrent = true;
	info->ii_Unique = false;
	info->ii_ExclusionOps = NULL;
	info->ii_ExclusionProcs = NULL;
	info->ii_ExclusionStrats = NULL;
	scan = table_beginscan_strat(heap, snapshot, 0, NULL, true, true);
	table_index_build_scan(heap, index, info, true, false, check_row, &check, scan);

	UnregisterSnapshot(snapshot);
	bloom_free(check.filter);
	pfree(check.leader);
	index_close(index, AccessShareLock);
	table_close(heap, AccessShareLock);
	PG_RETURN_INT64(check.rows);
}
