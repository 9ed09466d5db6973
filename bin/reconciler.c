/*
 * reconciler: finishes what was begun with Stripe, and keeps Clerk's public
 * keys fresh. See reconciler(8); what a round does is in billing/reconcile.h.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "access/jwks.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/process.h"
#include "billing/low_balance.h"
#include "billing/reconcile.h"
#include "billing/shop_open.h"
#include "net/https.h"
#include "store/migrate.h"
#include "store/readers.h"
#include "store/writer.h"

#define INTERVAL_S 30
#define INTERVAL_S_MAX 3600
#define JWKS_EVERY_MS (5 * 60 * 1000)
#define JWKS_TIMEOUT_MS 8000
#define JWKS_RETRY_S 2 /* while there is no set, nobody can sign in */

struct reconciler {
	struct instance instance;
	struct readers *readers;
	struct writer *writer;
	struct shop_open *shop;
	struct reconcile rounds;

	struct https *https;  /* for the key set; NULL: no URL is given */
	const char *jwks_url; /* or NULL */
	int64_t jwks_at_ms;   /* monotonic, of the last good fetch */
	bool jwks_known;

	int64_t interval_s;
};

/* ---- signals ---------------------------------------------------------------
 */

/* Blocked in every thread; looked at between two calls and waited for. */
static sigset_t signals;

static void
block_signals(void)
{
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGUSR1);
	if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0)
		abort(); /* only for arguments that make no sense */
}

static bool
asked_to_end(void)
{
	sigset_t pending;

	if (sigpending(&pending) != 0)
		return false;
	return sigismember(&pending, SIGTERM) == 1 ||
	    sigismember(&pending, SIGINT) == 1;
}

/* Waits for the next round; false when it is the end. */
static bool
wait_s(int64_t seconds)
{
	const struct timespec most = { .tv_sec = (time_t)seconds };
	int got;

	do {
		got = sigtimedwait(&signals, NULL, &most);
	} while (got < 0 && errno == EINTR);
	return got != SIGTERM && got != SIGINT && !asked_to_end();
}

/* ---- start and end ---------------------------------------------------------
 */

static int
failed(const char *event, enum vt_err err, const char *path)
{
	LOG(LOG_ERROR, event, LOG_S("result", vt_err_name(err)),
	    LOG_S("path", path));
	return err == VT_NOTFOUND ? EX_CONFIG : EX_TEMPFAIL;
}

static int
open_database(struct reconciler *c)
{
	const char *path = config_need("VANTAGE_DB");
	struct writer_options o = { .db_path = path };
	struct vt_problem p = { 0 };
	enum vt_err err;

	err = migrate_check(path, &c->instance, &p);
	if (err == VT_CONFLICT) {
		LOG(LOG_ERROR, "reconciler.database_refused",
		    LOG_S("code", p.code), LOG_S("why", p.message),
		    LOG_S("path", path));
		return EX_CONFIG;
	}
	if (err != VT_OK)
		return failed("reconciler.database_check_failed", err, path);
	process_refuse_clock(c->instance.livemode);
	if ((err = readers_open(path, &c->readers)) != VT_OK)
		return failed("reconciler.readers_failed", err, path);
	if ((err = writer_start(&o, &c->writer)) != VT_OK)
		return failed("reconciler.writer_failed", err, path);
	return EX_OK;
}

static void
open_jwks(struct reconciler *c)
{
	c->jwks_url = config_get("CLERK_JWKS_URL", NULL);
	if (c->jwks_url == NULL)
		return;
	if (!https_url_allowed(c->jwks_url))
		config_die("CLERK_JWKS_URL",
		    "it must be an https address, or http on 127.0.0.1");
	c->https = https_new("vantage-tokens/" PACKAGE_VERSION);
}

