/*-------------------------------------------------------------------------
 *
 * sets.h
 *	  Items to test with, and finding out whether all of them are still there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PURE_SETS_H
#define PURE_SETS_H

#include "hamming/page.h"

/* Ways of choosing hashes; SET_KINDS of them. */
typedef enum SetKind
{
	SET_UNIFORM,
	SET_CLUSTERED,				/* near a few centers */
	SET_SKEWED,					/* each bit set as often as its own chance */
	SET_ALL_EQUAL,
	SET_TWO_VALUES,				/* of which one is rare */
	SET_POPULAR,				/* the first as often as all others, and so on */
	SET_SEQUENTIAL,
	SET_SINGLE_BITS,
	SET_SPARSE,					/* up to three bits set */
	SET_STAIRS,					/* 0, 1, 11, 111, ... */
	SET_HALVING,				/* each next bit set in half of the ones before */
	SET_KINDS
} SetKind;

extern const char *const set_names[SET_KINDS];

/* Every item has a pointer of its own, that tells its number. */
extern void make_set(SetKind kind, Entry *items, size_t count);
extern uint64_t some_hash(SetKind kind);
extern HeapPointer pointer_of(uint32_t number);
extern uint32_t number_of(HeapPointer pointer);

/* Which hash belongs to a number, and whether the item has come by. */
typedef struct Ledger
{
	size_t		count;
	uint64_t   *hashes;
	bool	   *seen;
} Ledger;

extern Ledger open_ledger(const Entry *items, size_t count);
extern void tick_off(Ledger *ledger, uint64_t hash, HeapPointer pointer);
extern void close_ledger(Ledger *ledger);	/* all must have come by */

extern int	compare_hashes(const void *left, const void *right);	/* of items */
extern size_t different_hashes(const Entry *items, size_t count);

#endif							/* PURE_SETS_H */
