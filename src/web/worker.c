/* worker: see worker.h. */
#include "web/worker.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/process.h"
#include "store/limits.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "store/writer.h"
#include "web/serve.h"

#define STACK_BYTES (256 * 1024)
#define THREADS_MAX 256
#define LIMIT_MAX 1000000	/* calls a minute */
#define LIMITS_FILE "limits.db" /* beside the database, unless configured */

struct run {
	const struct worker *worker;
	struct worker_state state;
	struct instance instance;
	bool opened; /* worker.open has been called */
};

/* A worker's own table is code: what is wrong in it ends the process. */
static void
check_table(const struct worker *w)
{
	assert(w->name != NULL && w->routes_count > 0);
	assert(w->threads >= 0 && w->threads <= THREADS_MAX);
	for (size_t i = 0; i < w->routes_count; i++) {
		assert(w->routes[i].path[0] == '/');
		assert(w->routes[i].handler != NULL);
		assert(w->routes[i].method < HTTP_OTHER);
		assert(w->authorize != NULL || w->routes[i].who == 0);
	}
}

/* 0, or the exit status after a line that says why. */
static int
open_failed(const char *event, enum vt_err err, const char *path)
{
	LOG(LOG_ERROR, event, LOG_S("result", vt_err_name(err)),
	    LOG_S("path", path));
	/* Missing is for a person to mend, the rest may pass by itself. */
	return err == VT_NOTFOUND ? EX_CONFIG : EX_TEMPFAIL;
}

static int
check_schema(struct run *run, const char *path)
{
	struct vt_problem p;
	enum vt_err err;

	memset(&p, 0, sizeof(p));
	err = migrate_check(path, &run->instance, &p);
	if (err == VT_OK) {
		process_refuse_clock(run->instance.livemode);
		run->state.instance = &run->instance;
		return 0;
	}
	if (err != VT_CONFLICT)
		return open_failed("worker.database_check_failed", err, path);
	LOG(LOG_ERROR, "worker.database_refused", LOG_S("code", p.code),
	    LOG_S("why", p.message), LOG_S("path", path));
	return EX_CONFIG;
}

static int
open_database(struct run *run)
{
	struct writer_options o = { 0 };
	const char *path;
	enum vt_err err;
	int status;

	if (run->worker->db == WORKER_DB_NONE)
		return 0;
	path = config_need("VANTAGE_DB");
	if ((status = check_schema(run, path)) != 0)
		return status;
	if ((err = readers_open(path, &run->state.readers)) != VT_OK)
		return open_failed("worker.readers_failed", err, path);
	if (run->worker->db != WORKER_DB_WRITE)
		return 0;
	o.db_path = path;
	o.batch_max = (int)config_int(
	    "VANTAGE_WRITE_BATCH", WRITER_BATCH_MAX, 1, WRITER_BATCH_MAX);
	if ((err = writer_start(&o, &run->state.writer)) != VT_OK)
		return open_failed("worker.writer_failed", err, path);
	return 0;
}

static bool
has_limit(const struct worker *w)
{
	for (size_t i = 0; i < w->routes_count; i++)
		if (w->routes[i].limit_per_minute > 0)
			return true;
	return false;
}

/* VANTAGE_LIMIT_ and the worker's name, "create-payment-intent" say. */
static int
limit_setting(const char *worker)
{
	char name[96];
	int64_t n;
	size_t i;

	(void)snprintf(name, sizeof(name), "VANTAGE_LIMIT_%s", worker);
	for (i = 0; name[i] != '\0'; i++)
		name[i] = name[i] == '-' ? '_' : (char)toupper(name[i]);
	n = config_int(name, -1, 0, LIMIT_MAX);
	return n < 0 ? 0 : n == 0 ? -1 : (int)n;
}

/* The counters of all processes, in a file of their own. */
static void
open_limiter(struct run *run)
{
	const char *path = config_get("VANTAGE_LIMITS_DB", NULL), *db, *slash;
	char *beside = NULL;

	if (!has_limit(run->worker))
		return;
	if (path == NULL) {
		db = config_need("VANTAGE_DB");
		slash = strrchr(db, '/');
		if (asprintf(&beside, "%.*s" LIMITS_FILE,
			slash == NULL ? 0 : (int)(slash - db + 1), db) < 0)
			abort();
		path = beside;
	}
	run->state.limit_per_minute = limit_setting(run->worker->name);
	run->state.limiter = limits_open(path);
	free(beside);
}

