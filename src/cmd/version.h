/* The version, said once: --version, man pages and the database's records take it from here.
 * Changed by a release, with CHANGELOG.md.
 * main.c, docgen.c and the commands include. */
#ifndef CMD_VERSION_H
#define CMD_VERSION_H

#define PORTFLOW_VERSION "0.1.0"

#endif
