/* The INI as the user wrote it: sections and keys with their places. inih does the reading, through our own line reader, since by
 * itself it gives no line numbers and drops or changes text in silence: a line over 198 bytes arrives as two, names are cut at 49
 * bytes, " ;" and NUL cut a value, an indented line repeats the key above, ":" separates too, an empty or repeated section
 * cannot be seen. Each of these is refused with its cure, and whatever inih is compiled to do, a value that it hands over is
 * compared with the raw line.
 * config/ calls. */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include "config/diag.h"

/* A line longer than this is not read by a plain inih, so only texts, which may have 200 bytes, are longer (config.c). */
#define INI_LINE_MAX 198

struct ini_key {
	struct ini_key *next; /* of its section, in the order of the file; NULL at the end */
	const char *name;
	const char *value; /* blanks around it are gone; never empty */
	size_t value_len;
	struct place name_at, value_at;
};

struct ini_section {
	const char *kind;                /* "port" */
	const char *name;                /* "web"; "" none */
	struct place at;                 /* from bracket to bracket */
	bool bad;                        /* its header was reported: what is in it means nothing */
	bool empty;                      /* no line at all in it, not even a wrong one */
	bool broken;                     /* a line in it was reported: a missing key may be that line */
	struct ini_key *keys, *last_key; /* NULL: none */
};

struct ini {
	struct arena *
		arena; /* of sections and keys; their texts are in that of the diagnostics, since the configuration keeps them */
	VEC_OF(struct ini_section) sections;
};

/* Appends the sections of one file. Faults go to d; what could be read is read. `bytes` must outlive the result. */
void lines_read(struct ini *ini, const char *file, uint32_t file_no, const char *bytes, size_t len, struct diags *d);

/* The ASCII character that the full-width one at p stands for, 0 if it is none: what a Chinese keyboard types in its place. */
char lines_full_width(const char *p, size_t len);

#endif
