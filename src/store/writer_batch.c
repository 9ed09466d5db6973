/*
 * writer_batch: one transaction. See writer_parts.h.
 */
#include "store/writer_parts.h"

#include <assert.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"

/* What became of one transaction. */
enum outcome {
	OUTCOME_DONE,	 /* committed; each job has its result */
	OUTCOME_REFUSED, /* not begun: nothing has happened */
	OUTCOME_VOID,	 /* the engine undid it: nothing has happened */
	OUTCOME_UNKNOWN	 /* the COMMIT failed */
};

/* Runs a job in its savepoint; false when the transaction is gone. */
static bool
run_job(struct writer *w, struct job *j)
{
	enum vt_err err;

	if (db_savepoint(w->db) != VT_OK)
		return false;
	if (j->p != NULL)
		memset(j->p, 0, sizeof(*j->p)); /* of a run that was undone */
	j->result = j->fn(w->db, j->in, j->out, j->p);
	fault_point("writer.after_operation");
	if (db_autocommit(w->db))
		return false;
	assert(db_savepoints(w->db) == 1); /* it ended each that it began */
	err = j->result == VT_OK ? db_release(w->db) : db_undo(w->db);
	return err == VT_OK && !db_autocommit(w->db);
}

static bool
commit(struct writer *w)
{
	bool ok;

	fault_point("writer.before_commit");
	if (fault_fails("writer.commit"))
		return false;
	ok = db_commit_apart(w->db) == VT_OK;
	if (fault_fails("writer.commit_answer"))
		ok = false; /* it happened, but we were not told */
	fault_point("writer.after_commit");
	return ok;
}

static enum outcome
transact(struct writer *w, struct job **jobs, int n)
{
	fault_point("writer.before_begin");
	if (db_begin(w->db) != VT_OK)
		return OUTCOME_REFUSED;
	for (int i = 0; i < n; i++)
		if (!run_job(w, jobs[i])) {
			db_rollback(w->db);
			return OUTCOME_VOID;
		}
	if (commit(w))
		return OUTCOME_DONE;
	db_rollback(w->db);
	return OUTCOME_UNKNOWN;
}

/* Tells jobs whose transaction did not end well what that means for them. */
static void
explain(struct writer *w, enum outcome outcome, struct job **jobs, int n)
{
	if (outcome == OUTCOME_UNKNOWN) {
		w->failed = true;
		LOG(LOG_ERROR, "writer.commit_failed", LOG_I("operations", n));
	}
	for (int i = 0; i < n; i++) {
		struct job *j = jobs[i];

		j->committed = outcome == OUTCOME_DONE;
		if (outcome == OUTCOME_REFUSED)
			j->result = writer_busy(j->p);
		else if (outcome == OUTCOME_UNKNOWN)
			j->result = writer_unknown(j->p);
		else if (outcome == OUTCOME_VOID)
			j->result = vt_problem(j->p, VT_DB, "database_failed",
			    NULL, "The database failed. Nothing was changed.");
	}
}

/*
 * After the engine has undone a batch because of one of its operations,
 * each runs again by itself: the others are whole, that one is told.
 */
static void
run_each(struct writer *w, int n)
{
	enum outcome outcome;

	for (int i = 0; i < n; i++) {
		outcome = writer_failed(w) ? OUTCOME_REFUSED
					   : transact(w, &w->batch[i], 1);
		explain(w, outcome, &w->batch[i], 1);
	}
}

void
writer_batch(struct writer *w, int n)
{
	enum outcome outcome = transact(w, w->batch, n);

	if (outcome == OUTCOME_VOID) {
		LOG(LOG_WARN, "writer.batch_void", LOG_I("operations", n));
		(void)pthread_mutex_lock(&w->mutex);
		w->stats.voided++;
		(void)pthread_mutex_unlock(&w->mutex);
		if (n > 1) {
			run_each(w, n);
			return;
		}
	}
	explain(w, outcome, w->batch, n);
}
