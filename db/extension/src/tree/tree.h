/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  The SP-GiST tree behind bktree_ops: what is stored, and what may be asked.
 *
 * An inner tuple's prefix is a pivot, any 64-bit value. Each of its nodes has
 * a range of distances for a label, and holds the hashes whose distance from
 * the pivot lies in that range. The ranges of a tuple do not overlap and leave
 * no distance out, so every hash has its node, now and later.
 *
 * By the triangle inequality, a hash at a distance of lowest to highest from
 * the pivot is at least max(lowest - d, d - highest) away from a query that is
 * at distance d from the pivot.
 *
 * In tuples that SP-GiST calls "all the same", made where nothing could be
 * split, all nodes have the same label. Usually it says distance 0, and so
 * the one hash below, repeated how often ever, is known.
 *
 * Version 1.0 built the textbook's BK-tree, and its indexes live on: 65 nodes
 * without labels, node i holding the hashes at distance i from the prefix, and
 * nothing known of the nodes of a tuple "all the same". SP-GiST labels all
 * nodes of a tuple or none, so the missing labels tell the two kinds apart,
 * tuple by tuple. A leaf is the bare hash in both.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_TREE_H
#define BKTREE_TREE_H

#include "postgres.h"

#include "distance.h"

/* Strategies. The first two have their numbers from 1.0. */
#define TREE_WITHIN_AREA	1	/* bigint <@ bktree_area */
#define TREE_EQUAL			2	/* bigint = bigint */
#define TREE_DISTANCE		3	/* ORDER BY bigint <-> bigint */

/* A range of distances, both ends included. */
typedef struct Range
{
	int			lowest;
	int			highest;
} Range;

static inline Datum
range_to_label(Range range)
{
	return Int64GetDatum((int64) range.lowest | (int64) range.highest << 8);
}

extern Range tree_node_range(bool allTheSame, bool hasPrefix, int nNodes,
							 const Datum *nodeLabels, int node);

#endif							/* BKTREE_TREE_H */
