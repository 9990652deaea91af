/*-------------------------------------------------------------------------
 *
 * book.h
 *	  The pages of an index in memory: summaries, and the leaves they describe.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PURE_BOOK_H
#define PURE_BOOK_H

#include "hamming/kernel.h"
#include "hamming/page.h"

#include "sets.h"

/* Each page is an allocation of its own, so that a sanitizer sees its ends. */
typedef struct Book
{
	Summary   **summaries;
	Leaf	  **leaves;
	int			summary_count;
	int			leaf_count;
} Book;

extern Book open_book(void);
extern void close_book(Book *book);
extern Summary *book_add_summary(Book *book);	/* an empty one */
extern uint32_t book_add_leaf(Book *book);	/* the block of an empty one */
extern Leaf *book_leaf(const Book *book, const Summary *summary, int number);

/* Packs items, as a build does. */
extern void book_fill(Book *book, Entry *items, size_t count, int leaf_items);

/*
 * Ends the test unless all pages are right by the extension's own checks and
 * by others, and every item of the ledger is on one of them.
 */
extern void book_check(const Book *book, Ledger *ledger);

/*
 * The slots of a leaf whose hashes have such distances, found as a search does;
 * returns how many. There's room for LEAF_CAPACITY.
 */
extern int	search_leaf(const Summary *summary, int number, const Leaf *leaf,
						const Kernel *kernel, uint64_t query, int low, int high,
						uint16_t *slots);

#endif							/* PURE_BOOK_H */
