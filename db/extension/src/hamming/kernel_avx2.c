/*-------------------------------------------------------------------------
 *
 * kernel_avx2.c
 *	  The loops over hashes for an x86 with AVX2.
 *
 * Four hashes are in a vector, and the ones of each half byte are looked up.
 *
 *-------------------------------------------------------------------------
 */
#include "hamming/kernel_form.h"

#ifdef KERNEL_X86

#include <immintrin.h>

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

/* This asks whether the system saves the wide registers as well. */
static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}

const Form avx2_form = {
	{"avx2", avx2_within, avx2_bounds, avx2_group_bounds}, has_avx2
};

#endif							/* KERNEL_X86 */
