/*-------------------------------------------------------------------------
 *
 * test_partition.c
 *	  Sets come apart into groups, and nothing is lost of them.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/partition.h"

#include "sets.h"
#include "support.h"

/* PostgreSQL counts on far less than 2 MB of stack being used at once. */
#define STACK_ROOM		(1024 * 1024)

#define MOST			60000

typedef struct Seen
{
	const char *set;
	Ledger		ledger;
	const Entry *next;			/* groups come in the order of the items */
	size_t		groups;
	size_t		hashes;			/* different ones of all groups */
	const char *stack;
} Seen;

static void
see_group(void *context, const Entry *items, size_t count)
{
	Seen	   *seen = context;
	const char *stack = __builtin_frame_address(0);
	size_t		different = count > 0;

	CHECK(count > 0, "%s: an empty group", seen->set);
	CHECK(items == seen->next, "%s: a group at another place", seen->set);
	CHECK(seen->stack - stack < STACK_ROOM, "%s: %td bytes of stack", seen->set,
		  seen->stack - stack);
	for (size_t i = 0; i < count; i++)
	{
		tick_off(&seen->ledger, items[i].hash, items[i].pointer);
		different += i > 0 && items[i].hash != items[i - 1].hash;
	}
	/* Were equal ones apart, there'd be fewer than that. */
	CHECK(different_hashes(items, count) == different, "%s: equal hashes apart", seen->set);
	CHECK(different <= GROUP_HASHES, "%s: %zu hashes in a group", seen->set, different);
	seen->next = items + count;
	seen->groups++;
	seen->hashes += different;
}

static void
check_partition(SetKind kind, size_t count)
{
	Entry	   *items = allocate(sizeof(Entry) * count);
	Seen		seen = {set_names[kind], {0}, items, 0, 0, NULL};
	size_t		different;

	make_set(kind, items, count);
	different = different_hashes(items, count);
	seen.ledger = open_ledger(items, count);
	seen.stack = __builtin_frame_address(0);
	partition(items, count, see_group, &seen);
	close_ledger(&seen.ledger);
	CHECK(seen.hashes == different, "%s: %zu hashes, that are %zu in the groups",
		  seen.set, different, seen.hashes);

	/* Every group costs bytes, and a look at each search. */
	CHECK(seen.groups <= 1 + different / 12, "%s: %zu groups of %zu hashes", seen.set,
		  seen.groups, different);
	free(items);
}

static void
check_bit(SetKind kind, size_t count)
{
	Entry	   *items = allocate(sizeof(Entry) * count);
	Ledger		ledger;
	int			bit;
	size_t		first;
	size_t		evenest = 0;

	make_set(kind, items, count);
	ledger = open_ledger(items, count);
	bit = partition_bit(items, count);
	CHECK(bit >= -1 && bit < 64, "bit %d", bit);
	CHECK((bit < 0) == (different_hashes(items, count) <= 1),
		  "%s: bit %d of %zu", set_names[kind], bit, count);
	if (bit < 0)
	{
		free(items);
		free(ledger.hashes);
		free(ledger.seen);
		return;
	}

	first = partition_by_bit(items, count, bit);
	CHECK(first > 0 && first < count, "%s: %zu of %zu", set_names[kind], first, count);
	for (size_t i = 0; i < count; i++)
	{
		CHECK((items[i].hash >> bit & 1) == (i >= first), "%s: on the wrong side",
			  set_names[kind]);
		tick_off(&ledger, items[i].hash, items[i].pointer);
	}
	close_ledger(&ledger);

	/* Of more than that a sample is looked at. */
	for (int other = 0; count <= 1024 && other < 64; other++)
	{
		size_t		with = 0;

		for (size_t i = 0; i < count; i++)
			with += items[i].hash >> other & 1;
		if (with > count - with)
			with = count - with;
		if (with > evenest)
			evenest = with;
	}
	CHECK(evenest == 0 || evenest == (first < count - first ? first : count - first),
		  "%s: %zu of %zu where %zu would do", set_names[kind], first, count, evenest);
	free(items);
}

static void
check_halve(SetKind kind, size_t count)
{
	Entry	   *items = allocate(sizeof(Entry) * count);
	Ledger		ledger;
	size_t		different;
	size_t		first;

	make_set(kind, items, count);
	different = different_hashes(items, count);
	ledger = open_ledger(items, count);
	first = partition_halve(items, count);
	CHECK((first == 0) == (different <= 1), "%s: %zu of %zu", set_names[kind], first, count);
	CHECK(first < count || count == 0, "%s: %zu of %zu", set_names[kind], first, count);
	CHECK(first == 0 || different_hashes(items, first) +
		  different_hashes(items + first, count - first) == different,
		  "%s: equal hashes in both of %zu and %zu", set_names[kind], first, count - first);

	/* Where no hash comes more than once, nothing keeps it from being fair. */
	CHECK(different < count || count < 2 || (first >= count / 8 && count - first >= count / 8),
		  "%s: %zu of %zu", set_names[kind], first, count);
	for (size_t i = 0; i < count; i++)
		tick_off(&ledger, items[i].hash, items[i].pointer);
	close_ledger(&ledger);
	free(items);
}

/* A bit that varies where the sample of a large set doesn't look. */
static void
check_rare_bit(void)
{
	Entry	   *items = allocate(sizeof(Entry) * MOST);

	for (int place = 0; place < 200; place++)
	{
		size_t		odd = (size_t) random_below(MOST);
		size_t		first;
		int			bit = random_below(64);

		make_set(SET_ALL_EQUAL, items, MOST);
		items[odd].hash ^= UINT64_C(1) << bit;
		CHECK(partition_bit(items, MOST) == bit, "%zu", odd);
		first = partition_by_bit(items, MOST, bit);
		CHECK(first == 1 || first == MOST - 1, "%zu", first);
	}
	free(items);
}

int
main(void)
{
	static const size_t sizes[] = {1000, 1023, 1025, 5000, MOST};

	seed_random(3);
	for (SetKind kind = 0; kind < SET_KINDS; kind++)
	{
		for (size_t count = 0; count <= 200; count += count < 20 ? 1 : 7)
			check_partition(kind, count);
		for (size_t count = 1; count <= 600; count += count < 80 ? 1 : 23)
		{
			check_bit(kind, count);
			check_halve(kind, count);
		}
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		{
			check_partition(kind, sizes[i]);
			check_bit(kind, sizes[i]);
		}
	}
	check_rare_bit();
	return 0;
}
