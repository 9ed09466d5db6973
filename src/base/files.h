/*
 * files: files that are whole under their name or not there.
 *
 * A name is a promise: what bears one has reached the disk, and nothing that
 * exists is written over.
 */
#ifndef VT_BASE_FILES_H
#define VT_BASE_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define FILES_PATH_BYTES 1024

/*
 * Syncs the file `temporary`, gives it the name `path` in the same folder,
 * and syncs the folder. VT_CONFLICT: there is such a file, which stays as it
 * is; VT_SYS, logged. In both cases `temporary` stays for the caller.
 */
enum vt_err
files_give_name(const char *temporary, const char *path) VT_MUSTCHECK;

/*
 * Makes the file `path` of these bytes and this mode, by way of the file
 * `temporary` in the same folder, which is this caller's alone, may be left
 * from one who died, and is gone afterwards. Results as above.
 */
enum vt_err files_write_new(const char *temporary, const char *path,
    mode_t mode, const void *data, size_t bytes) VT_MUSTCHECK;

/*
 * Reads a file whole into `out`, terminated; "-" is standard input.
 * VT_NOTFOUND: it cannot be opened or read, errno says why; VT_INVALID: it
 * has more than `out_bytes` - 1 bytes.
 */
enum vt_err files_read(
    const char *path, char *out, size_t out_bytes, size_t *bytes) VT_MUSTCHECK;

#endif
