/*
 * thresholds: who is told that little is left, and how often (R80). The
 * messages are rows of the outbox, as billing writes them.
 */
#include "tokens.h"

#include <sys/wait.h>

#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "billing/low_balance.h"
#include "billing/service_calls.h"
#include "ledger/reverse.h"
#include "ledger/revoke.h"
#include "ledger/thresholds.h"
#include "store/writer.h"

static void
setup(void)
{
	ck_assert_int_eq(
	    setenv("VANTAGE_POLICY_LOW_BALANCE", "3, 10,25", 1), 0);
	low_balance_open();
	tokens_open(2);
}

static void
teardown(void)
{
	tokens_close();
	config_free();
}

/* How often user 1 was told about a threshold. */
static int64_t
told(int64_t threshold)
{
	struct query q;
	int64_t n;

	ck_assert_int_eq(
	    db_row(&q, books,
		"SELECT COUNT(*) FROM outbox WHERE kind = 'low_balance' "
		"AND user = 1 AND object GLOB 'user_1:' || :t || ':*'",
		DB_INT("t", threshold)),
	    VT_OK);
	n = db_int(&q, 0);
	db_done(&q);
	return n;
}

static void
told_of(int64_t three, int64_t ten, int64_t twentyfive)
{
	ck_assert_int_eq(told(3), three);
	ck_assert_int_eq(told(10), ten);
	ck_assert_int_eq(told(25), twentyfive);
}

static void
spend(int64_t tokens)
{
	static int count;
	char name[16];

	(void)snprintf(name, sizeof(name), "s%d", count++);
	ck_assert_int_eq(tokens_spend(1, name, tokens), VT_OK);
}

static void
give(int64_t tokens, int64_t expires_at)
{
	static int count;
	char name[16];

	(void)snprintf(name, sizeof(name), "g%d", count++);
	(void)tokens_give(1, name, tokens, 0, expires_at);
}

START_TEST(a_fall_below_tells_once_and_a_fall_to_it_does_not_R80)
{
	give(20, 0);
	spend(10);
	told_of(0, 0, 0);
	spend(1);
	told_of(0, 1, 0);
	ck_assert_str_eq(books_text("SELECT data FROM outbox"),
	    "{\"threshold\":10,\"available\":9}");
	ck_assert_str_eq(
	    books_text("SELECT object FROM outbox"), "user_1:10:1");
	spend(5);
	told_of(0, 1, 0);
}
END_TEST

/* Who never had so much has not lost it. */
START_TEST(a_rise_tells_nothing_R80)
{
	give(9, 0);
	spend(1);
	told_of(0, 0, 0);
	give(20, 0);
	told_of(0, 0, 0);
	spend(8);
	told_of(0, 0, 1);
}
END_TEST

/* Back at the threshold is not above it. */
START_TEST(a_balance_that_trembles_is_told_once_R80)
{
	give(12, 0);
	spend(3);
	told_of(0, 1, 0);
	for (int i = 0; i < 5; i++) {
		give(1, 0);
		spend(1);
	}
	told_of(0, 1, 0);
	give(2, 0);
	spend(2);
	told_of(0, 2, 0);
	ck_assert_str_eq(
	    books_text("SELECT object FROM outbox ORDER BY id DESC"),
	    "user_1:10:2");
}
END_TEST

START_TEST(each_threshold_is_on_its_own_R80)
{
	give(30, 0);
	spend(29);
	told_of(1, 1, 1);
	give(14, 0);
	spend(10);
	told_of(1, 2, 1);
	give(100, 0);
	spend(104);
	told_of(2, 3, 2);
}
END_TEST

START_TEST(what_is_held_is_not_there_R80)
{
	struct hold_end end;
	struct hold h;

	give(20, 0);
	ck_assert_int_eq(tokens_hold(1, "a", 15, 60000, &h, NULL), VT_OK);
	told_of(0, 1, 0);
	/* What was held is gone or back: neither falls. */
	ck_assert_int_eq(tokens_capture(&h, 5, &end, NULL), VT_OK);
	told_of(0, 1, 0);
	ck_assert_int_eq(tokens_hold(1, "b", 6, 60000, &h, NULL), VT_OK);
	told_of(0, 2, 0);
	ck_assert_int_eq(tokens_release(&h, &end, NULL), VT_OK);
	ck_assert_int_eq(tokens_hold(1, "c", 6, 60000, &h, NULL), VT_OK);
	told_of(0, 3, 0);
	/* A hold that ran out gives back, too. */
	tokens_now += 60000;
	ck_assert_int_eq(tokens_sweep(), 1);
	spend(6);
	told_of(0, 4, 0);
}
END_TEST

