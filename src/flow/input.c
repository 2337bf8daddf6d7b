#include "flow/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/units.h"
#include "data/decode.h"

enum { BLOCK = 64 << 10 /* bytes read at once when a record is looked for */ };

/* All sources together are one sequence of bytes, in the order of the command line: a position in it names a byte of a
 * source, and ranges of positions are what the work is divided into. A hundred thousand small files are then no more
 * tasks than one large file. */

/* Sources are read by offset and never mapped: a file that shrinks while we read it is an error, not a SIGBUS. */

/* Takes standard input over: whoever reads it from now on, as a plugin may, finds it empty. */
static bool take_standard(mr_input *input, mr_source *source, mr_error *error) {
    if (input->standard)
        return mr_error_usage(error, "standard input (-) can be read only once; put it into a file first");
    int taken = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), failure = errno;
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (taken >= 0 && nothing >= 0 && dup2(nothing, STDIN_FILENO) == STDIN_FILENO) input->standard = taken;
    if (nothing > STDIN_FILENO) close(nothing);
    if (!input->standard) return mr_error_system(error, failure, "could not read standard input");
    source->standard = taken;
    source->path = MR_STANDARD_INPUT;
    return true;
}

/* Gives standard input back, and takes all that it had as read. */
static void return_standard(const mr_input *input) {
    if (!input->standard) return;
    (void)!dup2(input->standard, STDIN_FILENO); /* otherwise nobody else reads it */
    close(input->standard);
}

static bool make_index(mr_source *source, int file, mr_error *error) {
    bool is_bgzf;
    source->index = calloc(1, sizeof *source->index);
    if (!source->index) return mr_error_memory(error, sizeof *source->index, "an index");
    if (!mr_bgzf_index_make(source->index, file, source->file_size, &is_bgzf))
        return mr_error_system(error, errno, "could not read %s", source->path);
    source->form = is_bgzf ? MR_FORM_BGZF : MR_FORM_STREAM;
    if (is_bgzf) source->size = source->index->decoded;
    return true;
}

/* Looks at what a regular file holds. */
static bool look_into(mr_source *source, int file, mr_error *error) {
    char magic[4];
    int64_t count = mr_read_at(file, magic, sizeof magic, source->base);
    if (count < 0) return mr_error_system(error, errno, "could not read %s at byte 0", source->path);
    /* Files of /proc say that they are empty, and are not. */
    if (count && !source->size) source->form = MR_FORM_PIPE;
    if (count && !source->size) return true;
    enum mr_coding coding = source->coding = mr_coding_of(magic, (size_t)count);
    if (coding != MR_CODING_GZIP && coding != MR_CODING_ZSTD) return true;
    if (coding == MR_CODING_GZIP && !source->base) return make_index(source, file, error);
    source->form = MR_FORM_STREAM;
    return mr_coding_is_known(coding) ||
           mr_error_set(error,
                        "%s is compressed with zstd, which this mr was built without; unpack it into a file first",
                        source->path);
}

static bool look_at_file(mr_source *source, const struct stat *status, mr_error *error) {
    int file = source->standard ? source->standard : open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) return mr_error_system(error, errno, "could not read %s", source->path);
    /* Somebody may have read the beginning of standard input already. */
    off_t begin = source->standard ? lseek(file, 0, SEEK_CUR) : 0;
    source->file_size = (uint64_t)status->st_size;
    source->base = source->origin = begin > 0 ? mr_smaller((uint64_t)begin, source->file_size) : 0;
    source->size = source->file_size - source->base;
    source->modified = status->st_mtim;
    source->device = status->st_dev;
    source->inode = status->st_ino;
    bool ok = look_into(source, file, error);
    if (!source->standard) close(file);
    return ok;
}

/* Two readers of the same pipe would each get a part of what comes. */
static bool look_at_pipe(const mr_input *input, mr_source *source, const struct stat *status, mr_error *error) {
    source->form = MR_FORM_PIPE;
    if (!S_ISFIFO(status->st_mode)) return true;
    source->device = status->st_dev;
    source->inode = status->st_ino;
    for (const mr_source *other = input->sources; other < source; other++)
        if (other->form == MR_FORM_PIPE && other->inode == source->inode && other->device == source->device)
            return mr_error_usage(error,
                                  "%s and %s are the same pipe, which can be read only once; put it into a file first",
                                  other->path, source->path);
    return true;
}

