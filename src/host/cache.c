#include "host/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host/needs.h"

enum {
    FILES_MOST = 128,       /* a shared object and a list of headers for each of 64 sources */
    BYTES_MOST = 256 << 20, /* of all files together */
    NEEDS_MOST = 16 << 20,  /* of a list of headers */
    FRESH_SECONDS = 3600    /* a file that has been used is not marked again so soon */
};

#define UNFINISHED ".new-" /* names of files that are being written begin so */

/* ---- the folder -------------------------------------------------------------------------------------------------- */

/* Why a folder is not the user's alone: the end of a sentence; NULL when it is. shared: others may write to it if it is
 * sticky, and it may be root's. */
static const char *reason_against(const struct stat *status, bool shared) {
    if (!S_ISDIR(status->st_mode)) return "is no folder";
    if (status->st_uid != geteuid() && !(shared && status->st_uid == 0)) return "belongs to another user";
    if (!(status->st_mode & (S_IWGRP | S_IWOTH)) || (shared && status->st_mode & S_ISVTX)) return NULL;
    return "can be written to by others";
}

/* Whether the cache may be in a folder, which is made if need be. */
static bool take_folder(const char *path, bool shared, const char *source) {
    struct stat status;
    mkdir(path, 0700);
    if (fstatat(AT_FDCWD, path, &status, shared ? 0 : AT_SYMLINK_NOFOLLOW) < 0) return false;
    const char *reason = reason_against(&status, shared);
    if (!reason) return true;
    mr_message(
        "%s is compiled every time, because the folder for what was compiled is not yours alone: %s %s (mend that, "
        "or set XDG_CACHE_HOME to another folder)",
        source, path, reason);
    return false;
}

/* Whether shared objects can be loaded from a folder: homes may be on file systems that run nothing. */
static bool lets_load(const char *path, const char *source) {
    struct statvfs system;
    if (statvfs(path, &system) < 0 || !(system.f_flag & ST_NOEXEC)) return true;
    mr_message(
        "%s is compiled every time, because nothing can be loaded from the folder for what was compiled: %s is on "
        "a file system that is mounted noexec (set XDG_CACHE_HOME to another folder)",
        source, path);
    return false;
}

/* The folder in which the cache lies, allocated; NULL: there is none. */
static char *name_above(void) {
    const char *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *above = NULL;
    if (caches && *caches == '/') return strdup(caches);
    return home && *home == '/' && asprintf(&above, "%s/.cache", home) >= 0 ? above : NULL;
}

static char *name_folder(const char *above) {
    char *folder = NULL;
    return above && asprintf(&folder, "%s/mr", above) >= 0 ? folder : NULL;
}

char *mr_cache_folder(void) {
    char *above = name_above(), *folder = name_folder(above);
    free(above);
    return folder;
}

static char *find_folder(const char *source) {
    char *above = name_above(), *folder = name_folder(above);
    if (folder &&
        !(take_folder(above, true, source) && take_folder(folder, false, source) && lets_load(folder, source))) {
        free(folder);
        folder = NULL;
    }
    free(above);
    return folder;
}

/* ---- what is asked for ------------------------------------------------------------------------------------------- */

static void feed_words(mr_digest *digest, const mr_words_list *list) {
    mr_digest_add(digest, &list->count, sizeof list->count);
    for (size_t i = 0; i < list->count; i++)
        mr_digest_add_text(digest, list->words[i]);
}

static void feed_program(mr_digest *digest, const char *path) {
    struct stat status = {0};
    mr_digest_add_text(digest, path);
    if (path && stat(path, &status) == 0) {
        mr_digest_add(digest, &status.st_size, sizeof status.st_size);
        mr_digest_add(digest, &status.st_ino, sizeof status.st_ino);
        mr_digest_add(digest, &status.st_mtim, sizeof status.st_mtim);
    }
}

/* Who compiles, and for which machine: a folder may be shared by several. Words before the first flag are names of
 * programs, too, as in "ccache gcc". */
static void feed_compiler(mr_digest *digest, const mr_compiler *compiler) {
    struct utsname machine = {0};
    const mr_words_list *flags = &compiler->flags;
    feed_program(digest, compiler->program);
    for (size_t i = 1; i < flags->count && *flags->words[i] != '-'; i++) {
        mr_error ignored = {0};
        char *path = mr_program_find(flags->words[i], &ignored);
        feed_program(digest, path);
        free(path);
    }
    uname(&machine);
    mr_digest_add_text(digest, machine.nodename);
    mr_digest_add_text(digest, machine.machine);
}

