#include "data/deflate.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* A member is a header that tells its length, deflated bytes without a header of their own, the CRC-32 and the length
 * of the text. Text that cannot be made smaller is stored as it is, in one block of deflate, which always fits. */

enum {
    HEADER = 18,     /* bytes of the header */
    LENGTH_AT = 16,  /* where in it the length of the member minus 1 stands */
    TRAILER = 8,     /* bytes behind the deflated ones */
    STORED = 5,      /* bytes in front of stored text */
    RAW_WINDOW = -15 /* for zlib: the largest window, no header */
};

/* A gzip header with one extra field, BC, for the length. */
static const char header[HEADER] = "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0";

const char mr_deflate_end[MR_DEFLATE_END] = "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\x1b\0\x03";

struct mr_deflater {
    z_stream stream;
};

mr_deflater *mr_deflater_new(int level, mr_error *error) {
    mr_deflater *deflater = calloc(1, sizeof *deflater);
    if (deflater && deflateInit2(&deflater->stream, level, Z_DEFLATED, RAW_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK)
        return deflater;
    free(deflater);
    mr_error_memory(error, 256 << 10, "compressing");
    return NULL;
}

void mr_deflater_free(mr_deflater *deflater) {
    if (!deflater) return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

static void store_u16(char *to, size_t value) {
    uint16_t little = htole16((uint16_t)value);
    memcpy(to, &little, sizeof little);
}

static void store_u32(char *to, size_t value) {
    uint32_t little = htole32((uint32_t)value);
    memcpy(to, &little, sizeof little);
}

/* Stores the text; returns the bytes used. */
static size_t store(const char *text, size_t length, char *to) {
    *to = 1; /* the last block, stored */
    store_u16(to + 1, length);
    store_u16(to + 3, ~length);
    memcpy(to + STORED, text, length);
    return STORED + length;
}

size_t mr_deflate_member(mr_deflater *deflater, const char *text, size_t length, char *to) {
    z_stream *stream = &deflater->stream;
    deflateReset(stream);
    stream->next_in = (Bytef *)(uintptr_t)text;
    stream->avail_in = (uInt)length;
    stream->next_out = (Bytef *)to + HEADER;
    stream->avail_out = MR_DEFLATE_MEMBER - HEADER - TRAILER;
    size_t coded = deflate(stream, Z_FINISH) == Z_STREAM_END ? stream->total_out : store(text, length, to + HEADER);
    size_t whole = HEADER + coded + TRAILER;
    memcpy(to, header, HEADER);
    store_u16(to + LENGTH_AT, whole - 1);
    store_u32(to + HEADER + coded, crc32(0, (const Bytef *)text, (uInt)length));
    store_u32(to + HEADER + coded + 4, length);
    return whole;
}

char *mr_deflate_text(int level, const char *text, size_t length, size_t *coded, mr_error *error) {
    size_t most = (length / MR_DEFLATE_TEXT + 1) * MR_DEFLATE_MEMBER;
    char *members = malloc(most);
    if (!members) mr_error_memory(error, most, "compressing");
    mr_deflater *deflater = members ? mr_deflater_new(level, error) : NULL;
    *coded = 0;
    for (size_t done = 0, part; deflater && done < length; done += part) {
        part = length - done < MR_DEFLATE_TEXT ? length - done : MR_DEFLATE_TEXT;
        *coded += mr_deflate_member(deflater, text + done, part, members + *coded);
    }
    if (!deflater) {
        free(members);
        return NULL;
    }
    mr_deflater_free(deflater);
    return members;
}
