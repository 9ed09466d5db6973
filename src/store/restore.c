/*
 * restore: see restore.h.
 *
 * The kept log is played back by SQLite itself: each generation becomes the
 * log of the unfinished copy, is recovered with its checksums when that is
 * opened, and copied into the file when it is closed. A generation may begin
 * before the backup's snapshot: as long as all that follow are played too,
 * each page ends as its last commit left it. A generation follows another if
 * its first salt is one more; a hole ends the play.
 */
#include "store/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/wal_format.h"

#define COPY_BYTES 262144
#define LOG_END ".wal"

/* How much of the kept log is tried, in this order. */
enum effort { PLAY_ALL, PLAY_OWN, PLAY_NONE };

struct play {
	const struct restore_options *o;
	struct restore_done *done;
	char temporary[BACKUP_PATH_BYTES + 16];
	char wal[BACKUP_PATH_BYTES + 32];
	bool begun;
	uint32_t salt; /* the first one of the newest generation played */
};

static enum vt_err
failed(const char *what, const char *path)
{
	LOG(LOG_ERROR, "restore.failed", LOG_S("what", what),
	    LOG_S("path", path), LOG_S("why", strerror(errno)));
	return VT_SYS;
}

/* ---- files --------------------------------------------------------------- */

static void
remove_unfinished(const struct play *play)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[BACKUP_PATH_BYTES + 32];

	for (size_t i = 0; i < countof(ends); i++) {
		(void)snprintf(
		    name, sizeof(name), "%s%s", play->temporary, ends[i]);
		(void)unlink(name); /* or there is none */
	}
}

static enum vt_err
copy_stream(FILE *from, FILE *to, const char *path)
{
	char *part = malloc(COPY_BYTES);
	enum vt_err err = VT_OK;
	size_t n;

	if (part == NULL)
		abort();
	while (err == VT_OK && (n = fread(part, 1, COPY_BYTES, from)) > 0)
		if (fwrite(part, 1, n, to) != n)
			err = failed("write", path);
	if (err == VT_OK && ferror(from))
		err = failed("read", path);
	free(part);
	return err;
}

/* The group of the database may write, as migrate makes it. */
static enum vt_err
copy_backup(const struct play *play)
{
	enum vt_err err;
	FILE *from, *to;

	remove_unfinished(play);
	err = db_create(play->temporary);
	if (err != VT_OK)
		return err;
	from = fopen(play->done->from, "re");
	if (from == NULL)
		return failed("open", play->done->from);
	to = fopen(play->temporary, "we");
	err = to == NULL ? failed("open", play->temporary)
			 : copy_stream(from, to, play->temporary);
	if (to != NULL && fclose(to) != 0 && err == VT_OK)
		err = failed("write", play->temporary);
	(void)fclose(from); /* it was only read */
	return err;
}

/* ---- the kept log -------------------------------------------------------- */

/*
 * Takes one generation out of the file and makes it the copy's log. *frames
 * is 0 at the end of the file, or at something that is no generation.
 */
static enum vt_err
take_generation(
    const struct play *play, FILE *from, uint32_t *salt, int64_t *frames)
{
	unsigned char header[WAL_HEADER_BYTES], *frame;
	size_t bytes, n = 0;
	enum vt_err err = VT_OK;
	FILE *to;

	*frames = 0;
	if (fread(header, 1, sizeof(header), from) != sizeof(header) ||
	    !wal_header_valid(header))
		return VT_OK;
	*salt = wal_number(header + WAL_SALTS);
	bytes = (size_t)wal_frame_bytes(header);
	frame = malloc(bytes);
	to = fopen(play->wal, "we");
	if (frame == NULL)
		abort();
	if (to == NULL || fwrite(header, 1, sizeof(header), to) == 0)
		err = failed("write", play->wal);
	while (err == VT_OK && (n = fread(frame, 1, bytes, from)) == bytes &&
	    (wal_number(frame) & ~UINT32_C(1)) != WAL_MAGIC) {
		if (fwrite(frame, 1, bytes, to) != bytes)
			err = failed("write", play->wal);
		(*frames)++;
	}
	/* What was read too much begins the next one, or was cut short. */
	if (err == VT_OK && n > 0 && fseeko(from, -(off_t)n, SEEK_CUR) != 0)
		err = failed("seek", play->wal);
	if (to != NULL && fclose(to) != 0 && err == VT_OK)
		err = failed("write", play->wal);
	free(frame);
	return err;
}

