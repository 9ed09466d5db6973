/*
 * access: who is calling (R81, R82), with real keys, tokens and rows. Each
 * refusal is told apart by what the log says about it; the caller sees one
 * and the same 401.
 */
#include "unit.h"

#include <sodium.h>
#include <sys/mman.h>

#include "access/access.h"
#include "access/keys.h"
#include "access/session.h"
#include "access/verified.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/random.h"
#include "billing/users.h"
#include "scratch.h"
#include "store/migrate.h"

#define NOW_S 1900000000
#define ISSUER "https://clerk.example.com"
#define SITE "https://tokens.example.com"
#define OTHER_SITE "https://evil.example.com"
#define PUBLISHABLE "pk_test_ZXhhbXBsZS5jbGVyay5hY2NvdW50cy5kZXYk"
#define SUFFIX "PWKyINQF" /* by openssl dgst -sha1 and basenc --base64url */

static struct jwt_key *key, *other_key; /* made once: that takes a while */
static struct arena *arena;
static struct worker_state state;
static struct request req;
static struct vt_problem problem;
static int log_file;

/* ---- tokens -------------------------------------------------------------- */

static struct json *
claims(void)
{
	struct json *c = json_object(arena);

	json_put_str(c, "iss", ISSUER);
	json_put_str(c, "sub", "user_1");
	json_put_str(c, "sid", "sess_1");
	json_put_str(c, "azp", SITE);
	json_put_int(c, "iat", NOW_S - 10);
	json_put_int(c, "nbf", NOW_S - 20);
	json_put_int(c, "exp", NOW_S + 50);
	json_put_int(c, "v", 2);
	json_put_str(c, "sts", "active");
	return c;
}

static const char *
sign(const struct json *c, const struct jwt_key *k, const char *kid)
{
	const char *token;

	ck_assert_int_eq(jwt_sign(arena, k, kid, c, &token), VT_OK);
	return token;
}

/* A good token but for one claim. NULL takes it away. */
static const char *
with(const char *name, const char *text)
{
	struct json *c = claims();

	json_remove(c, name);
	if (text != NULL)
		json_put_str(c, name, text);
	return sign(c, key, "kid_1");
}

static const char *
with_int(const char *name, int64_t n)
{
	struct json *c = claims();

	json_remove(c, name);
	json_put_int(c, name, n);
	return sign(c, key, "kid_1");
}

static const char *
good(void)
{
	return sign(claims(), key, "kid_1");
}

