/* Splitting figures over time: see split.h.
 * Each boundary gets the running share, rounded down, and a piece is the difference of two: so the parts sum to the whole.
 * run/ and store/ call. */
#include "model/split.h"

#include "util/saturate.h"

void figures_add(struct figures *to, const struct figures *from)
{
	for (int d = 0; d < DIRS; d++) {
		to->bytes[d] = saturate_add(to->bytes[d], from->bytes[d]);
		to->packets[d] = saturate_add(to->packets[d], from->packets[d]);
		to->raw_bytes[d] = saturate_add(to->raw_bytes[d], from->raw_bytes[d]);
		to->raw_packets[d] = saturate_add(to->raw_packets[d], from->raw_packets[d]);
	}
}

bool figures_zero(const struct figures *f)
{
	for (int d = 0; d < DIRS; d++)
		if (f->bytes[d] || f->packets[d] || f->raw_bytes[d] || f->raw_packets[d])
			return false;
	return true;
}

/* total * part / whole, rounded down, without a 128-bit product; part <= whole, whole > 0. */
static uint64_t share(uint64_t total, uint64_t part, uint64_t whole)
{
	/* beyond 136 years of seconds the low bits matter to nobody */
	while (whole > UINT32_MAX) {
		whole >>= 1;
		part >>= 1;
	}
	return total / whole * part + total % whole * part / whole;
}

static void share_all(const struct figures *f, uint64_t part, uint64_t whole, struct figures *ret)
{
	for (int d = 0; d < DIRS; d++) {
		ret->bytes[d] = share(f->bytes[d], part, whole);
		ret->packets[d] = share(f->packets[d], part, whole);
		ret->raw_bytes[d] = share(f->raw_bytes[d], part, whole);
		ret->raw_packets[d] = share(f->raw_packets[d], part, whole);
	}
}

static void subtract(struct figures *from, const struct figures *f)
{
	for (int d = 0; d < DIRS; d++) {
		from->bytes[d] -= f->bytes[d];
		from->packets[d] -= f->packets[d];
		from->raw_bytes[d] -= f->raw_bytes[d];
		from->raw_packets[d] -= f->raw_packets[d];
	}
}

/* Seconds of [from, t) in which the machine was up; t >= from or 0. Unsigned, since a clock may have stood anywhere. */
static uint64_t uptime(int64_t from, int64_t t)
{
	return t > from ? (uint64_t)t - (uint64_t)from : 0;
}

size_t split_span(const struct figures *f, int64_t from, int64_t to, int64_t up_from, const int64_t *cuts, size_t n,
	struct piece *ret_pieces)
{
	int64_t start = from, up = up_from > from && up_from < to ? up_from : from;
	struct figures before = { 0 };
	size_t pieces = 0;
	uint64_t whole;

	if (from >= to) {
		ret_pieces[0] = (struct piece){ .start = to, .end = to, .figures = *f };
		return 1;
	}
	whole = uptime(up, to);
	for (size_t i = 0; i <= n; i++) {
		int64_t end = i < n && cuts[i] < to ? cuts[i] : to;
		struct piece *p;
		uint64_t part;

		if (end <= start)
			continue;
		p = &ret_pieces[pieces++];
		*p = (struct piece){ .start = start, .end = end };
		part = uptime(up, end);
		share_all(f, part, whole, &p->figures);
		subtract(&p->figures, &before);
		figures_add(&before, &p->figures);
		/* all of the uptime, or none of it, in one piece: nothing was guessed */
		p->estimated = part > uptime(up, start) && part - uptime(up, start) < whole;
		start = end;
	}
	return pieces;
}