START_TEST(an_end_tells_when_it_is_booked_R80)
{
	give(12, tokens_now + 1000);
	give(4, 0);
	tokens_now += 1000;
	told_of(0, 0, 0);
	ck_assert_int_eq(tokens_sweep(), 1);
	told_of(0, 1, 0);
	ck_assert_str_eq(books_text("SELECT data FROM outbox"),
	    "{\"threshold\":10,\"available\":4}");
}
END_TEST

/* Neither alone reaches down to the threshold from what is left. */
START_TEST(lots_that_end_together_fall_together_R80)
{
	give(6, tokens_now + 1000);
	give(6, tokens_now + 2000);
	give(6, tokens_now + 2000);
	tokens_now += 5000;
	ck_assert_int_eq(tokens_sweep(), 3);
	told_of(1, 1, 0);
}
END_TEST

/* However they come between each other: what both leave is told once. */
START_TEST(an_end_and_a_spend_tell_once_R80)
{
	give(12, tokens_now + 1000);
	give(11, 0);
	tokens_now += 1000;
	spend(2);
	told_of(0, 0, 0);
	ck_assert_int_eq(tokens_sweep(), 1);
	told_of(0, 1, 0);
	give(40, tokens_now + 1000);
	tokens_now += 1000;
	spend(1);
	told_of(0, 1, 0);
	ck_assert_int_eq(tokens_sweep(), 1);
	told_of(0, 2, 1);
	/* The spend crosses one of them, and the end the others. */
	give(20, tokens_now + 1000);
	give(4, 0);
	tokens_now += 1000;
	spend(10);
	told_of(0, 2, 2);
	ck_assert_int_eq(tokens_sweep(), 1);
	told_of(1, 3, 2);
}
END_TEST

START_TEST(what_is_taken_back_tells_R80)
{
	(void)tokens_give(1, "p", 40, 4000, 0);
	(void)tokens_refund("re_1", "p", 2000, "pending");
	told_of(0, 0, 1);
	(void)tokens_refund("re_1", "p", 2000, "succeeded");
	told_of(0, 0, 1);
	(void)tokens_refund("re_1", "p", 2000, "failed");
	/* What came back is in a lot of its own, which is not frozen. */
	(void)tokens_dispute("dp_1", "p", 4000, "needs_response");
	told_of(0, 0, 2);
	(void)tokens_dispute("dp_1", "p", 4000, "lost");
	told_of(1, 1, 2);
}
END_TEST

/* A refund that is told before its payment leaves nothing that could fall. */
START_TEST(a_grant_that_is_undone_at_once_tells_nothing_R80)
{
	(void)tokens_refund("re_1", "p", 4000, "succeeded");
	(void)tokens_give(1, "p", 40, 4000, 0);
	told_of(0, 0, 0);
	ck_assert_int_eq(tokens_available(1), 0);
}
END_TEST

START_TEST(administrators_and_alarms_tell_too_R80)
{
	struct revoke v = { .cause = "revoke:admin:k",
		.actor = "admin:root",
		.reason = "no",
		.tokens = 15,
		.now_ms = tokens_now };
	struct revoke_done done;
	char id[512];
	int64_t tx;

	give(30, 0);
	(void)snprintf(id, sizeof(id), "%s",
	    books_text("SELECT public_id FROM token_transactions"));
	v.transaction = id;
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(ledger_revoke(books, &v, &done, NULL)), VT_OK);
	told_of(0, 0, 1);
	spend(15);
	told_of(1, 1, 1);
	tx = tokens_give(1, "p", 40, 4000, 0);
	ck_assert_int_eq(db_begin(books), VT_OK);
	ck_assert_int_eq(
	    tokens_end(grant_alarm(books, tx, "amount", tokens_now)), VT_OK);
	told_of(2, 2, 2);
}
END_TEST

START_TEST(what_is_refused_or_asked_again_tells_nothing_R80_R77)
{
	static const struct idempotency_key no_key;
	struct arena *a = arena_new();
	struct service_spend s = { .call = { .service = 1,
				       .actor = "service:editor",
				       .key = &no_key,
				       .arena = a,
				       .now_ms = tokens_now },
		.user = "user_1",
		.tokens = 8,
		.reference = "job" };
	struct service_answer answer;

	give(12, 0);
	ck_assert_int_eq(tokens_spend(1, "too-much", 13), VT_FUNDS);
	told_of(0, 0, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(db_begin(books), VT_OK);
		ck_assert_int_eq(
		    tokens_end(service_spend(books, &s, &answer, NULL)), VT_OK);
		ck_assert_int_eq(answer.replayed, i > 0);
		told_of(0, 1, 0);
		/* Above it again, so a second fall would tell. */
		give(20, 0);
	}
	arena_free(a);
}
END_TEST

