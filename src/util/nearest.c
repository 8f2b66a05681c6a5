/* The nearest word: see nearest.h.
 * Three rows of the distance matrix are enough: the one above, the one above that (for swaps), and this one.
 * Anybody may call. */
#include "util/nearest.h"

#include <stdbool.h>
#include <string.h>

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
	unsigned row[3][NEAREST_WORD_MAX + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > NEAREST_WORD_MAX || nb > NEAREST_WORD_MAX)
		return (unsigned)(na > nb ? na : nb);
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *now = row[i % 3];
		const unsigned *above = row[(i + 2) % 3], *above2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			char x = fold(a[i - 1]), y = fold(b[j - 1]);
			bool swapped = i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]);

			now[j] = least(least(above[j], now[j - 1]) + 1, above[j - 1] + (x != y));
			if (swapped)
				now[j] = least(now[j], above2[j - 2] + 1);
		}
	}
	return row[na % 3][nb];
}

static bool near_enough(const char *word, const char *candidate, unsigned distance)
{
	size_t nw = strlen(word), nc = strlen(candidate);
	size_t longer = nw > nc ? nw : nc;

	return distance < longer && distance <= (longer < 3 ? 1 : longer / 3);
}

const char *nearest_better(const char *word, const char *best, const char *candidate)
{
	unsigned d = nearest_distance(word, candidate);

	if (!near_enough(word, candidate, d))
		return best;
	return best && nearest_distance(word, best) <= d ? best : candidate;
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;

	for (size_t i = 0; i < n; i++)
		best = nearest_better(word, best, words[i]);
	return best;
}
