#include "flow/read.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "host/scan.h"

/* Decoded bytes go straight to their place in the ring, and stay there until the block that they are in has been
 * mapped: they are never moved. A block is cut behind the last record that is complete; the beginning of the next
 * record, which lies behind it, is the beginning of the next block. The first blocks of a stream are small, so that all
 * workers have something to do soon; and when the other end of a pipe pauses, what there is goes on at once. But where
 * it shows in the output how blocks are cut, they are cut by their length alone. */

enum {
    FIRST_BLOCK = 64 << 10,
    BLOCKS_BEFORE_GROWTH = 4, /* blocks of one size before they become twice as large */
    PIPE_BYTES = 1 << 20,     /* that a pipe is to hold, where the system allows for it */
    PAUSE_MS = 50,            /* of the other end, after which what there is goes on */
    PATIENCE_MS = 1000,       /* for which is waited when there is nothing to go on */
    DROP = 64 << 10           /* bytes that are dropped at once */
};

/* ---- coded bytes ------------------------------------------------------------------------------------------------- */

static int64_t read_file(void *receiver, char *bytes, size_t room) {
    mr_stream_reader *reader = receiver;
    enum mr_activity before = mr_stopwatch_change(reader->watch, MR_ACTIVITY_READ);
    int64_t count = mr_read_at(reader->file, bytes, room, reader->source->base + reader->coded);
    mr_stopwatch_change(reader->watch, before);
    if (count > 0) reader->coded += (uint64_t)count;
    return count < 0 ? MR_READ_FAILED : count;
}

static int64_t wait_for_pipe(mr_stream_reader *reader, char *bytes, size_t room) {
    struct pollfd polled = {reader->file, POLLIN, 0};
    bool patient = reader->patient && reader->head == reader->start;
    if (poll(&polled, 1, patient ? PATIENCE_MS : PAUSE_MS) == 0) return MR_READ_NOTHING_YET;
    ssize_t count = read(reader->file, bytes, room);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return MR_READ_NOTHING_YET;
    if (count > 0) reader->coded += (uint64_t)count;
    return count < 0 ? MR_READ_FAILED : count;
}

static int64_t read_pipe(void *receiver, char *bytes, size_t room) {
    mr_stream_reader *reader = receiver;
    enum mr_activity before = mr_stopwatch_change(reader->watch, MR_ACTIVITY_READ);
    int64_t count = wait_for_pipe(reader, bytes, room);
    mr_stopwatch_change(reader->watch, before);
    return count;
}

/* Says which source an error is about. What is read from a file that is being written to may look like anything. */
static bool fail(mr_stream_reader *reader, mr_error *error) {
    const mr_source *source = reader->source;
    mr_error change = {0};
    if (source->form == MR_FORM_STREAM && !reader->reader.check(reader->reader.file, source, &change))
        *error = change;
    else
        mr_error_context(error, "%s", source->path);
    return false;
}

/* Reads once more what has been read before. */
static bool drop(mr_stream_reader *reader, uint64_t bytes, mr_error *error) {
    char *buffer = malloc(DROP);
    enum mr_decoded state = MR_DECODED_SOME;
    bool ok = buffer || mr_error_memory(error, DROP, "a read buffer");
    while (ok && bytes && state != MR_DECODED_END) {
        size_t length;
        ok = mr_decode(&reader->decoder, buffer, mr_smaller(bytes, DROP), &length, &state, error);
        if (ok) bytes -= length;
    }
    free(buffer);
    return ok;
}

bool mr_read_begin(mr_stream_reader *reader, const mr_source *source, int file, const mr_text_block *from,
                   uint64_t blocks, mr_error *error) {
    bool is_pipe = source->form == MR_FORM_PIPE;
    mr_read_close(reader);
    reader->source = source;
    reader->file = file;
    reader->coded = 0;
    reader->start = reader->head = from->start;
    reader->offset = from->offset;
    reader->record = from->record;
    reader->blocks = blocks;
    reader->line = from->line;
    reader->scan = (mr_record_scan){0};
    reader->wanted = 0;
    reader->ended = false;
    if (is_pipe) (void)!fcntl(reader->file, F_SETPIPE_SZ, PIPE_BYTES); /* otherwise it is slower */
    mr_coded_source coded = {is_pipe ? read_pipe : read_file, reader};
    if (!mr_decoder_open(&reader->decoder, coded, reader->window, error)) return false;
    return drop(reader, from->offset, error) || fail(reader, error);
}

