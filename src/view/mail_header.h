/* Text for the headers of a mail: what is not plain ASCII becomes encoded words (RFC 2047), long ones are folded, and no text can
 * begin another header.
 * notify/ calls. */
#ifndef VIEW_MAIL_HEADER_H
#define VIEW_MAIL_HEADER_H

#include "util/str.h"

/* Appends "NAME: text" without a line end, folded (CRLF and a space) so that no line is longer than 78 bytes where that can be.
 * Any bytes: control characters become spaces, what is not UTF-8 becomes U+FFFD. */
void mail_header_text(struct str *out, const char *name, const char *text);

/* "NAME: words <address>", or the address alone where words is NULL or "". The address must be one: see util/mail_address.h. */
void mail_header_address(struct str *out, const char *name, const char *words, const char *address);

#endif
