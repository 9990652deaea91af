/*-------------------------------------------------------------------------
 *
 * kernel_neon.c
 *	  The loops over hashes for aarch64.
 *
 * All of these CPUs have NEON. Ones are counted by bytes, and sums of
 * neighbours make sixteen hashes' counts one vector, in their order.
 *
 *-------------------------------------------------------------------------
 */
#include "hamming/kernel_form.h"

#ifdef KERNEL_NEON

#include <arm_neon.h>

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

static bool
always(void)
{
	return true;
}

const Form neon_form = {
	{"neon", neon_within, neon_bounds, neon_group_bounds}, always
};

#endif							/* KERNEL_NEON */
