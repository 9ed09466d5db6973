/*
 * The program bin/reconciler against a scripted server that plays Stripe and
 * Clerk: its start, its one round, its signals, its end.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

#include "base/random.h"
#include "scratch.h"
#include "scripted.h"
#include "store/migrate.h"

#define PROGRAM "bin/reconciler"
#define ENV_MAX 12
#define PATIENCE_MS 20000

#define LIST "{\"object\":\"list\",\"data\":[],\"has_more\":false}"
#define KEYS                                                            \
	"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"ins_1\",\"n\":\"AQAB\"," \
	"\"e\":\"AQAB\"}]}"
#define DOWN                                                                 \
	{                                                                    \
		SCRIPTED_ANSWER, 500, "Stripe-Should-Retry: false\r\n", "{}" \
	}

static struct scripted *server;
static char *env[ENV_MAX];
static size_t env_count;

static void
add(const char *name, const char *value, const char *rest)
{
	ck_assert_uint_lt(env_count + 1, ENV_MAX);
	ck_assert_int_gt(
	    asprintf(&env[env_count], "%s=%s%s", name, value, rest), 0);
	env_count++;
}

static void
play(const struct scripted_step *steps, size_t count)
{
	server = scripted_start(steps, count);
	add("STRIPE_API_BASE", server->base, "");
	add("STRIPE_SECRET_KEY", "sk_test_0123456789abcdef", "");
}

static void
setup(void)
{
	struct migrate_options o = { 0 };
	struct vt_problem p;

	random_init();
	scratch_make();
	o.db_path = scratch_db;
	ck_assert_int_eq(migrate_run(&o, &p), VT_OK);
	env_count = 0;
	add("VANTAGE_DB", scratch_db, "");
	add("VANTAGE_STATE", scratch_dir, "");
	add("VANTAGE_RECONCILE_INTERVAL_S", "3600", "");
}

static void
teardown(void)
{
	if (server != NULL)
		scripted_stop(server);
	for (size_t i = 0; i < env_count; i++) {
		free(env[i]);
		env[i] = NULL;
	}
	scratch_remove();
}

static pid_t
start(const char *argument)
{
	char *const argv[] = { (char *)(intptr_t)PROGRAM,
		(char *)(intptr_t)argument, NULL };
	pid_t pid = fork();
	char path[160];
	int fd;

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	(void)snprintf(path, sizeof(path), "%s/log", scratch_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, STDERR_FILENO);
	(void)execve(PROGRAM, argv, env);
	_exit(127);
}

/* Its exit status, -1 if a signal ended it. */
static int
ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
run_once(void)
{
	return ended(start("-1"));
}

/* Waits until the server was asked so often. */
static void
await_requests(size_t count)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	size_t have = 0;

	for (int ms = 0; ms < PATIENCE_MS && have < count; ms += 5) {
		(void)nanosleep(&pause, NULL);
		(void)pthread_mutex_lock(&server->lock);
		have = server->request_count;
		(void)pthread_mutex_unlock(&server->lock);
	}
	ck_assert_uint_ge(have, count);
}

START_TEST(one_round_fetches_the_keys_and_asks_stripe_and_ends)
{
	static const struct scripted_step steps[] = {
		{ SCRIPTED_ANSWER, 200, NULL, KEYS },
		{ SCRIPTED_ANSWER, 200, NULL, LIST },
	};

	play(steps, countof(steps));
	add("CLERK_JWKS_URL", server->base, "/.well-known/jwks.json");
	ck_assert_int_eq(run_once(), EX_OK);
	ck_assert_uint_eq(server->request_count, 2);
	ck_assert_int_eq(
	    strncmp(server->requests[0], "GET /.well-known/jwks.json HTTP", 31),
	    0);
	/* The key is Stripe's and nobody else's. */
	ck_assert_ptr_null(strstr(server->requests[0], "sk_test_"));
	ck_assert_int_eq(
	    strncmp(server->requests[1],
		"GET /v1/payment_intents?limit=100&created[gte]=", 47),
	    0);
	ck_assert_int_eq(
	    scratch_number("SELECT COUNT(*) FROM jwks WHERE kid = 'ins_1'"), 1);
}
END_TEST

