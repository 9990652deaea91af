/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Searching.
 *
 * What is searched for is a list of rings, each a center and the least and
 * greatest distance to it, of which all must hold: an area is one, an equal
 * hash is one of distance 0. A pass visits the summary pages that all rings
 * leave open, one after the other, and takes what it finds on one before it
 * goes on; so a first row comes early, and what must be remembered is bounded
 * by what one summary page describes.
 *
 * Rows in order of distance take several passes, each over a window of
 * distances that begins where the one before it ended. A pass must be complete
 * before its rows can be put in order, so a window that finds too much is
 * narrowed; if it is down to one distance, there is nothing left to order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/itup.h"
#include "access/relscan.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "area.h"
#include "distance.h"
#include "hamming/am.h"

/* The windows of an ordered search: the greatest distance of each. */
static const int windows[] = {3, 7, 12, 20, HAMMING_BITS};

/* An index with so few summary pages is read once rather than window by window. */
#define FEW_SUMMARIES		4

/* So many runs are asked for before the first of them is needed. */
#define RUNS_AHEAD			8

/* Dead rows to remember from one summary page. */
#define MOST_DEAD			1024

typedef struct Ring
{
	uint64		center;
	int			low;
	int			high;
} Ring;

/* Hashes of a leaf that may be near. */
typedef struct Run
{
	int			leaf;			/* of the summary */
	int			first;			/* group of the leaf */
	int			slot;
	int			length;
} Run;

typedef struct Found
{
	uint64		hash;
	HeapPointer pointer;
	uint16		distance;		/* to what the rows are ordered by */
} Found;

typedef enum Stage
{
	STAGE_START,				/* nothing has been read yet */
	STAGE_HASHES,
	STAGE_NULLS,
	STAGE_END
} Stage;

typedef struct Search
{
	MemoryContext memory;
	const Kernel *kernel;

	/* What is searched for */
	Ring	   *rings;
	int			ring_count;
	bool		hashes;			/* are any wanted? */
	bool		nulls;			/* are rows without a hash wanted? */
	bool		ordered;
	uint64		center;			/* that rows are ordered by the distance to */
	int			farthest;		/* the greatest such distance that is wanted */
	Ring	   *window;			/* among the rings; NULL if not ordered */

	/* Where it is */
	Stage		stage;
	bool		in_pass;
	Walk		walk;
	Buffer		interlock;		/* see vacuum.c */

	Found	   *found;
	int			found_count;
	int			found_room;
	int			given;			/* of these */
	BlockNumber found_at;		/* summary page of them all, if there is one */

	/* Rows known to be dead, to be marked before the next page is read */
	Found	   *dead;
	int			dead_count;

	IndexTuple	tuple;			/* for index-only scans */
	IndexTuple	null_tuple;
} Search;

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
		scan->xs_orderbyvals = palloc0(orderings * sizeof(Datum));
		scan->xs_orderbynulls = palloc(orderings * sizeof(bool));
		memset(scan->xs_orderbynulls, true, orderings * sizeof(bool));
	}
	return scan;
}

static void
end_pass(Search *search)
{
	walk_end(&search->walk);
	search->in_pass = false;
	search->found_at = InvalidBlockNumber;
}

static void
release_interlock(Search *search)
{
	if (BufferIsValid(search->interlock))
		ReleaseBuffer(search->interlock);
	search->interlock = InvalidBuffer;
}

static void
add_ring(Search *search, uint64 center, int low, int high)
{
	Ring	   *ring = &search->rings[search->ring_count++];

	ring->center = center;
	ring->low = low;
	ring->high = high;
}

/* Understand a condition. False if no row can meet it. */
static bool
add_condition(Search *search, ScanKey key)
{
	Area		area;

	if (key->sk_flags & SK_SEARCHNULL)
	{
		search->hashes = false;
		return true;
	}
	search->nulls = false;
	if (key->sk_flags & SK_SEARCHNOTNULL)
		return true;
	if (key->sk_flags & SK_ISNULL)
		return false;

	switch (key->sk_strategy)
	{
		case STRATEGY_WITHIN:
			if (!area_from_datum(key->sk_argument, &area))
				return false;
			add_ring(search, area.center, 0, area.radius);
			return true;
		case STRATEGY_EQUAL:
			/* The subtype is that of the argument, or unset for the column's own. */
			if (key->sk_subtype == INT4OID)
				add_ring(search, (uint64) (int64) DatumGetInt32(key->sk_argument), 0, 0);
			else if (key->sk_subtype == INT2OID)
				add_ring(search, (uint64) (int64) DatumGetInt16(key->sk_argument), 0, 0);
			else
				add_ring(search, (uint64) DatumGetInt64(key->sk_argument), 0, 0);
			return true;
		default:
			elog(ERROR, "unknown strategy number: %d", key->sk_strategy);
	}
}

