/*
 * log: one JSON object a line, on standard error.
 *
 *	LOG(LOG_INFO, "payment.granted", LOG_S("order", id), LOG_I("tokens",
 *10));
 *
 * Every line has `at`, `level`, `process`, `pid`, `event` and, inside a
 * request, `request_id`. A line is written with one write(2). A secret or a
 * client secret is never a value: there is no way to log a struct secret.
 */
#ifndef VT_BASE_LOG_H
#define VT_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL__MAX };

struct log_field {
	const char *name; /* NULL ends the list */
	const char *text; /* the value when not NULL */
	int64_t number;	  /* else this */
};

/* A text (NULL is logged as null), and a number. */
#define LOG_S(name, value) log_text(name, value)
#define LOG_I(name, value) ((struct log_field){ name, NULL, (int64_t)(value) })

#define LOG(level, event, ...)          \
	log_write(level, event,         \
	    (const struct log_field[]){ \
		__VA_ARGS__ __VA_OPT__(, ){ NULL, NULL, 0 } })

struct log_field log_text(const char *name, const char *value);

/* Writes a line if `level` is on. Control characters are escaped. */
void log_write(
    enum log_level level, const char *event, const struct log_field *fields);

/* The process's name in every line; a string that outlives the process. */
void log_process(const char *name);

/* "error", "warn", "info", "debug"; VT_INVALID changes nothing. */
enum vt_err log_level_set(const char *name) VT_MUSTCHECK;

/*
 * The request id of this thread's lines from now on; NULL ends it. The
 * string is borrowed until then.
 */
void log_request(const char *request_id);
const char *log_request_id(void);

/* For tests: lines go to this descriptor instead. */
void log_to(int fd);

#endif
