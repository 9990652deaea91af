/*-------------------------------------------------------------------------
 *
 * kernel.c
 *	  The loops over hashes that a search spends its time in.
 *
 * A search runs over a few dozen to a few hundred hashes at a time, that come
 * from a cache or from memory, and nearly none of them is near enough. So all
 * forms of within() look at many hashes with one branch, and only behind it
 * for which of them it was. Nothing is read or written past the end: a page
 * may end there.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <string.h>

#include "kernel.h"

/*
 * Before 8, GCC does not know all of these instructions, and says of a CPU that
 * it has them where the system doesn't save their registers.
 */
#if defined(__x86_64__) && (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 8))
#define KERNEL_X86
#include <immintrin.h>
#elif defined(__GNUC__) && defined(__aarch64__) && !defined(__AARCH64EB__)
#define KERNEL_NEON
#include <arm_neon.h>
#endif

/*
 * The forms are made of pieces that must become part of them, since each form
 * is compiled for a CPU of its own.
 */
#if defined(__GNUC__)
#define PIECE static inline __attribute__((always_inline))
#define RARE(condition) __builtin_expect((condition) != 0, 0)
#define NEVER_INLINE __attribute__((noinline))
#else
#define PIECE static inline
#define RARE(condition) (condition)
#define NEVER_INLINE
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
 * One hash after the other
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

/*
 * Portable
 */

static int
portable_within(const uint64_t *hashes, int count, uint64_t query,
				int low, int high, int first, uint16_t *found)
{
	Wanted		wanted = wanted_distances(low, high);

	if (wanted.nothing)
		return 0;
	return scalar_within(hashes, 0, count, query, wanted, first, found, 0, false);
}

static void
portable_bounds(const uint64_t *ands, const uint64_t *ors, int count,
				uint64_t query, uint8_t *bound)
{
	scalar_bounds(ands, ors, 0, count, query, bound, false);
}

static void
portable_group_bounds(const uint64_t *ands, const uint64_t *ors,
					  const uint8_t *lows, const uint8_t *highs, int count,
					  uint64_t query, uint8_t *bound)
{
	scalar_group_bounds(ands, ors, lows, highs, 0, count, query, bound, false);
}

static const Kernel portable_kernel = {
	"portable", portable_within, portable_bounds, portable_group_bounds
};

#ifdef KERNEL_X86

/*
 * The popcnt instruction
 */

#define FOR_POPCNT __attribute__((target("popcnt")))

FOR_POPCNT static int
popcnt_within(const uint64_t *hashes, int count, uint64_t query,
			  int low, int high, int first, uint16_t *found)
{
	Wanted		wanted = wanted_distances(low, high);

	if (wanted.nothing)
		return 0;
	return scalar_within(hashes, 0, count, query, wanted, first, found, 0, true);
}

FOR_POPCNT static void
popcnt_bounds(const uint64_t *ands, const uint64_t *ors, int count,
			  uint64_t query, uint8_t *bound)
{
	scalar_bounds(ands, ors, 0, count, query, bound, true);
}

FOR_POPCNT static void
popcnt_group_bounds(const uint64_t *ands, const uint64_t *ors,
					const uint8_t *lows, const uint8_t *highs, int count,
					uint64_t query, uint8_t *bound)
{
	scalar_group_bounds(ands, ors, lows, highs, 0, count, query, bound, true);
}

static const Kernel popcnt_kernel = {
	"popcnt", popcnt_within, popcnt_bounds, popcnt_group_bounds
};

/*
 * AVX2: four hashes in a vector, the ones of each half byte looked up
 */

#define FOR_AVX2 __attribute__((target("avx2,popcnt")))

FOR_AVX2 PIECE __m256i
avx2_load(const uint64_t *at)
{
	return _mm256_loadu_si256((const __m256i *) at);
}

