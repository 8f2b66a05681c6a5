/* Errors as values: made where errno is fresh, wrapped with context on the way up, printed in main.c only.
 * The struct lives on the caller's stack, so the failing path allocates nothing.
 * Anybody may call. */
#ifndef UTIL_ERR_H
#define UTIL_ERR_H

#include <stdarg.h>

/* main.c maps kinds to exit codes: 1, 64, 75, 77, 78. */
enum err_kind {
	ERR_NONE,
	ERR_FAIL,
	ERR_USAGE,
	ERR_BUSY,   /* somebody else holds it: try later */
	ERR_PERM,   /* a privilege is missing */
	ERR_CONFIG, /* the INI is wrong; diagnostics were reported already */
	ERR_STALE,  /* the kernel moved under a plan: plan anew; never leaves run/ */
};

struct err {
	enum err_kind kind;
	int errnum; /* errno of the cause, 0 if none */
	char text[768];
};

/* Sets e and returns -1, so that `return err_set(...)` is the failing path. Too long a text is cut. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same with ": " and the text of errnum behind it. EPERM and EACCES make the kind ERR_PERM when ERR_FAIL was asked. */
int err_sys(struct err *e, enum err_kind kind, int errnum, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the text; returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* It sees one file at a time and must be told. */
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_sys(...) (err_sys(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#endif

#endif
