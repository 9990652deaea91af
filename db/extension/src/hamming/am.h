/*-------------------------------------------------------------------------
 *
 * am.h
 *	  What the parts of the access method share.
 *
 * Locks are taken in this order: summary, leaf, meta, top. A search holds the
 * meta page and one top, or one summary; it reads leaves under the lock of
 * their summary, without one of their own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_AM_H
#define BKTREE_HAMMING_AM_H

#include "postgres.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "hamming/kernel.h"
#include "hamming/page.h"

#if BLCKSZ != 8192
#error "the hamming access method needs the usual block size of 8192 bytes"
#endif

/* Strategies of the operator class */
#define STRATEGY_WITHIN		1	/* hash <@ area */
#define STRATEGY_EQUAL		2	/* hash = hash */
#define STRATEGY_DISTANCE	3	/* ORDER BY hash <-> hash */

/* Phases of a build, as pg_stat_progress_create_index counts them */
#define PHASE_SCAN			2
#define PHASE_WRITE			3
#define PHASE_LOG			4

/* WITH (...) */
typedef struct Options
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int			fillfactor;
} Options;

#define LEAST_FILLFACTOR	50
#define USUAL_FILLFACTOR	100

static inline void *
page_content(Page page)
{
	return (char *) page + MAXALIGN(SizeOfPageHeaderData) + sizeof(PageMark);
}

static inline PageMark *
page_mark(Page page)
{
	return (PageMark *) ((char *) page + MAXALIGN(SizeOfPageHeaderData));
}

static inline void *
buffer_content(Buffer buffer)
{
	return page_content(BufferGetPage(buffer));
}

/* pages.c */
extern void page_start(Page page, PageKind kind, uint16 flags);
extern void page_require(Relation index, Buffer buffer, PageKind kind);
extern Buffer page_read(Relation index, BlockNumber block, PageKind kind, int lock);
extern Buffer page_read_leaf(Relation index, const Summary *summary, int number, int first,
							 BufferAccessStrategy strategy);
extern void page_expect_hashes(Relation index, BlockNumber block, int slot, int count);
extern void page_expect_summary(Relation index, BlockNumber block);
extern Buffer page_new(Relation index);
extern void index_start(Relation index, ForkNumber fork);
extern void index_damaged(Relation index, BlockNumber block, const char *what)
			__attribute__((noreturn));

/* walk.c: visiting summaries */
typedef struct Walk
{
	Relation	index;
	uint64		splits;			/* had been made when the walk began */
	uint32		epoch;			/* of vacuum, then */
	BlockNumber *blocks;
	int			count;
	int			room;
	int			total;			/* summary pages there are, chosen or not */
	int			at;
	BlockNumber right;			/* to be visited next, or InvalidBlockNumber */
	BlockNumber moves;			/* to the right, one after the other */
} Walk;

/* Which of a top's summary pages are to be visited? */
typedef void (*WalkChoice) (void *context, const Top *top, bool *wanted);

extern void walk_start(Walk *walk, Relation index, WalkChoice choose, void *context,
					   Buffer *interlock);
extern Buffer walk_next(Walk *walk, int lock);
extern void walk_expect(const Walk *walk);
extern void walk_look_right(Walk *walk, Buffer buffer);
extern void walk_end(Walk *walk);

/* handler.c */
extern void hamming_define_options(void);

/* The access method's own */
extern IndexBuildResult *hamming_build(Relation heap, Relation index, IndexInfo *info);
extern void hamming_build_empty(Relation index);
extern bool hamming_insert(Relation index, Datum *values, bool *isnull, ItemPointer tid,
						   Relation heap, IndexUniqueCheck check, bool unchanged,
						   IndexInfo *info);
extern IndexBulkDeleteResult *hamming_bulk_delete(IndexVacuumInfo *info,
												  IndexBulkDeleteResult *stats,
												  IndexBulkDeleteCallback callback, void *state);
extern IndexBulkDeleteResult *hamming_vacuum_cleanup(IndexVacuumInfo *info,
													 IndexBulkDeleteResult *stats);
extern void hamming_cost_estimate(PlannerInfo *root, IndexPath *path, double loops,
								  Cost *startup, Cost *total, Selectivity *selectivity,
								  double *correlation, double *pages);
extern IndexScanDesc hamming_begin_scan(Relation index, int keys, int orderings);
extern void hamming_rescan(IndexScanDesc scan, ScanKey keys, int count, ScanKey orderings,
						   int ordering_count);
extern bool hamming_get_tuple(IndexScanDesc scan, ScanDirection direction);
extern int64 hamming_get_bitmap(IndexScanDesc scan, TIDBitmap *bitmap);
extern void hamming_end_scan(IndexScanDesc scan);

#endif							/* BKTREE_HAMMING_AM_H */
