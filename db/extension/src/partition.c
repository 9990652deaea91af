/*-------------------------------------------------------------------------
 *
 * partition.c
 *	  Choosing the bits that split a set of hashes best.
 *
 * The best bits are those whose patterns divide the set most evenly: every
 * bit known of a subtree adds half a bit to the expected distance between a
 * stranger and everything in it, and an even split teaches most about each
 * half. They are chosen greedily, one after the other, each given those
 * before it; a bit that merely repeats an earlier one divides nothing more
 * and is passed over by itself.
 *
 * The set is turned so that each bit has a column of one bit per hash; a
 * candidate's split of a part is then a handful of ANDs and popcounts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "hamming.h"
#include "partition.h"

/* How many words a column of one bit per hash takes. */
#define COLUMN_WORDS(count)		(((count) + 63) / 64)

/* The bits that all hashes have alike, whether set or not. */
uint64
partition_common_bits(const uint64 *hashes, int count)
{
	uint64		different = 0;

	for (int i = 1; i < count; i++)
		different |= hashes[i] ^ hashes[0];
	return ~different;
}

static uint64 *
columns_of(const uint64 *hashes, int count)
{
	int			words = COLUMN_WORDS(count);
	uint64	   *columns = palloc0(sizeof(uint64) * HAMMING_BITS * words);

	for (int i = 0; i < count; i++)
	{
		uint64		row = UINT64CONST(1) << (i % 64);
		uint64		rest = hashes[i];

		while (rest != 0)
		{
			int			bit = pg_rightmost_one_pos64(rest);

			columns[bit * words + i / 64] |= row;
			rest &= rest - 1;
		}
	}
	return columns;
}

static int
weight_of_both(const uint64 *a, const uint64 *b, int words)
{
	int			weight = 0;

	for (int w = 0; w < words; w++)
		weight += hamming_weight(a[w] & b[w]);
	return weight;
}

/*
 * The bit whose split leaves the parts smallest, by the sum of their squared
 * sizes; -1 if none splits any part.
 */
static int
most_even_bit(const uint64 *columns, int words, uint64 candidates,
			  const uint64 *parts, const int *sizes, int nparts)
{
	int			best = -1;
	int64		best_cost = 0;

	for (int p = 0; p < nparts; p++)
		best_cost += (int64) sizes[p] * sizes[p];

	while (candidates != 0)
	{
		int			bit = pg_rightmost_one_pos64(candidates);
		int64		cost = 0;

		candidates &= candidates - 1;
		for (int p = 0; p < nparts; p++)
		{
			int64		ones = weight_of_both(parts + p * words, columns + bit * words, words);
			int64		zeros = sizes[p] - ones;

			cost += ones * ones + zeros * zeros;
		}
		if (cost < best_cost)
		{
			best = bit;
			best_cost = cost;
		}
	}
	return best;
}

/*
 * Up to nbits bits to split the hashes by, as a mask: fewer if fewer already
 * tell all hashes apart, and 0 if the hashes are all equal.
 */
uint64
partition_choose_bits(const uint64 *hashes, int count, int nbits)
{
	int			words = COLUMN_WORDS(count);
	uint64	   *columns = columns_of(hashes, count);
	uint64	   *parts = palloc0(sizeof(uint64) * words << nbits);
	int		   *sizes = palloc0(sizeof(int) << nbits);
	int			nparts = 1;
	uint64		candidates = ~partition_common_bits(hashes, count);
	uint64		chosen = 0;

	for (int i = 0; i < count; i++)
		parts[i / 64] |= UINT64CONST(1) << (i % 64);
	sizes[0] = count;

	for (int n = 0; n < nbits; n++)
	{
		int			bit = most_even_bit(columns, words, candidates, parts, sizes, nparts);

		if (bit < 0)
			break;
		chosen |= UINT64CONST(1) << bit;
		candidates &= ~(UINT64CONST(1) << bit);

		for (int p = 0; p < nparts; p++)
		{
			uint64	   *zeros = parts + p * words;
			uint64	   *ones = parts + (nparts + p) * words;

			sizes[nparts + p] = 0;
			for (int w = 0; w < words; w++)
			{
				ones[w] = zeros[w] & columns[bit * words + w];
				zeros[w] &= ~columns[bit * words + w];
				sizes[nparts + p] += hamming_weight(ones[w]);
			}
			sizes[p] -= sizes[nparts + p];
		}
		nparts *= 2;
	}

	pfree(columns);
	pfree(parts);
	pfree(sizes);
	return chosen;
}
