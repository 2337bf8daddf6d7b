#include "flow/split.h"

#include <stdlib.h>

#include "base/units.h"

/* ---- planning chunks --------------------------------------------------------------------------------------------- */

/* Without a size from the user, a chunk is a fixed share of what is left (guided self-scheduling, after
 * Polychronopoulos and Kuck): large ones first, for little overhead, small ones last, so that no worker is left with a
 * large one when the others have nothing to do. */

enum { CHUNKS_MAX = 4 << 20 };
enum { SMALLEST_CHUNK = 256 << 10, LARGEST_CHUNK = 8 << 20, SHARES = 8 /* of what is left, per worker */ };

static uint64_t next_chunk_size(uint64_t left, unsigned workers, uint64_t chunk_size) {
    if (chunk_size) return mr_smaller(chunk_size, left);
    uint64_t share = left / ((uint64_t)workers * SHARES);
    return mr_smaller(left, mr_between(SMALLEST_CHUNK, share, LARGEST_CHUNK));
}

bool mr_chunks_plan(mr_chunks *chunks, uint64_t bytes, unsigned workers, uint64_t chunk_size, mr_error *error) {
    char least[MR_SIZE_TEXT];
    *chunks = (mr_chunks){0};
    if (chunk_size && bytes / chunk_size > CHUNKS_MAX)
        return mr_error_usage(error, "--chunk is too small for this input; give at least %s",
                              mr_format_size(bytes / CHUNKS_MAX + 1, least));
    size_t room = 0;
    for (uint64_t begin = 0; begin < bytes || !chunks->count;) {
        if (chunks->count == room) {
            room = room ? 2 * room : 64;
            mr_chunk *larger = realloc(chunks->list, room * sizeof *larger);
            if (!larger)
                return mr_error_memory(error, room * sizeof *larger, "the list of chunks (use a larger --chunk)");
            chunks->list = larger;
        }
        uint64_t end = begin + next_chunk_size(bytes - begin, workers, chunk_size);
        chunks->list[chunks->count++] = (mr_chunk){.begin = begin, .end = end, .last = end == bytes};
        begin = end;
    }
    return true;
}

void mr_chunks_close(mr_chunks *chunks) {
    free(chunks->list);
    *chunks = (mr_chunks){0};
}

/* ---- reading a chunk --------------------------------------------------------------------------------------------- */

/* A record belongs to the chunk in which its first byte lies, also when it ends beyond it. A record starts at the start
 * of a source or behind a newline; so a chunk that begins inside a source looks at the byte before its first one, drops
 * everything up to and including the first newline from there, and goes on reading past its end until its last record
 * is complete. The buffer holds one piece: whole records at its front, and the beginning of the next record, which
 * moves to the front when the piece has been handed on. Only a record that is longer than the buffer makes it grow. */

bool mr_splitter_open(mr_splitter *splitter, const mr_input *input, mr_source_reader reader, size_t piece_size,
                      size_t record_limit, mr_error *error) {
    *splitter = (mr_splitter){.input = input,
                              .reader = reader,
                              .buffer_size = piece_size,
                              .piece_size = piece_size,
                              .record_limit = record_limit};
    splitter->buffer = malloc(piece_size + MR_READ_SLACK);
    return splitter->buffer || mr_error_memory(error, piece_size, "a read buffer");
}

void mr_splitter_close(mr_splitter *splitter) {
    free(splitter->buffer);
    splitter->buffer = NULL;
}

void mr_splitter_trim(mr_splitter *splitter) {
    if (splitter->buffer_size <= splitter->piece_size) return;
    char *smaller = realloc(splitter->buffer, splitter->piece_size + MR_READ_SLACK);
    if (!smaller) return;
    splitter->buffer = smaller;
    splitter->buffer_size = splitter->piece_size;
}

/* The part of a source that a chunk covers, while it is read; offsets are within the source. */
typedef struct source_range {
    const mr_source *source;
    uint64_t begin; /* where the chunk begins */
    uint64_t end;   /* where it ends; records that start before it belong to it */
    uint64_t at;    /* of the next byte to be read */
    uint64_t start; /* of the first byte in the buffer */
    size_t held;    /* bytes in the buffer */
    size_t scanned; /* bytes at its front that are known to hold no newline */
    bool first;     /* no piece of it has been handed on */
} source_range;

static bool read_source(mr_splitter *splitter, const mr_source *source, char *bytes, size_t length, uint64_t offset,
                        mr_error *error) {
    return splitter->reader.read(splitter->reader.file, source, bytes, length, offset, error);
}

/* Drops what is before the first record start at or behind range->begin: done when a newline has been found. */
static bool skip_to_record(mr_splitter *splitter, source_range *range, bool *found, mr_error *error) {
    *found = range->begin == 0;
    range->at = *found ? 0 : range->begin - 1;
    range->start = range->at;
    while (!*found && range->at < range->end) {
        size_t count = mr_smaller(splitter->buffer_size, range->source->size - range->at);
        if (!read_source(splitter, range->source, splitter->buffer, count, range->at, error)) return false;
        char *newline = memchr(splitter->buffer, '\n', count);
        size_t drop = newline ? (size_t)(newline - splitter->buffer) + 1 : count;
        range->start = range->at + drop;
        range->at += count;
        range->held = count - drop;
        memmove(splitter->buffer, splitter->buffer + drop, range->held);
        *found = newline && range->start < range->end;
        if (newline) break;
    }
    return true;
}

