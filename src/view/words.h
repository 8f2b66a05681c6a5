/* The one word for each thing of the model, as people and programs read it, and lists as short text.
 * Table, CSV and JSON take them from here, so that they agree.
 * The views call. */
#ifndef VIEW_WORDS_H
#define VIEW_WORDS_H

#include "model/entry.h"
#include "util/str.h"

/* "port", "address", "interface", "forwarded", "total". */
const char *kind_word(enum entry_kind kind);

/* Calls each of the set protocols' names in the order tcp, udp, sctp: i-th set one, NULL behind the last. */
const char *protocol_word(uint8_t protocols, size_t i);

/* "443" or "8000-8100". */
#define PORT_TEXT 12
char *port_text(struct port_range r, char buf[PORT_TEXT]);
/* "192.0.2.5", "2001:db8::/64": a length only where it is not the whole address. */
#define PREFIX_TEXT 52
char *prefix_text(const struct prefix *p, char buf[PREFIX_TEXT]);

/* What an entry covers, for people: "80,443", "udp 53", "192.0.2.5", "eth0"; commas without blanks. "" when the whole. */
const char *covers_text(struct arena *a, const struct entry *e);

#endif
