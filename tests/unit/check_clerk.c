/*
 * clerk: users as Clerk tells them, whatever the order and however often
 * (R82, R83).
 */
#include "unit.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/random.h"
#include "billing/clerk.h"
#include "books.h"

#define NOW 1795000000000

static struct arena *arena;
static struct db *db;

static void
setup(void)
{
	random_init();
	log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
	books_empty();
	arena = arena_new();
	ck_assert_int_eq(db_open(scratch_db, DB_WRITER, &db), VT_OK);
}

static void
teardown(void)
{
	db_close(db);
	arena_free(arena);
	scratch_remove();
}

static enum vt_err
read_text(const char *id, const char *body, struct clerk_message *m)
{
	struct vt_problem p;

	return clerk_read(arena, id, body, strlen(body), NOW, m, &p);
}

/* As the worker would: read, then stored in a transaction of its own. */
static enum clerk_outcome
tell(const char *id, const char *body)
{
	struct clerk_message m;
	enum clerk_outcome outcome;

	ck_assert_int_eq(read_text(id, body, &m), VT_OK);
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(clerk_receive(db, &m, &outcome, NULL), VT_OK);
	ck_assert_int_eq(db_commit(db), VT_OK);
	return outcome;
}

static const char *
changed(const char *type, const char *email, const char *status,
    int64_t updated_ms, const char *role)
{
	return arena_printf(arena,
	    "{\"type\":\"%s\",\"object\":\"event\",\"timestamp\":1,"
	    "\"data\":{\"id\":\"user_1\",\"object\":\"user\","
	    "\"primary_email_address_id\":\"idn_2\",\"email_addresses\":["
	    "{\"id\":\"idn_1\",\"email_address\":\"other@example.com\","
	    "\"verification\":{\"status\":\"verified\"}},"
	    "{\"id\":\"idn_2\",\"email_address\":\"%s\",\"verification\":%s}],"
	    "\"public_metadata\":{%s},\"first_name\":null,"
	    "\"updated_at\":%" PRId64 "}}",
	    type, email, status, role, updated_ms);
}

#define VERIFIED "{\"status\":\"verified\",\"strategy\":\"x\"}"

static const char *
deleted(void)
{
	return "{\"type\":\"user.deleted\",\"data\":{\"id\":\"user_1\","
	       "\"object\":\"user\",\"deleted\":true}}";
}

static struct user
user(void)
{
	struct user u;

	ck_assert_int_eq(user_by_sub(db, "user_1", &u), VT_OK);
	return u;
}

START_TEST(a_new_user_is_stored_with_the_primary_verified_address)
{
	struct user u;

	ck_assert_int_eq(
	    tell("msg_1",
		changed("user.created", "Ada@Example.com", VERIFIED, 1000, "")),
	    CLERK_APPLIED);
	u = user();
	ck_assert_str_eq(u.email, "ada@example.com");
	ck_assert(u.email_verified);
	ck_assert(!u.admin);
}
END_TEST

START_TEST(an_address_counts_as_verified_only_if_clerk_says_so)
{
	static const char *const verifications[] = { "null", "{}",
		"{\"status\":\"unverified\"}", "{\"status\":null}" };

	for (size_t i = 0; i < countof(verifications); i++) {
		(void)tell(arena_printf(arena, "msg_%zu", i),
		    changed("user.updated", "ada@example.com", verifications[i],
			(int64_t)(1000 + i), ""));
		ck_assert(!user().email_verified);
	}
}
END_TEST

START_TEST(an_address_that_could_forge_a_header_is_left_out)
{
	(void)tell("msg_1",
	    changed("user.created", "ada@example.com\\r\\nBcc: x@y.z", VERIFIED,
		1000, ""));
	ck_assert_str_eq(user().email, "");
	ck_assert(!user().email_verified);
}
END_TEST

START_TEST(a_user_without_a_primary_address_has_none)
{
	ck_assert_int_eq(
	    tell("msg_1",
		"{\"type\":\"user.created\",\"data\":{\"id\":\"user_1\","
		"\"primary_email_address_id\":null,\"email_addresses\":[],"
		"\"updated_at\":5}}"),
	    CLERK_APPLIED);
	ck_assert_str_eq(user().email, "");
}
END_TEST

START_TEST(the_role_comes_and_goes_with_the_public_metadata)
{
	(void)tell("msg_1",
	    changed(
		"user.created", "a@b.c", VERIFIED, 1000, "\"role\":\"admin\""));
	ck_assert(user().admin);
	(void)tell("msg_2",
	    changed("user.updated", "a@b.c", VERIFIED, 2000,
		"\"role\":\"administrator\""));
	ck_assert(!user().admin);
	(void)tell("msg_3",
	    changed(
		"user.updated", "a@b.c", VERIFIED, 3000, "\"role\":\"admin\""));
	ck_assert(user().admin);
	(void)tell(
	    "msg_4", changed("user.updated", "a@b.c", VERIFIED, 4000, ""));
	ck_assert(!user().admin);
}
END_TEST

START_TEST(a_role_set_by_hand_is_left_alone)
{
	(void)tell(
	    "msg_1", changed("user.created", "a@b.c", VERIFIED, 1000, ""));
	ck_assert_int_eq(db_begin(db), VT_OK);
	ck_assert_int_eq(user_role_set(db, "user_1", true, NOW), VT_OK);
	ck_assert_int_eq(user_role_set(db, "user_9", true, NOW), VT_NOTFOUND);
	ck_assert_int_eq(db_commit(db), VT_OK);
	(void)tell(
	    "msg_2", changed("user.updated", "n@b.c", VERIFIED, 2000, ""));
	ck_assert(user().admin);
	ck_assert_str_eq(user().email, "n@b.c");
}
END_TEST

