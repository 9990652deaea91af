/*-------------------------------------------------------------------------
 *
 * damage.h
 *	  What is wrong with a page, if anything.
 *
 * Whoever reads a page asks for its damage before using it, so that nothing on
 * it leads out of bounds. A falsehood, which takes longer to find, only lets
 * searches miss something.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_DAMAGE_H
#define BKTREE_HAMMING_DAMAGE_H

#include "hamming/page.h"

/* What is wrong with a page, or NULL. */
extern const char *meta_damage(const Meta *meta);
extern const char *top_damage(const Top *top);
extern const char *summary_damage(const Summary *summary);
extern const char *leaf_damage(const Summary *summary, int number, int first, const Leaf *leaf);

/* Checks that take longer: every bound, against what it is the bound of. */
extern const char *summary_falsehood(const Summary *summary);
extern const char *leaf_falsehood(const Summary *summary, int number, const Leaf *leaf);

#endif							/* BKTREE_HAMMING_DAMAGE_H */
