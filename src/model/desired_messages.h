/* Messages pass every block and limit, so that the one about a block gets out: what the user sends who runs portflow-net, what the user
 * asks who resolves names for it, and the answers to both.
 * Conntrack is not needed: rules note in a set to whom something was sent, from which port to which, and let in what comes back for a
 * while. So what others send to the same server stays blocked.
 * Between the files desired*.c alone. */
#ifndef MODEL_DESIRED_MESSAGES_H
#define MODEL_DESIRED_MESSAGES_H

#include "model/desired_rules.h"

/* Rules at the end of c, where b->enforcement names such users. noted: packets that go out are noted, and so their answers known;
 * else they are accepted alone, with b->direct as their priority. */
void desired_messages(struct desired_build *b, struct ruleset_chain *c, enum direction d, bool noted);

#endif
