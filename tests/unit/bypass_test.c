/* Tables for model/bypass.c: which flowtables matter, and every word that is said of those that do.
 * The kernel that runs the tests may have no flowtable; what one does to the hooks was measured on others.
 * `make check-unit` runs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/bypass.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define HEAD "flowtable f of table inet filter carries forwarded packets of "
#define PAST " past the hooks: nearly all of them are missing in "
#define DNAT "; and what destination NAT publishes (docker, podman), in "

static void add_names(struct arena *a, struct name_list *to, const char *names)
{
	for (const char *p = names; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " "))
		*vec_push(a, to) = arena_strndup(a, p, strcspn(p, " "));
}

/* "p:web" a port entry, "a:" an address, "i:lan=eth1" an interface entry on eth1, "i:all" one on the listed devices */
static void add_entries(struct arena *a, struct config *c, const char *entries)
{
	struct name_list words = { 0 };

	add_names(a, &words, entries);
	for (size_t i = 0; i < words.n; i++) {
		const char *w = words.at[i], *device = strchr(w, '=');
		struct entry *e = vec_push(a, &c->entries);

		e->kind = *w == 'p' ? ENTRY_PORT : *w == 'a' ? ENTRY_ADDRESS : ENTRY_INTERFACE;
		e->name = arena_strndup(a, w + 2, strcspn(w, "=") - 2);
		if (device)
			add_names(a, &e->devices, device + 1);
	}
}

static void watch_listed(struct arena *a, struct watch *w, const char *devices)
{
	struct name_list names = { 0 };

	add_names(a, &names, devices);
	for (size_t i = 0; i < names.n; i++) {
		struct watched *d = vec_push(a, &w->devices);
		memcpy(d->name, names.at[i], strnlen(names.at[i], DEVICE_NAME_MAX));
	}
}

static void judged(void **state)
{
	static const struct {
		const char *name, *listed, *entries, *devices;
		bool hardware;
		const char *want; /* NULL: nothing is said */
	} cases[] = {
		{ "no entry: the sums", "eth0", "", "eth0 eth1", false, HEAD "eth0, eth1" PAST "forwarded, the total" },
		{ "not ours", "eth0", "p:web i:all", "eth1 eth2", false, NULL },
		{ "no devices", "eth0", "p:web", "", false, NULL },
		{ "nothing watched", "", "p:web", "eth0", false, NULL },
		{ "a name that begins alike", "eth0", "p:web", "eth00 eth", false, NULL },
		{ "ports and addresses: what is published", "eth0", "p:web a:mail", "eth0", false,
			HEAD "eth0" PAST "forwarded, the total" DNAT "web, mail" },
		{ "an interface entry on the list", "eth0 eth1", "i:all", "eth1", false,
			HEAD "eth1" PAST "forwarded, the total, all" },
		{ "an interface entry on its own device", "eth0", "i:lan=eth1 p:web", "eth1", false,
			HEAD "eth1" PAST "lan" },
		{ "an interface entry elsewhere", "eth0", "i:lan=eth1", "eth0", false,
			HEAD "eth0" PAST "forwarded, the total" },
		{ "many", "eth0", "p:a p:b p:c p:d p:e p:f p:g i:h i:i i:j i:k", "eth0", false,
			HEAD "eth0" PAST "forwarded, the total, h, i, j and 1 more" DNAT "a, b, c, d, e and 2 more" },
		{ "in the card", "eth0", "", "eth0", true,
			HEAD
			"eth0 past the hooks, in the card itself: nearly all of them are missing in forwarded, the total" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct arena a = { 0 };
		struct config c = { 0 };
		struct watch w = { 0 };
		struct flowtable f = { .table = "inet filter", .name = "f", .hardware = cases[i].hardware };
		struct bypass b = { .text = NULL };

		add_entries(&a, &c, cases[i].entries);
		watch_listed(&a, &w, cases[i].listed);
		add_names(&a, &f.devices, cases[i].devices);
		bool said = bypass_judge(&a, &c, &w, &f, &b);
		if (said != (cases[i].want != NULL) || (said && strcmp(b.text, cases[i].want) != 0))
			fail_msg("%s: got \"%s\"", cases[i].name, said ? b.text : "nothing");
		if (said)
			assert_string_equal(b.cure,
				"take the devices out of `flowtable f` of table inet filter, and delete its `flow add` rules");
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(judged) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
