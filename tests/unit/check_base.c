/* base: what every layer above relies on. */
#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"

static int order[3], order_n;

static void
note(void *object)
{
	order[order_n++] = *(int *)object;
}

START_TEST(arena_runs_deferred_newest_first_and_is_empty_after_a_reset)
{
	struct arena *a = arena_new();
	static int one = 1, two = 2;

	order_n = 0;
	arena_defer(a, note, &one);
	arena_defer(a, note, &two);
	ck_assert_str_eq(arena_printf(a, "%s-%d", "x", 7), "x-7");
	ck_assert_uint_gt(arena_used(a), 0);
	arena_reset(a);
	ck_assert_int_eq(order_n, 2);
	ck_assert_int_eq(order[0], 2);
	ck_assert_int_eq(order[1], 1);
	ck_assert_uint_eq(arena_used(a), 0);
	arena_free(a);
}
END_TEST

START_TEST(arena_memory_is_zeroed_aligned_and_survives_large_asks)
{
	struct arena *a = arena_new();

	for (size_t n = 0; n < 70000; n = n * 3 + 1) {
		unsigned char *p = arena_alloc(a, n);

		ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_eq(p[i], 0);
		memset(p, 0xaa, n);
	}
	arena_free(a);
}
END_TEST

START_TEST(buf_past_its_limit_keeps_what_it_has_and_says_so)
{
	struct buf b;

	buf_init(&b, 5);
	buf_puts(&b, "abc");
	buf_printf(&b, "%d", 12);
	ck_assert(!b.failed);
	buf_putc(&b, 'x');
	ck_assert(b.failed);
	ck_assert_str_eq(buf_str(&b), "abc12");
	buf_clear(&b);
	ck_assert(!b.failed);
	ck_assert_str_eq(buf_str(&b), "");
	buf_free(&b);
}
END_TEST

START_TEST(clock_reads_what_it_writes)
{
	char text[CLOCK_TEXT_BYTES];
	int64_t ms = -1;

	clock_format(1763834645000, text);
	ck_assert_str_eq(text, "2025-11-22T18:04:05Z");
	ck_assert_int_eq(clock_parse(text, &ms), VT_OK);
	ck_assert_int_eq(ms, 1763834645000);
	ck_assert_int_eq(
	    clock_parse("2025-11-22T19:04:05.25+01:00", &ms), VT_OK);
	ck_assert_int_eq(ms, 1763834645250);
	ck_assert_int_eq(clock_parse("2025-11-22", &ms), VT_OK);
	ck_assert_int_eq(ms, 1763769600000);
	clock_format(-1, text);
	ck_assert_str_eq(text, "1969-12-31T23:59:59Z");
}
END_TEST

/* A row's time is shown in whole seconds; looked back at, it is in it. */
START_TEST(clock_looks_back_to_the_end_of_a_second)
{
	int64_t now = 1763834645500, ms = 42;

	ck_assert_int_eq(clock_as_of("2025-11-22T18:04:04Z", now, &ms), VT_OK);
	ck_assert_int_eq(ms, 1763834644999);
	ck_assert_int_eq(
	    clock_as_of("2025-11-22T18:04:04.0Z", now, &ms), VT_OK);
	ck_assert_int_eq(ms, 1763834644000);
	ck_assert_int_eq(clock_as_of("2025-11-22T18:04:05Z", now, &ms), VT_OK);
	ck_assert_int_eq(ms, now);
	ck_assert_int_eq(clock_as_of("1969-07-20", now, &ms), VT_OK);
	ck_assert_int_lt(ms, 0);
	ms = 42;
	ck_assert_int_eq(
	    clock_as_of("2025-11-22T18:04:06Z", now, &ms), VT_INVALID);
	ck_assert_int_eq(
	    clock_as_of("2025-11-22T18:04:05.501Z", now, &ms), VT_INVALID);
	ck_assert_int_eq(clock_as_of("yesterday", now, &ms), VT_INVALID);
	ck_assert_int_eq(ms, 42);
}
END_TEST

