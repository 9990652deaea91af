/*-------------------------------------------------------------------------
 *
 * test_pages.c
 *	  What is wrong with a page is seen, and what isn't seen does no harm.
 *
 * Damages pages as the fuzz target does, but at random and for a bounded time,
 * with any compiler. Takes the number of inputs to try, and a seed.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/damage.h"

#include "book.h"
#include "fuzz_pages.h"
#include "sets.h"
#include "support.h"

#define MOST_EDITS		6

static uint8_t
likely_byte(void)
{
	static const uint8_t likely[] = {0, 1, 2, 31, 32, 33, 48, 63, 64, 65, 127, 128, 255};

	if (random_below(3))
		return likely[random_below((int) sizeof(likely))];
	return (uint8_t) random_bits();
}

/* Edits at random; in pairs that keep a sum, since that is what's looked at. */
static size_t
damage(Edit *edits)
{
	int			count = 1 + random_below(MOST_EDITS);

	for (int i = 0; i < count; i++)
	{
		memset(&edits[i], 0, sizeof(Edit));
		edits[i].field = (uint8_t) random_below(FIELDS);
		edits[i].place = (uint16_t) random_below((int) sizeof(Leaf));
		edits[i].value = likely_byte();
		if (edits[i].field == FIELD_LEAF_COUNTS ||
			(edits[i].field == FIELD_ANY && random_below(2)))
			edits[i].page = (uint8_t) (1 + random_below(3));
		if (random_below(2))
			edits[i].place %= 16;
	}
	return sizeof(Edit) * (size_t) count;
}

static void
try_edits(void)
{
	size_t		size = sizeof(Start) + sizeof(Edit) * MOST_EDITS;
	uint8_t    *input = allocate(size);
	Edit		edits[MOST_EDITS];
	Start		start = {0};

	start.seed = (uint32_t) random_below(1000);
	start.entries = (uint16_t) random_bits();
	start.set = (uint8_t) random_below(SET_KINDS);
	start.query = random_bits();
	size = sizeof(Start) + damage(edits);
	memcpy(input, &start, sizeof(start));
	memcpy(input + sizeof(start), edits, size - sizeof(start));
	LLVMFuzzerTestOneInput(input, size);
	free(input);
}

/* Random bytes with small numbers where numbers are, or hardly any would pass. */
static void
try_bytes(void)
{
	size_t		size = sizeof(Start) + sizeof(Summary) + sizeof(Leaf);
	uint8_t    *input = allocate(size);
	Start		start = {0};
	Summary		summary;
	Leaf		leaf;
	int			distinct = 0;

	/* Next to the groups, the repetitions are without any. */
	static const int most[] = {1, 2, 65, 256};
	int			which = random_below(4);

	for (size_t i = 0; i < sizeof(summary); i++)
		((uint8_t *) &summary)[i] = (uint8_t) random_bits();
	for (size_t i = 0; i < sizeof(leaf); i++)
		((uint8_t *) &leaf)[i] = (uint8_t) random_bits();
	summary.leaves = (uint16_t) random_below(SUMMARY_LEAVES + 2);
	summary.groups = 0;
	for (int i = 0; i < summary.leaves && i < SUMMARY_LEAVES; i++)
	{
		summary.leaf_groups[i] = (uint8_t) random_below(random_below(8) ? 13 : 256);
		summary.groups = (uint16_t) (summary.groups + summary.leaf_groups[i]);
	}
	for (int i = 0; i < SUMMARY_GROUPS; i++)
		summary.group_count[i] = (uint8_t) random_below(most[which]);
	for (int i = 0; i < summary.leaf_groups[0]; i++)
		distinct += summary.group_count[i];
	leaf.distinct = (uint16_t) distinct;
	leaf.items = LEAF_CAPACITY;
	if (distinct > LEAF_CAPACITY || random_below(2))
		leaf.items = (uint16_t) (distinct + random_below(300));
	summary.leaf_items[0] = leaf.items;
	summary.leaf_block[0] = FIRST_BLOCK;

	start.raw = 1;
	start.query = random_bits();
	memcpy(input, &start, sizeof(start));
	memcpy(input + sizeof(start), &summary, sizeof(summary));
	memcpy(input + sizeof(start) + sizeof(summary), &leaf, sizeof(leaf));
	LLVMFuzzerTestOneInput(input, size);
	free(input);
}

/* What is wrong with the pages, by all checks that there are. */
static const char *
verdict(const Summary *summary, const Leaf *leaf)
{
	const char *found = summary_damage(summary);

	if (found == NULL)
		found = leaf_damage(summary, 0, 0, leaf);
	if (found == NULL)
		found = summary_falsehood(summary);
	if (found == NULL)
		found = leaf_falsehood(summary, 0, leaf);
	return found;
}

/* Change pages that are right by a statement: it must be seen. */
#define REFUSED(statement) \
	do { \
		*summary = *book.summaries[0]; \
		*leaf = *book.leaves[0]; \
		statement; \
		CHECK(verdict(summary, leaf) != NULL, "not refused"); \
	} while (0)

