#include "host/side.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/units.h"

/* The content is copied into anonymous memory. A mapping of the file itself would be cheaper, but somebody who
 * truncates the file would kill every process that looks at it (SIGBUS), and somebody who writes into it would change
 * what is being computed with. */

bool mr_is_option_name(const char *name) {
    for (const char *byte = name; *byte; byte++)
        if (!isalnum((unsigned char)*byte) && *byte != '-') return false;
    return *name != 0;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool check_kind(const mr_side_wish *wish, const struct stat *status, mr_error *error) {
    if (S_ISREG(status->st_mode)) return true;
    return mr_error_set(error, "the side file %s is %s, which is no regular file; copy what it gives into a file first",
                        wish->name, wish->path);
}

static bool check_content(const mr_side_wish *wish, int file, uint64_t size, mr_error *error) {
    char magic[3] = {0};
    int64_t count = mr_read_at(file, magic, sizeof magic, 0);
    if (count < 0) return mr_error_system(error, errno, "could not read %s, the side file %s", wish->path, wish->name);
    if (count && !size)
        return mr_error_set(error, "the side file %s is %s, which does not say how long it is; copy it first",
                            wish->name, wish->path);
    if (memcmp(magic, "\x1f\x8b\x08", sizeof magic) != 0) return true;
    return mr_error_set(error, "the side file %s is %s, which is compressed with gzip; unpack it into a file first",
                        wish->name, wish->path);
}

/* Opens the file, without waiting for the other end of a pipe. -1 with error set when that is not possible. */
static int open_file(const mr_side_wish *wish, struct stat *status, mr_error *error) {
    int file = wish->held ? wish->held : open(wish->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool ok = file >= 0 && fstat(file, status) == 0;
    if (!ok) mr_error_system(error, errno, "could not read %s, the side file %s", wish->path, wish->name);
    if (ok && check_kind(wish, status, error) && check_content(wish, file, (uint64_t)status->st_size, error))
        return file;
    if (file >= 0 && !wish->held) close(file);
    return -1;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_content(const mr_side_wish *wish, int file, const struct stat *before, char *memory, mr_error *error) {
    uint64_t size = (uint64_t)before->st_size;
    int64_t count = mr_read_at(file, memory, size, 0);
    struct stat after;
    if (count < 0 || fstat(file, &after) < 0)
        return mr_error_system(error, errno, "could not read %s, the side file %s", wish->path, wish->name);
    bool same = (uint64_t)count == size && after.st_size == before->st_size &&
                after.st_mtim.tv_sec == before->st_mtim.tv_sec && after.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
    if (same) return true;
    return mr_error_set(error, "%s, the side file %s, was changed while it was read; run again when it is at rest",
                        wish->path, wish->name);
}

static bool check_room(const mr_sides *sides, const mr_side_wish *wish, uint64_t bytes, mr_error *error) {
    char wanted[MR_SIZE_TEXT], limit[MR_SIZE_TEXT];
    if (bytes <= sides->limit - sides->bytes) return true;
    return mr_error_set(error, "the side file %s is too large: with %s side files take %s, and --memory is %s",
                        wish->name, wish->path, mr_format_size(mr_add_capped(sides->bytes, bytes), wanted),
                        mr_format_size(sides->limit, limit));
}

/* Reads an open file into shared memory of its own, which nobody can write to from then on. */
static bool read_file(mr_sides *sides, const mr_side_wish *wish, int file, const struct stat *status, mr_error *error) {
    mr_side_file *side = &sides->list[sides->count];
    size_t mapped = mr_round_up(mr_add_capped((uint64_t)status->st_size, 1), MR_PAGE);
    if (!check_room(sides, wish, mapped, error)) return false;
    char *memory = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return mr_error_memory(error, mapped, "a side file");
    *side = (mr_side_file){.name = strdup(wish->name), .path = strdup(wish->path), .option = wish->option};
    side->bytes = mr_bytes(memory, (size_t)status->st_size);
    side->mapped = mapped;
    sides->count++;
    sides->bytes += mapped;
    if (!side->name || !side->path) return mr_error_memory(error, strlen(wish->path), "a path");
    return read_content(wish, file, status, memory, error) && mr_protect_memory(memory, mapped, false, error);
}

static bool check_name(const mr_sides *sides, const mr_side_wish *wish, mr_error *error) {
    if (!mr_is_option_name(wish->name) || strlen(wish->name) >= MR_SIDE_NAME)
        return mr_error_usage(error, "'%s' is no name of a side file: up to %d letters, digits and dashes", wish->name,
                              MR_SIDE_NAME - 1);
    if (mr_sides_find(sides, wish->name))
        return mr_error_usage(error, "there are two side files %s: give --side %s=... once", wish->name, wish->name);
    if (sides->count == MR_SIDES_MAX) return mr_error_usage(error, "there are more than %d side files", MR_SIDES_MAX);
    return true;
}

bool mr_sides_add(mr_sides *sides, const mr_side_wish *wish, mr_error *error) {
    struct stat status;
    if (!check_name(sides, wish, error)) return false;
    int file = open_file(wish, &status, error);
    if (file < 0) return false;
    bool ok = read_file(sides, wish, file, &status, error);
    if (!wish->held) close(file);
    return ok;
}

bool mr_sides_promise(mr_sides *sides, const mr_side_wish *wish, mr_error *error) {
    if (!check_name(sides, wish, error)) return false;
    mr_side_file *side = &sides->list[sides->count++];
    *side = (mr_side_file){.name = strdup(wish->name), .path = strdup(wish->path), .option = wish->option};
    side->bytes = mr_bytes("", 0);
    return (side->name && side->path) || mr_error_memory(error, strlen(wish->path), "a path");
}

const mr_side_file *mr_sides_find(const mr_sides *sides, const char *name) {
    for (size_t i = 0; sides && i < sides->count; i++)
        if (!strcmp(sides->list[i].name, name)) return &sides->list[i];
    return NULL;
}

void mr_sides_close(mr_sides *sides) {
    for (size_t i = 0; i < sides->count; i++) {
        if (sides->list[i].mapped) munmap((void *)sides->list[i].bytes.data, sides->list[i].mapped);
        free(sides->list[i].name);
        free(sides->list[i].path);
    }
    *sides = (mr_sides){0};
}