START_TEST(clock_refuses_what_is_no_time)
{
	static const char *const bad[] = { "", "2025", "2025-02-30",
		"2025-13-01", "2025-11-22T", "2025-11-22T24:00:00Z",
		"2025-11-22T18:04:60Z", "2025-11-22T18:04:05",
		"2025-11-22T18:04:05Zx", "2025-11-22T18:04:05.Z", "+025-11-22",
		"2025-11-22T18:04:05+1:00" };
	int64_t ms = 42;

	for (size_t i = 0; i < countof(bad); i++) {
		ck_assert_msg(
		    clock_parse(bad[i], &ms) == VT_INVALID, "%s", bad[i]);
		ck_assert_int_eq(ms, 42);
	}
}
END_TEST

START_TEST(clock_file_shifts_wall_time_and_not_the_other)
{
	char path[] = "/tmp/check_clock_XXXXXX";
	int64_t before, mono;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "86400000\n", 9), 9);
	before = clock_now_ms();
	mono = clock_mono_ms();
	ck_assert_int_eq(clock_shift_ms(), 0);
	clock_use_file(path);
	ck_assert_int_eq(clock_shift_ms(), 86400000);
	ck_assert_int_ge(clock_now_ms() - before, 86400000);
	ck_assert_int_lt(clock_now_ms() - before, 86400000 + 60000);
	ck_assert_int_lt(clock_mono_ms() - mono, 60000);
	clock_use_file(NULL);
	ck_assert_int_lt(clock_now_ms() - before, 60000);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(frozen_clock_moves_by_its_sleeps_alone)
{
	clock_freeze(1000, 50);
	clock_sleep_ms(8000);
	ck_assert_int_eq(clock_now_ms(), 9000);
	ck_assert_int_eq(clock_mono_ms(), 8050);
	clock_thaw();
}
END_TEST

START_TEST(ids_have_their_prefix_and_128_bits)
{
	char a[RANDOM_ID_BYTES], b[RANDOM_ID_BYTES];

	random_id("ord_", a);
	random_id("ord_", b);
	ck_assert_uint_eq(strlen(a), 30);
	ck_assert_int_eq(strncmp(a, "ord_", 4), 0);
	ck_assert_str_ne(a, b);
	random_seed(7);
	random_id("x_", a);
	random_seed(7);
	random_id("x_", b);
	ck_assert_str_eq(a, b);
	ck_assert_uint_eq(
	    strspn(a + 2, "0123456789abcdefghjkmnpqrstvwxyz"), 26);
}
END_TEST

START_TEST(ids_of_rows_sort_by_their_time)
{
	char a[RANDOM_ID_BYTES], b[RANDOM_ID_BYTES];
	int64_t times[] = { 0, 1, 31, 32, 1763834645000, 1763834645001,
		4102444800000 };

	for (size_t i = 0; i + 1 < countof(times); i++) {
		clock_freeze(times[i], 0);
		random_row_id("tx_", a);
		clock_freeze(times[i + 1], 0);
		random_row_id("tx_", b);
		ck_assert_uint_eq(strlen(a), strlen("tx_") + 26);
		ck_assert_int_lt(strcmp(a, b), 0);
		random_row_id("tx_", a);
		ck_assert_str_ne(a, b);
		/* The letters of the time; 80 bits of each differ. */
		ck_assert_int_eq(memcmp(a, b, strlen("tx_") + 9), 0);
	}
	clock_thaw();
}
END_TEST

