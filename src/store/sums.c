/* Adding figures up by entry: see sums.h.
 * A hash of numbers, at most half full: a year of hours of a hundred entries is a million additions.
 * store/ alone. */
#include "store/sums.h"

#include "util/ids.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64

void sums_init(struct sums *m, struct arena *a, const int64_t *only, size_t n_only)
{
	*m = (struct sums){ .arena = a, .only = only, .n_only = n_only, .n_slots = SLOTS_MIN };
	m->slots = arena_array(a, m->n_slots, sizeof *m->slots);
}

static uint32_t *find(const struct sums *m, int64_t entry)
{
	size_t i = (size_t)(((uint64_t)entry * 0x9e3779b97f4a7c15ULL) >> 32) & (m->n_slots - 1);

	while (m->slots[i] && m->rows.at[m->slots[i] - 1].entry != entry)
		i = (i + 1) & (m->n_slots - 1);
	return &m->slots[i];
}

static void grow(struct sums *m)
{
	m->n_slots *= 2;
	m->slots = arena_array(m->arena, m->n_slots, sizeof *m->slots);
	for (size_t i = 0; i < m->rows.n; i++)
		*find(m, m->rows.at[i].entry) = (uint32_t)i + 1;
}

bool sums_want(const struct sums *m, int64_t entry)
{
	return !m->only || ids_place(m->only, sizeof *m->only, m->n_only, entry) != SIZE_MAX;
}

void sums_add(struct sums *m, const struct slice_row *row)
{
	uint32_t *slot;

	if (slice_row_zero(row) || !sums_want(m, row->entry))
		return;
	if (2 * (m->rows.n + 1) > m->n_slots)
		grow(m);
	slot = find(m, row->entry);
	if (*slot) {
		slice_row_add(&m->rows.at[*slot - 1], row);
		return;
	}
	slice_rows_add(m->arena, &m->rows, row);
	*slot = (uint32_t)m->rows.n;
}

void sums_add_part(struct sums *m, const struct slice_row *row, int64_t start, int64_t end, int64_t lo, int64_t hi)
{
	struct slice_row part = slice_row_part(row, start, end, lo, hi);

	sums_add(m, &part);
}

static int by_entry(const void *a, const void *b)
{
	const struct slice_row *x = a, *y = b;

	return x->entry < y->entry ? -1 : x->entry > y->entry;
}

void sums_sort(struct sums *m)
{
	size_t i = 1;

	while (i < m->rows.n && m->rows.at[i - 1].entry < m->rows.at[i].entry)
		i++;
	if (i < m->rows.n)
		qsort(m->rows.at, m->rows.n, sizeof *m->rows.at, by_entry);
}

void sums_clear(struct sums *m)
{
	m->rows.n = 0;
	memset(m->slots, 0, m->n_slots * sizeof *m->slots);
}
