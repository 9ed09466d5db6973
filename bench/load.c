/*
 * load: asks a server the same kind of thing over many connections.
 *
 *	load KIND --port N --path PATH [--OPTION VALUE]...
 *
 * Closed loop: each connection sends its next request when it has the answer
 * to its last one. What is measured runs from the first byte written to the
 * last byte read, with keep-alive, in one thread. Requests are numbered from
 * --first on; with --again K every K-th one repeats an earlier number, as
 * Stripe and impatient clients do. After the time no new request is sent,
 * but all that were are waited for, so that nothing is in doubt: the numbers
 * that were not answered with 2xx go to the file --missed, a line each.
 * Prints one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/secret.h"
#include "histogram.h"
#include "requests.h"
#include "text/signature.h"

#define CONNECTIONS_MAX 4096
#define IN_BYTES 65536 /* an answer is smaller */
#define OUT_BYTES_MAX (64 * 1024)
#define CREDENTIALS_MAX 65536
#define CREDENTIAL_BYTES 4096
#define EVENTS_AT_ONCE 256
#define PATIENCE_MS 30000 /* for what is still out at the end */
#define AGAIN_BACK 64	  /* a repeated request is so many numbers old */
#define STATUSES 600

struct options {
	const char *path, *credentials, *secret, *missed, *instance;
	int64_t port, connections, milliseconds, warm, first, users, again;
};

struct connection {
	int fd; /* -1: not open */
	int64_t number;
	bool again; /* the number was sent before */
	bool out;   /* a request is on its way */
	int64_t sent_us;
	struct buf request;
	size_t written;
	char *in;
	size_t in_bytes;
};

