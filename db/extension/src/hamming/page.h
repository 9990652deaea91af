/*-------------------------------------------------------------------------
 *
 * page.h
 *	  What lies on the pages of a hamming index.
 *
 * Four kinds of pages, each found from the one before:
 *
 *	  meta		block 0. Where the list of tops begins.
 *	  top		a list of them holds one entry for each summary page.
 *	  summary	describes up to 32 leaves, and their groups.
 *	  leaf		up to 582 items, each a hash and a heap pointer.
 *
 * The items of a leaf lie in groups of at most 64 different hashes that are
 * near each other. Of every group, leaf and summary page the AND and the OR
 * of all its hashes are kept, outside of it: where the AND has a one or the OR
 * a zero, all hashes agree, and each such bit in which a query differs adds
 * one to the least distance that anything in there can have. Of a group's
 * other bits the least and the greatest number of ones are kept as well. So a
 * search reads the tops, then the summaries that can hold something near, and
 * of the leaves only what its groups don't rule out.
 *
 * A summary page's lock guards its leaves too: nobody reads or changes a leaf
 * without it.
 *
 * Some files need no PostgreSQL, so that they can be tested alone. Each of them
 * uses only those before it in this list:
 *
 *	  page.h		the layout, which all of them share
 *	  bits.h		counting ones
 *	  kernel.h		searching many hashes at once, and bounding them
 *	  partition.h	which hashes make a group
 *	  summary.h		the summaries alone
 *	  damage.h		what is wrong with a page
 *	  bag.h			leaves taken apart
 *	  leaf.h		leaves together with their summaries
 *	  pack.h		filling new pages
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_PAGE_H
#define BKTREE_HAMMING_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_MAGIC			0x68616D6D	/* "hamm" */
#define PAGE_VERSION		1
#define NO_BLOCK			0xFFFFFFFFu

#define LEAF_CAPACITY		582
#define LEAF_GROUPS			48	/* at most, on one leaf */
#define GROUP_HASHES		64	/* at most, different ones, in a group */
#define SUMMARY_LEAVES		32
#define SUMMARY_GROUPS		384
#define TOP_ENTRIES			384

typedef enum PageKind
{
	PAGE_META = 1,
	PAGE_INTERLOCK,				/* empty; see vacuum.c */
	PAGE_TOP,
	PAGE_SUMMARY,
	PAGE_LEAF,
	PAGE_FREE
} PageKind;

/*
 * At the start of every page, behind PostgreSQL's header: a search that looks
 * at few hashes of a leaf needs not touch its end.
 */
typedef struct PageMark
{
	uint32_t	magic;
	uint8_t		version;
	uint8_t		kind;			/* PageKind */
	uint16_t	flags;
} PageMark;

#define LEAF_INSERTED		0x0001	/* made by an insert, not by the build */

/*
 * A row of the table: two halves of a block's number and an offset, laid out
 * as ItemPointerData. An offset never needs its highest bit; that says the row
 * is known to be dead.
 */
typedef struct HeapPointer
{
	uint16_t	part[3];
} HeapPointer;

#define POINTER_DEAD		0x8000

/* A hash and its row, as they are handed about. */
typedef struct Entry
{
	uint64_t	hash;
	HeapPointer pointer;
} Entry;

/*
 * Hashes and pointers lie apart, so that a search runs over hashes alone. The
 * first "distinct" belong to groups, in the order of the groups. Behind them
 * are repetitions, in any order: items whose hash is among the distinct ones.
 * They needn't be looked at unless one of those was found.
 */
typedef struct Leaf
{
	uint16_t	distinct;
	uint16_t	items;			/* with the repetitions */
	uint32_t	unused;
	uint64_t	hashes[LEAF_CAPACITY];
	HeapPointer pointers[LEAF_CAPACITY];
} Leaf;

#define SUMMARY_NULLS		0x01	/* rows whose hash is NULL */

typedef struct Summary
{
	/*
	 * When the page was last split: what the meta page's counter became by it.
	 * What was moved out is found to the right.
	 */
	uint64_t	split;
	uint32_t	right;
	uint32_t	top_block;		/* where its own entry is */
	uint64_t	all_and;		/* what that entry says */
	uint64_t	all_or;
	uint16_t	top_slot;
	uint16_t	flags;
	uint16_t	leaves;
	uint16_t	groups;

	uint64_t	leaf_and[SUMMARY_LEAVES];
	uint64_t	leaf_or[SUMMARY_LEAVES];
	uint64_t	group_and[SUMMARY_GROUPS];
	uint64_t	group_or[SUMMARY_GROUPS];
	uint32_t	leaf_block[SUMMARY_LEAVES];
	uint16_t	leaf_items[SUMMARY_LEAVES];
	uint8_t		leaf_groups[SUMMARY_LEAVES];	/* how many of the groups */

	/* How many ones a hash has where the group's hashes differ. */
	uint8_t		group_low[SUMMARY_GROUPS];
	uint8_t		group_high[SUMMARY_GROUPS];
	uint8_t		group_count[SUMMARY_GROUPS];	/* different hashes */
} Summary;

typedef struct Top
{
	uint32_t	next;			/* top page, or NO_BLOCK */
	uint16_t	entries;
	uint16_t	unused;
	uint64_t	all_and[TOP_ENTRIES];
	uint64_t	all_or[TOP_ENTRIES];
	uint32_t	block[TOP_ENTRIES];
	uint8_t		flags[TOP_ENTRIES];
} Top;

#define TOP_NULLS			SUMMARY_NULLS
#define TOP_EMPTY			0x02	/* the summary page has no leaf */

typedef struct Meta
{
	uint64_t	splits;			/* of summary pages, so far */
	uint32_t	first_top;
	uint32_t	last_top;
	uint32_t	epoch;			/* which interlock page scans pin; see vacuum.c */
	uint32_t	unused;
} Meta;

/* Interlock pages; tops, summaries and leaves come after them. */
#define META_BLOCK			0
#define INTERLOCK_BLOCK(epoch)	(1 + (epoch) % 2)
#define FIRST_BLOCK			3

#define PAGE_ROOM			(8192 - 24 - sizeof(PageMark))

_Static_assert(sizeof(HeapPointer) == 6, "a heap pointer has 6 bytes");
_Static_assert(sizeof(Leaf) <= PAGE_ROOM, "a leaf fits on a page");
_Static_assert(sizeof(Summary) <= PAGE_ROOM, "a summary fits on a page");
_Static_assert(sizeof(Top) <= PAGE_ROOM, "a top fits on a page");

#endif							/* BKTREE_HAMMING_PAGE_H */
