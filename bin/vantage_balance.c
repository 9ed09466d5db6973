/* vantage balance: what a user has, or had. See vantage(1). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "billing/users.h"
#include "ledger/debts.h"
#include "ledger/lots.h"
#include "vantage.h"

struct asked {
	const char *sub;
	int64_t now_ms; /* or the moment that is asked about */
	bool as_of;
	struct balance balance;
};

static enum vt_err
sum(const struct lot *l, void *arg)
{
	struct asked *a = arg;

	balance_add(&a->balance, l, a->now_ms);
	return VT_OK;
}

static enum vt_err
print(const struct lot *l, void *arg)
{
	char end[CLOCK_TEXT_BYTES] = "never";

	(void)arg;
	if (l->expires_at != 0)
		clock_format(l->expires_at, end);
	(void)printf("%-12s %12" PRId64 " of %12" PRId64 " %12" PRId64
		     " %12" PRId64 "  %-20s  %s\n",
	    l->origin, l->left, l->granted, l->held, l->frozen, end, l->tx);
	return VT_OK;
}

static enum vt_err
each(struct db *db, struct asked *a, int64_t user, lot_fn fn)
{
	return a->as_of ? lots_each_at(db, user, a->now_ms, fn, a)
			: lots_each(db, user, a->now_ms, fn, a);
}

static enum vt_err
show(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	struct asked *a = out;
	enum vt_err err;
	struct user u;
	int64_t debt;

	(void)in;
	err = user_by_sub(db, a->sub, &u);
	if (err == VT_NOTFOUND)
		return vt_problem(p, err, "unknown_user", NULL,
		    "There is no user %s.", a->sub);
	if (err == VT_OK)
		err = a->as_of ? debt_of_user_at(db, u.id, a->now_ms, &debt)
			       : debt_of_user(db, u.id, &debt);
	if (err == VT_OK)
		err = each(db, a, u.id, sum);
	if (err != VT_OK)
		return err;
	(void)printf("available %" PRId64 "\nheld %" PRId64 "\nfrozen %" PRId64
		     "\ndebt %" PRId64 "\n",
	    a->balance.available, a->balance.held, a->balance.frozen, debt);
	(void)printf("\n%-12s %12s    %12s %12s %12s  %-20s  %s\n", "ORIGIN",
	    "LEFT", "GRANTED", "HELD", "FROZEN", "EXPIRES", "TRANSACTION");
	return each(db, a, u.id, print);
}

static int
run(int argc, char **argv)
{
	struct asked a = { .now_ms = clock_now_ms() };
	struct vt_problem p = { 0 };
	enum vt_err err;

	if (argc != 2 && (argc != 4 || strcmp(argv[2], "--as-of") != 0))
		return command_usage(&command_balance);
	a.sub = argv[1];
	a.as_of = argc == 4;
	err = a.as_of ? clock_as_of(argv[3], a.now_ms, &a.now_ms) : VT_OK;
	if (err != VT_OK)
		(void)vt_problem(&p, err, "invalid_field", NULL,
		    "--as-of needs a time that is not to come, such as "
		    "2026-11-22T17:50:00Z, or a date.");
	else
		err = command_read(show, NULL, &a, &p);
	return err == VT_OK ? EXIT_SUCCESS : command_failed(err, &p);
}

const struct command command_balance = {
	.name = "balance",
	.arguments = "USER [--as-of TIME]",
	.purpose = "what a user has, or had",
	.run = run,
};
