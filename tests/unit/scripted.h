/*
 * scripted: a small HTTP server in this process whose answers are a list.
 *
 * It listens on 127.0.0.1, port 0. Each request takes the next step of the
 * script, the last one again when there is no other, whichever connection it
 * came over. What came in is kept for the test to look at, with the time by
 * the monotonic clock of base/, so that a test with a frozen clock sees how
 * long the caller thought that it waited.
 */
#ifndef VT_TESTS_SCRIPTED_H
#define VT_TESTS_SCRIPTED_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum scripted_kind {
	SCRIPTED_ANSWER, /* status, headers, body; the connection stays */
	SCRIPTED_CLOSE,	 /* the same, then it is closed */
	SCRIPTED_HALF,	 /* announces the body, sends half of it, closes */
	SCRIPTED_RAW,	 /* sends `body` as it is and closes */
	SCRIPTED_RESET,	 /* reads the request, then a TCP reset */
	SCRIPTED_HANG	 /* reads the request and says nothing */
};

struct scripted_step {
	enum scripted_kind kind;
	int status;
	const char *headers; /* whole lines, each ended by CR LF; or NULL */
	const char *body;
};

#define SCRIPTED_REQUESTS_MAX 512

struct scripted {
	const struct scripted_step *steps;
	size_t step_count;
	/* Or NULL: called before request `i` is answered, in the server's
	 * thread; what happens meanwhile may happen here. */
	void (*before)(size_t i, const char *request);
	int fd, stop[2], port;
	char base[64]; /* "http://127.0.0.1:PORT" */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	char *requests[SCRIPTED_REQUESTS_MAX];
	int64_t at_mono_ms[SCRIPTED_REQUESTS_MAX];
	size_t request_count, connections, live;
};

struct scripted_connection {
	struct scripted *s;
	int fd;
};

static inline void
scripted_send(int fd, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		bytes -= (size_t)n;
	}
}

static inline void
scripted_answer(int fd, const struct scripted_step *p)
{
	size_t n = strlen(p->body == NULL ? "" : p->body);
	char *head;

	if (p->kind == SCRIPTED_RAW) {
		scripted_send(fd, p->body, n);
		return;
	}
	if (asprintf(&head,
		"HTTP/1.1 %d Word\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n%s\r\n",
		p->status, n, p->headers == NULL ? "" : p->headers) < 0)
		abort();
	scripted_send(fd, head, strlen(head));
	free(head);
	scripted_send(fd, p->body, p->kind == SCRIPTED_HALF ? n / 2 : n);
}

/* One whole request as text (caller frees), or NULL at the end. */
static inline char *
scripted_read(struct scripted *s, int fd)
{
	struct pollfd f[2] = { { fd, POLLIN, 0 }, { s->stop[0], POLLIN, 0 } };
	size_t cap = 256 * 1024, len = 0, want = 0;
	char *text = calloc(1, cap), *end, *length;

	for (;;) {
		ssize_t n;

		if (poll(f, 2, -1) < 0 || f[1].revents != 0 || len + 1 == cap)
			break;
		n = recv(fd, text + len, cap - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
		end = strstr(text, "\r\n\r\n");
		if (end == NULL)
			continue;
		length = strcasestr(text, "\r\ncontent-length:");
		want = (size_t)(end - text) + 4 +
		    (length == NULL ? 0 : strtoul(length + 17, NULL, 10));
		if (len >= want)
			return text;
	}
	free(text);
	return NULL;
}

static inline const struct scripted_step *
scripted_next(struct scripted *s, char *request)
{
	void (*before)(size_t i, const char *request);
	const struct scripted_step *p;
	size_t i;

	(void)pthread_mutex_lock(&s->lock);
	i = s->request_count++;
	if (i >= SCRIPTED_REQUESTS_MAX)
		abort();
	s->requests[i] = request;
	s->at_mono_ms[i] = clock_mono_ms();
	p = &s->steps[i < s->step_count ? i : s->step_count - 1];
	before = s->before;
	(void)pthread_mutex_unlock(&s->lock);
	if (before != NULL)
		before(i, request);
	return p;
}

static inline void *
scripted_serve(void *arg)
{
	struct scripted_connection *c = arg;
	struct linger hard = { 1, 0 };
	struct scripted *s = c->s;
	bool more = true;
	char *request;

	while (more && (request = scripted_read(s, c->fd)) != NULL) {
		const struct scripted_step *p = scripted_next(s, request);
		struct pollfd f = { s->stop[0], POLLIN, 0 };

		more = p->kind == SCRIPTED_ANSWER;
		if (p->kind == SCRIPTED_RESET)
			(void)setsockopt(
			    c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		else if (p->kind == SCRIPTED_HANG)
			(void)poll(&f, 1, -1);
		else
			scripted_answer(c->fd, p);
	}
	(void)close(c->fd);
	(void)pthread_mutex_lock(&s->lock);
	s->live--;
	(void)pthread_cond_signal(&s->idle);
	(void)pthread_mutex_unlock(&s->lock);
	free(c);
	return NULL;
}

static inline void *
scripted_accept(void *arg)
{
	struct scripted *s = arg;
	struct pollfd f[2] = { { s->fd, POLLIN, 0 },
		{ s->stop[0], POLLIN, 0 } };

	for (;;) {
		struct scripted_connection *c;
		pthread_t t;

		if (poll(f, 2, -1) < 0 || f[1].revents != 0)
			return NULL;
		c = calloc(1, sizeof(*c));
		c->s = s;
		c->fd = accept(s->fd, NULL, NULL);
		(void)pthread_mutex_lock(&s->lock);
		s->connections++;
		s->live++;
		(void)pthread_mutex_unlock(&s->lock);
		if (pthread_create(&t, NULL, scripted_serve, c) != 0)
			abort();
		(void)pthread_detach(t);
	}
}

static inline struct scripted *
scripted_start(const struct scripted_step *steps, size_t step_count)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct scripted *s = calloc(1, sizeof(*s));
	socklen_t n = sizeof(at);

	s->steps = steps;
	s->step_count = step_count;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->idle, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || pipe(s->stop) != 0 ||
	    bind(s->fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(s->fd, 64) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&at, &n) != 0)
		abort();
	s->port = ntohs(at.sin_port);
	(void)snprintf(
	    s->base, sizeof(s->base), "http://127.0.0.1:%d", s->port);
	if (pthread_create(&s->thread, NULL, scripted_accept, s) != 0)
		abort();
	return s;
}

/* Ends every connection, waits for the threads, forgets what came in. */
static inline void
scripted_stop(struct scripted *s)
{
	if (write(s->stop[1], "x", 1) != 1)
		abort();
	(void)pthread_join(s->thread, NULL);
	(void)pthread_mutex_lock(&s->lock);
	while (s->live > 0)
		(void)pthread_cond_wait(&s->idle, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	(void)close(s->fd);
	(void)close(s->stop[0]);
	(void)close(s->stop[1]);
	for (size_t i = 0; i < s->request_count; i++)
		free(s->requests[i]);
	free(s);
}

/* True if the request has this line among its headers. */
static inline bool
scripted_has_line(const char *request, const char *line)
{
	char *with;
	bool has;

	if (asprintf(&with, "\r\n%s\r\n", line) < 0)
		abort();
	has = strstr(request, with) != NULL;
	free(with);
	return has;
}

#endif