START_TEST(who_was_deleted_is_told_nothing_R80)
{
	give(12, tokens_now + 1000);
	ck_assert_int_eq(
	    books_do("UPDATE users SET deleted_at = 1 WHERE id = 1"), VT_OK);
	tokens_now += 1000;
	ck_assert_int_eq(tokens_sweep(), 1);
	told_of(0, 0, 0);
}
END_TEST

START_TEST(without_thresholds_nothing_is_written_R80)
{
	thresholds_set(NULL, 0, NULL);
	give(30, 0);
	spend(30);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM outbox"), 0);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM low_balances"), 0);
}
END_TEST

/* A threshold that is new finds a user who is above it, or one below. */
START_TEST(a_threshold_that_is_set_later_tells_the_next_fall_R80)
{
	int64_t fifteen = 15;

	give(40, 0);
	spend(22);
	low_balance_open();
	told_of(0, 0, 1);
	thresholds_set(&fifteen, 0, NULL);
	spend(1);
	low_balance_open();
	spend(10);
	told_of(0, 1, 1);
}
END_TEST

/* ---- processes ----------------------------------------------------------- */

#define PROCESSES 2
#define EACH 40

static enum vt_err
spend_one(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct spend s = { .user = 1,
		.tokens = 1,
		.cause = in,
		.actor = "service:editor",
		.now_ms = tokens_now };

	return ledger_spend(db, &s, out, p);
}

static void
spend_all(int who)
{
	struct writer_options o = { .db_path = scratch_db,
		.deadline_ms = 60000 };
	struct spend_done done;
	struct writer *w;
	char cause[48];

	if (writer_start(&o, &w) != VT_OK)
		_exit(1);
	for (int i = 0; i < EACH; i++) {
		(void)snprintf(
		    cause, sizeof(cause), "spend:editor:%d-%d", who, i);
		if (writer_run(w, spend_one, cause, &done, NULL) != VT_OK)
			_exit(2);
	}
	writer_stop(w);
	_exit(0);
}

static int
child(void (*fn)(int), int arg)
{
	pid_t pid;

	db_close(books); /* not across a fork */
	books = NULL;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		fn(arg);
	return pid;
}

START_TEST(processes_that_cross_together_tell_once_R80)
{
	int pids[PROCESSES], status;

	give(PROCESSES * EACH, 0);
	for (int i = 0; i < PROCESSES; i++)
		pids[i] = child(spend_all, i);
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &books), VT_OK);
	ck_assert_int_eq(tokens_available(1), 0);
	told_of(1, 1, 1);
}
END_TEST

#ifdef VT_FAULTS
static void
spend_and_die(int again)
{
	struct writer_options o = { .db_path = scratch_db };
	struct spend_done done;
	struct writer *w;

	fault_init("check", scratch_dir);
	if (writer_start(&o, &w) != VT_OK)
		_exit(1);
	for (int i = 0; i < 4; i++)
		if (writer_run(w, spend_one,
			i == 0	     ? "spend:editor:0"
			    : i == 1 ? "spend:editor:1"
			    : i == 2 ? "spend:editor:2"
				     : "spend:editor:3",
			&done, NULL) != VT_OK &&
		    !again)
			_exit(2);
	writer_stop(w);
	_exit(0);
}

/* The movement and what tells of it are one write. */
START_TEST(a_death_between_leaves_neither_or_both_R80)
{
	int pid, status;

	give(12, 0);
	scratch_arm("thresholds.before_telling", "kill");
	pid = child(spend_and_die, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &books), VT_OK);
	ck_assert_int_eq(tokens_available(1), 10);
	told_of(0, 0, 0);
	ck_assert_int_eq(books_int("SELECT COUNT(*) FROM low_balances"), 0);
	pid = child(spend_and_die, 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &books), VT_OK);
	ck_assert_int_eq(tokens_available(1), 8);
	told_of(0, 1, 0);
}
END_TEST
#endif

/* ---- a model ------------------------------------------------------------- */

#define STEPS 1500

static uint64_t dice_state;

static int64_t
dice(int64_t sides)
{
	dice_state = dice_state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (int64_t)(dice_state >> 33) % sides;
}

/* R80 said once more, over what is available after each step. */
static struct model {
	int64_t threshold, count;
	bool fired;
} models[] = { { 3, 0, false }, { 10, 0, false }, { 25, 0, false } };
static int64_t last;

