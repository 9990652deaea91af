/*-------------------------------------------------------------------------
 *
 * pivot.h
 *	  Choosing the point that sets hashes apart best. No PostgreSQL state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_PIVOT_H
#define BKTREE_PIVOT_H

#include "postgres.h"

extern uint64 pivot_choose(const uint64 *hashes, int count);

#endif							/* BKTREE_PIVOT_H */