/* Of each 64 bits how many are one, as 64 bits, the upper 7 bytes zero. */
FOR_AVX2 PIECE __m256i
avx2_count_ones(__m256i bits)
{
	const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3,
										  1, 2, 2, 3, 2, 3, 3, 4,
										  0, 1, 1, 2, 1, 2, 2, 3,
										  1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i half = _mm256_set1_epi8(0x0F);
	__m256i		lower = _mm256_and_si256(bits, half);
	__m256i		upper = _mm256_and_si256(_mm256_srli_epi16(bits, 4), half);
	__m256i		sums = _mm256_add_epi8(_mm256_shuffle_epi8(ones, lower),
									   _mm256_shuffle_epi8(ones, upper));

	return _mm256_sad_epu8(sums, _mm256_setzero_si256());
}

/* The distances of four hashes, less low. */
FOR_AVX2 PIECE __m256i
avx2_distances(const uint64_t *hashes, __m256i query, __m256i low)
{
	__m256i		differing = _mm256_xor_si256(avx2_load(hashes), query);

	return _mm256_sub_epi8(avx2_count_ones(differing), low);
}

/* A bit for each of four distances that is at most span. */
FOR_AVX2 PIECE unsigned
avx2_at_most(__m256i distances, __m256i span)
{
	__m256i		excess = _mm256_subs_epu8(distances, span);
	__m256i		hits = _mm256_cmpeq_epi64(excess, _mm256_setzero_si256());

	return (unsigned) _mm256_movemask_pd(_mm256_castsi256_pd(hits));
}

FOR_AVX2 static int
avx2_within(const uint64_t *hashes, int count, uint64_t query,
			int low, int high, int first, uint16_t *found)
{
	Wanted		wanted = wanted_distances(low, high);
	__m256i		q = _mm256_set1_epi64x((int64_t) query);
	__m256i		least = _mm256_set1_epi64x(wanted.low);
	__m256i		span = _mm256_set1_epi64x(wanted.span);
	int			n = 0;
	int			i = 0;

	if (wanted.nothing)
		return 0;

	for (; i + 16 <= count; i += 16)
	{
		__m256i		a = avx2_distances(hashes + i, q, least);
		__m256i		b = avx2_distances(hashes + i + 4, q, least);
		__m256i		c = avx2_distances(hashes + i + 8, q, least);
		__m256i		d = avx2_distances(hashes + i + 12, q, least);
		__m256i		nearest = _mm256_min_epu8(_mm256_min_epu8(a, b),
											  _mm256_min_epu8(c, d));

		if (RARE(avx2_at_most(nearest, span)))
		{
			unsigned	hits = avx2_at_most(a, span) |
				avx2_at_most(b, span) << 4 |
				avx2_at_most(c, span) << 8 |
				avx2_at_most(d, span) << 12;

			for (; hits != 0; hits &= hits - 1)
				found[n++] = (uint16_t) (first + i + __builtin_ctz(hits));
		}
	}
	for (; i + 4 <= count; i += 4)
	{
		unsigned	hits = avx2_at_most(avx2_distances(hashes + i, q, least), span);

		for (; RARE(hits); hits &= hits - 1)
			found[n++] = (uint16_t) (first + i + __builtin_ctz(hits));
	}
	return scalar_within(hashes, i, count, query, wanted, first, found, n, true);
}

/* Four times four numbers below 256, each in 64 bits, in their order. */
FOR_AVX2 PIECE __m128i
avx2_bytes(__m256i a, __m256i b, __m256i c, __m256i d)
{
	/* Each lane's four side by side, then lane after lane, then a's first. */
	__m256i		mixed = _mm256_or_si256(_mm256_or_si256(a, _mm256_slli_epi64(b, 8)),
										_mm256_or_si256(_mm256_slli_epi64(c, 16),
														_mm256_slli_epi64(d, 24)));
	__m256i		dense = _mm256_permutevar8x32_epi32(mixed,
													_mm256_setr_epi32(0, 2, 4, 6,
																	  0, 2, 4, 6));

	return _mm_shuffle_epi8(_mm256_castsi256_si128(dense),
							_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13,
										  2, 6, 10, 14, 3, 7, 11, 15));
}

