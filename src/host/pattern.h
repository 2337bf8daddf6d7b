/* pattern.h - what can be known of a Perl-compatible regular expression without matching it: what stands behind
 * mr_pattern_needles and mr_pattern_of_lines. [worker] */
#ifndef MR_HOST_PATTERN_H
#define MR_HOST_PATTERN_H

#include <stdbool.h>

#include "mr.h"

enum { MR_LITERALS_MAX = 16, MR_LITERAL_LENGTH = 32 };

/* A text that stands in a pattern. */
typedef struct mr_literal {
    size_t length; /* in bytes */
    char bytes[MR_LITERAL_LENGTH];
} mr_literal;

/* Texts of which every match contains at least one. */
typedef struct mr_literals {
    size_t count; /* 0: none are known */
    mr_literal list[MR_LITERALS_MAX];
} mr_literals;

/* Finds the rarest texts of which every match of the pattern contains one. false when there are none, or the pattern
 * has something in it that this does not know, or they are so common that looking for them would not pay. */
bool mr_pattern_literals(const char *pattern, mr_literals *literals);

/* Writes a pattern that finds in a text, with PCRE2_MULTILINE and PCRE2_ALT_CIRCUMFLEX, what the given one finds in its
 * lines alone. to: room for mr_pattern_room(its length) bytes. Returns the length; 0 when this does not know how. */
size_t mr_pattern_for_lines(const char *pattern, char *to);
static inline size_t mr_pattern_room(size_t length) {
    return 12 * length + 1;
}

#endif
