/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  The SP-GiST tree behind bktree_ops: what is stored, and what may be asked.
 *
 * An inner tuple's prefix is a mask of bits, and the label of each of its
 * nodes is a pattern of those bits: every hash below node i satisfies
 *
 *		(hash & prefix) == label[i]
 *
 * Hence a query that differs from the patterns on its way down in n bits
 * differs from everything below in at least n. The mask has at most
 * TREE_SPLIT_BITS bits in which the labels differ, and may have others that
 * all labels have alike.
 *
 * The same holds for the tuples that SP-GiST calls "all the same", made where
 * nothing could be split: all their labels are equal, and their mask usually
 * is complete, so that the one hash below them is known.
 *
 * Version 1.0 built a tree of another kind, and its indexes live on: 65 nodes
 * without labels, node i holding the hashes at distance i from the prefix.
 * SP-GiST either labels all nodes of a tuple or none, so the missing labels
 * tell the two kinds apart, tuple by tuple; a leaf is the bare hash in both.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_TREE_H
#define BKTREE_TREE_H

#include "postgres.h"

#include "hamming.h"

/* Strategies. The first two have their numbers from 1.0. */
#define TREE_WITHIN_AREA	1	/* bigint <@ bktree_area */
#define TREE_EQUAL			2	/* bigint = bigint */
#define TREE_DISTANCE		3	/* ORDER BY bigint <-> bigint */

/* A split makes up to two to the power of this many nodes. */
#define TREE_SPLIT_BITS		3

/* An inner tuple as version 1.0 made them. */
#define PIVOT_NODES			(HAMMING_BITS + 1)

static inline void
tree_corrupted(int nnodes)
{
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("bktree index contains an inner tuple of unknown form, with %d nodes",
					nnodes),
			 errhint("REINDEX the index.")));
}

#endif							/* BKTREE_TREE_H */
