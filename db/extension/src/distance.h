/*-------------------------------------------------------------------------
 *
 * distance.h
 *	  The distance between two 64-bit hashes: how many bits differ.
 *
 * A hash travels through SQL as a signed bigint and through this code as an
 * uint64; only its bits matter, so the two convert freely.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_DISTANCE_H
#define BKTREE_DISTANCE_H

#include "postgres.h"

#include "port/pg_bitutils.h"

#define HAMMING_BITS	64

/*
 * Where the compiler may assume the instruction, it is inlined; elsewhere
 * PostgreSQL's own dispatch picks it at run time if the CPU has it.
 */
static inline int
hamming_weight(uint64 bits)
{
#if defined(__POPCNT__) || defined(__aarch64__)
	return __builtin_popcountll(bits);
#else
	return pg_popcount64(bits);
#endif
}

static inline int
hamming_distance(uint64 a, uint64 b)
{
	return hamming_weight(a ^ b);
}

#endif							/* BKTREE_DISTANCE_H */
