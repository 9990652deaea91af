/*-------------------------------------------------------------------------
 *
 * fuzz_pages.c
 *	  Damaged pages are refused, or whatever is done to them stays in bounds.
 *
 * Takes its input from libFuzzer, or from test_pages.c. The first bytes say
 * which pages to make, and the rest what to overwrite on them; see Edit.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/damage.h"
#include "hamming/leaf.h"
#include "hamming/summary.h"

#include "book.h"
#include "fuzz_pages.h"
#include "sets.h"
#include "support.h"

static int
compare_entries(const void *left, const void *right)
{
	const Entry *a = left;
	const Entry *b = right;
	int			order = compare_hashes(a, b);

	return order != 0 ? order : memcmp(&a->pointer, &b->pointer, sizeof(a->pointer));
}

/* What is on a leaf, in an order that tells nothing of where it lay. */
static int
list_entries(const Leaf *leaf, Entry *entries)
{
	memset(entries, 0, sizeof(Entry) * LEAF_CAPACITY);
	for (int i = 0; i < leaf->items; i++)
	{
		entries[i].hash = leaf->hashes[i];
		entries[i].pointer = leaf->pointers[i];
	}
	qsort(entries, leaf->items, sizeof(Entry), compare_entries);
	return leaf->items;
}

static void
check_same(const Leaf *leaf, const Entry *entries, int count)
{
	Entry	   *now = allocate(sizeof(Entry) * LEAF_CAPACITY);

	CHECK(list_entries(leaf, now) == count, "%d, not %d", leaf->items, count);
	for (int i = 0; i < count; i++)
		CHECK(compare_entries(&now[i], &entries[i]) == 0, "entry %d", i);
	free(now);
}

/* Is the leaf what its summary says, as far as is looked at on every visit? */
static bool
passes(const Summary *summary, int number, const Leaf *leaf)
{
	return leaf_damage(summary, number, summary_first_group(summary, number), leaf) == NULL;
}

static void
search(const Summary *summary, int number, const Leaf *leaf, uint64_t query)
{
	uint16_t   *slots = allocate(sizeof(uint16_t) * LEAF_CAPACITY);

	for (int high = 0; high <= 64; high += 16)
	{
		int			count = search_leaf(summary, number, leaf, kernel_best(), query, 0, high,
										slots);

		CHECK(count <= leaf->items, "%d of %d", count, leaf->items);
		for (int i = 0; i < count; i++)
			CHECK(slots[i] < leaf->items && ones_in(leaf->hashes[slots[i]] ^ query) <= high,
				  "slot %d", slots[i]);
	}
	free(slots);
}

/* Take the leaf apart and pack it again, with some change or none. */
static void
repack(Summary *summary, int number, Leaf *leaf, int change)
{
	Bag		   *bag = allocate(sizeof(Bag));
	Entry	   *entries = allocate(sizeof(Entry) * LEAF_CAPACITY);
	int			count = list_entries(leaf, entries);

	leaf_unpack(summary, number, leaf, bag);
	CHECK(bag->items == count, "%d, not %d", bag->items, count);
	if (bag->groups == summary->leaf_groups[number] && count > 0)
	{
		if (change % 3 == 1)
			bag_merge(bag);
		if (change % 3 == 2 && summary->groups < SUMMARY_GROUPS &&
			summary->leaf_groups[number] < LEAF_GROUPS)
			bag_halve(bag, change / 3 % bag->groups);
		leaf_pack(summary, number, leaf, bag);
		CHECK(summary_damage(summary) == NULL, "%s", summary_damage(summary));
		CHECK(passes(summary, number, leaf), "leaf %d", number);
		CHECK(leaf_falsehood(summary, number, leaf) == NULL, "%s",
			  leaf_falsehood(summary, number, leaf));
		check_same(leaf, entries, count);
	}
	free(entries);
	free(bag);
}

/* Add an entry, if the leaf has room; it must be there afterwards. */
static void
add(Summary *summary, int number, Leaf *leaf, Entry entry)
{
	int			group = summary_first_group(summary, number);
	int			count = leaf->items;
	bool		there = false;

	if (count == LEAF_CAPACITY || summary->leaf_groups[number] == 0)
		return;
	group += (int) (entry.hash % summary->leaf_groups[number]);
	if (!leaf_add(summary, number, leaf, group, entry))
	{
		CHECK(leaf->items == count, "%d, not %d", leaf->items, count);
		return;
	}
	CHECK(leaf->items == count + 1, "%d, not %d", leaf->items, count + 1);
	CHECK(passes(summary, number, leaf), "leaf %d", number);
	for (int i = 0; i < leaf->items; i++)
		there |= leaf->hashes[i] == entry.hash &&
			memcmp(&leaf->pointers[i], &entry.pointer, sizeof(entry.pointer)) == 0;
	CHECK(there, "group %d", group);
}

