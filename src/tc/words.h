/* Steps of a plan of queues as people would type them: `tc` commands, for -v.
 * Nothing here runs tc; tests type the commands and compare what the kernel has then.
 * run/ calls. */
#ifndef TC_WORDS_H
#define TC_WORDS_H

#include "model/shape_plan.h"
#include "util/str.h"

/* One command a line, in order; waiting is no command. */
void tc_words(const struct shape_step *steps, size_t n, struct str *out);

#endif
