#include "data/inflate.h"

#include <stdlib.h>

enum { ONCE = 1 << 30 /* bytes that a library is given at once, whose counts have 32 bits */ };

static uint32_t at_once(const char *begin, const char *end) {
    return end - begin < ONCE ? (uint32_t)(end - begin) : ONCE;
}

#ifdef MR_ISAL

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <string.h>

#include "base/library.h"

/* The library is loaded when something is decompressed: few jobs do that, and every process of every job would start
 * later and be larger. */
#define ISAL_FUNCTIONS(name)                                                                                           \
    name(isal_inflate_init) name(isal_inflate_reset) name(isal_inflate) name(isal_inflate_stateless)                   \
        name(crc32_gzip_refl)

static struct {
#define DECLARE(function) __typeof__(function) *function;
    ISAL_FUNCTIONS(DECLARE)
#undef DECLARE
} library;

static bool load_library(mr_error *error) {
    static bool loaded;
#define PLACE(function) {#function, &library.function},
    static const mr_library_function functions[] = {ISAL_FUNCTIONS(PLACE)};
#undef PLACE
    loaded = loaded || mr_library_load("libisal.so.2", functions, sizeof functions / sizeof *functions);
    return loaded || mr_error_set(error, "gzip needs the library ISA-L (libisal.so.2), which could not be loaded: "
                                         "install it (libisal2 on Debian)");
}

/* Headers are read here: the library forgets what it was at when a header comes in several pieces. */

enum { FIXED = 10 /* bytes at the front of each header */ };
enum { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16, RESERVED = 0xe0 /* flags of a header */ };

struct mr_inflater {
    struct inflate_state state;
    uint32_t read;  /* bytes of the fixed part of the header that have been read */
    uint32_t flags; /* of the header: what of it is still to come */
    uint32_t count; /* bytes that have been read of the part of it at hand, if that is of a fixed length */
    uint32_t extra; /* length of the extra fields */
};

mr_inflater *mr_inflater_new(mr_error *error) {
    if (!load_library(error)) return NULL;
    mr_inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater) {
        mr_error_memory(error, sizeof *inflater, "decompression");
        return NULL;
    }
    library.isal_inflate_init(&inflater->state);
    return inflater;
}

void mr_inflater_free(mr_inflater *inflater) {
    free(inflater);
}

void mr_inflater_begin(mr_inflater *inflater) {
    library.isal_inflate_reset(&inflater->state);
    inflater->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
    inflater->read = inflater->flags = inflater->count = inflater->extra = 0;
}

/* The part of the header at hand has come to its end. */
static void end_part(mr_inflater *inflater, uint32_t flag) {
    inflater->flags &= ~flag;
    inflater->count = 0;
}

/* Takes the next byte behind the fixed part of the header: of the first part that is still to come. */
static void take_part(mr_inflater *inflater, uint8_t byte) {
    uint32_t at = inflater->count++;
    if (inflater->flags & EXTRA) {
        if (at < 2) inflater->extra |= (uint32_t)byte << 8 * at;
        if (at > 0 && at + 1 == 2 + inflater->extra) end_part(inflater, EXTRA);
    } else if (inflater->flags & (NAME | COMMENT)) {
        if (!byte) end_part(inflater, inflater->flags & NAME ? NAME : COMMENT);
    } else if (at == 1) {
        end_part(inflater, HEADER_CRC);
    }
}

/* Reads of the header what is there; false when it is none. */
static bool read_header(mr_inflater *inflater, const char **in, const char *in_end) {
    static const uint8_t start[] = {0x1f, 0x8b, 8};
    for (; *in < in_end && (inflater->read < FIXED || inflater->flags); ++*in) {
        uint8_t byte = (uint8_t) * *in;
        if (inflater->read == FIXED) {
            take_part(inflater, byte);
            continue;
        }
        uint32_t at = inflater->read++;
        if (at < sizeof start && byte != start[at]) return false;
        if (at == sizeof start && byte & RESERVED) return false;
        if (at == sizeof start) inflater->flags = byte & (HEADER_CRC | EXTRA | NAME | COMMENT);
    }
    return true;
}

