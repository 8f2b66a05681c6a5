/* status --json: version 1, docs/schema/status.schema.json. Fields may be added, none renamed or removed.
 * Bytes and packets are integers, times RFC 3339, rates bit/s; null is "not known", never 0.
 * status calls, through status.h. */
#include <string.h>

#include "model/billing.h"
#include "view/json.h"
#include "view/status.h"
#include "view/trial.h"
#include "view/words.h"

static void put_direction(struct json *j, const char *key, const struct figures *f, enum direction d)
{
	json_key(j, key);
	json_open_object(j);
	json_key(j, "bytes");
	json_put_u64(j, f->bytes[d]);
	json_key(j, "packets");
	json_put_u64(j, f->packets[d]);
	json_key(j, "raw_bytes");
	json_put_u64(j, f->raw_bytes[d]);
	json_key(j, "raw_packets");
	json_put_u64(j, f->raw_packets[d]);
	json_close_object(j);
}

static void put_directions(struct json *j, const struct figures *f)
{
	put_direction(j, "in", f, DIR_IN);
	put_direction(j, "out", f, DIR_OUT);
}

static void put_figures(struct json *j, const char *key, const struct figures *f)
{
	json_key(j, key);
	json_open_object(j);
	put_directions(j, f);
	json_close_object(j);
}

static void put_lists(struct json *j, const struct entry *e)
{
	static const struct entry none;
	char prefix[PREFIX_TEXT], port[PORT_TEXT];
	const char *word;

	if (!e)
		e = &none;
	json_key(j, "ports");
	json_open_array(j);
	for (size_t i = 0; i < e->ports.n; i++)
		json_put_text(j, port_text(e->ports.at[i], port));
	json_close_array(j);
	json_key(j, "protocols");
	json_open_array(j);
	for (size_t i = 0; (word = protocol_word(e->protocols, i)); i++)
		json_put_text(j, word);
	json_close_array(j);
	json_key(j, "addresses");
	json_open_array(j);
	for (size_t i = 0; i < e->addresses.n; i++)
		json_put_text(j, prefix_text(&e->addresses.at[i], prefix));
	json_close_array(j);
	json_key(j, "interfaces");
	json_open_array(j);
	for (size_t i = 0; i < e->devices.n; i++)
		json_put_text(j, e->devices.at[i]);
	json_close_array(j);
}

static void put_moment(struct json *j, const char *key, const char *zone, int64_t t, bool known)
{
	json_key(j, key);
	if (known)
		json_put_time(j, zone, t);
	else
		json_put_null(j);
}

static void put_cycle(struct json *j, const struct status_row *r)
{
	json_key(j, "cycle");
	json_open_object(j);
	put_moment(j, "start", r->cycle_zone, r->cycle.start, r->counted && r->cycle.start != CALENDAR_MIN);
	put_moment(j, "end", r->cycle_zone, r->cycle.end, r->counted && r->cycle.end != CALENDAR_MAX);
	json_key(j, "bytes");
	json_put_u64(j, r->cycle_bytes);
	json_close_object(j);
}

static void put_rate(struct json *j, const struct status_row *r)
{
	json_key(j, "rate_bps");
	if (!r->has_rate) {
		json_put_null(j);
		return;
	}
	json_open_object(j);
	json_key(j, "in");
	json_put_u64(j, r->rate_bps[DIR_IN]);
	json_key(j, "out");
	json_put_u64(j, r->rate_bps[DIR_OUT]);
	json_close_object(j);
}

static void put_quota(struct json *j, const struct status_quota *q)
{
	static const char *const states[] = { "ok", "warned", "throttled", "blocked" };
	static const char *const actions[] = { "alert", "throttle", "block" };

	json_open_object(j);
	json_key(j, "name");
	json_put_text(j, q->subject->name);
	json_key(j, "limit");
	json_put_u64(j, q->limit);
	json_key(j, "used");
	json_put_u64(j, q->used);
	json_key(j, "percent");
	json_put_tenths(j, q->permille);
	json_key(j, "action");
	json_put_text(j, actions[q->subject->quota_action.kind]);
	json_key(j, "state");
	json_put_text(j, states[q->state]);
	put_moment(j, "resets", q->subject->cycle.timezone, q->cycle.end, q->cycle.end < CALENDAR_MAX);
	json_key(j, "forecast");
	if (q->has_forecast)
		json_put_u64(j, q->forecast);
	else
		json_put_null(j);
	json_close_object(j);
}

static void put_quotas(struct json *j, const struct status *s, const struct status_row *r)
{
	json_key(j, "quotas");
	json_open_array(j);
	for (size_t i = 0; i < r->quotas.n; i++)
		put_quota(j, &s->quotas.at[r->quotas.at[i]]);
	json_close_array(j);
}

