#include "flow/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"

/* An output file has no name until it is complete: the workers write to an unnamed file in its folder, which then gets
 * the name at once. When the name is taken the file first gets a name beside it and is then renamed, which replaces the
 * old one at once. Until then a crash of any process leaves nothing behind. */

enum { NAME_ATTEMPTS = 100 };

static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* A file system without O_TMPFILE: the temporary has a name and is removed when the job ends. */
static bool open_named(mr_output *output, mr_error *error) {
    char *path;
    if (asprintf(&path, "%s/.mr-XXXXXX", output->folder) < 0) return mr_error_memory(error, 64, "a path");
    output->file = mkostemp(path, O_CLOEXEC);
    output->temporary = output->file >= 0 ? path : NULL;
    if (output->file >= 0) return true;
    free(path);
    return mr_error_system(error, errno, "could not write to the folder of %s", output->path);
}

static mode_t usual_mode(void) {
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* The path of the output behind all links, allocated, or as it is when there is no such file yet; NULL on error. */
static char *resolve_path(const mr_output *output, mr_error *error) {
    char *path = realpath(output->path, NULL);
    if (!path && errno == ENOENT) path = strdup(output->path);
    if (!path) mr_error_system(error, errno, "could not write %s", output->path);
    return path;
}

/* Opens the file, without a name, in the folder. */
static bool open_unnamed(mr_output *output, mr_error *error) {
    output->file = open(output->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (output->file >= 0) return true;
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return open_named(output, error);
    return mr_error_system(error, errno, "could not write %s%s", output->path,
                           errno == ENOENT ? " (make its folder first)" : "");
}

static bool open_file(mr_output *output, mr_error *error) {
    /* Through a link: beside the file that is to be replaced, which may be on another file system. */
    char *path = resolve_path(output, error);
    if (!path) return false;
    output->folder = folder_of(path);
    free(path);
    if (!output->folder) return mr_error_memory(error, strlen(output->path), "a path");
    return open_unnamed(output, error);
}

/* Finds out what kind of stream a descriptor is. A pipe or terminal is opened once more where that is possible, because
 * making the user's own descriptor nonblocking would change it for all who share it. */
static bool open_stream(mr_output *output, int file, mr_error *error) {
    struct stat status;
    int flags = fcntl(file, F_GETFL);
    if (flags < 0 || fstat(file, &status) < 0)
        return mr_error_system(error, errno, "could not write to %s", output->path);
    if ((flags & O_ACCMODE) == O_RDONLY)
        return mr_error_set(error, "could not write to %s: it is not open for writing", output->path);
    output->stream = true;
    output->file = file;
    output->waits = !S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode);
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        int again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (again >= 0) {
            output->nonblocking = true;
            if (file != STDOUT_FILENO) close(file);
            output->file = again;
        }
    }
    return true;
}

bool mr_output_open(mr_output *output, const char *path, mr_error *error) {
    struct stat status;
    bool standard = !path || !strcmp(path, "-");
    *output = (mr_output){.path = standard ? "standard output" : path, .file = -1};
    if (standard) return open_stream(output, STDOUT_FILENO, error);
    if (stat(path, &status) < 0) {
        if (errno != ENOENT) return mr_error_system(error, errno, "could not write %s", path);
        return open_file(output, error);
    }
    if (S_ISDIR(status.st_mode)) return mr_error_set(error, "could not write %s: it is a directory", path);
    if (S_ISREG(status.st_mode)) return open_file(output, error);
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) return mr_error_system(error, errno, "could not write %s", path);
    return open_stream(output, file, error);
}

void mr_output_hold(mr_output *output, const char *path, int file) {
    *output = (mr_output){.path = path, .file = file, .held = true};
}

bool mr_output_divert(mr_output *output, mr_error *error) {
    if (output && output->file == STDOUT_FILENO)
        output->file = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if ((!output || output->file >= 0) && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) return true;
    return mr_error_system(error, errno, "could not redirect output");
}