/* The good token's claims and signature behind another header. */
static const char *
with_header(const char *header)
{
	char *text = arena_alloc(arena, 256);

	(void)sodium_bin2base64(text, 256, (const unsigned char *)header,
	    strlen(header), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return arena_printf(arena, "%s%s", text, strchr(good(), '.'));
}

/* ---- calls --------------------------------------------------------------- */

/* Up to three parameters beside the method's. */
static enum vt_err
call_with(int who, const char *method, const char *const *params)
{
	const char *all[8] = { arena_printf(arena, "REQUEST_METHOD=%s", method),
		"DOCUMENT_URI=/api/x", "REMOTE_ADDR=192.0.2.7" };
	int n = 3;

	for (; *params != NULL; params++)
		all[n++] = *params;
	memset(&problem, 0, sizeof(problem));
	ck_assert_int_eq(ftruncate(log_file, 0), 0);
	ck_assert_int_eq(lseek(log_file, 0, SEEK_SET), 0);
	ck_assert_int_eq(request_from(&req, arena, all, &problem), VT_OK);
	return access_authorize(&req, who, &problem);
}

static enum vt_err
call(int who, const char *token)
{
	const char *const params[] = {
		arena_printf(arena, "HTTP_AUTHORIZATION=Bearer %s", token), NULL
	};

	return call_with(who, "POST", params);
}

static bool
logged(const char *fault)
{
	char text[8192], want[64];
	ssize_t n = pread(log_file, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	ck_assert_ptr_null(strstr(text, "eyJ")); /* no token in the log */
	(void)snprintf(want, sizeof(want), "\"fault\":\"%s\"", fault);
	return strstr(text, want) != NULL;
}

static void
refused_as(enum vt_err err, const char *code, const char *fault)
{
	ck_assert_int_eq(err, VT_DENIED);
	ck_assert_str_eq(problem.code, code);
	ck_assert_str_ne(problem.message, "");
	ck_assert_ptr_null(req.caller);
	ck_assert_msg(logged(fault), "not logged: %s", fault);
}

static void
refused(const char *token, const char *fault)
{
	refused_as(call(ACCESS_USER, token), "unauthenticated", fault);
}

static void
accepted(const char *token)
{
	ck_assert_int_eq(call(ACCESS_USER, token), VT_OK);
	ck_assert_str_eq(access_caller(&req)->sub, "user_1");
}

/* ---- setting up ---------------------------------------------------------- */

static void
run(void (*fn)(struct db *db))
{
	struct db *db;

	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	fn(db);
	ck_assert_int_eq(db_commit(db), VT_OK);
	db_close(db);
}

static void
store_user(struct db *db, const char *sub, bool admin)
{
	struct user_fact f = {
		.sub = sub, .admin = admin, .updated_ms = 1, .now_ms = 1
	};
	bool applied;

	ck_assert_int_eq(user_apply(db, &f, &applied), VT_OK);
	ck_assert(applied);
}

static void
store_key(struct db *db, const char *kid, const struct jwt_key *k)
{
	struct json *jwk = json_object(arena);

	jwt_key_jwk(k, kid, jwk);
	ck_assert_int_eq(
	    db_exec(db,
		"INSERT INTO jwks (kid, jwk, fetched_at) VALUES (:kid, :jwk, "
		"1)",
		DB_TEXT("kid", kid), DB_TEXT("jwk", json_text(arena, jwk))),
	    VT_OK);
}

static void
store_first(struct db *db)
{
	bool applied;

	store_user(db, "user_1", false);
	store_user(db, "user_admin", true);
	store_user(db, "user_gone", false);
	ck_assert_int_eq(user_delete(db, "user_gone", 2, &applied), VT_OK);
	store_key(db, "kid_1", key);
}

static void
store_second_key(struct db *db)
{
	store_key(db, "kid_2", other_key);
}

static void
take_keys_away(struct db *db)
{
	ck_assert_int_eq(db_exec(db, "DELETE FROM jwks"), VT_OK);
}

static void
store_rubbish(struct db *db)
{
	ck_assert_int_eq(
	    db_exec(db,
		"INSERT INTO jwks (kid, jwk, fetched_at) VALUES "
		"('bad_1', 'no json', 9), ('bad_2', '{\"kty\":\"oct\"}', 9)"),
	    VT_OK);
}

static void
open_access(void)
{
	ck_assert_int_eq(readers_open(scratch_db, &state.readers), VT_OK);
	access_open(&state);
}

static void
setup(void)
{
	struct migrate_options o = { .db_path = scratch_db };

	scratch_make();
	log_file = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_ge(log_file, 0);
	log_to(log_file);
	arena = arena_new();
	clock_freeze((int64_t)NOW_S * 1000, 1000000);
	ck_assert_int_eq(setenv("CLERK_ISSUER", ISSUER, 1), 0);
	ck_assert_int_eq(setenv("VANTAGE_PUBLIC_URL", SITE "/", 1), 0);
	ck_assert_int_eq(setenv("CLERK_PUBLISHABLE_KEY", PUBLISHABLE, 1), 0);
	ck_assert_int_eq(setenv("CLERK_AUTHORIZED_PARTIES",
			     "http://localhost:8080, " SITE, 1),
	    0);
	ck_assert_int_eq(migrate_run(&o, &problem), VT_OK);
	run(store_first);
}

static void
setup_open(void)
{
	setup();
	open_access();
}

static void
teardown(void)
{
	access_close();
	readers_close(state.readers);
	arena_free(arena);
	config_free();
	scratch_remove();
	(void)close(log_file);
}

/* ---- R81 ----------------------------------------------------------------- */

START_TEST(r81_a_good_token_says_who_calls)
{
	const struct caller *c;

	accepted(good());
	c = access_caller(&req);
	ck_assert_int_gt(c->user, 0);
	ck_assert_str_eq(c->session, "sess_1");
	ck_assert_str_eq(c->actor, "user:user_1");
	ck_assert_str_eq(c->impersonator, "");
	ck_assert(!c->admin);
	ck_assert(!c->by_cookie);
	ck_assert_str_eq(access_limit_key(&req), "user:user_1");
}
END_TEST

START_TEST(r81_only_rs256_is_believed)
{
	refused(
	    with_header("{\"alg\":\"none\",\"kid\":\"kid_1\"}"), "malformed");
	refused(
	    with_header("{\"alg\":\"HS256\",\"kid\":\"kid_1\"}"), "malformed");
	refused(
	    with_header("{\"alg\":\"RS512\",\"kid\":\"kid_1\"}"), "malformed");
	refused(
	    with_header("{\"alg\":\"rs256\",\"kid\":\"kid_1\"}"), "malformed");
	refused(
	    with_header("{\"alg\":\"RS256\",\"kid\":\"kid_1\"}"), "signature");
}
END_TEST

START_TEST(r81_tokens_of_another_type_are_refused)
{
	refused(with_header("{\"alg\":\"RS256\",\"kid\":\"kid_1\","
			    "\"typ\":\"at+jwt\"}"),
	    "malformed");
	refused(with_header("{\"alg\":\"RS256\",\"kid\":\"kid_1\","
			    "\"typ\":\"application/at+jwt\"}"),
	    "malformed");
	refused(with_header("{\"alg\":\"RS256\",\"kid\":\"kid_1\","
			    "\"cat\":\"cl_B7d4PD333AAA\"}"),
	    "machine");
	refused(with("sub", "mch_1"), "machine");
}
END_TEST

START_TEST(r81_a_token_that_was_changed_is_refused)
{
	const char *token = good(), *dot = strchr(token, '.');
	char *changed = arena_strdup(arena, token);

	changed[dot - token + 5] ^= 1;
	ck_assert_int_eq(call(ACCESS_USER, changed), VT_DENIED);
	changed = arena_strdup(arena, token);
	changed[strlen(changed) - 20] =
	    changed[strlen(changed) - 20] == 'A' ? 'B' : 'A';
	refused(changed, "signature");
	refused(sign(claims(), other_key, "kid_1"), "signature");
	refused(arena_printf(
		    arena, "%.*s.", (int)(strrchr(token, '.') - token), token),
	    "malformed");
	refused("x", "malformed");
	refused(
	    arena_printf(arena, "%s, Bearer %s", token, token), "malformed");
}
END_TEST

START_TEST(r81_an_unknown_kid_is_refused)
{
	refused(sign(claims(), key, "kid_9"), "key");
	refused(sign(claims(), key, NULL), "key");
}
END_TEST

START_TEST(r81_the_issuer_is_exact)
{
	refused(with("iss", ISSUER "/"), "issuer");
	refused(with("iss", "https://clerk.example.org"), "issuer");
	refused(with("iss", NULL), "issuer");
	refused(with_int("iss", 1), "issuer");
}
END_TEST

START_TEST(r81_azp_is_checked_when_it_is_there_and_only_then)
{
	refused(with("azp", OTHER_SITE), "party");
	refused(with("azp", SITE "/"), "party");
	refused(with("azp", ""), "party");
	refused(with_int("azp", 1), "party");
	accepted(with("azp", NULL));
	accepted(with("azp", "http://localhost:8080"));
}
END_TEST

START_TEST(r81_times_have_five_seconds_of_skew)
{
	accepted(with_int("exp", NOW_S - 4));
	refused(with_int("exp", NOW_S - 5), "expired");
	refused(with("exp", NULL), "expired");
	refused(with("exp", "1900000050"), "expired");
	accepted(with_int("nbf", NOW_S + 5));
	refused(with_int("nbf", NOW_S + 6), "early");
	refused(with("nbf", "soon"), "early");
	accepted(with("nbf", NULL));
	accepted(with_int("iat", NOW_S + 5));
	refused(with_int("iat", NOW_S + 6), "early");
	accepted(with("iat", NULL));
}
END_TEST

START_TEST(r81_an_unfinished_sign_in_is_no_sign_in)
{
	refused(with("sts", "pending"), "pending");
	refused(with("sts", "other"), "pending");
	refused(with_int("sts", 1), "pending");
	accepted(with("sts", NULL));
}
END_TEST

START_TEST(r82_the_subject_is_a_visible_id)
{
	char longest[SESSION_SUB_BYTES + 1];

	refused(with("sub", NULL), "subject");
	refused(with("sub", ""), "subject");
	refused(with("sub", "user 1"), "subject");
	refused(with("sub", "user_\xc3\xa9"), "subject");
	refused(with_int("sub", 1), "subject");
	memset(longest, 'u', sizeof(longest));
	longest[SESSION_SUB_BYTES] = '\0';
	refused(with("sub", longest), "subject");
	longest[SESSION_SUB_BYTES - 1] = '\0';
	ck_assert_int_eq(call(ACCESS_USER, with("sub", longest)), VT_OK);
	ck_assert_int_eq(access_caller(&req)->user, 0); /* no row yet */
}
END_TEST

START_TEST(r81_a_remembered_token_ends_in_time)
{
	const char *token = good();

	accepted(token);
	accepted(token);
	clock_freeze((int64_t)(NOW_S + 54) * 1000, 1000100);
	accepted(token);
	clock_freeze((int64_t)(NOW_S + 55) * 1000, 1000200);
	refused(token, "expired");
}
END_TEST

START_TEST(r81_keys_that_come_are_found_and_keys_that_go_are_forgotten)
{
	const char *second = sign(claims(), other_key, "kid_2"),
		   *first = good();

	accepted(first);
	refused(second, "key");
	run(store_second_key);
	refused(second, "key"); /* the set was read a moment ago */
	clock_sleep_ms(300);
	accepted(second);
	run(take_keys_away);
	accepted(first);
	clock_sleep_ms(61000);
	clock_freeze((int64_t)NOW_S * 1000, clock_mono_ms());
	refused(first, "key");
	refused(second, "key");
}
END_TEST

START_TEST(rows_that_are_no_keys_are_passed_over)
{
	run(store_rubbish);
	accepted(good());
}
END_TEST

START_TEST(a_key_from_the_configuration_serves_any_kid)
{
	ck_assert_int_eq(
	    setenv("CLERK_JWT_KEY", jwt_key_public_pem(arena, other_key), 1),
	    0);
	open_access();
	accepted(sign(claims(), other_key, "kid_7"));
	accepted(sign(claims(), other_key, NULL));
	refused(sign(claims(), key, "kid_1"), "signature");
}
END_TEST

/* ---- where the token stands ---------------------------------------------- */

static enum vt_err
header_call(const char *header)
{
	const char *const params[] = { arena_printf(arena,
					   "HTTP_AUTHORIZATION=%s", header),
		arena_printf(arena, "HTTP_COOKIE=__session=%s", good()),
		"HTTP_ORIGIN=" SITE, NULL };

	return call_with(ACCESS_USER, "POST", params);
}

START_TEST(an_authorization_header_is_not_made_good_by_a_cookie)
{
	refused_as(header_call(""), "unauthenticated", "empty");
	refused_as(header_call("  "), "unauthenticated", "empty");
	refused_as(header_call("Bearer"), "unauthenticated", "scheme");
	refused_as(header_call("Bearer "), "unauthenticated", "empty");
	refused_as(header_call("Basic eDp5"), "unauthenticated", "scheme");
	refused_as(header_call(good()), "unauthenticated", "scheme");
	ck_assert_int_eq(
	    header_call(arena_printf(arena, "bearer %s", good())), VT_OK);
	ck_assert(!access_caller(&req)->by_cookie);
}
END_TEST

static enum vt_err
cookie_call(const char *method, const char *cookie, const char *origin)
{
	const char *const params[] = { arena_printf(
					   arena, "HTTP_COOKIE=%s", cookie),
		origin == NULL ? NULL
			       : arena_printf(arena, "HTTP_ORIGIN=%s", origin),
		NULL };

	return call_with(ACCESS_USER, method, params);
}

START_TEST(cookies_that_change_something_need_our_own_origin)
{
	const char *cookie = arena_printf(arena, "__session=%s", good());

	ck_assert_int_eq(cookie_call("GET", cookie, NULL), VT_OK);
	ck_assert(access_caller(&req)->by_cookie);
	ck_assert_int_eq(cookie_call("HEAD", cookie, NULL), VT_OK);
	ck_assert_int_eq(cookie_call("POST", cookie, SITE), VT_OK);
	refused_as(cookie_call("POST", cookie, NULL), "forbidden", "origin");
	refused_as(
	    cookie_call("POST", cookie, OTHER_SITE), "forbidden", "origin");
	refused_as(cookie_call("POST", cookie, "null"), "forbidden", "origin");
	refused_as(cookie_call("PUT", cookie, SITE "/"), "forbidden", "origin");
	refused_as(cookie_call("DELETE", cookie, "http://tokens.example.com"),
	    "forbidden", "origin");
}
END_TEST

START_TEST(the_suffixed_cookie_wins_over_the_plain_one)
{
	const char *token = good();

	ck_assert_int_eq(
	    cookie_call("GET",
		arena_printf(
		    arena, "__session=old; __session_" SUFFIX "=%s", token),
		NULL),
	    VT_OK);
	refused_as(cookie_call("GET",
		       arena_printf(arena,
			   "__session=%s; __session_" SUFFIX "=old", token),
		       NULL),
	    "unauthenticated", "malformed");
	refused_as(
	    cookie_call("GET",
		arena_printf(arena, "__session_otherOne=%s", token), NULL),
	    "unauthenticated", "absent");
	refused_as(cookie_call("GET", "__session=", NULL), "unauthenticated",
	    "absent");
}
END_TEST

START_TEST(without_any_credential_there_is_no_caller)
{
	const char *const none[] = { NULL };

	refused_as(
	    call_with(ACCESS_USER, "GET", none), "unauthenticated", "absent");
	ck_assert_int_eq(call_with(ACCESS_ANYONE, "GET", none), VT_OK);
	ck_assert_ptr_null(req.caller);
	ck_assert_str_eq(access_limit_key(&req), "ip:192.0.2.7");
}
END_TEST

/* ---- what the row says --------------------------------------------------- */

START_TEST(an_administrator_is_one_by_the_row_alone)
{
	struct json *c = claims();

	refused_as(call(ACCESS_ADMIN, good()), "forbidden", "role");
	refused_as(
	    call(ACCESS_ADMIN, with("sub", "user_new")), "forbidden", "role");
	json_put_str(c, "role", "admin");
	refused_as(
	    call(ACCESS_ADMIN, sign(c, key, "kid_1")), "forbidden", "role");
	ck_assert_int_eq(call(ACCESS_ADMIN, with("sub", "user_admin")), VT_OK);
	ck_assert(access_caller(&req)->admin);
	ck_assert_int_eq(call(ACCESS_ADMIN | ACCESS_USER, good()), VT_OK);
	ck_assert(!access_caller(&req)->admin);
}
END_TEST

START_TEST(a_deleted_user_is_refused)
{
	refused_as(call(ACCESS_USER, with("sub", "user_gone")), "forbidden",
	    "deleted");
}
END_TEST

START_TEST(who_acts_for_somebody_else_is_named)
{
	struct json *c = claims();

	json_put_str(json_put_object(c, "act"), "sub", "user_boss");
	accepted(sign(c, key, "kid_1"));
	ck_assert_str_eq(access_caller(&req)->impersonator, "user_boss");
	ck_assert_str_eq(
	    access_caller(&req)->actor, "user:user_1/by:user_boss");
	c = claims();
	(void)json_put_object(c, "act");
	refused(sign(c, key, "kid_1"), "subject");
}
END_TEST

/* ---- parts --------------------------------------------------------------- */

START_TEST(remembered_tokens_are_bounded_and_tied_to_their_keys)
{
	struct verified *v = verified_new(8);
	struct session s = { .expires_s = NOW_S }, out;
	char token[32];
	int found = 0;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(token, sizeof(token), "token-%d", i);
		(void)snprintf(s.sub, sizeof(s.sub), "user_%d", i);
		s.expires_s = NOW_S + i;
		verified_put(v, token, 1, &s);
		ck_assert(verified_get(v, token, 1, NOW_S, &out));
		ck_assert_str_eq(out.sub, s.sub);
		ck_assert(!verified_get(v, token, 2, NOW_S, &out));
	}
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(token, sizeof(token), "token-%d", i);
		found += verified_get(v, token, 1, NOW_S, &out);
	}
	ck_assert_int_le(found, 8);
	ck_assert_int_gt(found, 0);
	verified_free(v);
}
END_TEST

