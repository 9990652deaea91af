/*-------------------------------------------------------------------------
 *
 * kernel.h
 *	  The loops over hashes that a search spends its time in.
 *
 * Each exists in several forms for what the CPU can do; kernel_best() picks
 * one when the library is loaded. They all give the same.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_KERNEL_H
#define BKTREE_HAMMING_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Kernel
{
	const char *name;			/* "avx512", "avx2", "popcnt", "neon", "portable" */

	/*
	 * Find the hashes whose distance to the query is from low to high. Writes
	 * the place of each, counted from first, in ascending order to found,
	 * which has room for all of them, and returns how many there are.
	 */
	int			(*within) (const uint64_t *hashes, int count, uint64_t query,
						   int low, int high, int first, uint16_t *found);

	/*
	 * The least distance to the query that hashes can have whose AND and OR
	 * are these: popcount((~query & and) | (query & ~or)), 0 to 64.
	 */
	void		(*bounds) (const uint64_t *ands, const uint64_t *ors, int count,
						   uint64_t query, uint8_t *bound);

	/*
	 * The same for groups, whose other bits, those in the OR and not in the
	 * AND, have from low to high ones: as many more as the query has too few
	 * or too many of these.
	 */
	void		(*group_bounds) (const uint64_t *ands, const uint64_t *ors,
								 const uint8_t *lows, const uint8_t *highs, int count,
								 uint64_t query, uint8_t *bound);
} Kernel;

extern const Kernel *kernel_best(void);

/* One by one, for tests: NULL after the last, or where this CPU lacks it. */
extern const Kernel *kernel_named(const char *name);

#endif							/* BKTREE_HAMMING_KERNEL_H */
