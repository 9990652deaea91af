/*-------------------------------------------------------------------------
 *
 * dead.c
 *	  Marking rows that turned out to be dead.
 *
 * PostgreSQL says so when it asks for the row after one. Other searches skip
 * what is marked, until vacuum removes it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "distance.h"
#include "hamming/search.h"

/* Dead rows to remember from one summary page. */
#define MOST_DEAD			1024

/* Remember that the row given out last is dead. */
void
dead_remember(Search *search)
{
	if (search->given == 0 || search->dead_count == MOST_DEAD ||
		search->found_at == InvalidBlockNumber)
		return;
	if (search->dead == NULL)
		search->dead = MemoryContextAlloc(search->memory, MOST_DEAD * sizeof(Found));
	search->dead[search->dead_count++] = search->found[search->given - 1];
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
void
dead_mark(IndexScanDesc scan)
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
