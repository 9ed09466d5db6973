/*
 * replay_main: a driver's main where there is no libFuzzer. It plays every
 * seed of the driver, each also cut short at every length and with bytes
 * changed at random (the same ones every time), so that `make check` tries
 * some ten thousand inputs. The folder is the argument, else
 * $srcdir/tests/fuzz/seeds/NAME for the program fuzz_NAME.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

#define SEED_BYTES_MAX (1 << 20)
#define CUTS_MAX 512  /* lengths to which a seed is cut */
#define MUTATIONS 256 /* changed copies of each seed */
#define CHANGES_MAX 4 /* bytes changed in each */

static uint64_t state = 88172645463325252u;

/* Marsaglia's xorshift: enough to choose bytes, the same everywhere. */
static size_t
below(size_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % bound);
}

/* In memory of its own, so that a sanitizer sees one byte too far. */
static void
play(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, bytes);
	(void)LLVMFuzzerTestOneInput(copy, bytes);
	free(copy);
}

static void
play_variants(uint8_t *data, size_t bytes)
{
	size_t step = bytes / CUTS_MAX + 1;

	play(data, bytes);
	for (size_t n = 0; n < bytes; n += step)
		play(data, n);
	for (int i = 0; bytes > 0 && i < MUTATIONS; i++) {
		uint8_t *copy = malloc(bytes);

		if (copy == NULL)
			abort();
		memcpy(copy, data, bytes);
		for (size_t k = below(CHANGES_MAX) + 1; k > 0; k--)
			copy[below(bytes)] = (uint8_t)below(256);
		play(copy, bytes);
		free(copy);
	}
}

static void
play_file(const char *dir, const char *name)
{
	static uint8_t data[SEED_BYTES_MAX];
	char path[4096];
	size_t bytes;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	bytes = fread(data, 1, sizeof(data), f);
	(void)fclose(f);
	play_variants(data, bytes);
}

static int
no_dot(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The seeds of the program that calls itself this. */
static void
seed_folder(const char *argv0, char *out, size_t out_bytes)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv0, '/');

	name = name == NULL ? argv0 : name + 1;
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	(void)snprintf(out, out_bytes, "%s/tests/fuzz/seeds/%s",
	    srcdir == NULL ? "." : srcdir, name);
}

int
main(int argc, char **argv)
{
	char dir[2048];
	struct dirent **list;
	int n;

	if (argc > 1)
		(void)snprintf(dir, sizeof(dir), "%s", argv[1]);
	else
		seed_folder(argv[0], dir, sizeof(dir));
	n = scandir(dir, &list, no_dot, alphasort);
	if (n <= 0) {
		fprintf(stderr, "%s: no seeds\n", dir);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < n; i++) {
		play_file(dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	printf("%d passed, 0 failed\n", n);
	return EXIT_SUCCESS;
}
