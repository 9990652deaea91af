/*-------------------------------------------------------------------------
 *
 * bktree.c
 *	  What makes this library a PostgreSQL module.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "bktree", .version = "2.0");
#else
PG_MODULE_MAGIC;
#endif
