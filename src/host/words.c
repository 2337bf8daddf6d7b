#include "host/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(mr_words_list *list, mr_error *error) {
    size_t bytes = (list->count + 2) * sizeof *list->words;
    char **larger = realloc(list->words, bytes);
    if (!larger) return mr_error_memory(error, bytes, "a list of words");
    list->words = larger;
    return true;
}

bool mr_words_add(mr_words_list *list, mr_error *error, const char *format, ...) {
    va_list arguments;
    if (!make_room(list, error)) return false;
    va_start(arguments, format);
    int length = vasprintf(&list->words[list->count], format, arguments);
    va_end(arguments);
    if (length < 0) {
        list->words[list->count] = NULL;
        return mr_error_memory(error, strlen(format), "a word");
    }
    list->words[++list->count] = NULL;
    return true;
}

bool mr_words_split(mr_words_list *list, const char *text, size_t length, mr_error *error) {
    static const char blanks[] = " \t\r\n";
    for (size_t at = 0; at < length;) {
        size_t start = at;
        while (at < length && !strchr(blanks, text[at]))
            at++;
        if (at > start && !mr_words_add(list, error, "%.*s", (int)(at - start), text + start)) return false;
        at += at == start;
    }
    return true;
}

bool mr_words_append(mr_words_list *list, const mr_words_list *more, mr_error *error) {
    for (size_t i = 0; i < more->count; i++)
        if (!mr_words_add(list, error, "%s", more->words[i])) return false;
    return true;
}

void mr_words_free(mr_words_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->words[i]);
    free(list->words);
    *list = (mr_words_list){0};
}
