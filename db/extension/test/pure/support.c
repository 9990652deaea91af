/*-------------------------------------------------------------------------
 *
 * support.c
 *	  What the tests of the parts without PostgreSQL share.
 *
 *-------------------------------------------------------------------------
 */
#define _DEFAULT_SOURCE

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support.h"

static uint64_t state = 1;

void
check_failed(const char *file, int line, const char *condition,
			 const char *format,...)
{
	va_list		arguments;

	fprintf(stderr, "%s:%d: not so: %s: ", file, line, condition);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);

	/* Where a fuzzer watches, it must see that. */
	abort();
}

void
seed_random(uint64_t seed)
{
	state = seed * 2 + 1;
}

/* Two rounds of multiplication and shift over a counter. */
uint64_t
random_bits(void)
{
	uint64_t	bits = state += UINT64_C(0x9E3779B97F4A7C15);

	bits = (bits ^ bits >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	bits = (bits ^ bits >> 27) * UINT64_C(0x94D049BB133111EB);
	return bits ^ bits >> 31;
}

int
random_below(int limit)
{
	return (int) (random_bits() % (uint64_t) limit);
}

uint64_t
random_with_ones(int ones)
{
	uint64_t	bits = 0;

	while (ones > 0)
	{
		uint64_t	bit = UINT64_C(1) << random_below(64);

		ones -= (bits & bit) == 0;
		bits |= bit;
	}
	return bits;
}

int
ones_in(uint64_t bits)
{
	int			ones = 0;

	for (int bit = 0; bit < 64; bit++)
		ones += (int) (bits >> bit & 1);
	return ones;
}

Fence
make_fence(void)
{
	size_t		page = (size_t) sysconf(_SC_PAGESIZE);
	char	   *memory = mmap(NULL, FENCE_ROOM + page, PROT_READ | PROT_WRITE,
							  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	Fence		fence;

	CHECK(memory != MAP_FAILED, "no memory for a fence");
	fence.end = memory + FENCE_ROOM;
	CHECK(mprotect(fence.end, page, PROT_NONE) == 0, "no fence");
	return fence;
}

void *
fenced(Fence fence, size_t size)
{
	CHECK(size <= FENCE_ROOM, "%zu bytes", size);
	return fence.end - size;
}

void *
allocate(size_t size)
{
	void	   *memory = malloc(size);

	/* Of nothing there may be none. */
	CHECK(memory != NULL || size == 0, "no memory for %zu bytes", size);
	return memory;
}
