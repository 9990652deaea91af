/*-------------------------------------------------------------------------
 *
 * test_kernel.c
 *	  Each form of the loops over hashes against one bit after the other.
 *
 * Prints the names of the forms it has checked, and "best: " with the one that
 * a search would use.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamming/kernel.h"

#include "support.h"

#define MOST	200

static const char *const names[] = {"avx512", "avx2", "popcnt", "neon", "portable"};

static Fence hash_fence,
			other_fence,
			found_fence,
			low_fence,
			high_fence,
			bound_fence;

/* Those near the query at every distance, the query itself, and its opposite. */
static uint64_t
some_hash(uint64_t query)
{
	switch (random_below(4))
	{
		case 0:
			return random_bits();
		case 1:
			return random_below(8) ? ~query : query;
		default:
			return query ^ random_with_ones(random_below(65));
	}
}

static uint64_t
some_query(void)
{
	static const uint64_t edges[] = {
		0, UINT64_MAX, 1, UINT64_C(1) << 63, UINT64_C(0xFF) << 56
	};
	int			which = random_below(10);

	return which < 5 ? edges[which] : random_bits();
}

/* One call, with room for as many as are to be found and no more. */
static void
check_within(const Kernel *kernel, const uint64_t *hashes, const int *distances,
			 int count, uint64_t query, int low, int high, int first, bool heap)
{
	uint16_t	expected[MOST];
	uint16_t   *found;
	size_t		size;
	int			n = 0;
	int			got;

	for (int i = 0; i < count; i++)
		if (distances[i] >= low && distances[i] <= high)
			expected[n++] = (uint16_t) (first + i);

	size = sizeof(uint16_t) * (size_t) n;
	found = heap ? allocate(size) : fenced(found_fence, size);
	got = kernel->within(hashes, count, query, low, high, first, found);
	CHECK(got == n, "%s found %d of %d among %d, from %d to %d",
		  kernel->name, got, n, count, low, high);
	CHECK(n == 0 || memcmp(found, expected, size) == 0,
		  "%s found others among %d, from %d to %d", kernel->name, count, low, high);
	if (heap)
		free(found);
}

/*
 * Hashes at any address that is a multiple of 8: on the heap behind "skipped"
 * others, and else in front of memory that's out of bounds.
 */
static void
check_hashes(const Kernel *kernel, int count, int skipped, bool heap, bool thorough)
{
	size_t		size = sizeof(uint64_t) * (size_t) (count + skipped);
	uint64_t   *start = heap ? allocate(size) : fenced(hash_fence, size);
	uint64_t   *hashes = count + skipped > 0 ? start + skipped : start;
	uint64_t	query = some_query();
	int			first = random_below(2) ? 0 : random_below(65536 - MOST);
	int			low;
	int			distances[MOST];

	for (int i = 0; i < count; i++)
	{
		hashes[i] = some_hash(query);
		distances[i] = ones_in(hashes[i] ^ query);
	}
	if (thorough)
	{
		for (low = -1; low <= 66; low++)
			for (int high = -2; high <= 66; high++)
				check_within(kernel, hashes, distances, count, query, low, high, first,
							 heap);
	}
	else
	{
		check_within(kernel, hashes, distances, count, query, 0, random_below(65), first,
					 heap);
		low = random_below(66);
		check_within(kernel, hashes, distances, count, query, low, random_below(66), first,
					 heap);
	}
	if (heap)
		free(start);
}

