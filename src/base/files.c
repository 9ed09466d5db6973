/* files: see files.h. */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"

static enum vt_err
failed(const char *what, const char *path)
{
	LOG(LOG_ERROR, "file.failed", LOG_S("what", what), LOG_S("path", path),
	    LOG_S("why", strerror(errno)));
	return VT_SYS;
}

static enum vt_err
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	enum vt_err err = VT_OK;

	if (fd < 0)
		return failed("open", path);
	if (fsync(fd) != 0)
		err = failed("sync", path);
	(void)close(fd); /* synced, or the failure was told */
	return err;
}

static enum vt_err
sync_folder_of(const char *path)
{
	char folder[FILES_PATH_BYTES];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else if (slash == folder)
		folder[1] = '\0';
	else
		*slash = '\0';
	return sync_path(folder, O_RDONLY | O_DIRECTORY);
}

enum vt_err
files_give_name(const char *temporary, const char *path)
{
	enum vt_err err;

	err = sync_path(temporary, O_RDONLY);
	if (err != VT_OK)
		return err;
	fault_point("files.before_name");
	/* Unlike rename(), this refuses when somebody was quicker. */
	if (link(temporary, path) != 0)
		return errno == EEXIST ? VT_CONFLICT : failed("name", path);
	(void)unlink(temporary); /* the other name stays */
	return sync_folder_of(path);
}

static enum vt_err
write_all(int fd, const char *path, const void *data, size_t bytes)
{
	const char *at = data;
	ssize_t n;

	while (bytes > 0) {
		n = write(fd, at, bytes);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed("write", path);
		at += n;
		bytes -= (size_t)n;
	}
	return VT_OK;
}

enum vt_err
files_write_new(const char *temporary, const char *path, mode_t mode,
    const void *data, size_t bytes)
{
	enum vt_err err;
	int fd;

	(void)unlink(temporary); /* whoever made it before us has died */
	fd = open(
	    temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return failed("create", temporary);
	err = write_all(fd, temporary, data, bytes);
	if (err == VT_OK && fchmod(fd, mode) != 0)
		err = failed("chmod", temporary);
	if (err == VT_OK && fsync(fd) != 0)
		err = failed("sync", temporary);
	if (close(fd) != 0 && err == VT_OK)
		err = failed("close", temporary);
	if (err == VT_OK)
		err = files_give_name(temporary, path);
	if (err != VT_OK)
		(void)unlink(temporary); /* nothing of it is to stay */
	return err;
}

enum vt_err
files_read(const char *path, char *out, size_t out_bytes, size_t *bytes)
{
	int fd = STDIN_FILENO;
	ssize_t n = 1;

	*bytes = 0;
	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return VT_NOTFOUND;
	while (*bytes < out_bytes &&
	    ((n = read(fd, out + *bytes, out_bytes - *bytes)) > 0 ||
		(n < 0 && errno == EINTR)))
		*bytes += n > 0 ? (size_t)n : 0;
	if (fd != STDIN_FILENO)
		(void)close(fd); /* only read from */
	if (n < 0)
		return VT_NOTFOUND;
	if (*bytes == out_bytes)
		return VT_INVALID;
	out[*bytes] = '\0';
	return VT_OK;
}