static int
open_all(struct reconciler *c)
{
	int status;

	c->interval_s = config_int(
	    "VANTAGE_RECONCILE_INTERVAL_S", INTERVAL_S, 1, INTERVAL_S_MAX);
	low_balance_open();
	open_jwks(c);
	status = open_database(c);
	if (status != EX_OK)
		return status;
	c->shop = shop_open(c->writer, c->readers, &c->instance);
	c->rounds.shop = shop_of(c->shop);
	c->rounds.stopped = asked_to_end;
	return EX_OK;
}

static void
close_all(struct reconciler *c)
{
	if (c->shop != NULL)
		shop_close(c->shop);
	https_free(c->https);
	writer_stop(c->writer);
	if (c->readers != NULL)
		readers_close(c->readers);
	process_end();
}

/* ---- what it does ----------------------------------------------------------
 */

/* Fetches the key set when it is time to, and stores it. */
static void
refresh_jwks(struct reconciler *c)
{
	int64_t now = clock_mono_ms();
	struct vt_problem p = { 0 };
	struct arena *a;
	struct jwks set;
	enum vt_err err;

	if (c->jwks_url == NULL ||
	    (c->jwks_known && now - c->jwks_at_ms < JWKS_EVERY_MS))
		return;
	a = arena_new();
	err = jwks_fetch(c->https, a, c->jwks_url, JWKS_TIMEOUT_MS, &set, &p);
	set.now_ms = clock_now_ms();
	if (err == VT_OK)
		err = writer_run(c->writer, jwks_store, &set, NULL, &p);
	if (err == VT_OK) {
		c->jwks_known = true;
		c->jwks_at_ms = now;
		LOG(LOG_INFO, "jwks.refreshed", LOG_I("keys", set.count));
	} else
		LOG(LOG_WARN, "jwks.not_refreshed",
		    LOG_S("result", vt_err_name(err)), LOG_S("why", p.message));
	arena_free(a);
}

static void
log_round(const struct reconcile_tally *t, int64_t ms)
{
	/* Nothing to do is the usual round and not worth a line. */
	if (t->looked == 0 && !t->away)
		return;
	LOG(t->away || t->alarms > 0 ? LOG_WARN : LOG_INFO, "reconciler.round",
	    LOG_I("looked", t->looked), LOG_I("settled", t->settled),
	    LOG_I("bad", t->bad), LOG_I("alarms", t->alarms),
	    LOG_I("away", t->away), LOG_I("ms", ms));
}

/* One round; whether everything that was asked was answered. */
static bool
once(struct reconciler *c)
{
	int64_t began = clock_mono_ms();
	struct reconcile_tally t;

	refresh_jwks(c);
	reconcile_run(&c->rounds, &t);
	log_round(&t, clock_mono_ms() - began);
	return !t.away && (c->jwks_url == NULL || c->jwks_known);
}

static int
loop(struct reconciler *c)
{
	int64_t next_s;

	LOG(LOG_INFO, "reconciler.started", LOG_I("interval_s", c->interval_s));
	do {
		(void)once(c); /* the next round tries again */
		if (writer_failed(c->writer)) {
			LOG(LOG_ERROR, "reconciler.ends_after_failed_commit");
			return EX_TEMPFAIL;
		}
		next_s = c->interval_s;
		if (c->jwks_url != NULL && !c->jwks_known &&
		    next_s > JWKS_RETRY_S)
			next_s = JWKS_RETRY_S;
	} while (!asked_to_end() && wait_s(next_s));
	LOG(LOG_INFO, "reconciler.ended");
	return EX_OK;
}

static int
usage(void)
{
	(void)fputs("usage: reconciler [-1]\n", stderr);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	bool single = argc == 2 && strcmp(argv[1], "-1") == 0;
	struct reconciler c = { 0 };
	int status;

	if (argc > 1 && !single)
		return usage();
	process_start("reconciler");
	block_signals();
	status = open_all(&c);
	if (status == EX_OK && single)
		status = once(&c) ? EX_OK : EX_TEMPFAIL;
	else if (status == EX_OK)
		status = loop(&c);
	close_all(&c);
	return status;
}