START_TEST(a_round_that_reaches_nobody_says_so)
{
	static const struct scripted_step steps[] = { DOWN };

	play(steps, 1);
	ck_assert_int_eq(run_once(), EX_TEMPFAIL);
}
END_TEST

START_TEST(a_wrong_setting_ends_it_before_it_calls_anybody)
{
	static const struct {
		const char *name, *value;
	} wrong[] = {
		{ "STRIPE_SECRET_KEY", "sk_live_0123456789abcdef" },
		{ "STRIPE_SECRET_KEY", "pk_test_0123456789abcdef" },
		{ "STRIPE_SECRET_KEY", "" },
		{ "STRIPE_API_BASE", "http://api.stripe.com" },
		{ "CLERK_JWKS_URL", "http://clerk.example.com/jwks" },
		{ "VANTAGE_RECONCILE_INTERVAL_S", "0" },
		{ "VANTAGE_DB", "" },
	};
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, LIST } };
	char *whole[ENV_MAX];
	size_t whole_count;

	play(steps, 1);
	memcpy(whole, env, sizeof(env));
	whole_count = env_count;
	for (size_t i = 0; i < countof(wrong); i++) {
		size_t n = strlen(wrong[i].name), kept = 0;

		memset(env, 0, sizeof(env));
		for (size_t k = 0; k < whole_count; k++)
			if (strncmp(whole[k], wrong[i].name, n) != 0 ||
			    whole[k][n] != '=')
				env[kept++] = whole[k];
		env_count = kept;
		add(wrong[i].name, wrong[i].value, "");
		ck_assert_msg(run_once() == EX_CONFIG, "%s=%s", wrong[i].name,
		    wrong[i].value);
		free(env[kept]);
	}
	memcpy(env, whole, sizeof(env));
	env_count = whole_count;
	ck_assert_uint_eq(server->request_count, 0);
	ck_assert_int_eq(ended(start("--what")), EX_USAGE);
}
END_TEST

START_TEST(a_database_of_the_other_kind_ends_it)
{
	static const struct scripted_step steps[] = { { SCRIPTED_ANSWER, 200,
	    NULL, LIST } };

	play(steps, 1);
	(void)unlink(scratch_db);
	ck_assert_int_eq(run_once(), EX_CONFIG);
}
END_TEST

START_TEST(sigusr1_begins_a_round_at_once_and_sigterm_ends_it_cleanly)
{
	static const struct scripted_step steps[] = { DOWN };
	pid_t pid;

	play(steps, 1);
	pid = start(NULL);
	/* Each round asks once, as the list is never answered. */
	await_requests(1);
	for (size_t i = 2; i < 5; i++) {
		ck_assert_int_eq(kill(pid, SIGUSR1), 0);
		await_requests(i);
	}
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(ended(pid), EX_OK);
}
END_TEST

/* Nobody can sign in without the keys: they are asked for again soon. */
START_TEST(keys_that_cannot_be_fetched_are_asked_for_again_within_seconds)
{
	static const struct scripted_step steps[] = {
		{ SCRIPTED_ANSWER, 503, NULL, "" },
		{ SCRIPTED_ANSWER, 200, NULL, LIST },
		{ SCRIPTED_ANSWER, 200, NULL, KEYS },
	};
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t keys = 0;
	pid_t pid;

	play(steps, countof(steps));
	add("CLERK_JWKS_URL", server->base, "/jwks");
	pid = start(NULL);
	await_requests(3);
	for (int i = 0; i < 500 && keys == 0; i++) {
		(void)nanosleep(&pause, NULL);
		keys = scratch_number("SELECT COUNT(*) FROM jwks");
	}
	ck_assert_int_eq(keys, 1);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(ended(pid), EX_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		one_round_fetches_the_keys_and_asks_stripe_and_ends,
		a_round_that_reaches_nobody_says_so,
		a_wrong_setting_ends_it_before_it_calls_anybody,
		a_database_of_the_other_kind_ends_it,
		sigusr1_begins_a_round_at_once_and_sigterm_ends_it_cleanly,
		keys_that_cannot_be_fetched_are_asked_for_again_within_seconds,
		NULL,
	};
	Suite *suite = suite_create("reconciler");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