/* A leaf with groups and repetitions, on a summary with other leaves. */
static void
check_verdicts(uint64_t seed)
{
	Book		book = open_book();
	Entry	   *entries = allocate(sizeof(Entry) * MOST_ENTRIES);
	Summary    *summary = allocate(sizeof(Summary));
	Leaf	   *leaf = allocate(sizeof(Leaf));
	uint64_t	agreed;
	int			group;

	seed_random(seed);
	make_set(SET_UNIFORM, entries, MOST_ENTRIES);
	for (int i = 0; i < MOST_ENTRIES; i += 3)
		entries[i].hash = entries[i + 1].hash;
	book_fill(&book, entries, MOST_ENTRIES, LEAF_CAPACITY);
	*summary = *book.summaries[0];
	*leaf = *book.leaves[0];
	CHECK(verdict(summary, leaf) == NULL, "%s", verdict(summary, leaf));
	CHECK(summary->leaves > 2 && leaf->distinct < leaf->items, "%d leaves", summary->leaves);
	group = random_below(summary->leaf_groups[0]);
	agreed = summary->group_and[group] | ~summary->group_or[group];
	CHECK(agreed != 0, "no bit is the same in group %d", group);

	REFUSED(summary->leaves = SUMMARY_LEAVES + 1);
	REFUSED(summary->groups = SUMMARY_GROUPS + 1);
	REFUSED(summary->groups++);
	REFUSED(summary->leaves--);
	REFUSED(summary->leaf_groups[0]++);
	REFUSED(summary->leaf_groups[0]--; summary->leaf_groups[1]++);
	REFUSED(summary->leaf_groups[0] += summary->leaf_groups[1]; summary->leaf_groups[1] = 0);
	REFUSED(summary->groups -= summary->leaf_groups[summary->leaves - 1];
			summary->leaf_groups[summary->leaves - 1] = 0);
	REFUSED(summary->leaf_items[0]++);
	REFUSED(summary->group_count[group]++);
	REFUSED(leaf->distinct -= summary->group_count[0]; summary->group_count[0] = 0);
	REFUSED(leaf->distinct++);
	REFUSED(leaf->items--);
	REFUSED(leaf->items = summary->leaf_items[0] = LEAF_CAPACITY + 1);
	REFUSED(leaf->items = summary->leaf_items[0] = (uint16_t) (leaf->distinct - 1));

	REFUSED(summary->group_and[group] = ~UINT64_C(0));
	REFUSED(summary->group_or[group] = 0);
	REFUSED(summary->group_low[group] = summary->group_high[group] + 1);
	REFUSED(summary->group_high[group]--);
	REFUSED(summary->group_low[group]++);
	REFUSED(summary->leaf_and[0] |= ~summary->group_and[group]);
	REFUSED(summary->leaf_or[0] &= ~summary->group_or[group]);
	REFUSED(summary->all_and = ~UINT64_C(0));
	REFUSED(summary->all_or &= summary->all_or - 1);
	REFUSED(leaf->hashes[leaf->items - 1] ^= UINT64_C(1) << random_below(64));
	REFUSED(leaf->hashes[0] ^= summary->group_and[0] | ~summary->group_or[0]);

	/* As vague as can be, and true but for the number of hashes. */
	REFUSED(summary->all_and = summary->leaf_and[0] = summary->group_and[0] = 0;
			summary->all_or = summary->leaf_or[0] = summary->group_or[0] = ~UINT64_C(0);
			summary->group_low[0] = 0;
			summary->group_high[0] = 64;
			summary->group_count[0] += summary->group_count[1] + summary->group_count[2] - 2;
			summary->group_count[1] = summary->group_count[2] = 1;
			leaf->hashes[summary->group_count[0]] = book.leaves[0]->hashes
			[book.summaries[0]->group_count[0]];
			leaf->hashes[summary->group_count[0] + 1] = book.leaves[0]->hashes
			[book.summaries[0]->group_count[0] + book.summaries[0]->group_count[1]]);

	close_book(&book);
	free(leaf);
	free(summary);
	free(entries);
}

static void
check_tops(void)
{
	Top		   *top = allocate(sizeof(Top));
	Meta		meta = {0};

	memset(top, 0, sizeof(*top));
	for (int entries = 0; entries <= 65535; entries++)
	{
		top->entries = (uint16_t) entries;
		CHECK((top_damage(top) == NULL) == (entries <= TOP_ENTRIES), "%d", entries);
	}
	free(top);

	meta.first_top = meta.last_top = NO_BLOCK;
	CHECK(meta_damage(&meta) == NULL, "no tops");
	meta.first_top = FIRST_BLOCK;
	CHECK(meta_damage(&meta) != NULL, "no last top");
	meta.last_top = FIRST_BLOCK;
	CHECK(meta_damage(&meta) == NULL, "one top");
}

int
main(int argc, char **argv)
{
	int			inputs = argc > 1 ? atoi(argv[1]) : 3000;

	check_tops();
	for (uint64_t seed = 0; seed < 20; seed++)
		check_verdicts(seed);
	for (int i = 0; i < inputs; i++)
	{
		/* The target sets a seed of its own. */
		seed_random((argc > 2 ? strtoull(argv[2], NULL, 10) : 3) + (uint64_t) i * 1000);
		if (i % 4)
			try_edits();
		else
			try_bytes();
	}
	return 0;
}
