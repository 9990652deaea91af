/*-------------------------------------------------------------------------
 *
 * change.h
 *	  A change of a summary page and its leaves, logged as one record.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_CHANGE_H
#define BKTREE_HAMMING_CHANGE_H

#include "postgres.h"

#include "access/generic_xlog.h"

#include "hamming/am.h"
#include "hamming/bag.h"

/* A record that is being made, and the summary that it changes. */
typedef struct Change
{
	GenericXLogState *state;
	Summary    *summary;
	Buffer		top;			/* locked, if the bounds of the summary change */
} Change;

extern Change change_start(Relation index, Buffer summary);
extern void *change_page(Change *change, Buffer buffer);
extern void *change_whole_page(Change *change, Buffer buffer);
extern void *change_new_page(Change *change, Buffer buffer, PageKind kind, uint16 flags);
extern void change_bounds(Change *change, Relation index, BlockNumber block, bool exactly);
extern void change_finish(Change *change);
extern void require_apart(Relation index, const Summary *summary, int number, int other);
extern void unpack_leaf(Relation index, const Summary *summary, int number,
						const Leaf *leaf, Bag *bag);
extern Buffer lock_leaf(Relation index, const Summary *summary, int number,
						BufferAccessStrategy strategy);
extern void tighten_summary(Relation index, Buffer buffer);

#endif							/* BKTREE_HAMMING_CHANGE_H */
