/*-------------------------------------------------------------------------
 *
 * book.c
 *	  The pages of an index in memory: summaries, and the leaves they describe.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/damage.h"
#include "hamming/pack.h"
#include "hamming/partition.h"
#include "hamming/summary.h"

#include "book.h"
#include "support.h"

Book
open_book(void)
{
	Book		book = {NULL, NULL, 0, 0};

	return book;
}

void
close_book(Book *book)
{
	for (int i = 0; i < book->summary_count; i++)
		free(book->summaries[i]);
	for (int i = 0; i < book->leaf_count; i++)
		free(book->leaves[i]);
	free(book->summaries);
	free(book->leaves);
}

static void *
blank(size_t size)
{
	return memset(allocate(size), 0, size);
}

Summary *
book_add_summary(Book *book)
{
	Summary    *summary = blank(sizeof(Summary));
	size_t		size = sizeof(Summary *) * (size_t) (book->summary_count + 1);

	book->summaries = realloc(book->summaries, size);
	CHECK(book->summaries != NULL, "no memory");
	book->summaries[book->summary_count++] = summary;
	summary->right = NO_BLOCK;
	summary_bounds(summary, &summary->all_and, &summary->all_or);
	return summary;
}

uint32_t
book_add_leaf(Book *book)
{
	size_t		size = sizeof(Leaf *) * (size_t) (book->leaf_count + 1);

	book->leaves = realloc(book->leaves, size);
	CHECK(book->leaves != NULL, "no memory");
	book->leaves[book->leaf_count++] = blank(sizeof(Leaf));
	return (uint32_t) (FIRST_BLOCK + book->leaf_count - 1);
}

Leaf *
book_leaf(const Book *book, const Summary *summary, int number)
{
	uint32_t	at = summary->leaf_block[number] - FIRST_BLOCK;

	CHECK(at < (uint32_t) book->leaf_count, "leaf %u of %d", at, book->leaf_count);
	return book->leaves[at];
}

static uint32_t
write_leaf(void *context, const Leaf *leaf)
{
	Book	   *book = context;
	uint32_t	block = book_add_leaf(book);

	*book->leaves[book->leaf_count - 1] = *leaf;
	return block;
}

static void
write_summary(void *context, const Summary *summary)
{
	*book_add_summary(context) = *summary;
}

static void
add_group(void *context, const Entry *items, size_t count)
{
	packer_add(context, items, count);
}

void
book_fill(Book *book, Entry *items, size_t count, int leaf_items)
{
	Packer	   *packer = allocate(sizeof(Packer));

	packer->write_leaf = write_leaf;
	packer->write_summary = write_summary;
	packer->context = book;
	packer_start(packer, leaf_items, 0);
	partition(items, count, add_group, packer);
	packer_finish(packer);
	free(packer);
}

/* A group's entry says exactly what its hashes are. */
static void
check_group(const Summary *summary, int group, const uint64_t *hashes)
{
	int			count = summary->group_count[group];
	uint64_t	all_and = ~UINT64_C(0);
	uint64_t	all_or = 0;
	int			low = 64;
	int			high = 0;

	CHECK(count >= 1 && count <= GROUP_HASHES, "%d hashes", count);
	for (int i = 0; i < count; i++)
	{
		all_and &= hashes[i];
		all_or |= hashes[i];
		for (int j = 0; j < i; j++)
			CHECK(hashes[i] != hashes[j], "slots %d and %d", j, i);
	}
	for (int i = 0; i < count; i++)
	{
		int			ones = ones_in(hashes[i] & all_or & ~all_and);

		low = ones < low ? ones : low;
		high = ones > high ? ones : high;
	}
	CHECK(summary->group_and[group] == all_and, "group %d", group);
	CHECK(summary->group_or[group] == all_or, "group %d", group);
	CHECK(summary->group_low[group] == low, "group %d: %d", group, low);
	CHECK(summary->group_high[group] == high, "group %d: %d", group, high);
}

static void
check_leaf(const Summary *summary, int number, int first, const Leaf *leaf)
{
	uint64_t	all_and = ~UINT64_C(0);
	uint64_t	all_or = 0;
	int			slot = 0;
	const char *damage = leaf_damage(summary, number, first, leaf);
	const char *falsehood;

	CHECK(damage == NULL, "leaf %d: %s", number, damage);
	falsehood = leaf_falsehood(summary, number, leaf);
	CHECK(falsehood == NULL, "leaf %d: %s", number, falsehood);
	CHECK(leaf->items > 0, "leaf %d is empty", number);
	CHECK(summary->leaf_groups[number] <= LEAF_GROUPS, "leaf %d has %d groups", number,
		  summary->leaf_groups[number]);
	for (int group = first; group < first + summary->leaf_groups[number]; group++)
	{
		check_group(summary, group, &leaf->hashes[slot]);
		slot += summary->group_count[group];
	}
	CHECK(slot == leaf->distinct, "%d, not %d", slot, leaf->distinct);
	for (int i = 0; i < leaf->items; i++)
	{
		all_and &= leaf->hashes[i];
		all_or |= leaf->hashes[i];
	}
	CHECK(summary->leaf_and[number] == all_and, "leaf %d", number);
	CHECK(summary->leaf_or[number] == all_or, "leaf %d", number);
	CHECK((summary->all_and & ~all_and) == 0, "leaf %d", number);
	CHECK((all_or & ~summary->all_or) == 0, "leaf %d", number);
}

void
book_check(const Book *book, Ledger *ledger)
{
	for (int i = 0; i < book->summary_count; i++)
	{
		const Summary *summary = book->summaries[i];
		const char *damage = summary_damage(summary);
		const char *falsehood;
		int			first = 0;

		CHECK(damage == NULL, "summary %d: %s", i, damage);
		falsehood = summary_falsehood(summary);
		CHECK(falsehood == NULL, "summary %d: %s", i, falsehood);
		for (int number = 0; number < summary->leaves; number++)
		{
			const Leaf *leaf = book_leaf(book, summary, number);

			CHECK(summary_first_group(summary, number) == first, "leaf %d", number);
			check_leaf(summary, number, first, leaf);
			first += summary->leaf_groups[number];
			for (int slot = 0; slot < leaf->items; slot++)
				tick_off(ledger, leaf->hashes[slot], leaf->pointers[slot]);
		}
	}
	close_ledger(ledger);
}

int
search_leaf(const Summary *summary, int number, const Leaf *leaf, const Kernel *kernel,
			uint64_t query, int low, int high, uint16_t *slots)
{
	uint8_t		bounds[SUMMARY_GROUPS];
	int			first = summary_first_group(summary, number);
	int			groups = summary->leaf_groups[number];
	int			slot = 0;
	int			count = 0;

	kernel->group_bounds(&summary->group_and[first], &summary->group_or[first],
						 &summary->group_low[first], &summary->group_high[first],
						 groups, query, bounds);
	for (int group = 0; group < groups; slot += summary->group_count[first + group++])
		if (bounds[group] <= high)
			count += kernel->within(&leaf->hashes[slot], summary->group_count[first + group],
									query, low, high, slot, &slots[count]);
	if (count > 0)
		count += kernel->within(&leaf->hashes[leaf->distinct], leaf->items - leaf->distinct,
								query, low, high, leaf->distinct, &slots[count]);
	return count;
}
