/* The version, said once: --version, man pages and the database's records take it from here.
 * Changed by a release, with CHANGELOG.md.
 * main.c and net/ include. */
#ifndef UTIL_VERSION_H
#define UTIL_VERSION_H

#define PORTFLOW_VERSION "0.1.0"

#endif
