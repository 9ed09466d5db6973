/*
 * worker: a real process on a real socket, spoken to as nginx would, and as
 * nginx never would. The program is tests/api/echo.
 */
#include "../unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fcgi_client.h"

#define PROGRAM "tests/api/echo"
#define THREADS 4 /* of the program */
#define USAGE 64  /* EX_USAGE */

static struct client_program program;
static struct client_answer answer;
static const char limits[] = "check_worker-limits.db";

static void
setup(void)
{
	client_start(&program, PROGRAM, CLIENT_FD0, NULL);
}

static void
stop(void)
{
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	ck_assert_int_eq(client_wait(&program), 0);
}

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL); /* early is as good */
}

static void
get(const char *path)
{
	struct client_request r = { .method = "GET", .path = path };

	client_ask(&program, &r, &answer);
}

START_TEST(a_request_is_answered)
{
	const char *const params[] = { "QUERY_STRING=name=x",
		"REQUEST_ID=abcdefgh12345678", NULL };
	struct client_request r = {
		.method = "GET", .path = "/echo", .params = params
	};

	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.body, "\"name\":\"x\""));
	ck_assert_ptr_nonnull(
	    strstr(answer.text, "X-Request-Id: abcdefgh12345678\r\n"));
	stop();
}
END_TEST

START_TEST(head_is_answered_without_a_body)
{
	struct client_request r = { .method = "HEAD", .path = "/echo" };

	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.text, "Content-Length: "));
	ck_assert_str_eq(answer.body, "");
	stop();
}
END_TEST

START_TEST(a_body_is_read_to_its_last_byte)
{
	const char *const params[] = { "CONTENT_TYPE=application/json", NULL };
	struct client_request r = { .method = "POST",
		.path = "/echo",
		.params = params,
		.body = "{\"word\":\"hello\"}",
		.body_bytes = 16 };

	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 201);
	ck_assert_str_eq(answer.body, "{\"word\":\"hello\"}");
	stop();
}
END_TEST

START_TEST(bodies_of_2_mb_are_refused_by_their_length)
{
	const char *const params[] = { "CONTENT_TYPE=application/json", NULL };
	struct client_request r = { .method = "POST",
		.path = "/echo",
		.params = params,
		.body = calloc(1, 2000000),
		.body_bytes = 2000000 };

	ck_assert_ptr_nonnull(r.body);
	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 413);
	free((void *)(uintptr_t)r.body);
	get("/echo");
	ck_assert_int_eq(answer.status, 200);
	stop();
}
END_TEST

START_TEST(a_body_that_ends_early_is_malformed)
{
	const char *const params[] = { "CONTENT_TYPE=application/json",
		"CONTENT_LENGTH=20", NULL };
	struct client_request r = {
		.method = "POST", .path = "/echo", .params = params
	};

	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 400);
	ck_assert_ptr_nonnull(strstr(answer.body, "malformed_request"));
	stop();
}
END_TEST

START_TEST(bad_bodies_are_refused_with_their_status)
{
	static char deep[1000];
	static const struct {
		const char *type, *body;
		int status;
	} bad[] = {
		{ "CONTENT_TYPE=text/plain", "{\"word\":\"x\"}", 415 },
		{ "CONTENT_TYPE=application/json", "{\"word\":\"\xc3\"}", 400 },
		{ "CONTENT_TYPE=application/json", deep, 400 },
		{ "CONTENT_TYPE=application/json", "", 400 },
		{ "CONTENT_TYPE=application/json", "{\"word\":\"\"}", 422 },
		{ "CONTENT_TYPE=application/json", "{\"word\":-1}", 422 },
		{ "CONTENT_TYPE=application/json", "{\"w\":\"x\"}", 422 },
	};

	memset(deep, '[', sizeof(deep) - 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const params[] = { bad[i].type, NULL };
		struct client_request r = { .method = "POST",
			.path = "/echo",
			.params = params,
			.body = bad[i].body,
			.body_bytes = strlen(bad[i].body) };

		client_ask(&program, &r, &answer);
		ck_assert_int_eq(answer.status, bad[i].status);
	}
	stop();
}
END_TEST

START_TEST(empty_and_repeated_credentials_are_refused)
{
	const char *const empty[] = { "HTTP_AUTHORIZATION=", NULL };
	const char *const twice[] = { "HTTP_AUTHORIZATION=yes",
		"HTTP_AUTHORIZATION=yes", NULL };
	struct client_request r = {
		.method = "POST", .path = "/mine", .params = empty
	};

	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 401);
	r.params = twice;
	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 400);
	stop();
}
END_TEST

START_TEST(a_stop_loses_nothing_in_flight_nor_waiting)
{
	struct client_request r = { .method = "GET", .path = "/slow" };
	int fds[2 * THREADS];

	for (int i = 0; i < 2 * THREADS; i++) {
		fds[i] = client_connect(&program);
		ck_assert(client_send(fds[i], &r));
	}
	pause_ms(300);
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	for (int i = 0; i < 2 * THREADS; i++) {
		client_read(fds[i], &answer);
		ck_assert_int_eq(answer.status, 200);
		ck_assert_str_eq(answer.body, "slow\n");
		(void)close(fds[i]);
	}
	ck_assert_int_eq(client_wait(&program), 0);
}
END_TEST

START_TEST(an_idle_worker_ends_at_once)
{
	struct timespec a, b;

	get("/echo");
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	stop();
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_lt(b.tv_sec - a.tv_sec, 2);
}
END_TEST

