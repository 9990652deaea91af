/*-------------------------------------------------------------------------
 *
 * support.h
 *	  What the tests of the parts without PostgreSQL share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PURE_SUPPORT_H
#define PURE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the test with a message if the condition doesn't hold. */
#define CHECK(condition, ...) \
	do { \
		if (!(condition)) \
			check_failed(__FILE__, __LINE__, #condition, __VA_ARGS__); \
	} while (0)

extern void check_failed(const char *file, int line, const char *condition,
						 const char *format,...)
			__attribute__((format(printf, 4, 5), noreturn));

/* The same numbers every time, for one seed. */
extern void seed_random(uint64_t seed);
extern uint64_t random_bits(void);
extern int	random_below(int limit);	/* 0 to limit - 1 */
extern uint64_t random_with_ones(int ones);	/* so many of 64 bits, anywhere */

/* Counted one bit after the other. */
extern int	ones_in(uint64_t bits);

/*
 * Memory whose very next byte may not be touched: where a sanitizer doesn't
 * see an instruction, the CPU does. Overwrites what "fence" held before. With
 * size 0 it's the address behind the end.
 */
typedef struct Fence
{
	char	   *end;
} Fence;

#define FENCE_ROOM	65536

extern Fence make_fence(void);
extern void *fenced(Fence fence, size_t size);

extern void *allocate(size_t size);	/* ends the test when there's no memory */

#endif							/* PURE_SUPPORT_H */
