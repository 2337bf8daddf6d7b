#include "host/needs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/trust.h"

#define SYSTEM "/usr/"

/* ---- the rule ---------------------------------------------------------------------------------------------------- */

/* The byte that stands at *at, without what quotes it, and moves on; '\n' for all that separates paths. */
static char next_byte(mr_slice rule, size_t *at) {
    char byte = rule.data[(*at)++];
    char next = *at < rule.length ? rule.data[*at] : '\n';
    bool quoted = (byte == '\\' && (next == ' ' || next == '#' || next == '\\')) || (byte == '$' && next == '$');
    bool folded = byte == '\\' && (next == '\n' || next == '\r');
    if (quoted || folded) ++*at;
    if (quoted) return next;
    return folded || byte == ' ' || byte == '\t' || byte == '\r' ? '\n' : byte;
}

bool mr_needs_parse(mr_slice rule, mr_words_list *paths, mr_error *error) {
    const char *colon = rule.length ? memchr(rule.data, ':', rule.length) : NULL; /* the target has none: it is ours */
    char *path = malloc(rule.length + 1);
    size_t length = 0;
    if (!path) return mr_error_memory(error, rule.length, "the headers of a plugin");
    bool ok = true;
    for (size_t at = colon ? (size_t)(colon + 1 - rule.data) : rule.length; at < rule.length && ok;) {
        char byte = next_byte(rule, &at);
        if (byte != '\n') path[length++] = byte;
        if (length && (byte == '\n' || at == rule.length)) {
            ok = mr_words_add(paths, error, "%.*s", (int)length, path);
            length = 0;
        }
    }
    free(path);
    return ok;
}

/* ---- files that are there ---------------------------------------------------------------------------------------- */

static bool is_of_system(const char *path) {
    return !strncmp(path, SYSTEM, strlen(SYSTEM));
}

static bool is_later(const struct timespec *time, const struct timespec *since) {
    return time->tv_sec > since->tv_sec || (time->tv_sec == since->tv_sec && time->tv_nsec >= since->tv_nsec);
}

/* Feeds what is in a file. */
static bool feed_content(const char *path, mr_digest *digest) {
    static char buffer[256 << 10];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t count = -1;
    while (file >= 0 && (count = read(file, buffer, sizeof buffer)) > 0)
        mr_digest_add(digest, buffer, (size_t)count);
    if (file >= 0) close(file);
    return count == 0;
}

/* Whether a text asks for files that no compiler tells of: those that __has_include looks for in vain, and those that
 * the assembler takes in. True as well when it cannot be read. */
static bool asks_for_more(const char *path) {
    static const char *const words[] = {"__has_include", ".incbin"};
    enum { CARRIED = 16 /* bytes that no word is longer than */ };
    static char buffer[CARRIED + (256 << 10)];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t count = -1;
    size_t carried = 0;
    bool asks = false;
    while (file >= 0 && !asks && (count = read(file, buffer + carried, sizeof buffer - carried)) > 0) {
        size_t length = carried + (size_t)count;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            asks |= memmem(buffer, length, words[i], strlen(words[i])) != NULL;
        carried = length < CARRIED ? length : CARRIED;
        memmove(buffer, buffer + length - carried, carried);
    }
    if (file >= 0) close(file);
    return asks || count < 0;
}

/* Files of the system are many in C++, and hardly ever change: which file it is, and since when, says enough of them.
 */
static void feed_identity(const struct stat *status, mr_digest *digest) {
    mr_digest_add(digest, &status->st_dev, sizeof status->st_dev);
    mr_digest_add(digest, &status->st_ino, sizeof status->st_ino);
    mr_digest_add(digest, &status->st_mtim, sizeof status->st_mtim);
    mr_digest_add(digest, &status->st_ctim, sizeof status->st_ctim);
}

static bool feed_file(const char *path, const struct timespec *since, mr_digest *digest) {
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISREG(status.st_mode)) return false;
    if (since && is_later(&status.st_ctim, since)) return false;
    mr_digest_add_text(digest, path);
    mr_digest_add(digest, &status.st_size, sizeof status.st_size);
    if (!is_of_system(path)) return feed_content(path, digest);
    feed_identity(&status, digest);
    return true;
}

