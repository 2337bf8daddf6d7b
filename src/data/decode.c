#include "data/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/library.h"
#include "base/units.h"

#ifdef MR_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

/* Coded bytes are read into a buffer, and from there decoded straight to where they are wanted. Bytes that are not
 * coded are read straight to there as well, but for the few that have told so.
 *
 * A gzip file may have several members, one behind the other, and zeros behind the last one, to fill up a tape or a
 * disk; the text is that of all members. Anything else behind a member is an error: it was a member once, or text that
 * somebody expects to be read. */

enum { BUFFER = 64 << 10 };

/* ---- what it is -------------------------------------------------------------------------------------------------- */

static const struct {
    enum mr_coding coding;
    uint8_t length;
    unsigned char bytes[4];
    unsigned char mask; /* of the first byte */
} magics[] = {
    {MR_CODING_GZIP, 3, {0x1f, 0x8b, 8}, 0xff},
    {MR_CODING_ZSTD, 4, {0x28, 0xb5, 0x2f, 0xfd}, 0xff},
    {MR_CODING_ZSTD, 4, {0x50, 0x2a, 0x4d, 0x18}, 0xf0}, /* a frame to be skipped, which may stand before others */
};

enum mr_coding mr_coding_of(const char *bytes, size_t length) {
    enum mr_coding found = length ? MR_CODING_NONE : MR_CODING_UNKNOWN;
    for (size_t i = 0; length && i < sizeof magics / sizeof *magics; i++) {
        size_t known = mr_smaller(length, magics[i].length);
        bool same = ((unsigned char)bytes[0] & magics[i].mask) == magics[i].bytes[0] &&
                    !memcmp(bytes + 1, magics[i].bytes + 1, known - 1);
        if (same && known == magics[i].length) return magics[i].coding;
        if (same) found = MR_CODING_UNKNOWN;
    }
    return found;
}

bool mr_coding_is_known(enum mr_coding coding) {
#ifdef MR_ZSTD
    (void)coding;
    return true;
#else
    return coding != MR_CODING_ZSTD;
#endif
}

/* ---- coded bytes ------------------------------------------------------------------------------------------------- */

bool mr_decoder_open(mr_decoder *decoder, mr_coded_source from, uint64_t window, mr_error *error) {
    *decoder = (mr_decoder){.from = from, .window = window, .buffer = malloc(BUFFER)};
    return decoder->buffer || mr_error_memory(error, BUFFER, "a read buffer");
}

/* Where in the coded stream decoding is. */
static unsigned long long at_byte(const mr_decoder *decoder) {
    return decoder->taken - (decoder->end - decoder->begin);
}

/* Reads from the source; *count is 0 at its end, or when nothing comes at present. */
static bool read_source(mr_decoder *decoder, char *bytes, size_t room, size_t *count, mr_error *error) {
    *count = 0;
    int64_t result = decoder->source_ended ? 0 : decoder->from.read(decoder->from.receiver, bytes, room);
    if (result == MR_READ_FAILED)
        return mr_error_system(error, errno, "it cannot be read at byte %llu", (unsigned long long)decoder->taken);
    if (result == 0) decoder->source_ended = true;
    if (result > 0) *count = (size_t)result;
    decoder->taken += *count;
    return true;
}

static bool damaged(const mr_decoder *decoder, const char *how, mr_error *error) {
    return mr_error_set(error, "the compressed data is damaged before byte %llu%s", at_byte(decoder), how);
}

/* Reads more into the buffer, behind what is left in it. */
static bool fill(mr_decoder *decoder, mr_error *error) {
    size_t count;
    if (decoder->end - decoder->begin == BUFFER) return damaged(decoder, "", error); /* nobody can make use of it */
    memmove(decoder->buffer, decoder->buffer + decoder->begin, decoder->end - decoder->begin);
    decoder->end -= decoder->begin;
    decoder->begin = 0;
    if (!read_source(decoder, decoder->buffer + decoder->end, BUFFER - decoder->end, &count, error)) return false;
    decoder->end += count;
    return true;
}

