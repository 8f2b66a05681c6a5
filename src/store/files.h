/* The database as files: who owns them, who may read them.
 * Root's command line and the timer's user share one database, so what root makes gets the owner of its folder.
 * store/ alone. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "util/err.h"

/* Returns -1 with "no database yet" and the cure. */
int files_missing(const char *path, struct err *err);
/* Is there a regular file that we may access so (R_OK, W_OK)? */
int files_check(const char *path, int access_mode, struct err *err);
/* Makes folder (0750, owned by user portflow if there is one) and file (0640, of the folder's owner) where they are missing. */
int files_make(const char *path, struct err *err);
/* The folder of a path: malloc'ed, "." if it has none. */
char *files_folder(const char *path);

#endif