/* How many bits agree among themselves, and not with the query. */
FOR_AVX2 PIECE __m256i
avx2_agreed(const uint64_t *ands, const uint64_t *ors, __m256i query)
{
	__m256i		ones = _mm256_andnot_si256(query, avx2_load(ands));
	__m256i		zeros = _mm256_andnot_si256(avx2_load(ors), query);

	return avx2_count_ones(_mm256_or_si256(ones, zeros));
}

/* How many ones the query has where they don't agree. */
FOR_AVX2 PIECE __m256i
avx2_ones(const uint64_t *ands, const uint64_t *ors, __m256i query)
{
	__m256i		vary = _mm256_andnot_si256(avx2_load(ands), avx2_load(ors));

	return avx2_count_ones(_mm256_and_si256(query, vary));
}

FOR_AVX2 PIECE __m128i
avx2_agreed_bytes(const uint64_t *ands, const uint64_t *ors, __m256i query)
{
	return avx2_bytes(avx2_agreed(ands, ors, query),
					  avx2_agreed(ands + 4, ors + 4, query),
					  avx2_agreed(ands + 8, ors + 8, query),
					  avx2_agreed(ands + 12, ors + 12, query));
}

FOR_AVX2 static void
avx2_bounds(const uint64_t *ands, const uint64_t *ors, int count,
			uint64_t query, uint8_t *bound)
{
	__m256i		q = _mm256_set1_epi64x((int64_t) query);
	int			i = 0;

	for (; i + 16 <= count; i += 16)
		_mm_storeu_si128((__m128i *) (bound + i),
						 avx2_agreed_bytes(ands + i, ors + i, q));
	scalar_bounds(ands, ors, i, count, query, bound, true);
}

FOR_AVX2 static void
avx2_group_bounds(const uint64_t *ands, const uint64_t *ors,
				  const uint8_t *lows, const uint8_t *highs, int count,
				  uint64_t query, uint8_t *bound)
{
	__m256i		q = _mm256_set1_epi64x((int64_t) query);
	int			i = 0;

	for (; i + 16 <= count; i += 16)
	{
		__m128i		agreed = avx2_agreed_bytes(ands + i, ors + i, q);
		__m128i		ones = avx2_bytes(avx2_ones(ands + i, ors + i, q),
									  avx2_ones(ands + i + 4, ors + i + 4, q),
									  avx2_ones(ands + i + 8, ors + i + 8, q),
									  avx2_ones(ands + i + 12, ors + i + 12, q));
		__m128i		low = _mm_loadu_si128((const __m128i *) (lows + i));
		__m128i		high = _mm_loadu_si128((const __m128i *) (highs + i));
		__m128i		more = _mm_max_epu8(_mm_subs_epu8(low, ones),
										_mm_subs_epu8(ones, high));

		_mm_storeu_si128((__m128i *) (bound + i), _mm_add_epi8(agreed, more));
	}
	scalar_group_bounds(ands, ors, lows, highs, i, count, query, bound, true);
}

static const Kernel avx2_kernel = {
	"avx2", avx2_within, avx2_bounds, avx2_group_bounds
};

/*
 * AVX-512: eight hashes in a vector, counted by an instruction
 */

#define FOR_AVX512 \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512vpopcntdq")))

FOR_AVX512 PIECE __m512i
avx512_distances(__m512i hashes, __m512i query, __m512i low)
{
	__m512i		ones = _mm512_popcnt_epi64(_mm512_xor_si512(hashes, query));

	/* In bytes, of which all but one are zero, so that minima are cheap. */
	return _mm512_sub_epi8(ones, low);
}

FOR_AVX512 PIECE __m512i
avx512_load(const uint64_t *at)
{
	return _mm512_loadu_si512((const void *) at);
}

/* Those of a vector's entries that are there when "left" are left. */
FOR_AVX512 PIECE __mmask8
avx512_entries(int left)
{
	return (__mmask8) (left >= 8 ? 0xFF : (1 << left) - 1);
}

