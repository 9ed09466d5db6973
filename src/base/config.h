/*
 * config: what the environment says, read once at start.
 *
 * A variable NAME is looked for as the file named by NAME_FILE, then as the
 * credential $CREDENTIALS_DIRECTORY/NAME (systemd), then as NAME itself. An
 * empty value is no value. A secret is read by secret.h, never by this.
 * Every name that the program knows stands in vantage.conf(5).
 */
#ifndef VT_BASE_CONFIG_H
#define VT_BASE_CONFIG_H

#include <stdint.h>

#include "base/err.h"

/*
 * The value, or `fallback` (which may be NULL) when there is none. Trailing
 * line ends of a file are cut. Lives as long as the process; the same
 * pointer for the same name. A file that is named and cannot be read ends
 * the process with a message that names the variable.
 */
const char *config_get(const char *name, const char *fallback);

/* The same, but the process ends, naming it, when there is none. */
const char *config_need(const char *name) __attribute__((returns_nonnull));

/*
 * A whole number in min..max, `fallback` when absent; anything else ends the
 * process with a message that names the variable and the range.
 */
int64_t
config_int(const char *name, int64_t fallback, int64_t min, int64_t max);

/* "1", "true", "yes", "on" or "0", "false", "no", "off". */
bool config_bool(const char *name, bool fallback);

/*
 * Ends the process: logs "config.invalid" with the name and the sentence,
 * exit status 78 (EX_CONFIG, sysexits.h). `why` must not hold the value.
 */
void config_die(const char *name, const char *why) __attribute__((noreturn));

/*
 * The path where the value of NAME is to be read from, or NULL when it is
 * in the environment itself or absent. Used by secret.h. Free the result.
 */
char *config_file(const char *name);

/* Frees what was remembered, for the leak checker, at the process's end. */
void config_free(void);

#endif
