/* low_balance: see low_balance.h. */
#include "billing/low_balance.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/config.h"
#include "billing/users.h"
#include "ledger/movements.h"
#include "ledger/thresholds.h"
#include "notify/outbox.h"
#include "text/json.h"

#define VARIABLE "VANTAGE_POLICY_LOW_BALANCE"
#define OBJECT_BYTES (USER_SUB_BYTES + 48)

/* Each crossing has a name of its own, so each is told once (R78, R80). */
static enum vt_err
tell(struct db *db, const struct crossing *c)
{
	struct arena *a = arena_new();
	struct json *j = json_object(a);
	char object[OBJECT_BYTES];
	enum vt_err err;
	struct user u;

	err = user_by_id(db, c->user, &u);
	if (err == VT_OK && !u.deleted) {
		(void)snprintf(object, sizeof(object),
		    "%s:%" PRId64 ":%" PRId64, u.sub, c->threshold, c->number);
		json_put_int(j, "threshold", c->threshold);
		json_put_int(j, "available", c->available);
		err = outbox_add(db, "low_balance", object, c->user,
		    json_text(a, j), c->now_ms);
	}
	arena_free(a);
	return err == VT_NOTFOUND ? VT_DB : err;
}

/* The next number of the list, and past it. */
static int64_t
read_one(const char **list)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(*list, &end, 10);
	if (errno != 0 || end == *list || n < 1 || n > LEDGER_TOKENS_MAX ||
	    (*end != '\0' && strchr(", ", *end) == NULL))
		config_die(VARIABLE,
		    "it must be whole numbers from 1 to 1000000000000, "
		    "separated by commas");
	*list = end;
	return n;
}

void
low_balance_open(void)
{
	const char *list = config_get("VANTAGE_POLICY_LOW_BALANCE", "");
	int64_t tokens[THRESHOLDS_MAX];
	size_t count = 0;

	while (*(list += strspn(list, ", ")) != '\0') {
		if (count == THRESHOLDS_MAX)
			config_die(VARIABLE, "it names more than 8 thresholds");
		tokens[count] = read_one(&list);
		for (size_t i = 0; i < count; i++)
			if (tokens[i] == tokens[count])
				config_die(
				    VARIABLE, "it names a threshold twice");
		count++;
	}
	thresholds_set(tokens, count, tell);
}
