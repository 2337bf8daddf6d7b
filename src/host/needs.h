/* needs.h - the files that a compiler has read to make a plugin, and what can be said of them without compiling.
 * [coordinator] */
#ifndef MR_HOST_NEEDS_H
#define MR_HOST_NEEDS_H

#include <time.h>

#include "host/compiler.h"
#include "host/digest.h"

/* Adds the paths that a rule of make names behind its target, as compilers write it (-MD). */
bool mr_needs_parse(mr_slice rule, mr_words_list *paths, mr_error *error);

/* Feeds all that decides what the same compiler, with the same command, would make now: path and content of these
 * files, which other files there are that it might take in their place (such as a stdio.h beside the source), and what
 * is in libraries and other files that the command names. False when a file cannot be read, or has changed since a time
 * (NULL: any time is right, and nothing is asked of the files), or asks for others that no compiler tells of
 * (__has_include, .incbin; files of the system are not looked at): then nothing is known. */
bool mr_needs_feed(const mr_compiler *compiler, const mr_words_list *paths, const struct timespec *since,
                   mr_digest *digest);

/* For root: whether nobody else can change any of the files (trust.h); those below /usr belong to the system, like the
 * compiler. Always true for others. */
bool mr_needs_trusted(const mr_compiler *compiler, const mr_words_list *paths, mr_error *error);

#endif
