/*-------------------------------------------------------------------------
 *
 * search.h
 *	  What the parts of a search share.
 *
 * What is searched for is a list of rings, each a center and the least and
 * greatest distance to it, of which all must hold: an area is one, an equal
 * hash is one of distance 0. A pass visits the summary pages that all rings
 * leave open, one after the other, and takes what it finds on one before it
 * goes on; so a first row comes early, and what must be remembered is bounded
 * by what one summary page describes. Rows in order of distance take several
 * passes.
 *
 * PostgreSQL calls what is in scan.c. That has condition.c understand what is
 * wanted, and asks pass.c for rows, or order.c for rows in order, which asks
 * pass.c in its turn. Before it goes on to the next page, a pass has dead.c mark
 * what turned out to be dead on the last.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_SEARCH_H
#define BKTREE_HAMMING_SEARCH_H

#include "postgres.h"

#include "access/itup.h"
#include "access/relscan.h"
#include "storage/bufmgr.h"

#include "hamming/am.h"

typedef struct Ring
{
	uint64		center;
	int			low;
	int			high;
} Ring;

typedef struct Found
{
	uint64		hash;
	HeapPointer pointer;
	uint16		distance;		/* to what the rows are ordered by */
} Found;

typedef enum Stage
{
	STAGE_START,				/* nothing has been read yet */
	STAGE_HASHES,
	STAGE_NULLS,
	STAGE_END
} Stage;

typedef struct Search
{
	MemoryContext memory;
	const Kernel *kernel;

	/* What is searched for */
	Ring	   *rings;
	int			ring_count;
	bool		hashes;			/* are any wanted? */
	bool		nulls;			/* are rows without a hash wanted? */
	bool		ordered;
	uint64		center;			/* that rows are ordered by the distance to */
	int			farthest;		/* the greatest such distance that is wanted */
	uint64	   *others;			/* centers that order what is as far from that one */
	int			other_count;
	Ring	   *window;			/* among the rings; NULL if not ordered */

	/* Where it is */
	Stage		stage;
	bool		in_pass;
	Walk		walk;
	Buffer		interlock;		/* see vacuum.c */

	Found	   *found;
	int			found_count;
	int			found_room;
	int			given;			/* of these */
	BlockNumber found_at;		/* summary page of them all, if there is one */

	/* Rows known to be dead, to be marked before the next page is read */
	Found	   *dead;
	int			dead_count;

	IndexTuple	tuple;			/* for index-only scans */
	IndexTuple	null_tuple;
} Search;

/* condition.c */
extern void condition_understand(IndexScanDesc scan);

/* pass.c */
extern void pass_start(IndexScanDesc scan);
extern bool pass_continue(IndexScanDesc scan);
extern void pass_end(Search *search);

/* order.c */
extern bool order_refill(IndexScanDesc scan);

/* dead.c */
extern void dead_remember(Search *search);
extern void dead_mark(IndexScanDesc scan);

#endif							/* BKTREE_HAMMING_SEARCH_H */