static void feed_variables(mr_digest *digest) {
    static const char *const names[] = {"CPATH",         "C_INCLUDE_PATH",  "CPLUS_INCLUDE_PATH", "LIBRARY_PATH",
                                        "COMPILER_PATH", "GCC_EXEC_PREFIX", "SOURCE_DATE_EPOCH",  "LD_RUN_PATH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        mr_digest_add_text(digest, getenv(names[i]));
}

static void make_key(mr_cache *cache, mr_slice text) {
    static const uint64_t interface[] = {1 /* of this cache */, MR_ABI_MAJOR, sizeof(mr_plugin)};
    char folder[4096];
    mr_digest digest;
    mr_digest_begin(&digest);
    mr_digest_add(&digest, interface, sizeof interface);
    feed_compiler(&digest, cache->compiler);
    feed_words(&digest, &cache->compiler->flags);
    feed_words(&digest, &cache->compiler->behind);
    feed_variables(&digest);
    mr_digest_add_text(&digest, getcwd(folder, sizeof folder)); /* debug information names it */
    mr_digest_add_text(&digest, cache->compiler->source);
    mr_digest_add(&digest, text.data, text.length);
    mr_digest_text(&digest, cache->key);
}

void mr_cache_open(mr_cache *cache, const mr_compiler *compiler, mr_slice text) {
    *cache = (mr_cache){.compiler = compiler};
    clock_gettime(CLOCK_REALTIME_COARSE, &cache->since); /* the time of day that file systems use */
    make_key(cache, text);
    cache->folder = find_folder(compiler->source);
}

void mr_cache_close(mr_cache *cache) {
    free(cache->folder);
    cache->folder = NULL;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static char *path_in(const mr_cache *cache, const char *name, const char *ending) {
    char *path;
    return asprintf(&path, "%s/%s%s", cache->folder, name, ending) < 0 ? NULL : path;
}

/* Whether a file was last used a short time ago. Files know the time of day; when that jumps, one is marked once more,
 * or thrown out a little early. */
static bool is_fresh(time_t used) {
    return time(NULL) - used <= FRESH_SECONDS; /* the time of day */
}

/* Opens a file of the cache, which from now on nobody throws out, and marks it as used. -1: there is none. */
static int open_file(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return -1;
    bool ok = flock(file, LOCK_SH) == 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
              status.st_nlink > 0 && status.st_uid == geteuid() && !(status.st_mode & (S_IWGRP | S_IWOTH));
    if (ok && !is_fresh(status.st_mtime)) (void)!futimens(file, NULL);
    if (ok) return file;
    close(file);
    return -1;
}

/* Reads a whole file; false when it is not there or too large. */
static bool read_file(int file, mr_slice *bytes) {
    struct stat status;
    if (fstat(file, &status) < 0 || status.st_size > NEEDS_MOST) return false;
    char *text = malloc((size_t)status.st_size + 1);
    ssize_t length = text ? pread(file, text, (size_t)status.st_size, 0) : -1;
    if (length == status.st_size) {
        *bytes = (mr_slice){text, (size_t)length};
        return true;
    }
    free(text);
    return false;
}

/* Copies a file in memory to a new one in the folder, which goes by the name path when it is complete, in the place of
 * what may be there. */
static bool put_file(const mr_cache *cache, int image, const char *path) {
    char *temporary = path_in(cache, UNFINISHED, "XXXXXX");
    int file = temporary ? mkostemp(temporary, O_CLOEXEC) : -1;
    off_t at = 0;
    ssize_t count = -1;
    while (file >= 0 && (count = sendfile(file, image, &at, 1 << 30)) > 0) {
    }
    bool ok = count == 0 && fsync(file) == 0 && rename(temporary, path) == 0;
    if (file >= 0 && !ok) unlink(temporary);
    if (file >= 0) close(file);
    free(temporary);
    return ok;
}

/* ---- throwing out ------------------------------------------------------------------------------------------------ */

/* A file of the cache. */
typedef struct entry {
    char name[64];
    off_t bytes;
    struct timespec used;
} entry;

static int by_last_use(const void *a, const void *b) {
    const struct timespec *first = &((const entry *)a)->used, *second = &((const entry *)b)->used;
    if (first->tv_sec != second->tv_sec) return first->tv_sec < second->tv_sec ? 1 : -1;
    return (first->tv_nsec < second->tv_nsec) - (first->tv_nsec > second->tv_nsec);
}

/* All files, those first that were used last. */
static size_t list_files(DIR *folder, entry **entries) {
    size_t count = 0;
    *entries = NULL;
    for (const struct dirent *found; (found = readdir(folder));) {
        struct stat status;
        size_t length = strlen(found->d_name);
        if (length >= sizeof(*entries)->name ||
            fstatat(dirfd(folder), found->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
            continue;
        entry *larger = realloc(*entries, (count + 1) * sizeof **entries);
        if (!larger) break;
        *entries = larger;
        entry *next = &larger[count++];
        memcpy(next->name, found->d_name, length + 1);
        next->bytes = status.st_size;
        next->used = status.st_mtim;
    }
    if (count) qsort(*entries, count, sizeof **entries, by_last_use);
    return count;
}

static void throw_out(int folder, const char *name) {
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) (void)!unlinkat(folder, name, 0);
    close(file);
}

/* Keeps what was used last; also removes files whose writer was killed. */
static void make_room(const mr_cache *cache) {
    DIR *folder = opendir(cache->folder);
    entry *entries;
    off_t bytes = 0;
    if (!folder) return;
    size_t count = list_files(folder, &entries);
    for (size_t i = 0; i < count; i++) {
        bytes += entries[i].bytes;
        bool given_up = !strncmp(entries[i].name, UNFINISHED, strlen(UNFINISHED)) && !is_fresh(entries[i].used.tv_sec);
        if (i >= FILES_MOST || bytes > BYTES_MOST || given_up) throw_out(dirfd(folder), entries[i].name);
    }
    free(entries);
    closedir(folder);
}

/* ---- finding and keeping ----------------------------------------------------------------------------------------- */

/* The path of the shared object that these headers make; NULL when that cannot be known. since: as for mr_needs_feed.
 */
static char *name_object(const mr_cache *cache, const mr_words_list *paths, const struct timespec *since) {
    char name[MR_DIGEST_TEXT];
    mr_digest digest;
    mr_digest_begin(&digest);
    mr_digest_add_text(&digest, cache->key);
    if (!mr_needs_feed(cache->compiler, paths, since, &digest)) return NULL;
    mr_digest_text(&digest, name);
    return path_in(cache, name, ".so");
}

/* The paths in a rule of make that a file holds. */
static bool read_needs(int file, mr_words_list *paths, mr_error *error) {
    mr_slice rule;
    if (file < 0 || !read_file(file, &rule)) return false;
    bool ok = mr_needs_parse(rule, paths, error);
    free((char *)rule.data);
    return ok;
}

int mr_cache_find(const mr_cache *cache, char **path, mr_error *error) {
    mr_words_list paths = {0};
    int file = -1;
    *path = NULL;
    if (!cache->folder) return -1;
    char *list = path_in(cache, cache->key, ".needs");
    int needs = list ? open_file(list) : -1;
    if (read_needs(needs, &paths, error)) *path = name_object(cache, &paths, NULL);
    if (*path) file = open_file(*path);
    if (file >= 0 && !mr_needs_trusted(cache->compiler, &paths, error)) {
        close(file);
        file = -1;
    }
    if (needs >= 0) close(needs);
    if (file < 0) {
        free(*path);
        *path = NULL;
    }
    mr_words_free(&paths);
    free(list);
    return file;
}

int mr_cache_keep(const mr_cache *cache, const mr_compiled *compiled, char **path, mr_error *error) {
    mr_words_list paths = {0};
    int file = -1;
    *path = NULL;
    bool ok = read_needs(compiled->needs, &paths, error) && mr_needs_trusted(cache->compiler, &paths, error);
    char *list = ok && cache->folder ? path_in(cache, cache->key, ".needs") : NULL;
    if (list) *path = name_object(cache, &paths, &cache->since);
    if (*path && put_file(cache, compiled->image, *path) && put_file(cache, compiled->needs, list)) {
        file = open_file(*path);
        make_room(cache);
    }
    if (file < 0) {
        free(*path);
        *path = NULL;
    }
    mr_words_free(&paths);
    free(list);
    return file;
}