static bool
follows(const struct play *play, uint32_t salt)
{
	return !play->begun || salt == play->salt || salt == play->salt + 1;
}

/* Opening recovers the log, closing copies it into the file. */
static enum vt_err
play_generation(const struct play *play)
{
	struct query q;
	struct db *db;
	enum vt_err err;

	err = db_open(play->temporary, DB_PRIVATE, &db);
	if (err != VT_OK)
		return err;
	err = db_row(&q, db, "SELECT count(*) FROM sqlite_schema");
	db_done(&q);
	db_close(db);
	return err;
}

static enum vt_err
play_open(struct play *play, FILE *f)
{
	int64_t frames;
	uint32_t salt;
	enum vt_err err;

	for (;;) {
		err = take_generation(play, f, &salt, &frames);
		if (err != VT_OK || frames == 0)
			break;
		if (!follows(play, salt)) {
			play->done->log_left = true;
			break;
		}
		err = play_generation(play);
		if (err != VT_OK)
			break;
		play->begun = true;
		play->salt = salt;
		play->done->generations++;
		play->done->frames += frames;
	}
	(void)unlink(play->wal); /* one that was not played */
	return err;
}

static enum vt_err
play_file(struct play *play, const char *path)
{
	FILE *f = fopen(path, "re");
	enum vt_err err;

	if (f == NULL)
		return errno == ENOENT ? VT_OK : failed("open", path);
	err = play_open(play, f);
	(void)fclose(f); /* it was only read */
	return err;
}

static bool
is_log(const char *name)
{
	size_t n = strlen(name);

	return strncmp(name, "vantage-", 8) == 0 && n > strlen(LOG_END) &&
	    strcmp(name + n - strlen(LOG_END), LOG_END) == 0;
}

/* The logs that were begun after this one, in order. */
static enum vt_err
play_newer(struct play *play, const char *own)
{
	char dir[BACKUP_PATH_BYTES], path[BACKUP_PATH_BYTES + 300];
	const char *name = strrchr(own, '/');
	struct dirent **names = NULL;
	enum vt_err err = VT_OK;
	int count;

	(void)snprintf(dir, sizeof(dir), "%.*s",
	    name == NULL ? 1 : (int)(name - own), name == NULL ? "." : own);
	name = name == NULL ? own : name + 1;
	count = scandir(dir, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (err == VT_OK && !play->done->log_left &&
		    is_log(names[i]->d_name) &&
		    strcmp(names[i]->d_name, name) > 0) {
			(void)snprintf(
			    path, sizeof(path), "%s/%s", dir, names[i]->d_name);
			err = play_file(play, path);
		}
		free(names[i]);
	}
	free(names);
	return err;
}

static enum vt_err
play_logs(struct play *play, enum effort effort)
{
	char own[BACKUP_PATH_BYTES];
	enum vt_err err;

	play->begun = false;
	play->done->generations = play->done->frames = 0;
	if (effort == PLAY_NONE || !backup_log_path(play->done->from, own))
		return VT_OK;
	err = play_file(play, own);
	/* Without its own log nothing says where the others begin. */
	if (err == VT_OK && play->begun && effort == PLAY_ALL)
		err = play_newer(play, own);
	return err;
}

/* ---- the whole ----------------------------------------------------------- */