/* Everything that is done to a summary which passes for one. */
static void
use(Book *book, Summary *summary, uint64_t query)
{
	Summary    *right;
	Place		place = summary_place(summary, query, kernel_best());
	uint64_t	all_and;
	uint64_t	all_or;
	int			leaves = summary->leaves;
	int			groups = summary->groups;

	CHECK(place.leaf >= -1 && place.leaf < leaves, "%d of %d", place.leaf, leaves);
	CHECK(place.leaf < 0 || (place.group >= 0 && place.group < groups), "%d of %d",
		  place.group, groups);
	summary_bounds(summary, &all_and, &all_or);
	summary_falsehood(summary);
	CHECK(summary_roomy_leaf(summary, 1, -1) < leaves, "of %d", leaves);

	for (int number = 0; number < leaves; number++)
	{
		uint32_t	at = summary->leaf_block[number] - FIRST_BLOCK;
		Entry		entry = {query >> number, pointer_of(12345)};
		Leaf	   *leaf;

		if (at >= (uint32_t) book->leaf_count)
			continue;
		leaf = book->leaves[at];
		if (!passes(summary, number, leaf))
			continue;
		leaf_falsehood(summary, number, leaf);
		search(summary, number, leaf, query);
		add(summary, number, leaf, entry);
		repack(summary, number, leaf, (int) (query >> 8 & 0xFFFF));
	}

	right = book_add_summary(book);
	groups = summary->groups;
	summary_divide(summary, right);
	CHECK(summary->leaves + right->leaves == leaves, "of %d", leaves);
	CHECK(summary->groups + right->groups == groups, "of %d", groups);
	CHECK(summary_damage(summary) == NULL, "%s", summary_damage(summary));
	CHECK(summary_damage(right) == NULL, "%s", summary_damage(right));
	while (summary->leaves > 0)
	{
		summary_remove_leaf(summary, (int) (query % summary->leaves));
		CHECK(summary_damage(summary) == NULL, "%s", summary_damage(summary));
	}
}

/* Where an edit begins. Most bytes of a page are hashes, which can't be wrong. */
static size_t
field_offset(const Edit *edit)
{
	switch (edit->field)
	{
		case FIELD_COUNTS:
			return offsetof(Summary, leaves) + edit->place % 4;
		case FIELD_LEAF_GROUPS:
			return offsetof(Summary, leaf_groups) + edit->place % SUMMARY_LEAVES;
		case FIELD_GROUP_COUNT:
			return offsetof(Summary, group_count) + edit->place % SUMMARY_GROUPS;
		case FIELD_LEAF_ITEMS:
			return offsetof(Summary, leaf_items) + edit->place % (2 * SUMMARY_LEAVES);
		case FIELD_LEAF_COUNTS:
			return edit->place % 4;
		default:
			return edit->place;
	}
}

static void
apply(const Book *book, Summary *summary, const Edit *edit)
{
	size_t		at = field_offset(edit);
	Leaf	   *leaf;

	if (edit->page == 0 || book->leaf_count == 0)
	{
		if (at < sizeof(Summary))
			((uint8_t *) summary)[at] = edit->value;
		return;
	}
	leaf = book->leaves[edit->page % book->leaf_count];
	if (at < sizeof(Leaf))
		((uint8_t *) leaf)[at] = edit->value;
}

static void
use_top(const uint8_t *data, size_t size)
{
	Top		   *top = allocate(sizeof(Top));
	Meta		meta = {0};
	uint8_t    *bounds = allocate(TOP_ENTRIES);

	memset(top, 0, sizeof(*top));
	memcpy(top, data, size < sizeof(*top) ? size : sizeof(*top));
	memcpy(&meta, data, size < sizeof(meta) ? size : sizeof(meta));
	meta_damage(&meta);
	if (top_damage(top) == NULL)
		kernel_best()->bounds(top->all_and, top->all_or, top->entries, top->all_and[0],
							  bounds);
	free(bounds);
	free(top);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Start		start;
	Book		book = open_book();
	Entry	   *entries;
	Summary    *summary;

	if (size < sizeof(start))
		return -1;
	memcpy(&start, data, sizeof(start));
	data += sizeof(start);
	size -= sizeof(start);
	use_top(data, size);

	seed_random(start.seed);
	entries = allocate(sizeof(Entry) * MOST_ENTRIES);
	make_set(start.set % SET_KINDS, entries, start.entries % MOST_ENTRIES + 1);
	book_fill(&book, entries, start.entries % MOST_ENTRIES + 1, LEAF_CAPACITY);
	free(entries);
	summary = book.summaries[0];

	if (start.raw)
	{
		/* What was never a page. */
		memcpy(summary, data, size < sizeof(Summary) ? size : sizeof(Summary));
		if (size > sizeof(Summary))
			memcpy(book.leaves[0], data + sizeof(Summary),
				   size - sizeof(Summary) < sizeof(Leaf) ? size - sizeof(Summary) :
				   sizeof(Leaf));
	}
	else
		for (; size >= sizeof(Edit); data += sizeof(Edit), size -= sizeof(Edit))
		{
			Edit		edit;

			memcpy(&edit, data, sizeof(edit));
			apply(&book, summary, &edit);
		}

	if (summary_damage(summary) == NULL)
		use(&book, summary, start.query);
	close_book(&book);
	return 0;
}
