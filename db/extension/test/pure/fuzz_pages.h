/*-------------------------------------------------------------------------
 *
 * fuzz_pages.h
 *	  What the input of the fuzz target looks like.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PURE_FUZZ_PAGES_H
#define PURE_FUZZ_PAGES_H

#include <stddef.h>
#include <stdint.h>

#define MOST_ENTRIES	1800	/* a few leaves */

/* First, which pages to make and what to look for in them. */
typedef struct Start
{
	uint64_t	query;
	uint32_t	seed;
	uint16_t	entries;
	uint8_t		set;
	uint8_t		raw;			/* pages of what follows, instead of edits */
} Start;

typedef enum Field
{
	FIELD_ANY,
	FIELD_COUNTS,				/* leaves and groups, of a summary */
	FIELD_LEAF_GROUPS,
	FIELD_GROUP_COUNT,
	FIELD_LEAF_ITEMS,
	FIELD_LEAF_COUNTS,			/* distinct and items, of a leaf */
	FIELDS
} Field;

/* Then, bytes to overwrite. */
typedef struct Edit
{
	uint8_t		page;			/* 0 the summary, else one of the leaves */
	uint8_t		field;
	uint16_t	place;
	uint8_t		value;
	uint8_t		unused;
} Edit;

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif							/* PURE_FUZZ_PAGES_H */
