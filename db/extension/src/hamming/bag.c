/*-------------------------------------------------------------------------
 *
 * bag.c
 *	  Leaves taken apart, to move, split and merge their groups.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "hamming/bag.h"
#include "hamming/partition.h"

/* Groups that together have at most this many different hashes are merged. */
#define SMALL_GROUPS		(GROUP_HASHES / 2)

static int
compare_items(const void *left, const void *right)
{
	uint64_t	a = ((const Entry *) left)->hash;
	uint64_t	b = ((const Entry *) right)->hash;

	return (a > b) - (a < b);
}

/* Put the items of a group in order, so that equal ones are adjacent. */
void
bag_sort(Entry *items, size_t count)
{
	qsort(items, count, sizeof(Entry), compare_items);
}

static int
bag_start(const Bag *bag, int group)
{
	int			start = 0;

	for (int i = 0; i < group; i++)
		start += bag->size[i];
	return start;
}

/* Add a group at the end; equal hashes must be adjacent. */
void
bag_add(Bag *bag, const Entry *items, int count)
{
	memcpy(&bag->item[bag->items], items, (size_t) count * sizeof(Entry));
	bag->items += count;
	bag->size[bag->groups++] = count;
}

/* Move a group to the end of another bag. */
void
bag_take(Bag *bag, int group, Bag *to)
{
	int			start = bag_start(bag, group);
	int			count = bag->size[group];

	bag_add(to, &bag->item[start], count);
	memmove(&bag->item[start], &bag->item[start + count],
			(size_t) (bag->items - start - count) * sizeof(Entry));
	memmove(&bag->size[group], &bag->size[group + 1],
			(size_t) (bag->groups - group - 1) * sizeof(bag->size[0]));
	bag->items -= count;
	bag->groups--;
}

/* Split a group in two. False if all its hashes are equal. */
bool
bag_halve(Bag *bag, int group)
{
	Entry	   *items = &bag->item[bag_start(bag, group)];
	size_t		count = (size_t) bag->size[group];
	size_t		half = partition_halve(items, count);

	if (half == 0)
		return false;
	bag_sort(items, half);
	bag_sort(items + half, count - half);
	memmove(&bag->size[group + 1], &bag->size[group],
			(size_t) (bag->groups - group) * sizeof(bag->size[0]));
	bag->size[group] = (int) half;
	bag->size[group + 1] = (int) (count - half);
	bag->groups++;
	return true;
}

/* Drop empty groups, and merge neighbours that have become small. */
void
bag_merge(Bag *bag)
{
	int			groups = 0;

	for (int group = 0, start = 0; group < bag->groups; group++)
	{
		int			count = bag->size[group];

		if (groups > 0 && bag->size[groups - 1] + count <= SMALL_GROUPS)
		{
			bag->size[groups - 1] += count;
			bag_sort(&bag->item[start + count - bag->size[groups - 1]],
					 (size_t) bag->size[groups - 1]);
		}
		else if (count > 0)
			bag->size[groups++] = count;
		start += count;
	}
	bag->groups = groups;
}
