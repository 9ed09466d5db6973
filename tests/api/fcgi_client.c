/* fcgi_client: see fcgi_client.h. */
#include "fcgi_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 64
#define BEGIN_REQUEST 1
#define END_REQUEST 3
#define PARAMS 4
#define STDIN 5
#define STDOUT 6
#define HEADER_BYTES 8
#define RECORD_BYTES_MAX 32768
#define CONNECT_TRIES 200

static void
die(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
	abort();
}

static void
child(int fd, const char *program, enum client_start how, const char *log)
{
	int target = how == CLIENT_SYSTEMD ? 3 : 0, out;
	char pid[16];

	out = open(log != NULL ? log : "/dev/null",
	    O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (out < 0 || dup2(out, 2) < 0 || dup2(fd, target) < 0)
		_exit(99);
	if (how == CLIENT_SYSTEMD) {
		(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
		if (setenv("LISTEN_PID", pid, 1) != 0 ||
		    setenv("LISTEN_FDS", "1", 1) != 0)
			_exit(99);
	}
	(void)execl(program, program, (char *)NULL);
	_exit(99);
}

void
client_start(struct client_program *p, const char *program,
    enum client_start how, const char *log)
{
	static int count;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	(void)snprintf(p->path, sizeof(p->path), "test-%d-%d.sock",
	    (int)getpid(), count++);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", p->path);
	(void)unlink(p->path); /* of an earlier run, or none */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		die("socket");
	p->pid = fork();
	if (p->pid < 0)
		die("fork");
	if (p->pid == 0)
		child(fd, program, how, log);
	(void)close(fd); /* the child has it */
}

int
client_wait(struct client_program *p)
{
	int status;

	if (waitpid(p->pid, &status, 0) != p->pid)
		die("waitpid");
	(void)unlink(p->path); /* gone already is as well */
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
client_connect(const struct client_program *p)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", p->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		die("connect");
	return fd;
}

static bool
write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;
	ssize_t n;

	for (; bytes > 0; at += n, bytes -= (size_t)n) {
		n = send(fd, at, bytes, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool
record(int fd, unsigned char type, const void *data, size_t bytes)
{
	unsigned char h[HEADER_BYTES] = { 1, type, 0, 1,
		(unsigned char)(bytes >> 8), (unsigned char)bytes, 0, 0 };

	return write_all(fd, h, sizeof(h)) && write_all(fd, data, bytes);
}

/* A name-value pair; lengths are written in four bytes each. */
static size_t
pair(unsigned char *out, const char *name, size_t name_bytes, const char *value)
{
	size_t n[2] = { name_bytes, strlen(value) };

	for (int i = 0; i < 2; i++) {
		out[4 * i] = (unsigned char)(n[i] >> 24 | 0x80);
		out[4 * i + 1] = (unsigned char)(n[i] >> 16);
		out[4 * i + 2] = (unsigned char)(n[i] >> 8);
		out[4 * i + 3] = (unsigned char)n[i];
	}
	memcpy(out + 8, name, n[0]);
	memcpy(out + 8 + n[0], value, n[1]);
	return 8 + n[0] + n[1];
}

static bool
send_params(int fd, const struct client_request *r)
{
	static unsigned char out[RECORD_BYTES_MAX];
	char length[24];
	size_t n = 0;

	n += pair(out + n, "REQUEST_METHOD", 14, r->method);
	n += pair(out + n, "DOCUMENT_URI", 12, r->path);
	if (r->body != NULL) {
		(void)snprintf(length, sizeof(length), "%zu", r->body_bytes);
		n += pair(out + n, "CONTENT_LENGTH", 14, length);
	}
	for (const char *const *p = r->params; p != NULL && *p != NULL; p++) {
		const char *eq = strchr(*p, '=');

		if (n + strlen(*p) + 8 > sizeof(out))
			abort();
		n += pair(out + n, *p, (size_t)(eq - *p), eq + 1);
	}
	return record(fd, PARAMS, out, n) && record(fd, PARAMS, "", 0);
}

bool
client_send(int fd, const struct client_request *r)
{
	unsigned char begin[8] = { 0, 1, r->keep };
	size_t at = 0, n;

	if (!record(fd, BEGIN_REQUEST, begin, sizeof(begin)) ||
	    !send_params(fd, r))
		return false;
	for (; r->body != NULL && at < r->body_bytes; at += n) {
		n = r->body_bytes - at;
		if (n > RECORD_BYTES_MAX)
			n = RECORD_BYTES_MAX;
		if (!record(fd, STDIN, r->body + at, n))
			return false;
	}
	return record(fd, STDIN, "", 0);
}

static bool
read_all(int fd, void *data, size_t bytes)
{
	char *at = data;
	ssize_t n;

	for (; bytes > 0; at += n, bytes -= (size_t)n) {
		n = read(fd, at, bytes);
		if (n <= 0)
			return false;
	}
	return true;
}

void
client_read(int fd, struct client_answer *a)
{
	unsigned char h[HEADER_BYTES];
	static char content[65536 + 256];
	size_t have = 0, n;

	memset(a, 0, sizeof(*a));
	a->status = -1;
	a->body = "";
	do {
		if (!read_all(fd, h, sizeof(h)))
			return;
		n = (size_t)h[4] << 8 | h[5];
		if (!read_all(fd, content, n + h[6]))
			return;
		if (h[1] == STDOUT && have + n < sizeof(a->text)) {
			memcpy(a->text + have, content, n);
			have += n;
		}
	} while (h[1] != END_REQUEST);
	if (strncmp(a->text, "Status: ", 8) == 0)
		a->status = (int)strtol(a->text + 8, NULL, 10);
	if (strstr(a->text, "\r\n\r\n") != NULL)
		a->body = strstr(a->text, "\r\n\r\n") + 4;
}

void
client_ask(const struct client_program *p, const struct client_request *r,
    struct client_answer *a)
{
	int fd = client_connect(p);

	/* The answer may come before the whole request was taken. */
	(void)client_send(fd, r);
	client_read(fd, a);
	(void)close(fd); /* only read from by now */
}
