/*
 * http: the transport. See http.h; nothing else in the tree sees libfcgi.
 *
 * FCGX_Accept_r() would accept by itself, but then one connection that sends
 * half a record keeps whoever holds the accept lock, and a stop has to race
 * with accept(2). So we accept, and give the library a connection that is
 * open already, in the way it resumes a kept one: by the fields ipcFd and
 * keepConnection, which its header asks us to leave alone. Tests hold that
 * contract. The library never gets the listening socket (it has -1), so when
 * it drops a connection it comes back to us instead of accepting another.
 */
#include "web/http.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define LISTEN_FD 0
#define SYSTEMD_FIRST_FD 3 /* sd_listen_fds(3) */
/* nginx has buffered the request before it connects: more is a fault. */
#define SOCKET_TIMEOUT_S 10
/* How long what is already waiting is still taken after a stop. */
#define DRAIN_MS 1000
/* A pause when descriptors or memory run out, so as not to spin. */
#define ACCEPT_PAUSE_MS 50

extern char **environ;

struct http_conn {
	FCGX_Request fcgi;
	bool once_taken; /* plain CGI: the one request was handed out */
	size_t read;	 /* bytes of this request's body that were read */
};

static enum http_mode mode = HTTP_NONE;
static int stop_fd = -1; /* an eventfd, readable once stopped */
static int64_t stopped_at_ms = -1;
/* One thread waits for a connection; the others wait for the lock. */
static pthread_mutex_t accept_lock = PTHREAD_MUTEX_INITIALIZER;

/* True if systemd has handed a socket to this very process. */
static bool
take_systemd_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	bool ours;

	ours = pid != NULL && fds != NULL &&
	    strtol(pid, NULL, 10) == getpid() && strtol(fds, NULL, 10) >= 1;
	(void)unsetenv("LISTEN_PID"); /* fails only for a malformed name */
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (!ours || dup2(SYSTEMD_FIRST_FD, LISTEN_FD) < 0)
		return false;
	(void)close(SYSTEMD_FIRST_FD); /* its copy lives on */
	return true;
}

static bool
is_listening(int fd)
{
	socklen_t bytes = sizeof(int);
	int on = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &bytes) == 0 &&
	    on;
}

enum http_mode
http_open(void)
{
	int flags;

	(void)take_systemd_socket(); /* else descriptor 0 is looked at */
	if (!is_listening(LISTEN_FD)) {
		mode = getenv("REQUEST_METHOD") != NULL ? HTTP_ONCE : HTTP_NONE;
		return mode;
	}
	if (FCGX_Init() != 0)
		return HTTP_NONE;
	/* Processes that share the socket race for what poll(2) announces. */
	flags = fcntl(LISTEN_FD, F_GETFL);
	if (flags < 0 || fcntl(LISTEN_FD, F_SETFL, flags | O_NONBLOCK) < 0)
		return HTTP_NONE;
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0)
		return HTTP_NONE;
	mode = HTTP_SERVE;
	return mode;
}

void
http_stop(void)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, that is, already set. */
	if (stop_fd >= 0 && write(stop_fd, &one, sizeof(one)) < 0)
		return;
}

bool
http_stopping(void)
{
	struct pollfd fd = { stop_fd, POLLIN, 0 };

	return stop_fd >= 0 && poll(&fd, 1, 0) > 0;
}

struct http_conn *
http_conn_new(void)
{
	struct http_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	if (mode == HTTP_SERVE && FCGX_InitRequest(&c->fcgi, -1, 0) != 0)
		abort();
	return c;
}

void
http_conn_free(struct http_conn *c)
{
	if (c != NULL && mode == HTTP_SERVE)
		FCGX_Free(&c->fcgi, 1);
	free(c);
}

static void
limit_waits(int fd)
{
	struct timeval t = { SOCKET_TIMEOUT_S, 0 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)) != 0)
		LOG(LOG_WARN, "http.timeout_failed",
		    LOG_S("why", strerror(errno)));
}

/* Under the lock. A connection, or -1: nothing there. */
static int
accept_now(void)
{
	int fd = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 || errno == EAGAIN || errno == EINTR ||
	    errno == ECONNABORTED)
		return fd;
	LOG(LOG_ERROR, "http.accept_failed", LOG_S("why", strerror(errno)));
	clock_sleep_ms(ACCEPT_PAUSE_MS);
	return -1;
}

