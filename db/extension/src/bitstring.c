/*-------------------------------------------------------------------------
 *
 * bitstring.c
 *	  Hashes as 64 zeros and ones, most significant bit (the sign) first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"

#include "distance.h"

PG_FUNCTION_INFO_V1(int64_to_bitstring);
PG_FUNCTION_INFO_V1(bitstring_to_int64);

Datum
int64_to_bitstring(PG_FUNCTION_ARGS)
{
	uint64		hash = (uint64) PG_GETARG_INT64(0);
	char	   *digits = palloc(HAMMING_BITS + 1);

	for (int i = 0; i < HAMMING_BITS; i++)
		digits[i] = (hash >> (HAMMING_BITS - 1 - i)) & 1 ? '1' : '0';
	digits[HAMMING_BITS] = '\0';

	PG_RETURN_CSTRING(digits);
}

Datum
bitstring_to_int64(PG_FUNCTION_ARGS)
{
	const char *digits = PG_GETARG_CSTRING(0);
	uint64		hash = 0;
	int			i;

	for (i = 0; digits[i] == '0' || digits[i] == '1'; i++)
		hash = (hash << 1) | (uint64) (digits[i] - '0');

	if (digits[i] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("\"%.*s\" at position %d is not a binary digit",
						pg_mblen(digits + i), digits + i, i + 1),
				 errhint("A bit string is written with 0 and 1 alone.")));
	if (i != HAMMING_BITS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("bit string has %d digits, but a hash has %d bits",
						i, HAMMING_BITS)));

	PG_RETURN_INT64((int64) hash);
}
