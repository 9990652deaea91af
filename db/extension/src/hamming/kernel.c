/*-------------------------------------------------------------------------
 *
 * kernel.c
 *	  Choosing the form of the loops over hashes that suits the CPU.
 *
 * What the forms have in common is in kernel_form.h.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <string.h>

#include "hamming/kernel_form.h"

#if defined(__GNUC__)
#define NEVER_INLINE __attribute__((noinline))
#else
#define NEVER_INLINE
#endif

/* The fastest first. */
static const Form *const forms[] = {
#ifdef KERNEL_X86
	&avx512_form,
	&avx2_form,
	&popcnt_form,
#endif
#ifdef KERNEL_NEON
	&neon_form,
#endif
	&portable_form
};

/*
 * Never inlined, not even by PostgreSQL's compiler at run time: what the
 * compiler knows about the CPU is private to this library.
 */
NEVER_INLINE const Kernel *
kernel_best(void)
{
	static const Kernel *best = NULL;

	for (int i = 0; best == NULL; i++)
		if (forms[i]->available())
			best = &forms[i]->kernel;
	return best;
}

NEVER_INLINE const Kernel *
kernel_named(const char *name)
{
	for (int i = 0; i < (int) (sizeof(forms) / sizeof(forms[0])); i++)
		if (strcmp(forms[i]->kernel.name, name) == 0 && forms[i]->available())
			return &forms[i]->kernel;
	return NULL;
}
