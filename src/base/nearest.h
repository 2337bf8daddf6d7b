/* nearest.h - what somebody may have meant who typed a word that there is not. Any process.
 *
 *     mr_nearest nearest;
 *     mr_nearest_begin(&nearest, typed);
 *     for (...) mr_nearest_try(&nearest, name);
 *     mr_error_usage(error, "there is no plugin '%s'%s", typed, mr_nearest_question(&nearest, ""));
 */
#ifndef MR_BASE_NEAREST_H
#define MR_BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
    MR_NEAREST_WORD = 64, /* bytes of a word, with its zero; a longer one is never proposed, nor anything for one */
    MR_NEAREST_MOST = 3,  /* so many words are proposed at the same time */
    MR_NEAREST_QUESTION = 1024 /* bytes of a question */
};

/* The words that are nearest to what was typed, of those that have been tried. */
typedef struct mr_nearest {
    char typed[MR_NEAREST_WORD];                 /* in small letters; empty: nothing will be proposed */
    char best[MR_NEAREST_MOST][MR_NEAREST_WORD]; /* the nearest words, all at the same distance, as they were tried */
    size_t count;                                /* of them; more than MR_NEAREST_MOST: too many to propose any */
    unsigned distance;                           /* theirs */
    char question[MR_NEAREST_QUESTION];          /* what mr_nearest_question has written */
} mr_nearest;

/* Begins with what was typed, which is copied. */
void mr_nearest_begin(mr_nearest *nearest, const char *typed);

/* Tries a word, which is copied. */
void mr_nearest_try(mr_nearest *nearest, const char *word);

/* Tries several, with '|' between them; NULL: none. */
void mr_nearest_try_each(mr_nearest *nearest, const char *words);

/* The text "; did you mean BEFOREword?", with up to three words, before standing in front of each; "" when no word is
 * near enough, or too many are. It lies in nearest. */
const char *mr_nearest_question(mr_nearest *nearest, const char *before);

/* For an error about a path where nothing is: adds "; did you mean PATH?", with the files of the same folder whose
 * names are near to the one of path. Each ends in one of endings, with '|' between them; NULL: in anything. Of a
 * link that leads nowhere that is said. Adds nothing when there is something at path after all, or nobody can say.
 * Always returns false. */
bool mr_nearest_file(mr_error *error, const char *path, const char *endings);

#endif
