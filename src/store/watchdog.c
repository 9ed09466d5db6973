/* watchdog: see watchdog.h. */
#include "store/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/writer.h"

#define LINE_BYTES 512

enum { LOCK_A, LOCK_B, LOCKS };

struct watchdog {
	char *path[LOCKS];
	/* The holder that is suspected, 0: nobody. */
	pid_t suspect;
	int64_t since_ms;  /* when somebody was first seen to wait for it */
	int64_t switches;  /* of its writer, at that time */
	bool unread_known; /* that /proc/locks cannot be read was logged */
};

/* Who has a lock file, as /proc/locks tells. */
struct held {
	pid_t holder; /* 0: nobody */
	bool wanted;  /* others wait */
};

struct watchdog *
watchdog_open(const char *db_path)
{
	struct watchdog *w = calloc(1, sizeof(*w));

	if (w == NULL || asprintf(&w->path[LOCK_A], "%s-lock-a", db_path) < 0 ||
	    asprintf(&w->path[LOCK_B], "%s-lock-b", db_path) < 0)
		abort();
	return w;
}

void
watchdog_close(struct watchdog *w)
{
	if (w == NULL)
		return;
	free(w->path[LOCK_A]);
	free(w->path[LOCK_B]);
	free(w);
}

/* ---- /proc/locks --------------------------------------------------------- */

/*
 * A line is "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF", and
 * "1: -> FLOCK ..." for one that waits for the line before it. The device is
 * in hexadecimal, the inode in decimal.
 */
static void
read_line(const char *line, const struct stat st[static LOCKS],
    struct held held[static LOCKS])
{
	const char *at = strchr(line, ':');
	unsigned int major, minor;
	uint64_t inode;
	int pid;
	bool waits;

	if (at == NULL)
		return;
	at += 1 + strspn(at + 1, " ");
	waits = strncmp(at, "-> ", 3) == 0;
	if (waits)
		at += 3;
	if (sscanf(at, "FLOCK ADVISORY WRITE %d %x:%x:%" SCNu64, &pid, &major,
		&minor, &inode) != 4)
		return;
	for (int i = 0; i < LOCKS; i++) {
		if (st[i].st_ino != inode || major(st[i].st_dev) != major ||
		    minor(st[i].st_dev) != minor)
			continue;
		if (waits)
			held[i].wanted = true;
		else
			held[i].holder = pid;
	}
}

/* False when there are no such files, or nothing can be read. */
static bool
read_locks(struct watchdog *w, struct held held[static LOCKS])
{
	struct stat st[LOCKS];
	char line[LINE_BYTES];
	FILE *f;

	memset(held, 0, sizeof(*held) * LOCKS);
	for (int i = 0; i < LOCKS; i++)
		if (stat(w->path[i], &st[i]) != 0)
			return false;
	f = fopen("/proc/locks", "re");
	if (f == NULL) {
		if (!w->unread_known)
			LOG(LOG_WARN, "watchdog.blind",
			    LOG_S("why", strerror(errno)));
		w->unread_known = true;
		return false;
	}
	while (fgets(line, sizeof(line), f) != NULL)
		read_line(line, st, held);
	(void)fclose(f); /* it was only read */
	return true;
}

/*
 * Whoever has B works. Only when nobody has it does A matter: its holder may
 * have been frozen between the two. Otherwise A's holder waits for B, and is
 * as stuck as everybody else.
 */
static pid_t
find_holder(const struct held held[static LOCKS])
{
	pid_t holder = 0;

	if (held[LOCK_B].holder > 0)
		holder = held[LOCK_B].wanted ? held[LOCK_B].holder : 0;
	else if (held[LOCK_A].wanted)
		holder = held[LOCK_A].holder;
	return holder == getpid() ? 0 : holder;
}

/* ---- is it alive? -------------------------------------------------------- */

/* What /proc tells of one thread, or of those of a process that count. */
struct life {
	bool writer;	  /* it is a writer's own thread */
	bool idle;	  /* it does not run and waits for no disk */
	int64_t switches; /* how often the processor was given to it */
};

/* False when it has ended or cannot be read. */
static bool
read_thread(pid_t pid, const char *thread, struct life *out)
{
	char path[64], line[LINE_BYTES], state = '?';
	int64_t n;
	FILE *f;

	memset(out, 0, sizeof(*out));
	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%.20s/status", pid, thread);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strcmp(line, "Name:\t" WRITER_THREAD_NAME "\n") == 0)
			out->writer = true;
		else if (sscanf(line, "voluntary_ctxt_switches: %" SCNd64,
			     &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %" SCNd64, &n) ==
			1)
			out->switches += n;
		else
			(void)sscanf(line, "State: %c", &state);
	(void)fclose(f); /* it was only read */
	out->idle = state == 'S' || state == 'T' || state == 't';
	return state != '?';
}

/* Where there is a writer's thread, it is the one that has the lock. */
static void
add_thread(struct life *sum, const struct life *thread)
{
	if (thread->writer && !sum->writer)
		*sum = *thread;
	else if (thread->writer == sum->writer) {
		sum->idle = sum->idle && thread->idle;
		sum->switches += thread->switches;
	}
}

/* False for one that is alive for sure, or of which nothing is known. */
static bool
read_process(pid_t pid, int64_t *switches)
{
	struct life sum = { .idle = true }, thread;
	char path[64];
	struct dirent *e;
	bool any = false;
	DIR *d;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	if (d == NULL)
		return false;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' &&
		    read_thread(pid, e->d_name, &thread)) {
			add_thread(&sum, &thread);
			any = true;
		}
	(void)closedir(d); /* it was only read */
	*switches = sum.switches;
	return any && sum.idle;
}

/* ---- the end of it ------------------------------------------------------- */

/* The descriptor stands for this process, whoever gets its number later. */
static bool
kill_holder(struct watchdog *w, pid_t pid, int64_t waited_ms)
{
	struct held held[LOCKS];
	bool killed = false;
	int fd = pidfd_open(pid, 0);

	if (fd < 0)
		return false; /* it has ended meanwhile */
	if (read_locks(w, held) && find_holder(held) == pid) {
		killed = pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
		LOG(LOG_ERROR,
		    killed ? "watchdog.killed" : "watchdog.cannot_kill",
		    LOG_I("holder", pid), LOG_I("waited_ms", waited_ms),
		    LOG_S("why",
			killed ? "it held the write lock and was frozen"
			       : strerror(errno)));
	}
	(void)close(fd); /* nothing was written */
	return killed;
}

bool
watchdog_look(struct watchdog *w)
{
	int64_t now = clock_mono_ms(), switches = 0;
	struct held held[LOCKS];
	pid_t holder;

	holder = read_locks(w, held) ? find_holder(held) : 0;
	if (holder == 0) {
		/* Who waits gives up after a while; the suspicion stays as
		 * long as the holder does. */
		if (held[LOCK_A].holder != w->suspect &&
		    held[LOCK_B].holder != w->suspect)
			w->suspect = 0;
		return false;
	}
	if (!read_process(holder, &switches)) {
		w->suspect = 0;
		return false;
	}
	if (holder != w->suspect || switches != w->switches) {
		w->suspect = holder;
		w->switches = switches;
		w->since_ms = now;
		return false;
	}
	if (now - w->since_ms < WATCHDOG_FROZEN_MS)
		return false;
	w->suspect = 0;
	return kill_holder(w, holder, now - w->since_ms);
}