static void put_limit(struct json *j, const struct status_row *r)
{
	static const char *const rates[DIRS] = { "in", "out" }, *const methods[DIRS] = { "method_in", "method_out" };
	const struct standing_rate *why = &r->standing.of[standing_main(&r->standing)];

	json_key(j, "limit");
	json_open_object(j);
	for (enum direction d = 0; d < DIRS; d++) {
		json_key(j, rates[d]);
		if (r->standing.of[d].by)
			json_put_u64(j, r->standing.of[d].bps);
		else
			json_put_null(j);
	}
	for (enum direction d = 0; d < DIRS; d++) {
		json_key(j, methods[d]);
		json_put_text_or_null(j, r->method[d]);
	}
	json_key(j, "reason");
	json_put_text_or_null(j, standing_word(why->why));
	put_moment(
		j, "until", why->by ? why->by->cycle.timezone : "", why->until, why->by && why->until < CALENDAR_MAX);
	json_close_object(j);
}

static void put_entry(struct json *j, const struct status *s, const struct status_row *r)
{
	json_open_object(j);
	json_key(j, "name");
	json_put_text(j, r->name);
	json_key(j, "kind");
	json_put_text(j, kind_word(r->kind));
	json_key(j, "remark");
	json_put_text(j, r->entry ? r->entry->remark : "");
	put_lists(j, r->entry);
	json_key(j, "billing");
	json_put_text(j, billing_name(r->billing));
	put_directions(j, &r->figures[STATUS_EVER]);
	put_cycle(j, r);
	put_rate(j, r);
	put_quotas(j, s, r);
	put_limit(j, r);
	json_close_object(j);
}

static void put_kernel(struct json *j, const struct status *s)
{
	json_key(j, "applied");
	if (s->kernel.looked)
		json_put_bool(j, !s->kernel.edited);
	else
		json_put_null(j);
	json_key(j, "kernel");
	json_open_object(j);
	json_key(j, "differs");
	if (s->kernel.known || s->kernel.differs)
		json_put_bool(j, s->kernel.differs);
	else
		json_put_null(j);
	json_key(j, "pending");
	if (s->kernel.known)
		json_put_u64(j, s->kernel.pending);
	else
		json_put_null(j);
	json_close_object(j);
}

static void put_rests(struct json *j, const struct status *s)
{
	const bool address_only = status_has(s, ENTRY_ADDRESS) && !status_has(s, ENTRY_PORT);
	struct figures rest = status_rest(s, address_only ? ENTRY_ADDRESS : ENTRY_PORT, STATUS_EVER);

	put_figures(j, "rest", &rest);
	json_key(j, "rest_by_kind");
	json_open_object(j);
	for (enum entry_kind kind = ENTRY_PORT; kind <= ENTRY_ADDRESS; kind++)
		if (status_has(s, kind)) {
			rest = status_rest(s, kind, STATUS_EVER);
			put_figures(j, kind_word(kind), &rest);
		}
	json_close_object(j);
}

/* Is one of its quotas asked for? */
static bool shares(const struct status *s, const struct status_look *look, const struct status_row *r)
{
	for (size_t i = 0; i < r->quotas.n; i++)
		for (size_t k = 0; k < look->n_names; k++)
			if (strcmp(s->quotas.at[r->quotas.at[i]].subject->name, look->names[k]) == 0)
				return true;
	return false;
}

void status_json(const struct status *s, const struct status_look *look, struct str *out)
{
	struct json j = JSON_INTO(out);

	json_open_object(&j);
	json_key(&j, "version");
	json_put_u64(&j, 1);
	json_key(&j, "time");
	json_put_time(&j, s->zone, s->now);
	json_key(&j, "node");
	json_put_text(&j, s->node);
	json_key(&j, "live");
	json_put_bool(&j, s->source == STATUS_LIVE);
	put_moment(&j, "sampled", s->zone, s->sampled, s->sampled != 0);
	put_kernel(&j, s);
	json_key(&j, "interfaces");
	json_open_array(&j);
	for (size_t i = 0; i < s->interfaces.n; i++)
		json_put_text(&j, s->interfaces.at[i]);
	json_close_array(&j);
	json_key(&j, "entries");
	json_open_array(&j);
	for (size_t i = 0; i < s->rows.n; i++)
		if (status_asked(look, &s->rows.at[i]) || shares(s, look, &s->rows.at[i]))
			put_entry(&j, s, &s->rows.at[i]);
	json_close_array(&j);
	put_figures(&j, "forwarded", &s->forwarded.figures[STATUS_EVER]);
	put_rests(&j, s);
	put_figures(&j, "total", &s->total.figures[STATUS_EVER]);
	trial_json(&j, s->zone, s->trial);
	json_close_object(&j);
	json_end(&j);
}
