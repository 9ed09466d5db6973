/* alone: see alone.h. */
#include "alone/alone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "alone/alone_parts.h"
#include "base/clock.h"
#include "base/config.h"

#define PORT_DEFAULT "9555"
#define PORT_DIGITS_MAX 5
#define BACKLOG 128
#define START_MS 15000 /* the longest that nginx takes to listen */
#define END_MS 15000   /* the longest that both take to end */
#define LOOK_MS 20
/* Where Debian keeps nginx, which a user's PATH may lack. */
#define PATH_MORE "/usr/local/sbin:/usr/sbin:/sbin"

/* --- options ------------------------------------------------------------ */

bool
alone_wanted(int argc)
{
	int listens = 0;
	socklen_t n = sizeof(listens);

	if (argc > 1)
		return true;
	if (config_get("REQUEST_METHOD", NULL) != NULL ||
	    config_get("LISTEN_FDS", NULL) != NULL)
		return false;
	return getsockopt(
		   STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) != 0;
}

static int
usage(int status)
{
	(void)fprintf(status == EXIT_SUCCESS ? stdout : stderr,
	    "usage: vantage-sandbox [--port PORT] [--dir FOLDER] "
	    "[--site URL] [--www FOLDER]\n");
	return status;
}

/* True for 1..65535. */
static bool
port_valid(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= PORT_DIGITS_MAX &&
	    strspn(text, "0123456789") == n && strtol(text, NULL, 10) > 0 &&
	    strtol(text, NULL, 10) <= 65535;
}

/* Where it keeps things when nobody says: as the XDG base directories. */
static bool
default_dir(char out[static PATH_MAX])
{
	const char *state = config_get("XDG_STATE_HOME", NULL);
	const char *home = config_get("HOME", NULL);

	if (state != NULL && state[0] == '/')
		return snprintf(out, PATH_MAX, "%s/vantage-sandbox", state) <
		    PATH_MAX;
	return home != NULL &&
	    snprintf(out, PATH_MAX, "%s/.local/state/vantage-sandbox", home) <
	    PATH_MAX;
}

static int
read_options(struct alone *a, int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "site", required_argument, NULL, 's' },
		{ "www", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	const char *dir = NULL;
	int o;

	*a = (struct alone){ .port = PORT_DEFAULT,
		.www = SANDBOX_WWWDIR,
		.lock = -1,
		.socket = -1 };
	while ((o = getopt_long(argc, argv, "d:hp:s:w:", options, NULL)) != -1)
		switch (o) {
		case 'd':
			dir = optarg;
			break;
		case 'p':
			a->port = optarg;
			break;
		case 's':
			a->site = optarg;
			break;
		case 'w':
			a->www = optarg;
			break;
		case 'h':
			(void)usage(EXIT_SUCCESS);
			exit(EXIT_SUCCESS);
		default:
			return usage(EX_USAGE);
		}
	if (optind != argc)
		return usage(EX_USAGE);
	if (!port_valid(a->port))
		return alone_fail(EX_USAGE, "%s is no port", a->port);
	if (dir == NULL ? !default_dir(a->dir)
			: snprintf(a->dir, PATH_MAX, "%s", dir) >= PATH_MAX)
		return alone_fail(EX_USAGE, "say where: --dir FOLDER");
	(void)snprintf(/* it fits: the port has five digits */
	    a->url, sizeof(a->url), "http://127.0.0.1:%s", a->port);
	return EXIT_SUCCESS;
}

/* --- the port and the socket -------------------------------------------- */

static struct sockaddr_in
address(const struct alone *a)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtol(a->port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Looked at before anything starts, so that the message is ours. */
static int
check_port(const struct alone *a)
{
	struct sockaddr_in to = address(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool taken;

	if (fd < 0)
		return alone_fail(EX_OSERR, "%s", strerror(errno));
	/* What an earlier one left behind is no reason to refuse. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	taken = bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0;
	(void)close(fd); /* nothing was written */
	return taken ? alone_fail(EX_UNAVAILABLE,
			   "port %s cannot be had: %s; choose another: "
			   "vantage-sandbox --port 9556",
			   a->port, strerror(errno))
		     : EXIT_SUCCESS;
}

static bool
port_open(const struct alone *a)
{
	struct sockaddr_in to = address(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool open;

	if (fd < 0)
		return false;
	open = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
	(void)close(fd); /* nothing was written */
	return open;
}

static int
listen_for_nginx(struct alone *a)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char path[PATH_MAX];

	if (!alone_path(a, "run/sandbox.sock", path) ||
	    strlen(path) >= sizeof(to.sun_path))
		return alone_fail(EX_USAGE,
		    "%s is too long a name for a socket in it; give a "
		    "shorter --dir",
		    a->dir);
	memcpy(to.sun_path, path, strlen(path) + 1);
	(void)unlink(path); /* of one that ended: we hold the lock */
	a->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (a->socket < 0 ||
	    bind(a->socket, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    chmod(path, 0600) != 0 || listen(a->socket, BACKLOG) != 0)
		return alone_fail(EX_OSERR, "%s: %s", path, strerror(errno));
	return EXIT_SUCCESS;
}

/* --- processes ---------------------------------------------------------- */

/* In a child: it ends with its parent, and writes to a log. */
static void
settle_child(const struct alone *a, pid_t parent, const char *log)
{
	char path[PATH_MAX];
	sigset_t none;
	int fd = -1;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* cannot fail for a signal */
	if (getppid() != parent)
		_exit(EX_UNAVAILABLE);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail */
	if (alone_path(a, log, path))
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 ||
	    dup2(fd, STDOUT_FILENO) < 0)
		_exit(EX_CANTCREAT);
	(void)close(fd); /* it has its copies */
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 0) != 0)
		_exit(EX_OSERR);
}