/* Under the lock. A new connection, or -1 when the process is to end. */
static int
next_connection_locked(void)
{
	struct pollfd fds[2] = { { LISTEN_FD, POLLIN, 0 },
		{ stop_fd, POLLIN, 0 } };
	int fd;

	for (;;) {
		if (poll(fds, countof(fds), -1) < 0 && errno != EINTR) {
			LOG(LOG_ERROR, "http.poll_failed",
			    LOG_S("why", strerror(errno)));
			return -1;
		}
		if ((fds[1].revents & POLLIN) != 0 && stopped_at_ms < 0)
			stopped_at_ms = clock_mono_ms();
		if (stopped_at_ms >= 0 &&
		    clock_mono_ms() - stopped_at_ms > DRAIN_MS)
			return -1;
		fd = accept_now();
		if (fd >= 0 || stopped_at_ms >= 0)
			return fd;
	}
}

static int
next_connection(void)
{
	int fd;

	(void)pthread_mutex_lock(&accept_lock);
	fd = next_connection_locked();
	(void)pthread_mutex_unlock(&accept_lock);
	return fd;
}

/* A connection that nginx keeps open: true once it speaks again. */
static bool
kept_speaks(int fd)
{
	struct pollfd fds[2] = { { fd, POLLIN, 0 }, { stop_fd, POLLIN, 0 } };

	while (poll(fds, countof(fds), -1) < 0 && errno == EINTR)
		;
	return fds[0].revents != 0;
}

bool
http_accept(struct http_conn *c)
{
	FCGX_Request *q = &c->fcgi;

	if (mode == HTTP_ONCE) {
		if (c->once_taken)
			return false;
		c->once_taken = true;
		return true;
	}
	for (;;) {
		if (q->ipcFd >= 0 && !kept_speaks(q->ipcFd))
			FCGX_Free(q, 1);
		if (q->ipcFd < 0) {
			q->ipcFd = next_connection();
			if (q->ipcFd < 0)
				return false;
			limit_waits(q->ipcFd);
			q->keepConnection = 1; /* this one is to be used */
		}
		if (FCGX_Accept_r(q) == 0)
			return true;
	}
}

const char *const *
http_params(const struct http_conn *c)
{
	return (
	    const char *const *)(mode == HTTP_ONCE ? environ : c->fcgi.envp);
}

static size_t
read_plain(char *out, size_t bytes)
{
	size_t got = 0;
	ssize_t n;

	while (got < bytes) {
		n = read(STDIN_FILENO, out + got, bytes - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static size_t
read_fcgi(FCGX_Stream *in, char *out, size_t bytes)
{
	const int most = 1 << 20; /* the library counts in int */
	size_t got = 0;
	int want, n;

	while (got < bytes) {
		want = bytes - got > (size_t)most ? most : (int)(bytes - got);
		n = FCGX_GetStr(out + got, want, in);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

enum vt_err
http_read(struct http_conn *c, char *out, size_t bytes)
{
	size_t got;

	got = mode == HTTP_ONCE ? read_plain(out, bytes)
				: read_fcgi(c->fcgi.in, out, bytes);
	c->read += got;
	return got == bytes ? VT_OK : VT_INVALID;
}

static bool
put_plain(const char *data, size_t bytes)
{
	ssize_t n;

	for (; bytes > 0; data += n, bytes -= (size_t)n) {
		n = write(STDOUT_FILENO, data, bytes);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return false;
	}
	return true;
}

static bool
put_fcgi(FCGX_Stream *out, const char *data, size_t bytes)
{
	const size_t most = 1 << 20;
	size_t n;

	for (; bytes > 0; data += n, bytes -= n) {
		n = bytes > most ? most : bytes;
		if (FCGX_PutStr(data, (int)n, out) != (int)n)
			return false;
	}
	return true;
}

static bool
put(struct http_conn *c, const char *data, size_t bytes)
{
	return mode == HTTP_ONCE ? put_plain(data, bytes)
				 : put_fcgi(c->fcgi.out, data, bytes);
}

/*
 * What is left of a request on a kept connection would be taken for the next
 * one: its end mark is read, and where a body was left alone the connection
 * is not kept.
 */
static void
clear_the_way(struct http_conn *c, const struct request *r)
{
	if (c->fcgi.keepConnection && c->read < r->content_length)
		c->fcgi.keepConnection = 0;
	if (c->fcgi.keepConnection && FCGX_GetChar(c->fcgi.in) != EOF)
		c->fcgi.keepConnection = 0;
	c->read = 0;
}

void
http_send(
    struct http_conn *c, const struct request *r, const struct response *w)
{
	const char *head;
	size_t bytes;
	bool ok;

	if (w->drop) {
		if (mode == HTTP_SERVE)
			FCGX_Free(&c->fcgi, 1);
		c->read = 0;
		return;
	}
	head = response_head(r, w, &bytes);
	ok = put(c, head, bytes) &&
	    (r->head || put(c, buf_str(&w->body), w->body.len));
	if (mode == HTTP_SERVE) {
		clear_the_way(c, r);
		FCGX_Finish_r(&c->fcgi);
	}
	/* The caller has hung up; what was done stays done. */
	if (!ok)
		LOG(LOG_INFO, "http.answer_unread");
}