void mr_read_close(mr_stream_reader *reader) {
    mr_decoder_close(&reader->decoder);
    reader->source = NULL;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

static char *text_at(const mr_stream_reader *reader, uint64_t sequence) {
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there is no ring without memory */
    return reader->ring.base + sequence % reader->ring.size;
}

/* As mr_count_piece does. */
static uint64_t count_records(const mr_records *records, const char *text, size_t length) {
    if (records->kind == MR_RECORDS_WHOLE) return 1;
    return length ? mr_records_count(records, text, length) : 0;
}

/* Describes the first length bytes from start on as a block, and goes behind it. */
static void take_block(mr_stream_reader *reader, mr_text_block *block, size_t length) {
    const char *text = text_at(reader, reader->start);
    *block = (mr_text_block){.start = reader->start,
                             .length = length,
                             .offset = reader->offset,
                             .record = reader->record,
                             .line = reader->line,
                             .lines = mr_count_newlines(text, length)};
    /* It comes to the same for lines, but for one without an end. */
    block->records = reader->records.kind == MR_RECORDS_LINES ? block->lines + (length && text[length - 1] != '\n')
                                                              : count_records(&reader->records, text, length);
    reader->start += length;
    reader->offset += length;
    reader->record += block->records;
    reader->line += block->lines;
    reader->blocks++;
    reader->wanted = 0;
    mr_records_taken(&reader->scan, length);
}

/* Cuts a block off, if there are whole records. */
static bool cut(mr_stream_reader *reader, mr_text_block *block) {
    size_t held = reader->head - reader->start, length = held;
    if (!reader->ended)
        length =
            mr_records_whole(&reader->records, &reader->scan, text_at(reader, reader->start), held, SIZE_MAX, false);
    if (!length && (!reader->ended || reader->blocks)) return false;
    take_block(reader, block, length);
    return true;
}

static bool too_long(const mr_stream_reader *reader, mr_error *error) {
    char size[MR_SIZE_TEXT];
    return mr_error_set(
        error,
        "%s: the record at byte %llu is longer than %s, for which there is room when a file is not read "
        "directly; give more --memory, or unpack it into a file",
        reader->source->path, (unsigned long long)reader->offset, mr_format_size(reader->ring.size, size));
}

/* At the end of a source: whether records of a fixed size have filled it. */
static bool check_size(const mr_stream_reader *reader, mr_error *error) {
    uint64_t size = reader->records.size, behind = reader->offset + (reader->head - reader->start);
    uint64_t rest = reader->records.kind == MR_RECORDS_FIXED ? behind % size : 0;
    return !rest ||
           mr_error_set(error, "%s ends with %llu bytes at byte %llu, which are less than a record of %llu bytes",
                        reader->source->path, (unsigned long long)rest, (unsigned long long)(behind - rest),
                        (unsigned long long)size);
}

/* How large the next block is to be, at least. */
static uint64_t next_size(const mr_stream_reader *reader) {
    uint64_t doublings = mr_smaller(reader->blocks / BLOCKS_BEFORE_GROWTH, 32);
    return mr_between(1, (uint64_t)FIRST_BLOCK << doublings, reader->usual);
}

/* Decodes as much as is wanted, or there is room for. *idle: nothing comes at present. */
static bool decode(mr_stream_reader *reader, uint64_t room, bool *idle, mr_error *error) {
    size_t length = 0;
    enum mr_decoded state;
    uint64_t missing = reader->wanted - (reader->head - reader->start);
    if (!mr_decode(&reader->decoder, text_at(reader, reader->head), mr_smaller(room, missing), &length, &state, error))
        return fail(reader, error);
    reader->head += length;
    reader->ended = state == MR_DECODED_END;
    *idle = state == MR_DECODED_NOTHING;
    if (reader->offset + (reader->head - reader->start) > reader->source->size)
        return mr_error_set(error, "%s holds more text than mr can number", reader->source->path);
    if (!reader->ended) return true;
    if (reader->source->form != MR_FORM_PIPE && !reader->reader.check(reader->reader.file, reader->source, error))
        return false;
    return check_size(reader, error);
}

bool mr_read_block(mr_stream_reader *reader, uint64_t released, mr_text_block *block, enum mr_read_state *state,
                   mr_error *error) {
    bool idle = false, coded = reader->decoder.coding > MR_CODING_NONE;
    mr_stopwatch_change(reader->watch, coded ? MR_ACTIVITY_INFLATE : MR_ACTIVITY_READ);
    for (;;) {
        uint64_t held = reader->head - reader->start, room = reader->ring.size - (reader->head - released);
        if (!reader->wanted) reader->wanted = next_size(reader);
        bool pressed = (idle || !room) && (!reader->steady || held == reader->ring.size);
        bool satisfied = reader->ended || pressed || held >= reader->wanted;
        *state = MR_READ_BLOCK;
        if (satisfied && cut(reader, block)) return true;
        *state = reader->ended ? MR_READ_ENDED : idle ? MR_READ_IDLE : MR_READ_FULL;
        if (held == reader->ring.size && !reader->ended) return too_long(reader, error);
        if (reader->ended || idle || !room) return true;
        /* A record that is longer: as much again, since its length is not known. */
        if (satisfied) reader->wanted = reader->steady ? held + reader->usual : 2 * held;
        if (!decode(reader, room, &idle, error)) return false;
    }
}
