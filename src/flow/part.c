#include "flow/part.h"

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/units.h"

/* Where a part belongs in the output is known only when all parts before it are finished, so it waits: in the worker's
 * region of shared memory as long as there is room, otherwise in its output file. The region is used as an endless
 * sequence of bytes that goes round and round; a part lies in one piece. What has been delivered is released, in order,
 * and may be written again. A part in the region has a checksum as a whole; in the file it is a run of blocks, each
 * with its own, so that whoever sends it on knows of every byte that it is right before it goes. */

enum { OWN_SIZE = 64 << 10 };
#define ADDRESSES_MAX (SIZE_MAX >> 8) /* bytes: nothing can be as long as that */

void mr_part_writer_close(mr_part_writer *writer) {
    free(writer->own);
    writer->own = NULL;
    free(writer->text);
    writer->text = NULL;
}

/* The place in the sequence before which everything is free. */
static uint64_t free_before(const mr_part_writer *writer) {
    return mr_larger(atomic_load_explicit(writer->released, memory_order_acquire), writer->skipped);
}

/* Bytes in one piece from a place in the sequence on. */
static uint64_t room_at(const mr_part_writer *writer, uint64_t head) {
    uint64_t size = writer->region.size, taken = head - free_before(writer);
    return taken >= size ? 0 : mr_smaller(size - taken, size - head % size);
}

void mr_part_begin(mr_part_writer *writer) {
    uint64_t size = writer->region.size;
    uint64_t lap = (writer->head / size + 1) * size; /* the next time round */
    /* With everything delivered the part starts at the front, in memory that has just been used. */
    if (writer->head % size && writer->head == free_before(writer)) writer->head = writer->skipped = lap;
    writer->room = room_at(writer, writer->head);
    if (writer->room < size / 4 && room_at(writer, lap) > writer->room) {
        writer->head = lap;
        writer->room = room_at(writer, lap);
    }
    writer->staging = writer->region.base + writer->head % size;
    writer->staged = 0;
    writer->text_length = 0;
    writer->part = (mr_part){.worker = writer->worker, .place.offset = writer->head % size};
}

/* Appends bytes to the part, which is in the file from now on. */
static bool append_to_file(mr_part_writer *writer, const char *bytes, size_t length, mr_error *error) {
    mr_part *part = &writer->part;
    if (!part->in_file) part->place = (mr_extent){.offset = writer->spill->end};
    part->in_file = 1;
    for (uint64_t done = 0, count; done < length; done += count) {
        count = mr_smaller(writer->block, length - done);
        if (!mr_spill_append_block(writer->spill, bytes + done, count, &part->place, error)) return false;
    }
    part->bytes += length;
    return true;
}

/* Moves what is staged to the file. */
static bool flush_staging(mr_part_writer *writer, mr_error *error) {
    if (!append_to_file(writer, writer->staging, writer->staged, error)) return false;
    writer->staged = 0;
    return true;
}

static char *reserve(void *receiver, size_t length, mr_error *error) {
    mr_part_writer *writer = receiver;
    if (length <= writer->room - writer->staged) return writer->staging + writer->staged;
    if (!flush_staging(writer, error)) return NULL;
    if (length <= writer->room) return writer->staging;
    /* Neither does it fit when all else is gone: memory of its own for the rest of the part. */
    uint64_t size = mr_larger(OWN_SIZE, length);
    if (size > writer->own_size) {
        free(writer->own);
        writer->own_size = 0;
        writer->own = malloc(size);
        if (!writer->own) {
            mr_error_memory(error, size, "a line of output");
            return NULL;
        }
        writer->own_size = size;
    }
    writer->staging = writer->own;
    writer->room = writer->own_size;
    return writer->staging;
}

static void commit(void *receiver, size_t length) {
    mr_part_writer *writer = receiver;
    writer->staged += length;
}

mr_byte_sink mr_part_bytes(mr_part_writer *writer) {
    return (mr_byte_sink){.reserve = reserve, .commit = commit, .receiver = writer};
}

/* ---- compressing ------------------------------------------------------------------------------------------------- */

/* Text is collected until there is enough for a member of its own, so that where members begin depends on the text of
 * the part alone. */

/* Compresses up to MR_DEFLATE_TEXT bytes. */
static bool put_member(mr_part_writer *writer, const char *text, size_t length, mr_error *error) {
    char *to = reserve(writer, MR_DEFLATE_MEMBER, error);
    if (!to) return false;
    enum mr_activity before = mr_stopwatch_change(writer->watch, MR_ACTIVITY_WRITE);
    commit(writer, mr_deflate_member(writer->deflater, text, length, to));
    mr_stopwatch_change(writer->watch, before);
    return true;
}