enum mr_inflated mr_inflate(mr_inflater *inflater, const char **in, const char *in_end, char **out, char *out_end) {
    struct inflate_state *state = &inflater->state;
    if (!read_header(inflater, in, in_end)) return MR_INFLATED_WRONG;
    if (inflater->read < FIXED || inflater->flags) return MR_INFLATED_SOME;
    state->next_in = (uint8_t *)*in; /* only read */
    state->avail_in = at_once(*in, in_end);
    state->next_out = (uint8_t *)*out;
    state->avail_out = at_once(*out, out_end);
    int code = library.isal_inflate(state);
    *in = (const char *)state->next_in;
    *out = (char *)state->next_out;
    if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT && code != ISAL_OUT_OVERFLOW) return MR_INFLATED_WRONG;
    return state->block_state == ISAL_BLOCK_FINISH ? MR_INFLATED_MEMBER : MR_INFLATED_SOME;
}

bool mr_inflate_block(mr_inflater *inflater, const char *coded, size_t coded_length, char *bytes, size_t length,
                      uint32_t crc) {
    struct inflate_state *state = &inflater->state;
    library.isal_inflate_reset(state);
    state->crc_flag = ISAL_DEFLATE;
    state->next_in = (uint8_t *)coded; /* only read */
    state->avail_in = (uint32_t)coded_length;
    state->next_out = (uint8_t *)bytes;
    state->avail_out = (uint32_t)length;
    int code = library.isal_inflate_stateless(state);
    return code == ISAL_DECOMP_OK && state->block_state == ISAL_BLOCK_FINISH && !state->avail_in && !state->avail_out &&
           library.crc32_gzip_refl(0, (const unsigned char *)bytes, length) == crc;
}

#else

#include <zlib.h>

struct mr_inflater {
    z_stream stream;
};

enum { WINDOW_BITS = 15, WITH_GZIP_HEADER = 16 };

mr_inflater *mr_inflater_new(mr_error *error) {
    mr_inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater && inflateInit2(&inflater->stream, WINDOW_BITS + WITH_GZIP_HEADER) == Z_OK) return inflater;
    free(inflater);
    mr_error_memory(error, sizeof *inflater, "decompression");
    return NULL;
}

void mr_inflater_free(mr_inflater *inflater) {
    if (inflater) inflateEnd(&inflater->stream);
    free(inflater);
}

void mr_inflater_begin(mr_inflater *inflater) {
    inflateReset2(&inflater->stream, WINDOW_BITS + WITH_GZIP_HEADER);
}

enum mr_inflated mr_inflate(mr_inflater *inflater, const char **in, const char *in_end, char **out, char *out_end) {
    z_stream *stream = &inflater->stream;
    stream->next_in = (unsigned char *)*in; /* only read */
    stream->avail_in = at_once(*in, in_end);
    stream->next_out = (unsigned char *)*out;
    stream->avail_out = at_once(*out, out_end);
    int code = inflate(stream, Z_NO_FLUSH);
    *in = (const char *)stream->next_in;
    *out = (char *)stream->next_out;
    if (code == Z_STREAM_END) return MR_INFLATED_MEMBER;
    return code == Z_OK || code == Z_BUF_ERROR ? MR_INFLATED_SOME : MR_INFLATED_WRONG;
}

bool mr_inflate_block(mr_inflater *inflater, const char *coded, size_t coded_length, char *bytes, size_t length,
                      uint32_t crc) {
    z_stream *stream = &inflater->stream;
    unsigned char nothing = 0; /* where an empty block goes: zlib wants a place all the same */
    inflateReset2(stream, -WINDOW_BITS);
    stream->next_in = (unsigned char *)coded; /* only read */
    stream->avail_in = (unsigned)coded_length;
    stream->next_out = length ? (unsigned char *)bytes : &nothing;
    stream->avail_out = (unsigned)length;
    int code = inflate(stream, Z_FINISH);
    return code == Z_STREAM_END && !stream->avail_in && !stream->avail_out &&
           crc32(0, (const unsigned char *)bytes, (unsigned)length) == crc;
}

#endif
