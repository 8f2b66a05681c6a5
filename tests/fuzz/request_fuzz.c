/* Any bytes as what comes through a pipe: no crash, and what is accepted is written again and reads as the same bytes.
 * make check-fuzz runs it for seconds.
 * libFuzzer calls. */
#include <stdlib.h>
#include <string.h>

#include "model/request.h"
#include "util/record.h"

#define CEILING ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	cleanup_arena struct arena a = { 0 };
	cleanup_str struct str once = STR_CEILING(2 * CEILING), twice = once;
	const char *bytes = (const char *)data;
	long whole = record_whole(bytes, size, CEILING);
	struct response response;
	struct request request;
	uint32_t id;

	if (whole > (long)size)
		abort();
	if (whole <= 0)
		return 0;
	if (response_get(&a, bytes, (size_t)whole, &id, &response) && !response_put(&once, id, &response))
		abort();
	str_free(&once);
	if (!request_get(&a, bytes, (size_t)whole, &id, &request))
		return 0;
	if (!request_put(&once, id, &request) || record_whole(once.p, once.len, 2 * CEILING) != (long)once.len)
		abort();
	if (!request_get(&a, once.p, once.len, &id, &request) || !request_put(&twice, id, &request))
		abort();
	if (once.len != twice.len || memcmp(once.p, twice.p, once.len) != 0)
		abort();
	return 0;
}
