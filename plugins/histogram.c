/* histogram - how many pixels of 24-bit BMP images have each value of red, green and blue. A model of a job on a binary
 * format: a record is a byte, so that images are divided anywhere, and the place of a piece in its file says what its
 * bytes are.
 *
 *     mr run histogram photo.bmp
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mr.h"

/* An image is a file header of 14 bytes, a header that tells its own size, then, from where the first one says, rows of
 * pixels of three bytes, each row padded to a multiple of four. Rows go from the bottom to the top, or the other way if
 * the height is negative, which is the same for a histogram. */
typedef struct image {
    uint64_t pixels; /* where they begin, in bytes from the start of the file */
    uint64_t width;  /* bytes of a row, without padding */
    uint64_t stride; /* bytes of a row, with padding */
    uint64_t height; /* rows */
} image;

enum { FILE_HEADER = 14, OLD_HEADER = 12, NEW_HEADER = 40, HEADERS = FILE_HEADER + NEW_HEADER };

static image current;            /* the image at hand */
static uint64_t source;          /* its number, plus one; 0: none */
static uint64_t bins[2][3][256]; /* of pixels in turn, so that equal neighbours need not wait for each other */

/* ---- the header -------------------------------------------------------------------------------------------------- */

static uint32_t number_at(const unsigned char *bytes, size_t length) {
    uint32_t number = 0;
    while (length--)
        number = number << 8 | bytes[length];
    return number;
}

/* What keeps an image from being counted; NULL: nothing. bytes: its first ones; size: that of the file. */
static const char *read_header(const unsigned char *bytes, size_t length, uint64_t size, image *image) {
    if (length < FILE_HEADER + 4 || bytes[0] != 'B' || bytes[1] != 'M')
        return "this is no BMP image (one that is compressed has to be unpacked before, or read with --records whole)";
    uint32_t header = number_at(bytes + 14, 4);
    int is_old = header == OLD_HEADER;
    if (!is_old && header < NEW_HEADER) return "the BMP image has a header of unknown size";
    if (length < (size_t)FILE_HEADER + (is_old ? OLD_HEADER : NEW_HEADER)) return "the BMP image ends in its header";
    int64_t width = is_old ? (int64_t)number_at(bytes + 18, 2) : (int32_t)number_at(bytes + 18, 4);
    int64_t height = is_old ? (int64_t)number_at(bytes + 20, 2) : (int32_t)number_at(bytes + 22, 4);
    if (number_at(bytes + (is_old ? 24 : 28), 2) != 24) return "the BMP image has another number of bits than 24";
    if (!is_old && number_at(bytes + 30, 4) != 0) return "the BMP image is compressed";
    if (width < 0) return "the width of the BMP image is negative";
    image->pixels = number_at(bytes + 10, 4);
    image->width = 3 * (uint64_t)width;
    image->stride = (image->width + 3) / 4 * 4;
    image->height = (uint64_t)(height < 0 ? -height : height);
    if (image->pixels < FILE_HEADER + (uint64_t)header) return "the pixels of the BMP image begin in its header";
    if (image->stride && image->height &&
        (size < image->pixels || (size - image->pixels) / image->stride < image->height))
        return "the BMP image is truncated: it has fewer rows than its header says";
    return NULL;
}

/* The same for an image that is a file. */
static const char *read_file(const char *name, image *image) {
    unsigned char bytes[HEADERS];
    struct stat status;
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return "the header of the BMP image cannot be read; only files can be divided (see --records whole)";
    ssize_t length = fstat(file, &status) == 0 ? pread(file, bytes, sizeof bytes, 0) : -1;
    close(file);
    if (length < 0) return "the header of the BMP image cannot be read";
    return read_header(bytes, (size_t)length, (uint64_t)status.st_size, image);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

/* Counts bytes of pixels in a row; the first one is of a colour from 0 (blue) to 2 (red). */
static void count_bytes(const unsigned char *bytes, size_t length, size_t colour) {
    for (; length && colour; length--, colour = (colour + 1) % 3)
        bins[0][colour][*bytes++]++;
    for (; length >= 6; length -= 6, bytes += 6)
        for (size_t i = 0; i < 6; i++)
            bins[i / 3][i % 3][bytes[i]]++;
    for (; length; length--, colour = (colour + 1) % 3)
        bins[0][colour][*bytes++]++;
}

/* Counts the pixels in a piece of an image; offset: where in the file it begins. */
static void count_piece(const unsigned char *bytes, size_t length, uint64_t offset) {
    size_t done = offset < current.pixels ? current.pixels - offset : 0;
    while (done < length && current.stride) {
        uint64_t at = offset + done - current.pixels, column = at % current.stride;
        size_t row = length - done < current.stride - column ? length - done : (size_t)(current.stride - column);
        if (at / current.stride >= current.height) break;
        if (column < current.width) {
            size_t pixels = row < current.width - column ? row : (size_t)(current.width - column);
            count_bytes(bytes + done, pixels, column % 3);
        }
        done += row;
    }
}

/* Images that come as a whole are no bytes, but will do. */
static void configure(mr_ctx *ctx, mr_plugin *self) {
    self->any_records = ctx->records == MR_RECORDS_WHOLE;
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (source != ctx->source + 1) {
        const char *why = ctx->records == MR_RECORDS_WHOLE ? read_header(bytes, length, length, &current)
                                                           : read_file(mr_source_name(ctx, ctx->source), &current);
        if (why) {
            mr_fail(ctx, "%s", why);
            return;
        }
        source = ctx->source + 1;
    }
    memset(bins, 0, sizeof bins);
    count_piece(bytes, length, ctx->offset);
    for (unsigned colour = 0; colour < 3; colour++)
        for (unsigned value = 0; value < 256; value++) {
            char key[8] = {(char)('0' + colour), (char)value};
            mr_count_many(ctx, mr_bytes(key, 2), bins[0][colour][value] + bins[1][colour][value]);
        }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    static const char *const names[] = {"blue", "green", "red"};
    char text[32], count[32];
    int length = snprintf(text, sizeof text, "%s\t%u", names[key.data[0] - '0'], (unsigned char)key.data[1]);
    int digits = snprintf(count, sizeof count, "%llu", *(const unsigned long long *)value);
    mr_emit(ctx, mr_bytes(text, (size_t)length), mr_bytes(count, (size_t)digits));
}

MR_PLUGIN(.name = "histogram", .summary = "how many pixels of 24-bit BMP images have each value of each colour",
          .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map_chunk = map_chunk, .finish = finish,
          .records = MR_RECORDS_FIXED, .record_size = 1, .configure = configure,
          .columns = "colour\tvalue:number\tpixels:number")
