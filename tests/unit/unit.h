/*
 * unit: what every check program's main shares.
 *
 * The last line is plain, "N passed, N failed", so that the one who adds up
 * all suites need not know check's own words.
 */
#ifndef VT_TESTS_UNIT_H
#define VT_TESTS_UNIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static inline int
unit_run(Suite *s)
{
	SRunner *r = srunner_create(s);
	int run, failed;

	srunner_run_all(r, CK_ENV);
	run = srunner_ntests_run(r);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	printf("%d passed, %d failed\n", run - failed, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Adds each test of a NULL-ended list to a new case of the suite. */
static inline TCase *
unit_case(Suite *s, const char *name, const TTest *const *tests)
{
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 120);
	for (; *tests != NULL; tests++)
		tcase_add_test(c, *tests);
	suite_add_tcase(s, c);
	return c;
}

#endif
