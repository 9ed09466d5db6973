/*
 * alone: vantage-sandbox as a command, without ./dev and without a web
 * server of the user's: one folder, one port, an nginx of its own before it,
 * until it is interrupted.
 */
#ifndef SANDBOX_ALONE_H
#define SANDBOX_ALONE_H

#include "base/err.h"

/*
 * True if nobody has handed us a socket or a CGI request, or there are
 * options: then alone_main() is what is wanted.
 */
bool alone_wanted(int argc);

/*
 * Reads the options, starts the program (which is `serve`, run in a process
 * of its own with its socket on descriptor 0) and nginx, says where they
 * are, and ends both at SIGINT or SIGTERM. An exit status.
 */
int alone_main(int argc, char **argv, int (*serve)(void));

#endif
