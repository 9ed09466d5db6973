/* shift: see shift.h. */
#include "desk/shift.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"

#define SEEN_MS 1000			/* the longest wait for a reader */
#define END_MS INT64_C(253402300799000) /* the last second of 9999 */

/*
 * Where the file really is: a link to it stays one. A file that is not there
 * yet is made. NULL if the clock is nobody's to move.
 */
static char *
real_path(char out[static PATH_MAX])
{
	const char *path = config_get("VANTAGE_CLOCK_FILE", NULL);

	if (path == NULL)
		return NULL;
	if (realpath(path, out) == NULL)
		(void)snprintf(out, PATH_MAX, "%s", path); /* cut: no such */
	return out;
}

bool
shift_possible(void)
{
	char path[PATH_MAX], *slash;

	if (real_path(path) == NULL)
		return false;
	slash = strrchr(path, '/');
	if (slash == NULL)
		return access(".", W_OK) == 0;
	slash[slash == path] = '\0';
	return access(path, W_OK) == 0;
}

/* A new file with this number takes the place of the old one. */
static enum vt_err
replace(const char *path, int64_t ms)
{
	char fresh[PATH_MAX + 8];
	FILE *f;
	bool whole;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", path); /* fits */
	f = fopen(fresh, "we");
	if (f == NULL)
		goto failed;
	whole = fprintf(f, "%" PRId64 "\n", ms) > 0;
	whole = fclose(f) == 0 && whole;
	if (whole && rename(fresh, path) == 0)
		return VT_OK;
	(void)unlink(fresh); /* it may not be there */
failed:
	LOG(LOG_ERROR, "clock.not_moved", LOG_S("why", strerror(errno)));
	return VT_SYS;
}

enum vt_err
shift_ahead(int64_t ms)
{
	int64_t now = clock_shift_ms(), until;
	char path[PATH_MAX];
	enum vt_err err;

	if (real_path(path) == NULL)
		return VT_NOTFOUND;
	if (ms < 0 || ms > END_MS - clock_now_ms())
		return VT_INVALID;
	err = replace(path, now + ms);
	if (err != VT_OK)
		return err;
	/* A reading is believed for a few milliseconds. */
	until = clock_mono_ms() + SEEN_MS;
	while (clock_shift_ms() != now + ms && clock_mono_ms() < until)
		clock_sleep_ms(1);
	return VT_OK;
}
