/*-------------------------------------------------------------------------
 *
 * estimate.h
 *	  How likely a hash lies within a radius, from a sample of distances.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_ESTIMATE_H
#define BKTREE_ESTIMATE_H

#include "postgres.h"

#include "distance.h"

/* Distances seen in a sample: how many at each. */
typedef struct DistanceSample
{
	int64		count[HAMMING_BITS + 1];
	int64		total;
} DistanceSample;

extern double estimate_unseen(int radius);
extern double estimate_from_sample(const DistanceSample *sample, int radius);

#endif							/* BKTREE_ESTIMATE_H */
