/*-------------------------------------------------------------------------
 *
 * damage.c
 *	  What is wrong with a page, if anything.
 *
 *-------------------------------------------------------------------------
 */
#include "hamming/bits.h"
#include "hamming/damage.h"
#include "hamming/summary.h"

const char *
meta_damage(const Meta *meta)
{
	if ((meta->first_top == NO_BLOCK) != (meta->last_top == NO_BLOCK))
		return "the list of tops has one end";
	if (meta->first_top < FIRST_BLOCK || meta->last_top < FIRST_BLOCK)
		return "the list of tops leads to a page that is none";
	return NULL;
}

const char *
top_damage(const Top *top)
{
	if (top->entries > TOP_ENTRIES)
		return "more entries than a top can have";
	return NULL;
}

const char *
summary_damage(const Summary *summary)
{
	int			groups = 0;
	int			most = 0;

	if (summary->leaves > SUMMARY_LEAVES || summary->groups > SUMMARY_GROUPS)
		return "more leaves or groups than a summary can have";
	for (int leaf = 0; leaf < summary->leaves; leaf++)
	{
		groups += summary->leaf_groups[leaf];
		most = summary->leaf_groups[leaf] > most ? summary->leaf_groups[leaf] : most;
	}
	if (most > LEAF_GROUPS)
		return "more groups than a leaf can have";
	if (groups != summary->groups)
		return "the leaves don't have as many groups as the summary";
	return NULL;
}

/* "first" is the first of the leaf's groups, see summary_first_group(). */
const char *
leaf_damage(const Summary *summary, int number, int first, const Leaf *leaf)
{
	int			distinct = 0;
	bool		empty = false;

	for (int group = first; group < first + summary->leaf_groups[number]; group++)
	{
		distinct += summary->group_count[group];
		empty |= summary->group_count[group] == 0;
	}
	/* So there are no more groups than items, as a bag has room for. */
	if (empty)
		return "a group has no hashes";
	if (leaf->distinct != distinct)
		return "the groups don't have as many hashes as the leaf";
	if (leaf->items != summary->leaf_items[number])
		return "the leaf does not have as many items as its summary says";
	if (leaf->items > LEAF_CAPACITY || leaf->distinct > leaf->items)
		return "more items than a leaf can have";
	return NULL;
}

const char *
summary_falsehood(const Summary *summary)
{
	uint64_t	all_and;
	uint64_t	all_or;
	int			group = 0;

	for (int leaf = 0; leaf < summary->leaves; leaf++)
	{
		uint64_t	leaf_and = ~UINT64_C(0);
		uint64_t	leaf_or = 0;

		if (summary->leaf_groups[leaf] == 0)
			return "a leaf has no groups";
		for (int end = group + summary->leaf_groups[leaf]; group < end; group++)
		{
			leaf_and &= summary->group_and[group];
			leaf_or |= summary->group_or[group];
			if (summary->group_count[group] == 0 || summary->group_count[group] > GROUP_HASHES)
				return "a group has no or too many hashes";
		}
		if (summary->leaf_and[leaf] & ~leaf_and || leaf_or & ~summary->leaf_or[leaf])
			return "the bounds of a leaf don't cover its groups";
	}
	summary_bounds(summary, &all_and, &all_or);
	if (summary->all_and & ~all_and || all_or & ~summary->all_or)
		return "the bounds of a summary don't cover its leaves";
	return NULL;
}

const char *
leaf_falsehood(const Summary *summary, int number, const Leaf *leaf)
{
	int			group = summary_first_group(summary, number);
	int			slot = 0;

	for (int end = group + summary->leaf_groups[number]; group < end; group++)
	{
		uint64_t	group_and = summary->group_and[group];
		uint64_t	group_or = summary->group_or[group];

		for (int last = slot + summary->group_count[group]; slot < last; slot++)
		{
			int			varying = ones(leaf->hashes[slot] & group_or & ~group_and);

			if (outside(leaf->hashes[slot], group_and, group_or) != 0)
				return "the bounds of a group don't cover a hash";
			if (varying < summary->group_low[group] || varying > summary->group_high[group])
				return "the range of ones of a group does not cover a hash";
		}
	}
	for (; slot < leaf->items; slot++)
	{
		int			same = 0;

		while (same < leaf->distinct && leaf->hashes[same] != leaf->hashes[slot])
			same++;
		if (same == leaf->distinct)
			return "a repetition repeats no hash of its leaf";
	}
	return NULL;
}
