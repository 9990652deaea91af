/*-------------------------------------------------------------------------
 *
 * pack.h
 *	  Filling pages with groups, in the order in which they come.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_PACK_H
#define BKTREE_HAMMING_PACK_H

#include "hamming/page.h"

typedef struct Packer
{
	/* Takes a full leaf; returns the block it will lie in. */
	uint32_t	(*write_leaf) (void *context, const Leaf *leaf);
	void		(*write_summary) (void *context, const Summary *summary);
	void	   *context;
	int			leaf_items;		/* to put on a leaf, at most LEAF_CAPACITY */
	uint16_t	flags;			/* of the summaries */

	/* Of the leaf at hand */
	int			groups;
	int			repetitions;
	int			count[LEAF_GROUPS];
	Entry		repetition[LEAF_CAPACITY];
	Leaf		leaf;
	Summary		summary;
} Packer;

extern void packer_start(Packer *packer, int leaf_items, uint16_t flags);
extern void packer_add(Packer *packer, const Entry *items, size_t count);
extern void packer_finish(Packer *packer);

#endif							/* BKTREE_HAMMING_PACK_H */
