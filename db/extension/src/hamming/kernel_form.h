/*-------------------------------------------------------------------------
 *
 * kernel_form.h
 *	  What the forms of the loops over hashes are made of.
 *
 * A form is these loops for CPUs that have certain instructions; they are in
 * kernel_scalar.c, kernel_avx2.c, kernel_avx512.c and kernel_neon.c. Those that
 * look at several hashes at a time take from here what to do with the last few.
 * Only these files and kernel.c include this one; all others go by kernel.h.
 *
 * A search runs over a few dozen to a few hundred hashes at a time, that come
 * from a cache or from memory, and nearly none of them is near enough. So all
 * forms of within() look at many hashes with one branch, and only behind it
 * for which of them it was. Nothing is read or written past the end: a page
 * may end there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_KERNEL_FORM_H
#define BKTREE_HAMMING_KERNEL_FORM_H

#include "hamming/kernel.h"

/*
 * Before 8, GCC does not know all of these instructions, and says of a CPU that
 * it has them where the system doesn't save their registers.
 */
#if defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 8))
#define KERNEL_X86
#elif defined(__GNUC__) && defined(__aarch64__) && !defined(__AARCH64EB__)
#define KERNEL_NEON
#endif

typedef struct Form
{
	Kernel		kernel;
	bool		(*available) (void);	/* does this CPU have what it needs? */
} Form;

#ifdef KERNEL_X86
extern const Form avx512_form;
extern const Form avx2_form;
extern const Form popcnt_form;
#endif
#ifdef KERNEL_NEON
extern const Form neon_form;
#endif
extern const Form portable_form;

/*
 * These pieces must become part of the forms, since each form is compiled for
 * a CPU of its own.
 */
#if defined(__GNUC__)
#define PIECE static inline __attribute__((always_inline))
#define RARE(condition) __builtin_expect((condition) != 0, 0)
#else
#define PIECE static inline
#define RARE(condition) (condition)
#endif

/*
 * Distances from low to high as those from 0 to span after low was subtracted
 * from them in a byte: anything less than low becomes 192 or more.
 */
typedef struct Wanted
{
	uint8_t		low;
	uint8_t		span;
	bool		nothing;
} Wanted;

PIECE Wanted
wanted_distances(int low, int high)
{
	Wanted		wanted = {0, 0, false};

	if (low < 0)
		low = 0;
	if (high > 64)
		high = 64;
	if (low > high)
		wanted.nothing = true;
	else
	{
		wanted.low = (uint8_t) low;
		wanted.span = (uint8_t) (high - low);
	}
	return wanted;
}

/*
 * The pieces that look at one hash after the other
 */

/*
 * With "instruction" the compiler's builtin, which is one only where the CPU
 * is known to have it: else it may be a call of a function with a table.
 */
PIECE int
count_ones(uint64_t bits, bool instruction)
{
#if defined(__GNUC__)
	if (instruction)
		return __builtin_popcountll(bits);
#else
	(void) instruction;
#endif
	/* Sums of neighbours: of 2 bits, of 4, of 8, and then of all bytes. */
	bits -= (bits >> 1) & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) +
		((bits >> 2) & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
	return (int) ((bits * UINT64_C(0x0101010101010101)) >> 56);
}

PIECE bool
is_wanted(uint64_t hash, uint64_t query, Wanted wanted, bool instruction)
{
	int			distance = count_ones(hash ^ query, instruction);

	return (uint8_t) (distance - wanted.low) <= wanted.span;
}

/* Those from start on; "found" already has n. */
PIECE int
scalar_within(const uint64_t *hashes, int start, int count, uint64_t query,
			  Wanted wanted, int first, uint16_t *found, int n, bool instruction)
{
	int			i = start;

	for (; i + 4 <= count; i += 4)
	{
		/* No short cuts: the four don't wait for each other. */
		unsigned	hits = is_wanted(hashes[i], query, wanted, instruction) |
			is_wanted(hashes[i + 1], query, wanted, instruction) << 1 |
			is_wanted(hashes[i + 2], query, wanted, instruction) << 2 |
			is_wanted(hashes[i + 3], query, wanted, instruction) << 3;

		if (RARE(hits))
		{
			for (int k = 0; k < 4; k++)
				if (hits >> k & 1)
					found[n++] = (uint16_t) (first + i + k);
		}
	}
	for (; i < count; i++)
		if (RARE(is_wanted(hashes[i], query, wanted, instruction)))
			found[n++] = (uint16_t) (first + i);
	return n;
}

PIECE void
scalar_bounds(const uint64_t *ands, const uint64_t *ors, int start, int count,
			  uint64_t query, uint8_t *bound, bool instruction)
{
	for (int i = start; i < count; i++)
		bound[i] = (uint8_t) count_ones((~query & ands[i]) | (query & ~ors[i]),
										instruction);
}

PIECE void
scalar_group_bounds(const uint64_t *ands, const uint64_t *ors,
					const uint8_t *lows, const uint8_t *highs, int start, int count,
					uint64_t query, uint8_t *bound, bool instruction)
{
	for (int i = start; i < count; i++)
	{
		int			agreed = count_ones((~query & ands[i]) | (query & ~ors[i]),
										instruction);
		int			ones = count_ones(query & ors[i] & ~ands[i], instruction);
		int			missing = lows[i] - ones;
		int			surplus = ones - highs[i];
		int			more = missing > surplus ? missing : surplus;

		bound[i] = (uint8_t) (agreed + (more > 0 ? more : 0));
	}
}

#endif							/* BKTREE_HAMMING_KERNEL_FORM_H */