FOR_AVX512 static int
avx512_within(const uint64_t *hashes, int count, uint64_t query,
			  int low, int high, int first, uint16_t *found)
{
	Wanted		wanted = wanted_distances(low, high);
	__m512i		q = _mm512_set1_epi64((int64_t) query);
	__m512i		least = _mm512_set1_epi64(wanted.low);
	__m512i		span = _mm512_set1_epi64(wanted.span);
	int			n = 0;
	int			i = 0;

	if (wanted.nothing)
		return 0;

	for (; i + 32 <= count; i += 32)
	{
		__m512i		a = avx512_distances(avx512_load(hashes + i), q, least);
		__m512i		b = avx512_distances(avx512_load(hashes + i + 8), q, least);
		__m512i		c = avx512_distances(avx512_load(hashes + i + 16), q, least);
		__m512i		d = avx512_distances(avx512_load(hashes + i + 24), q, least);
		__m512i		nearest = _mm512_min_epu8(_mm512_min_epu8(a, b),
											  _mm512_min_epu8(c, d));

		if (RARE(_mm512_cmple_epu64_mask(nearest, span)))
		{
			uint32_t	hits = (uint32_t) _mm512_cmple_epu64_mask(a, span) |
				(uint32_t) _mm512_cmple_epu64_mask(b, span) << 8 |
				(uint32_t) _mm512_cmple_epu64_mask(c, span) << 16 |
				(uint32_t) _mm512_cmple_epu64_mask(d, span) << 24;

			for (; hits != 0; hits &= hits - 1)
				found[n++] = (uint16_t) (first + i + __builtin_ctz(hits));
		}
	}
	for (; i < count; i += 8)
	{
		__mmask8	entries = avx512_entries(count - i);
		__m512i		some = _mm512_maskz_loadu_epi64(entries, hashes + i);
		__m512i		distances = avx512_distances(some, q, least);
		unsigned	hits = _mm512_mask_cmple_epu64_mask(entries, distances, span);

		for (; RARE(hits); hits &= hits - 1)
			found[n++] = (uint16_t) (first + i + __builtin_ctz(hits));
	}
	return n;
}

/* The bounds of up to eight entries, each in 64 bits. */
FOR_AVX512 PIECE __m512i
avx512_agreed(__m512i ands, __m512i ors, __m512i query)
{
	/* The truth table of (~query & and) | (query & ~or). */
	return _mm512_popcnt_epi64(_mm512_ternarylogic_epi64(query, ands, ors, 0x5C));
}

/* How many ones the query has where they don't agree. */
FOR_AVX512 PIECE __m512i
avx512_ones(__m512i ands, __m512i ors, __m512i query)
{
	/* The truth table of query & ~and & or. */
	return _mm512_popcnt_epi64(_mm512_ternarylogic_epi64(query, ands, ors, 0x20));
}

FOR_AVX512 static void
avx512_bounds(const uint64_t *ands, const uint64_t *ors, int count,
			  uint64_t query, uint8_t *bound)
{
	__m512i		q = _mm512_set1_epi64((int64_t) query);
	int			i = 0;

	for (; i + 8 <= count; i += 8)
	{
		__m512i		agreed = avx512_agreed(avx512_load(ands + i),
										   avx512_load(ors + i), q);

		_mm_storel_epi64((__m128i *) (bound + i), _mm512_cvtepi64_epi8(agreed));
	}
	if (i < count)
	{
		__mmask8	entries = avx512_entries(count - i);
		__m512i		agreed = avx512_agreed(_mm512_maskz_loadu_epi64(entries, ands + i),
										   _mm512_maskz_loadu_epi64(entries, ors + i),
										   q);

		_mm512_mask_cvtepi64_storeu_epi8(bound + i, entries, agreed);
	}
}

