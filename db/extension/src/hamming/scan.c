/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Searching: what PostgreSQL calls, and rows in any order.
 *
 * See search.h for how a search goes and where its other parts are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/relscan.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "distance.h"
#include "hamming/search.h"

IndexScanDesc
hamming_begin_scan(Relation index, int keys, int orderings)
{
	IndexScanDesc scan = RelationGetIndexScan(index, keys, orderings);
	Search	   *search = palloc0(sizeof(Search));

	search->memory = CurrentMemoryContext;
	search->kernel = kernel_best();
	search->rings = palloc0((keys + 1) * sizeof(Ring));
	search->interlock = InvalidBuffer;
	search->found_at = InvalidBlockNumber;
	scan->opaque = search;
	scan->xs_itupdesc = RelationGetDescr(index);
	if (orderings > 0)
	{
		search->others = palloc(orderings * sizeof(uint64));
		scan->xs_orderbyvals = palloc0(orderings * sizeof(Datum));
		scan->xs_orderbynulls = palloc(orderings * sizeof(bool));
		memset(scan->xs_orderbynulls, true, orderings * sizeof(bool));
	}
	return scan;
}

static void
release_interlock(Search *search)
{
	if (BufferIsValid(search->interlock))
		ReleaseBuffer(search->interlock);
	search->interlock = InvalidBuffer;
}

void
hamming_rescan(IndexScanDesc scan, ScanKey keys, int count, ScanKey orderings,
			   int ordering_count)
{
	Search	   *search = scan->opaque;

	dead_mark(scan);
	pass_end(search);
	release_interlock(search);
	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderings && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderings, scan->numberOfOrderBys * sizeof(ScanKeyData));

	search->stage = STAGE_START;
	search->found_count = 0;
	search->given = 0;
	search->dead_count = 0;
	condition_understand(scan);
}

void
hamming_end_scan(IndexScanDesc scan)
{
	dead_mark(scan);
	pass_end(scan->opaque);
	release_interlock(scan->opaque);
}

static bool
refill_unordered(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

	if (!search->in_pass)
		pass_start(scan);
	while (pass_continue(scan))
		if (search->found_count > 0)
			return true;
	return false;
}

/* Find more rows, when all that were found have been given out. */
static bool
refill(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

	search->given = 0;
	search->found_count = 0;
	if (search->stage == STAGE_START)
	{
#if PG_VERSION_NUM >= 180000
		if (scan->instrument)
			scan->instrument->nsearches++;
#endif
		pgstat_count_index_scan(scan->indexRelation);
		search->stage = STAGE_HASHES;
	}
	if (search->stage == STAGE_HASHES)
	{
		if (search->hashes &&
			(search->ordered ? order_refill(scan) : refill_unordered(scan)))
			return true;
		search->stage = STAGE_NULLS;
		/* No distance says anything of these. */
		search->ring_count = 0;
		search->window = NULL;
		search->ordered = false;
	}
	if (search->stage == STAGE_NULLS)
	{
		if (search->nulls && refill_unordered(scan))
			return true;
		search->stage = STAGE_END;
		release_interlock(search);
	}
	return false;
}

/* The index's own tuple, for a scan that does not go to the table. */
static IndexTuple
index_tuple(IndexScanDesc scan, const Found *found)
{
	Search	   *search = scan->opaque;
	MemoryContext before = MemoryContextSwitchTo(search->memory);
	Datum		value = Int64GetDatum(0);
	bool		isnull = search->stage == STAGE_NULLS;

	if (isnull && search->null_tuple == NULL)
		search->null_tuple = index_form_tuple(scan->xs_itupdesc, &value, &isnull);
	if (!isnull && search->tuple == NULL)
		search->tuple = index_form_tuple(scan->xs_itupdesc, &value, &isnull);
	MemoryContextSwitchTo(before);
	if (isnull)
		return search->null_tuple;
	memcpy((char *) search->tuple + IndexInfoFindDataOffset(search->tuple->t_info),
		   &found->hash, sizeof(found->hash));
	return search->tuple;
}

bool
hamming_get_tuple(IndexScanDesc scan, ScanDirection direction)
{
	Search	   *search = scan->opaque;
	const Found *found;

	if (direction != ForwardScanDirection)
		elog(ERROR, "a hamming index is only scanned forward");

	if (scan->kill_prior_tuple)
		dead_remember(search);
	if (search->given == search->found_count && !refill(scan))
		return false;

	found = &search->found[search->given++];
	memcpy(&scan->xs_heaptid, &found->pointer, sizeof(ItemPointerData));
	scan->xs_recheck = false;
	scan->xs_recheckorderby = false;
	for (int i = 0; i < scan->numberOfOrderBys; i++)
	{
		const ScanKeyData *key = &scan->orderByData[i];
		bool		unknown = search->stage == STAGE_NULLS || (key->sk_flags & SK_ISNULL);

		scan->xs_orderbynulls[i] = unknown;
		if (!unknown)
			scan->xs_orderbyvals[i] =
				Int64GetDatum(hamming_distance(found->hash,
											   (uint64) DatumGetInt64(key->sk_argument)));
	}
	if (scan->xs_want_itup)
		scan->xs_itup = index_tuple(scan, found);
	return true;
}

int64
hamming_get_bitmap(IndexScanDesc scan, TIDBitmap *bitmap)
{
	Search	   *search = scan->opaque;
	int64		total = 0;

	while (refill(scan))
	{
		ItemPointerData *tids = palloc(search->found_count * sizeof(ItemPointerData));

		for (int i = 0; i < search->found_count; i++)
			memcpy(&tids[i], &search->found[i].pointer, sizeof(ItemPointerData));
		tbm_add_tuples(bitmap, tids, search->found_count, false);
		pfree(tids);
		total += search->found_count;
	}
	return total;
}
