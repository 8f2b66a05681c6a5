/* The INI files, from the disk to a configuration: the one file, then those of portflow.d beside it in the order of their names.
 * What is not a plain file, is too large, or may be written by everybody is refused.
 * run/ and cmd/ call. */
#ifndef RUN_FILES_H
#define RUN_FILES_H

#include "config/config.h"
#include "run/app.h"
#include "util/err.h"

/* app->config_path and what is beside it ("-": standard input alone); bytes in a. A path of -c brings its portflow.d only when
 * the file is called portflow.ini. ERR_CONFIG with the cure; ERR_PERM when it may not be read. */
int files_load(const struct app *app, struct arena *a, struct config_sources *ret, struct err *err);

/* Where the database is, whatever else is wrong with the files; the default's where they cannot be read. In a. */
const char *files_database(const struct app *app, struct arena *a);

/* What config_find_secrets finds in the files, unless these may be half written. */
void files_find_secrets(struct app *app, struct config *io);

/* Loads and parses; what is wrong goes to stderr, and err (ERR_CONFIG) then says how many errors there were. ret_files, NULL if
 * nobody asks: the youngest file's time, and what the bytes were. In app's arena. */
struct files_state {
	int64_t mtime; /* Unix seconds */
	uint64_t hash; /* config_sources_hash */
};
int run_config(struct app *app, struct config **ret, struct files_state *ret_files, struct err *err);
/* The same for a timer, which nobody asked to come now: files that have errors and are young may be half written: ERR_BUSY then, and no
 * word of what is wrong. */
int run_config_of_timer(struct app *app, struct config **ret, struct files_state *ret_files, struct err *err);
/* Written so lately, by their time, that whoever writes them may not be through. */
bool files_young(const struct app *app, int64_t mtime);

/* Prints diagnostics; -1 and err when there are errors among them. */
int run_diagnostics(const struct app *app, const struct diags *d, struct err *err);

#endif