START_TEST(the_newest_fact_counts_in_any_order)
{
	ck_assert_int_eq(
	    tell("msg_2",
		changed("user.updated", "new@b.c", VERIFIED, 2000, "")),
	    CLERK_APPLIED);
	ck_assert_int_eq(
	    tell("msg_1",
		changed("user.created", "old@b.c", VERIFIED, 1000, "")),
	    CLERK_STALE);
	ck_assert_str_eq(user().email, "new@b.c");
}
END_TEST

START_TEST(the_same_message_has_one_effect)
{
	(void)tell(
	    "msg_1", changed("user.created", "a@b.c", VERIFIED, 1000, ""));
	(void)tell(
	    "msg_2", changed("user.updated", "b@b.c", VERIFIED, 1000, ""));
	ck_assert_int_eq(
	    tell("msg_1", changed("user.created", "a@b.c", VERIFIED, 1000, "")),
	    CLERK_DUPLICATE);
	ck_assert_str_eq(user().email, "b@b.c");
	ck_assert_int_eq(
	    scratch_number("SELECT count(*) FROM clerk_events"), 2);
}
END_TEST

/* R83: the row stays, and what is told later does not bring it back. */
START_TEST(a_deleted_user_stays_deleted)
{
	(void)tell(
	    "msg_1", changed("user.created", "a@b.c", VERIFIED, 1000, ""));
	ck_assert_int_eq(tell("msg_2", deleted()), CLERK_APPLIED);
	ck_assert_int_eq(tell("msg_3", deleted()), CLERK_STALE);
	ck_assert_int_eq(tell("msg_4",
			     changed("user.updated", "a@b.c", VERIFIED, 9000,
				 "\"role\":\"admin\"")),
	    CLERK_STALE);
	ck_assert(user().deleted);
	ck_assert(!user().admin);
}
END_TEST

START_TEST(a_deletion_may_overtake_the_creation)
{
	ck_assert_int_eq(tell("msg_2", deleted()), CLERK_APPLIED);
	ck_assert_int_eq(
	    tell("msg_1", changed("user.created", "a@b.c", VERIFIED, 1000, "")),
	    CLERK_STALE);
	ck_assert(user().deleted);
}
END_TEST

START_TEST(other_types_and_unusable_ones_are_stored_and_ignored)
{
	static const char *const bodies[] = {
		"{\"type\":\"session.created\",\"data\":{\"id\":\"sess_1\"}}",
		"{\"type\":\"user.created\",\"data\":{}}",
		"{\"type\":\"user.created\",\"data\":{\"id\":\"\"}}",
		"{\"type\":\"user.created\",\"data\":{\"id\":\"user 1\","
		"\"updated_at\":1}}",
		"{\"type\":\"user.created\",\"data\":{\"id\":7}}",
		"{\"type\":\"user.updated\",\"data\":{\"id\":\"user_1\"}}",
		"{\"type\":\"user.updated\",\"data\":{\"id\":\"user_1\","
		"\"updated_at\":-5}}",
		"{\"type\":\"user.updated\",\"data\":{\"id\":\"user_1\","
		"\"updated_at\":\"now\"}}",
		"{\"type\":\"user.deleted\",\"data\":{\"deleted\":true}}",
	};

	for (size_t i = 0; i < countof(bodies); i++)
		ck_assert_int_eq(
		    tell(arena_printf(arena, "msg_%zu", i), bodies[i]),
		    CLERK_IGNORED);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM users"), 0);
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM clerk_events"),
	    (int64_t)countof(bodies));
	/* Nothing about a person is kept with them. */
	ck_assert_int_eq(scratch_number("SELECT count(*) FROM clerk_events "
					"WHERE object IS NOT NULL"),
	    0);
}
END_TEST

START_TEST(what_is_no_message_is_refused)
{
	static const char *const bodies[] = { "", "[]", "7", "{}", "{",
		"{\"type\":\"user.created\"}",
		"{\"type\":\"user.created\",\"data\":[]}",
		"{\"type\":7,\"data\":{}}", "{\"type\":\"\",\"data\":{}}",
		"{\"type\":\"a\\u0000\",\"data\":{}}" };
	struct clerk_message m;

	for (size_t i = 0; i < countof(bodies); i++)
		ck_assert_msg(read_text("msg_1", bodies[i], &m) == VT_INVALID,
		    "%s", bodies[i]);
	ck_assert_int_eq(read_text("", deleted(), &m), VT_INVALID);
	ck_assert_int_eq(read_text("a b", deleted(), &m), VT_INVALID);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		a_new_user_is_stored_with_the_primary_verified_address,
		an_address_counts_as_verified_only_if_clerk_says_so,
		an_address_that_could_forge_a_header_is_left_out,
		a_user_without_a_primary_address_has_none,
		the_role_comes_and_goes_with_the_public_metadata,
		a_role_set_by_hand_is_left_alone,
		other_types_and_unusable_ones_are_stored_and_ignored,
		what_is_no_message_is_refused, NULL
	};
	const TTest *const order[] = { the_newest_fact_counts_in_any_order,
		the_same_message_has_one_effect, a_deleted_user_stays_deleted,
		a_deletion_may_overtake_the_creation, NULL };
	Suite *s = suite_create("clerk");

	tcase_add_checked_fixture(unit_case(s, "core", core), setup, teardown);
	tcase_add_checked_fixture(
	    unit_case(s, "order", order), setup, teardown);
	return unit_run(s);
}