static void
check_bounds(const Kernel *kernel, int count, bool heap)
{
	size_t		wide = sizeof(uint64_t) * (size_t) count;
	size_t		narrow = (size_t) count;
	uint64_t   *ands = heap ? allocate(wide) : fenced(hash_fence, wide);
	uint64_t   *ors = heap ? allocate(wide) : fenced(other_fence, wide);
	uint8_t    *lows = heap ? allocate(narrow) : fenced(low_fence, narrow);
	uint8_t    *highs = heap ? allocate(narrow) : fenced(high_fence, narrow);
	uint8_t    *bound = heap ? allocate(narrow) : fenced(bound_fence, narrow);
	uint64_t	query = some_query();
	bool		damaged = random_below(8) == 0;

	for (int i = 0; i < count; i++)
	{
		int			varying;

		ands[i] = some_hash(query);
		ands[i] &= some_hash(query);
		ors[i] = ands[i] | random_with_ones(random_below(65));
		varying = ones_in(ors[i] & ~ands[i]);
		lows[i] = (uint8_t) random_below(varying + 1);
		highs[i] = (uint8_t) (lows[i] + random_below(varying - lows[i] + 1));

		/* Nothing that is right, but the same nonsense in all forms. */
		if (damaged)
		{
			ors[i] = random_bits();
			lows[i] = (uint8_t) random_bits();
			highs[i] = (uint8_t) random_bits();
		}
	}

	kernel->bounds(ands, ors, count, query, bound);
	for (int i = 0; i < count; i++)
		CHECK(bound[i] == ones_in((~query & ands[i]) | (query & ~ors[i])),
			  "%s, entry %d of %d: %d", kernel->name, i, count, bound[i]);

	kernel->group_bounds(ands, ors, lows, highs, count, query, bound);
	for (int i = 0; i < count; i++)
	{
		int			agreed = ones_in((~query & ands[i]) | (query & ~ors[i]));
		int			ones = ones_in(query & ors[i] & ~ands[i]);
		int			more = 0;

		if (lows[i] - ones > more)
			more = lows[i] - ones;
		if (ones - highs[i] > more)
			more = ones - highs[i];
		CHECK(bound[i] == (uint8_t) (agreed + more),
			  "%s, entry %d of %d: %d", kernel->name, i, count, bound[i]);
	}

	if (heap)
	{
		free(ands);
		free(ors);
		free(lows);
		free(highs);
		free(bound);
	}
}

/* A hash's distance is no less than the bound of a group that it is in. */
static void
check_meaning(const Kernel *kernel)
{
	uint64_t	hashes[64];
	uint64_t	center = random_bits();
	uint64_t	query = some_hash(center);
	uint64_t	all_and = UINT64_MAX;
	uint64_t	all_or = 0;
	uint8_t		low = 64;
	uint8_t		high = 0;
	uint8_t		bound;
	uint8_t		group_bound;
	int			spread = random_below(65);
	int			count = 1 + random_below(64);

	for (int i = 0; i < count; i++)
	{
		hashes[i] = center ^ random_with_ones(random_below(spread + 1));
		all_and &= hashes[i];
		all_or |= hashes[i];
	}
	for (int i = 0; i < count; i++)
	{
		uint8_t		ones = (uint8_t) ones_in(hashes[i] & all_or & ~all_and);

		low = ones < low ? ones : low;
		high = ones > high ? ones : high;
	}
	kernel->bounds(&all_and, &all_or, 1, query, &bound);
	kernel->group_bounds(&all_and, &all_or, &low, &high, 1, query, &group_bound);
	CHECK(bound <= group_bound, "%s: %d, %d", kernel->name, bound, group_bound);
	for (int i = 0; i < count; i++)
		CHECK(group_bound <= ones_in(hashes[i] ^ query), "%s: %d, %d", kernel->name,
			  group_bound, ones_in(hashes[i] ^ query));
}

static void
check_kernel(const Kernel *kernel)
{
	static const int thorough[] = {0, 1, 3, 7, 8, 16, 17, 31, 33, 64, 97};

	for (int i = 0; i < (int) (sizeof(thorough) / sizeof(thorough[0])); i++)
		check_hashes(kernel, thorough[i], i % 8, i % 2 == 0, true);
	for (int count = 0; count <= MOST; count++)
	{
		for (int skipped = 0; skipped < 8; skipped++)
		{
			check_hashes(kernel, count, skipped, true, false);
			check_hashes(kernel, count, 0, false, false);
			check_bounds(kernel, count, skipped % 2 == 0);
		}
	}
	for (int i = 0; i < 2000; i++)
		check_meaning(kernel);
}

int
main(void)
{
	hash_fence = make_fence();
	other_fence = make_fence();
	found_fence = make_fence();
	low_fence = make_fence();
	high_fence = make_fence();
	bound_fence = make_fence();

	for (int i = 0; i < (int) (sizeof(names) / sizeof(names[0])); i++)
	{
		const Kernel *kernel = kernel_named(names[i]);

		if (kernel == NULL)
			continue;
		CHECK(strcmp(kernel->name, names[i]) == 0, "%s is named %s", names[i],
			  kernel->name);
		seed_random(3);
		check_kernel(kernel);
		puts(kernel->name);
	}
	CHECK(kernel_named("abacus") == NULL, "there is an abacus");
	printf("best: %s\n", kernel_best()->name);
	return 0;
}
