/*-------------------------------------------------------------------------
 *
 * test_leaf.c
 *	  Pages under inserts, splits, moves and removals, against a plain list.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/leaf.h"
#include "hamming/summary.h"

#include "book.h"
#include "sets.h"
#include "support.h"

#define MANY		6000
#define MOST		30000		/* more than one summary describes */

/*
 * So much room is left for others where a group is moved to. With none, two
 * full leaves would pass a group to each other for ever.
 */
#define SPARE_ROOM	8

/* The pages, and what is to be on them. */
typedef struct Trial
{
	SetKind		kind;
	Book		book;
	const Kernel *kernel;
	Entry		entries[MOST];	/* by their number */
	bool		there[MOST];
	int			count;
} Trial;

static int
room_on(const Summary *summary, int number)
{
	return LEAF_CAPACITY - summary->leaf_items[number];
}

static Bag *
unpack(const Book *book, const Summary *summary, int number)
{
	Bag		   *bag = allocate(sizeof(Bag));

	leaf_unpack(summary, number, book_leaf(book, summary, number), bag);
	return bag;
}

static void
pack(const Book *book, Summary *summary, int number, Bag *bag)
{
	leaf_pack(summary, number, book_leaf(book, summary, number), bag);
	free(bag);
}

/* A leaf for a group of so many: one that is there, or a new one. */
static int
another_leaf(Book *book, Summary *summary, int items, int except)
{
	int			number = summary_roomy_leaf(summary, items, except);

	if (number < 0)
		return summary_add_leaf(summary, book_add_leaf(book));
	CHECK(number != except && number < summary->leaves, "leaf %d", number);
	CHECK(room_on(summary, number) >= items, "leaf %d", number);
	CHECK(summary->leaf_groups[number] < LEAF_GROUPS, "leaf %d", number);
	return number;
}

static void
add_group(Book *book, Summary *summary, int except, Entry entry)
{
	int			number = another_leaf(book, summary, 1, except);
	Bag		   *bag = unpack(book, summary, number);

	bag_add(bag, &entry, 1);
	pack(book, summary, number, bag);
}

static void
split_group(Book *book, Summary *summary, int number, int group)
{
	Bag		   *bag = unpack(book, summary, number);
	int			size = bag->size[group];
	bool		equal = summary->group_count[summary_first_group(summary, number) + group] == 1;

	CHECK(bag_halve(bag, group) == !equal, "%d items", size);
	CHECK(equal || bag->size[group] + bag->size[group + 1] == size, "%d and %d, of %d",
		  bag->size[group], bag->size[group + 1], size);
	CHECK(equal || (bag->size[group] > 0 && bag->size[group + 1] > 0), "%d items", size);
	pack(book, summary, number, bag);
}

static void
move_group(Book *book, Summary *summary, int number, int group)
{
	Bag		   *bag = unpack(book, summary, number);
	int			size = bag->size[group];
	int			to = another_leaf(book, summary, size + SPARE_ROOM, number);
	Bag		   *other = unpack(book, summary, to);

	bag_take(bag, group, other);
	CHECK(other->size[other->groups - 1] == size, "%d, not %d",
		  other->size[other->groups - 1], size);
	if (bag->items > 0)
	{
		pack(book, summary, number, bag);
		pack(book, summary, to, other);
		return;
	}
	free(bag);
	pack(book, summary, to, other);
	summary_remove_leaf(summary, number);
}

static void
divide(Book *book, Summary *summary)
{
	int			leaves = summary->leaves;
	int			groups = summary->groups;
	Summary    *right = book_add_summary(book);

	summary_divide(summary, right);
	CHECK(summary->leaves + right->leaves == leaves, "%d and %d, of %d", summary->leaves,
		  right->leaves, leaves);
	CHECK(summary->groups + right->groups == groups, "%d and %d, of %d", summary->groups,
		  right->groups, groups);
	CHECK(leaves < 2 || (summary->leaves > 0 && right->leaves > 0), "%d of %d",
		  right->leaves, leaves);
	summary_bounds(summary, &summary->all_and, &summary->all_or);
	summary_bounds(right, &right->all_and, &right->all_or);
}