/* ---- files that might take their place --------------------------------------------------------------------------- */

/* A compiler takes the first file of a name that it comes upon: in the folder of who includes it, in folders of the
 * user's, in those of the system. So a new file in one of the first folders can change what is made, although none of
 * the files that were read has changed. How they were included is not known; but it was by the end of their path. */

static bool is_in(const mr_words_list *list, const char *word, size_t length) {
    for (size_t i = 0; i < list->count; i++)
        if (!strncmp(list->words[i], word, length) && !list->words[i][length]) return true;
    return false;
}

static bool add_folder(mr_words_list *folders, const char *path, size_t length, mr_error *error) {
    return is_in(folders, path, length) || mr_words_add(folders, error, "%.*s", (int)length, path);
}

/* Folders that a flag names: -Ifolder or -I folder. */
static bool add_flagged(mr_words_list *folders, const mr_words_list *flags, const char *name, mr_error *error) {
    size_t length = strlen(name);
    for (size_t i = 0; i < flags->count; i++) {
        if (strncmp(flags->words[i], name, length) != 0) continue;
        const char *folder = flags->words[i][length] ? flags->words[i] + length : flags->words[i + 1];
        if (!folder) break; /* it was the last word */
        if (!add_folder(folders, folder, strlen(folder), error)) return false;
    }
    return true;
}

/* Folders that a variable names, with colons between them; nothing stands for the current one. */
static bool add_listed(mr_words_list *folders, const char *variable, mr_error *error) {
    const char *folder = getenv(variable);
    bool ok = true;
    for (const char *end; folder && ok; folder = *end ? end + 1 : NULL) {
        end = strchrnul(folder, ':');
        ok = end > folder ? add_folder(folders, folder, (size_t)(end - folder), error)
                          : add_folder(folders, ".", 1, error);
    }
    return ok;
}

/* Folders in which a compiler looks for headers before it does so in those of the system. */
static bool add_searched(mr_words_list *folders, const mr_words_list *flags, mr_error *error) {
    static const char *const names[] = {"-I", "-iquote", "-isystem", "-idirafter"};
    static const char *const variables[] = {"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"};
    static const char local[] = SYSTEM "local/include";
    bool ok = add_folder(folders, local, strlen(local), error);
    for (size_t i = 0; ok && i < sizeof names / sizeof *names; i++)
        ok = add_flagged(folders, flags, names[i], error);
    for (size_t i = 0; ok && i < sizeof variables / sizeof *variables; i++)
        ok = add_listed(folders, variables[i], error);
    return ok;
}

/* Folders of files that were read, but for those of the system. */
static bool add_read(mr_words_list *folders, const mr_words_list *paths, mr_error *error) {
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->words[i], *slash = strrchr(path, '/');
        if (is_of_system(path)) continue;
        if (!add_folder(folders, slash ? path : ".", slash ? (size_t)(slash - path) : 1, error)) return false;
    }
    return true;
}

static bool is_there(const char *folder, const char *name, size_t length) {
    char path[8192];
    int used = snprintf(path, sizeof path, "%s/%.*s", folder, (int)length, name);
    return used < (int)sizeof path && access(path, F_OK) == 0;
}

/* Feeds which files there are in a folder whose names are the end of a path. absent: folders that it has not, such as
 * sys of sys/types.h; most paths end in one of these. */
static bool feed_others(const char *folder, const char *path, mr_words_list *absent, mr_digest *digest,
                        mr_error *error) {
    for (const char *end = path, *next; *end; end = next) {
        end += strspn(end, "/");
        next = strchrnul(end, '/');
        size_t first = (size_t)(next - end);
        if (*next && is_in(absent, end, first)) continue;
        if (!is_there(folder, end, first)) {
            if (*next && !mr_words_add(absent, error, "%.*s", (int)first, end)) return false;
        } else if (is_there(folder, end, strlen(end))) {
            mr_digest_add_text(digest, folder);
            mr_digest_add_text(digest, end);
        }
    }
    return true;
}

static bool feed_folder(const char *folder, const mr_words_list *paths, mr_digest *digest, mr_error *error) {
    mr_words_list absent = {0};
    bool ok = true;
    for (size_t i = 0; i < paths->count && ok; i++)
        ok = feed_others(folder, paths->words[i], &absent, digest, error);
    mr_words_free(&absent);
    return ok;
}

