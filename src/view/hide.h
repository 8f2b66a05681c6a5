/* What others said, without the secrets of the request that they may repeat: url, headers, password, proxy.
 * Servers print the path they did not find, and the path of a webhook is its password.
 * net/ calls. */
#ifndef VIEW_HIDE_H
#define VIEW_HIDE_H

#include "model/request.h"
#include "util/str.h"

/* Appends text; every part of url behind the host, every login in it and in proxy, every value of a header and the password come
 * out as "(hidden)", also percent-encoded, and the password in base64 as SMTP sends it. Parts shorter than HIDE_LEAST are words, not secrets; a password counts from HIDE_PASSWORD_LEAST. */
#define HIDE_LEAST 8
#define HIDE_PASSWORD_LEAST 4
void hide_secrets(struct str *out, const struct request *q, const char *text, size_t len);

#endif
