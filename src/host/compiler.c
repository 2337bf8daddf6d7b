#include "host/compiler.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/whereabouts.h"

/* What is different between languages. */
typedef struct language {
    const char *name;         /* for messages */
    const char *endings[4];   /* of files */
    const char *compiler;     /* the variable with the name of the compiler */
    const char *flags;        /* the variable with flags */
    const char *compilers[4]; /* names to look for, in this order */
    const char *package;      /* that has one */
} language;

static const language languages[] = {
    {"C", {".c"}, "CC", "MR_CFLAGS", {"cc", "gcc", "clang"}, "gcc"},
    {"C++", {".cc", ".cpp", ".cxx"}, "CXX", "MR_CXXFLAGS", {"c++", "g++", "clang++"}, "g++"},
};

/* Optimised like mr itself, with the names and lines that crash cards show. A plugin needs no function of mr's when it
 * is linked, so what is missing then is a mistake. */
static const char default_flags[] = "-O3 -g -Wall -Wl,-z,defs";

static const language *language_of(const char *name) {
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof languages / sizeof *languages; i++)
        for (size_t j = 0; languages[i].endings[j]; j++)
            if (!strcmp(ending, languages[i].endings[j])) return &languages[i];
    return NULL;
}

bool mr_is_source(const char *name) {
    return language_of(name);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static bool is_program(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *mr_program_find(const char *name, mr_error *error) {
    const char *folders = strchr(name, '/') ? "" : getenv("PATH");
    if (!folders) folders = "/usr/local/bin:/usr/bin:/bin";
    for (const char *folder = folders, *end;; folder = end + 1) {
        char *path;
        end = strchrnul(folder, ':');
        const char *slash = end > folder ? "/" : "";
        if (asprintf(&path, "%.*s%s%s", (int)(end - folder), folder, slash, name) < 0) {
            mr_error_memory(error, strlen(name), "a path");
            return NULL;
        }
        if (is_program(path)) return path;
        free(path);
        if (!*end) return NULL;
    }
}

static bool no_compiler(const language *language, const char *source, mr_error *error) {
    return mr_error_set(error,
                        "there is no %s compiler to make a plugin of %s: install %s ('apt-get install %s' on Debian), "
                        "or set %s to the one that you have",
                        language->name, source, language->package, language->package, language->compiler);
}

/* Finds the compiler and puts its name, and flags that come with it, at the start of the command. */
static bool find_compiler(mr_compiler *compiler, const language *language, mr_error *error) {
    const char *wanted = getenv(language->compiler);
    if (wanted && !mr_words_split(&compiler->flags, wanted, strlen(wanted), error)) return false;
    if (compiler->flags.count) {
        const char *name = compiler->flags.words[0];
        compiler->program = mr_program_find(name, error);
        return compiler->program || error->set ||
               mr_error_set(
                   error, "there is no compiler '%s', which the variable %s asks for: set it to the one that you have",
                   name, language->compiler);
    }
    for (size_t i = 0; language->compilers[i] && !compiler->program && !error->set; i++) {
        compiler->program = mr_program_find(language->compilers[i], error);
        if (compiler->program && !mr_words_add(&compiler->flags, error, "%s", language->compilers[i])) return false;
    }
    return compiler->program || no_compiler(language, compiler->source, error);
}

/* ---- flags ------------------------------------------------------------------------------------------------------- */

/* Adds the folder of mr.h if it is there, seen from a folder of our own. *added: it is. */
static bool add_header_at(mr_compiler *compiler, const char *own, const char *place, bool *added, mr_error *error) {
    char path[PATH_MAX + 32], folder[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/mr.h", own, place);
    if (access(path, R_OK) < 0) return true;
    *strrchr(path, '/') = 0;
    *added = realpath(path, folder);
    return !*added || mr_words_add(&compiler->flags, error, "-I%s", folder);
}

/* mr.h lies beside the executable, or the library, in the folder of a build, and in PREFIX/include when mr is
 * installed. Where it is in neither, the compiler may know. */
static bool add_header_folder(mr_compiler *compiler, mr_error *error) {
    static const enum mr_own_file owners[] = {MR_OWN_PROGRAM, MR_OWN_LIBRARY};
    static const char *const places[] = {"include", "../include"};
    char own[PATH_MAX];
    bool ok = true, added = false;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2 && ok && !added && mr_own_folder(owners[i], own); j++)
            ok = add_header_at(compiler, own, places[j], &added, error);
    return ok;
}

static bool is_name_of_library(const char *text) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("_.+-", *text)) return false;
    return true;
}