static void
see(const char *what, int step)
{
	int64_t now = tokens_available(1);
	struct model *m;

	for (size_t i = 0; i < countof(models); i++) {
		m = &models[i];
		if (now > m->threshold)
			m->fired = false;
		if (last >= m->threshold && now < m->threshold && !m->fired) {
			m->fired = true;
			m->count++;
		}
	}
	last = now;
	if (strcmp(what, "time") == 0)
		return; /* an end is told when it is booked */
	for (size_t i = 0; i < countof(models); i++)
		ck_assert_msg(told(models[i].threshold) == models[i].count,
		    "step %d, %s: %" PRId64 " told of %" PRId64
		    ", the model says %" PRId64 " (%" PRId64 " left)",
		    step, what, told(models[i].threshold), models[i].threshold,
		    models[i].count, now);
}

static void
pass_time(int step)
{
	tokens_now += 1 + dice(3000);
	see("time", step);
	if (dice(2) == 0 && last > 0) {
		spend(1 + dice(last));
		see("time", step);
	}
	(void)tokens_sweep();
	see("sweep", step);
}

START_TEST(every_step_tells_what_the_model_says_R80)
{
	static const char *const refunds[] = { "pending", "succeeded",
		"failed" };
	static const char *const disputes[] = { "needs_response", "won",
		"lost" };
	struct hold holds[STEPS];
	char name[32], id[40];
	int bought = 0, held = 0;
	struct hold_end end;
	struct vt_problem p;

	dice_state = (uint64_t)random_below(1000000000);
	printf("thresholds: seed %" PRIu64 "\n", dice_state);
	(void)fflush(stdout);
	for (int i = 0; i < STEPS; i++) {
		switch (dice(9)) {
		case 0:
			give(1 + dice(12),
			    dice(2) == 0 ? 0 : tokens_now + 1 + dice(8000));
			see("gift", i);
			break;
		case 1:
			(void)snprintf(name, sizeof(name), "p%d", bought++);
			(void)tokens_give(1, name, 1 + dice(20), 1000, 0);
			see("purchase", i);
			break;
		case 2:
		case 3:
			if (last > 0)
				spend(1 + dice(last < 12 ? last : 12));
			see("spend", i);
			break;
		case 4:
			(void)snprintf(name, sizeof(name), "h%d", i);
			if (tokens_hold(1, name, 1 + dice(15), DAY_MS * 1000,
				&holds[held], &p) == VT_OK)
				held++;
			see("hold", i);
			break;
		case 5:
			if (held > 0) {
				held--;
				if (dice(2) == 0)
					(void)tokens_release(
					    &holds[held], &end, &p);
				else
					(void)tokens_capture(
					    &holds[held], 1, &end, &p);
			}
			see("end of a hold", i);
			break;
		case 6:
			pass_time(i);
			break;
		case 7:
			(void)snprintf(
			    name, sizeof(name), "p%d", (int)dice(bought + 1));
			(void)snprintf(id, sizeof(id), "re_%s", name);
			(void)tokens_refund(id, name, 400, refunds[dice(3)]);
			see("refund", i);
			break;
		default:
			(void)snprintf(
			    name, sizeof(name), "p%d", (int)dice(bought + 1));
			(void)snprintf(id, sizeof(id), "dp_%s", name);
			(void)tokens_dispute(id, name, 700, disputes[dice(3)]);
			see("dispute", i);
			break;
		}
	}
	for (size_t i = 0; i < countof(models); i++)
		ck_assert_int_gt(models[i].count, 1);
}
END_TEST

int
main(void)
{
	const TTest *const all[] = {
		a_fall_below_tells_once_and_a_fall_to_it_does_not_R80,
		a_rise_tells_nothing_R80,
		a_balance_that_trembles_is_told_once_R80,
		each_threshold_is_on_its_own_R80, what_is_held_is_not_there_R80,
		an_end_tells_when_it_is_booked_R80,
		lots_that_end_together_fall_together_R80,
		an_end_and_a_spend_tell_once_R80, what_is_taken_back_tells_R80,
		a_grant_that_is_undone_at_once_tells_nothing_R80,
		administrators_and_alarms_tell_too_R80,
		what_is_refused_or_asked_again_tells_nothing_R80_R77,
		who_was_deleted_is_told_nothing_R80,
		without_thresholds_nothing_is_written_R80,
		a_threshold_that_is_set_later_tells_the_next_fall_R80,
		processes_that_cross_together_tell_once_R80,
#ifdef VT_FAULTS
		a_death_between_leaves_neither_or_both_R80,
#endif
		every_step_tells_what_the_model_says_R80, NULL
	};
	Suite *s = suite_create("thresholds");

	tcase_add_checked_fixture(unit_case(s, "low", all), setup, teardown);
	return unit_run(s);
}
