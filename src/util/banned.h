/* Calls that nobody makes here: they overflow, keep static buffers, or run a shell. Forced into every file by -include.
 * The poison comes after the system headers that declare them.
 * The build includes this; nobody else. */
#ifndef UTIL_BANNED_H
#define UTIL_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* clang's _FORTIFY_SOURCE makes macros of these. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strtok atoi atol atoll
#pragma GCC poison gmtime localtime ctime asctime system popen

#endif
