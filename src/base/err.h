/*
 * err: the one type in which every layer says how a call ended, and the
 * public form of a refusal.
 *
 * A result tells the caller what to do next; a problem tells the person who
 * asked. Memory running out is neither: the process aborts, its supervisor
 * starts another and the database rolls back, so no code here handles it.
 */
#ifndef VT_BASE_ERR_H
#define VT_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define VT_MUSTCHECK __attribute__((warn_unused_result))
#define VT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#ifndef countof
#define countof(a) (sizeof(a) / sizeof((a)[0]))
#endif

enum vt_err {
	VT_OK = 0,
	VT_INVALID,  /* what came in is malformed or out of range */
	VT_NOTFOUND, /* no such thing, or not the caller's */
	VT_CONFLICT, /* a state or a unique cause forbids it */
	VT_FUNDS,    /* not enough tokens, or a payment was declined */
	VT_DENIED,   /* no credential, a bad one, or not allowed */
	VT_LIMIT,    /* too often or too much */
	VT_BUSY,     /* out of reach for now; the same call may work later */
	VT_DB,	     /* the database failed, or holds what it must not */
	VT_REMOTE,   /* another server answered what cannot be used */
	VT_SYS,	     /* the operating system refused */
	VT_ERR__MAX
};

/* The name of a result for logs: "ok", "invalid", … Never NULL. */
const char *vt_err_name(enum vt_err err);

/*
 * A refusal as the caller of the API will see it. It is a plain value, so
 * that it can travel out of the writer thread by copy. An empty string means
 * that the member is absent.
 */
struct vt_problem {
	enum vt_err err;
	char code[48];	       /* stable snake_case word, see web/errors.c */
	char field[96];	       /* the input member at fault, "users[3].email" */
	char message[320];     /* a sentence that a person can act on */
	char decline_code[64]; /* Stripe's, for a declined payment */
	char details[512];     /* a JSON object as text */
	int retry_after_s;     /* 0: none */
};

/*
 * Fills in a problem and returns `err`, so that a check is one line:
 *
 *	return vt_problem(p, VT_INVALID, "invalid_field", "amount",
 *	    "amount must be a positive whole number.");
 *
 * `p` may be NULL when nobody will read it; `field` may be NULL.
 */
enum vt_err vt_problem(struct vt_problem *p, enum vt_err err, const char *code,
    const char *field, const char *fmt, ...) VT_PRINTF(5, 6);

#endif