/* The group that a hash goes to is among those that it unsettles least. */
static void
check_place(const Summary *summary, uint64_t hash, Place place)
{
	int			least = 64;
	int			first;

	CHECK((place.leaf < 0) == (summary->leaves == 0), "leaf %d of %d", place.leaf,
		  summary->leaves);
	if (place.leaf < 0)
		return;
	first = summary_first_group(summary, place.leaf);
	CHECK(place.group >= first && place.group < first + summary->leaf_groups[place.leaf],
		  "group %d is not on leaf %d", place.group, place.leaf);
	for (int group = 0; group < summary->groups; group++)
	{
		int			unsettled = ones_in((~hash & summary->group_and[group]) |
										(hash & ~summary->group_or[group]));

		least = unsettled < least ? unsettled : least;
		CHECK(group != place.group || unsettled == place.unsettled, "%d, not %d",
			  place.unsettled, unsettled);
	}
	CHECK(place.unsettled == least, "%d, not %d", place.unsettled, least);
}

/* One step towards adding an entry; false if it has to be tried again. */
static bool
try_to_add(Book *book, Summary *summary, const Kernel *kernel, Entry entry)
{
	Place		place = summary_place(summary, entry.hash, kernel);
	int			group;
	int			size;
	Bag		   *bag;

	check_place(summary, entry.hash, place);
	if (place.leaf < 0)
	{
		add_group(book, summary, -1, entry);
		return true;
	}
	group = place.group - summary_first_group(summary, place.leaf);
	if (room_on(summary, place.leaf) > 0)
	{
		int			hashes = summary->group_count[place.group];

		if (leaf_add(summary, place.leaf, book_leaf(book, summary, place.leaf), place.group,
					 entry))
			return true;
		CHECK(hashes == GROUP_HASHES, "a group of %d is not full", hashes);
	}
	if (summary->groups == SUMMARY_GROUPS || summary->leaves == SUMMARY_LEAVES)
	{
		divide(book, summary);
		return false;
	}
	if (room_on(summary, place.leaf) > 0 && summary->leaf_groups[place.leaf] < LEAF_GROUPS)
	{
		split_group(book, summary, place.leaf, group);
		return false;
	}
	bag = unpack(book, summary, place.leaf);
	size = bag->size[group];
	free(bag);
	if (size > LEAF_CAPACITY / 2)
	{
		add_group(book, summary, place.leaf, entry);
		return true;
	}
	move_group(book, summary, place.leaf, group);
	return false;
}

static void
add(Trial *trial, Entry entry)
{
	for (int tries = 0;; tries++)
	{
		Summary    *best = NULL;
		int			least = 65;

		CHECK(tries < 100, "no end of splitting");
		for (int i = 0; i < trial->book.summary_count; i++)
		{
			Summary    *summary = trial->book.summaries[i];
			uint8_t		unsettled;

			trial->kernel->bounds(&summary->all_and, &summary->all_or, 1, entry.hash,
								  &unsettled);
			if (unsettled < least)
				best = summary;
			least = unsettled < least ? unsettled : least;
		}
		if (try_to_add(&trial->book, best, trial->kernel, entry))
		{
			summary_bounds(best, &best->all_and, &best->all_or);
			return;
		}
	}
}

/* Remove some of a leaf's entries: few, most, or all of them. */
static void
filter(Trial *trial, Summary *summary, int number)
{
	Bag		   *bag = unpack(&trial->book, summary, number);
	int			percent = random_below(3) * 45 + 10;
	int			kept = 0;
	int			read = 0;

	for (int group = 0; group < bag->groups; group++)
	{
		int			end = read + bag->size[group];

		bag->size[group] = 0;
		for (; read < end; read++)
		{
			if (random_below(100) < percent)
			{
				trial->there[number_of(bag->item[read].pointer)] = false;
				continue;
			}
			bag->item[kept++] = bag->item[read];
			bag->size[group]++;
		}
	}
	bag->items = kept;
	bag_merge(bag);
	for (int group = 0; group < bag->groups; group++)
	{
		CHECK(bag->size[group] > 0, "an empty group");
		CHECK(group == 0 || bag->size[group - 1] + bag->size[group] > GROUP_HASHES / 2,
			  "groups of %d and %d are left", bag->size[group - 1], bag->size[group]);
		kept -= bag->size[group];
	}
	CHECK(kept == 0, "%d items", kept);
	if (bag->items > 0)
	{
		pack(&trial->book, summary, number, bag);
		return;
	}
	free(bag);
	summary_remove_leaf(summary, number);
}