static bool cut_off(const mr_decoder *decoder, mr_error *error) {
    return mr_error_set(error, "the compressed data is cut off at byte %llu", at_byte(decoder));
}

/* ---- gzip -------------------------------------------------------------------------------------------------------- */

/* Skips zeros behind the last member. */
static bool skip_padding(mr_decoder *decoder, mr_error *error) {
    while (decoder->begin < decoder->end && !decoder->buffer[decoder->begin]) {
        decoder->begin++;
        decoder->padded = true;
    }
    if (decoder->begin == decoder->end) return true;
    if ((unsigned char)decoder->buffer[decoder->begin] == 0x1f && !decoder->padded) return true; /* a member */
    return mr_error_set(error, "what follows at byte %llu is neither compressed data nor zeros", at_byte(decoder));
}

/* Starts the next member, if there is one in the buffer. */
static bool begin_member(mr_decoder *decoder, mr_error *error) {
    if (decoder->inflater && !skip_padding(decoder, error)) return false;
    if (decoder->begin == decoder->end) return true;
    if (!decoder->inflater) decoder->inflater = mr_inflater_new(error);
    if (!decoder->inflater) return false;
    mr_inflater_begin(decoder->inflater);
    decoder->inside = true;
    return true;
}

/* Decodes from the buffer; *length may stay 0. The library may also hold text that it had no room for, and needs no
 * input to hand it out. */
static bool decode_gzip(mr_decoder *decoder, char *bytes, size_t room, size_t *length, mr_error *error) {
    char *out = bytes;
    for (bool going = true; going && out == bytes;) {
        if (!decoder->inside && !begin_member(decoder, error)) return false;
        if (!decoder->inside) break;
        const char *from = decoder->buffer + decoder->begin, *in = from;
        enum mr_inflated result =
            mr_inflate(decoder->inflater, &in, decoder->buffer + decoder->end, &out, bytes + room);
        decoder->begin = (size_t)(in - decoder->buffer);
        if (result == MR_INFLATED_WRONG) return damaged(decoder, "", error);
        if (result == MR_INFLATED_MEMBER) decoder->inside = false;
        going = in > from || !decoder->inside;
    }
    *length = (size_t)(out - bytes);
    return true;
}

/* ---- zstd -------------------------------------------------------------------------------------------------------- */

#ifdef MR_ZSTD

/* The library is loaded when it is needed, as in inflate.c. */
#define ZSTD_FUNCTIONS(name)                                                                                           \
    name(ZSTD_createDCtx) name(ZSTD_freeDCtx) name(ZSTD_DCtx_setParameter) name(ZSTD_decompressStream)                 \
        name(ZSTD_isError) name(ZSTD_getErrorName) name(ZSTD_getErrorCode)

static struct {
#define DECLARE(function) __typeof__(function) *function;
    ZSTD_FUNCTIONS(DECLARE)
#undef DECLARE
} library;

static bool load_library(mr_error *error) {
    static bool loaded;
#define PLACE(function) {#function, &library.function},
    static const mr_library_function functions[] = {ZSTD_FUNCTIONS(PLACE)};
#undef PLACE
    loaded = loaded || mr_library_load("libzstd.so.1", functions, sizeof functions / sizeof *functions);
    return loaded ||
           mr_error_set(
               error,
               "zstd needs its library (libzstd.so.1), which could not be loaded: install it (libzstd1 on Debian)");
}

static bool open_zstd(mr_decoder *decoder, mr_error *error) {
    if (!load_library(error)) return false;
    int bits = 10; /* the least that there is */
    while (bits < 31 && (2ull << bits) <= decoder->window)
        bits++;
    decoder->zstd = library.ZSTD_createDCtx();
    return (decoder->zstd &&
            !library.ZSTD_isError(library.ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, bits))) ||
           mr_error_memory(error, ZSTD_BLOCKSIZE_MAX, "decompression");
}

static bool window_too_large(const mr_decoder *decoder, mr_error *error) {
    char size[MR_SIZE_TEXT];
    return mr_error_set(
        error,
        "the frame at byte %llu asks for a window of more than %s, for which there is no memory; give more "
        "--memory, or unpack it into a file",
        at_byte(decoder), mr_format_size(decoder->window, size));
}

