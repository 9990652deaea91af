/*-------------------------------------------------------------------------
 *
 * partition.c
 *	  Putting hashes that are near each other beside each other.
 *
 * A set is split on the bit that divides it most evenly, and so are its parts,
 * until they have at most GROUP_HASHES different hashes. All hashes of a part
 * agree on the bits it was split on and, as the bits of a picture's hash
 * depend on each other, on many more. Splitting on what varies in the part at
 * hand, rather than on the same bits everywhere, is what divides dense
 * clusters such as pictures on a flat ground.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/bits.h"
#include "hamming/partition.h"

/* How even a bit is shows in this many of a set. */
#define SAMPLE				1024

/*
 * In a small part, a bit that sets apart less than one in so many would leave
 * tiny groups; it is halved by the number of ones instead, of which groups
 * know the range.
 */
#define UNEVEN				8
#define SMALL_PART			512

/* Slots of the table that counts different hashes; a power of two. */
#define COUNTING_SLOTS		256

/*
 * Transpose 64 x 64 bits: bit j of word i becomes bit i of word j. Swaps the
 * off-diagonal quarters, then those of each quarter, and so on; see H. S.
 * Warren, "Hacker's Delight", 2nd ed. (2012), section 7-3.
 */
static void
transpose(uint64_t words[64])
{
	uint64_t	mask = 0x00000000FFFFFFFFu;

	for (int width = 32; width != 0; width >>= 1, mask ^= mask << width)
		for (int i = 0; i < 64; i = ((i | width) + 1) & ~width)
		{
			uint64_t	swapped = ((words[i] >> width) ^ words[i | width]) & mask;

			words[i] ^= swapped << width;
			words[i | width] ^= swapped;
		}
}

/* How many of the hashes, or of a sample of them, have each bit set. */
static size_t
count_bits(const Entry *items, size_t count, uint32_t bits[64])
{
	size_t		step = count > SAMPLE ? count / SAMPLE : 1;
	size_t		seen = count > SAMPLE ? SAMPLE : count;

	memset(bits, 0, 64 * sizeof(bits[0]));
	for (size_t start = 0; start < seen; start += 64)
	{
		size_t		here = seen - start < 64 ? seen - start : 64;
		uint64_t	words[64] = {0};

		for (size_t i = 0; i < here; i++)
			words[i] = items[(start + i) * step].hash;
		transpose(words);
		for (int bit = 0; bit < 64; bit++)
			bits[bit] += (uint32_t) ones(words[bit]);
	}
	return seen;
}

/* Where not all hashes agree. */
static uint64_t
varying_bits(const Entry *items, size_t count)
{
	uint64_t	all_and = ~UINT64_C(0);
	uint64_t	all_or = 0;

	for (size_t i = 0; i < count; i++)
	{
		all_and &= items[i].hash;
		all_or |= items[i].hash;
	}
	return all_or & ~all_and;
}

/* The bit that divides the hashes most evenly; -1 if they all are equal. */
int
partition_bit(const Entry *items, size_t count)
{
	uint32_t	bits[64];
	size_t		seen = count_bits(items, count, bits);
	size_t		evenest = 0;
	int			best = -1;

	for (int bit = 0; bit < 64; bit++)
	{
		size_t		minority = bits[bit] < seen - bits[bit] ? bits[bit] : seen - bits[bit];

		if (minority > evenest)
		{
			evenest = minority;
			best = bit;
		}
	}
	if (best < 0 && seen < count)
	{
		uint64_t	varying = varying_bits(items, count);

		if (varying != 0)
			best = __builtin_ctzll(varying);
	}
	return best;
}

/* Put those without the bit first; returns how many they are. */
size_t
partition_by_bit(Entry *items, size_t count, int bit)
{
	size_t		without = 0;

	/* Both are written each time, so that no branch depends on the bit. */
	for (size_t i = 0; i < count; i++)
	{
		Entry		item = items[i];

		items[i] = items[without];
		items[without] = item;
		without += !((item.hash >> bit) & 1);
	}
	return without;
}

static int
compare_hashes(const void *left, const void *right)
{
	uint64_t	a = ((const Entry *) left)->hash;
	uint64_t	b = ((const Entry *) right)->hash;

	return (a > b) - (a < b);
}

static int
compare_ones(const void *left, const void *right)
{
	int			a = ones(((const Entry *) left)->hash);
	int			b = ones(((const Entry *) right)->hash);

	return a != b ? a - b : compare_hashes(left, right);
}

/*
 * Split a small part in two, neither tiny, with equal hashes on one side.
 * Returns the size of the first: 0 if all hashes are equal.
 */
size_t
partition_halve(Entry *items, size_t count)
{
	int			bit = partition_bit(items, count);
	size_t		first;

	if (bit < 0)
		return 0;
	first = partition_by_bit(items, count, bit);
	if (first >= count / UNEVEN && count - first >= count / UNEVEN)
		return first;

	qsort(items, count, sizeof(Entry), compare_ones);
	first = count / 2;
	/* Never between equals: go to the nearer end of their run. */
	for (size_t away = 0; away <= count / 2; away++)
	{
		if (first + away < count && items[first + away].hash != items[first + away - 1].hash)
			return first + away;
		if (first > away && items[first - away].hash != items[first - away - 1].hash)
			return first - away;
	}
	return 0;
}

/* Are there at most GROUP_HASHES different ones? */
static bool
makes_group(const Entry *items, size_t count)
{
	uint64_t	slots[COUNTING_SLOTS];
	bool		taken[COUNTING_SLOTS] = {false};
	int			different = 0;

	if (count <= GROUP_HASHES)
		return true;
	for (size_t i = 0; i < count; i++)
	{
		uint64_t	hash = items[i].hash;
		/* Fibonacci hashing: the golden ratio spreads what differs in few bits. */
		unsigned	slot = (hash * UINT64_C(0x9E3779B97F4A7C15)) >> 56;

		while (taken[slot] && slots[slot] != hash)
			slot = (slot + 1) % COUNTING_SLOTS;
		if (taken[slot])
			continue;
		if (++different > GROUP_HASHES)
			return false;
		taken[slot] = true;
		slots[slot] = hash;
	}
	return true;
}

static void
hand_out(Entry *items, size_t count, GroupSink sink, void *context)
{
	/* Popular pictures make long groups of one hash, which are in order. */
	for (size_t i = 1; i < count; i++)
		if (items[i].hash != items[0].hash)
		{
			qsort(items, count, sizeof(Entry), compare_hashes);
			break;
		}
	sink(context, items, count);
}

/*
 * Order the items and hand them out, group by group. Goes at most 64 levels
 * deep by bits, each of which can be split on once, and a few more by halves.
 */
void
partition(Entry *items, size_t count, GroupSink sink, void *context)
{
	while (count > 0)
	{
		size_t		first;

		if (makes_group(items, count))
		{
			hand_out(items, count, sink, context);
			return;
		}
		if (count <= SMALL_PART)
			first = partition_halve(items, count);
		else
			first = partition_by_bit(items, count, partition_bit(items, count));
		partition(items, first, sink, context);
		items += first;
		count -= first;
	}
}