static enum vt_err
refuse_existing(const char *to, struct vt_problem *p)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[BACKUP_PATH_BYTES + 8];

	for (size_t i = 0; i < countof(ends); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", to, ends[i]);
		if (access(name, F_OK) == 0)
			return vt_problem(p, VT_CONFLICT, "file_exists", NULL,
			    "There is a database already, or its log or "
			    "index; nothing is overwritten.");
	}
	return VT_OK;
}

static enum vt_err
find_backup(const struct restore_options *o, struct restore_done *out,
    struct vt_problem *p)
{
	enum vt_err err = VT_OK;
	struct stat st;

	if (strlen(o->from) >= BACKUP_PATH_BYTES ||
	    strlen(o->to) >= BACKUP_PATH_BYTES)
		return vt_problem(p, VT_INVALID, "path_too_long", NULL,
		    "A path is too long.");
	if (stat(o->from, &st) != 0)
		err = VT_NOTFOUND;
	else if (S_ISDIR(st.st_mode))
		err = backup_newest(o->from, out->from);
	else
		(void)snprintf(out->from, sizeof(out->from), "%s", o->from);
	return err == VT_NOTFOUND ? vt_problem(p, err, "no_backup", NULL,
					"There is no backup %s.", o->from)
				  : err;
}

static enum vt_err
amend(const struct play *play)
{
	struct db *db;
	enum vt_err err;

	if (play->o->amend == NULL)
		return VT_OK;
	err = db_open(play->temporary, DB_PRIVATE, &db);
	if (err != VT_OK)
		return err;
	err = db_begin(db);
	if (err == VT_OK)
		err = play->o->amend(db, play->o->arg);
	if (err == VT_OK)
		err = db_commit(db);
	else
		db_rollback(db);
	db_close(db);
	return err;
}

/* One try: what comes out of it is in order, or VT_CONFLICT. */
static enum vt_err
build(struct play *play, enum effort effort, struct vt_problem *p)
{
	enum vt_err err;

	err = copy_backup(play);
	if (err == VT_OK)
		err = play_logs(play, effort);
	if (err == VT_OK)
		err = backup_check(
		    play->temporary, play->o->prove, play->o->arg, p);
	if (err == VT_OK || effort == PLAY_NONE || err == VT_SYS)
		return err;
	LOG(LOG_WARN, "restore.log_does_not_fit",
	    LOG_I("generations", play->done->generations));
	play->done->log_left = true;
	return VT_CONFLICT;
}

static enum vt_err
finish(const struct play *play)
{
	int fd = open(play->temporary, O_RDONLY | O_CLOEXEC);
	enum vt_err err = VT_OK;

	if (fd < 0)
		return failed("open", play->temporary);
	if (fsync(fd) != 0)
		err = failed("sync", play->temporary);
	(void)close(fd); /* synced, or the failure was told */
	/* Unlike rename(), this refuses when somebody was quicker. */
	if (err == VT_OK && link(play->temporary, play->o->to) != 0)
		err = failed("name", play->o->to);
	return err;
}

enum vt_err
restore_run(const struct restore_options *o, struct restore_done *out,
    struct vt_problem *p)
{
	struct play play = { .o = o, .done = out };
	enum vt_err err;

	memset(out, 0, sizeof(*out));
	err = find_backup(o, out, p);
	if (err == VT_OK)
		err = refuse_existing(o->to, p);
	if (err != VT_OK)
		return err;
	(void)snprintf(
	    play.temporary, sizeof(play.temporary), "%s.unfinished", o->to);
	(void)snprintf(play.wal, sizeof(play.wal), "%s-wal", play.temporary);
	err = build(&play, PLAY_ALL, p);
	if (err == VT_CONFLICT)
		err = build(&play, PLAY_OWN, p);
	if (err == VT_CONFLICT)
		err = build(&play, PLAY_NONE, p);
	if (err == VT_OK)
		err = amend(&play);
	if (err == VT_OK)
		err = finish(&play);
	remove_unfinished(&play); /* what was named has its own name now */
	return err;
}
