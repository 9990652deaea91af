/*-------------------------------------------------------------------------
 *
 * kernel_scalar.c
 *	  The loops over hashes, one hash after the other.
 *
 * Here are the form for any CPU, and that for an x86 which can count ones by an
 * instruction.
 *
 *-------------------------------------------------------------------------
 */
#include "hamming/kernel_form.h"

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

static bool
always(void)
{
	return true;
}

const Form portable_form = {
	{"portable", portable_within, portable_bounds, portable_group_bounds}, always
};

#ifdef KERNEL_X86

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

static bool
has_popcnt(void)
{
	return __builtin_cpu_supports("popcnt");
}

const Form popcnt_form = {
	{"popcnt", popcnt_within, popcnt_bounds, popcnt_group_bounds}, has_popcnt
};

#endif							/* KERNEL_X86 */
