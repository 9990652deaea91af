/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What PostgreSQL 15 to 18 call differently.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_HAMMING_COMPAT_H
#define BKTREE_HAMMING_COMPAT_H

#include "postgres.h"

#include "commands/vacuum.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

#if PG_VERSION_NUM >= 160000
#define relation_locator(relation)	((relation)->rd_locator)
#else
#define relation_locator(relation)	((relation)->rd_node)
#endif

#if PG_VERSION_NUM >= 180000
#define vacuum_pause()	vacuum_delay_point(false)
#else
#define vacuum_pause()	vacuum_delay_point()
#endif

/* A new page at the end of a fork, zeroed and locked. */
static inline Buffer
extend_relation(Relation relation, ForkNumber fork)
{
#if PG_VERSION_NUM >= 160000
	return ExtendBufferedRel(BMR_REL(relation), fork, NULL, EB_LOCK_FIRST);
#else
	bool		others = !RELATION_IS_LOCAL(relation);
	Buffer		buffer;

	if (others)
		LockRelationForExtension(relation, ExclusiveLock);
	buffer = ReadBufferExtended(relation, fork, P_NEW, RBM_ZERO_AND_LOCK, NULL);
	if (others)
		UnlockRelationForExtension(relation, ExclusiveLock);
	return buffer;
#endif
}

#endif							/* BKTREE_HAMMING_COMPAT_H */
