/* A text held against a file of tests/golden/view; UPDATE_GOLDEN=1 in the environment writes the file anew, and a person
 * reads the difference.
 * Unit tests of view/ include, after cmocka.h. */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void golden(const char *name, const char *text)
{
	char path[256], want[65536];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "tests/golden/view/%s", name);
	if (getenv("UPDATE_GOLDEN")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
		assert_int_equal(fclose(f), 0);
		return;
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(want, 1, sizeof want - 1, f);
	fclose(f);
	want[n] = '\0';
	if (strcmp(want, text) != 0)
		fail_msg("%s differs. Now it is:\n%s", path, text);
}

#endif
