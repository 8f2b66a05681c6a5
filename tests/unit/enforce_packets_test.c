/* What the wanted rules drop, and the class that they name: random packets through random tables with limits, quotas, blocks, expiry and
 * bursts, at the moment that the table was made and at random ones after it, against what the configuration and the policies say of each.
 * make check-unit runs it. */
#include "packet_help.h"

#include "model/desired_enforce.h"

#define NOW ((int64_t)1795600000) /* 2026-11-25 */

/* Appends limits and quotas to a random configuration: after each section's header, since all keys belong to the section above them. */
static const char *limited_config(struct arena *a, uint64_t *seed)
{
	static const char *const billing[] = { "out", "in", "both", "max", "relay" };
	static const char *const cycles[] = { "month", "day", "week", "never" };
	const char *plain = random_config(a, seed), *text = "", *kinds[3] = { "", "", "" };
	static const char *const kind_names[3] = { "[port ", "[address ", "[interface " };

	for (const char *line = plain; *line; line += strcspn(line, "\n") + 1) {
		int len = (int)strcspn(line, "\n"), name = (int)strcspn(line, "]") - (int)strcspn(line, " ") - 1;

		text = arena_printf(a, "%s%.*s\n", text, len, line);
		for (int k = 0; k < 3; k++) {
			if (strncmp(line, kind_names[k], strlen(kind_names[k])) != 0)
				continue;
			kinds[k] = arena_printf(
				a, "%s%s%.*s", kinds[k], *kinds[k] ? ", " : "", name, line + strlen(kind_names[k]));
			if (next_random(seed) % 3 == 0)
				text = arena_printf(a, "%slimit = 8mbit\n", text);
			else if (next_random(seed) % 3 == 0)
				text = arena_printf(
					a, "%slimit_%s = 8mbit\n", text, next_random(seed) % 2 ? "in" : "out");
			if (next_random(seed) % 3 == 0 && k < 2)
				text = arena_printf(
					a, "%sexpires = 2026-%s\n", text, next_random(seed) % 2 ? "11-20" : "11-26");
			if (next_random(seed) % 3 == 0)
				text = arena_printf(a, "%sburst_rate = 8mbit\nburst_limit = 1mbit\n", text);
			if (next_random(seed) % 2)
				text = arena_printf(a,
					"%squota = 1GB\nbilling = %s\nquota_cycle = %s\nquota_action = %s\n", text,
					billing[next_random(seed) % 5], cycles[next_random(seed) % 4],
					next_random(seed) % 2 ? "block" : "throttle 1mbit");
		}
	}
	for (int k = 0; k < 3; k++)
		for (int i = 0; *kinds[k] && i < 2; i++)
			if (next_random(seed) % 2)
				text = arena_printf(a,
					"%s[quota q%d%d]\nentries = %s\nquota = 2GB\nbilling = %s\nquota_cycle = %s\nquota_action = %s\n",
					text, k, i, kinds[k], billing[next_random(seed) % 5],
					cycles[next_random(seed) % 4],
					next_random(seed) % 2 ? "block" : "throttle 2mbit");
	return text;
}

static const struct entry *subject_at(const struct config *c, size_t i)
{
	return i < c->entries.n ? &c->entries.at[i] : &c->quotas.at[i - c->entries.n];
}

static struct policy *random_policies(struct arena *a, const struct config *c, uint64_t *seed)
{
	struct policy *p = arena_array(a, c->entries.n + c->quotas.n + 1, sizeof *p);

	for (size_t i = 0; i < c->entries.n + c->quotas.n; i++) {
		const struct entry *e = subject_at(c, i);
		struct cycle_span span = calendar_cycle(&e->cycle, NOW);

		p[i].limit = p[i].quota = p[i].left[0] = p[i].full[0] = 1000;
		p[i].state.cycle_start = span.start;
		p[i].state.cycle_end = span.end;
		if (next_random(seed) % 4 == 0)
			p[i].state.burst_until = NOW + (int64_t)(next_random(seed) % 3600);
		if (policy_quota_acts(e) && next_random(seed) % 3 == 0)
			p[i].state.quota = e->quota_action.kind == ACTION_BLOCK ? QUOTA_BLOCKED : QUOTA_THROTTLED;
	}
	return p;
}

static uint64_t over_mask;

