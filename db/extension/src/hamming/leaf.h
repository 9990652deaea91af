/*-------------------------------------------------------------------------
 *
 * leaf.h
 *	  What is done to leaves and what their summaries say of them at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_LEAF_H
#define BKTREE_HAMMING_LEAF_H

#include "hamming/bag.h"
#include "hamming/page.h"

extern void measure_group(const uint64_t *hashes, int count, uint64_t *all_and,
						  uint64_t *all_or, uint8_t *low, uint8_t *high);
extern bool leaf_add(Summary *summary, int number, Leaf *leaf, int group, Entry item);
extern void leaf_unpack(const Summary *summary, int number, const Leaf *leaf, Bag *bag);
extern void leaf_pack(Summary *summary, int number, Leaf *leaf, const Bag *bag);

#endif							/* BKTREE_HAMMING_LEAF_H */
