/*
 * answer: finds the end of an HTTP/1.1 answer in what has come so far.
 *
 * For answers as nginx gives them to the load generator: a status line,
 * headers, Content-Length. Anything else is an error, told and not guessed.
 */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum answer_state {
	ANSWER_PARTIAL, /* read more */
	ANSWER_WHOLE,
	ANSWER_BAD /* no HTTP/1.1, or without a Content-Length */
};

struct answer {
	int status;
	bool close;   /* the connection is not kept */
	size_t bytes; /* of the whole answer, head and body */
};

/* Looks at `n` bytes from the start of an answer; fills `out` if WHOLE. */
enum answer_state answer_parse(const char *data, size_t n, struct answer *out);

#endif
