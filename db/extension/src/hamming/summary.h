/*-------------------------------------------------------------------------
 *
 * summary.h
 *	  What is done to the summaries that describe leaves.
 *
 * The leaves themselves aren't touched here; leaf.h is for a leaf and its summary
 * at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_SUMMARY_H
#define BKTREE_HAMMING_SUMMARY_H

#include "hamming/kernel.h"
#include "hamming/page.h"

/* Where to put a hash. */
typedef struct Place
{
	int			leaf;			/* of the summary; -1 if it has none */
	int			group;			/* of the summary */
	int			unsettled;		/* bits on which the group would agree no more */
} Place;

extern int	summary_first_group(const Summary *summary, int leaf);
extern void summary_bounds(const Summary *summary, uint64_t *all_and, uint64_t *all_or);
extern Place summary_place(const Summary *summary, uint64_t hash, const Kernel *kernel);
extern int	summary_roomy_leaf(const Summary *summary, int items, int except);
extern void summary_resize_groups(Summary *summary, int leaf, int groups);
extern int	summary_add_leaf(Summary *summary, uint32_t block);
extern void summary_remove_leaf(Summary *summary, int leaf);
extern void summary_divide(Summary *from, Summary *to);

#endif							/* BKTREE_HAMMING_SUMMARY_H */