/* Compresses what is collected: whole members, or all of it. */
static bool put_members(mr_part_writer *writer, bool all, mr_error *error) {
    size_t done = 0, length = writer->text_length;
    while (length - done >= MR_DEFLATE_TEXT || (all && done < length)) {
        size_t part = mr_smaller(length - done, MR_DEFLATE_TEXT);
        if (!put_member(writer, writer->text + done, part, error)) return false;
        done += part;
    }
    if (done && done < length) memmove(writer->text, writer->text + done, length - done);
    writer->text_length -= done;
    return true;
}

static char *reserve_text(void *receiver, size_t length, mr_error *error) {
    mr_part_writer *writer = receiver;
    if (!writer->deflater) return reserve(receiver, length, error);
    if (!put_members(writer, false, error)) return NULL;
    size_t need = writer->text_length + length;
    if (need > writer->text_size) {
        char *larger = realloc(writer->text, need + MR_DEFLATE_TEXT);
        if (!larger) {
            mr_error_memory(error, need, "a line of output");
            return NULL;
        }
        writer->text = larger;
        writer->text_size = need + MR_DEFLATE_TEXT;
    }
    return writer->text + writer->text_length;
}

static void commit_text(void *receiver, size_t length) {
    mr_part_writer *writer = receiver;
    if (writer->deflater)
        writer->text_length += length;
    else
        commit(receiver, length);
}

mr_byte_sink mr_part_text(mr_part_writer *writer) {
    return (mr_byte_sink){.reserve = reserve_text, .commit = commit_text, .receiver = writer};
}

/* Compresses the rest of the part, and gives back what a very long line has taken. */
static bool end_text(mr_part_writer *writer, mr_error *error) {
    if (!put_members(writer, true, error)) return false;
    if (writer->text_size > 4 * MR_DEFLATE_TEXT) {
        free(writer->text);
        writer->text = NULL;
        writer->text_size = 0;
    }
    return true;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

bool mr_part_end(mr_part_writer *writer, mr_part *part, mr_error *error) {
    if (!end_text(writer, error)) return false;
    if (writer->part.in_file && writer->staged && !flush_staging(writer, error)) return false;
    if (writer->own_size > OWN_SIZE) { /* there was a very long line */
        free(writer->own);
        writer->own = NULL;
        writer->own_size = 0;
    }
    if (!writer->part.in_file) {
        writer->part.bytes = writer->part.place.length = writer->staged;
        writer->part.place.checksum = mr_hash_bytes(writer->staging, writer->staged);
        writer->head += writer->staged;
        writer->touched = mr_larger(writer->touched, writer->part.place.offset + writer->staged);
    }
    writer->part.released = writer->head;
    *part = writer->part;
    return true;
}

bool mr_part_result(void *receiver, const mr_result *result, mr_error *error) {
    mr_part_writer *writer = receiver;
    size_t most = mr_formatted_max(writer->format, result->key, result->value);
    char *to = reserve_text(writer, most, error);
    if (!to) return false;
    commit_text(writer, (size_t)(mr_format_result(writer->format, to, result->key, result->value) - to));
    writer->part.results++;
    return true;
}

bool mr_part_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    while (pairs < end) {
        mr_result result = {0};
        pairs = mr_pair_read(pairs, &result.key, &result.value);
        if (!mr_part_result(receiver, &result, error)) return false;
    }
    return true;
}

bool mr_part_write(void *receiver, const void *bytes, size_t length, mr_error *error) {
    mr_part_writer *writer = receiver;
    if (length > ADDRESSES_MAX) return mr_error_memory(error, length, "a line of output");
    if (!writer->deflater && length > OWN_SIZE &&
        length > writer->room - writer->staged) /* not to be copied once more */
        return flush_staging(writer, error) && append_to_file(writer, bytes, length, error);
    char *to = reserve_text(receiver, length, error);
    if (!to) return false;
    if (length) memcpy(to, bytes, length);
    commit_text(receiver, length);
    return true;
}

/* ---- delivering -------------------------------------------------------------------------------------------------- */

static bool write_out(int file, const char *bytes, size_t length, uint64_t offset, const char *path, mr_error *error) {
    return mr_write_at(file, bytes, length, offset) || mr_error_system(error, errno, "could not write %s", path);
}

/* Copies a part from the worker's output file. */
static bool copy_from_file(const mr_part *part, const mr_spill *from, int file, uint64_t offset, const char *path,
                           mr_error *error) {
    mr_run_reader reader;
    bool more = true, ok;
    mr_run_reader_open(&reader, from, part->place);
    while ((ok = mr_run_next_block(&reader, &more, error)) && more) {
        ok = write_out(file, reader.records, reader.block.used, offset, path, error);
        if (!ok) break;
        offset += reader.block.used;
    }
    mr_run_reader_close(&reader);
    return ok;
}

bool mr_part_deliver(const mr_part *part, const mr_arena *regions, const mr_spill *files, int file, uint64_t offset,
                     const char *path, mr_error *error) {
    if (part->in_file) return copy_from_file(part, &files[part->worker], file, offset, path, error);
    return mr_part_verify(part, regions, error) &&
           write_out(file, regions[part->worker].base + part->place.offset, part->bytes, offset, path, error);
}
