/*-------------------------------------------------------------------------
 *
 * pass.c
 *	  Visiting summary pages, and taking what their leaves have.
 *
 * Here a search spends its time. What it does for every leaf is all in this
 * file, so that the compiler can put it together.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "distance.h"
#include "hamming/search.h"

/* So many runs are asked for before the first of them is needed. */
#define RUNS_AHEAD			8

/* Hashes of a leaf that may be near. */
typedef struct Run
{
	int			leaf;			/* of the summary */
	int			first;			/* group of the leaf */
	int			slot;
	int			length;
} Run;

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

/* Begin to visit the summary pages that may hold something. */
void
pass_start(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;

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
			page_expect_hashes(scan->indexRelation, summary->leaf_block[runs[ahead].leaf],
							   runs[ahead].slot, runs[ahead].length);
		run += search_leaf(scan, summary, &runs[run], count - run, ring);
	}
}

/* Read one more summary page. False if the pass is over. */
bool
pass_continue(IndexScanDesc scan)
{
	Search	   *search = scan->opaque;
	Buffer		buffer;

	CHECK_FOR_INTERRUPTS();
	dead_mark(scan);
	buffer = walk_next(&search->walk, BUFFER_LOCK_SHARE);
	walk_expect(&search->walk);
	if (!BufferIsValid(buffer))
	{
		pass_end(search);
		return false;
	}
	search->found_at = BufferGetBlockNumber(buffer);
	search_summary(scan, buffer_content(buffer));
	UnlockReleaseBuffer(buffer);
	return true;
}

void
pass_end(Search *search)
{
	walk_end(&search->walk);
	search->in_pass = false;
	search->found_at = InvalidBlockNumber;
}
