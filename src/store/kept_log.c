/*
 * kept_log: what SQLite's log holds, kept before it is started over. See
 * backup.h; https://www.sqlite.org/fileformat2.html, section 4, says what
 * the bytes are.
 *
 * A frame counts when its salts are those of the log's header, and only up
 * to the last one that ends a transaction: what follows may be left over
 * from one that was never committed and will be overwritten. Checksums are
 * not looked at here: SQLite does so when the log is played back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/backup.h"
#include "store/wal_format.h"

#define COPY_BYTES 262144

struct kept_log {
	char *wal_path;
	char path[BACKUP_PATH_BYTES];
	int fd; /* -1: not begun */
	unsigned char header[WAL_HEADER_BYTES];
	int64_t frames; /* of this generation, that were copied */
};

struct kept_log *
kept_log_open(const char *db_path)
{
	struct kept_log *l = calloc(1, sizeof(*l));

	if (l == NULL || asprintf(&l->wal_path, "%s-wal", db_path) < 0)
		abort();
	l->fd = -1;
	return l;
}

bool
kept_log_begun(const struct kept_log *l)
{
	return l->fd >= 0;
}

static void
stop(struct kept_log *l)
{
	if (l->fd >= 0)
		(void)close(l->fd); /* what matters was synced */
	l->fd = -1;
}

void
kept_log_close(struct kept_log *l)
{
	if (l == NULL)
		return;
	stop(l);
	free(l->wal_path);
	free(l);
}

static enum vt_err
failed(struct kept_log *l, const char *what)
{
	LOG(LOG_ERROR, "kept_log.failed", LOG_S("what", what),
	    LOG_S("path", l->path), LOG_S("why", strerror(errno)));
	stop(l);
	return VT_SYS;
}

static bool
write_all(int fd, const unsigned char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		bytes -= (size_t)n;
	}
	return true;
}

/* How many frames are committed, from the ones that are known on. */
static int64_t
count_frames(int wal, const unsigned char *header, int64_t known)
{
	const int64_t step = wal_frame_bytes(header);
	unsigned char frame[WAL_FRAME_HEADER_BYTES];
	int64_t committed = known;

	for (int64_t i = known;; i++) {
		if (pread(wal, frame, sizeof(frame),
			WAL_HEADER_BYTES + i * step) != sizeof(frame) ||
		    memcmp(frame + WAL_FRAME_SALTS, header + WAL_SALTS,
			WAL_SALTS_BYTES) != 0)
			return committed;
		if (wal_number(frame + WAL_FRAME_COMMIT) != 0)
			committed = i + 1;
	}
}

static bool
copy_range(int from, int to, int64_t at, int64_t end)
{
	unsigned char *part = malloc(COPY_BYTES);
	bool good = true;

	if (part == NULL)
		abort();
	while (good && at < end) {
		size_t want =
		    end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		ssize_t n = pread(from, part, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		good = n > 0 && write_all(to, part, (size_t)n);
		at += n;
	}
	free(part);
	return good;
}

/* Appends what is new of an open log. */
static bool
copy_new(struct kept_log *l, int wal)
{
	unsigned char header[WAL_HEADER_BYTES];
	int64_t frames, step;
	ssize_t n = pread(wal, header, sizeof(header), 0);

	if (n < 0)
		return false;
	if (n < WAL_HEADER_BYTES || !wal_header_valid(header))
		return true; /* nothing was ever written */
	if (memcmp(header, l->header, sizeof(header)) != 0) {
		frames = count_frames(wal, header, 0);
		if (frames == 0)
			return true; /* a generation begins when it has one */
		if (!write_all(l->fd, header, sizeof(header)))
			return false;
		memcpy(l->header, header, sizeof(header));
		l->frames = 0;
	} else
		frames = count_frames(wal, header, l->frames);
	step = wal_frame_bytes(header);
	if (!copy_range(wal, l->fd, WAL_HEADER_BYTES + l->frames * step,
		WAL_HEADER_BYTES + frames * step))
		return false;
	l->frames = frames;
	return true;
}

enum vt_err
kept_log_copy(struct kept_log *l)
{
	bool good;
	int wal;

	if (l->fd < 0)
		return VT_OK; /* nobody wants it */
	/* The log has no POSIX locks that closing it could drop: those are
	 * on the database and its index. */
	wal = open(l->wal_path, O_RDONLY | O_CLOEXEC);
	if (wal < 0)
		return errno == ENOENT ? VT_OK : failed(l, "open the log");
	good = copy_new(l, wal);
	if (!good)
		(void)failed(l, "copy");
	(void)close(wal); /* it was only read */
	return good ? VT_OK : VT_SYS;
}

enum vt_err
kept_log_begin(struct kept_log *l, const char *path)
{
	stop(l);
	memset(l->header, 0, sizeof(l->header));
	l->frames = 0;
	(void)snprintf(l->path, sizeof(l->path), "%s", path);
	l->fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return failed(l, "create");
	return kept_log_copy(l);
}

enum vt_err
kept_log_sync(struct kept_log *l)
{
	if (l->fd >= 0 && fdatasync(l->fd) != 0)
		return failed(l, "sync");
	return VT_OK;
}
