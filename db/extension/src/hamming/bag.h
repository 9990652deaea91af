/*-------------------------------------------------------------------------
 *
 * bag.h
 *	  Leaves taken apart, to move, split and merge their groups.
 *
 * It is leaf.h that makes bags of leaves, and leaves of bags.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_BAG_H
#define BKTREE_HAMMING_BAG_H

#include "hamming/page.h"

/* A leaf taken apart: the items of its first group, of its second, ... */
typedef struct Bag
{
	int			groups;
	int			items;
	int			size[LEAF_CAPACITY];	/* items of each group */
	Entry		item[LEAF_CAPACITY];	/* equal ones of a group adjacent */
} Bag;

extern void bag_sort(Entry *items, size_t count);
extern void bag_add(Bag *bag, const Entry *items, int count);
extern void bag_take(Bag *bag, int group, Bag *to);
extern bool bag_halve(Bag *bag, int group);
extern void bag_merge(Bag *bag);

#endif							/* BKTREE_HAMMING_BAG_H */
