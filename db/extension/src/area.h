/*-------------------------------------------------------------------------
 *
 * area.h
 *	  bktree_area (center, distance): all hashes around a center.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BKTREE_AREA_H
#define BKTREE_AREA_H

#include "postgres.h"

typedef struct Area
{
	uint64		center;
	int			radius;			/* 0 .. HAMMING_BITS */
} Area;

extern bool area_read(Datum composite, int64 *center, int64 *distance);
extern bool area_from_datum(Datum composite, Area *area);

#endif							/* BKTREE_AREA_H */
