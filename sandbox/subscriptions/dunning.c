/* dunning: see dunning.h. */
#include "subscriptions/dunning.h"

#include <string.h>

#define DAY_S INT64_C(86400)
#define SETTING "dunning.end"

/* After each attempt, until the next one. */
static const int64_t pauses_s[] = { 3 * DAY_S, 5 * DAY_S, 7 * DAY_S };

static const char *const names[] = {
	[DUNNING_CANCEL] = "cancel",
	[DUNNING_UNPAID] = "unpaid",
	[DUNNING_PAST_DUE] = "past_due",
};

int64_t
dunning_next_s(int64_t attempts, int64_t now_s)
{
	if (attempts < 1 || (size_t)attempts > countof(pauses_s))
		return 0;
	return now_s + pauses_s[attempts - 1];
}

enum dunning_end
dunning_end(struct box *b)
{
	int64_t n = box_setting_int(b, SETTING, DUNNING_CANCEL);

	return n == DUNNING_UNPAID || n == DUNNING_PAST_DUE
	    ? (enum dunning_end)n
	    : DUNNING_CANCEL;
}

enum vt_err
dunning_end_set(struct box *b, const char *name)
{
	for (size_t i = 0; i < countof(names); i++)
		if (strcmp(names[i], name) == 0) {
			box_set_int(b, SETTING, (int64_t)i);
			return VT_OK;
		}
	return VT_INVALID;
}