static void
close_all(struct run *run)
{
	if (run->opened && run->worker->close != NULL)
		run->worker->close(run->state.own);
	limits_close(run->state.limiter);
	writer_stop(run->state.writer);
	if (run->state.readers != NULL)
		readers_close(run->state.readers);
	process_end();
}

static enum vt_err
read_from_conn(void *conn, char *out, size_t bytes)
{
	return http_read(conn, out, bytes);
}

/* A COMMIT that failed leaves an unknown state that only a restart clears. */
static void
end_if_writer_failed(const struct run *run)
{
	if (run->state.writer == NULL || !writer_failed(run->state.writer))
		return;
	LOG(LOG_ERROR, "worker.ends_after_failed_commit");
	(void)kill(getpid(), SIGTERM); /* ourselves: cannot fail */
}

/*
 * Memory is given back after each request and not kept by the thread: many
 * threads that each hold what one request needs would be most of an idle
 * process's size, and getting it anew costs a few allocations.
 */
static void
serve_connections(struct run *run)
{
	struct http_conn *c = http_conn_new();
	struct response out;
	struct request r;
	struct arena *a;

	while (http_accept(c)) {
		a = arena_new();
		response_init(&out);
		serve(run->worker, &run->state, http_params(c), read_from_conn,
		    c, a, &r, &out);
		http_send(c, &r, &out);
		log_request(NULL);
		end_if_writer_failed(run);
		response_free(&out);
		arena_free(a);
	}
	http_conn_free(c);
}

static void *
thread_main(void *run)
{
	serve_connections(run);
	return NULL;
}

static int
start_threads(struct run *run, pthread_t *threads, int count)
{
	pthread_attr_t attr;
	int made = 0, e = 0;

	if (pthread_attr_init(&attr) != 0 ||
	    pthread_attr_setstacksize(&attr, STACK_BYTES) != 0)
		abort(); /* only for arguments that make no sense */
	while (made < count &&
	    (e = pthread_create(&threads[made], &attr, thread_main, run)) == 0)
		made++;
	(void)pthread_attr_destroy(&attr);
	if (e != 0)
		LOG(LOG_ERROR, "worker.thread_failed",
		    LOG_S("why", strerror(e)), LOG_I("made", made));
	return made;
}

/* Signals that end us are blocked everywhere and waited for in main. */
static void
block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, set, NULL) != 0)
		abort(); /* only for arguments that make no sense */
}

static int
serve_until_stopped(struct run *run, const sigset_t *ends)
{
	int count = run->worker->threads > 0 ? run->worker->threads : 1;
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	int made, got = 0;

	if (threads == NULL)
		abort();
	made = start_threads(run, threads, count);
	if (made > 0) {
		LOG(LOG_INFO, "worker.started", LOG_I("threads", made));
		while (sigwait(ends, &got) != 0)
			;
	}
	http_stop();
	for (int i = 0; i < made; i++)
		(void)pthread_join(threads[i], NULL); /* ours, joinable */
	free(threads);
	LOG(LOG_INFO, "worker.ended", LOG_I("signal", got));
	return made > 0 ? EXIT_SUCCESS : EX_OSERR;
}

static int
usage(const char *name)
{
	static const char text[] =
	    ": serves FastCGI on descriptor 0 or a systemd socket, or one CGI "
	    "request; it takes no options\n";

	if (write(STDERR_FILENO, name, strlen(name)) < 0 ||
	    write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return EX_IOERR;
	return EX_USAGE;
}

int
worker_main(int argc, char **argv, const struct worker *w)
{
	struct run run = { .worker = w };
	enum http_mode mode;
	sigset_t ends;
	int status;

	(void)argv;
	check_table(w);
	if (argc > 1)
		return usage(w->name);
	process_start(w->name);
	mode = http_open();
	if (mode == HTTP_NONE)
		return usage(w->name);
	if (mode == HTTP_SERVE)
		block_signals(&ends);
	status = open_database(&run);
	if (status == 0)
		open_limiter(&run);
	if (status == 0 && w->open != NULL) {
		run.state.own = w->open(&run.state);
		run.opened = true;
	}
	if (status == 0 && mode == HTTP_ONCE)
		serve_connections(&run);
	else if (status == 0)
		status = serve_until_stopped(&run, &ends);
	close_all(&run);
	return status;
}
