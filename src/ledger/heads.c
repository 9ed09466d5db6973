/* heads: see heads.h. */
#include "ledger/heads.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/files.h"

#define NAME_START "head-"
#define NAME_END ".txt"
#define UNFINISHED "unfinished" /* only keeper writes here */
#define FILE_BYTES_MAX 2048	/* a head has some 500 */
#define FILE_MODE 0444		/* nothing in it is secret */
#define SENTENCE_BYTES 640

const char *
heads_folder(struct arena *a)
{
	const char *folder = config_get("VANTAGE_HEADS_DIR", NULL);
	const char *state = config_get("VANTAGE_STATE", NULL);

	if (folder != NULL || state == NULL)
		return folder;
	return arena_printf(a, "%s/heads", state);
}

static bool
join(char out[static FILES_PATH_BYTES], const char *folder, const char *name)
{
	int n = snprintf(out, FILES_PATH_BYTES, "%s/%s", folder, name);

	return n > 0 && n < FILES_PATH_BYTES;
}

enum vt_err
heads_write(
    const char *folder, const struct ed25519_key *k, const struct chain_head *h)
{
	char temporary[FILES_PATH_BYTES], path[FILES_PATH_BYTES];
	char signature[ED25519_SIGNATURE_BYTES], id[CLOCK_TEXT_BYTES];
	struct arena *a = arena_new();
	const char *text = chain_head_text(a, h), *file, *name;
	enum vt_err err = VT_INVALID;

	ed25519_sign(k, text, strlen(text), signature);
	file = signed_file(a, text, signature);
	clock_format_id(h->at_ms, id);
	/* Twelve digits sort a million million movements. */
	name = arena_printf(
	    a, "%s%012" PRId64 "-%s%s", NAME_START, h->movement, id, NAME_END);
	if (join(temporary, folder, UNFINISHED) && join(path, folder, name))
		err = files_write_new(
		    temporary, path, FILE_MODE, file, strlen(file));
	arena_free(a);
	return err;
}

/* ---- reading ------------------------------------------------------------- */

static int
is_head(const struct dirent *e)
{
	size_t n = strlen(e->d_name), end = strlen(NAME_END);

	return strncmp(e->d_name, NAME_START, strlen(NAME_START)) == 0 &&
	    n > end && strcmp(e->d_name + n - end, NAME_END) == 0;
}

static void
names_free(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static bool
read_head(const char *folder, const char *name, struct chain_head *out)
{
	char path[FILES_PATH_BYTES], file[FILE_BYTES_MAX];
	struct arena *a = arena_new();
	struct signed_text s;
	size_t bytes;
	bool good;

	good = join(path, folder, name) &&
	    files_read(path, file, sizeof(file), &bytes) == VT_OK &&
	    strlen(file) == bytes && signed_file_parse(a, file, &s) == VT_OK &&
	    chain_head_parse(s.text, out) == VT_OK &&
	    ed25519_verify(out->key, s.text, strlen(s.text), s.signature);
	arena_free(a);
	return good;
}

enum vt_err
heads_list(struct arena *a, const char *folder, const struct head_file **out,
    size_t *count)
{
	struct dirent **names = NULL;
	struct head_file *files;
	int n = scandir(folder, &names, is_head, alphasort);

	if (n < 0)
		return VT_NOTFOUND;
	files = arena_array(a, (size_t)n + 1, sizeof(*files));
	for (int i = 0; i < n; i++) {
		files[i].name = arena_strdup(a, names[i]->d_name);
		files[i].good =
		    read_head(folder, names[i]->d_name, &files[i].head);
	}
	names_free(names, n);
	*out = files;
	*count = (size_t)n;
	return VT_OK;
}

enum vt_err
heads_newest(const char *folder, struct head_file *out)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_head, alphasort);

	memset(out, 0, sizeof(*out));
	if (n > 0)
		out->good = read_head(folder, names[n - 1]->d_name, &out->head);
	if (n >= 0)
		names_free(names, n);
	return n > 0 ? VT_OK : VT_NOTFOUND;
}

/* ---- against the chain --------------------------------------------------- */

static const char *const fit_codes[] = {
	[CHAIN_OTHER_INSTANCE] = "head.instance",
	[CHAIN_SHORTER] = "head.missing",
	[CHAIN_CHANGED] = "head.changed",
	[CHAIN_DEBTS_SHORTER] = "head.missing",
	[CHAIN_DEBTS_CHANGED] = "head.changed",
};

static void
tell(struct heads_check *c, const char *code, const char *name,
    const char *sentence)
{
	char whole[SENTENCE_BYTES];

	c->faults++;
	/* A sentence that is cut still names the file. */
	(void)snprintf(whole, sizeof(whole), "The head %s: %s", name, sentence);
	c->fault(code, whole, c->arg);
}

static enum vt_err
check_file(struct db *db, struct heads_check *c, const struct head_file *f)
{
	char sentence[CHAIN_FIT_BYTES];
	enum chain_fit fit;
	enum vt_err err;

	if (!f->good) {
		tell(c, "head.signature", f->name,
		    "Its signature does not fit what it says.");
		return VT_OK;
	}
	if (!c->trusted(db, f->head.key, c->arg)) {
		tell(c, "head.key", f->name,
		    "It was signed by a key that is not known here.");
		return VT_OK;
	}
	err = chain_head_compare(db, &f->head, &fit, sentence);
	if (err == VT_OK && fit != CHAIN_FITS)
		tell(c, fit_codes[fit], f->name, sentence);
	return err;
}

enum vt_err
heads_verify(struct db *db, struct heads_check *c)
{
	enum vt_err err = VT_OK;

	c->faults = 0;
	for (size_t i = 0; i < c->count && err == VT_OK; i++)
		err = check_file(db, c, &c->files[i]);
	return err;
}
