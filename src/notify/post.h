/* What most services have in common: JSON that is posted to a url, texts in it, signatures.
 * Texts are made by message.h; a secret goes into a request and nowhere else.
 * notify/ alone. */
#ifndef NOTIFY_POST_H
#define NOTIFY_POST_H

#include "notify/notifier.h"
#include "view/json.h"

/* A POST of JSON to url, by the target's proxy and CA; url NULL: "". The bytes are not copied. */
struct request post_bytes(struct arena *a, const struct target *t, const char *url, struct request_bytes body);
/* The same of a copy of *body. */
struct request post_json(struct arena *a, const struct target *t, const char *url, const struct str *body);

/* "key": the message as `how` says. */
void post_text(struct json *j, const char *key, const struct message *m, const struct markup *how);

/* HMAC-SHA256 in base64, in hexadecimal. */
const char *post_sign(struct arena *a, const char *key, const char *text);
const char *post_sign_hex(struct arena *a, const char *key, struct request_bytes bytes);

/* Text as one part of a url: everything but letters, digits and -._~ by percent. */
const char *post_part(struct arena *a, const char *text);

/* The url without slashes at its end. */
const char *post_base(struct arena *a, const char *url);

/* Texts that are shown as they are: cleaned, without bold. most: UTF-16 units, as in struct markup. */
struct markup post_plain(size_t most);

#define POST_CEILING ((size_t)2 << 20)

#endif