START_TEST(log_lines_are_one_json_object_whatever_they_hold)
{
	char line[512];
	ssize_t n;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	log_to(fds[1]);
	log_process("test");
	log_request("req_1");
	LOG(LOG_INFO, "a.b", LOG_S("text", "say \"hi\"\r\n\x01"),
	    LOG_I("n", INT64_MIN), LOG_S("none", NULL));
	log_request(NULL);
	n = read(fds[0], line, sizeof(line) - 1);
	ck_assert_int_gt(n, 0);
	line[n] = '\0';
	ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
	ck_assert_ptr_nonnull(strstr(line, "\"request_id\":\"req_1\""));
	ck_assert_ptr_nonnull(
	    strstr(line, "\"text\":\"say \\\"hi\\\"\\u000d\\u000a\\u0001\""));
	ck_assert_ptr_nonnull(strstr(line, "\"n\":-9223372036854775808"));
	ck_assert_ptr_nonnull(strstr(line, "\"none\":null"));
	log_to(STDERR_FILENO);
}
END_TEST

START_TEST(config_prefers_the_file_and_forgets_line_ends)
{
	char path[] = "/tmp/check_config_XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "from file\n", 10), 10);
	ck_assert_int_eq(setenv("VT_TEST_FILE", path, 1), 0);
	ck_assert_int_eq(setenv("VT_TEST", "from environment", 1), 0);
	ck_assert_str_eq(config_need("VT_TEST"), "from file");
	ck_assert_int_eq(setenv("VT_EMPTY", "", 1), 0);
	ck_assert_str_eq(config_get("VT_EMPTY", "else"), "else");
	ck_assert_int_eq(setenv("VT_N", "12", 1), 0);
	ck_assert_int_eq(config_int("VT_N", 0, 1, 20), 12);
	ck_assert_int_eq(unlink(path), 0);
	config_free();
}
END_TEST

START_TEST(config_of_the_wrong_kind_ends_the_process)
{
	ck_assert_int_eq(setenv("VT_N", "12x", 1), 0);
	(void)config_int("VT_N", 0, 1, 20);
}
END_TEST

START_TEST(secret_leaves_the_environment)
{
	struct secret *s;

	ck_assert_int_eq(setenv("VT_SECRET", "sk_test_12345678", 1), 0);
	s = secret_need("VT_SECRET", 8);
	ck_assert_str_eq(secret_text(s), "sk_test_12345678");
	ck_assert_uint_eq(secret_bytes(s), 16);
	ck_assert(secret_has_prefix(s, "sk_test_"));
	ck_assert(!secret_has_prefix(s, "sk_live_"));
	ck_assert_ptr_null(getenv("VT_SECRET"));
	secret_free(s);
	ck_assert_ptr_null(secret_load("VT_SECRET", 8));
}
END_TEST

START_TEST(secret_that_is_too_short_ends_the_process)
{
	ck_assert_int_eq(setenv("VT_SECRET", "short", 1), 0);
	(void)secret_need("VT_SECRET", 8);
}
END_TEST

int
main(void)
{
	const TTest *const core[] = {
		arena_runs_deferred_newest_first_and_is_empty_after_a_reset,
		arena_memory_is_zeroed_aligned_and_survives_large_asks,
		buf_past_its_limit_keeps_what_it_has_and_says_so,
		clock_reads_what_it_writes, clock_refuses_what_is_no_time,
		clock_looks_back_to_the_end_of_a_second,
		clock_file_shifts_wall_time_and_not_the_other,
		frozen_clock_moves_by_its_sleeps_alone,
		ids_have_their_prefix_and_128_bits,
		ids_of_rows_sort_by_their_time,
		log_lines_are_one_json_object_whatever_they_hold,
		config_prefers_the_file_and_forgets_line_ends,
		secret_leaves_the_environment, NULL
	};
	Suite *s = suite_create("base");
	TCase *c;

	random_init();
	(void)unit_case(s, "core", core);
	c = tcase_create("exits");
	tcase_add_exit_test(c, config_of_the_wrong_kind_ends_the_process, 78);
	tcase_add_exit_test(c, secret_that_is_too_short_ends_the_process, 78);
	suite_add_tcase(s, c);
	return unit_run(s);
}