static bool look_at(mr_input *input, mr_source *source, mr_error *error) {
    struct stat status;
    if (!*source->path)
        return mr_error_set(error, "the name of an input is empty: is a variable of the shell not set?");
    if (!source->standard && !strcmp(source->path, "-") && !take_standard(input, source, error)) return false;
    if ((source->standard ? fstat(source->standard, &status) : stat(source->path, &status)) < 0)
        return mr_error_system(error, errno, "could not read %s%s", source->path,
                               strchr(source->path, '=') ? " (options of plugins are given by --set NAME=VALUE)"
                                                         : "") ||
               (!source->standard && mr_nearest_file(error, source->path, NULL));
    if (S_ISDIR(status.st_mode) && source->standard) return mr_error_set(error, "%s is a directory", source->path);
    if (S_ISDIR(status.st_mode))
        return mr_error_set(error, "%s is a directory; name the files in it instead, such as %s/*", source->path,
                            source->path);
    if (S_ISREG(status.st_mode)) return look_at_file(source, &status, error);
    if (!look_at_pipe(input, source, &status, error)) return false;
    return source->standard || access(source->path, R_OK) == 0 ||
           mr_error_system(error, errno, "could not read %s", source->path);
}

static int compare_paths(const void *a, const void *b) {
    const mr_source *left = *(mr_source *const *)a, *right = *(mr_source *const *)b;
    int order = strcmp(left->path, right->path);
    return order ? order : (left->number > right->number) - (left->number < right->number);
}

/* Gives sources with the same path the number of the first of them. */
static bool number_sources(mr_input *input, mr_error *error) {
    mr_source **sorted = calloc(input->count, sizeof *sorted);
    if (!sorted) return mr_error_memory(error, input->count * sizeof *sorted, "the list of inputs");
    for (size_t i = 0; i < input->count; i++) {
        sorted[i] = &input->sources[i];
        sorted[i]->number = i;
    }
    qsort(sorted, input->count, sizeof *sorted, compare_paths);
    for (size_t i = 1; i < input->count; i++)
        if (!strcmp(sorted[i]->path, sorted[i - 1]->path)) sorted[i]->number = sorted[i - 1]->number;
    free(sorted);
    return true;
}

/* Positions that are kept for a stream, of which nobody knows how long it will be; less when there are very many. */
static uint64_t stream_room(const mr_input *input) {
    enum { MOST = 50 }; /* as a power of two */
    return input->streams ? mr_smaller(1ull << MOST, (UINT64_MAX / 2) / input->streams) : 0;
}

bool mr_input_arrange(mr_input *input, mr_error *error) {
    input->names = calloc(input->count, sizeof *input->names);
    if (!input->names) return mr_error_memory(error, input->count * sizeof *input->names, "the list of inputs");
    for (size_t i = 0; i < input->count; i++)
        input->streams += mr_source_is_stream(&input->sources[i]);
    for (size_t i = 0; i < input->count; i++) {
        mr_source *source = &input->sources[i];
        bool is_stream = mr_source_is_stream(source);
        input->names[i] = source->path;
        source->start = input->bytes;
        if (is_stream) source->size = stream_room(input);
        if (__builtin_add_overflow(input->bytes, source->size, &input->bytes))
            return mr_error_set(error, "the inputs together are larger than 2^64 bytes");
        if (!is_stream) input->plain += source->size;
    }
    return number_sources(input, error);
}

/* What is no path, which is but a name. A file of our own cannot be changed by others. */
static bool look_at_held(mr_input *input, mr_source *source, const mr_held *held, mr_error *error) {
    struct stat status;
    int file = held->file;
    source->memory = held->bytes.data;
    source->size = source->file_size = held->bytes.length;
    if (source->memory) return true;
    if (held->foreign) {
        source->standard = file;
        return look_at(input, source, error);
    }
    if (fstat(file, &status) < 0) return mr_error_system(error, errno, "could not read %s", source->path);
    source->held = file;
    source->size = source->file_size = (uint64_t)status.st_size;
    return look_into(source, file, error);
}

