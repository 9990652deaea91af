/*-------------------------------------------------------------------------
 *
 * partition.h
 *	  Choosing the bits that split a set of hashes best. No PostgreSQL state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_PARTITION_H
#define BKTREE_PARTITION_H

#include "postgres.h"

extern uint64 partition_common_bits(const uint64 *hashes, int count);
extern uint64 partition_choose_bits(const uint64 *hashes, int count, int nbits);

#endif							/* BKTREE_PARTITION_H */
