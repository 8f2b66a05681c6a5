/* The nearest word: what a mistyped key, section or command probably meant.
 * Distance is the number of letters to insert, drop, change or swap with their neighbour (optimal string alignment), letters
 * of either case being one.
 * Anybody may call. */
#ifndef UTIL_NEAREST_H
#define UTIL_NEAREST_H

#include <stddef.h>

/* Words longer than this are as far from everything as they are long. */
#define NEAREST_WORD_MAX 63

unsigned nearest_distance(const char *a, const char *b);

/* A candidate that is near enough to be meant: at most a third of the longer word's letters away, at least one. `best` is the
 * best one so far, NULL at first; returns the better of the two, NULL if neither is near. */
const char *nearest_better(const char *word, const char *best, const char *candidate);

/* The nearest of n words, NULL if none is near enough; of equals the first. */
const char *nearest_word(const char *word, const char *const *words, size_t n);

#endif
