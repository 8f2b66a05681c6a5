/* portflow-net parses what strangers send: it must have nothing that would be worth taking.
 * Whoever starts it drops every right; it makes sure of that and ends if it was not so.
 * net/main.c calls. */
#ifndef NET_GUARD_H
#define NET_GUARD_H

/* Closes what was inherited, leaves no core file, and looks at its own rights. NULL if all is as it must be, else what is not, as
 * a sentence. */
const char *guard_self(void);

#endif
