/*-------------------------------------------------------------------------
 *
 * test_pack.c
 *	  Groups come to lie on full pages, with everything said of them exactly.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/pack.h"

#include "book.h"
#include "sets.h"
#include "support.h"

/* The least and the most that a fill factor makes of a leaf, and between. */
static const int fills[] = {LEAF_CAPACITY / 2, 400, LEAF_CAPACITY};

static void
check_pages(const Book *book, int leaf_items, const char *set)
{
	for (int i = 0; i < book->summary_count; i++)
	{
		const Summary *summary = book->summaries[i];
		bool		last_summary = i == book->summary_count - 1;
		uint64_t	all_and = ~UINT64_C(0);
		uint64_t	all_or = 0;

		CHECK(summary->leaves > 0, "%s: an empty summary", set);
		CHECK(summary->right == NO_BLOCK && summary->split == 0, "%s", set);
		/* Room for inserts, but not more of it than that. */
		CHECK(summary->leaves <= SUMMARY_LEAVES * 3 / 4, "%s: %d", set, summary->leaves);
		CHECK(summary->groups <= SUMMARY_GROUPS * 3 / 4, "%s: %d", set, summary->groups);
		CHECK(last_summary || summary->leaves == SUMMARY_LEAVES * 3 / 4 ||
			  summary->groups > SUMMARY_GROUPS * 3 / 4 - LEAF_GROUPS,
			  "%s: %d leaves, %d groups", set, summary->leaves, summary->groups);
		for (int number = 0; number < summary->leaves; number++)
		{
			const Leaf *leaf = book_leaf(book, summary, number);
			bool		last = last_summary && number == summary->leaves - 1;

			all_and &= summary->leaf_and[number];
			all_or |= summary->leaf_or[number];
			CHECK(leaf->items <= leaf_items, "%s: %d items", set, leaf->items);
			CHECK(last || leaf->items > leaf_items - 8 ||
				  summary->leaf_groups[number] == LEAF_GROUPS,
				  "%s: %d items in %d groups", set, leaf->items,
				  summary->leaf_groups[number]);

			/* What remains is zero: it is written to disks, and compressed. */
			for (int slot = leaf->items; slot < LEAF_CAPACITY; slot++)
				CHECK(leaf->hashes[slot] == 0 && number_of(leaf->pointers[slot]) == 0,
					  "%s: slot %d", set, slot);
		}
		CHECK(summary->all_and == all_and && summary->all_or == all_or, "%s", set);
	}
}

static void
check_pack(SetKind kind, size_t count, int leaf_items)
{
	Entry	   *items = allocate(sizeof(Entry) * count);
	Ledger		ledger;
	Book		book = open_book();

	make_set(kind, items, count);
	ledger = open_ledger(items, count);
	book_fill(&book, items, count, leaf_items);
	check_pages(&book, leaf_items, set_names[kind]);
	book_check(&book, &ledger);
	CHECK((book.summary_count == 0) == (count == 0), "%s: %d summaries", set_names[kind],
		  book.summary_count);
	close_book(&book);
	free(items);
}

static uint32_t
no_leaf(void *context, const Leaf *leaf)
{
	(void) context;
	return leaf->items;
}

static void
keep_summary(void *context, const Summary *summary)
{
	memcpy(context, summary, sizeof(*summary));
}

/* Groups as small as can be, which only share a leaf when they are merged. */
static void
check_small_groups(int size)
{
	Summary    *summary = allocate(sizeof(Summary));
	Packer	   *packer = allocate(sizeof(Packer));
	Entry		items[GROUP_HASHES];
	uint64_t	hash = 0;

	packer->write_leaf = no_leaf;
	packer->write_summary = keep_summary;
	packer->context = summary;
	packer_start(packer, LEAF_CAPACITY, SUMMARY_NULLS);
	for (int group = 0; group < 10; group++)
	{
		for (int i = 0; i < size; i++)
		{
			items[i].hash = hash++;
			items[i].pointer = pointer_of(0);
		}
		packer_add(packer, items, (size_t) size);
	}
	packer_finish(packer);
	CHECK(summary->flags == SUMMARY_NULLS, "%d", summary->flags);
	CHECK(summary->leaf_block[0] == summary->leaf_items[0], "another leaf's block");
	for (int group = 1; group < summary->groups; group++)
		CHECK(summary->group_count[group - 1] + size > GROUP_HASHES / 2,
			  "groups of %d: one of %d", size, summary->group_count[group - 1]);
	free(packer);
	free(summary);
}

int
main(void)
{
	seed_random(3);
	for (SetKind kind = 0; kind < SET_KINDS; kind++)
		for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++)
		{
			for (size_t count = 0; count < 1800; count += count < 8 ? 1 : 97)
				check_pack(kind, count, fills[i]);
			for (size_t extra = 0; extra < 10; extra++)
				check_pack(kind, (size_t) fills[i] + extra, fills[i]);
			check_pack(kind, 25000, fills[i]);
		}
	for (int size = 1; size <= GROUP_HASHES; size++)
		check_small_groups(size);
	return 0;
}
