/*-------------------------------------------------------------------------
 *
 * pivot.c
 *	  Choosing the point that sets hashes apart best.
 *
 * A pivot tells hashes apart by their distances from it, the better the more
 * these vary. It need not be one of the hashes. Write s for the pivot with -1
 * for each 0; then up to constants the variance of the distances is
 *
 *		sum over i, j of s[i] s[j] covariance(bit i, bit j)
 *
 * so bits that go together want the same sign, and bits that exclude each
 * other want opposite ones. Starting from one of the hashes, the bit whose
 * change raises this sum most is changed until none does. Each change raises
 * a sum of integers, which is bounded; so this ends, at a pivot that is no
 * worse than the hash it started from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "distance.h"
#include "pivot.h"

/* How many words a column of one bit per hash takes. */
#define COLUMN_WORDS(count)		(((count) + 63) / 64)

typedef struct Covariances
{
	int64		of[HAMMING_BITS][HAMMING_BITS]; /* times the count squared */
} Covariances;

/* Turn rows of 64 bits into 64 columns of one bit per row. */
static uint64 *
columns_of(const uint64 *hashes, int count)
{
	int			words = COLUMN_WORDS(count);
	uint64	   *columns = palloc0(sizeof(uint64) * HAMMING_BITS * words);

	for (int i = 0; i < count; i++)
	{
		for (uint64 rest = hashes[i]; rest != 0; rest &= rest - 1)
			columns[pg_rightmost_one_pos64(rest) * words + i / 64] |=
				UINT64CONST(1) << (i % 64);
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

static Covariances *
covariances_of(const uint64 *hashes, int count)
{
	int			words = COLUMN_WORDS(count);
	uint64	   *columns = columns_of(hashes, count);
	Covariances *covariances = palloc(sizeof(Covariances));
	int64		ones[HAMMING_BITS];

	for (int i = 0; i < HAMMING_BITS; i++)
	{
		const uint64 *column = columns + i * words;

		ones[i] = weight_of_both(column, column, words);
		for (int j = 0; j <= i; j++)
		{
			int64		both = weight_of_both(column, columns + j * words, words);

			covariances->of[i][j] = count * both - ones[i] * ones[j];
			covariances->of[j][i] = covariances->of[i][j];
		}
	}
	pfree(columns);
	return covariances;
}

/*
 * The pivot for some hashes. Unless they all are equal, at least two of them
 * are at different distances from it; if they are, it is that hash.
 */
uint64
pivot_choose(const uint64 *hashes, int count)
{
	uint64		pivot = hashes[count / 2];
	Covariances *covariances = covariances_of(hashes, count);
	int64		pull[HAMMING_BITS]; /* of all other bits on this one */

	for (int i = 0; i < HAMMING_BITS; i++)
	{
		pull[i] = 0;
		for (int j = 0; j < HAMMING_BITS; j++)
		{
			if (j != i)
				pull[i] += (pivot >> j & 1) ? covariances->of[i][j] : -covariances->of[i][j];
		}
	}

	for (;;)
	{
		int			best = -1;
		int64		best_gain = 0;
		int64		step;

		for (int i = 0; i < HAMMING_BITS; i++)
		{
			int64		gain = (pivot >> i & 1) ? -pull[i] : pull[i];

			if (gain > best_gain)
			{
				best = i;
				best_gain = gain;
			}
		}
		if (best < 0)
			break;

		pivot ^= UINT64CONST(1) << best;
		step = (pivot >> best & 1) ? 2 : -2;
		for (int i = 0; i < HAMMING_BITS; i++)
		{
			if (i != best)
				pull[i] += step * covariances->of[best][i];
		}
	}

	pfree(covariances);
	return pivot;
}
