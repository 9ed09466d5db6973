/* fault: see fault.h. An empty unit in a build without --enable-faults. */
#include "base/fault.h"

#ifdef VT_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define HANG_S 3600 /* until the test kills us */

static char prefix[512]; /* STATE/faults/NAME. */

void
fault_init(const char *process, const char *state_dir)
{
	int n;

	n = snprintf(
	    prefix, sizeof(prefix), "%s/faults/%s.", state_dir, process);
	if (n < 0 || (size_t)n >= sizeof(prefix))
		prefix[0] = '\0';
}

/* Takes the order for this point, if there is one. */
static bool
take(const char *point, char *order, size_t order_bytes)
{
	char path[640];
	ssize_t n;
	int fd;

	if (prefix[0] == '\0')
		return false;
	(void)snprintf(path, sizeof(path), "%s%s", prefix, point);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, order, order_bytes - 1);
	(void)close(fd); /* only read from */
	if (n <= 0 || unlink(path) != 0)
		return false; /* another thread took it */
	order[n] = '\0';
	order[strcspn(order, "\r\n ")] = '\0';
	LOG(LOG_WARN, "fault.fired", LOG_S("point", point),
	    LOG_S("order", order));
	return true;
}

static void
obey(const char *order)
{
	if (strcmp(order, "kill") == 0)
		(void)kill(getpid(), SIGKILL);
	if (strcmp(order, "hang") == 0)
		(void)sleep(HANG_S);
}

void
fault_point(const char *point)
{
	char order[16];

	if (take(point, order, sizeof(order)))
		obey(order);
}

bool
fault_fails(const char *point)
{
	char order[16];

	if (!take(point, order, sizeof(order)))
		return false;
	obey(order);
	return strcmp(order, "fail") == 0;
}

#else
typedef int fault_unused; /* ISO C wants a declaration in every unit */
#endif