/* Gives the unnamed file a name that does not exist yet; false with errno set. */
static bool link_as(const mr_output *output, const char *path) {
    char unnamed[64];
    snprintf(unnamed, sizeof unnamed, "/proc/self/fd/%d", output->file);
    return linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* Gives the unnamed file a name beside the output's. */
static bool link_beside(mr_output *output, mr_error *error) {
    for (int i = 0; i < NAME_ATTEMPTS; i++) {
        char *path;
        if (asprintf(&path, "%s/.mr-%ld-%d", output->folder, (long)getpid(), i) < 0)
            return mr_error_memory(error, 64, "a path");
        if (link_as(output, path)) {
            output->temporary = path;
            return true;
        }
        free(path);
        if (errno != EEXIST) break;
    }
    return mr_error_system(error, errno, "could not write %s", output->path);
}

/* Takes over the permissions of the file that is replaced. Where they are the same already, as they always are on a
 * file system that has none, they need not be set. */
static bool take_permissions(const mr_output *output, const char *path, mr_error *error) {
    struct stat old, own;
    bool ok = stat(path, &old) == 0;
    if ((!ok && errno == ENOENT) || (ok && !S_ISREG(old.st_mode))) return true;
    ok = ok && fstat(output->file, &own) == 0;
    ok = ok && (((old.st_mode ^ own.st_mode) & 07777) == 0 || fchmod(output->file, old.st_mode & 07777) == 0);
    return ok || mr_error_system(error, errno, "could not give %s the permissions that it has", output->path);
}

/* Puts the file into the place of another one, or of one that a link leads to. */
static bool replace(mr_output *output, mr_error *error) {
    char *path = resolve_path(output, error);
    bool ok = path && take_permissions(output, path, error) && (output->temporary || link_beside(output, error));
    ok = ok &&
         (rename(output->temporary, path) == 0 || mr_error_system(error, errno, "could not replace %s", output->path));
    if (ok) {
        free(output->temporary);
        output->temporary = NULL;
    }
    free(path);
    return ok;
}

bool mr_output_open_part(mr_output *output, const char *directory, const char *name, bool exists, mr_error *error) {
    *output = (mr_output){.path = name, .file = -1};
    if (asprintf(&output->own_path, "%s/%s", directory, name) < 0) output->own_path = NULL;
    output->folder = exists ? strdup(directory) : folder_of(directory);
    if (!output->own_path || !output->folder) return mr_error_memory(error, strlen(directory), "a path");
    output->path = output->own_path;
    return open_unnamed(output, error);
}

bool mr_output_finish(mr_output *output, uint64_t length, mr_error *error) {
    if (ftruncate(output->file, (off_t)length) < 0 || (!output->held && fsync(output->file) < 0))
        return mr_error_system(error, errno, "could not write %s", output->path);
    /* mkostemp gives less than the usual permissions, which is no reason to lose the output. */
    if (output->temporary) (void)!fchmod(output->file, usual_mode());
    return true;
}

bool mr_output_publish(mr_output *output, mr_error *error) {
    bool ok = output->temporary ? rename(output->temporary, output->path) == 0 : link_as(output, output->path);
    if (!ok) return mr_error_system(error, errno, "could not write %s", output->path);
    free(output->temporary);
    output->temporary = NULL;
    return true;
}

bool mr_output_commit(mr_output *output, uint64_t length, mr_error *error) {
    if (output->stream) return true;
    if (!mr_output_finish(output, length, error)) return false;
    if (output->held) return true;
    if (!output->temporary && link_as(output, output->path)) return true;
    return replace(output, error);
}

/* Writes to a stream, and waits when its reader is slow. False with errno set on error. */
static bool write_stream(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t count = write(file, bytes, length);
        if (count < 0 && errno == EAGAIN && poll(&(struct pollfd){file, POLLOUT, 0}, 1, -1) >= 0) continue;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

bool mr_output_write(mr_output *output, const void *bytes, size_t length, uint64_t offset, mr_error *error) {
    bool ok =
        output->stream ? write_stream(output->file, bytes, length) : mr_write_at(output->file, bytes, length, offset);
    if (ok) return true;
    output->failure = errno;
    return mr_error_system(error, output->failure, "could not write %s", output->path);
}

bool mr_output_check(const char *path, mr_error *error) {
    struct stat status;
    mr_output output = {.file = -1};
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return true;
    bool ok = mr_output_open(&output, path, error);
    mr_output_close(&output);
    return ok;
}

void mr_output_close(mr_output *output) {
    if (output->temporary) {
        unlink(output->temporary);
        free(output->temporary);
    }
    if (output->file >= 0 && output->file != STDOUT_FILENO && !output->held) close(output->file);
    free(output->folder);
    free(output->own_path);
    *output = (mr_output){.file = -1};
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static bool open_part(mr_part_stream *stream, const mr_arena *regions, const mr_spill *files, mr_error *error) {
    const mr_part *part = &stream->part;
    if (stream->open) return true;
    if (part->in_file)
        mr_run_reader_open(&stream->reader, &files[part->worker], part->place);
    else if (!mr_part_verify(part, regions, error))
        return false;
    stream->read = 0;
    stream->open = true;
    return true;
}

void mr_part_stream_close(mr_part_stream *stream) {
    if (stream->open && stream->part.in_file) mr_run_reader_close(&stream->reader);
    stream->open = false;
}

/* The bytes of the part that come next: in shared memory, or read from a file. */
static bool next_bytes(mr_part_stream *stream, const mr_arena *regions, mr_slice *bytes, mr_error *error) {
    const mr_part *part = &stream->part;
    if (!part->in_file) {
        const char *start = regions[part->worker].base + part->place.offset;
        *bytes = mr_bytes(start + stream->written, part->bytes - stream->written);
        return true;
    }
    bool more = true;
    mr_run_reader *reader = &stream->reader;
    while (stream->read <= stream->written) {
        if (!mr_run_next_block(reader, &more, error)) {
            /* All blocks were intact, but they are not those that were written: what is out may be wrong. */
            if (!reader->rest.length && stream->written) error->damage = false;
            return false;
        }
        if (!more) return mr_error_damage(error, "a file in %s lacks a part of it", reader->spill->folder);
        stream->read += reader->block.used;
    }
    uint64_t left = stream->read - stream->written;
    *bytes = mr_bytes(reader->records + reader->block.used - left, left);
    return true;
}

/* Writes what can be written without waiting: 0 when that is nothing, -1 with errno set on error. */
static ssize_t write_some(const mr_output *output, mr_slice bytes) {
    size_t length = bytes.length;
    if (output->waits && !output->nonblocking) {
        struct pollfd ready = {.fd = output->file, .events = POLLOUT};
        if (poll(&ready, 1, 0) < 1) return 0;
        length = mr_smaller(length, PIPE_BUF); /* as much as is certain not to block */
    }
    ssize_t count = write(output->file, bytes.data, length);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    return count;
}

enum mr_stream_state mr_output_stream(mr_output *output, mr_part_stream *stream, const mr_arena *regions,
                                      const mr_spill *files, mr_error *error) {
    bool waited = stream->open;
    if (!open_part(stream, regions, files, error)) return MR_STREAM_FAILED;
    while (stream->written < stream->part.bytes) {
        mr_slice bytes = {0};
        if (!next_bytes(stream, regions, &bytes, error)) return MR_STREAM_FAILED;
        ssize_t count = write_some(output, bytes);
        if (count < 0 && errno == EPIPE) return MR_STREAM_CLOSED;
        if (count < 0) {
            mr_error_system(error, errno, "could not write to %s", output->path);
            return MR_STREAM_FAILED;
        }
        if (count == 0) return MR_STREAM_WAIT;
        stream->written += (uint64_t)count;
    }
    /* What was right when the first byte went out need not have been so any more for the last. */
    if (waited && !mr_part_verify(&stream->part, regions, error)) {
        error->damage = false;
        return MR_STREAM_FAILED;
    }
    mr_part_stream_close(stream);
    return MR_STREAM_DONE;
}
