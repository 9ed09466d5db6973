/* backup: see backup.h; the kept log is in kept_log.c. */
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/files.h"
#include "base/log.h"

#define NAME_START "vantage-"
#define DB_END ".db"
#define LOG_END ".wal"

struct backup {
	struct db *source;
	char path[BACKUP_PATH_BYTES];
	char temporary[BACKUP_PATH_BYTES + 16];
};

/* ---- names --------------------------------------------------------------- */

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static bool
is_ours(const char *name)
{
	return strncmp(name, NAME_START, strlen(NAME_START)) == 0 &&
	    ends_with(name, DB_END);
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum vt_err
backup_path(const char *to, int64_t now_ms, char out[static BACKUP_PATH_BYTES],
    struct vt_problem *p)
{
	char id[CLOCK_TEXT_BYTES];
	int n;

	clock_format_id(now_ms, id);
	if (is_folder(to))
		n = snprintf(out, BACKUP_PATH_BYTES, "%s/%s%s%s", to,
		    NAME_START, id, DB_END);
	else
		n = snprintf(out, BACKUP_PATH_BYTES, "%s", to);
	if (n < 0 || n >= BACKUP_PATH_BYTES)
		return vt_problem(p, VT_INVALID, "path_too_long", NULL,
		    "The path of the backup is too long.");
	if (access(out, F_OK) == 0)
		return vt_problem(p, VT_CONFLICT, "file_exists", NULL,
		    "There is a file %s already; nothing is overwritten.", out);
	return VT_OK;
}

bool
backup_log_path(const char *backup, char out[static BACKUP_PATH_BYTES])
{
	const char *slash = strrchr(backup, '/');
	size_t n = strlen(backup) - strlen(DB_END);

	if (!is_ours(slash == NULL ? backup : slash + 1) ||
	    n + sizeof(LOG_END) > BACKUP_PATH_BYTES)
		return false;
	(void)snprintf(
	    out, BACKUP_PATH_BYTES, "%.*s%s", (int)n, backup, LOG_END);
	return true;
}

/* ---- the copy ------------------------------------------------------------ */

static enum vt_err
system_failed(const char *what, const char *path)
{
	LOG(LOG_ERROR, "backup.failed", LOG_S("what", what),
	    LOG_S("path", path), LOG_S("why", strerror(errno)));
	return VT_SYS;
}

static void
end(struct backup *b)
{
	if (b->source != NULL) {
		db_read_end(b->source);
		db_close(b->source);
	}
	b->source = NULL;
}

enum vt_err
backup_begin(const char *db_path, const char *path, struct backup **out)
{
	struct backup *b = calloc(1, sizeof(*b));
	enum vt_err err;

	if (b == NULL)
		abort();
	(void)snprintf(b->path, sizeof(b->path), "%s", path);
	(void)snprintf(
	    b->temporary, sizeof(b->temporary), "%s.unfinished", path);
	err = db_open(db_path, DB_READER, &b->source);
	if (err == VT_OK)
		err = db_read_begin(b->source);
	if (err == VT_OK) {
		*out = b;
		return VT_OK;
	}
	db_close(b->source);
	free(b);
	return err;
}

/* Whoever made the temporary file before us has died with it. */
static enum vt_err
make_file(const char *path)
{
	int fd;

	(void)unlink(path); /* or there is none */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return system_failed("create", path);
	(void)close(fd); /* nothing was written */
	return VT_OK;
}

/* Nothing is written over, be somebody ever so quick. */
static enum vt_err
give_name(const char *temporary, const char *path)
{
	enum vt_err err;

	fault_point("backup.before_name");
	err = files_give_name(temporary, path);
	if (err != VT_CONFLICT)
		return err;
	errno = EEXIST;
	return system_failed("name", path);
}

static void
remove_with_log(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char name[BACKUP_PATH_BYTES + 32];

	for (size_t i = 0; i < countof(ends); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name); /* or there is none */
	}
}

enum vt_err
backup_finish(
    struct backup *b, backup_prove_fn prove, void *arg, struct vt_problem *p)
{
	enum vt_err err;

