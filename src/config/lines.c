/* The INI as the user wrote it: see lines.h.
 * inih calls reader() for each line and taken() for each key, so "the line that is being read" is the state that ties a key to
 * its place. Only lines that survived examine() are passed on, rewritten as "name=value" so that nothing is left to interpret;
 * a value that is longer than inih's buffer goes in pieces, which taken() joins.
 * config/ calls. */
#include "config/lines.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

#define NAME_BYTES 49 /* what inih keeps of a section's or key's name */
#define HARD_MAX 1024 /* bytes of a line that is looked into at all */
#define KEPT_MAX 60   /* bytes of a text quoted in a message */

struct reader {
	struct ini *ini;
	struct diags *d;
	const char *next, *end; /* what is left of the file */
	struct place line;      /* the raw line, whole */
	bool in_section;
	const char *header; /* of the running section, as inih gets it */
	bool stopped;       /* not a text file: the rest is not looked at */
	/* the key in flight */
	bool pending;
	struct ini_key key;
	size_t fed;        /* bytes of its value that inih has seen */
	const char *piece; /* of them, those of the present line */
	size_t piece_len;
	size_t fed_pieces, good_pieces;
	const char *got; /* the first piece that came back changed, "" none did */
};

static const char keep_comments_apart[] = "write the comment on a line of its own";

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct ini_section *section(const struct reader *r)
{
	return &r->ini->sections.at[r->ini->sections.n - 1];
}

static struct place part(const struct reader *r, const char *p, size_t len)
{
	return place_inside(&r->line, (size_t)(p - r->line.line), len);
}

static const char *quoted(const struct reader *r, const char *p, size_t len)
{
	size_t shown = len < KEPT_MAX ? len : KEPT_MAX;

	return arena_printf(r->d->arena, "\"%.*s%s\"", (int)shown, p, shown < len ? "..." : "");
}

char lines_full_width(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned cp;

	if (len < 3 || u[0] < 0xe3 || u[0] > 0xef)
		return 0;
	cp = (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
	if (cp >= 0xff01 && cp <= 0xff5e) /* U+FF01..FF5E mirror ASCII 21..7E */
		return (char)(cp - 0xff01 + 0x21);
	switch (cp) {
	case 0x3000:
		return ' ';
	case 0x3001: /* the enumeration comma */
		return ',';
	case 0x3010:
		return '[';
	case 0x3011:
		return ']';
	case 0x3002:
		return '.';
	default:
		return 0;
	}
}

/* The first full-width character, NULL if there is none. */
static const char *find_full_width(const char *p, size_t len, char *ret_ascii)
{
	for (size_t i = 0; i < len; i++) {
		char c = lines_full_width(p + i, len - i);

		if (c) {
			*ret_ascii = c;
			return p + i;
		}
	}
	return NULL;
}

static bool is_text(struct reader *r)
{
	const char *p = r->line.line, *nul = memchr(p, 0, r->line.line_len);
	size_t len = r->line.line_len;
	struct place at;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		if (!nul && ((c < ' ' && c != '\t') || c == 0x7f)) {
			at = part(r, p + i, 1);
			diag_error(r->d, &at, c == '\r' ? "lines end with a line feed" : "delete it",
				"control byte 0x%02x in the line", c);
			return false;
		}
	}
	if (nul) {
		at = part(r, nul, 1);
		diag_error(r->d, &at, "save it as plain text in UTF-8 (UTF-16 looks like this)",
			"NUL byte: this is not a text file; the rest of it is not read");
		r->stopped = true;
		return false;
	}
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t code;

		n = utf8_decode(p + i, len - i, &code);
		if (code != UTF8_BAD)
			continue;
		at = part(r, p + i, 1);
		diag_error(r->d, &at, "save the file as UTF-8", "byte 0x%02x is not UTF-8", (unsigned char)p[i]);
		return false;
	}
	return true;
}

/* "[port web]" -> a section; false when it cannot be passed on. */
static bool take_header(struct reader *r, size_t len)
{
	const char *p = r->line.line, *close = memchr(p, ']', len), *text, *end;
	struct ini_section *s = vec_push(r->ini->arena, &r->ini->sections);
	size_t kind;

	r->in_section = true;
	s->empty = true;
	s->bad = true;
	s->kind = s->name = r->header = "";
	s->at = part(r, p, len);
	if (!close) {
		diag_error(
			r->d, &s->at, "write [portflow], or [port NAME]", "the section's name does not end with \"]\"");
		return false;
	}
	if (close != p + len - 1) {
		struct place rest = part(r, close + 1, (size_t)(p + len - close - 1));

		for (text = close + 1; blank(*text); text++) /* what is behind does not end in blanks */
			;
		diag_error(r->d, &rest, *text == ';' || *text == '#' ? keep_comments_apart : "delete it",
			"text after the section's name would be lost");
		return false;
	}
	for (text = p + 1; text < close && blank(*text); text++)
		;
	for (end = close; end > text && blank(end[-1]); end--)
		;
	for (kind = 0; text + kind < end && !blank(text[kind]); kind++)
		;
	s->kind = arena_strndup(r->d->arena, text, kind);
	for (text += kind; text < end && blank(*text); text++)
		;
	s->name = arena_strndup(r->d->arena, text, (size_t)(end - text));
	s->at = part(r, p, len);
	r->header = arena_printf(r->d->arena, *s->name ? "%s %s" : "%s%s", s->kind, s->name);
	if (strlen(r->header) > NAME_BYTES || strchr(r->header, ';')) {
		diag_error(r->d, &s->at, "a NAME is 1 to 32 of A-Z a-z 0-9 _ -; other text belongs in \"remark\"",
			strlen(r->header) > NAME_BYTES ? "the section's name is too long"
						       : "\";\" in a section's name");
		return false;
	}
	s->bad = false;
	return true;
}

