#include "data/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/units.h"

mr_spill mr_spill_open(const char *folder) {
    mr_spill spill = {.folder = folder, .file = mr_open_unnamed(folder)};
    spill.failure = spill.file < 0 ? errno : 0;
    if (spill.file >= 0) spill.identity = mr_file_identify(spill.file);
    return spill;
}

bool mr_spill_intact(const mr_spill *spill) {
    return spill->file < 0 || mr_file_is(spill->file, spill->identity);
}

/* Returns what the process was at. */
static enum mr_activity begin_waiting(const mr_spill *spill) {
    if (spill->waiting) ++*spill->waiting;
    return mr_stopwatch_change(spill->watch, spill->activity);
}

static void end_waiting(const mr_spill *spill, enum mr_activity before) {
    if (spill->waiting) --*spill->waiting;
    mr_stopwatch_change(spill->watch, before);
}

bool mr_spill_append(mr_spill *spill, const void *bytes, size_t length, uint64_t *offset, mr_error *error) {
    if (!mr_spill_intact(spill))
        return mr_error_set(error, "a temporary file in %s was closed, or replaced by another file", spill->folder);
    enum mr_activity before = begin_waiting(spill);
    bool written = spill->file >= 0 && mr_write_at(spill->file, bytes, length, spill->end);
    end_waiting(spill, before);
    if (!written)
        return mr_error_system(error, spill->file < 0 ? spill->failure : errno,
                               "could not spill to a temporary file in %s (choose another folder with "
                               "--tmp, or give more --memory)",
                               spill->folder);
    if (offset) *offset = spill->end;
    spill->end += length;
    spill->written += length;
    return true;
}

bool mr_spill_read(const mr_spill *spill, void *bytes, size_t length, uint64_t offset, mr_error *error) {
    enum mr_activity before = begin_waiting(spill);
    int64_t count = mr_read_at(spill->file, bytes, length, offset);
    end_waiting(spill, before);
    if (count < 0 && errno == EIO) return mr_error_damage(error, "the disk could not read a file in %s", spill->folder);
    if (count < 0) return mr_error_system(error, errno, "could not read a temporary file in %s", spill->folder);
    if ((uint64_t)count == length) return true;
    return mr_error_damage(error, "a file in %s is shorter than what was written to it", spill->folder);
}

