/*-------------------------------------------------------------------------
 *
 * kernel_avx512.c
 *	  The loops over hashes for an x86 with AVX-512.
 *
 * Eight hashes are in a vector, and counted by an instruction that came later
 * than most of AVX-512.
 *
 *-------------------------------------------------------------------------
 */
#include "hamming/kernel_form.h"

#ifdef KERNEL_X86

#include <immintrin.h>

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

/* This asks whether the system saves the wide registers as well. */
static bool
has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512vpopcntdq");
}

const Form avx512_form = {
	{"avx512", avx512_within, avx512_bounds, avx512_group_bounds}, has_avx512
};

#endif							/* KERNEL_X86 */
