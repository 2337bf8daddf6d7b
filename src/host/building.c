#include "host/building.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/nearest.h"
#include "host/cache.h"
#include "host/trust.h"

enum { SOURCE_MOST = 64 << 20 };

/* What has been made in this process, for as long as it lives: the file has to stay open, because one in memory is gone
 * when it is closed, and one in the cache may be thrown out. */
typedef struct made {
    char *source; /* as the user named it */
    char *path;   /* of the shared object; NULL: there is none as yet */
    int file;     /* the shared object, open; -1: there is none as yet */
    struct made *next;
} made;

static made *all_made;

static bool read_all(const char *source, int file, mr_slice *text, mr_error *error) {
    struct stat status;
    if (fstat(file, &status) < 0) return mr_error_system(error, errno, "could not look at %s", source);
    if (!S_ISREG(status.st_mode)) return mr_error_set(error, "%s is no file that could be compiled", source);
    if (status.st_size > SOURCE_MOST) return mr_error_set(error, "%s is too large to be compiled", source);
    char *bytes = malloc((size_t)status.st_size + 1);
    if (!bytes) return mr_error_memory(error, (size_t)status.st_size, "a source file");
    int64_t length = mr_read_at(file, bytes, (size_t)status.st_size, 0);
    if (length < 0) {
        free(bytes);
        return mr_error_system(error, errno, "could not read %s", source);
    }
    *text = (mr_slice){bytes, (size_t)length};
    return true;
}

bool mr_building_read(const char *source, mr_slice *text, mr_error *error) {
    int file = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return mr_error_system(error, errno, "could not read the source %s", source) ||
               mr_nearest_file(error, source, ".c|.cc|.cpp|.cxx");
    bool ok = mr_plugin_trusted(source, error) && read_all(source, file, text, error);
    close(file);
    return ok;
}

/* ---- what has been made ------------------------------------------------------------------------------------------ */

/* The entry of a source, with nothing made of it if it is new; NULL when there is no memory. */
static made *entry_of(const char *source) {
    for (made *entry = all_made; entry; entry = entry->next)
        if (!strcmp(entry->source, source)) return entry;
    made *added = malloc(sizeof *added);
    char *copy = strdup(source);
    if (!added || !copy) {
        free(added);
        free(copy);
        return NULL;
    }
    *added = (made){.source = copy, .file = -1, .next = all_made};
    all_made = added;
    return added;
}

/* Takes the place of what was made of the same source before. False when there is no memory. */
static bool remember(const char *source, const char *path, int file) {
    made *entry = entry_of(source);
    char *copy = entry ? strdup(path) : NULL;
    if (!copy) return false;
    if (entry->file >= 0) close(entry->file);
    free(entry->path);
    entry->path = copy;
    entry->file = file;
    return true;
}

const char *mr_building_source(const char *path) {
    for (const made *entry = all_made; entry; entry = entry->next)
        if (entry->path && !strcmp(entry->path, path)) return entry->source;
    return path;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* The path of a file in memory, for this process, its children and debuggers. */
static char *path_of(int file, mr_error *error) {
    char *path;
    if (asprintf(&path, "/proc/%d/fd/%d", (int)getpid(), file) >= 0) return path;
    mr_error_memory(error, 32, "a path");
    return NULL;
}

/* Compiles. The shared object, which is open, is kept in the cache, or else stays in memory. -1 with error set. */
static int make(const mr_cache *cache, char **path, mr_error *error) {
    mr_compiled compiled;
    if (!mr_compile(cache->compiler, &compiled, error)) return -1;
    int file = mr_cache_keep(cache, &compiled, path, error);
    if (file < 0 && !error->set && (*path = path_of(compiled.image, error))) {
        file = compiled.image;
        compiled.image = -1;
    }
    mr_compiled_close(&compiled);
    return file;
}

static char *find_or_make(const mr_compiler *compiler, mr_slice text, mr_error *error) {
    char *path;
    mr_cache cache;
    mr_cache_open(&cache, compiler, text);
    int file = mr_cache_find(&cache, &path, error);
    if (file < 0 && !error->set) file = make(&cache, &path, error);
    mr_cache_close(&cache);
    if (file < 0) return NULL;
    if (remember(compiler->source, path, file)) return path;
    mr_error_memory(error, sizeof(made), "a plugin");
    close(file);
    free(path);
    return NULL;
}

char *mr_building_make(const char *source, mr_error *error) {
    mr_slice text = {0};
    mr_compiler compiler;
    if (!mr_building_read(source, &text, error)) return NULL;
    char *path = NULL;
    if (mr_compiler_choose(&compiler, source, text, NULL, error)) {
        path = find_or_make(&compiler, text, error);
        mr_compiler_free(&compiler);
    }
    free((char *)text.data);
    return path;
}