static bool grow_buffer(mr_splitter *splitter, const source_range *range, mr_error *error) {
    char limit[MR_SIZE_TEXT];
    size_t size = mr_smaller(2 * splitter->buffer_size, splitter->record_limit);
    uint64_t offset = range->source->origin + range->start;
    if (size <= splitter->buffer_size)
        return mr_error_set(error,
                            "%s: the record at byte %llu is longer than %s, a quarter of the memory; give more "
                            "--memory",
                            range->source->path, (unsigned long long)offset,
                            mr_format_size(splitter->record_limit, limit));
    if (splitter->claim && !splitter->claim(splitter->claimant, size, error)) return false;
    char *larger = realloc(splitter->buffer, size + MR_READ_SLACK);
    if (!larger) return mr_error_memory(error, size, "a long record");
    splitter->buffer = larger;
    splitter->buffer_size = size;
    return true;
}

/* How many bytes at the front of the buffer are whole records of the chunk; 0 when more has to be read. */
static size_t whole_records(const mr_splitter *splitter, source_range *range) {
    char *buffer = splitter->buffer, *newline = NULL;
    if (range->start + range->held >= range->end) {
        /* The last record of the chunk is the one that holds the byte before the chunk's end. */
        size_t from = mr_larger(range->end - 1 - range->start, range->scanned);
        newline = memchr(buffer + from, '\n', range->held - from);
    }
    if (!newline) newline = memrchr(buffer + range->scanned, '\n', range->held - range->scanned);
    if (newline) return (size_t)(newline - buffer) + 1;
    range->scanned = range->held;
    return range->start + range->held == range->source->size ? range->held : 0;
}

static bool hand_on(mr_splitter *splitter, source_range *range, size_t length, mr_piece_sink *sink, void *receiver,
                    mr_error *error) {
    mr_piece piece = {.bytes = splitter->buffer,
                      .length = length,
                      .source = range->source,
                      .offset = range->start,
                      .first_of_source = range->first};
    range->first = false;
    if (!sink(receiver, &piece, error)) return false;
    range->start += length;
    range->held -= length;
    range->scanned = range->held; /* the piece ended with the last newline, or with the chunk */
    memmove(splitter->buffer, splitter->buffer + length, range->held);
    return true;
}

/* Reads behind what the buffer holds; at most up to a piece, or by some steps, each a quarter of what there is, for a
 * long record: its length is not known, and what is read beyond it is memory for nothing. */
static bool read_more(mr_splitter *splitter, source_range *range, mr_error *error) {
    if (range->held == splitter->buffer_size && !grow_buffer(splitter, range, error)) return false;
    size_t room = splitter->buffer_size - range->held;
    room = range->held < splitter->piece_size ? mr_smaller(room, splitter->piece_size - range->held)
                                              : mr_smaller(room, mr_larger(splitter->piece_size, range->held / 4));
    /* Near its end a chunk is read a little beyond, for the rest of its last record. */
    enum { BEYOND = 4096 };
    uint64_t wanted = range->at < range->end ? range->end - range->at + BEYOND : mr_larger(range->held, BEYOND);
    size_t count = mr_smaller(mr_smaller(room, wanted), range->source->size - range->at);
    if (!read_source(splitter, range->source, splitter->buffer + range->held, count, range->at, error)) return false;
    range->at += count;
    range->held += count;
    return true;
}

static bool split_range(mr_splitter *splitter, source_range *range, mr_piece_sink *sink, void *receiver,
                        mr_error *error) {
    bool found;
    if (!skip_to_record(splitter, range, &found, error)) return false;
    while (found && range->start < range->end) {
        size_t length = whole_records(splitter, range);
        bool ok = length ? hand_on(splitter, range, length, sink, receiver, error) : read_more(splitter, range, error);
        if (!ok) return false;
    }
    return splitter->reader.check(splitter->reader.file, range->source, error);
}

static bool split_empty(mr_splitter *splitter, const mr_source *source, mr_piece_sink *sink, void *receiver,
                        mr_error *error) {
    mr_piece piece = {.bytes = splitter->buffer, .source = source, .first_of_source = true};
    return splitter->reader.check(splitter->reader.file, source, error) && sink(receiver, &piece, error);
}

bool mr_split_chunk(mr_splitter *splitter, const mr_chunk *chunk, mr_piece_sink *sink, void *receiver,
                    mr_error *error) {
    const mr_input *input = splitter->input;
    for (size_t i = mr_input_find(input, chunk->begin); i < input->count; i++) {
        const mr_source *source = &input->sources[i];
        if (source->start > chunk->end || (source->start == chunk->end && !(chunk->last && !source->size))) break;
        if (source->kind != MR_SOURCE_RECORDS) continue;
        if (!source->size) {
            if (!split_empty(splitter, source, sink, receiver, error)) return false;
            continue;
        }
        source_range range = {.source = source, .first = true};
        range.begin = chunk->begin > source->start ? chunk->begin - source->start : 0;
        range.end = mr_smaller(source->size, chunk->end - source->start);
        if (!split_range(splitter, &range, sink, receiver, error)) return false;
    }
    return true;
}
