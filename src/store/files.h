/* The database as files: who owns them, who may read them.
 * Root's command line and the timer's user share one database, so what root makes gets the owner of its folder.
 * store/ alone. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <stdbool.h>

#include "util/arena.h"
#include "util/err.h"

/* Returns -1 with "no database yet" and the cure. */
int files_missing(const char *path, struct err *err);
/* Is there a regular file that we may access so (R_OK, W_OK)? */
int files_check(const char *path, int access_mode, struct err *err);
/* Makes folder (0750, owned by user portflow if there is one) and file (0640, of the folder's owner) where they are missing. */
int files_make(const char *path, struct err *err);
/* The folder alone. */
int files_make_folder(const char *path, struct err *err);

/* Are both names of one file? */
bool files_same(const char *a, const char *b);
/* Do two regular files hold the same bytes? */
bool files_equal(const char *a, const char *b);
/* Makes an empty file (0600) beside `path`, which may be anything but a folder or a device; its name in a, or NULL. */
char *files_temp(struct arena *a, const char *path, struct err *err);
/* Copies the bytes of the database `from`, and of its WAL, over the file `to` and its WAL. */
int files_copy(const char *from, const char *to, struct arena *a, struct err *err);
/* Gives a file the owner and mode of the one that it will replace; if there is none, the folder's owner and 0640. */
int files_own_like(const char *path, const char *model, struct err *err);
/* Makes what was written to `from` last, and then the file at `to`. */
int files_rename(const char *from, const char *to, struct err *err);

#endif
