/* What services answer as JSON: an error code beside a sentence, a wait.
 * The only reader of JSON from outside; everything in it is doubted.
 * notify/ alone. */
#ifndef NOTIFY_ANSWER_H
#define NOTIFY_ANSWER_H

#include "notify/notifier.h"

/* For services that answer 200 and a code: the first of `codes` (names, blanks between) that the answer has; what is not 0 (or `good`) is a
 * failure with the text under `text`. Of codes in `later` (0 ends it) another try is worth while. No JSON: as the status says, but
 * a 200 then is not the service's. */
void answer_code(struct arena *a, const struct response *r, const char *codes, int64_t good, const char *text,
	const int64_t *later, struct outcome *io);

/* For services whose answer has a text or number under this name: a good status without it is a portal's in the way, not the service's. */
void answer_proof(const struct response *r, const char *name, struct outcome *io);
/* That such an answer was not the service's. */
void answer_foreign(const struct response *r, struct outcome *io);

/* A wait in seconds, or thousandths of one, under this name; nothing where there is none. */
void answer_wait(const struct response *r, const char *name, double seconds_each, struct outcome *io);

/* "200 Too fast": the status and the text under this name, where the answer has it. */
void answer_text(struct arena *a, const struct response *r, const char *name, struct outcome *io);

#endif
