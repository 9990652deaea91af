/*-------------------------------------------------------------------------
 *
 * bits.h
 *	  Counting ones, without PostgreSQL.
 *
 * For places that are not worth a kernel; see kernel.h for those that are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_BITS_H
#define BKTREE_HAMMING_BITS_H

#include <stdint.h>

static inline int
ones(uint64_t bits)
{
	return __builtin_popcountll(bits);
}

/* How far outside of these bounds a hash lies: bits it would unsettle. */
static inline int
outside(uint64_t hash, uint64_t all_and, uint64_t all_or)
{
	return ones((~hash & all_and) | (hash & ~all_or));
}

/* Bits on which all hashes within these bounds agree. */
static inline int
settled(uint64_t all_and, uint64_t all_or)
{
	return ones(all_and | ~all_or);
}

#endif							/* BKTREE_HAMMING_BITS_H */