struct load {
	struct options o;
	struct requests requests;
	struct connection *connections;
	int poll;
	int64_t next, sent, answered_all, repeated;
	bool ending, measuring;
	FILE *missed;
	/* Since the end of the warming up. */
	struct histogram times;
	int64_t answered, statuses[STATUSES], broken, began_us;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* ---- connections --------------------------------------------------------- */

static void
watch(struct load *l, struct connection *c, int how, uint32_t what)
{
	struct epoll_event e = { .events = what, .data.ptr = c };

	if (epoll_ctl(l->poll, how, c->fd, &e) != 0)
		die("epoll_ctl");
}

/* On this machine connecting is done at once, or not at all. */
static void
open_connection(struct load *l, struct connection *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)l->o.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int yes = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect");
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) !=
		0 ||
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
		die("setsockopt");
	c->in_bytes = 0;
	watch(l, c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
close_connection(struct connection *c)
{
	(void)close(c->fd); /* a socket that is done with */
	c->fd = -1;
}

static void
miss(struct load *l, const struct connection *c)
{
	/* Of a repetition the first answer counts. */
	if (l->missed != NULL && !c->again)
		(void)fprintf(l->missed, "%lld\n", (long long)c->number);
}

static void send_rest(struct load *l, struct connection *c);

/* The connection broke with a request on it, which is in doubt. */
static void
broken(struct load *l, struct connection *c)
{
	if (c->out) {
		l->broken++;
		miss(l, c);
		c->out = false;
	}
	close_connection(c);
}

static void
start_request(struct load *l, struct connection *c)
{
	if (c->fd < 0)
		open_connection(l, c);
	c->again = l->o.again > 0 && l->sent % l->o.again == l->o.again - 1 &&
	    l->next - l->o.first > AGAIN_BACK;
	c->number = c->again ? l->next - AGAIN_BACK : l->next++;
	l->repeated += c->again;
	l->sent++;
	buf_clear(&c->request);
	request_write(&l->requests, c->number, clock_now_s(), &c->request);
	if (c->request.failed) {
		(void)fprintf(stderr, "load: a request could not be made\n");
		exit(EXIT_FAILURE);
	}
	c->written = 0;
	c->out = true;
	c->sent_us = clock_mono_us();
	send_rest(l, c);
}

static void
send_rest(struct load *l, struct connection *c)
{
	const char *at = c->request.data + c->written;
	ssize_t n;

	n = send(c->fd, at, c->request.len - c->written, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		broken(l, c);
		return;
	}
	c->written += n > 0 ? (size_t)n : 0;
	if (c->written < c->request.len)
		watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

/* ---- answers ------------------------------------------------------------- */

static void
count_answer(struct load *l, struct connection *c, const struct answer *a)
{
	bool good = a->status >= 200 && a->status < 300;

	l->answered_all++;
	if (!good)
		miss(l, c);
	if (!l->measuring)
		return;
	histogram_add(&l->times, clock_mono_us() - c->sent_us);
	l->answered += good;
	l->statuses[a->status < STATUSES ? a->status : 0]++;
}

static void
read_answer(struct load *l, struct connection *c)
{
	enum answer_state state;
	struct answer a;
	ssize_t n;

	n = recv(c->fd, c->in + c->in_bytes, IN_BYTES - c->in_bytes, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		broken(l, c);
		return;
	}
	c->in_bytes += (size_t)n;
	state = answer_parse(c->in, c->in_bytes, &a);
	if (state == ANSWER_PARTIAL && c->in_bytes < IN_BYTES)
		return;
	if (state != ANSWER_WHOLE || a.bytes != c->in_bytes || !c->out) {
		broken(l, c);
		return;
	}
	count_answer(l, c, &a);
	c->out = false;
	c->in_bytes = 0;
	if (a.close)
		close_connection(c);
}

static void
on_event(struct load *l, const struct epoll_event *e)
{
	struct connection *c = e->data.ptr;

	if (c->fd >= 0 && (e->events & EPOLLOUT) != 0 && c->out) {
		watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
		send_rest(l, c);
	}
	if (c->fd >= 0 && (e->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		read_answer(l, c);
	if (!c->out && !l->ending)
		start_request(l, c);
}

/* ---- the run ------------------------------------------------------------- */

static bool
anything_out(const struct load *l)
{
	for (int64_t i = 0; i < l->o.connections; i++)
		if (l->connections[i].out)
			return true;
	return false;
}

/* Turns at least every 10 ms, so that the end of the time is seen. */
static void
turn(struct load *l)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(l->poll, events, EVENTS_AT_ONCE, 10);

	if (n < 0 && errno != EINTR)
		die("epoll_wait");
	for (int i = 0; i < n; i++)
		on_event(l, &events[i]);
}

static int64_t
run(struct load *l)
{
	int64_t start = clock_mono_us(), warm_us = l->o.warm * 1000;
	int64_t end, now, waited_ms;

	end = start + warm_us + l->o.milliseconds * 1000;
	for (int64_t i = 0; i < l->o.connections; i++)
		start_request(l, &l->connections[i]);
	while ((now = clock_mono_us()) < end) {
		if (!l->measuring && now >= start + warm_us) {
			l->measuring = true;
			l->began_us = now;
		}
		turn(l);
	}
	l->ending = true;
	now = clock_mono_us();
	l->measuring = false;
	waited_ms = clock_mono_ms() + PATIENCE_MS;
	while (anything_out(l) && clock_mono_ms() < waited_ms)
		turn(l);
	for (int64_t i = 0; i < l->o.connections; i++)
		if (l->connections[i].fd >= 0)
			broken(l, &l->connections[i]);
	return now - l->began_us;
}

static void
print(const struct load *l, int64_t us)
{
	static const struct {
		const char *name;
		int64_t millionths;
	} below[] = { { "p50_us", 500000 }, { "p99_us", 990000 },
		{ "p999_us", 999000 } };
	const char *comma = "";

	(void)printf("{\"us\":%lld,\"answered\":%lld,\"answered_all\":%lld,"
		     "\"broken\":%lld,\"repeated\":%lld,\"first\":%lld,"
		     "\"next\":%lld,",
	    (long long)us, (long long)l->answered, (long long)l->answered_all,
	    (long long)l->broken, (long long)l->repeated, (long long)l->o.first,
	    (long long)l->next);
	for (size_t i = 0; i < countof(below); i++)
		(void)printf("\"%s\":%lld,", below[i].name,
		    (long long)histogram_below(&l->times, below[i].millionths));
	(void)printf(
	    "\"max_us\":%lld,\"statuses\":{", (long long)l->times.max_us);
	for (int i = 0; i < STATUSES; i++)
		if (l->statuses[i] > 0) {
			(void)printf("%s\"%d\":%lld", comma, i,
			    (long long)l->statuses[i]);
			comma = ",";
		}
	(void)printf("}}\n");
}

/* ---- what it is told ----------------------------------------------------- */

static void
read_credentials(struct requests *r, const char *path)
{
	char line[CREDENTIAL_BYTES];
	FILE *f = fopen(path, "re");

	if (f == NULL)
		die(path);
	r->credentials = calloc(CREDENTIALS_MAX, sizeof(*r->credentials));
	if (r->credentials == NULL)
		abort();
	while (fgets(line, sizeof(line), f) != NULL &&
	    r->credentials_count < CREDENTIALS_MAX) {
		line[strcspn(line, "\r\n")] = '\0';
		r->credentials[r->credentials_count] = strdup(line);
		if (r->credentials[r->credentials_count++] == NULL)
			abort();
	}
	(void)fclose(f); /* read only */
}

static void
read_secret(struct requests *r, const char *path)
{
	struct signature_keys *keys = NULL;
	char line[CREDENTIAL_BYTES];
	FILE *f = fopen(path, "re");
	struct secret *s;

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		die(path);
	(void)fclose(f); /* read only */
	line[strcspn(line, "\r\n")] = '\0';
	s = secret_new(line, strlen(line));
	if (signature_keys_stripe(s, &keys) != VT_OK)
		die("--secret");
	secret_free(s);
	r->keys = keys;
}

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: load KIND --port N --path PATH [--connections N] [--ms N] "
	    "[--warm-ms N]\n"
	    "\t[--first N] [--users N] [--again N] [--credentials FILE] "
	    "[--secret FILE]\n"
	    "\t[--instance ID] [--missed FILE]\nKIND: %s\n",
	    request_kind_names());
	return EXIT_FAILURE;
}

static bool
read_options(int argc, char **argv, struct options *o)
{
	const struct {
		const char *name;
		const char **text;
		int64_t *number, min, max;
	} all[] = {
		{ "--path", &o->path, NULL, 0, 0 },
		{ "--credentials", &o->credentials, NULL, 0, 0 },
		{ "--secret", &o->secret, NULL, 0, 0 },
		{ "--missed", &o->missed, NULL, 0, 0 },
		{ "--instance", &o->instance, NULL, 0, 0 },
		{ "--port", NULL, &o->port, 1, 65535 },
		{ "--connections", NULL, &o->connections, 1, CONNECTIONS_MAX },
		{ "--ms", NULL, &o->milliseconds, 1, 3600000 },
		{ "--warm-ms", NULL, &o->warm, 0, 3600000 },
		{ "--first", NULL, &o->first, 0, INT64_MAX / 2 },
		{ "--users", NULL, &o->users, 1, INT64_MAX / 2 },
		{ "--again", NULL, &o->again, 0, INT64_MAX / 2 },
	};
	size_t which;
	char *end;

	for (int i = 2; i < argc; i += 2) {
		for (which = 0; which < countof(all); which++)
			if (strcmp(all[which].name, argv[i]) == 0)
				break;
		if (which == countof(all) || i + 1 == argc)
			return false;
		if (all[which].text != NULL) {
			*all[which].text = argv[i + 1];
			continue;
		}
		*all[which].number = strtoll(argv[i + 1], &end, 10);
		if (*end != '\0' || *all[which].number < all[which].min ||
		    *all[which].number > all[which].max)
			return false;
	}
	return o->port != 0 && o->path != NULL;
}

static void
prepare(struct load *l)
{
	l->requests.path = l->o.path;
	l->requests.users = l->o.users;
	l->requests.instance = l->o.instance;
	buf_init(&l->requests.body, OUT_BYTES_MAX);
	if (l->o.credentials != NULL)
		read_credentials(&l->requests, l->o.credentials);
	if (l->o.secret != NULL)
		read_secret(&l->requests, l->o.secret);
	if (l->o.missed != NULL &&
	    (l->missed = fopen(l->o.missed, "we")) == NULL)
		die(l->o.missed);
	l->next = l->o.first;
	l->poll = epoll_create1(EPOLL_CLOEXEC);
	l->connections =
	    calloc((size_t)l->o.connections, sizeof(*l->connections));
	if (l->poll < 0 || l->connections == NULL)
		die("memory");
	for (int64_t i = 0; i < l->o.connections; i++) {
		l->connections[i].fd = -1;
		buf_init(&l->connections[i].request, OUT_BYTES_MAX);
		l->connections[i].in = malloc(IN_BYTES);
		if (l->connections[i].in == NULL)
			abort();
	}
}

static void
finish(struct load *l)
{
	for (int64_t i = 0; i < l->o.connections; i++) {
		buf_free(&l->connections[i].request);
		free(l->connections[i].in);
	}
	free(l->connections);
	for (int64_t i = 0; i < l->requests.credentials_count; i++)
		free(l->requests.credentials[i]);
	free(l->requests.credentials);
	signature_keys_free(l->requests.keys);
	buf_free(&l->requests.body);
	(void)close(l->poll); /* nothing is lost with it */
}

int
main(int argc, char **argv)
{
	struct load l = {
		.o = { .connections = 1, .milliseconds = 1000, .users = 1 }
	};
	int64_t us;

	process_start("load");
	if (argc < 2 ||
	    (l.requests.kind = request_kind_find(argv[1])) == NULL ||
	    !read_options(argc, argv, &l.o) ||
	    (request_kind_signed(l.requests.kind) && l.o.secret == NULL))
		return usage();
	prepare(&l);
	us = run(&l);
	print(&l, us);
	finish(&l);
	if (l.missed != NULL && fclose(l.missed) != 0)
		die(l.o.missed);
	process_end();
	return EXIT_SUCCESS;
}
