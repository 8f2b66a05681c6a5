/* What most services have in common: see post.h.
 * libsodium signs.
 * The services of notify/ call. */
#include "notify/post.h"

#include <sodium.h>
#include <string.h>

struct request post_bytes(struct arena *a, const struct target *t, const char *url, struct request_bytes body)
{
	struct request q = { .kind = REQUEST_HTTP,
		.method = "POST",
		.url = url ? url : "",
		.proxy = t->proxy,
		.ca_file = t->ca_file,
		.body = body };

	*vec_push(a, &q.headers) = "Content-Type: application/json";
	return q;
}

struct request post_json(struct arena *a, const struct target *t, const char *url, const struct str *body)
{
	return post_bytes(a, t, url, (struct request_bytes){ arena_strndup(a, body->p, body->len), body->len });
}

void post_text(struct json *j, const char *key, const struct message *m, const struct markup *how)
{
	cleanup_str struct str text = STR_CEILING(POST_CEILING);

	message_put(m, how, &text);
	json_key(j, key);
	json_put_bytes(j, text.p ? text.p : "", text.len);
}

static void hmac(const char *key, struct request_bytes bytes, unsigned char ret_mac[crypto_auth_hmacsha256_BYTES])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key, strlen(key));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)bytes.p, bytes.len);
	crypto_auth_hmacsha256_final(&state, ret_mac);
}

const char *post_sign(struct arena *a, const char *key, const char *text)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char base64[sodium_base64_ENCODED_LEN(sizeof mac, sodium_base64_VARIANT_ORIGINAL)];

	hmac(key, (struct request_bytes){ text, strlen(text) }, mac);
	return arena_strdup(
		a, sodium_bin2base64(base64, sizeof base64, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL));
}

const char *post_sign_hex(struct arena *a, const char *key, struct request_bytes bytes)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char hex[2 * sizeof mac + 1];

	hmac(key, bytes, mac);
	return arena_strdup(a, sodium_bin2hex(hex, sizeof hex, mac, sizeof mac));
}

const char *post_part(struct arena *a, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	cleanup_str struct str out = STR_CEILING(8192);

	for (; *text; text++)
		if (strchr(plain, *text))
			str_putc(&out, *text);
		else
			str_putf(&out, "%%%02X", (unsigned)(unsigned char)*text);
	return arena_strdup(a, out.p ? out.p : "");
}

const char *post_base(struct arena *a, const char *url)
{
	size_t len = url ? strlen(url) : 0;

	while (len && url[len - 1] == '/')
		len--;
	return arena_strndup(a, url ? url : "", len);
}

struct markup post_plain(size_t most)
{
	struct markup how = markup_plain;

	how.most = most;
	return how;
}