/* A line without "=" or with ":" in its place; p..p+len is its text. */
static void no_separator(struct reader *r, const char *p, size_t len, const char *colon)
{
	struct place at = part(r, p, len);
	char ascii;
	const char *wide = find_full_width(p, len, &ascii);

	if (colon) {
		at = part(r, colon, 1);
		diag_error(r->d, &at, "write \"=\" in its place", "\":\" does not separate a key from its value");
	} else if (wide && (ascii == '=' || ascii == '[' || ascii == ';' || ascii == '#' || ascii == ':')) {
		at = part(r, wide, 3);
		diag_error(r->d, &at, arena_printf(r->d->arena, "type \"%c\"", ascii == ':' ? '=' : ascii),
			"a full-width character where an ASCII one is wanted");
	} else {
		diag_error(r->d, &at, "write KEY = VALUE; a comment begins with \"#\"", "no \"=\" in the line");
	}
}

/* Faults of the value's text that inih would hide, whatever the key is. */
static bool value_is_whole(struct reader *r, const char *p, size_t len)
{
	struct place at = part(r, p, len);

	for (size_t i = 1; i < len; i++) {
		if (p[i] != ';' || !blank(p[i - 1]))
			continue;
		at = part(r, p + i, len - i);
		diag_error(r->d, &at, keep_comments_apart, "a blank and \";\" cut the value: the rest would be lost");
		return false;
	}
	if (len > 1 && (*p == '"' || *p == '\'') && p[len - 1] == *p) {
		diag_error(r->d, &at, "delete the quotes", "quotes would be part of the value");
		return false;
	}
	return true;
}

/* "name = value" -> the key in flight; false when it cannot be passed on. */
static bool take_key(struct reader *r, size_t len)
{
	const char *p = r->line.line, *equals = memchr(p, '=', len), *colon = memchr(p, ':', len), *value,
		   *end = p + len;
	size_t name_len;
	struct place at;

	if (!equals || (colon && colon < equals)) {
		no_separator(r, p, len, colon);
		return false;
	}
	for (name_len = (size_t)(equals - p); name_len && blank(p[name_len - 1]); name_len--)
		;
	for (value = equals + 1; value < end && blank(*value); value++)
		;
	at = part(r, p, name_len);
	if (!name_len) {
		diag_error(r->d, &at, "write KEY = VALUE", "no key before \"=\"");
		return false;
	}
	if (name_len > NAME_BYTES) {
		diag_error(r->d, &at, NULL, "%s: no key has so long a name", quoted(r, p, name_len));
		return false;
	}
	if (value == end) {
		diag_error(r->d, &at, "give it one, or delete the line", "%s has no value", quoted(r, p, name_len));
		return false;
	}
	if (!value_is_whole(r, value, (size_t)(end - value)) || section(r)->bad)
		return false;
	r->key = (struct ini_key){
		.name = arena_strndup(r->d->arena, p, name_len),
		.value = arena_strndup(r->d->arena, value, (size_t)(end - value)),
		.value_len = (size_t)(end - value),
		.name_at = at,
		.value_at = part(r, value, (size_t)(end - value)),
	};
	r->fed = r->fed_pieces = r->good_pieces = 0;
	r->got = "";
	r->pending = true;
	return true;
}