/* A folder that is named from where the source is. */
static bool add_include(mr_compiler *compiler, const char *folder, mr_error *error) {
    const char *slash = strrchr(compiler->source, '/');
    int length = slash && *folder != '/' ? (int)(slash + 1 - compiler->source) : 0;
    return mr_words_add(&compiler->includes, error, "%.*s%s", length, compiler->source, folder);
}

/* Takes over one word of a comment. */
static bool add_word(mr_compiler *compiler, const char *word, unsigned line, mr_error *error) {
    bool has_more = *word == '-' && word[1] && word[2];
    if (has_more && word[1] == 'l' && is_name_of_library(word + 2))
        return mr_words_add(&compiler->behind, error, "%s", word);
    if (has_more && word[1] == 'D') return mr_words_add(&compiler->flags, error, "%s", word);
    if (has_more && word[1] == 'I') return add_include(compiler, word + 2, error);
    return mr_error_set(error,
                        "%s:%u: a comment that begins with 'mr:' takes -lNAME, -IFOLDER and -DNAME=VALUE, not '%s' "
                        "(other flags: in the variable MR_CFLAGS)",
                        compiler->source, line, word);
}

/* What a line says to the compiler: the length of the text behind "mr:"; 0: nothing. */
static size_t find_comment(const char *line, size_t length, const char **words) {
    static const char *const beginnings[] = {"/* mr:", "// mr:"};
    enum { BEGINNING = 6 };
    for (size_t i = 0; i < 2; i++) {
        if (length <= BEGINNING || memcmp(line, beginnings[i], BEGINNING) != 0) continue;
        *words = line + BEGINNING;
        const char *end = i == 0 ? memmem(*words, length - BEGINNING, "*/", 2) : NULL;
        return end ? (size_t)(end - *words) : length - BEGINNING;
    }
    return 0;
}

static bool add_comment(mr_compiler *compiler, const char *text, size_t length, unsigned line, mr_error *error) {
    mr_words_list list = {0};
    bool ok = mr_words_split(&list, text, length, error);
    for (size_t i = 0; ok && i < list.count; i++)
        ok = add_word(compiler, list.words[i], line, error);
    mr_words_free(&list);
    return ok;
}

static bool add_comments(mr_compiler *compiler, mr_slice text, mr_error *error) {
    const char *end = text.data + text.length, *words;
    unsigned number = 1;
    for (const char *line = text.data; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) stop = end;
        size_t length = find_comment(line, (size_t)(stop - line), &words);
        if (length && !add_comment(compiler, words, length, number, error)) return false;
        line = stop + 1;
    }
    for (size_t i = 0; i < compiler->includes.count; i++)
        if (!mr_words_add(&compiler->flags, error, "-I%s", compiler->includes.words[i])) return false;
    return true;
}

static bool add_flags(mr_compiler *compiler, const language *language, mr_error *error) {
    const char *wanted = getenv(language->flags);
    if (!wanted) wanted = default_flags;
    return mr_words_split(&compiler->flags, wanted, strlen(wanted), error) &&
           mr_words_add(&compiler->flags, error, "-fPIC") && mr_words_add(&compiler->flags, error, "-shared");
}

bool mr_compiler_choose(mr_compiler *compiler, const char *source, mr_slice text, const mr_words_list *more,
                        mr_error *error) {
    static const mr_words_list none;
    const language *language = language_of(source);
    *compiler = (mr_compiler){.source = source};
    bool ok = find_compiler(compiler, language, error) && add_flags(compiler, language, error) &&
              add_comments(compiler, text, error) && mr_words_append(&compiler->flags, more ? more : &none, error) &&
              add_header_folder(compiler, error);
    if (!ok) mr_compiler_free(compiler);
    return ok;
}

void mr_compiler_free(mr_compiler *compiler) {
    free(compiler->program);
    mr_words_free(&compiler->flags);
    mr_words_free(&compiler->behind);
    mr_words_free(&compiler->includes);
    *compiler = (mr_compiler){0};
}
