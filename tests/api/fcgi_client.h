/*
 * fcgi_client: as much of a FastCGI client as the tests of workers need, so
 * that they can also send what nginx never would (FastCGI 1.0, section 3).
 */
#ifndef VT_TESTS_FCGI_CLIENT_H
#define VT_TESTS_FCGI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum client_start {
	CLIENT_FD0,    /* the socket is descriptor 0, as spawn-fcgi does */
	CLIENT_SYSTEMD /* the socket is descriptor 3, with LISTEN_FDS */
};

/* A program under test, on a socket of its own in the current folder. */
struct client_program {
	pid_t pid;
	char path[64]; /* of the socket */
};

/* Starts it; its log goes to `log` unless NULL. Aborts on failure. */
void client_start(struct client_program *p, const char *program,
    enum client_start how, const char *log);

/* Its exit status, -1 if a signal ended it; waits. Removes the socket. */
int client_wait(struct client_program *p);

/* A connection to it. */
int client_connect(const struct client_program *p);

struct client_request {
	const char *method, *path;
	const char *const *params; /* "NAME=value", NULL ends; or NULL */
	const char *body;	   /* or NULL */
	size_t body_bytes;	   /* sent; CONTENT_LENGTH says so too */
	bool keep;		   /* ask to keep the connection */
};

/* Sends a request whole; false when the other side is gone. */
bool client_send(int fd, const struct client_request *r);

struct client_answer {
	int status;	      /* -1: no whole answer came */
	char text[64 * 1024]; /* head and body, terminated */
	const char *body;     /* within text */
};

/* Reads one answer, up to its END_REQUEST. */
void client_read(int fd, struct client_answer *a);

/* Connect, send, read, close. */
void client_ask(const struct client_program *p, const struct client_request *r,
    struct client_answer *a);

#endif