/* By a hash of its name: each object has its own fate in a round. */
static bool over(const char *object)
{
	uint64_t h = over_mask;

	for (; *object; object++)
		h = (h ^ (uint64_t)(unsigned char)*object) * 0x100000001b3U;
	return h >> 60 < 4;
}

/* -- the oracle -- */

struct expected {
	struct arena *arena;
	const struct enforcement *enforcement;
	struct exchanges *known;
	const struct limit_way *ways; /* NULL: all are policed */
	VEC_OF(const char *) used;    /* objects, in no order */
	uint32_t priority;
	uint32_t turn; /* of the packet, to be charged again */
	bool dropped;
};

static void use(struct expected *x, const char *name, bool *ret_over)
{
	*vec_push(x->arena, &x->used) = name;
	*ret_over = over(name);
}

static void meet_limit(struct expected *x, const char *kind, const char *name, enum direction d)
{
	bool full;

	use(x, arena_printf(x->arena, "%s_%s.%s", kind, name, d == DIR_IN ? "in" : "out"), &full);
	x->dropped |= full;
}

static bool covers(const struct config *c, size_t subject, size_t entry)
{
	if (subject < c->entries.n)
		return subject == entry;
	for (size_t i = 0; i < subject_at(c, subject)->member_at.n; i++)
		if (subject_at(c, subject)->member_at.at[i] == entry)
			return true;
	return false;
}

static bool bills(enum billing b, enum direction d)
{
	return b == BILLING_OUT ? d == DIR_OUT : b == BILLING_IN ? d == DIR_IN : true;
}

static bool passes_always(const struct config *c, const struct packet *p)
{
	bool ours = p->type == RTN_LOCAL || in_prefixes(&c->settings.own, p);
	bool dhcp[2] = { false, false };
	static const uint16_t ports[] = { 67, 68, 546, 547 };

	for (int i = 0; i < 4; i++) {
		dhcp[0] |= p->port == ports[i];
		dhcp[1] |= p->remote == ports[i];
	}
	return p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6 ||
		(p->protocol == IPPROTO_UDP && dhcp[0] && dhcp[1]) ||
		(ours &&
			((p->protocol == IPPROTO_TCP && p->port == 22) ||
				(p->protocol == IPPROTO_UDP && p->port == 443)));
}

#define SENDER 998
#define RESOLVER 991

/* What was noted of packets that were told of before: to whom, from which port to which. */
struct exchange {
	uint8_t peer[16];
	uint16_t remote, port;
	uint8_t family;
};
struct exchanges {
	VEC_OF(struct exchange) of;
};

static bool same_exchange(const struct exchange *x, const struct packet *p)
{
	return x->family == p->family && memcmp(x->peer, p->peer, 16) == 0 && x->remote == p->remote &&
		x->port == p->port;
}

/* Of who sends messages or resolves names for them, or an answer. looked_at: it passes a device whose packets meet the rules. */
static bool of_messages(
	struct arena *a, const struct enforcement *e, const struct packet *p, bool looked_at, struct exchanges *known)
{
	struct exchange x = { .remote = p->remote, .port = p->port, .family = p->family };
	bool passes = false;

	if (p->dir == DIR_OUT)
		passes = (e->sender && p->user == e->sender) ||
			(e->resolver && p->user == e->resolver && (p->remote == 53 || p->remote == 853));
	for (size_t i = 0; p->dir == DIR_IN && i < known->of.n; i++)
		passes |= same_exchange(&known->of.at[i], p);
	memcpy(x.peer, p->peer, sizeof x.peer);
	if (passes && p->dir == DIR_OUT && looked_at)
		*vec_push(a, &known->of) = x;
	return passes;
}

static bool guarded(const struct expected *x, size_t entry, const struct packet *p)
{
	const struct limit_way *w = x->ways ? &x->ways[limit_way_at(entry, p->dir)] : NULL;

	return w && w->shaped && !w->policed && p->protocol != IPPROTO_TCP;
}

/* Its port entry's, else its address entry's; what passes whatever is configured goes past the class of a whole device, too. */
static uint32_t class_of(
	const struct expected *x, const struct config *c, const struct packet *p, const bool *hit, bool looked_at)
{
	uint32_t class[ENTRY_KINDS] = { 0 };
	bool total = false;

	if (!x->ways || p->dir == DIR_IN)
		return 0;
	for (size_t i = 0; i < c->entries.n; i++) {
		const struct limit_way *w = &x->ways[limit_way_at(i, DIR_OUT)];

		total |= w->shaped && !w->classed;
		if (hit && hit[i] && w->classed)
			class[c->entries.at[i].kind] = 0x70660000U + (uint32_t)i + 7;
	}
	if (!hit)
		return total && looked_at ? 0x70660000U : 0;
	return class[ENTRY_PORT] ? class[ENTRY_PORT] : class[ENTRY_ADDRESS];
}