	err = make_file(b->temporary);
	if (err == VT_OK)
		err = db_copy_to(b->source, b->temporary);
	end(b);
	fault_point("backup.after_copy");
	if (err == VT_OK)
		err = backup_check(b->temporary, prove, arg, p);
	if (err == VT_OK)
		err = give_name(b->temporary, b->path);
	if (err != VT_OK)
		remove_with_log(b->temporary);
	free(b);
	return err;
}

enum vt_err
backup_make(const char *db_path, const char *path, backup_prove_fn prove,
    void *arg, struct vt_problem *p)
{
	struct backup *b;
	enum vt_err err;

	err = backup_begin(db_path, path, &b);
	return err == VT_OK ? backup_finish(b, prove, arg, p) : err;
}

/* ---- the check ----------------------------------------------------------- */

static enum vt_err
check_pages(struct db *db, struct vt_problem *p)
{
	enum vt_err err;
	struct query q;
	bool good;

	err = db_row(&q, db, "PRAGMA integrity_check(1)");
	if (err != VT_OK)
		return err;
	good = strcmp(db_text(&q, 0), "ok") == 0;
	if (!good)
		LOG(LOG_ERROR, "backup.not_whole",
		    LOG_S("why", db_text(&q, 0)));
	db_done(&q);
	if (!good)
		return vt_problem(p, VT_CONFLICT, "not_whole", NULL,
		    "The copy's pages are damaged.");
	err = db_row(&q, db, "PRAGMA foreign_key_check");
	db_done(&q);
	if (err == VT_OK)
		return vt_problem(p, VT_CONFLICT, "not_whole", NULL,
		    "The copy has rows that point at none.");
	return err == VT_NOTFOUND ? VT_OK : err;
}

enum vt_err
backup_check(
    const char *path, backup_prove_fn prove, void *arg, struct vt_problem *p)
{
	struct db *db;
	enum vt_err err;

	/* It belongs to this program alone, so its log and index are made
	 * and go again with the connection. */
	err = db_open(path, DB_PRIVATE, &db);
	if (err != VT_OK)
		return err;
	err = check_pages(db, p);
	if (err == VT_OK && prove != NULL)
		err = prove(db, arg, p);
	db_close(db);
	return err;
}

/* ---- the folder ---------------------------------------------------------- */

/* The names of backups, the oldest first; freed by the caller. */
static int
list(const char *dir, struct dirent ***out)
{
	return scandir(dir, out, NULL, alphasort);
}

static void
list_free(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

enum vt_err
backup_newest(const char *dir, char out[static BACKUP_PATH_BYTES])
{
	enum vt_err err = VT_NOTFOUND;
	struct dirent **names = NULL;
	int count = list(dir, &names), n;

	if (count < 0)
		return VT_NOTFOUND;
	for (int i = count - 1; i >= 0 && err == VT_NOTFOUND; i--) {
		if (!is_ours(names[i]->d_name))
			continue;
		n = snprintf(
		    out, BACKUP_PATH_BYTES, "%s/%s", dir, names[i]->d_name);
		if (n > 0 && n < BACKUP_PATH_BYTES)
			err = VT_OK;
	}
	list_free(names, count);
	return err;
}

static void
remove_old(const char *dir, const char *name, int64_t age_ms)
{
	char path[BACKUP_PATH_BYTES], kept[BACKUP_PATH_BYTES];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (n < 0 || n >= (int)sizeof(path) || stat(path, &st) != 0 ||
	    clock_now_ms() - (int64_t)st.st_mtime * 1000 < age_ms)
		return;
	if (unlink(path) != 0) {
		(void)system_failed("remove", path);
		return;
	}
	if (backup_log_path(path, kept))
		(void)unlink(kept); /* not each has one */
	LOG(LOG_INFO, "backup.removed", LOG_S("path", path));
}

void
backup_prune(const char *dir, int keep, int64_t age_ms)
{
	struct dirent **names = NULL;
	int count = list(dir, &names), newer = 0;

	if (count < 0)
		return; /* told when a backup is made there */
	for (int i = count - 1; i >= 0; i--)
		if (is_ours(names[i]->d_name) && newer++ >= keep)
			remove_old(dir, names[i]->d_name, age_ms);
	list_free(names, count);
}
