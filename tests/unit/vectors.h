/*
 * vectors: known answers of others, from tests/vectors. A file's first line
 * names its source, every other is "name value".
 */
#ifndef VT_TESTS_VECTORS_H
#define VT_TESTS_VECTORS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of this name; freed by the caller. */
static inline char *
vector_get(const char *file, const char *name)
{
	char path[4096], *line = NULL, *value = NULL;
	size_t cap = 0, n = strlen(name);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, file);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	while (value == NULL && getline(&line, &cap, f) > 0)
		if (strncmp(line, name, n) == 0 && line[n] == ' ') {
			line[strcspn(line, "\n")] = '\0';
			value = strdup(line + n + 1);
		}
	ck_assert_msg(value != NULL, "%s: %s", file, name);
	ck_assert_int_eq(fclose(f), 0);
	free(line);
	return value;
}

#endif
