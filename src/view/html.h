/* Text inside HTML: the five characters that mean something are written as entities, what is no character as U+FFFD.
 * Good for elements and for attributes in quotes.
 * view/ and notify/ include. */
#ifndef VIEW_HTML_H
#define VIEW_HTML_H

#include "util/str.h"

void html_put(struct str *out, const char *text, size_t len);

#endif