/* Decodes from the buffer; *length may stay 0. */
static bool decode_zstd(mr_decoder *decoder, char *bytes, size_t room, size_t *length, mr_error *error) {
    if (!decoder->zstd && !open_zstd(decoder, error)) return false;
    ZSTD_outBuffer out = {bytes, room, 0};
    ZSTD_inBuffer in = {decoder->buffer, decoder->end, decoder->begin};
    size_t code = 1;
    /* What is in the library goes first: it may hold text when there is no input left. */
    while (!out.pos && (in.pos < in.size || decoder->inside)) {
        size_t before = in.pos;
        code = library.ZSTD_decompressStream(decoder->zstd, &out, &in);
        if (library.ZSTD_isError(code)) break;
        decoder->inside = code != 0;
        if (in.pos == before && !out.pos) break;
    }
    decoder->begin = in.pos;
    *length = out.pos;
    if (!library.ZSTD_isError(code)) return true;
    if (library.ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
        return window_too_large(decoder, error);
    char how[160];
    snprintf(how, sizeof how, ": %s", library.ZSTD_getErrorName(code));
    return damaged(decoder, how, error);
}

#else

static bool decode_zstd(mr_decoder *decoder, char *bytes, size_t room, size_t *length, mr_error *error) {
    (void)decoder;
    (void)bytes;
    (void)room;
    *length = 0;
    return mr_error_set(error, "it is compressed with zstd, which this mr was built without; unpack it first");
}

#endif

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

void mr_decoder_close(mr_decoder *decoder) {
    free(decoder->buffer);
    mr_inflater_free(decoder->inflater);
#ifdef MR_ZSTD
    if (decoder->zstd) library.ZSTD_freeDCtx(decoder->zstd);
#endif
    *decoder = (mr_decoder){0};
}

/* Hands on bytes that are not coded. */
static bool pass_on(mr_decoder *decoder, char *bytes, size_t room, size_t *length, mr_error *error) {
    *length = mr_smaller(room, decoder->end - decoder->begin);
    if (!*length) return read_source(decoder, bytes, room, length, error);
    memcpy(bytes, decoder->buffer + decoder->begin, *length);
    decoder->begin += *length;
    return true;
}

/* One step: decodes what has been read, or reads what is to be decoded. */
static bool step(mr_decoder *decoder, char *bytes, size_t room, size_t *length, mr_error *error) {
    if (decoder->coding == MR_CODING_NONE) return pass_on(decoder, bytes, room, length, error);
    bool ok = decoder->coding == MR_CODING_GZIP ? decode_gzip(decoder, bytes, room, length, error)
                                                : decode_zstd(decoder, bytes, room, length, error);
    return ok && (*length || fill(decoder, error));
}

/* Finds out what the stream is, as soon as there are enough bytes. */
static bool find_coding(mr_decoder *decoder, mr_error *error) {
    if (!fill(decoder, error)) return false;
    decoder->coding = mr_coding_of(decoder->buffer, decoder->end);
    if (decoder->coding == MR_CODING_UNKNOWN && decoder->source_ended) decoder->coding = MR_CODING_NONE;
    return true;
}

bool mr_decode(mr_decoder *decoder, char *bytes, size_t room, size_t *length, enum mr_decoded *state, mr_error *error) {
    *length = 0;
    for (uint64_t before = UINT64_MAX; !*length && before != decoder->taken && !decoder->source_ended;) {
        before = decoder->taken;
        bool ok = decoder->coding == MR_CODING_UNKNOWN ? find_coding(decoder, error)
                                                       : step(decoder, bytes, room, length, error);
        if (!ok) return false;
    }
    /* The end of the source is not that of the text, which may still be in the buffer. */
    if (!*length && decoder->source_ended && !step(decoder, bytes, room, length, error)) return false;
    *state = *length ? MR_DECODED_SOME : decoder->source_ended ? MR_DECODED_END : MR_DECODED_NOTHING;
    return *state != MR_DECODED_END || !decoder->inside || cut_off(decoder, error);
}
