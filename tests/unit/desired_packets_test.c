/* What the wanted rules count: random packets through random tables count for what the configuration says of each, once.
 * The interpreter is in packet_help.h.
 * make check-unit runs it. */
#include "packet_help.h"

/* Blanks around each name. */
static const char *oracle(struct arena *a, const struct config *c, const struct watch *w, const struct packet *p)
{
	const struct watched *device = NULL;
	bool listed = false, big, total, forwarded;
	const char *text = " ";

	for (size_t i = 0; i < w->devices.n; i++)
		if (strcmp(w->devices.at[i].name, p->device) == 0) {
			device = &w->devices.at[i];
			listed = true;
		}
	for (size_t i = 0; i < w->others.n && !listed; i++)
		if (strcmp(w->others.at[i].name, p->device) == 0)
			device = &w->others.at[i];
	big = device && device->present && p->protocol == IPPROTO_TCP && p->length > device->mtu;
	total = listed && device->total;
	forwarded = total && p->type == RTN_UNICAST && !in_prefixes(&c->settings.own, p);
	for (size_t i = 0; i < c->entries.n + 2; i++) {
		const struct entry *e = i < c->entries.n ? &c->entries.at[i] : NULL;
		enum entry_kind kind = e ? e->kind : i == c->entries.n ? ENTRY_FORWARDED : ENTRY_TOTAL;

		if (e ? !counts(c, e, p, listed) : !(kind == ENTRY_TOTAL ? total : forwarded))
			continue;
		text = arena_printf(a, "%s%s ", text, desired_object(a, kind, e ? e->name : NULL, p->dir, ROLE_ALL, 0));
		if (big && !(p->type == RTN_ANYCAST && kind == ENTRY_PORT)) /* TCP does not come so */
			text = arena_printf(a, "%s%s ", text,
				desired_object(a, kind, e ? e->name : NULL, p->dir,
					p->family == 4 ? ROLE_BIG4 : ROLE_BIG6, device->mtu));
	}
	if (big && total && p->timestamps)
		text = arena_printf(a, "%sts%u.%s ", text, p->family, p->dir == DIR_IN ? "in" : "out");
	return text;
}

static void check_packet(
	struct arena *a, const struct config *c, const struct watch *w, const struct desired *d, const struct packet *p)
{
	struct run x = { .arena = a, .r = &d->ruleset, .p = p };
	const char *want = oracle(a, c, w, p);
	size_t n = 0;

	run_packet(&x);
	for (const char *s = want + 1; *s; s++)
		n += *s == ' ';
	for (size_t i = 0; i < x.hits.n; i++)
		if (!strstr(want, arena_printf(a, " %s ", x.hits.at[i])))
			fail_msg("%s of %u, type %u, port %u, %u bytes, protocol %u counts for %s, but only%s",
				p->device, p->family, p->type, p->port, p->length, p->protocol, x.hits.at[i], want);
	if (x.hits.n != n)
		fail_msg("%s of %u, type %u, port %u, %u bytes, protocol %u: %zu counters, but%s", p->device, p->family,
			p->type, p->port, p->length, p->protocol, x.hits.n, want);
}

static void packets(void **state)
{
	uint64_t seed = 0xa4093822299f31d0U;

	(void)state;
	for (int round = 0; round < 300; round++) {
		cleanup_arena struct arena a = { 0 };
		const struct config *c = config_of(&a, random_config(&a, &seed));
		struct watch w = watch_of(&a, random_devices(&a, &seed));
		struct desired d;

		desired_build(&a, c, &w, NULL, &d);
		for (int i = 0; i < 300; i++) {
			struct packet p = random_packet(c, &seed);

			check_packet(&a, c, &w, &d, &p);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