START_TEST(half_a_record_holds_one_thread_and_no_other)
{
	int fds[THREADS - 1];

	for (int i = 0; i < THREADS - 1; i++) {
		fds[i] = client_connect(&program);
		ck_assert_int_eq(write(fds[i], "\1\1\0", 3), 3);
	}
	pause_ms(200);
	for (int i = 0; i < 20; i++) {
		get("/echo");
		ck_assert_int_eq(answer.status, 200);
	}
	for (int i = 0; i < THREADS - 1; i++)
		(void)close(fds[i]);
	stop();
}
END_TEST

START_TEST(bytes_that_are_no_fastcgi_do_not_end_it)
{
	static const char *const garbage[] = { "GET / HTTP/1.0\r\n\r\n",
		"\1\4\0\1\0\5\0\0abcde", "\1\1\0\1\0\10\0\0\0\7\0\0\0\0\0\0",
		"\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0", "" };
	static const size_t bytes[] = { 18, 13, 16, 16, 0 };

	for (int round = 0; round < 10; round++)
		for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
			int fd = client_connect(&program);

			ck_assert_int_eq(
			    write(fd, garbage[i], bytes[i]), (ssize_t)bytes[i]);
			(void)close(fd);
		}
	get("/echo");
	ck_assert_int_eq(answer.status, 200);
	stop();
}
END_TEST

START_TEST(a_caller_over_the_limit_is_told_when_to_come_back)
{
	const char *const other[] = { "REMOTE_ADDR=192.0.2.2", NULL };
	struct client_request r = {
		.method = "GET", .path = "/limited", .params = other
	};

	for (int i = 0; i < 3; i++) {
		get("/limited");
		ck_assert_int_eq(answer.status, 200);
	}
	get("/limited");
	ck_assert_int_eq(answer.status, 429);
	ck_assert_ptr_nonnull(strstr(answer.text, "Retry-After: "));
	ck_assert_ptr_nonnull(strstr(answer.body, "rate_limited"));
	get("/echo");
	ck_assert_int_eq(answer.status, 200);
	client_ask(&program, &r, &answer);
	ck_assert_int_eq(answer.status, 200);
	stop();
}
END_TEST

START_TEST(a_kept_connection_serves_again_and_does_not_delay_the_end)
{
	struct client_request r = {
		.method = "GET", .path = "/echo", .keep = true
	};
	int fd = client_connect(&program);

	for (int i = 0; i < 100; i++) {
		ck_assert(client_send(fd, &r));
		client_read(fd, &answer);
		ck_assert_int_eq(answer.status, 200);
	}
	stop();
	(void)close(fd);
}
END_TEST

START_TEST(systemd_hands_the_socket_over_as_descriptor_3)
{
	client_start(&program, PROGRAM, CLIENT_SYSTEMD, NULL);
	get("/echo");
	ck_assert_int_eq(answer.status, 200);
	stop();
}
END_TEST

/* Runs the program without a socket; its exit status, its output in `out`. */
static int
run_plain(const char *method, char *out, size_t out_bytes)
{
	int ends[2], status, in;
	size_t have = 0;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		in = open("/dev/null", O_RDWR);
		if (in < 0 || dup2(in, 0) < 0 || dup2(in, 2) < 0 ||
		    dup2(ends[1], 1) < 0 || setenv("DOCUMENT_URI", "/echo", 1))
			_exit(99);
		if (method != NULL && setenv("REQUEST_METHOD", method, 1) != 0)
			_exit(99);
		(void)execl(PROGRAM, PROGRAM, (char *)NULL);
		_exit(99);
	}
	(void)close(ends[1]);
	while (have + 1 < out_bytes &&
	    (n = read(ends[0], out + have, out_bytes - 1 - have)) > 0)
		have += (size_t)n;
	out[have] = '\0';
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(without_a_socket_it_is_plain_cgi_once)
{
	char out[4096];

	ck_assert_int_eq(run_plain("GET", out, sizeof(out)), 0);
	ck_assert_int_eq(strncmp(out, "Status: 200 OK\r\n", 16), 0);
	ck_assert_int_eq(run_plain("POST", out, sizeof(out)), 0);
	ck_assert_int_eq(strncmp(out, "Status: 415 ", 12), 0);
}
END_TEST

START_TEST(started_by_hand_it_says_what_it_is)
{
	char out[4096];

	ck_assert_int_eq(run_plain(NULL, out, sizeof(out)), USAGE);
	ck_assert_str_eq(out, "");
}
END_TEST

int
main(void)
{
	const TTest *const served[] = { a_request_is_answered,
		head_is_answered_without_a_body,
		a_body_is_read_to_its_last_byte,
		bodies_of_2_mb_are_refused_by_their_length,
		a_body_that_ends_early_is_malformed,
		bad_bodies_are_refused_with_their_status,
		empty_and_repeated_credentials_are_refused,
		a_stop_loses_nothing_in_flight_nor_waiting,
		an_idle_worker_ends_at_once,
		half_a_record_holds_one_thread_and_no_other,
		bytes_that_are_no_fastcgi_do_not_end_it,
		a_caller_over_the_limit_is_told_when_to_come_back,
		a_kept_connection_serves_again_and_does_not_delay_the_end,
		NULL };
	const TTest *const started[] = {
		systemd_hands_the_socket_over_as_descriptor_3,
		without_a_socket_it_is_plain_cgi_once,
		started_by_hand_it_says_what_it_is, NULL
	};
	Suite *s = suite_create("worker");
	int status;

	if (setenv("VANTAGE_LIMITS_DB", limits, 1) != 0)
		return EXIT_FAILURE;
	(void)unlink(limits); /* of an earlier run, or none */
	tcase_add_checked_fixture(unit_case(s, "served", served), setup, NULL);
	(void)unit_case(s, "started", started);
	status = unit_run(s);
	(void)unlink(limits); /* none if it failed early */
	return status;
}