START_TEST(origins_are_written_as_browsers_write_them)
{
	static const char *const pairs[][2] = {
		{ "https://Example.com:443/x", "https://example.com" },
		{ "HTTP://127.0.0.1:8080", "http://127.0.0.1:8080" },
		{ "http://a:80?x", "http://a" },
		{ "http://[::1]:8080/", "http://[::1]:8080" },
		{ "https://a:80", "https://a:80" },
	};
	static const char *const bad[] = { "", "ftp://a", "https://",
		"https:///x", "a.example", "https://u@a" };
	const char *origin;

	for (size_t i = 0; i < countof(pairs); i++) {
		ck_assert_int_eq(
		    session_origin(arena, pairs[i][0], &origin), VT_OK);
		ck_assert_str_eq(origin, pairs[i][1]);
	}
	for (size_t i = 0; i < countof(bad); i++)
		ck_assert_int_eq(
		    session_origin(arena, bad[i], &origin), VT_INVALID);
}
END_TEST

START_TEST(the_cookies_suffix_is_clerks)
{
	char suffix[JWT_COOKIE_SUFFIX_BYTES];

	jwt_cookie_suffix(PUBLISHABLE, suffix);
	ck_assert_str_eq(suffix, SUFFIX);
}
END_TEST

static void
open_with(const char *name, const char *value)
{
	setup();
	log_to(STDERR_FILENO);
	ck_assert_int_eq(setenv(name, value, 1), 0);
	scratch_remove();
	/* The database is gone, but the configuration comes first. */
	state.readers = (struct readers *)&state;
	access_open(&state);
}

