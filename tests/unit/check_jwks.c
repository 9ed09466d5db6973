/*
 * access/jwks: a key set from a server to the table, and from there to the
 * check of a token, as reconciler and the workers share it.
 */
#include "unit.h"

#include <fcntl.h>
#include <string.h>

#include "access/jwks.h"
#include "access/keys.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "scratch.h"
#include "scripted.h"
#include "store/migrate.h"
#include "store/writer.h"
#include "text/json.h"
#include "text/jwt.h"

static struct arena *arena;
static struct https *https;
static struct vt_problem problem;

static void
setup(void)
{
	random_init();
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	arena = arena_new();
	https = https_new("check/1");
}

static void
teardown(void)
{
	https_free(https);
	arena_free(arena);
}

static enum vt_err
parse(const char *text, struct jwks *set)
{
	memset(&problem, 0, sizeof(problem));
	return jwks_parse(arena, text, strlen(text), set, &problem);
}

#define RSA "\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\""

START_TEST(only_rsa_signing_keys_with_a_kid_are_kept_R81)
{
	struct jwks set;

	ck_assert_int_eq(
	    parse(
		"{\"keys\":[{" RSA ",\"kid\":\"a\"},"
		"{" RSA ",\"kid\":\"b\",\"use\":\"sig\",\"alg\":\"RS256\"},"
		"{" RSA ",\"kid\":\"c\",\"use\":\"enc\"},"
		"{" RSA ",\"kid\":\"d\",\"alg\":\"RS512\"},"
		"{" RSA ",\"kid\":\"a\"},{" RSA "},{" RSA ",\"kid\":\"\"},"
		"{" RSA ",\"kid\":\"has blank\"},"
		"{\"kty\":\"EC\",\"kid\":\"e\"},"
		"{\"kty\":\"oct\",\"kid\":\"f\",\"k\":\"AQAB\"},"
		"{\"kty\":\"RSA\",\"kid\":\"g\",\"n\":\"A+B\",\"e\":\"AQAB\"},"
		"null,[],7]}",
		&set),
	    VT_OK);
	ck_assert_uint_eq(set.count, 2);
	ck_assert_str_eq(set.keys[0].kid, "a");
	ck_assert_str_eq(set.keys[1].kid, "b");
}
END_TEST

START_TEST(nothing_but_the_public_half_is_stored)
{
	struct jwks set;

	ck_assert_int_eq(
	    parse("{\"keys\":[{" RSA ",\"kid\":\"a\",\"d\":\"c2VjcmV0\","
		  "\"p\":\"AQAB\",\"x5c\":[\"x\"]}]}",
		&set),
	    VT_OK);
	ck_assert_str_eq(set.keys[0].jwk,
	    "{\"kty\":\"RSA\",\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"RS256\","
	    "\"n\":\"AQAB\",\"e\":\"AQAB\"}");
}
END_TEST

START_TEST(a_set_without_a_usable_key_is_refused)
{
	static const char *const texts[] = { "", "{}", "[]", "{\"keys\":[]}",
		"{\"keys\":{}}", "{\"keys\":[{\"kty\":\"EC\"}]}", "<html>",
		"{\"keys\":[{" RSA ",\"kid\":\"a\"}]" };
	struct jwks set;

	for (size_t i = 0; i < countof(texts); i++) {
		ck_assert_int_eq(parse(texts[i], &set), VT_INVALID);
		ck_assert_str_ne(problem.message, "");
	}
}
END_TEST

START_TEST(more_keys_than_we_hold_are_passed_over)
{
	struct json *root = json_object(arena);
	struct json *keys = json_put_array(root, "keys");
	struct jwks set;

	for (int i = 0; i < 3 * JWKS_KEYS_MAX; i++) {
		struct json *k = json_add_object(keys);

		json_put_str(k, "kty", "RSA");
		json_put_str(k, "kid", arena_printf(arena, "k%d", i));
		json_put_str(k, "n", "AQAB");
		json_put_str(k, "e", "AQAB");
	}
	ck_assert_int_eq(parse(json_text(arena, root), &set), VT_OK);
	ck_assert_uint_eq(set.count, JWKS_KEYS_MAX);
}
END_TEST