/* One raw line; true when there is something for inih. */
static bool examine(struct reader *r)
{
	const char *p = r->line.line;
	size_t len = r->line.line_len, lead = 0;
	struct place at;

	while (len && blank(p[len - 1]))
		len--;
	while (lead < len && blank(p[lead]))
		lead++;
	if (lead == len || p[lead] == '#' || p[lead] == ';') {
		if (memchr(p, 0, r->line.line_len)) /* a comment may be in any encoding, but not binary */
			is_text(r);
		return false;
	}
	if (r->in_section && *p != '[')
		section(r)->empty = false;
	if (!is_text(r))
		return false;
	if (len > HARD_MAX) {
		at = part(r, p + INI_LINE_MAX, 1);
		diag_error(r->d, &at, "a list may go on in further lines with the same key",
			"line of %zu bytes: at most %d are allowed", len, INI_LINE_MAX);
		return false;
	}
	if (lead) {
		at = part(r, p, lead);
		diag_error(r->d, &at, "move it to the first column", "an indented line would continue the one above");
		return false;
	}
	if (*p == '[')
		return take_header(r, len);
	if (!r->in_section) {
		at = part(r, p, len);
		diag_error(
			r->d, &at, "write a section's name above it, as [portflow]", "text before the first section");
		return false;
	}
	return take_key(r, len);
}

/* Moves to the next raw line; false at the end. */
static bool next_line(struct reader *r)
{
	const char *feed;
	size_t len;

	if (r->next == r->end || r->stopped)
		return false;
	feed = memchr(r->next, '\n', (size_t)(r->end - r->next));
	len = (size_t)((feed ? feed : r->end) - r->next);
	r->line.where.line++;
	r->line.line = r->next;
	r->line.line_len = len && r->next[len - 1] == '\r' ? len - 1 : len;
	r->next = feed ? feed + 1 : r->end;
	return true;
}

/* The key that inih was given must have come back as it was. */
static void settle(struct reader *r)
{
	struct ini_section *s;
	struct ini_key *k;

	if (!r->pending)
		return;
	r->pending = false;
	if (r->fed_pieces != r->good_pieces) {
		diag_error(r->d, &r->key.value_at, "write it in another way",
			"the INI reader of this machine reads this value as %s", quoted(r, r->got, strlen(r->got)));
		return;
	}
	s = section(r);
	k = arena_new(r->ini->arena, struct ini_key);
	*k = r->key;
	*(s->last_key ? &s->last_key->next : &s->keys) = k;
	s->last_key = k;
}

/* inih trims, so what counts of a piece is what stands between its blanks. */
static void trim(const char **p, size_t *len)
{
	while (*len && blank(**p)) {
		++*p;
		--*len;
	}
	while (*len && blank((*p)[*len - 1]))
		--*len;
}

/* Puts the next piece of the key in flight into inih's buffer; false when none fits. */
static bool feed_key(struct reader *r, char *to, size_t size)
{
	size_t name = strlen(r->key.name) + 1, room = size > name + 3 ? size - name - 3 : 0, n, len;
	const char *p;

	do {
		n = r->key.value_len - r->fed;
		n = n < room ? n : room;
		r->piece = p = r->key.value + r->fed;
		r->piece_len = len = n;
		r->fed += n;
		trim(&p, &len);
	} while (n && !len); /* nothing but blanks: inih would say that there is no value */
	if (!n) {
		diag_error(r->d, &r->key.value_at, "make it shorter", "the value does not fit a line");
		r->pending = false;
		return false;
	}
	snprintf(to, size, "%s=%.*s\n", r->key.name, (int)r->piece_len, r->piece);
	r->fed_pieces++;
	return true;
}

/* inih's ini_reader: as fgets. */
static char *reader(char *to, int size, void *arg)
{
	struct reader *r = arg;

	if (r->pending && r->fed == r->key.value_len)
		settle(r);
	while (!r->pending || !feed_key(r, to, (size_t)size)) {
		size_t errors = r->d->errors;
		bool fed = next_line(r);

		if (!fed)
			return NULL;
		fed = examine(r);
		if (r->in_section && r->d->errors != errors)
			section(r)->broken = true;
		if (!fed || r->pending)
			continue;
		snprintf(to, (size_t)size, "[%s]\n", r->header);
		break;
	}
	return to;
}

/* inih's ini_handler. */
static int taken(void *arg, const char *header, const char *name, const char *value)
{
	struct reader *r = arg;
	const char *p = r->piece;
	size_t len = r->piece_len;

	if (!r->pending || !name || !value)
		return 1;
	trim(&p, &len);
	if (strcmp(header, r->header) == 0 && strcmp(name, r->key.name) == 0 && strlen(value) == len &&
		memcmp(value, p, len) == 0)
		r->good_pieces++;
	else
		r->got = arena_strdup(r->d->arena, value);
	return 1;
}

void lines_read(struct ini *ini, const char *file, uint32_t file_no, const char *bytes, size_t len, struct diags *d)
{
	struct reader r = {
		.ini = ini,
		.d = d,
		.next = bytes,
		.end = bytes + len,
		.line = { .where = { .file = file, .col = 1 }, .file_no = file_no },
	};

	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) /* the mark that some editors put before UTF-8 */
		r.next += 3;
	if (ini_parse_stream(reader, &r, taken, &r) != 0) {
		r.line.line = NULL;
		diag_error(d, &r.line, NULL, "the INI reader of this machine does not understand the file");
	}
	settle(&r);
}