/* ---- what is not compiled ---------------------------------------------------------------------------------------- */

/* Libraries, objects, files with flags: what of them goes into a shared object no compiler tells. Those of the system
 * are left out, as they hardly ever change. */

/* Feeds a file if it is there. */
static bool feed_if_there(const char *path, const struct timespec *since, mr_digest *digest) {
    struct stat status;
    return stat(path, &status) < 0 || !S_ISREG(status.st_mode) || feed_file(path, since, digest);
}

/* Feeds what a flag -lNAME may mean. */
static bool feed_library(const char *name, const mr_words_list *folders, const struct timespec *since,
                         mr_digest *digest) {
    static const char *const forms[] = {"%s/lib%s.so", "%s/lib%s.a", "%s/%s"};
    bool exact = *name == ':', ok = true;
    for (size_t i = 0; i < folders->count; i++)
        for (size_t j = exact ? 2 : 0; j < (exact ? 3 : 2) && ok; j++) {
            char path[8192];
            int used = snprintf(path, sizeof path, forms[j], folders->words[i], name + exact);
            ok = used < (int)sizeof path && feed_if_there(path, since, digest);
        }
    return ok;
}

/* Feeds the files that words of the command name; NULL ends them, and may stand for none. */
static bool feed_words(char *const *words, const mr_words_list *folders, const struct timespec *since,
                       mr_digest *digest) {
    bool ok = true;
    for (char *const *at = words; ok && at && *at; at++) {
        const char *word = *at;
        if (!strncmp(word, "-l", 2))
            ok = feed_library(word[2] || !at[1] ? word + 2 : at[1], folders, since, digest);
        else if (*word != '-')
            ok = feed_if_there(word + (*word == '@'), since, digest);
    }
    return ok;
}

static bool feed_linked(const mr_compiler *compiler, const struct timespec *since, mr_digest *digest, mr_error *error) {
    static const char local[] = SYSTEM "local/lib";
    mr_words_list folders = {0};
    bool ok = add_flagged(&folders, &compiler->flags, "-L", error) && add_listed(&folders, "LIBRARY_PATH", error) &&
              add_folder(&folders, local, strlen(local), error) &&
              feed_words(compiler->flags.words + 1, &folders, since, digest) && /* the first is the compiler */
              feed_words(compiler->behind.words, &folders, since, digest);
    mr_words_free(&folders);
    return ok;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* The source itself may be as new as it likes: its text is part of what is asked for. Compilers leave ./ out. */
static bool is_source(const mr_compiler *compiler, const char *path) {
    const char *source = compiler->source;
    while (source[0] == '.' && source[1] == '/')
        source += 2 + strspn(source + 2, "/");
    return !strcmp(path, source) || !strcmp(path, compiler->source);
}

bool mr_needs_feed(const mr_compiler *compiler, const mr_words_list *paths, const struct timespec *since,
                   mr_digest *digest) {
    mr_words_list folders = {0};
    mr_error error = {0};
    for (size_t i = 0; since && i < paths->count; i++)
        if (!is_of_system(paths->words[i]) && asks_for_more(paths->words[i])) return false;
    bool ok = add_searched(&folders, &compiler->flags, &error) && add_read(&folders, paths, &error) &&
              feed_linked(compiler, since, digest, &error);
    for (size_t i = 0; i < paths->count && ok; i++)
        ok = feed_file(paths->words[i], is_source(compiler, paths->words[i]) ? NULL : since, digest);
    for (size_t i = 0; i < folders.count && ok; i++)
        ok = feed_folder(folders.words[i], paths, digest, &error);
    mr_words_free(&folders);
    return ok;
}

bool mr_needs_trusted(const mr_compiler *compiler, const mr_words_list *paths, mr_error *error) {
    if (geteuid() != 0) return true;
    for (size_t i = 0; i < paths->count; i++)
        if (!is_of_system(paths->words[i]) && !mr_plugin_trusted(paths->words[i], error))
            return mr_error_context(error, "%s includes %s", compiler->source, paths->words[i]);
    return true;
}