void mr_spill_release(const mr_spill *spill, uint64_t offset, uint64_t length) {
    /* Best effort: where holes cannot be punched, the space is free when the job ends. */
    if (length && mr_spill_intact(spill))
        (void)!fallocate(spill->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
}

bool mr_spill_append_block(mr_spill *spill, const void *bytes, size_t length, mr_extent *run, mr_error *error) {
    mr_block block = {.used = length, .checksum = mr_hash_bytes(bytes, length)};
    if (!mr_spill_append(spill, &block, sizeof block, NULL, error)) return false;
    if (!mr_spill_append(spill, bytes, length, NULL, error)) return false;
    run->length += sizeof block + length;
    run->checksum = mr_block_chain(run->checksum, &block);
    return true;
}

bool mr_run_writer_open(mr_run_writer *writer, mr_spill *spill, size_t block_size, mr_error *error) {
    /* On pages of its own, all of which can be given back. What is left out takes no space. */
    spill->end = mr_round_up(spill->end, MR_PAGE);
    *writer = (mr_run_writer){.spill = spill, .capacity = block_size, .extent.offset = spill->end};
    writer->block = calloc(1, sizeof(mr_block) + block_size);
    return writer->block || mr_error_memory(error, block_size, "a spill block");
}

static bool flush_block(mr_run_writer *writer, mr_error *error) {
    mr_block *block = writer->block;
    if (!block->used) return true;
    mr_block_seal(block);
    size_t size = sizeof *block + block->used;
    if (!mr_spill_append(writer->spill, block, size, NULL, error)) return false;
    writer->extent.length += size;
    writer->extent.checksum = mr_block_chain(writer->extent.checksum, block);
    writer->largest = mr_larger(writer->largest, block->used);
    block->used = 0;
    block->records = 0;
    return true;
}

char *mr_run_reserve(mr_run_writer *writer, size_t length, mr_error *error) {
    if (writer->block->used + length > writer->capacity) {
        if (!flush_block(writer, error)) return NULL;
        if (length > writer->capacity) {
            mr_block *larger = realloc(writer->block, sizeof *larger + length);
            if (!larger) {
                mr_error_memory(error, length, "a large record");
                return NULL;
            }
            writer->block = larger;
            writer->capacity = length;
        }
    }
    return mr_block_records(writer->block) + writer->block->used;
}

void mr_run_commit(mr_run_writer *writer, size_t length) {
    writer->block->used += length;
    writer->block->records++;
}

bool mr_run_append_alone(mr_run_writer *writer, const mr_slice *parts, size_t count, mr_error *error) {
    mr_block header = {.records = 1};
    XXH3_state_t hash;
    if (!flush_block(writer, error)) return false;
    XXH3_64bits_reset(&hash);
    for (size_t i = 0; i < count; i++) {
        XXH3_64bits_update(&hash, parts[i].data, parts[i].length);
        header.used += parts[i].length;
    }
    header.checksum = XXH3_64bits_digest(&hash);
    if (!mr_spill_append(writer->spill, &header, sizeof header, NULL, error)) return false;
    for (size_t i = 0; i < count; i++)
        if (!mr_spill_append(writer->spill, parts[i].data, parts[i].length, NULL, error)) return false;
    writer->extent.length += sizeof header + header.used;
    writer->extent.checksum = mr_block_chain(writer->extent.checksum, &header);
    writer->largest = mr_larger(writer->largest, header.used);
    return true;
}

bool mr_run_writer_finish(mr_run_writer *writer, mr_extent *extent, mr_error *error) {
    if (!flush_block(writer, error)) return false;
    *extent = writer->extent;
    return true;
}

void mr_run_writer_close(mr_run_writer *writer) {
    free(writer->block);
    writer->block = NULL;
}

void mr_run_reader_open(mr_run_reader *reader, const mr_spill *spill, mr_extent extent) {
    *reader = (mr_run_reader){.spill = spill, .rest = extent};
}

void mr_run_reader_restart(mr_run_reader *reader, const mr_spill *spill, mr_extent extent) {
    reader->spill = spill;
    reader->rest = extent;
    reader->chain = 0;
}

void mr_run_reader_close(mr_run_reader *reader) {
    free(reader->records);
    reader->records = NULL;
    reader->capacity = 0;
}

static bool damaged(const mr_run_reader *reader, mr_error *error) {
    return mr_error_damage(error, "a file in %s is damaged: the disk returned other bytes than were written",
                           reader->spill->folder);
}

/* Room for the records of the block at hand. */
static bool make_room(mr_run_reader *reader, mr_error *error) {
    uint64_t used = reader->block.used;
    if (used <= reader->capacity) return true;
    char *larger = realloc(reader->records, used + MR_READ_SLACK);
    if (!larger) return mr_error_memory(error, used, "a spilled block");
    reader->records = larger;
    reader->capacity = used;
    return true;
}

bool mr_run_next_block(mr_run_reader *reader, bool *more, mr_error *error) {
    mr_block *block = &reader->block;
    mr_extent *rest = &reader->rest;
    *more = rest->length > 0;
    if (!*more) return true;
    if (rest->length < sizeof *block) return damaged(reader, error);
    if (!mr_spill_read(reader->spill, block, sizeof *block, rest->offset, error)) return false;
    if (!block->used || block->used > rest->length - sizeof *block) return damaged(reader, error);
    if (!make_room(reader, error)) return false;
    if (!mr_spill_read(reader->spill, reader->records, block->used, rest->offset + sizeof *block, error)) return false;
    if (!mr_block_intact(block, reader->records)) return damaged(reader, error);
    reader->chain = mr_block_chain(reader->chain, block);
    rest->offset += sizeof *block + block->used;
    rest->length -= sizeof *block + block->used;
    return rest->length || reader->chain == rest->checksum || damaged(reader, error);
}
