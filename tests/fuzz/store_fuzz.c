/* Figures of a database that anybody may have written: no byte of a blob may lead out of it.
 * The first byte chooses the reader.
 * make check-fuzz runs it for some seconds; libFuzzer calls. */
#include <stdint.h>
#include <stdlib.h>

#include "store/pack.h"

static void spans(const uint8_t *p, size_t len)
{
	struct span_reader r = span_read(p, len);
	struct slice_reader slice = { 0 };
	struct slice_row row;
	uint64_t before;

	while (span_next(&r, &before, &slice))
		while (slice_next(&slice, &row))
			if (row.entry <= 0)
				abort();
}

static void packs(const uint8_t *p, size_t len)
{
	struct pack_reader r = pack_read(0, p, len);
	struct slice_row row;
	int64_t entry = 0;
	size_t h;

	while (pack_next(&r, &h, &row)) {
		if (h >= r.n_hours || row.entry < entry)
			abort();
		entry = row.entry;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct figures f;

	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		spans(data + 1, size - 1);
		break;
	case 1:
		packs(data + 1, size - 1);
		break;
	default:
		figures_get(data + 1, size - 1, &f);
	}
	return 0;
}
