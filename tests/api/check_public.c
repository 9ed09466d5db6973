/*
 * public: health and catalog, the workers that anyone may ask, as processes
 * on a database of their own; how a worker refuses to start, and how one
 * that writes ends when the database fails it.
 */
#include "../unit/unit.h"

#include <signal.h>
#include <string.h>

#include "../unit/scratch.h"
#include "base/log.h"
#include "base/random.h"
#include "fcgi_client.h"
#include "store/migrate.h"
#include "text/json.h"

#define HEALTH "fcgi-bin/health"
#define CATALOG "fcgi-bin/catalog"
#define NOTE "tests/api/note"
#define CONFIG_WRONG 78 /* EX_CONFIG */
#define CLERK_KEY "pk_test_ZXhhbXBsZS5jbGVyay5hY2NvdW50cy5kZXYk"

static struct arena *arena;
static struct client_program program;
static struct client_answer answer;
static const struct json *body;

static void
put(const char *name, const char *value)
{
	ck_assert_int_eq(setenv(name, value, 1), 0);
}

static void
setup_empty(void)
{
	scratch_make();
	arena = arena_new();
	put("VANTAGE_DB", scratch_db);
	put("STRIPE_PUBLISHABLE_KEY", "pk_test_123");
	put("CLERK_PUBLISHABLE_KEY", CLERK_KEY);
}

static void
migrate(bool livemode)
{
	struct migrate_options o = { .db_path = scratch_db,
		.livemode = livemode };
	struct vt_problem p;

	ck_assert_int_eq(migrate_run(&o, &p), VT_OK);
}

static void
setup(void)
{
	setup_empty();
	migrate(false);
}

static void
teardown(void)
{
	arena_free(arena);
	scratch_remove();
}