/* Prepare to order by the distance to a center. */
static void
add_window(Search *search, uint64 center)
{
	int			kept = 0;

	search->ordered = true;
	search->center = center;
	search->farthest = HAMMING_BITS;

	/* Areas around the same center only limit how far the windows go. */
	for (int i = 0; i < search->ring_count; i++)
	{
		if (search->rings[i].center == center)
			search->farthest = Min(search->farthest, search->rings[i].high);
		else
			search->rings[kept++] = search->rings[i];
	}
	search->ring_count = kept;
	search->window = &search->rings[kept];
	add_ring(search, center, 0, -1);
}

/* What the kernel looks for: everything, if there is no ring. */
static Ring
first_ring(const Search *search)
{
	Ring		everything = {0, 0, HAMMING_BITS};

	if (search->window != NULL && search->window->high < search->rings[0].high)
		return *search->window;
	return search->ring_count > 0 ? search->rings[0] : everything;
}

/* May something within these bounds lie in all rings? */
static inline bool
all_rings_reach(const Search *search, uint64 all_and, uint64 all_or)
{
	for (int i = 0; i < search->ring_count; i++)
	{
		uint64		center = search->rings[i].center;

		if (hamming_weight((~center & all_and) | (center & ~all_or)) > search->rings[i].high)
			return false;
	}
	return true;
}

static inline bool
in_all_rings(const Search *search, uint64 hash)
{
	for (int i = 0; i < search->ring_count; i++)
	{
		int			distance = hamming_distance(hash, search->rings[i].center);

		if (distance < search->rings[i].low || distance > search->rings[i].high)
			return false;
	}
	return true;
}

/* WalkChoice of a search */
static void
choose_summaries(void *context, const Top *top, bool *wanted)
{
	const Search *search = context;
	Ring		ring = first_ring(search);
	bool		nulls = search->stage == STAGE_NULLS;
	uint8		bounds[TOP_ENTRIES];

	if (!nulls)
		search->kernel->bounds(top->all_and, top->all_or, top->entries, ring.center, bounds);
	for (int i = 0; i < top->entries; i++)
	{
		wanted[i] = !(top->flags[i] & TOP_EMPTY) && nulls == !!(top->flags[i] & TOP_NULLS);
		if (!nulls && wanted[i])
			wanted[i] = bounds[i] <= ring.high &&
				(search->ring_count <= 1 ||
				 all_rings_reach(search, top->all_and[i], top->all_or[i]));
	}
}

static void
start_pass(IndexScanDesc scan, Search *search)
{
	/*
	 * Only who looks at the index alone, or with a snapshot that sees what
	 * others do, cares whether a row is put in the place of a dead one.
	 */
	bool		interlocked = scan->heapRelation != NULL && scan->xs_snapshot != NULL &&
		(scan->xs_want_itup || !IsMVCCSnapshot(scan->xs_snapshot));

	walk_start(&search->walk, scan->indexRelation, choose_summaries, search,
			   interlocked ? &search->interlock : NULL);
	search->in_pass = true;
	search->found_at = InvalidBlockNumber;
}

static void
make_room(Search *search, int more)
{
	int			needed = search->found_count + more;

	if (needed <= search->found_room)
		return;
	search->found_room = Max(needed, search->found_room * 2);
	if (search->found == NULL)
		search->found = MemoryContextAllocHuge(search->memory,
											   search->found_room * sizeof(Found));
	else
		search->found = repalloc_huge(search->found, search->found_room * sizeof(Found));
}

static void
take_slots(Search *search, const Leaf *leaf, const uint16 *slots, int count, bool skip_dead)
{
	bool		check = search->ring_count > 1;

	make_room(search, count);
	for (int i = 0; i < count; i++)
	{
		int			slot = slots[i];
		Found	   *found = &search->found[search->found_count];

		if (check && !in_all_rings(search, leaf->hashes[slot]))
			continue;
		found->hash = leaf->hashes[slot];
		found->pointer = leaf->pointers[slot];
		if (found->pointer.part[2] & POINTER_DEAD)
		{
			if (skip_dead)
				continue;
			found->pointer.part[2] &= ~POINTER_DEAD;
		}
		if (search->ordered)
			found->distance = (uint16) hamming_distance(found->hash, search->center);
		search->found_count++;
	}
}

