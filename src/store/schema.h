/* The schema's numbered files, which the build puts into the program: file N brings a database of version N - 1 to N.
 * A new one: src/store/schema/NNN.sql, one line in schema.c, one more in SCHEMA_VERSION.
 * store/ alone. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#define SCHEMA_VERSION 5
#define SCHEMA_APPLICATION 0x50464c57 /* "PFLW" in the header of the file: `file` shows it */

/* version: 1 to SCHEMA_VERSION. */
const char *schema_text(int version);

#endif
