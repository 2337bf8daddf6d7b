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

bool mr_chunks_add(mr_chunks *chunks, const mr_chunk *chunk, mr_error *error) {
    if (chunks->count == chunks->room) {
        size_t room = chunks->room ? 2 * chunks->room : 64;
        mr_chunk *larger = realloc(chunks->list, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of chunks (use a larger --chunk)");
        chunks->list = larger;
        chunks->room = room;
    }
    chunks->list[chunks->count++] = *chunk;
    return true;
}

/* Divides the positions from begin to end; *left: bytes of all that is still to be divided. */
static bool plan_range(mr_chunks *chunks, uint64_t begin, uint64_t end, uint64_t *left, unsigned workers,
                       uint64_t chunk_size, mr_error *error) {
    do {
        uint64_t size = mr_smaller(end - begin, next_chunk_size(*left, workers, chunk_size));
        mr_chunk chunk = {.begin = begin, .end = begin + size, .last = begin + size == end};
        if (!mr_chunks_add(chunks, &chunk, error)) return false;
        begin += size;
        *left -= size;
    } while (begin < end);
    return true;
}

bool mr_chunks_plan(mr_chunks *chunks, const mr_input *input, unsigned workers, uint64_t chunk_size, mr_error *error) {
    char least[MR_SIZE_TEXT];
    uint64_t left = input->plain;
    *chunks = (mr_chunks){0};
    if (chunk_size && left / chunk_size > CHUNKS_MAX)
        return mr_error_usage(error, "--chunk is too small for this input; give at least %s",
                              mr_format_size(left / CHUNKS_MAX + 1, least));
    /* What lies between two streams is divided for itself. */
    for (size_t i = 0, next; i < input->count; i = next + 1) {
        for (next = i; next < input->count && !mr_source_is_stream(&input->sources[next]); next++)
            continue;
        uint64_t end = next < input->count ? input->sources[next].start : input->bytes;
        if (next > i && !plan_range(chunks, input->sources[i].start, end, &left, workers, chunk_size, error))
            return false;
    }
    return true;
}

void mr_chunks_close(mr_chunks *chunks) {
    free(chunks->list);
    *chunks = (mr_chunks){0};
}

/* ---- reading a chunk --------------------------------------------------------------------------------------------- */

/* A record belongs to the chunk in which its first byte lies, also when it ends beyond it. So a chunk that begins
 * inside a source looks a little before its begin, drops everything up to where the first record begins, and goes on
 * reading past its end until its last record is complete. What a record is, data/records.c knows. The buffer holds one
 * piece: whole records at its front, and the beginning of the next record, which moves to the front when the piece has
 * been handed on. Only a record that is longer than the buffer makes it grow.
 *
 * Where records of CSV begin can only be told by who knows whether the chunk begins within quotes, which depends on all
 * of the source before it. That is found out beforehand, for all chunks at once: each is looked through for its quotes
 * alone (mr_split_quotes), and says how it would end for each way in which it may begin. */

bool mr_splitter_open(mr_splitter *splitter, const mr_input *input, const mr_records *records, mr_source_reader reader,
                      size_t piece_size, size_t record_limit, mr_error *error) {
    *splitter = (mr_splitter){.input = input,
                              .records = records,
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
    const char *text;    /* of a chunk of a stream: its bytes from begin on, in shared memory; NULL: they are read */
    uint64_t size;       /* behind the last byte of the source, or of the text */
    uint64_t begin;      /* where the chunk begins */
    uint64_t end;        /* where it ends; records that start before it belong to it */
    uint64_t at;         /* of the next byte to be read */
    uint64_t start;      /* of the first byte in the buffer */
    size_t held;         /* bytes in the buffer */
    mr_record_scan scan; /* what is known of these bytes */
    bool first;          /* no piece of it has been handed on */
} source_range;

static bool read_source(mr_splitter *splitter, const mr_source *source, char *bytes, size_t length, uint64_t offset,
                        mr_error *error) {
    return splitter->reader.read(splitter->reader.file, source, bytes, length, offset, error);
}

static bool read_range(mr_splitter *splitter, const source_range *range, char *bytes, size_t length, mr_error *error) {
    if (!range->text) return read_source(splitter, range->source, bytes, length, range->at, error);
    memcpy(bytes, range->text + (range->at - range->begin), length);
    return true;
}

/* Takes away bytes at the front of the buffer. */
static void drop_front(mr_splitter *splitter, source_range *range, size_t length) {
    range->start += length;
    range->held -= length;
    memmove(splitter->buffer, splitter->buffer + length, range->held);
    splitter->start = range->start;
}

static bool grow_buffer(mr_splitter *splitter, const source_range *range, mr_error *error) {
    char limit[MR_SIZE_TEXT];
    size_t size = mr_smaller(2 * splitter->buffer_size, splitter->record_limit);
    uint64_t offset = range->source->origin + range->start;
    if (size <= splitter->buffer_size)
        return mr_error_set(error,
                            "%s: the record at byte %llu is longer than %s, a quarter of the memory; %sgive more "
                            "--memory",
                            range->source->path, (unsigned long long)offset,
                            mr_format_size(splitter->record_limit, limit),
                            splitter->records->kind == MR_RECORDS_CSV ? "close quotes that are not closed, or " : "");
    if (splitter->claim && !splitter->claim(splitter->claimant, size, error)) return false;
    char *larger = realloc(splitter->buffer, size + MR_READ_SLACK);
    if (!larger) return mr_error_memory(error, size, "a long record");
    splitter->buffer = larger;
    splitter->buffer_size = size;
    return true;
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
    drop_front(splitter, range, length);
    mr_records_taken(&range->scan, length);
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
    size_t count = mr_smaller(mr_smaller(room, wanted), range->size - range->at);
    if (!read_range(splitter, range, splitter->buffer + range->held, count, error)) return false;
    range->at += count;
    range->held += count;
    return true;
}

/* Finds the first record that begins in the chunk, by reading from a little before it. */
static bool find_record(mr_splitter *splitter, source_range *range, uint32_t quotes, bool *found, mr_error *error) {
    range->start = range->begin - mr_records_seek(splitter->records, &range->scan, range->begin, quotes);
    range->at = splitter->start = range->start;
    for (*found = false;;) {
        bool last = range->at == range->size;
        size_t least = range->begin > range->start ? range->begin - range->start : 0, drop;
        int here = mr_records_find(splitter->records, &range->scan, splitter->buffer, range->held, least, last, &drop);
        if (here < 0) return splitter->records->failure(splitter->records->receiver, error);
        drop_front(splitter, range, drop);
        *found = here && range->start < range->end;
        /* Behind the byte before the end no record of the chunk begins. */
        if (here || last || range->start + 1 >= range->end) return true;
        if (!read_more(splitter, range, error)) return false;
    }
}

/* Goes to the first record of the chunk. */
static bool skip_to_record(mr_splitter *splitter, source_range *range, const mr_chunk *chunk, bool *found,
                           mr_error *error) {
    const mr_records *records = splitter->records;
    uint64_t begin = range->begin;
    *found = begin == 0 || chunk->at_record;
    if (!*found && records->kind == MR_RECORDS_FIXED) {
        begin = mr_multiply_capped(begin / records->size + (begin % records->size != 0), records->size);
        *found = begin < range->end;
    }
    range->at = range->start = splitter->start = begin;
    if (*found || records->kind == MR_RECORDS_FIXED || mr_records_sequential(records)) return true;
    return find_record(splitter, range, chunk->quotes, found, error);
}

static bool split_range(mr_splitter *splitter, source_range *range, const mr_chunk *chunk, mr_piece_sink *sink,
                        void *receiver, mr_error *error) {
    bool found;
    splitter->source = range->source;
    if (!skip_to_record(splitter, range, chunk, &found, error)) return false;
    while (found && range->start < range->end) {
        size_t length = mr_records_whole(splitter->records, &range->scan, splitter->buffer, range->held,
                                         range->end - range->start, range->at == range->size);
        if (length == SIZE_MAX) return splitter->records->failure(splitter->records->receiver, error);
        bool ok = length ? hand_on(splitter, range, length, sink, receiver, error) : read_more(splitter, range, error);
        if (!ok) return false;
    }
    return range->text || splitter->reader.check(splitter->reader.file, range->source, error);
}

static bool split_empty(mr_splitter *splitter, const mr_source *source, mr_piece_sink *sink, void *receiver,
                        mr_error *error) {
    mr_piece piece = {.bytes = splitter->buffer, .source = source, .first_of_source = true};
    return splitter->reader.check(splitter->reader.file, source, error) && sink(receiver, &piece, error);
}

/* The part of a source that lies in a chunk. To a source that cannot be divided belongs all of it. */
static source_range range_of(const mr_splitter *splitter, const mr_source *source, const mr_chunk *chunk) {
    source_range range = {.source = source, .size = source->size, .first = true};
    range.begin = chunk->begin > source->start ? chunk->begin - source->start : 0;
    range.end = mr_smaller(source->size, chunk->end - source->start);
    if (mr_records_sequential(splitter->records)) range.end = source->size;
    return range;
}

/* A chunk of a stream, whose text is in shared memory already. It is copied piece by piece, since it is needed once
 * more if the worker dies, and a plugin may write into what it is given. */
static bool split_text(mr_splitter *splitter, const mr_chunk *chunk, mr_piece_sink *sink, void *receiver,
                       mr_error *error) {
    const mr_source *source = &splitter->input->sources[chunk->source];
    uint64_t begin = chunk->begin - source->start;
    source_range range = {.source = source,
                          .text = chunk->text,
                          .begin = begin,
                          .end = chunk->end - source->start,
                          .size = begin + chunk->text_length,
                          .first = true};
    mr_piece empty = {.bytes = splitter->buffer, .source = source, .first_of_source = true};
    return chunk->text_length ? split_range(splitter, &range, chunk, sink, receiver, error)
                              : sink(receiver, &empty, error);
}

bool mr_split_chunk(mr_splitter *splitter, const mr_chunk *chunk, mr_piece_sink *sink, void *receiver,
                    mr_error *error) {
    const mr_input *input = splitter->input;
    if (chunk->text) return split_text(splitter, chunk, sink, receiver, error);
    for (size_t i = mr_input_find(input, chunk->begin); i < input->count; i++) {
        const mr_source *source = &input->sources[i];
        if (source->start > chunk->end || (source->start == chunk->end && !(chunk->last && !source->size))) break;
        if (source->kind != MR_SOURCE_RECORDS || mr_source_is_stream(source)) continue;
        source_range range = range_of(splitter, source, chunk);
        bool ok = source->size ? split_range(splitter, &range, chunk, sink, receiver, error)
                               : split_empty(splitter, source, sink, receiver, error);
        if (!ok) return false;
    }
    return true;
}

bool mr_split_quotes(mr_splitter *splitter, const mr_chunk *chunk, mr_quote_map *map, mr_error *error) {
    const mr_input *input = splitter->input;
    *map = mr_quotes_nowhere();
    /* The source that holds the last byte of the chunk. */
    size_t index = mr_input_find(input, chunk->end - (chunk->end > chunk->begin));
    while (index < input->count && !input->sources[index].size)
        index++;
    const mr_source *source = index < input->count ? &input->sources[index] : NULL;
    if (!source || source->kind != MR_SOURCE_RECORDS || mr_source_is_stream(source) ||
        source->start + source->size <= chunk->end)
        return true;
    source_range range = range_of(splitter, source, chunk);
    uint64_t at = range.begin;
    char before = '\n';
    if (at == 0) *map = (mr_quote_map){{MR_QUOTES_OUTSIDE, MR_QUOTES_OUTSIDE, MR_QUOTES_OUTSIDE}};
    if (at > 0 && !read_source(splitter, source, &before, 1, at - 1, error)) return false;
    while (at < range.end) {
        size_t length = mr_smaller(splitter->buffer_size, range.end - at); /* there is room behind it */
        *splitter->buffer = before;
        if (!read_source(splitter, source, splitter->buffer + 1, length, at, error)) return false;
        mr_quotes_follow(map, splitter->records->delimiter, splitter->buffer, length + 1);
        before = splitter->buffer[length];
        at += length;
    }
    return splitter->reader.check(splitter->reader.file, source, error);
}

bool mr_split_guess_quotes(mr_splitter *splitter, const mr_chunk *chunk, mr_quote_map *map, mr_error *error) {
    const mr_input *input = splitter->input;
    size_t index = mr_input_find(input, chunk->begin);
    const mr_source *source = index < input->count ? &input->sources[index] : NULL;
    *map = (mr_quote_map){{MR_QUOTES_OUTSIDE, MR_QUOTES_OUTSIDE, MR_QUOTES_OUTSIDE}};
    if (!source || source->start >= chunk->begin || mr_source_is_stream(source)) return true;
    uint64_t before = chunk->begin - source->start - 1;
    size_t length = mr_smaller(splitter->buffer_size, source->size - before);
    if (!read_source(splitter, source, splitter->buffer, length, before, error)) return false;
    memset(map->behind, (int)mr_quotes_guess(splitter->records->delimiter, splitter->buffer, length),
           sizeof map->behind);
    return true;
}