/*
 * Find the runs of hashes that a summary leaves open: neighbouring groups of a
 * leaf that may hold something. Returns how many there are.
 */
static int
find_runs(const Search *search, const Summary *summary, Ring ring, Run *runs)
{
	uint8		leaf_bounds[SUMMARY_LEAVES];
	uint8		bounds[SUMMARY_GROUPS];
	int			open = 0;
	int			count = 0;

	search->kernel->bounds(summary->leaf_and, summary->leaf_or, summary->leaves,
						   ring.center, leaf_bounds);
	for (int leaf = 0; leaf < summary->leaves; leaf++)
		open += leaf_bounds[leaf] <= ring.high;
	/* Most of them: all groups at once are quicker than leaf by leaf. */
	if (open > summary->leaves / 2)
		search->kernel->group_bounds(summary->group_and, summary->group_or,
									 summary->group_low, summary->group_high,
									 summary->groups, ring.center, bounds);
	for (int leaf = 0, first = 0; leaf < summary->leaves; first += summary->leaf_groups[leaf++])
	{
		int			end = first + summary->leaf_groups[leaf];
		int			slot = 0;
		Run		   *run = NULL;

		if (leaf_bounds[leaf] > ring.high)
			continue;
		if (open <= summary->leaves / 2)
			search->kernel->group_bounds(&summary->group_and[first], &summary->group_or[first],
										 &summary->group_low[first],
										 &summary->group_high[first],
										 end - first, ring.center, &bounds[first]);
		for (int group = first; group < end; slot += summary->group_count[group++])
		{
			if (bounds[group] > ring.high ||
				(search->ring_count > 1 &&
				 !all_rings_reach(search, summary->group_and[group], summary->group_or[group])))
			{
				run = NULL;
				continue;
			}
			if (run == NULL)
			{
				run = &runs[count++];
				run->leaf = leaf;
				run->first = first;
				run->slot = slot;
				run->length = 0;
			}
			run->length += summary->group_count[group];
		}
	}
	return count;
}

/* Search runs, all of one leaf; returns how many they were. */
static int
search_leaf(IndexScanDesc scan, const Summary *summary, const Run *runs, int count, Ring ring)
{
	Search	   *search = scan->opaque;
	uint16		slots[LEAF_CAPACITY];
	int			found = 0;
	int			done = 0;
	Buffer		buffer = page_read_leaf(scan->indexRelation, summary, runs->leaf, runs->first,
										NULL);
	const Leaf *leaf = buffer_content(buffer);

	for (; done < count && runs[done].leaf == runs[0].leaf; done++)
		found += search->kernel->within(&leaf->hashes[runs[done].slot], runs[done].length,
										ring.center, ring.low, ring.high,
										runs[done].slot, &slots[found]);
	if (found > 0)
	{
		/* What was found may be repeated. */
		if (leaf->items > leaf->distinct)
			found += search->kernel->within(&leaf->hashes[leaf->distinct],
											leaf->items - leaf->distinct, ring.center,
											ring.low, ring.high, leaf->distinct, &slots[found]);
		take_slots(search, leaf, slots, found, scan->ignore_killed_tuples);
	}
	ReleaseBuffer(buffer);
	return done;
}

/* Take everything wanted that a summary page describes. */
static void
search_summary(IndexScanDesc scan, const Summary *summary)
{
	Search	   *search = scan->opaque;
	Ring		ring = first_ring(search);
	Run			runs[SUMMARY_GROUPS];
	int			count;
	int			ahead = 0;

	/* A page to the right of a split one has not been chosen by its bounds. */
	if (!!(summary->flags & SUMMARY_NULLS) != (search->stage == STAGE_NULLS))
		return;

	/*
	 * What a search waits for is memory. Pages are too far from each other for
	 * the CPU to guess which is next, but we know.
	 */
	count = find_runs(search, summary, ring, runs);
	for (int run = 0; run < count;)
	{
		for (; ahead < count && ahead < run + RUNS_AHEAD; ahead++)
			page_expect(scan->indexRelation, summary->leaf_block[runs[ahead].leaf],
						runs[ahead].slot, runs[ahead].length);
		run += search_leaf(scan, summary, &runs[run], count - run, ring);
	}
}

