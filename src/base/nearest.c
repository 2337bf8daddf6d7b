#include "base/nearest.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The distance of two words is the number of mistakes between them: a letter that is missing, one too many, a wrong
 * one, or two neighbours that have changed places (Damerau's, in the form in which nothing is changed twice). Large
 * letters and underscores count as small letters and dashes. A word is near when there is at most one mistake for each
 * three of its letters, and never more than three: beyond that most words of a language are near to each other. What is
 * the beginning of a word, two letters at least, is as near to it as a single mistake. */

enum { MISTAKES_MAX = 3, LETTERS_PER_MISTAKE = 3, BEGINNING_MIN = 2, FAR = MR_NEAREST_WORD };
enum {
    FILES_MAX = 10000, /* of a folder that are tried: nobody should wait for a message */
    FOLDER_MAX = 256   /* bytes of the path of one, with its zero */
};

/* Copies a word in the form in which it is compared; a word that is too long becomes empty. */
static void fold_word(char *to, const char *word) {
    size_t length = strlen(word);
    if (length >= MR_NEAREST_WORD) length = 0;
    for (size_t i = 0; i < length; i++)
        to[i] = (char)(word[i] == '_' ? '-' : tolower((unsigned char)word[i]));
    to[length] = 0;
}

static unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* The distance of a and b, line by line: lines[i % 3][j] is that of the first i letters of a and the first j of b. */
static unsigned distance_of(const char *a, const char *b) {
    unsigned lines[3][MR_NEAREST_WORD];
    size_t rows = strlen(a), columns = strlen(b);
    for (size_t j = 0; j <= columns; j++)
        lines[0][j] = (unsigned)j;
    for (size_t i = 1; i <= rows; i++) {
        unsigned *line = lines[i % 3], *above = lines[(i - 1) % 3], *before = lines[(i + 1) % 3];
        line[0] = (unsigned)i;
        for (size_t j = 1; j <= columns; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
            line[j] = smaller(change, smaller(above[j], line[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                line[j] = smaller(line[j], before[j - 2] + 1);
        }
    }
    return lines[rows % 3][columns];
}

/* The distance of what was typed and a word; FAR when they are not near. */
static unsigned measure(const char *typed, const char *word) {
    size_t length = strlen(typed), longer = length > strlen(word) ? length : strlen(word);
    unsigned distance = distance_of(typed, word);
    if (distance > 1 && length >= BEGINNING_MIN && !strncmp(typed, word, length)) return 1;
    unsigned most = smaller((unsigned)longer / LETTERS_PER_MISTAKE, MISTAKES_MAX);
    return distance <= most ? distance : FAR;
}

void mr_nearest_begin(mr_nearest *nearest, const char *typed) {
    nearest->count = 0;
    nearest->distance = FAR;
    fold_word(nearest->typed, typed);
}

static bool is_known(const mr_nearest *nearest, const char *word) {
    for (size_t i = 0; i < nearest->count && i < MR_NEAREST_MOST; i++)
        if (!strcmp(nearest->best[i], word)) return true;
    return false;
}

void mr_nearest_try(mr_nearest *nearest, const char *word) {
    char folded[MR_NEAREST_WORD];
    fold_word(folded, word);
    if (!*folded || !*nearest->typed || is_known(nearest, word)) return;
    unsigned distance = measure(nearest->typed, folded);
    if (distance > nearest->distance || distance == FAR) return;
    if (distance < nearest->distance) nearest->count = 0;
    nearest->distance = distance;
    if (nearest->count < MR_NEAREST_MOST) strcpy(nearest->best[nearest->count], word);
    nearest->count++;
}

void mr_nearest_try_each(mr_nearest *nearest, const char *words) {
    while (words && *words) {
        char word[MR_NEAREST_WORD];
        size_t length = strcspn(words, "|");
        if (length < sizeof word) {
            memcpy(word, words, length);
            word[length] = 0;
            mr_nearest_try(nearest, word);
        }
        words += length + (words[length] == '|');
    }
}

const char *mr_nearest_question(mr_nearest *nearest, const char *before) {
    size_t used = 0, count = nearest->count <= MR_NEAREST_MOST ? nearest->count : 0;
    *nearest->question = 0;
    for (size_t i = 0; i < count && used < sizeof nearest->question; i++) {
        const char *between = i == 0 ? "; did you mean " : i + 1 < count ? ", " : " or ";
        used += (size_t)snprintf(nearest->question + used, sizeof nearest->question - used, "%s%s%s%s", between, before,
                                 nearest->best[i], i + 1 == count ? "?" : "");
    }
    return nearest->question;
}

/* Whether a name ends in one of several endings, behind at least one letter. */
static bool ends_in(const char *name, const char *endings) {
    size_t length = strlen(name);
    while (endings && *endings) {
        size_t end = strcspn(endings, "|");
        if (length > end && !strncmp(name + length - end, endings, end)) return true;
        endings += end + (endings[end] == '|');
    }
    return !endings;
}

static int compare_words(const void *a, const void *b) {
    return strcmp(a, b);
}

bool mr_nearest_file(mr_error *error, const char *path, const char *endings) {
    mr_nearest nearest;
    char folder[FOLDER_MAX];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int length = (int)(name - path);
    if (snprintf(folder, sizeof folder, "%.*s", length, path) >= (int)sizeof folder) return false;
    if (access(path, F_OK) == 0 || errno != ENOENT) return false;
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return mr_error_add(error, " (it is a link to something that is not there)");
    DIR *files = opendir(length ? folder : ".");
    mr_nearest_begin(&nearest, name);
    const struct dirent *file;
    for (int i = 0; files && i < FILES_MAX && (file = readdir(files)); i++)
        if (*file->d_name != '.' && ends_in(file->d_name, endings)) mr_nearest_try(&nearest, file->d_name);
    if (files) closedir(files);
    /* They come in any order. */
    if (nearest.count <= MR_NEAREST_MOST) qsort(nearest.best, nearest.count, MR_NEAREST_WORD, compare_words);
    return mr_error_add(error, mr_nearest_question(&nearest, folder));
}
