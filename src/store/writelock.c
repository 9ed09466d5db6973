/* writelock: see writelock.h. */
#include "store/writelock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define FILE_MODE 0660
#define RING_AGAIN_MS 10 /* a signal just before flock() would be missed */

struct writelock {
	int a, b;
	bool held;
};

/* Set by the signal, for the thread whose timer it is. */
static _Thread_local volatile sig_atomic_t rang;

static void
ring(int signal_number)
{
	(void)signal_number; /* there is only one */
	rang = 1;
}

/* -1, logged, when it cannot be had. */
static int
open_one(const char *db_path, const char *which)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s-lock-%s", db_path, which) < 0)
		abort();
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd >= 0) {
		/* The umask may have cut it; ours, so this cannot fail. */
		(void)fchmod(fd, FILE_MODE);
	} else if (errno == EEXIST)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		LOG(LOG_ERROR, "writelock.open_failed", LOG_S("path", path),
		    LOG_S("why", strerror(errno)));
	free(path);
	return fd;
}

enum vt_err
writelock_open(const char *db_path, struct writelock **out)
{
	struct sigaction sa = { .sa_handler = ring };
	struct writelock *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	/* Without SA_RESTART, so that flock() returns. */
	(void)sigaction(SIGRTMIN, &sa, NULL);
	l->a = open_one(db_path, "a");
	l->b = open_one(db_path, "b");
	if (l->a < 0 || l->b < 0) {
		writelock_close(l);
		return VT_SYS;
	}
	*out = l;
	return VT_OK;
}

static enum vt_err
refused(const char *call)
{
	LOG(LOG_ERROR, "writelock.failed", LOG_S("call", call),
	    LOG_S("why", strerror(errno)));
	return VT_SYS;
}

/* Takes the lock of one file, or stops when the timer rang. */
static enum vt_err
take_one(int fd)
{
	while (!rang) {
		if (flock(fd, LOCK_EX) == 0)
			return VT_OK;
		if (errno != EINTR)
			return refused("flock");
	}
	return VT_BUSY;
}

static void
leave(int fd)
{
	/* Fails only for a descriptor that is none. */
	(void)flock(fd, LOCK_UN);
}

static enum vt_err
turn(struct writelock *l)
{
	enum vt_err err;

	err = take_one(l->a);
	if (err != VT_OK)
		return err;
	err = take_one(l->b);
	leave(l->a);
	return err;
}

/* The way without a wait, which needs no timer. */
static bool
at_once(struct writelock *l)
{
	bool got;

	if (flock(l->a, LOCK_EX | LOCK_NB) != 0)
		return false;
	got = flock(l->b, LOCK_EX | LOCK_NB) == 0;
	leave(l->a);
	return got;
}

static enum vt_err
with_timer(struct writelock *l, int64_t timeout_ms)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGRTMIN };
	struct itimerspec when = { 0 };
	sigset_t ours, before;
	enum vt_err err;
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		return refused("timer_create");
	when.it_value.tv_sec = (time_t)(timeout_ms / 1000);
	when.it_value.tv_nsec = (long)(timeout_ms % 1000) * 1000000;
	when.it_interval.tv_nsec = RING_AGAIN_MS * 1000000;
	rang = 0;
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGRTMIN);
	(void)pthread_sigmask(SIG_UNBLOCK, &ours, &before);
	err = timer_settime(timer, 0, &when, NULL) == 0
	    ? turn(l)
	    : refused("timer_settime");
	(void)timer_delete(timer); /* it exists */
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

enum vt_err
writelock_take(struct writelock *l, int64_t timeout_ms)
{
	enum vt_err err = VT_BUSY;

	assert(!l->held);
	if (at_once(l))
		err = VT_OK;
	else if (timeout_ms > 0)
		err = with_timer(l, timeout_ms);
	l->held = err == VT_OK;
	return err;
}

void
writelock_drop(struct writelock *l)
{
	assert(l->held);
	l->held = false;
	leave(l->b);
}

void
writelock_close(struct writelock *l)
{
	if (l == NULL)
		return;
	if (l->a >= 0)
		(void)close(l->a); /* nothing was written; frees the lock */
	if (l->b >= 0)
		(void)close(l->b); /* likewise */
	free(l);
}
