/* Base64 of RFC 4648 section 4, with its padding.
 * Headers of mails are written in it, and logins of SMTP are looked for in it.
 * Anybody may call. */
#ifndef UTIL_BASE64_H
#define UTIL_BASE64_H

#include "util/str.h"

void base64_put(struct str *out, const void *bytes, size_t len);

#endif