static void
run_sql(const char *sql)
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(db_script(db, sql), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

static void
start(const char *name)
{
	client_start(&program, name, CLIENT_FD0, NULL);
}

static void
stop(void)
{
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	ck_assert_int_eq(client_wait(&program), 0);
}

/* The status; the body, when there is one, as JSON. */
static int
ask(const char *path, const char *query, const char *header)
{
	const char *const params[] = {
		arena_printf(arena, "QUERY_STRING=%s", query), header, NULL
	};
	struct client_request r = {
		.method = "GET", .path = path, .params = params
	};
	struct vt_problem p;

	client_ask(&program, &r, &answer);
	body = NULL;
	if (*answer.body != '\0')
		ck_assert_int_eq(json_parse(arena, answer.body,
				     strlen(answer.body), 8, &body, &p),
		    VT_OK);
	return answer.status;
}

static void
not_ready_for(const char *part)
{
	ck_assert_int_eq(ask("/api/ready", "", NULL), 503);
	ck_assert_str_eq(json_str_at(body, "error.code"), "not_ready");
	ck_assert_str_eq(json_str_at(body, "error.field"), part);
	ck_assert_ptr_nonnull(strstr(answer.text, "Retry-After: "));
}

START_TEST(health_answers_before_there_is_a_database_and_ready_waits_for_it)
{
	start(HEALTH);
	ck_assert_int_eq(ask("/api/health", "", NULL), 200);
	not_ready_for("database");
	not_ready_for("database");
	migrate(false);
	ck_assert_int_eq(ask("/api/ready", "", NULL), 200);
	ck_assert_str_eq(json_str_at(body, "status"), "ready");
	ck_assert_int_eq(ask("/api/ready", "", NULL), 200);
	stop();
}
END_TEST

START_TEST(ready_names_the_schema_and_the_instance)
{
	start(HEALTH);
	run_sql("UPDATE instance SET min_reader = 999;");
	not_ready_for("schema");
	run_sql("UPDATE instance SET min_reader = 1;");
	ck_assert_int_eq(ask("/api/ready", "", NULL), 200);
	run_sql("UPDATE instance SET uuid = 'another';");
	not_ready_for("instance");
	stop();
}
END_TEST

START_TEST(catalog_lists_what_is_sold_in_each_currency)
{
	const struct json *first;
	int64_t n;

	start(CATALOG);
	ck_assert_int_eq(ask("/api/catalog", "currency=usd", NULL), 200);
	ck_assert_uint_eq(json_count(json_get(body, "packages")), 3);
	ck_assert_uint_eq(json_count(json_get(body, "plans")), 2);
	first = json_first(json_get(body, "packages"));
	ck_assert_str_eq(json_str_at(first, "id"), "starter");
	ck_assert_str_eq(json_str_at(first, "price_per_token"), "0.999");
	ck_assert_str_eq(json_str_at(first, "amount_display"), "9.99");
	ck_assert(json_int_at(first, "amount", &n));
	ck_assert_int_eq(n, 999);
	ck_assert(json_int_at(first, "tokens", &n));
	ck_assert_int_eq(n, 10);
	ck_assert_ptr_null(json_get(first, "interval"));
	first = json_first(json_get(body, "plans"));
	ck_assert_str_eq(json_str_at(first, "interval"), "month");
	ck_assert(json_int_at(body, "custom.max", &n));
	ck_assert(json_int_at(body, "version", &n));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(ask("/api/catalog", "", NULL), 200);
	ck_assert_uint_eq(json_count(json_get(body, "packages")), 3);
	stop();
}
END_TEST

START_TEST(catalog_refuses_what_it_does_not_know)
{
	start(CATALOG);
	ck_assert_int_eq(ask("/api/catalog", "currency=xxx", NULL), 422);
	ck_assert_str_eq(json_str_at(body, "error.field"), "currency");
	ck_assert_int_eq(ask("/api/catalog", "currency=USD", NULL), 422);
	ck_assert_int_eq(ask("/api/catalog", "currency=", NULL), 422);
	ck_assert_int_eq(ask("/api/catalog", "price=1", NULL), 422);
	ck_assert_str_eq(json_str_at(body, "error.code"), "unknown_field");
	stop();
}
END_TEST

START_TEST(catalog_is_sent_again_only_when_it_has_changed)
{
	const char *etag, *have;

	start(CATALOG);
	ck_assert_int_eq(ask("/api/catalog", "", NULL), 200);
	etag = strstr(answer.text, "ETag: ");
	ck_assert_ptr_nonnull(etag);
	etag = arena_memdup(arena, etag + 6, strcspn(etag + 6, "\r"));
	ck_assert_ptr_nonnull(
	    strstr(answer.text, "Cache-Control: no-cache\r\n"));
	have = arena_printf(arena, "HTTP_IF_NONE_MATCH=\"x\", W/%s", etag);
	ck_assert_int_eq(ask("/api/catalog", "", have), 304);
	ck_assert_ptr_null(body);
	ck_assert_ptr_nonnull(strstr(answer.text, etag));
	ck_assert_int_eq(ask("/api/catalog", "currency=eur", have), 200);
	ck_assert_int_eq(
	    ask("/api/catalog", "", "HTTP_IF_NONE_MATCH=\"x\""), 200);
	run_sql("INSERT INTO catalog_versions (version, custom_min, custom_max,"
		" note, actor, created_at) VALUES (2, 1, 9, '', 'test', 1);"
		"INSERT INTO packages (version, id, name, tokens, position)"
		" VALUES (2, 'one', 'One', 1, 1);"
		"INSERT INTO prices (version, item, currency, amount)"
		" VALUES (2, 'one', 'jpy', 150);");
	ck_assert_int_eq(ask("/api/catalog", "", have), 200);
	ck_assert_uint_eq(json_count(json_get(body, "packages")), 1);
	ck_assert_int_eq(ask("/api/config", "", NULL), 200);
	ck_assert_str_eq(
	    json_str(json_first(json_get(body, "currencies"))), "jpy");
	stop();
}
END_TEST

START_TEST(config_says_what_a_page_needs)
{
	bool livemode;

	start(CATALOG);
	ck_assert_int_eq(ask("/api/config", "", NULL), 200);
	ck_assert_str_eq(json_str_at(body, "publishable_key"), "pk_test_123");
	ck_assert_str_eq(json_str_at(body, "stripe_js_url"),
	    "https://js.stripe.com/endive/stripe.js");
	ck_assert_str_eq(json_str_at(body, "clerk_publishable_key"), CLERK_KEY);
	ck_assert_str_eq(json_str_at(body, "clerk_js_url"),
	    "https://example.clerk.accounts.dev/npm/@clerk/clerk-js@5/dist/"
	    "clerk.browser.js");
	ck_assert(json_bool(json_get(body, "livemode"), &livemode));
	ck_assert(!livemode);
	ck_assert_str_eq(
	    json_str(json_first(json_get(body, "currencies"))), "usd");
	ck_assert_uint_eq(json_count(json_get(body, "currencies")), 2);
	/* None before keeper has said which; then the newest. */
	ck_assert(json_is_null(json_get(body, "statement_key")));
	run_sql("INSERT INTO statement_keys (key, since) VALUES "
		"('ed25519:old', 1), ('ed25519:new', 2);");
	ck_assert_int_eq(ask("/api/config", "", NULL), 200);
	ck_assert_str_eq(json_str_at(body, "statement_key"), "ed25519:new");
	stop();
}
END_TEST

START_TEST(config_of_a_local_sign_in_is_plain_http)
{
	put("CLERK_PUBLISHABLE_KEY", "pk_test_MTI3LjAuMC4xOjgwODEk");
	put("STRIPE_JS_URL", "http://127.0.0.1:8081/endive/stripe.js");
	start(CATALOG);
	ck_assert_int_eq(ask("/api/config", "", NULL), 200);
	ck_assert_str_eq(json_str_at(body, "clerk_js_url"),
	    "http://127.0.0.1:8081/npm/@clerk/clerk-js@5/dist/"
	    "clerk.browser.js");
	ck_assert_str_eq(json_str_at(body, "stripe_js_url"),
	    "http://127.0.0.1:8081/endive/stripe.js");
	stop();
}
END_TEST

/* Starts catalog, which must not stay, and looks for a word in its log. */
static void
refuses_to_start(const char *word)
{
	char path[128], log[4096];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", scratch_dir);
	client_start(&program, CATALOG, CLIENT_FD0, path);
	ck_assert_int_eq(client_wait(&program), CONFIG_WRONG);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	n = read(fd, log, sizeof(log) - 1);
	ck_assert_int_gt(n, 0);
	log[n] = '\0';
	(void)close(fd); /* only read from */
	ck_assert_msg(strstr(log, word) != NULL, "no %s in: %s", word, log);
}

START_TEST(a_worker_without_its_database_does_not_start)
{
	refuses_to_start("worker.database_check_failed");
	put("VANTAGE_DB", "");
	refuses_to_start("VANTAGE_DB");
}
END_TEST

START_TEST(a_worker_older_than_its_database_does_not_start)
{
	migrate(false);
	run_sql("UPDATE instance SET min_reader = 999;");
	refuses_to_start("schema_too_new");
}
END_TEST

START_TEST(a_shifted_clock_is_refused_in_live_mode)
{
	migrate(true);
	put("STRIPE_PUBLISHABLE_KEY", "pk_live_123");
	put("VANTAGE_CLOCK_FILE", "clock");
	refuses_to_start("VANTAGE_CLOCK_FILE");
}
END_TEST

START_TEST(keys_of_the_other_mode_are_refused)
{
	migrate(false);
	put("STRIPE_PUBLISHABLE_KEY", "pk_live_123");
	refuses_to_start("STRIPE_PUBLISHABLE_KEY");
	put("STRIPE_PUBLISHABLE_KEY", "");
	refuses_to_start("STRIPE_PUBLISHABLE_KEY");
	put("STRIPE_PUBLISHABLE_KEY", "pk_test_1");
	put("CLERK_PUBLISHABLE_KEY", "pk_test_cut");
	refuses_to_start("CLERK_PUBLISHABLE_KEY");
	put("CLERK_PUBLISHABLE_KEY", CLERK_KEY);
	put("VANTAGE_LOG", "loud");
	refuses_to_start("VANTAGE_LOG");
}
END_TEST

static int
post_note(void)
{
	struct client_request r = { .method = "POST", .path = "/note" };

	client_ask(&program, &r, &answer);
	return answer.status;
}

START_TEST(what_was_answered_was_written)
{
	start(NOTE);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(post_note(), 201);
	stop();
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM audit"), 20);
}
END_TEST

#ifdef VT_FAULTS

/* Arms a fault point of the program that is to be started. */
static void
arm(const char *point, const char *order)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/faults", scratch_dir);
	(void)mkdir(path, 0700); /* it may be there already */
	(void)snprintf(
	    path, sizeof(path), "%s/faults/note.%s", scratch_dir, point);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(order, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(a_failed_commit_is_answered_503_and_ends_the_process)
{
	const struct json *j;
	struct vt_problem p;

	put("VANTAGE_STATE", scratch_dir);
	start(NOTE);
	ck_assert_int_eq(post_note(), 201);
	arm("writer.commit_answer", "fail");
	ck_assert_int_eq(post_note(), 503);
	ck_assert_int_eq(
	    json_parse(arena, answer.body, strlen(answer.body), 8, &j, &p),
	    VT_OK);
	ck_assert_str_eq(json_str_at(j, "error.code"), "outcome_unknown");
	ck_assert_ptr_nonnull(strstr(answer.text, "Retry-After: "));
	/* By itself, so that its supervisor starts another. */
	ck_assert_int_eq(client_wait(&program), 0);
}
END_TEST

START_TEST(a_worker_that_dies_has_answered_nothing_that_is_lost)
{
	put("VANTAGE_STATE", scratch_dir);
	start(NOTE);
	ck_assert_int_eq(post_note(), 201);
	arm("writer.before_commit", "kill");
	ck_assert_int_eq(post_note(), -1);
	ck_assert_int_eq(client_wait(&program), -1);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM audit"), 1);
	start(NOTE);
	ck_assert_int_eq(post_note(), 201);
	stop();
}
END_TEST

#endif

int
main(void)
{
	const TTest *const empty[] = {
		health_answers_before_there_is_a_database_and_ready_waits_for_it,
		a_worker_without_its_database_does_not_start,
		a_worker_older_than_its_database_does_not_start,
		a_shifted_clock_is_refused_in_live_mode,
		keys_of_the_other_mode_are_refused, NULL
	};
	const TTest *const whole[] = { ready_names_the_schema_and_the_instance,
		catalog_lists_what_is_sold_in_each_currency,
		catalog_refuses_what_it_does_not_know,
		catalog_is_sent_again_only_when_it_has_changed,
		config_says_what_a_page_needs,
		config_of_a_local_sign_in_is_plain_http,
		what_was_answered_was_written,
#ifdef VT_FAULTS
		a_failed_commit_is_answered_503_and_ends_the_process,
		a_worker_that_dies_has_answered_nothing_that_is_lost,
#endif
		NULL };
	Suite *s = suite_create("public");

	random_init();
	tcase_add_checked_fixture(
	    unit_case(s, "empty", empty), setup_empty, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "whole", whole), setup, teardown);
	return unit_run(s);
}
