#include "job/paths.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A directory is walked by fts, which never follows a symbolic link, so there are no loops; a link to a file is read
 * like the file. What is found is sorted as a whole: the order of the paths is that of `LC_ALL=C sort`, whatever order
 * the directories have on disk. */

static bool no_memory(mr_error *error) {
    return mr_error_memory(error, sizeof(char *), "the list of inputs");
}

/* Adds a path, which becomes the list's. */
static bool add_owned(mr_paths *paths, char *path, mr_error *error) {
    if (path && paths->count == paths->room) {
        size_t room = paths->room ? 2 * paths->room : 64;
        char **larger = realloc(paths->list, room * sizeof *larger);
        if (larger) paths->list = larger;
        mr_held *held = realloc(paths->held, room * sizeof *held);
        if (held) paths->held = held;
        if (larger && held) paths->room = room;
    }
    if (!path || paths->count == paths->room) {
        free(path);
        return no_memory(error);
    }
    paths->held[paths->count] = (mr_held){0};
    paths->list[paths->count++] = path;
    return true;
}

static bool add(mr_paths *paths, const char *path, mr_error *error) {
    return add_owned(paths, strdup(path), error);
}

/* ---- directories ------------------------------------------------------------------------------------------------- */

static bool matches(const char *const *globs, size_t count, const char *name, const char *below) {
    for (size_t i = 0; i < count; i++) {
        bool path = strchr(globs[i], '/');
        if (fnmatch(globs[i], path ? below : name, path ? FNM_PATHNAME : 0) == 0) return true;
    }
    return false;
}

/* The path of an entry below the directory that was named. */
static const char *path_below(const FTSENT *entry, const char *directory) {
    const char *below = entry->fts_path + strlen(directory);
    return below + strspn(below, "/");
}

static bool is_hidden(const FTSENT *entry) {
    return entry->fts_level > 0 && (*entry->fts_name == '.' || *entry->fts_name == '_');
}

static bool is_link_to_directory(const FTSENT *entry) {
    struct stat status;
    return entry->fts_info == FTS_SL && stat(entry->fts_accpath, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool take_entry(mr_paths *paths, FTS *walk, FTSENT *entry, const char *directory, const mr_path_choice *choice,
                       mr_error *error) {
    const char *below = path_below(entry, directory);
    if (entry->fts_info == FTS_DP) return true;
    if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
        return mr_error_system(error, entry->fts_errno, "could not read %s", entry->fts_path);
    if (is_hidden(entry) ||
        (entry->fts_level > 0 && matches(choice->excludes, choice->exclude_count, entry->fts_name, below))) {
        fts_set(walk, entry, FTS_SKIP);
        return true;
    }
    if (entry->fts_info == FTS_D || is_link_to_directory(entry)) return true;
    if (choice->include_count && !matches(choice->includes, choice->include_count, entry->fts_name, below)) return true;
    return add(paths, entry->fts_path, error);
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_directory(mr_paths *paths, const char *directory, const mr_path_choice *choice, mr_error *error) {
    size_t before = paths->count;
    char *copy = strdup(directory);
    if (!copy) return no_memory(error);
    FTS *walk = fts_open((char *const[]){copy, NULL}, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    bool ok = walk || mr_error_system(error, errno, "could not read %s", directory);
    FTSENT *entry;
    while (ok && (errno = 0, entry = fts_read(walk)))
        ok = take_entry(paths, walk, entry, directory, choice, error);
    if (ok && errno) ok = mr_error_system(error, errno, "could not read %s", directory);
    if (walk) fts_close(walk);
    free(copy);
    if (ok && paths->count > before)
        qsort(paths->list + before, paths->count - before, sizeof *paths->list, compare_paths);
    return ok;
}

/* Adds a file, or what is in a directory; a path that leads nowhere is for whoever reads it to complain about. */
static bool add_path(mr_paths *paths, const char *path, const mr_path_choice *choice, mr_error *error) {
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return add_directory(paths, path, choice, error);
    return add(paths, path, error);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* Adds what a line of a list names. There - is a file as any other. */
static bool add_line(mr_paths *paths, char *line, size_t length, const mr_path_choice *choice, const char *list,
                     mr_error *error) {
    char end = choice->null ? 0 : '\n';
    if (length && line[length - 1] == end) line[--length] = 0;
    if (!length) return true;
    if (strlen(line) != length)
        return mr_error_set(error, "%s holds a zero byte; for a list of paths that end with one give -0", list);
    return add_path(paths, strcmp(line, "-") ? line : "./-", choice, error);
}

static bool add_list(mr_paths *paths, const char *list, const mr_path_choice *choice, mr_error *error) {
    bool standard = !strcmp(list, "-");
    FILE *file = standard ? stdin : fopen(list, "re");
    if (!file) return mr_error_system(error, errno, "could not read %s, a list of inputs", list);
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    for (ssize_t length; ok && (errno = 0, length = getdelim(&line, &room, choice->null ? 0 : '\n', file)) >= 0;)
        ok = add_line(paths, line, (size_t)length, choice, list, error);
    if (ok && errno) ok = mr_error_system(error, errno, "could not read %s, a list of inputs", list);
    free(line);
    if (!standard) fclose(file);
    return ok;
}

/* Adds what has no path. */
static bool add_held(mr_paths *paths, const char *name, const mr_held *held, mr_error *error) {
    if (!add(paths, name, error)) return false;
    paths->held[paths->count - 1] = *held;
    return true;
}

/* ---- all inputs -------------------------------------------------------------------------------------------------- */

static bool add_input(mr_paths *paths, const char *input, const mr_path_choice *choice, mr_error *error) {
    if (!strcmp(input, "-")) return add(paths, input, error);
    return *input == '@' ? add_list(paths, input + 1, choice, error) : add_path(paths, input, choice, error);
}

bool mr_paths_find(mr_paths *paths, const char *const *inputs, const mr_held *held, size_t count,
                   const mr_path_choice *choice, mr_error *error) {
    for (size_t i = 0; i < count; i++)
        if (held && mr_is_held(&held[i]) ? !add_held(paths, inputs[i], &held[i], error)
                                         : !add_input(paths, inputs[i], choice, error))
            return false;
    if (paths->count) return true;
    bool chosen = choice->include_count || choice->exclude_count;
    return mr_error_set(error, "there is no file in %s%s%s", inputs[0], count > 1 ? " and the other inputs" : "",
                        chosen ? " that --include and --exclude leave over"
                               : " (those whose names begin with . or _ do not count)");
}

void mr_paths_close(mr_paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        free(paths->list[i]);
    free(paths->list);
    free(paths->held);
    *paths = (mr_paths){0};
}
