/* words.h - a list of words that grows: what a command is called with. Any process. */
#ifndef MR_HOST_WORDS_H
#define MR_HOST_WORDS_H

#include "base/error.h"

/* Words that end with NULL, as execve wants them. Initialise with {0}. */
typedef struct mr_words_list {
    char **words; /* each allocated, then NULL; owned; NULL when there has been none */
    size_t count; /* without the NULL */
} mr_words_list;

/* Adds a word (printf-like). False with error set when there is no memory. */
bool mr_words_add(mr_words_list *list, mr_error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds what stands between blanks in a text of length bytes; nothing is quoted in it. */
bool mr_words_split(mr_words_list *list, const char *text, size_t length, mr_error *error);

/* Adds copies of all words of another list. */
bool mr_words_append(mr_words_list *list, const mr_words_list *more, mr_error *error);

void mr_words_free(mr_words_list *list);

#endif