/* Something else than an insert, to a leaf at random. */
static void
disturb(Trial *trial)
{
	Summary    *summary = trial->book.summaries[random_below(trial->book.summary_count)];
	int			number;
	int			group;
	int			size;
	Bag		   *bag;

	if (summary->leaves == 0)
		return;
	number = random_below(summary->leaves);
	group = random_below(summary->leaf_groups[number]);
	switch (random_below(8))
	{
		case 0:
			filter(trial, summary, number);
			break;
		case 1:
			if (trial->book.summary_count < 12)
				divide(&trial->book, summary);
			break;
		case 2:
		case 3:
			bag = unpack(&trial->book, summary, number);
			size = bag->size[group];
			free(bag);
			if (summary->leaves < SUMMARY_LEAVES && size <= LEAF_CAPACITY / 2)
				move_group(&trial->book, summary, number, group);
			break;
		default:
			if (summary->groups < SUMMARY_GROUPS &&
				summary->leaf_groups[number] < LEAF_GROUPS)
				split_group(&trial->book, summary, number, group);
			break;
	}
}

/* A search finds what it would without any page. */
static void
check_search(const Trial *trial)
{
	uint64_t	query = random_below(2) ? some_hash(trial->kind) : random_bits();
	int			low = random_below(3) ? 0 : random_below(20);
	int			high = random_below(65);
	int			found = 0;
	int			expected = 0;
	uint16_t	slots[LEAF_CAPACITY];

	for (int i = 0; i < trial->count; i++)
	{
		int			distance = ones_in(trial->entries[i].hash ^ query);

		expected += trial->there[i] && distance >= low && distance <= high;
	}
	for (int i = 0; i < trial->book.summary_count; i++)
	{
		const Summary *summary = trial->book.summaries[i];
		uint8_t		bounds[SUMMARY_LEAVES];

		trial->kernel->bounds(&summary->all_and, &summary->all_or, 1, query, bounds);
		if (bounds[0] > high)
			continue;
		trial->kernel->bounds(summary->leaf_and, summary->leaf_or, summary->leaves, query,
							  bounds);
		for (int number = 0; number < summary->leaves; number++)
			if (bounds[number] <= high)
				found += search_leaf(summary, number,
									 book_leaf(&trial->book, summary, number),
									 trial->kernel, query, low, high, slots);
	}
	CHECK(found == expected, "%s: %d of %d, from %d to %d", set_names[trial->kind], found,
		  expected, low, high);
}

static void
check_all(const Trial *trial)
{
	Ledger		ledger = open_ledger(trial->entries, (size_t) trial->count);

	for (int i = 0; i < trial->count; i++)
		ledger.seen[i] = !trial->there[i];
	book_check(&trial->book, &ledger);
	for (int i = 0; i < 5; i++)
		check_search(trial);
}

/*
 * Add entries to what a build makes, or to nothing. Among the inserts comes
 * something else, one time in "calm".
 */
static void
check_sequence(SetKind kind, int built, int limit, int calm)
{
	Trial	   *trial = allocate(sizeof(Trial));
	Entry	   *packed = allocate(sizeof(Entry) * (size_t) (built > 0 ? built : 1));

	memset(trial, 0, sizeof(*trial));
	trial->kind = kind;
	trial->kernel = kernel_best();
	trial->book = open_book();
	make_set(kind, trial->entries, (size_t) limit);
	memcpy(packed, trial->entries, sizeof(Entry) * (size_t) built);
	memset(trial->there, true, (size_t) built);
	trial->count = built;
	book_fill(&trial->book, packed, (size_t) built, LEAF_CAPACITY);
	free(packed);
	if (built == 0)
		book_add_summary(&trial->book);

	while (trial->count < limit)
	{
		int			number = trial->count++;

		add(trial, trial->entries[number]);
		trial->there[number] = true;
		if (random_below(calm) == 0)
			disturb(trial);
		if (number % (limit / 10) == 0)
			check_all(trial);
	}
	check_all(trial);
	close_book(&trial->book);
	free(trial);
}

int
main(void)
{
	seed_random(3);
	for (SetKind kind = 0; kind < SET_KINDS; kind++)
	{
		check_sequence(kind, 0, MANY, 20);
		check_sequence(kind, MANY / 3, MANY, 20);
	}
	check_sequence(SET_CLUSTERED, 0, MOST, MANY);
	check_sequence(SET_ALL_EQUAL, 0, MOST, MANY);
	return 0;
}