/* One stage for the entries that the packet belongs to. */
static void stage(struct expected *x, const struct config *c, const struct policy *p, const struct packet *packet,
	const bool *hit, int number, int64_t now_ms)
{
	enum direction d = packet->dir;

	for (size_t i = 0; i < c->entries.n && !x->dropped; i++) {
		const struct entry *e = &c->entries.at[i];
		const struct entry *lowest = NULL;
		bool holds = false;

		if (!hit[i])
			continue;
		if (number == 0 && e->expires.present && policy_expiry(e) * 1000 <= now_ms)
			x->dropped = true;
		if (number == 1 && e->limit[d].present && (!x->ways || x->ways[limit_way_at(i, d)].policed))
			meet_limit(x, "l", e->name, d);
		if (number == 1 && !x->dropped && guarded(x, i, packet))
			meet_limit(x, "g", e->name, d);
		if (number == 1 && !x->dropped && e->burst.rate.present && p[i].state.burst_until * 1000 > now_ms)
			meet_limit(x, "b", e->name, d);
		for (size_t s = 0; s < c->entries.n + c->quotas.n && !x->dropped; s++) {
			const struct entry *q = subject_at(c, s);
			bool runs = p[s].state.cycle_end * 1000 > now_ms, blocks = q->quota_action.kind == ACTION_BLOCK;
			bool full;

			if (!policy_quota_acts(q) || !covers(c, s, i))
				continue;
			if (number == 0 && p[s].state.quota == QUOTA_BLOCKED && runs)
				x->dropped = true;
			/* of the direction that is not billed: one element, as the run chose it, until that quota's cycle ends */
			if (number == 1 && p[s].state.quota == QUOTA_THROTTLED && !bills(q->billing, d) &&
				(!lowest || q->quota_action.bps < lowest->quota_action.bps)) {
				lowest = q;
				holds = runs;
			}
			if (number != (blocks ? 3 : 2) || !bills(q->billing, d))
				continue;
			use(x,
				arena_printf(x->arena, "q_%s%s%s", q->name,
					q->billing != BILLING_MAX ? ""
						: d == DIR_IN     ? ".in"
								  : ".out",
					runs ? "" : ".next"),
				&full);
			if (full && blocks)
				x->dropped = true;
			else if (full)
				meet_limit(x, "t", q->name, d);
		}
		if (lowest && holds && !x->dropped)
			meet_limit(x, "t", lowest->name, d);
	}
	for (size_t i = 0; i < c->entries.n && number == 1 && !x->dropped && x->turn == 0; i++)
		if (hit[i] && guarded(x, i, packet) && packet->length <= 400)
			meet_limit(x, "g", c->entries.at[i].name, d);
}

/* Is it of TCP and joined of many, and its turn to be charged again? */
static bool charged_again(const struct watch *w, const struct packet *packet, uint32_t turn)
{
	const struct watched *x = watch_find(w, packet->device);

	return turn == 0 && packet->protocol == IPPROTO_TCP && x && x->present && packet->length > x->mtu;
}

/* Devices of [interface] entries that are not listed have their own pass before the rest, with all its stages. */
static void expect(struct expected *x, const struct config *c, const struct watch *w, const struct policy *p,
	const struct packet *packet, int64_t now_ms)
{
	const int stages = charged_again(w, packet, x->turn) ? 6 : 4;
	bool listed = false, *hit = arena_array(x->arena, c->entries.n + 1, sizeof *hit);
	bool *device = arena_array(x->arena, c->entries.n + 1, sizeof *device);
	bool apart = w->others.n > 0;

	for (size_t i = 0; i < w->devices.n; i++)
		listed |= strcmp(w->devices.at[i].name, packet->device) == 0;
	for (size_t i = 0; i < c->entries.n; i++)
		for (size_t k = 0; k < c->entries.at[i].devices.n; k++)
			apart |= watch_find(w, c->entries.at[i].devices.at[k]) == NULL;
	if (passes_always(c, packet) || of_messages(x->arena, x->enforcement, packet, listed || apart, x->known)) {
		x->priority = class_of(x, c, packet, NULL, listed || apart);
		return;
	}
	for (size_t i = 0; i < c->entries.n; i++) {
		hit[i] = counts(c, &c->entries.at[i], packet, listed);
		device[i] = hit[i] && c->entries.at[i].kind == ENTRY_INTERFACE;
	}
	x->priority = class_of(x, c, packet, hit, true);
	for (int s = 0; s < stages && apart; s++)
		stage(x, c, p, packet, device, s < 4 ? s : s - 2, now_ms);
	for (size_t i = 0; i < c->entries.n && apart; i++)
		hit[i] &= !device[i];
	for (int s = 0; s < stages; s++)
		stage(x, c, p, packet, hit, s < 4 ? s : s - 2, now_ms);
}

