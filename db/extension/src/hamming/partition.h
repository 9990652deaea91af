/*-------------------------------------------------------------------------
 *
 * partition.h
 *	  Putting hashes that are near each other beside each other.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_PARTITION_H
#define BKTREE_HAMMING_PARTITION_H

#include "hamming/page.h"

/* Takes a group: at most GROUP_HASHES different hashes, equal ones adjacent. */
typedef void (*GroupSink) (void *context, const Entry *items, size_t count);

extern void partition(Entry *items, size_t count, GroupSink sink, void *context);

extern int	partition_bit(const Entry *items, size_t count);
extern size_t partition_by_bit(Entry *items, size_t count, int bit);
extern size_t partition_halve(Entry *items, size_t count);

#endif							/* BKTREE_HAMMING_PARTITION_H */