START_TEST(an_issuer_is_needed)
{
	open_with("CLERK_ISSUER", "");
}
END_TEST

START_TEST(a_public_url_must_have_an_origin)
{
	open_with("VANTAGE_PUBLIC_URL", "tokens.example.com");
}
END_TEST

START_TEST(a_key_must_be_an_rsa_public_key)
{
	open_with("CLERK_JWT_KEY", "-----BEGIN PUBLIC KEY-----nonsense");
}
END_TEST

int
main(void)
{
	const TTest *const tokens[] = { r81_a_good_token_says_who_calls,
		r81_only_rs256_is_believed,
		r81_tokens_of_another_type_are_refused,
		r81_a_token_that_was_changed_is_refused,
		r81_an_unknown_kid_is_refused, r81_the_issuer_is_exact,
		r81_azp_is_checked_when_it_is_there_and_only_then,
		r81_times_have_five_seconds_of_skew,
		r81_an_unfinished_sign_in_is_no_sign_in,
		r82_the_subject_is_a_visible_id,
		r81_a_remembered_token_ends_in_time,
		r81_keys_that_come_are_found_and_keys_that_go_are_forgotten,
		rows_that_are_no_keys_are_passed_over,
		an_authorization_header_is_not_made_good_by_a_cookie,
		cookies_that_change_something_need_our_own_origin,
		the_suffixed_cookie_wins_over_the_plain_one,
		without_any_credential_there_is_no_caller,
		an_administrator_is_one_by_the_row_alone,
		a_deleted_user_is_refused, who_acts_for_somebody_else_is_named,
		remembered_tokens_are_bounded_and_tied_to_their_keys,
		origins_are_written_as_browsers_write_them,
		the_cookies_suffix_is_clerks, NULL };
	const TTest *const fixed[] = {
		a_key_from_the_configuration_serves_any_kid, NULL
	};
	Suite *s = suite_create("access");
	TCase *c;

	random_init();
	if (jwt_key_generate(&key) != VT_OK ||
	    jwt_key_generate(&other_key) != VT_OK)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(
	    unit_case(s, "tokens", tokens), setup_open, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "fixed", fixed), setup, teardown);
	c = tcase_create("configuration");
	tcase_add_exit_test(c, an_issuer_is_needed, 78);
	tcase_add_exit_test(c, a_public_url_must_have_an_origin, 78);
	tcase_add_exit_test(c, a_key_must_be_an_rsa_public_key, 78);
	suite_add_tcase(s, c);
	return unit_run(s);
}