/*
 * Have the places of rows been given to others since the pass began? Before
 * that happens vacuum changes the epoch. If it has not, then what is found
 * under the lock of a summary page is what was there, until that is released.
 */
static bool
places_are_kept(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;
	Buffer		buffer = page_read(scan->indexRelation, META_BLOCK, PAGE_META,
								   BUFFER_LOCK_SHARE);
	bool		kept = ((const Meta *) buffer_content(buffer))->epoch == search->walk.epoch;

	UnlockReleaseBuffer(buffer);
	return kept;
}

/*
 * Mark rows that turned out to be dead. All are of the summary page that was
 * searched last; whatever has become of it meanwhile, an item is marked only
 * if it still has the same hash and row.
 */
static void
mark_dead(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;
	Buffer		buffer;
	const Summary *summary;
	int			leaves;
	int			first = 0;

	if (search->dead_count == 0)
		return;
	buffer = page_read(scan->indexRelation, search->found_at, PAGE_SUMMARY, BUFFER_LOCK_SHARE);
	summary = buffer_content(buffer);
	leaves = places_are_kept(scan) ? summary->leaves : 0;
	for (int number = 0; number < leaves; first += summary->leaf_groups[number++])
	{
		Buffer		leaf_buffer = InvalidBuffer;
		Leaf	   *leaf = NULL;
		bool		marked = false;

		for (int i = 0; i < search->dead_count; i++)
		{
			uint64		hash = search->dead[i].hash;

			if (hamming_weight((~hash & summary->leaf_and[number]) |
							   (hash & ~summary->leaf_or[number])) > 0)
				continue;
			if (leaf == NULL)
			{
				leaf_buffer = page_read_leaf(scan->indexRelation, summary, number, first, NULL);
				LockBuffer(leaf_buffer, BUFFER_LOCK_SHARE);
				leaf = buffer_content(leaf_buffer);
			}
			for (int slot = 0; slot < leaf->items; slot++)
				if (leaf->hashes[slot] == hash &&
					memcmp(&leaf->pointers[slot], &search->dead[i].pointer,
						   sizeof(HeapPointer)) == 0)
				{
					leaf->pointers[slot].part[2] |= POINTER_DEAD;
					marked = true;
				}
		}
		if (leaf == NULL)
			continue;
		if (marked)
			MarkBufferDirtyHint(leaf_buffer, true);
		UnlockReleaseBuffer(leaf_buffer);
	}
	UnlockReleaseBuffer(buffer);
	search->dead_count = 0;
}

void
hamming_rescan(IndexScanDesc scan, ScanKey keys, int count, ScanKey orderings,
			   int ordering_count)
{
	Search	   *search = scan->opaque;

	mark_dead(scan);
	end_pass(search);
	release_interlock(search);
	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderings && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderings, scan->numberOfOrderBys * sizeof(ScanKeyData));

	search->ring_count = 0;
	search->hashes = true;
	search->nulls = true;
	search->ordered = false;
	search->window = NULL;
	search->stage = STAGE_START;
	search->found_count = 0;
	search->given = 0;
	search->dead_count = 0;

	for (int i = 0; i < scan->numberOfKeys; i++)
		if (!add_condition(search, &scan->keyData[i]))
			search->hashes = search->nulls = false;

	if (scan->numberOfOrderBys > 1)
		elog(ERROR, "a hamming index orders by one distance");
	if (scan->numberOfOrderBys == 1)
	{
		/* Of a distance to NULL all are unknown, and any order will do. */
		if (!(scan->orderByData[0].sk_flags & SK_ISNULL))
			add_window(search, (uint64) DatumGetInt64(scan->orderByData[0].sk_argument));
	}
	/* The narrowest first: it is what the kernel looks for. */
	if (!search->ordered)
		for (int i = 1; i < search->ring_count; i++)
			if (search->rings[i].high < search->rings[0].high)
			{
				Ring		narrow = search->rings[i];

				search->rings[i] = search->rings[0];
				search->rings[0] = narrow;
			}
}

void
hamming_end_scan(IndexScanDesc scan)
{
	mark_dead(scan);
	end_pass(scan->opaque);
	release_interlock(scan->opaque);
}

