/* process: see process.h. */
#include "base/process.h"

#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/random.h"

/*
 * glibc gives each thread an arena of its own, up to eight a core, and
 * returns memory to the system late. A worker has few threads that allocate
 * little, so two arenas and an early return cost nothing measurable.
 */
#define MALLOC_ARENAS 2
#define MALLOC_TRIM_BYTES (64 * 1024)
#define MALLOC_MMAP_BYTES (128 * 1024)

/* Both would take the leak checker's means away, so not under it. */
#if defined(__SANITIZE_ADDRESS__) || defined(VT_SANITIZERS)
#define UNDER_SANITIZER 1
#else
#define UNDER_SANITIZER 0
#endif

/* What another process of the same user could otherwise look into. */
static void
close_to_others(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		LOG(LOG_WARN, "process.core_limit_failed");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		LOG(LOG_WARN, "process.no_new_privs_failed");
	if (!UNDER_SANITIZER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		LOG(LOG_WARN, "process.dumpable_failed");
}

static void
spare_memory(void)
{
	/* mallopt() says no only to a parameter that it does not know. */
	(void)mallopt(M_ARENA_MAX, MALLOC_ARENAS);
	(void)mallopt(M_TRIM_THRESHOLD, MALLOC_TRIM_BYTES);
	(void)mallopt(M_MMAP_THRESHOLD, MALLOC_MMAP_BYTES);
}

void
process_start(const char *name)
{
	const char *level, *clock_file;

	log_process(name);
	spare_memory();
	close_to_others();
	random_init();
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for this signal */
	level = config_get("VANTAGE_LOG", "info");
	if (log_level_set(level) != VT_OK)
		config_die(
		    "VANTAGE_LOG", "it must be error, warn, info or debug");
	clock_file = config_get("VANTAGE_CLOCK_FILE", NULL);
	if (clock_file != NULL)
		clock_use_file(clock_file);
	fault_init(name, config_get("VANTAGE_STATE", ".dev"));
}

void
process_refuse_clock(int livemode)
{
	if (livemode && config_get("VANTAGE_CLOCK_FILE", NULL) != NULL)
		config_die("VANTAGE_CLOCK_FILE",
		    "this database is in live mode, whose clock is not to be "
		    "shifted");
}

void
process_end(void)
{
	clock_use_file(NULL);
	config_free();
}
