/*
 * bench_writer: what the write path carries.
 *
 *	bench_writer DB [threads [batch_max [seconds [processes]]]]
 *
 * Each thread runs one small insert after the other; printed are the
 * acknowledged ones a second and the waits that half, 99 of 100 and all of
 * them stayed below, summed over the processes. A batch_max of 1 shows what
 * grouping gains. DB is made if it is not there; nobody checkpoints it.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/writer.h"

#define THREADS_MAX 256
#define PROCESSES_MAX 32
#define SLOTS 20000 /* of 10 us each: waits up to 0.2 s */
#define SLOT_US 10

struct counts {
	int64_t done, refused;
	int64_t waits[SLOTS];
};

struct thread {
	pthread_t id;
	struct writer *writer;
	int64_t until_ms;
	struct counts *counts;
};

static enum vt_err
insert(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	(void)in, (void)out, (void)p; /* none */
	return db_exec(db,
	    "INSERT INTO bench (text) VALUES ('a row of about a hundred bytes,"
	    " as an entry of the ledger has, and a little more')");
}

static void *
run_thread(void *arg)
{
	struct thread *t = arg;
	int64_t began, slot;

	while (clock_mono_ms() < t->until_ms) {
		began = clock_mono_us();
		if (writer_run(t->writer, insert, NULL, NULL, NULL) != VT_OK) {
			t->counts->refused++;
			continue;
		}
		slot = (clock_mono_us() - began) / SLOT_US;
		t->counts->waits[slot < SLOTS ? slot : SLOTS - 1]++;
		t->counts->done++;
	}
	return NULL;
}

static void
add(struct counts *to, const struct counts *from)
{
	to->done += from->done;
	to->refused += from->refused;
	for (int i = 0; i < SLOTS; i++)
		to->waits[i] += from->waits[i];
}

/* One process's share, as it would run in a worker. */
static struct counts *
run_process(const char *path, int threads, int batch_max, int64_t seconds)
{
	struct writer_options o = { .db_path = path, .batch_max = batch_max };
	static struct thread all[THREADS_MAX];
	struct counts *sum = calloc(1, sizeof(*sum));
	struct writer *writer;

	if (sum == NULL || writer_start(&o, &writer) != VT_OK)
		exit(EXIT_FAILURE);
	for (int i = 0; i < threads; i++) {
		all[i].writer = writer;
		all[i].until_ms = clock_mono_ms() + seconds * 1000;
		all[i].counts = calloc(1, sizeof(*all[i].counts));
		if (all[i].counts == NULL ||
		    pthread_create(&all[i].id, NULL, run_thread, &all[i]) != 0)
			exit(EXIT_FAILURE);
	}
	for (int i = 0; i < threads; i++) {
		(void)pthread_join(all[i].id, NULL); /* it was created */
		add(sum, all[i].counts);
		free(all[i].counts);
	}
	writer_stop(writer);
	return sum;
}

/* The wait that this share of them stayed below, in milliseconds. */
static double
below(const struct counts *c, double share)
{
	int64_t seen = 0;

	for (int i = 0; i < SLOTS; i++)
		if ((double)(seen += c->waits[i]) >= share * (double)c->done)
			return (i + 1) * SLOT_US / 1000.0;
	return 0;
}

static void
make(const char *path)
{
	struct db *db;

	if (access(path, F_OK) == 0)
		return;
	if (db_create(path) != VT_OK ||
	    db_open(path, DB_WRITER, &db) != VT_OK || db_begin(db) != VT_OK ||
	    db_exec(db,
		"CREATE TABLE bench (id INTEGER PRIMARY KEY,"
		" text TEXT NOT NULL) STRICT") != VT_OK ||
	    db_commit(db) != VT_OK)
		exit(EXIT_FAILURE);
	db_close(db);
}

static int64_t
number(int argc, char **argv, int i, int64_t fallback, int64_t most)
{
	int64_t n = i < argc ? strtoll(argv[i], NULL, 10) : fallback;

	return n < 1 ? 1 : n > most ? most : n;
}

static bool
read_all(int fd, struct counts *c)
{
	char *at = (char *)c;
	size_t got = 0;
	ssize_t n;

	while (
	    got < sizeof(*c) && (n = read(fd, at + got, sizeof(*c) - got)) > 0)
		got += (size_t)n;
	return got == sizeof(*c);
}

int
main(int argc, char **argv)
{
	static struct counts sum, one;
	int threads, batch_max, processes, fds[PROCESSES_MAX][2];
	struct counts *mine;
	int64_t seconds;

	if (argc < 2)
		return EXIT_FAILURE;
	threads = (int)number(argc, argv, 2, 32, THREADS_MAX);
	batch_max =
	    (int)number(argc, argv, 3, WRITER_BATCH_MAX, WRITER_BATCH_MAX);
	seconds = number(argc, argv, 4, 5, 3600);
	processes = (int)number(argc, argv, 5, 1, PROCESSES_MAX);
	make(argv[1]);
	for (int i = 0; i < processes; i++) {
		if (pipe(fds[i]) != 0)
			return EXIT_FAILURE;
		if (fork() == 0) {
			mine =
			    run_process(argv[1], threads, batch_max, seconds);
			for (size_t put = 0; put < sizeof(*mine);) {
				ssize_t n =
				    write(fds[i][1], (const char *)mine + put,
					sizeof(*mine) - put);

				if (n <= 0)
					_exit(EXIT_FAILURE);
				put += (size_t)n;
			}
			_exit(EXIT_SUCCESS);
		}
		(void)close(fds[i][1]);
	}
	for (int i = 0; i < processes; i++) {
		if (!read_all(fds[i][0], &one))
			return EXIT_FAILURE;
		add(&sum, &one);
	}
	while (wait(NULL) > 0)
		continue;
	printf("%d x %d threads, batches of up to %d: %" PRId64
	       " a second, %.2f ms half, %.2f ms 99 %%, %.2f ms all,"
	       " %" PRId64 " refused\n",
	    processes, threads, batch_max, sum.done / seconds, below(&sum, 0.5),
	    below(&sum, 0.99), below(&sum, 1), sum.refused);
	return EXIT_SUCCESS;
}