/* A group's bounds in bytes, of these numbers in bytes. */
FOR_AVX512 PIECE __m128i
avx512_sum(__m512i agreed, __m512i ones, __m128i low, __m128i high)
{
	__m128i		has = _mm512_cvtepi64_epi8(ones);
	__m128i		more = _mm_max_epu8(_mm_subs_epu8(low, has), _mm_subs_epu8(has, high));

	return _mm_add_epi8(_mm512_cvtepi64_epi8(agreed), more);
}

FOR_AVX512 static void
avx512_group_bounds(const uint64_t *ands, const uint64_t *ors,
					const uint8_t *lows, const uint8_t *highs, int count,
					uint64_t query, uint8_t *bound)
{
	__m512i		q = _mm512_set1_epi64((int64_t) query);
	int			i = 0;

	for (; i + 8 <= count; i += 8)
	{
		__m512i		all_and = avx512_load(ands + i);
		__m512i		all_or = avx512_load(ors + i);
		__m128i		low = _mm_loadl_epi64((const __m128i *) (lows + i));
		__m128i		high = _mm_loadl_epi64((const __m128i *) (highs + i));

		_mm_storel_epi64((__m128i *) (bound + i),
						 avx512_sum(avx512_agreed(all_and, all_or, q),
									avx512_ones(all_and, all_or, q), low, high));
	}
	if (i < count)
	{
		__mmask8	entries = avx512_entries(count - i);
		__m512i		all_and = _mm512_maskz_loadu_epi64(entries, ands + i);
		__m512i		all_or = _mm512_maskz_loadu_epi64(entries, ors + i);
		__m128i		low = _mm_maskz_loadu_epi8(entries, lows + i);
		__m128i		high = _mm_maskz_loadu_epi8(entries, highs + i);

		_mm_mask_storeu_epi8(bound + i, entries,
							 avx512_sum(avx512_agreed(all_and, all_or, q),
										avx512_ones(all_and, all_or, q), low, high));
	}
}

static const Kernel avx512_kernel = {
	"avx512", avx512_within, avx512_bounds, avx512_group_bounds
};

/* These ask whether the system saves the wide registers as well. */
static bool
has_popcnt(void)
{
	return __builtin_cpu_supports("popcnt");
}

static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && has_popcnt();
}

static bool
has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512vpopcntdq");
}

#endif							/* KERNEL_X86 */

#ifdef KERNEL_NEON

/*
 * NEON, which every aarch64 has: ones are counted by bytes, and sums of
 * neighbours make sixteen hashes' counts one vector, in their order
 */

PIECE uint8x16_t
neon_load(const uint64_t *at)
{
	return vreinterpretq_u8_u64(vld1q_u64(at));
}

/* Of 16 times 64 bits how many are one. */
PIECE uint8x16_t
neon_count_ones(const uint8x16_t *bits)
{
	uint8x16_t	a = vpaddq_u8(vcntq_u8(bits[0]), vcntq_u8(bits[1]));
	uint8x16_t	b = vpaddq_u8(vcntq_u8(bits[2]), vcntq_u8(bits[3]));
	uint8x16_t	c = vpaddq_u8(vcntq_u8(bits[4]), vcntq_u8(bits[5]));
	uint8x16_t	d = vpaddq_u8(vcntq_u8(bits[6]), vcntq_u8(bits[7]));

	return vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
}

static int
neon_within(const uint64_t *hashes, int count, uint64_t query,
			int low, int high, int first, uint16_t *found)
{
	Wanted		wanted = wanted_distances(low, high);
	uint8x16_t	q = vreinterpretq_u8_u64(vdupq_n_u64(query));
	uint8x16_t	least = vdupq_n_u8(wanted.low);
	uint8x16_t	span = vdupq_n_u8(wanted.span);
	int			n = 0;
	int			i = 0;

	if (wanted.nothing)
		return 0;

	for (; i + 16 <= count; i += 16)
	{
		uint8x16_t	differing[8];
		uint8x16_t	near;
		uint8x8_t	halves;
		uint64_t	hits;

		for (int k = 0; k < 8; k++)
			differing[k] = veorq_u8(neon_load(hashes + i + 2 * k), q);
		near = vcleq_u8(vsubq_u8(neon_count_ones(differing), least), span);

		/* There's no mask of bits to be had, but one of half bytes. */
		halves = vshrn_n_u16(vreinterpretq_u16_u8(near), 4);
		hits = vget_lane_u64(vreinterpret_u64_u8(halves), 0);
		hits &= UINT64_C(0x1111111111111111);
		for (; RARE(hits); hits &= hits - 1)
			found[n++] = (uint16_t) (first + i + __builtin_ctzll(hits) / 4);
	}
	return scalar_within(hashes, i, count, query, wanted, first, found, n, true);
}

