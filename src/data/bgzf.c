#include "data/bgzf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"

/* The index is made by going from header to header. Behind each block stand its decoded length and the header of the
 * next block, so one short read gives both. An entry for every block would cost too much memory for large files; there
 * is one for each 256 KiB of text, or of the file, if there are many blocks without text; and reading starts at the
 * last entry that is not behind the wanted place.
 *
 * Of each block that holds text somebody will want that, and so find out whether the block is as its header and its end
 * say. One that says to hold nothing nobody would decode, and text in it would be lost; so it has to be the one that
 * all writers use for that, or the file is read from front to back.
 *
 * A header is (RFC 1952, and the specification of SAM): 1f 8b 08, flags 04, 6 bytes that do not matter, the length of
 * the extra fields, and among these one with the name "BC": the length of the whole block less one, in two bytes. */

enum {
    FIXED_HEADER = 12,    /* bytes before the extra fields */
    EXTRA_MOST = 256,     /* bytes of extra fields that are looked at: 6 are usual */
    TRAILER = 8,          /* CRC and decoded length behind the deflated bytes */
    LENGTH = 4,           /* of it the decoded length, at its end */
    END = 10,             /* of a block: the least deflated bytes that there can be, and the trailer */
    ENTRY_BYTES = 1 << 18 /* of the text, or of the file, for each entry */
};

