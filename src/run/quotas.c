/* The kernel's quotas beside the figures: read around the counters, compared with what is decided, and brought up to the moment of the
 * commit. A run may take seconds between the counters and step 10, and packets pass all the while.
 * run/ only. */
#include "model/carry.h"
#include "model/desired_enforce.h"
#include "run/pass.h"
#include "util/hash.h"

static int read_quotas(struct pass *p, struct quota_read *ret, struct err *err)
{
	*ret = (struct quota_read){ 0 };
	if (nft_read_quotas(p->talk, &p->app->arena, &ret->list, err) < 0)
		return -1;
	hash_map_init(&ret->at, &p->app->arena, ret->list.of.n);
	for (size_t i = 0; i < ret->list.of.n; i++)
		hash_map_add(&ret->at, ret->list.of.at[i].name, (uint32_t)i);
	return 0;
}

static const struct quota_value *find(const struct quota_read *r, const char *object)
{
	const uint32_t *at = r->list.of.n ? hash_map_get(&r->at, object) : NULL;

	return at ? &r->list.of.at[*at] : NULL;
}

static bool any_acts(const struct pass *p)
{
	for (size_t i = 0; i < pass_subjects(p); i++)
		if (policy_quota_acts(pass_subject(p, i)))
			return true;
	return false;
}

int pass_read_quotas(struct pass *p, struct quota_read *ret, struct err *err)
{
	*ret = (struct quota_read){ 0 };
	return any_acts(p) ? read_quotas(p, ret, err) : 0;
}

const struct quota_value *pass_kernel_quota(const struct pass *p, const char *object)
{
	return find(&p->quotas_after, object);
}

static uint64_t left_of(const struct quota_value *q)
{
	return q->used < q->limit ? q->limit - q->used : 0;
}

/* What an object has seen since the counters were read; nothing is known of one that was not there then. */
static struct carry seen(const struct pass *p, const struct quota_value *now)
{
	const struct quota_value *before = now ? find(&p->quotas_before, now->name) : NULL;
	const struct quota_value *after = now ? find(&p->quotas_after, now->name) : NULL;

	if (!after || after->handle != now->handle)
		return (struct carry){ 0, 0 };
	return carry_seen(before && before->handle == now->handle ? before->used : after->used, after->used, now->used);
}

bool pass_quota_off(struct pass *p, const struct entry *e, const struct policy *is)
{
	for (enum direction d = 0; d < DIRS; d++)
		for (int next = 0; next < 2; next++) {
			const char *object = enforce_quota_object(&p->app->arena, e, d, next);
			const struct quota_value *q = object ? pass_kernel_quota(p, object) : NULL;
			uint64_t left = (next ? is->full : is->left)[e->billing == BILLING_MAX ? d : 0];
			uint64_t quota = next ? is->quota : is->limit;

			if (!object || (next && e->cycle.unit == CYCLE_NEVER))
				continue;
			if (!q || !diff_quota_right(quota, carry_left(quota, left, left_of(q), seen(p, q)), left_of(q)))
				return true;
		}
	return false;
}

/* Did the cycle turn since the run before? Then the kernel is still in the next one's quota (policies.c). */
static bool turned(const struct pass *p, size_t subject)
{
	const struct policy_state *was = pass_stored_state(p, subject), *is = &p->policies[subject].state;

	return was->cycle_start != was->cycle_end && was->cycle_end <= p->app->now &&
		is->cycle_start != was->cycle_start;
}

/* Of the cycle that runs from now on. Where it turned the next one's quota has seen its packets until now, and begins anew. */
static void carry_object(struct pass *p, const struct quota_read *now, size_t subject, enum direction d, bool next,
	struct ruleset_object *want)
{
	const bool is_turned = turned(p, subject);
	const char *by = enforce_quota_object(&p->app->arena, pass_subject(p, subject), d, next || is_turned);
	const struct quota_value *own = find(now, want->name);
	struct carry c = next && is_turned ? (struct carry){ 0, 0 } : seen(p, find(now, by));
	uint64_t left = want->bytes < want->limit ? want->limit - want->bytes : 0;

	want->bytes = want->limit - carry_left(want->limit, left, own ? left_of(own) : 0, c);
}

/* Both directions share one, but of billing max. */
static bool own_object(enum billing billing, enum direction d)
{
	return policy_bills(billing, d) && (d == DIR_IN || billing == BILLING_MAX || !policy_bills(billing, DIR_IN));
}

static void index_quotas(struct pass *p, const struct ruleset *r, struct hash_map *ret_at)
{
	hash_map_init(ret_at, &p->app->arena, 0);
	for (size_t i = 0; i < r->objects.n; i++)
		if (r->objects.at[i].kind == OBJECT_QUOTA)
			hash_map_add(ret_at, r->objects.at[i].name, (uint32_t)i);
}

int pass_carry(struct pass *p, struct err *err)
{
	struct ruleset *want = &p->want.ruleset;
	struct quota_read now;
	struct hash_map at;

	if (!any_acts(p))
		return 0;
	if (read_quotas(p, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < p->have.objects.n; i++) {
		struct ruleset_object *o = &p->have.objects.at[i];
		const struct quota_value *q = o->kind == OBJECT_QUOTA ? find(&now, o->name) : NULL;

		if (q && q->handle == o->handle)
			o->bytes = q->used;
	}
	index_quotas(p, want, &at);
	for (size_t i = 0; i < pass_subjects(p); i++)
		for (enum direction d = 0; policy_quota_acts(pass_subject(p, i)) && d < DIRS; d++) {
			if (!own_object(pass_subject(p, i)->billing, d))
				continue;
			for (int next = 0; next < 2; next++) {
				const uint32_t *o = hash_map_get(
					&at, enforce_quota_object(&p->app->arena, pass_subject(p, i), d, next));

				if (o)
					carry_object(p, &now, i, d, next, &want->objects.at[*o]);
			}
		}
	return 0;
}
