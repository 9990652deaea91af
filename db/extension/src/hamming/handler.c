/*-------------------------------------------------------------------------
 *
 * handler.c
 *	  What PostgreSQL asks an access method about itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/amapi.h"
#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/xlog.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type_d.h"
#include "commands/progress.h"
#include "commands/vacuum.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "hamming/am.h"

PG_FUNCTION_INFO_V1(hamming_handler);

static relopt_kind option_kind;

void
hamming_define_options(void)
{
	option_kind = add_reloption_kind();
	add_int_reloption(option_kind, "fillfactor",
					  "How full a build makes the pages of hashes, in percent",
					  USUAL_FILLFACTOR, LEAST_FILLFACTOR, 100, AccessExclusiveLock);
}

static bytea *
hamming_options(Datum options, bool validate)
{
	static const relopt_parse_elt table[] = {
		{"fillfactor", RELOPT_TYPE_INT, offsetof(Options, fillfactor)},
	};

	return build_reloptions(options, validate, option_kind, sizeof(Options),
							table, lengthof(table));
}

/*
 * An index-only scan relies on vacuum waiting for it. On a standby vacuum is
 * only replayed, and waits for nobody.
 */
static bool
hamming_can_return(Relation index, int attribute)
{
	return !RecoveryInProgress();
}

static char *
hamming_phase_name(int64 phase)
{
	switch (phase)
	{
		case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
			return "initializing";
		case PHASE_SCAN:
			return "scanning table";
		case PHASE_WRITE:
			return "ordering hashes and writing pages";
		case PHASE_LOG:
			return "logging pages";
		default:
			return NULL;
	}
}

/* Is an operator class made of what this access method knows? */
static bool
hamming_validate(Oid opclass)
{
	HeapTuple	class_tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass class;
	CatCList   *operators;
	bool		valid = true;

	if (!HeapTupleIsValid(class_tuple))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	class = (Form_pg_opclass) GETSTRUCT(class_tuple);
	if (class->opcintype != INT8OID || OidIsValid(class->opckeytype))
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator class \"%s\" of access method hamming is for another type than bigint",
						NameStr(class->opcname))));
		valid = false;
	}
	operators = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(class->opcfamily));
	for (int i = 0; i < operators->n_members; i++)
	{
		Form_pg_amop operator = (Form_pg_amop) GETSTRUCT(&operators->members[i]->tuple);
		bool		orders = operator->amoppurpose == AMOP_ORDER;

		if (operator->amopstrategy < STRATEGY_WITHIN ||
			operator->amopstrategy > STRATEGY_DISTANCE ||
			orders != (operator->amopstrategy == STRATEGY_DISTANCE))
		{
			ereport(INFO,
					(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
					 errmsg("operator family of \"%s\" of access method hamming has an operator with strategy number %d that it does not know",
							NameStr(class->opcname), operator->amopstrategy)));
			valid = false;
		}
	}
	ReleaseCatCacheList(operators);
	ReleaseSysCache(class_tuple);
	return valid;
}

Datum
hamming_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amstrategies = STRATEGY_DISTANCE;
	am->amsupport = 0;
	am->amoptsprocnum = 0;
	am->amcanorder = false;
	am->amcanorderbyop = true;
	am->amcanbackward = false;
	am->amcanunique = false;
	am->amcanmulticol = false;
	am->amoptionalkey = true;
	am->amsearcharray = false;
	am->amsearchnulls = true;
	am->amstorage = false;
	am->amclusterable = false;
	am->ampredlocks = false;
	am->amcanparallel = false;
	am->amcaninclude = false;
	am->amusemaintenanceworkmem = false;
	am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL |
		VACUUM_OPTION_PARALLEL_COND_CLEANUP;
	am->amkeytype = InvalidOid;

	am->ambuild = hamming_build;
	am->ambuildempty = hamming_build_empty;
	am->aminsert = hamming_insert;
	am->ambulkdelete = hamming_bulk_delete;
	am->amvacuumcleanup = hamming_vacuum_cleanup;
	am->amcanreturn = hamming_can_return;
	am->amcostestimate = hamming_cost_estimate;
	am->amoptions = hamming_options;
	am->ambuildphasename = hamming_phase_name;
	am->amvalidate = hamming_validate;
	am->ambeginscan = hamming_begin_scan;
	am->amrescan = hamming_rescan;
	am->amgettuple = hamming_get_tuple;
	am->amgetbitmap = hamming_get_bitmap;
	am->amendscan = hamming_end_scan;

	PG_RETURN_POINTER(am);
}