START_TEST(what_is_no_key_set_is_not_fetched)
{
	static const struct scripted_step steps[] = {
		{ SCRIPTED_ANSWER, 404, NULL, "{\"keys\":[]}" },
		{ SCRIPTED_ANSWER, 200, NULL, "<html>" },
		{ SCRIPTED_ANSWER, 302, "Location: /x\r\n", "" },
		{ SCRIPTED_HALF, 200, NULL, "{\"keys\":[]}" },
		{ SCRIPTED_RESET, 0, NULL, NULL },
	};
	static const enum vt_err results[] = { VT_REMOTE, VT_REMOTE, VT_REMOTE,
		VT_REMOTE, VT_BUSY };
	struct scripted *s = scripted_start(steps, countof(steps));
	struct jwks set;

	for (size_t i = 0; i < countof(steps); i++)
		ck_assert_int_eq(
		    jwks_fetch(https, arena, s->base, 2000, &set, &problem),
		    results[i]);
	ck_assert_int_eq(jwks_fetch(https, arena, "http://example.com/jwks",
			     2000, &set, &problem),
	    VT_INVALID);
	scripted_stop(s);
}
END_TEST

/* ---- the whole way ---------------------------------------------------------
 */

static const char *
token(const struct jwt_key *k, const char *kid)
{
	struct json *claims = json_object(arena);
	const char *out = NULL;

	json_put_str(claims, "sub", "user_1");
	ck_assert_int_eq(jwt_sign(arena, k, kid, claims, &out), VT_OK);
	return out;
}

static enum vt_err
check(struct keys *keys, const char *text)
{
	struct jwt t;

	ck_assert_int_eq(jwt_parse(arena, text, strlen(text), &t), VT_OK);
	return keys_verify(keys, &t);
}

static void
publish(struct scripted_step *step, const struct jwt_key *k, const char *kid)
{
	struct json *root = json_object(arena);

	jwt_key_jwk(k, kid, json_add_object(json_put_array(root, "keys")));
	*step = (struct scripted_step){ SCRIPTED_ANSWER, 200, NULL,
		json_text(arena, root) };
}

static void
refresh(const struct scripted *s, struct writer *w)
{
	struct jwks set;

	ck_assert_int_eq(
	    jwks_fetch(https, arena, s->base, 2000, &set, &problem), VT_OK);
	set.now_ms = clock_now_ms();
	ck_assert_int_eq(writer_run(w, jwks_store, &set, NULL, NULL), VT_OK);
}

/* A key that Clerk takes out of its set is believed no longer (R81). */
START_TEST(a_fetched_set_replaces_the_stored_one_for_those_who_check_R81)
{
	struct migrate_options o = { 0 };
	struct writer_options wo = { 0 };
	struct jwt_key *old, *new;
	struct scripted_step steps[2];
	struct readers *readers;
	struct scripted *s;
	struct writer *w;
	struct keys *keys;

	scratch_make();
	clock_freeze(1800000000000, 1000);
	o.db_path = wo.db_path = scratch_db;
	ck_assert_int_eq(migrate_run(&o, &problem), VT_OK);
	ck_assert_int_eq(readers_open(scratch_db, &readers), VT_OK);
	ck_assert_int_eq(writer_start(&wo, &w), VT_OK);
	ck_assert_int_eq(jwt_key_generate(&old), VT_OK);
	ck_assert_int_eq(jwt_key_generate(&new), VT_OK);
	publish(&steps[0], old, "ins_old");
	publish(&steps[1], new, "ins_new");
	s = scripted_start(steps, 2);
	keys = keys_from_table(readers);

	refresh(s, w);
	ck_assert_int_eq(check(keys, token(old, "ins_old")), VT_OK);
	refresh(s, w);
	clock_freeze(1800000600000, 601000);
	(void)keys_generation(keys); /* time to look again */
	ck_assert_int_eq(check(keys, token(new, "ins_new")), VT_OK);
	ck_assert_int_eq(check(keys, token(old, "ins_old")), VT_NOTFOUND);

	keys_free(keys);
	scripted_stop(s);
	jwt_key_free(old);
	jwt_key_free(new);
	writer_stop(w);
	readers_close(readers);
	scratch_remove();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		only_rsa_signing_keys_with_a_kid_are_kept_R81,
		nothing_but_the_public_half_is_stored,
		a_set_without_a_usable_key_is_refused,
		more_keys_than_we_hold_are_passed_over,
		what_is_no_key_set_is_not_fetched,
		a_fetched_set_replaces_the_stored_one_for_those_who_check_R81,
		NULL,
	};
	Suite *suite = suite_create("jwks");

	tcase_add_checked_fixture(
	    unit_case(suite, "core", tests), setup, teardown);
	return unit_run(suite);
}
