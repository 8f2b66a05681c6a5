/* webhook: the message as JSON, posted to a url of the user's; signed when there is a secret.
 * X-Portflow-Signature: sha256=HEX is the HMAC of the body, as GitHub and others do it; Idempotency-Key is the same at each try.
 * notify/notifier.c has it in its table. */
#include "notify/payload.h"
#include "notify/post.h"

static void build(struct arena *a, const struct target *t, const struct letter *l, struct request *ret_request)
{
	const struct request_bytes body = payload_json(a, l);
	struct request q = post_bytes(a, t, t->url.value, body);

	*vec_push(a, &q.headers) = arena_printf(a, "Idempotency-Key: %s", l->key);
	if (t->secret.value)
		*vec_push(a, &q.headers) = arena_printf(
			a, "X-Portflow-Signature: sha256=%s", post_sign_hex(a, t->secret.value, q.body));
	*ret_request = q;
}

const struct notifier notifier_webhook = { .type = "webhook", .build = build };
