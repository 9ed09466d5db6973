/*
 * wal_format: where things are in SQLite's write-ahead log, for the module
 * that keeps it and the one that plays it back. Numbers are big-endian.
 */
#ifndef VT_STORE_WAL_FORMAT_H
#define VT_STORE_WAL_FORMAT_H

#include <stdint.h>

#include "base/err.h"

#define WAL_HEADER_BYTES 32
#define WAL_PAGE_SIZE 8 /* in the header */
#define WAL_SALTS 16	/* in the header */
#define WAL_SALTS_BYTES 8
#define WAL_FRAME_HEADER_BYTES 24
#define WAL_FRAME_COMMIT 4 /* pages after the commit, 0: no commit */
#define WAL_FRAME_SALTS 8
#define WAL_MAGIC UINT32_C(0x377f0682) /* its last bit says which checksum */

static inline uint32_t
wal_number(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

/* No page has this number: it would be at 3.5 terabytes. */
static inline bool
wal_header_valid(const unsigned char *header)
{
	uint32_t page = wal_number(header + WAL_PAGE_SIZE);

	return (wal_number(header) & ~UINT32_C(1)) == WAL_MAGIC &&
	    page >= 512 && page <= 65536 && (page & (page - 1)) == 0;
}

static inline int64_t
wal_frame_bytes(const unsigned char *header)
{
	return WAL_FRAME_HEADER_BYTES +
	    (int64_t)wal_number(header + WAL_PAGE_SIZE);
}

#endif
