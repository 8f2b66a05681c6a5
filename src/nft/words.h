/* Changes to our table as the `nft` commands that would do the same.
 * For people who want to see and learn; nobody runs them.
 * run/ calls. */
#ifndef NFT_WORDS_H
#define NFT_WORDS_H

#include "model/diff.h"
#include "util/str.h"

/* One command a line, elements of one set together. comment: of a table to be made. */
void nft_words(const struct change_list *changes, const char *comment, struct str *out);

#endif
