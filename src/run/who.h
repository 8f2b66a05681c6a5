/* Who sits behind this process: the name that is written down beside what was changed by hand.
 * A label for people, no proof: root can say what he likes.
 * cmd/ calls. */
#ifndef RUN_WHO_H
#define RUN_WHO_H

#include "util/arena.h"

/* The account that logged in, also behind sudo and su; else the one that sudo names; else the one that runs this. Printable, never
 * empty. */
const char *who(struct arena *a);

#endif