bool mr_input_open(mr_input *input, const char *const *paths, const mr_held *held, size_t count, mr_error *error) {
    *input = (mr_input){.sources = calloc(count, sizeof *input->sources)};
    if (!input->sources) return mr_error_memory(error, count * sizeof *input->sources, "the list of inputs");
    input->count = count;
    input->folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (input->folder < 0) input->folder = AT_FDCWD; /* then it is where they count from as long as nobody moves */
    for (size_t i = 0; i < count; i++) {
        input->sources[i].path = paths[i];
        bool is_held = held && mr_is_held(&held[i]);
        if (is_held ? !look_at_held(input, &input->sources[i], &held[i], error)
                    : !look_at(input, &input->sources[i], error))
            return false;
    }
    return mr_input_arrange(input, error);
}

/* Reads on through a source from one offset to another, and follows its quotes. */
static bool follow_quotes(mr_source_file *file, const mr_source *source, char delimiter, uint64_t end, uint32_t *quotes,
                          mr_error *error) {
    mr_quote_map map = mr_quotes_nowhere();
    char *block = malloc(1 + BLOCK);
    bool ok = block || mr_error_memory(error, BLOCK, "looking for a record");
    char before = '\n';
    for (uint64_t at = 0; ok && at < end;) {
        size_t length = mr_smaller(BLOCK, end - at);
        *block = before;
        ok = mr_source_read(file, source, block + 1, length, at, error);
        if (!ok) break;
        mr_quotes_follow(&map, delimiter, block, length + 1);
        before = block[length];
        at += length;
    }
    free(block);
    *quotes = map.behind[MR_QUOTES_OUTSIDE];
    return ok;
}

/* Reads through a source for the first record at or behind a place that begins somewhere within it. */
static bool search_record(mr_source_file *file, const mr_source *source, const mr_records *records, uint64_t place,
                          uint32_t quotes, uint64_t *found, mr_error *error) {
    mr_record_scan scan;
    uint64_t start = place - mr_records_seek(records, &scan, place, quotes), at = start;
    char *block = malloc(BLOCK);
    bool ok = block || mr_error_memory(error, BLOCK, "looking for a record");
    for (*found = source->size; ok && at < source->size;) {
        size_t held = (size_t)(at - start), count = mr_smaller(BLOCK - held, source->size - at), drop;
        ok = mr_source_read(file, source, block + held, count, at, error);
        at += count;
        size_t least = place > start ? place - start : 0, length = held + count;
        if (!ok) break;
        bool here = mr_records_find(records, &scan, block, length, least, at == source->size, &drop) > 0;
        start += drop;
        if (here) *found = start;
        if (here) break;
        memmove(block, block + drop, length - drop);
    }
    free(block);
    return ok;
}

/* Where the first record at or behind a place begins; the size of the source when there is none. */
static bool find_record(mr_source_file *file, const mr_source *source, const mr_records *records, uint64_t place,
                        uint64_t *found, mr_error *error) {
    uint32_t quotes = MR_QUOTES_OUTSIDE;
    *found = place;
    if (place == 0 || place >= source->size || records->kind == MR_RECORDS_OWN || records->kind == MR_RECORDS_PAIRS)
        return true;
    if (records->kind == MR_RECORDS_WHOLE) *found = source->size;
    if (records->kind == MR_RECORDS_FIXED) *found += (records->size - place % records->size) % records->size;
    if (records->kind == MR_RECORDS_WHOLE || records->kind == MR_RECORDS_FIXED) return true;
    if (records->kind == MR_RECORDS_CSV && !follow_quotes(file, source, records->delimiter, place, &quotes, error))
        return false;
    return search_record(file, source, records, place, quotes, found, error);
}

bool mr_input_narrow(mr_input *input, const mr_records *records, uint64_t offset, uint64_t length, mr_error *error) {
    mr_source *source = &input->sources[0];
    if (mr_source_is_stream(source))
        return mr_error_usage(error,
                              "--only needs a place in a file, and %s can only be read from its beginning; unpack it "
                              "into a file first",
                              source->path);
    mr_source_file file = {.file = -1, .folder = input->folder};
    uint64_t begin = 0, end = 0, behind = mr_smaller(source->size, mr_add_capped(offset, length));
    bool ok = offset < source->size || mr_error_usage(error, "--only begins behind the end of %s, which has %llu bytes",
                                                      source->path, (unsigned long long)source->size);
    ok = ok && find_record(&file, source, records, offset, &begin, error);
    if (ok && begin >= behind)
        ok = mr_error_usage(error, "no record of %s begins in the %llu bytes from %llu on", source->path,
                            (unsigned long long)length, (unsigned long long)offset);
    ok = ok && find_record(&file, source, records, behind, &end, error);
    mr_source_close(&file);
    if (!ok) return false;
    source->base += begin;
    source->origin += begin;
    source->size = input->bytes = input->plain = mr_smaller(end, source->size) - begin;
    return true;
}

