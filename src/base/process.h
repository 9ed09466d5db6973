/*
 * process: the start that every program of ours shares.
 */
#ifndef VT_BASE_PROCESS_H
#define VT_BASE_PROCESS_H

/*
 * Before anything else in main: random, the log's process name and level,
 * the clock file, fault points, SIGPIPE ignored, no core dumps, no new
 * privileges, little memory kept by the allocator. Reads VANTAGE_LOG,
 * VANTAGE_STATE and VANTAGE_CLOCK_FILE. Ends the process (exit status 78)
 * when one of them makes no sense.
 */
void process_start(const char *name);

/*
 * For a program that has opened a database: ends the process when that one
 * is in live mode and a clock file is set, since a shifted clock there would
 * move real money at the wrong time.
 */
void process_refuse_clock(int livemode);

/* Frees what process_start() and config.h remembered, for the leak checker. */
void process_end(void);

#endif
