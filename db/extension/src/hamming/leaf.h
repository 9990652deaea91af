/*-------------------------------------------------------------------------
 *
 * leaf.h
 *	  What is done to leaves and to the summaries that describe them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_LEAF_H
#define BKTREE_HAMMING_LEAF_H

#include "hamming/kernel.h"
#include "hamming/page.h"

/* A leaf taken apart: the items of its first group, of its second, ... */
typedef struct Bag
{
	int			groups;
	int			items;
	int			size[LEAF_CAPACITY];	/* items of each group */
	Entry		item[LEAF_CAPACITY];	/* equal ones of a group adjacent */
} Bag;

/* Where to put a hash. */
typedef struct Place
{
	int			leaf;			/* of the summary; -1 if it has none */
	int			group;			/* of the summary */
	int			unsettled;		/* bits on which the group would agree no more */
} Place;

/* What is wrong with a page, or NULL. */
extern const char *meta_damage(const Meta *meta);
extern const char *top_damage(const Top *top);
extern const char *summary_damage(const Summary *summary);
extern const char *leaf_damage(const Summary *summary, int number, int first, const Leaf *leaf);

/* Checks that take longer: every bound, against what it is the bound of. */
extern const char *summary_falsehood(const Summary *summary);
extern const char *leaf_falsehood(const Summary *summary, int number, const Leaf *leaf);

extern int	summary_first_group(const Summary *summary, int leaf);
extern void summary_bounds(const Summary *summary, uint64_t *all_and, uint64_t *all_or);
extern Place summary_place(const Summary *summary, uint64_t hash, const Kernel *kernel);
extern int	summary_roomy_leaf(const Summary *summary, int items, int except);
extern int	summary_add_leaf(Summary *summary, uint32_t block);
extern void summary_remove_leaf(Summary *summary, int leaf);
extern void summary_divide(Summary *from, Summary *to);

extern bool leaf_add(Summary *summary, int number, Leaf *leaf, int group, Entry item);
extern void leaf_unpack(const Summary *summary, int number, const Leaf *leaf, Bag *bag);
extern void leaf_pack(Summary *summary, int number, Leaf *leaf, const Bag *bag);

extern void bag_add(Bag *bag, const Entry *items, int count);
extern void bag_take(Bag *bag, int group, Bag *to);
extern bool bag_halve(Bag *bag, int group);
extern void bag_merge(Bag *bag);

extern void measure_group(const uint64_t *hashes, int count, uint64_t *all_and,
						  uint64_t *all_or, uint8_t *low, uint8_t *high);

#endif							/* BKTREE_HAMMING_LEAF_H */
