/* What came of a transfer, in words that somebody understands who only wrote a url: which server, what it said, and where port and
 * TLS do not fit each other, what to write instead.
 * net/main.c calls. */
#ifndef NET_OUTCOME_H
#define NET_OUTCOME_H

#include "net/transfer.h"

/* The transfer ended with code. Texts in a; none of them holds a secret of the request. */
struct response outcome_ended(const struct transfer *t, struct arena *a, CURLcode code);

/* The budget is used up while it runs. */
struct response outcome_late(const struct transfer *t, struct arena *a, uint32_t budget_ms);

/* Was the login of t refused? Then nothing else with that login is tried, and is held for the same reason. */
bool outcome_refuses_login(const struct transfer *t, const struct response *r);
struct response outcome_held(const struct response *refused);

/* It never began. */
struct response outcome_impossible(const struct transfer *t, struct arena *a, const struct err *err);

#endif