static uint32_t load_16(const unsigned char *at) {
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t load_32(const unsigned char *at) {
    return load_16(at) | load_16(at + 2) << 16;
}

static unsigned long long at_byte(const mr_bgzf_reader *reader) {
    return reader->at.coded;
}

/* What a header says: bytes of the whole block, and of the header; 0 when it is none. */
static uint32_t block_length(const unsigned char *header, size_t length, uint32_t *header_length) {
    static const unsigned char start[] = {0x1f, 0x8b, 8, 4};
    if (length < FIXED_HEADER || memcmp(header, start, sizeof start) != 0) return 0;
    uint32_t extra = load_16(header + 10);
    if (extra > EXTRA_MOST || FIXED_HEADER + extra > length) return 0;
    *header_length = FIXED_HEADER + extra;
    for (uint32_t at = 0; at + 4 <= extra;) {
        const unsigned char *field = header + FIXED_HEADER + at;
        uint32_t bytes = load_16(field + 2);
        if (at + 4 + bytes > extra) return 0;
        if (field[0] == 'B' && field[1] == 'C' && bytes == 2) {
            uint32_t block = load_16(field + 4) + 1;
            return block >= *header_length + END ? block : 0;
        }
        at += 4 + bytes;
    }
    return 0;
}

static bool add_entry(mr_bgzf_index *index, mr_bgzf_entry entry) {
    const mr_bgzf_entry *last = index->count ? &index->entries[index->count - 1] : NULL;
    if (last && entry.decoded - last->decoded < ENTRY_BYTES && entry.coded - last->coded < ENTRY_BYTES) return true;
    if (index->count == index->room) {
        size_t room = index->room ? 2 * index->room : 16;
        mr_bgzf_entry *larger = realloc(index->entries, room * sizeof *larger);
        if (!larger) return false;
        index->entries = larger;
        index->room = room;
    }
    index->entries[index->count++] = entry;
    return true;
}

/* Whether a block, whose last END bytes these are, is like those that are there to hold nothing. */
static bool is_empty(const unsigned char *end, uint32_t length_behind_header) {
    static const unsigned char empty[END] = {3};
    return length_behind_header == END && !memcmp(end, empty, END);
}

bool mr_bgzf_index_make(mr_bgzf_index *index, int file, uint64_t size, bool *is_bgzf) {
    unsigned char bytes[END + FIXED_HEADER + EXTRA_MOST];
    mr_bgzf_entry at = {0};
    uint32_t block = 0, header = 0; /* bytes of the last block, and of its header */
    *index = (mr_bgzf_index){.coded = size};
    *is_bgzf = false;
    for (size_t before = 0;; before = END) { /* bytes of the last block that are read with the next header */
        int64_t count = mr_read_at(file, bytes, sizeof bytes, at.coded - before);
        if (count < 0) return false;
        if (count < (int64_t)before) return true;
        uint32_t decoded = before ? load_32(bytes + END - LENGTH) : 0;
        if (decoded > MR_BGZF_BLOCK || (before && !decoded && !is_empty(bytes, block - header))) return true;
        at.decoded += decoded;
        if (before && at.coded == size) break;
        block = block_length(bytes + before, (size_t)count - before, &header);
        if (!block || block > size - at.coded) return true;
        if (!add_entry(index, at)) return false;
        at.coded += block;
    }
    index->decoded = at.decoded;
    *is_bgzf = true;
    return true;
}

void mr_bgzf_index_close(mr_bgzf_index *index) {
    free(index->entries);
    *index = (mr_bgzf_index){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool open_reader(mr_bgzf_reader *reader, const mr_bgzf_index *index, mr_error *error) {
    if (reader->index != index) reader->at = reader->next = (mr_bgzf_entry){0};
    if (reader->index != index) reader->held = false;
    reader->index = index;
    if (reader->inflater) return true;
    if (!reader->coded) reader->coded = malloc(MR_BGZF_BLOCK);
    if (!reader->bytes) reader->bytes = malloc(MR_BGZF_BLOCK);
    if (!reader->coded || !reader->bytes) return mr_error_memory(error, 2 * MR_BGZF_BLOCK, "decompression");
    reader->inflater = mr_inflater_new(error);
    return reader->inflater;
}

void mr_bgzf_reader_close(mr_bgzf_reader *reader) {
    mr_inflater_free(reader->inflater);
    free(reader->coded);
    free(reader->bytes);
    *reader = (mr_bgzf_reader){0};
}

/* The last entry that is not behind an offset of the text. */
static mr_bgzf_entry find_entry(const mr_bgzf_index *index, uint64_t offset) {
    size_t low = 0, high = index->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (index->entries[middle].decoded > offset)
            high = middle;
        else
            low = middle;
    }
    return index->entries[low];
}

/* Takes the next block; decodes it if it holds the byte at an offset. False without an error set: the file is not what
 * it was when the index was made. */
static bool take_block(mr_bgzf_reader *reader, int file, uint64_t offset, mr_error *error) {
    reader->at = reader->next;
    reader->held = false;
    enum mr_activity before = mr_stopwatch_change(reader->watch, MR_ACTIVITY_READ);
    int64_t count = mr_read_at(file, reader->coded, MR_BGZF_BLOCK, reader->at.coded);
    mr_stopwatch_change(reader->watch, before);
    if (count < 0) return mr_error_system(error, errno, "it cannot be read at byte %llu", at_byte(reader));
    const unsigned char *block = (const unsigned char *)reader->coded;
    uint32_t header, length = block_length(block, (size_t)count, &header);
    if (!length || length > count || load_32(block + length - LENGTH) > MR_BGZF_BLOCK) return false;
    uint32_t decoded = load_32(block + length - LENGTH);
    reader->next = (mr_bgzf_entry){reader->at.coded + length, reader->at.decoded + decoded};
    if (offset >= reader->next.decoded) return true;
    reader->held = mr_inflate_block(reader->inflater, reader->coded + header, length - header - TRAILER, reader->bytes,
                                    decoded, load_32(block + length - TRAILER));
    return reader->held || mr_error_set(error, "the gzip member at byte %llu is damaged", at_byte(reader));
}

/* Makes the block that holds the byte at an offset the one at hand. */
static bool find_block(mr_bgzf_reader *reader, int file, uint64_t offset, mr_error *error) {
    mr_bgzf_entry entry = find_entry(reader->index, offset);
    bool ahead = reader->next.decoded <= offset && reader->next.coded >= entry.coded;
    if (!ahead) reader->next = entry;
    do {
        if (reader->next.coded >= reader->index->coded) return false;
        if (!take_block(reader, file, offset, error)) return false;
    } while (!reader->held);
    return true;
}

static bool holds(const mr_bgzf_reader *reader, uint64_t offset) {
    return reader->held && offset >= reader->at.decoded && offset < reader->next.decoded;
}

bool mr_bgzf_read(mr_bgzf_reader *reader, const mr_bgzf_index *index, int file, char *bytes, size_t length,
                  uint64_t offset, bool *changed, mr_error *error) {
    *changed = false;
    if (!open_reader(reader, index, error)) return false;
    while (length) {
        if (!holds(reader, offset) && !find_block(reader, file, offset, error)) {
            *changed = !error->set;
            return false;
        }
        size_t count = mr_smaller(length, reader->next.decoded - offset);
        memcpy(bytes, reader->bytes + (offset - reader->at.decoded), count);
        bytes += count;
        offset += count;
        length -= count;
    }
    return true;
}
