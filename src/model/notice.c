/* Events as people are told of them: see notice.h.
 * One table of fields writes and reads the bytes.
 * run/, store/ and notify/ call. */
#include "model/notice.h"

#include <stddef.h>
#include <string.h>

#include "util/record.h"

enum notice_group notice_group(const char *kind)
{
	static const struct {
		const char *begins;
		enum notice_group group;
	} groups[] = {
		{ "quota_", NOTICE_QUOTA },
		{ "burst_", NOTICE_BURST },
		{ "expir", NOTICE_EXPIRY },
		{ "renewed", NOTICE_EXPIRY },
		{ "cycle_closed", NOTICE_CYCLE },
		{ NOTICE_STATEMENT, NOTICE_CYCLE },
	};

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (strncmp(kind, groups[i].begins, strlen(groups[i].begins)) == 0)
			return groups[i].group;
	return NOTICE_HEALTH;
}

const char *notice_group_word(size_t i)
{
	static const char *const words[] = { "quota", "burst", "expiry", "cycle", "health" };

	return i < sizeof words / sizeof *words ? words[i] : NULL;
}

const char *language_word(size_t i)
{
	static const char *const names[LANGUAGES] = { "en", "zh" };

	return i < LANGUAGES ? names[i] : NULL;
}

/* -- as bytes -------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	size_t at;
	bool text;
} fields[] = {
	{ "kind", offsetof(struct notice, kind), true },
	{ "text", offsetof(struct notice, text), true },
	{ "time", offsetof(struct notice, time), false },
	{ "subject", offsetof(struct notice, subject), true },
	{ "section", offsetof(struct notice, section), true },
	{ "covers", offsetof(struct notice, covers), true },
	{ "remark", offsetof(struct notice, remark), true },
	{ "zone", offsetof(struct notice, zone), true },
	{ "used", offsetof(struct notice, used), false },
	{ "limit", offsetof(struct notice, limit), false },
	{ "binary", offsetof(struct notice, binary), false },
	{ "percent", offsetof(struct notice, percent), false },
	{ "rate", offsetof(struct notice, rate), false },
	{ "rate_in", offsetof(struct notice, rate_in), false },
	{ "rate_out", offsetof(struct notice, rate_out), false },
	{ "average", offsetof(struct notice, average), false },
	{ "most", offsetof(struct notice, most), false },
	{ "window", offsetof(struct notice, window), false },
	{ "total", offsetof(struct notice, total), false },
	{ "from", offsetof(struct notice, from), false },
	{ "until", offsetof(struct notice, until), false },
	{ "resets", offsetof(struct notice, resets), false },
	{ "minutes", offsetof(struct notice, minutes), false },
	{ "count", offsetof(struct notice, count), false },
};
#define FIELDS (sizeof fields / sizeof *fields)

void notice_put(const struct notice *n, struct str *out)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const void *field = (const char *)n + fields[i].at;

		if (fields[i].text)
			record_text(out, fields[i].key, *(const char *const *)field);
		else
			record_number(out, fields[i].key, *(const uint64_t *)field);
	}
	record_end(out);
}

bool notice_get(struct arena *a, const void *bytes, size_t len, struct notice *ret_notice)
{
	struct notice n = { 0 };
	struct record_reader r = RECORD_FROM(bytes, len);
	struct record_field f;

	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].text)
			*(const char **)((char *)&n + fields[i].at) = "";
	while (record_next(&r, &f))
		for (size_t i = 0; i < FIELDS; i++) {
			void *field = (char *)&n + fields[i].at;

			if (!record_is(&f, fields[i].key))
				continue;
			if (fields[i].text)
				*(const char **)field = arena_strndup(a, f.bytes, f.len);
			else if (!record_to_number(&f, UINT64_MAX, field))
				return false;
		}
	if (!record_ended(&r))
		return false;
	*ret_notice = n;
	return true;
}
