/*
 * fault: places where a test can make this process die, fail or wait.
 *
 * Only a build configured with --enable-faults contains them; elsewhere the
 * two calls below are nothing. A test arms the point POINT of the process
 * NAME by writing "kill", "fail" or "hang" into the file
 * $VANTAGE_STATE/faults/NAME.POINT; reaching it takes the file away first,
 * so that it happens once.
 *
 * Points are named area.moment ("writer.before_commit"); the crash tests
 * collect the names from the source, so each name is a literal at its call.
 */
#ifndef VT_BASE_FAULT_H
#define VT_BASE_FAULT_H

#include "base/err.h"

#ifdef VT_FAULTS

/* The folder and this process's name; before the first thread. */
void fault_init(const char *process, const char *state_dir);

/* Dies (SIGKILL to itself) or hangs if armed so. */
void fault_point(const char *point);

/* True if the caller shall act as though the next step had failed. */
bool fault_fails(const char *point);

#else

#define fault_init(process, state_dir) ((void)(process), (void)(state_dir))
#define fault_point(point) ((void)0)
#define fault_fails(point) (false)

#endif
#endif
