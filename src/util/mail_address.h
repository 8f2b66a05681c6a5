/* Addresses of mail, as far as this program takes them.
 * Narrower than RFC 5321: what nobody uses could only be an attempt at a header or another recipient.
 * Anybody may call. */
#ifndef UTIL_MAIL_ADDRESS_H
#define UTIL_MAIL_ADDRESS_H

#include <stdbool.h>

/* LOCAL@DOMAIN of ASCII letters, digits and what is usual there, no quotes, no brackets, no control character, at most 254. */
bool mail_address_valid(const char *address);

#endif