PIECE uint8x16_t
neon_agreed(const uint64_t *ands, const uint64_t *ors, uint8x16_t query)
{
	uint8x16_t	bits[8];

	for (int k = 0; k < 8; k++)
		bits[k] = vorrq_u8(vbicq_u8(neon_load(ands + 2 * k), query),
						   vbicq_u8(query, neon_load(ors + 2 * k)));
	return neon_count_ones(bits);
}

static void
neon_bounds(const uint64_t *ands, const uint64_t *ors, int count,
			uint64_t query, uint8_t *bound)
{
	uint8x16_t	q = vreinterpretq_u8_u64(vdupq_n_u64(query));
	int			i = 0;

	for (; i + 16 <= count; i += 16)
		vst1q_u8(bound + i, neon_agreed(ands + i, ors + i, q));
	scalar_bounds(ands, ors, i, count, query, bound, true);
}

static void
neon_group_bounds(const uint64_t *ands, const uint64_t *ors,
				  const uint8_t *lows, const uint8_t *highs, int count,
				  uint64_t query, uint8_t *bound)
{
	uint8x16_t	q = vreinterpretq_u8_u64(vdupq_n_u64(query));
	int			i = 0;

	for (; i + 16 <= count; i += 16)
	{
		uint8x16_t	bits[8];
		uint8x16_t	ones;
		uint8x16_t	more;

		for (int k = 0; k < 8; k++)
			bits[k] = vandq_u8(vbicq_u8(q, neon_load(ands + i + 2 * k)),
							   neon_load(ors + i + 2 * k));
		ones = neon_count_ones(bits);
		more = vmaxq_u8(vqsubq_u8(vld1q_u8(lows + i), ones),
						vqsubq_u8(ones, vld1q_u8(highs + i)));
		vst1q_u8(bound + i, vaddq_u8(neon_agreed(ands + i, ors + i, q), more));
	}
	scalar_group_bounds(ands, ors, lows, highs, i, count, query, bound, true);
}

static const Kernel neon_kernel = {
	"neon", neon_within, neon_bounds, neon_group_bounds
};

#endif							/* KERNEL_NEON */

/*
 * Which there are
 */

static bool
always(void)
{
	return true;
}

typedef struct Form
{
	const Kernel *kernel;
	bool		(*available) (void);
} Form;

/* The fastest first. */
static const Form forms[] = {
#ifdef KERNEL_X86
	{&avx512_kernel, has_avx512},
	{&avx2_kernel, has_avx2},
	{&popcnt_kernel, has_popcnt},
#endif
#ifdef KERNEL_NEON
	{&neon_kernel, always},
#endif
	{&portable_kernel, always}
};

/*
 * Never inlined, not even by PostgreSQL's compiler at run time: what the
 * compiler knows about the CPU is private to this library.
 */
NEVER_INLINE const Kernel *
kernel_best(void)
{
	static const Kernel *best = NULL;

	for (int i = 0; best == NULL; i++)
		if (forms[i].available())
			best = forms[i].kernel;
	return best;
}

NEVER_INLINE const Kernel *
kernel_named(const char *name)
{
	for (int i = 0; i < (int) (sizeof(forms) / sizeof(forms[0])); i++)
		if (strcmp(forms[i].kernel->name, name) == 0 && forms[i].available())
			return forms[i].kernel;
	return NULL;
}
