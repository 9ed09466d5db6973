/* vantage explain: how a transaction came to be, in words. See vantage(1). */
#include <stdio.h>
#include <stdlib.h>

#include "billing/explain.h"
#include "vantage.h"

static int
run(int argc, char **argv)
{
	struct explain x = { .uses = 20 };
	struct vt_problem p = { 0 };
	struct explanation e;
	const char *const *words;
	enum vt_err err;
	size_t count;

	if (argc != 2)
		return command_usage(&command_explain);
	x.transaction = argv[1];
	x.arena = arena_new();
	err = command_read(explain, &x, &e, &p);
	if (err == VT_OK) {
		words = explain_words(x.arena, &e, &count);
		for (size_t i = 0; i < count; i++)
			(void)printf("%s\n", words[i]);
	}
	arena_free(x.arena);
	return err == VT_OK ? EXIT_SUCCESS : command_failed(err, &p);
}

const struct command command_explain = {
	.name = "explain",
	.arguments = "TRANSACTION",
	.purpose = "how a transaction came to be, and what became of it",
	.run = run,
};