static void free_index(mr_source *source) {
    if (source->index) mr_bgzf_index_close(source->index);
    free(source->index);
}

void mr_input_close(mr_input *input) {
    if (input->count && input->folder >= 0) close(input->folder);
    for (size_t i = 0; i < input->path_count; i++)
        free(input->paths[i]);
    free(input->paths);
    if (input->held) close(input->held);
    return_standard(input);
    for (size_t i = 0; input->sources && i < input->count; i++)
        free_index(&input->sources[i]);
    free(input->sources);
    free(input->names);
    *input = (mr_input){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void leave_source(mr_source_file *open) {
    const mr_source *source = open->source;
    if (open->file >= 0 && source && !source->held && !source->standard) close(open->file);
    open->file = -1;
    open->source = NULL;
    open->opened = (mr_file_identity){0};
}

void mr_source_close(mr_source_file *open) {
    leave_source(open);
    mr_bgzf_reader_close(&open->bgzf);
}

bool mr_source_open(mr_source_file *file, const mr_source *source, mr_error *error) {
    if (file->source == source) return true;
    leave_source(file);
    if (source->held || source->standard)
        file->file = source->held ? source->held : source->standard;
    else
        file->file = openat(file->folder, source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file->file < 0) return mr_error_system(error, errno, "could not read %s", source->path);
    file->source = source;
    file->opened = mr_file_identify(file->file);
    return true;
}

static bool changed(const mr_source *source, mr_error *error) {
    return mr_error_set(error, "%s was changed while it was read; run again when it is at rest", source->path);
}

bool mr_source_check(void *file, const mr_source *source, mr_error *error) {
    mr_source_file *open = file;
    struct stat status;
    if (source->held || source->memory) return true; /* nobody else can change it */
    if (!mr_source_open(open, source, error)) return false;
    if (fstat(open->file, &status) < 0) return mr_error_system(error, errno, "could not look at %s", source->path);
    bool same = (uint64_t)status.st_size == source->file_size && status.st_dev == source->device &&
                status.st_ino == source->inode && status.st_mtim.tv_sec == source->modified.tv_sec &&
                status.st_mtim.tv_nsec == source->modified.tv_nsec;
    return same || changed(source, error);
}

static bool read_bgzf(mr_source_file *open, const mr_source *source, char *bytes, size_t length, uint64_t offset,
                      mr_error *error) {
    bool shrunk;
    open->bgzf.watch = open->watch;
    enum mr_activity before = mr_stopwatch_change(open->watch, MR_ACTIVITY_INFLATE);
    bool ok = mr_bgzf_read(&open->bgzf, source->index, open->file, bytes, length, offset, &shrunk, error);
    mr_stopwatch_change(open->watch, before);
    if (ok) return true;
    /* What is read from a file that is being written to may look like anything. */
    mr_error change = {0};
    if (shrunk || !mr_source_check(open, source, &change)) {
        error->set = false;
        return changed(source, error);
    }
    return mr_error_context(error, "%s", source->path);
}

bool mr_source_read(void *file, const mr_source *source, char *bytes, size_t length, uint64_t offset, mr_error *error) {
    mr_source_file *open = file;
    if (source->memory) {
        memcpy(bytes, source->memory + source->base + offset, length);
        return true;
    }
    if (!mr_source_open(open, source, error)) return false;
    if (source->form == MR_FORM_BGZF) return read_bgzf(open, source, bytes, length, source->base + offset, error);
    enum mr_activity before = mr_stopwatch_change(open->watch, MR_ACTIVITY_READ);
    int64_t count = mr_read_at(open->file, bytes, length, source->base + offset);
    mr_stopwatch_change(open->watch, before);
    uint64_t place = source->origin + offset;
    if (count < 0)
        return mr_error_system(error, errno, "could not read %s at byte %llu", source->path, (unsigned long long)place);
    return (uint64_t)count == length || changed(source, error);
}