/* Read one more summary page. False if the pass is over. */
static bool
continue_pass(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;
	Buffer		buffer;

	CHECK_FOR_INTERRUPTS();
	mark_dead(scan);
	buffer = walk_next(&search->walk, BUFFER_LOCK_SHARE);
	if (!BufferIsValid(buffer))
	{
		end_pass(search);
		return false;
	}
	search->found_at = BufferGetBlockNumber(buffer);
	search_summary(scan, buffer_content(buffer));
	UnlockReleaseBuffer(buffer);
	return true;
}

/* How many rows an ordered search may hold to put them in order. */
static int
most_found(void)
{
	return (int) Min((Size) work_mem * 1024 / sizeof(Found), INT_MAX / 4);
}

/*
 * Too much was found to hold: narrow the window to what is nearest, and drop
 * the rest for a later pass.
 */
static void
narrow_window(Search *search)
{
	int			at[HAMMING_BITS + 1] = {0};
	int			within;
	int			kept = 0;
	int			high = search->window->low;

	for (int i = 0; i < search->found_count; i++)
		at[search->found[i].distance]++;
	within = at[high];
	while (high < search->window->high - 1 && within + at[high + 1] <= most_found() / 2)
		within += at[++high];

	search->window->high = high;
	for (int i = 0; i < search->found_count; i++)
		if (search->found[i].distance <= high)
			search->found[kept++] = search->found[i];
	search->found_count = kept;
}

/* Sort what was found by distance, keeping the order of equal ones. */
static void
order_found(Search *search)
{
	int			start[HAMMING_BITS + 2] = {0};
	Found	   *ordered;

	if (search->found_count < 2)
		return;
	ordered = MemoryContextAllocHuge(search->memory, search->found_room * sizeof(Found));
	for (int i = 0; i < search->found_count; i++)
		start[search->found[i].distance + 1]++;
	for (int distance = 1; distance <= HAMMING_BITS; distance++)
		start[distance] += start[distance - 1];
	for (int i = 0; i < search->found_count; i++)
		ordered[start[search->found[i].distance]++] = search->found[i];
	pfree(search->found);
	search->found = ordered;
}

/* Set the window of the next pass. False if all distances have been searched. */
static bool
next_window(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;
	Ring	   *window = search->window;
	int			next = 0;

	window->low = window->high + 1;
	if (window->low > search->farthest)
		return false;
	while (windows[next] < window->low)
		next++;
	window->high = Min(windows[next], search->farthest);

	/* Another ring leaves little enough to try it in one pass. */
	if (window->low == 0 && search->ring_count > 1)
		window->high = search->farthest;
	return true;
}

static bool
refill_ordered(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

	for (;;)
	{
		if (!search->in_pass)
		{
			if (!next_window(scan))
				return false;
			start_pass(scan, search);
			if (search->walk.total <= FEW_SUMMARIES && search->window->high < search->farthest)
			{
				search->window->high = search->farthest;
				end_pass(search);
				start_pass(scan, search);
			}
		}
		while (continue_pass(scan))
		{
			if (search->window->low < search->window->high &&
				search->found_count > most_found())
				narrow_window(search);
			if (search->window->low == search->window->high && search->found_count > 0)
				return true;
		}
		/* Of several summary pages, so that none can be named. */
		order_found(search);
		if (search->found_count > 0)
			return true;
	}
}

static bool
refill_unordered(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

	if (!search->in_pass)
		start_pass(scan, search);
	while (continue_pass(scan))
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
			(search->ordered ? refill_ordered(scan) : refill_unordered(scan)))
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

	if (scan->kill_prior_tuple && search->given > 0 && search->dead_count < MOST_DEAD &&
		search->found_at != InvalidBlockNumber)
	{
		if (search->dead == NULL)
			search->dead = MemoryContextAlloc(search->memory, MOST_DEAD * sizeof(Found));
		search->dead[search->dead_count++] = search->found[search->given - 1];
	}
	if (search->given == search->found_count && !refill(scan))
		return false;

	found = &search->found[search->given++];
	memcpy(&scan->xs_heaptid, &found->pointer, sizeof(ItemPointerData));
	scan->xs_recheck = false;
	scan->xs_recheckorderby = false;
	if (scan->numberOfOrderBys > 0)
	{
		scan->xs_orderbynulls[0] = !search->ordered || search->stage == STAGE_NULLS;
		scan->xs_orderbyvals[0] = Int64GetDatum(found->distance);
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