static bool among(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool is_counter(const struct ruleset *r, const char *name)
{
	for (size_t i = 0; i < r->objects.n; i++)
		if (r->objects.at[i].kind == OBJECT_COUNTER && strcmp(r->objects.at[i].name, name) == 0)
			return true;
	return false;
}

/* A packet that passes uses exactly the objects expected of it; one that is dropped, none that is not. */
static void check_packet(struct arena *a, const struct config *c, const struct watch *w, const struct desired *d,
	const struct enforcement *e, const struct packet *p, int64_t later_ms, uint32_t turn, struct notes *notes,
	struct exchanges *known)
{
	struct run x = { .arena = a,
		.r = &d->ruleset,
		.p = p,
		.turn = turn,
		.later_ms = (uint64_t)later_ms,
		.over = over,
		.notes = notes };
	struct expected want = {
		.arena = a, .enforcement = e, .known = known, .ways = e->ways, .turn = e->no_turns ? 1 : turn
	};
	size_t used = 0;

	run_packet(&x);
	expect(&want, c, w, e->policies, p, NOW * 1000 + later_ms);
	if (x.dropped != want.dropped)
		fail_msg("%s %s v%u port %u proto %u type %u, %lld ms later: %s", p->dir == DIR_IN ? "in" : "out",
			p->device, p->family, p->port, p->protocol, p->type, (long long)later_ms,
			want.dropped ? "passes, but should not" : "is dropped, but should pass");
	for (size_t i = 0; i < x.hits.n; i++) {
		if (is_counter(&d->ruleset, x.hits.at[i])) {
			assert_false(x.dropped);
			continue;
		}
		used++;
		if (!x.dropped && !among(x.hits.at[i], want.used.at, want.used.n))
			fail_msg("port %u uses %s", p->port, x.hits.at[i]);
	}
	if (x.dropped)
		return;
	assert_int_equal(used, want.used.n);
	if (x.priority != want.priority)
		fail_msg("%s port %u proto %u: class %x, wanted %x", p->device, p->port, p->protocol, x.priority,
			want.priority);
}

/* As on a machine with such devices, some of which have somebody's root qdisc. */
static void random_ways(
	struct arena *a, const struct config *c, const struct watch *w, uint64_t *seed, struct enforcement *e)
{
	struct limit_facts f = { .watch = w, .htb = true };
	uint32_t *minors = arena_array(a, c->entries.n + 1, sizeof *minors);

	for (size_t i = 0; i < w->devices.n + w->others.n; i++) {
		const struct watched *x = i < w->devices.n ? &w->devices.at[i] : &w->others.at[i - w->devices.n];
		struct shape_device *d = x->present ? vec_push(a, &f.out) : NULL;

		if (d) {
			d->ifindex = x->ifindex;
			d->root = next_random(seed) % 6 ? SHAPE_ROOT_DEFAULT : SHAPE_ROOT_FOREIGN;
		}
	}
	for (size_t i = 0; i < c->entries.n; i++)
		minors[i] = (uint32_t)i + 7;
	e->minors = minors;
	e->ways = limit_ways(a, c, &f);
}

static void packets(void **state)
{
	static const struct open_port open[] = { { PROTO_TCP, 22 }, { PROTO_UDP, 443 } };
	uint64_t seed = 0x13198a2e03707344U;

	(void)state;
	for (int round = 0; round < 300; round++) {
		cleanup_arena struct arena a = { 0 };
		const struct config *c = config_of(&a, limited_config(&a, &seed));
		struct watch w = watch_of(&a, random_devices(&a, &seed));
		struct policy *policies = random_policies(&a, c, &seed);
		struct enforcement e = { .policies = policies,
			.open = open,
			.n_open = 2,
			.joins = next_random(&seed) % 2,
			.now_ms = NOW * 1000 };
		struct desired d;
		struct notes notes = { 0 };
		struct exchanges known = { 0 };
		struct packet before = { .dir = DIR_IN };

		e.no_turns = next_random(&seed) % 4 == 0;
		e.sender = next_random(&seed) % 4 ? SENDER : 0;
		e.resolver = e.sender && next_random(&seed) % 2 ? RESOLVER : 0;
		over_mask = next_random(&seed);
		if (next_random(&seed) % 4)
			random_ways(&a, c, &w, &seed, &e);
		desired_build(&a, c, &w, &e, &d);
		for (int i = 0; i < 200; i++) {
			static const uint64_t spans[] = { 1, 1000, 3600000, 86400000, (uint64_t)40 * 86400000 };
			struct packet p = random_packet(c, &seed);
			int64_t later = (int64_t)(next_random(&seed) % spans[next_random(&seed) % 5]);

			p.remote = (uint16_t)(next_random(&seed) % 8 ? next_random(&seed) : 67);
			if (next_random(&seed) % 16 == 0)
				p.port = next_random(&seed) % 2 ? 22 : 68;
			if (p.dir == DIR_OUT && next_random(&seed) % 2)
				p.user = next_random(&seed) % 2 ? SENDER : next_random(&seed) % 2 ? RESOLVER : 1000;
			if (p.user && next_random(&seed) % 2)
				p.remote = next_random(&seed) % 2 ? 53 : 853;
			if (p.dir == DIR_IN && before.dir == DIR_OUT &&
				next_random(&seed) % 2) { /* an answer, or nearly one */
				p.family = before.family;
				p.port = before.port;
				p.remote = before.remote;
				memcpy(p.address, before.address, sizeof p.address);
				memcpy(p.peer, before.peer, sizeof p.peer);
				if (next_random(&seed) % 4 == 0)
					p.peer[3] ^= 3;
				if (next_random(&seed) % 4 == 0)
					p.port ^= 1;
			}
			check_packet(&a, c, &w, &d, &e, &p, later, next_random(&seed) % 2, &notes, &known);
			before = p;
		}
	}
}

/* A run changes elements, not rules: the same chains whatever the policies are. */
static void rules_stay(void **state)
{
	uint64_t seed = 0x082efa98ec4e6c89U;

	(void)state;
	for (int round = 0; round < 100; round++) {
		cleanup_arena struct arena a = { 0 };
		const struct config *c = config_of(&a, limited_config(&a, &seed));
		struct watch w = watch_of(&a, "eth0:1500");
		struct enforcement e = { .policies = random_policies(&a, c, &seed), .now_ms = NOW * 1000 };
		struct enforcement f = { .policies = random_policies(&a, c, &seed),
			.now_ms = (NOW + (int64_t)90 * 86400) * 1000 };
		struct desired x, y;

		desired_build(&a, c, &w, &e, &x);
		desired_build(&a, c, &w, &f, &y);
		assert_int_equal(x.ruleset.chains.n, y.ruleset.chains.n);
		assert_int_equal(x.ruleset.sets.n, y.ruleset.sets.n);
		assert_int_equal(x.ruleset.objects.n, y.ruleset.objects.n);
		for (size_t i = 0; i < x.ruleset.chains.n; i++)
			for (size_t r = 0; r < x.ruleset.chains.at[i].rules.n; r++)
				assert_true(rule_equal(
					&x.ruleset.chains.at[i].rules.at[r], &y.ruleset.chains.at[i].rules.at[r]));
	}
}

/* What nothing is limited by has no chain for it: counting costs what it cost. */
static void nothing_to_enforce(void **state)
{
	cleanup_arena struct arena a = { 0 };
	const struct config *c = config_of(&a, "[port web]\nports = 80\nquota = 1GB\n");
	struct watch w = watch_of(&a, "eth0:1500");
	struct policy policies[2] = { 0 };
	struct enforcement e = { .policies = policies, .now_ms = NOW * 1000 };
	struct desired d;

	(void)state;
	desired_build(&a, c, &w, &e, &d);
	assert_null(ruleset_chain(&d.ruleset, "enforce_in"));
	assert_null(ruleset_chain(&d.ruleset, "enforce_out"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(rules_stay),
		cmocka_unit_test(nothing_to_enforce),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