static pid_t
start_program(const struct alone *a, int (*serve)(void))
{
	char db[PATH_MAX], clock[PATH_MAX];
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	settle_child(a, parent, "log/sandbox.log");
	if (!alone_path(a, "sandbox.db", db) ||
	    !alone_path(a, "clock", clock) || dup2(a->socket, STDIN_FILENO) < 0)
		_exit(EX_OSERR);
	set("VANTAGE_SANDBOX_DB", db);
	set("VANTAGE_CLOCK_FILE", clock);
	set("VANTAGE_STATE", a->dir);
	/* Its own address is the port's, whatever was there before. */
	if (setenv("VANTAGE_SANDBOX_URL", a->url, 1) != 0)
		_exit(EX_OSERR);
	if (a->site != NULL)
		set("VANTAGE_PUBLIC_URL", a->site);
	config_free(); /* what was asked for above is asked for again */
	exit(serve());
}

static pid_t
start_nginx(const struct alone *a)
{
	char prefix[PATH_MAX], log[PATH_MAX], *path = NULL;
	pid_t parent = getpid(), pid = fork();
	int null;

	if (pid != 0)
		return pid;
	settle_child(a, parent, "log/nginx.log");
	null = open("/dev/null", O_RDONLY);
	if (!alone_path(a, "nginx", prefix) ||
	    !alone_path(a, "log/nginx-error.log", log) || null < 0 ||
	    dup2(null, STDIN_FILENO) < 0 ||
	    asprintf(&path, "%s:" PATH_MORE,
		config_get("PATH", "/usr/bin:/bin")) < 0 ||
	    setenv("PATH", path, 1) != 0)
		_exit(EX_OSERR);
	(void)execlp("nginx", "nginx", "-p", prefix, "-c", "nginx.conf", "-e",
	    log, (char *)NULL);
	(void)fprintf(stderr, "nginx: %s\n", strerror(errno));
	_exit(127);
}

/* One of them has ended by itself: which, and where it may have said why. */
static int
lost(struct alone *a)
{
	int status = 0;
	pid_t pid = waitpid(-1, &status, WNOHANG);
	bool program = pid == a->program;

	if (pid <= 0)
		return EXIT_SUCCESS;
	if (program)
		a->program = 0;
	else
		a->nginx = 0;
	if (!program && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return alone_fail(EX_UNAVAILABLE,
		    "nginx is not installed (Debian: apt install nginx-light)");
	return alone_fail(EX_SOFTWARE, "%s has ended; see %s/log",
	    program ? "the program" : "nginx", a->dir);
}

static void
end(struct alone *a)
{
	int64_t until = clock_mono_ms() + END_MS;
	pid_t *const both[] = { &a->nginx, &a->program };

	for (size_t i = 0; i < countof(both); i++)
		if (*both[i] > 0)
			(void)kill(*both[i], SIGTERM);
	for (size_t i = 0; i < countof(both); i++)
		while (*both[i] > 0 && waitpid(*both[i], NULL, WNOHANG) == 0) {
			if (clock_mono_ms() > until)
				(void)kill(*both[i], SIGKILL);
			clock_sleep_ms(LOOK_MS);
		}
}

static void
say_where(const struct alone *a)
{
	(void)printf("The local Stripe is at %s\n\n"
		     "  look at it    open %s/ in a browser\n"
		     "  a first call  curl %s/v1/customers -u sk_test_x: -d "
		     "email=ada@example.com\n"
		     "  its folder    %s\n"
		     "  end it        Ctrl-C\n",
	    a->url, a->url, a->url, a->dir);
	(void)fflush(stdout); /* whoever waits for the line gets it */
}

/* Until somebody wants it to end, or it cannot go on. */
static int
watch(struct alone *a, const sigset_t *signals)
{
	int got = 0, status = EXIT_SUCCESS;
	int64_t until = clock_mono_ms() + START_MS;

	while (status == EXIT_SUCCESS && !port_open(a)) {
		clock_sleep_ms(LOOK_MS);
		status = lost(a);
		if (status == EXIT_SUCCESS && clock_mono_ms() > until)
			status = alone_fail(EX_UNAVAILABLE,
			    "nginx does not listen; see %s/log", a->dir);
	}
	if (status == EXIT_SUCCESS)
		say_where(a);
	while (status == EXIT_SUCCESS) {
		if (sigwait(signals, &got) != 0)
			continue;
		if (got != SIGCHLD)
			break;
		status = lost(a);
	}
	return status;
}

int
alone_main(int argc, char **argv, int (*serve)(void))
{
	struct alone a;
	sigset_t signals;
	int status = read_options(&a, argc, argv);

	if (status != EXIT_SUCCESS)
		return status;
	if (access(a.www, R_OK | X_OK) != 0)
		return alone_fail(EX_NOINPUT,
		    "%s: %s; say where the pages are: --www FOLDER", a.www,
		    strerror(errno));
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL); /* cannot fail */
	status = alone_folders(&a);
	if (status == EXIT_SUCCESS)
		status = check_port(&a);
	if (status == EXIT_SUCCESS)
		status = alone_write_nginx(&a);
	if (status == EXIT_SUCCESS)
		status = listen_for_nginx(&a);
	if (status != EXIT_SUCCESS)
		return status;
	a.program = start_program(&a, serve);
	a.nginx = a.program > 0 ? start_nginx(&a) : -1;
	status = a.nginx > 0 ? watch(&a, &signals)
			     : alone_fail(EX_OSERR, "%s", strerror(errno));
	end(&a);
	config_free();
	return status;
}
