/*-------------------------------------------------------------------------
 *
 * area.c
 *	  The type bktree_area, and the operators bigint <@ area, area @> bigint.
 *
 * bktree_area is a composite type, so that (center, distance) can be written
 * without a cast. Its two bigints are read straight from the row's data area:
 * the general way asks the type cache for each field of each row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"

#include "area.h"
#include "distance.h"

PG_FUNCTION_INFO_V1(bktree_area_match);
PG_FUNCTION_INFO_V1(bktree_area_contains);

/*
 * Read both fields as they are. False if either is NULL: such an area holds
 * no hash for certain, and comparing with it is neither true nor false.
 */
bool
area_read(Datum composite, int64 *center, int64 *distance)
{
	HeapTupleHeader row = DatumGetHeapTupleHeader(composite);
	Size		end = row->t_hoff + sizeof(int64) * 2;

	if (HeapTupleHeaderGetNatts(row) < 2)
		return false;
	if ((row->t_infomask & HEAP_HASNULL) &&
		(att_isnull(0, row->t_bits) || att_isnull(1, row->t_bits)))
		return false;
	if (HeapTupleHeaderGetDatumLength(row) < end)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("bktree_area does not consist of two bigint fields"),
				 errhint("The type was altered; create the extension anew.")));

	memcpy(center, (char *) row + row->t_hoff, sizeof(int64));
	memcpy(distance, (char *) row + row->t_hoff + sizeof(int64), sizeof(int64));
	return true;
}

/*
 * Read an area to search with. False if a field is NULL; an ERROR if the
 * distance is none that two hashes can have.
 */
bool
area_from_datum(Datum composite, Area *area)
{
	int64		center;
	int64		distance;

	if (!area_read(composite, &center, &distance))
		return false;
	if (distance < 0 || distance > HAMMING_BITS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("search distance %lld is out of range",
						(long long) distance),
				 errhint("Two hashes differ in 0 to %d bits; use a distance in that range.",
						 HAMMING_BITS)));

	area->center = (uint64) center;
	area->radius = (int) distance;
	return true;
}

Datum
bktree_area_match(PG_FUNCTION_ARGS)
{
	Area		area;

	if (!area_from_datum(PG_GETARG_DATUM(1), &area))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(hamming_distance((uint64) PG_GETARG_INT64(0), area.center) <= area.radius);
}

Datum
bktree_area_contains(PG_FUNCTION_ARGS)
{
	Area		area;

	if (!area_from_datum(PG_GETARG_DATUM(0), &area))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(hamming_distance((uint64) PG_GETARG_INT64(1), area.center) <= area.radius);
}
