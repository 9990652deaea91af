/*-------------------------------------------------------------------------
 *
 * sets.c
 *	  Items to test with, and finding out whether all of them are still there.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "sets.h"
#include "support.h"

const char *const set_names[SET_KINDS] = {
	"uniform", "clustered", "skewed", "all equal", "two values", "popular",
	"sequential", "single bits", "sparse", "stairs", "halving"
};

HeapPointer
pointer_of(uint32_t number)
{
	HeapPointer pointer = {{(uint16_t) (number >> 30), (uint16_t) (number >> 15 & 0x7FFF),
			(uint16_t) (number & 0x7FFF)}};

	return pointer;
}

uint32_t
number_of(HeapPointer pointer)
{
	return (uint32_t) pointer.part[0] << 30 | (uint32_t) pointer.part[1] << 15 |
		(pointer.part[2] & 0x7FFFu);
}

/* The n-th of a fixed list of random numbers. */
static uint64_t
fixed(uint64_t n)
{
	n = (n + 1) * UINT64_C(0xD1342543DE82EF95);
	n ^= n >> 32;
	n *= UINT64_C(0xAF251AF3B0F025B5);
	return n ^ n >> 29;
}

uint64_t
some_hash(SetKind kind)
{
	uint64_t	hash = 0;

	switch (kind)
	{
		case SET_CLUSTERED:
			hash = fixed((uint64_t) random_below(40));
			return hash ^ random_with_ones(random_below(7));
		case SET_SKEWED:
			for (int bit = 0; bit < 64; bit++)
				hash |= (uint64_t) (random_below(64) < bit) << bit;
			return hash;
		case SET_ALL_EQUAL:
			return fixed(0);
		case SET_TWO_VALUES:
			return random_below(1000) == 0 ? fixed(1) : ~fixed(1);
		case SET_POPULAR:
			hash = (uint64_t) __builtin_ctzll(random_bits() | UINT64_C(1) << 63);
			return fixed(hash * 5 + (uint64_t) random_below(5));
		case SET_SEQUENTIAL:
			return (uint64_t) random_below(1 << 20);
		case SET_SINGLE_BITS:
			return UINT64_C(1) << random_below(64);
		case SET_SPARSE:
			return random_with_ones(random_below(4));
		case SET_STAIRS:
			return (UINT64_C(1) << random_below(64)) - 1;
		case SET_HALVING:
			/* What a split on the evenest bit leaves is the same again. */
			hash = random_bits();
			return hash | ~UINT64_C(0) << __builtin_ctzll(random_bits() | UINT64_C(1) << 63);
		default:
			return random_bits();
	}
}

void
make_set(SetKind kind, Entry *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		items[i].hash = kind == SET_SEQUENTIAL ? (uint64_t) i : some_hash(kind);
		items[i].pointer = pointer_of((uint32_t) i);
	}
}

/* The items' numbers are those from 0 to count - 1, in any order. */
Ledger
open_ledger(const Entry *items, size_t count)
{
	Ledger		ledger;

	ledger.count = count;
	ledger.hashes = allocate(sizeof(uint64_t) * count);
	ledger.seen = allocate(count);
	if (count > 0)
		memset(ledger.seen, 0, count);
	for (size_t i = 0; i < count; i++)
		ledger.hashes[number_of(items[i].pointer)] = items[i].hash;
	return ledger;
}

void
tick_off(Ledger *ledger, uint64_t hash, HeapPointer pointer)
{
	uint32_t	number = number_of(pointer);

	CHECK(number < ledger->count, "item %u never was", number);
	CHECK(!ledger->seen[number], "item %u came twice", number);
	CHECK(ledger->hashes[number] == hash, "item %u has another hash", number);
	ledger->seen[number] = true;
}

void
close_ledger(Ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		CHECK(ledger->seen[i], "item %zu was lost", i);
	free(ledger->hashes);
	free(ledger->seen);
}

int
compare_hashes(const void *left, const void *right)
{
	uint64_t	a = ((const Entry *) left)->hash;
	uint64_t	b = ((const Entry *) right)->hash;

	return (a > b) - (a < b);
}

size_t
different_hashes(const Entry *items, size_t count)
{
	Entry	   *sorted = allocate(sizeof(Entry) * count);
	size_t		different = count > 0;

	if (count > 0)
	{
		memcpy(sorted, items, sizeof(Entry) * count);
		qsort(sorted, count, sizeof(Entry), compare_hashes);
	}
	for (size_t i = 1; i < count; i++)
		different += sorted[i].hash != sorted[i - 1].hash;
	free(sorted);
	return different;
}
