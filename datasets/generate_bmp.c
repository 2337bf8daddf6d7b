/* generate_bmp - a picture as a BMP file of 24 bits per pixel, with its histogram.
 *
 * The picture looks like a sky with hills and some noise, so that the bytes of each channel have their own
 * distribution. Rows are stored from the bottom up, as is usual, or from the top down. Each row is filled up to a
 * multiple of four bytes; the filling is not zero, so that a program that takes it for pixels is found out. The same
 * options give the same bytes on every machine: all that decides is computed with integers.
 *
 *     options -> headers, rows -> output
 *                            \-> answer
 *
 * The answer has 768 lines: "blue", "green" or "red", a value from 0 to 255, and how many pixels have it, with tabs
 * between them; the channels in this order, which is that of the file and of their names, and in each of them the
 * values from 0 on. */

#include "generator.h"
#include "options.h"
#include "random.h"

enum {
    CHANNELS = 3,
    HEADERS_SIZE = 14 + 40,
    FILLING = 0xa5, /* the bytes behind the pixels of a row */
    SIDE_MAX = 1 << 20,
};

static const char *const orders[] = {"bottom-up", "top-down", NULL};

struct Settings {
    uint64_t width, height;  /* pixels */
    uint64_t gap;            /* bytes between the headers and the pixels */
    uint64_t seed;           /* of the random numbers that make the picture */
    unsigned order;          /* index into orders */
    const char *output_path; /* "-" is the standard output */
    const char *answer_path; /* NULL: nobody wants the answer */
};

struct Picture {
    const struct Settings *settings;
    uint64_t counts[CHANNELS][256]; /* pixels so far with each value of blue, green and red */
    uint64_t random;                /* state of the random numbers */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * The headers: BITMAPFILEHEADER and BITMAPINFOHEADER, whose numbers begin with their lowest bytes. */

static char *put_little_endian(char *to, uint64_t number, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++, number >>= 8)
        *to++ = (char)(number & 255);
    return to;
}

static uint64_t row_size(const struct Settings *settings) {
    return (settings->width * CHANNELS + 3) / 4 * 4;
}

static uint64_t file_size(const struct Settings *settings) {
    return HEADERS_SIZE + settings->gap + row_size(settings) * settings->height;
}

/* A negative height says that the rows come from the top down. */
static char *put_headers(const struct Settings *settings, char *to) {
    uint64_t height = settings->order == 0 ? settings->height : -settings->height;
    to = stpcpy(to, "BM");
    to = put_little_endian(to, file_size(settings), 4);
    to = put_little_endian(to, 0, 4); /* reserved */
    to = put_little_endian(to, HEADERS_SIZE + settings->gap, 4);
    to = put_little_endian(to, 40, 4); /* bytes of the second header */
    to = put_little_endian(to, settings->width, 4);
    to = put_little_endian(to, height, 4);
    to = put_little_endian(to, 1, 2);            /* planes */
    to = put_little_endian(to, CHANNELS * 8, 2); /* bits of a pixel */
    to = put_little_endian(to, 0, 4);            /* no compression */
    to = put_little_endian(to, row_size(settings) * settings->height, 4);
    to = put_little_endian(to, 2835, 4); /* pixels of a metre, across and down */
    to = put_little_endian(to, 2835, 4);
    return put_little_endian(to, 0, 8); /* no palette */
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The picture. */

/* A value that lies `part` of `whole` between two others, and some noise of 5 bits. */
static inline int mix(int from, int to, uint64_t part, uint64_t whole, unsigned noise) {
    int value = from + (int)((int64_t)(to - from) * (int64_t)part / (int64_t)whole) + (int)(noise & 31) - 16;
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* Blue, green and red of a pixel. Above the hills, which repeat every 1024 pixels, there is sky. */
static inline void paint(const struct Settings *settings, uint64_t x, uint64_t y, uint64_t lots,
                         unsigned char pixel[CHANNELS]) {
    uint64_t across = (x & 1023) < 512 ? x & 1023 : 1023 - (x & 1023);
    uint64_t horizon = settings->height / 2 + across * settings->height / 2048;
    if (y < horizon) {
        pixel[0] = (unsigned char)mix(250, 200, y, settings->height, (unsigned)lots);
        pixel[1] = (unsigned char)mix(90, 190, y, settings->height, (unsigned)(lots >> 5));
        pixel[2] = (unsigned char)mix(20, 220, y, settings->height, (unsigned)(lots >> 10));
    } else {
        pixel[0] = (unsigned char)mix(40, 10, y, settings->height, (unsigned)lots);
        pixel[1] = (unsigned char)mix(140, 40, y, settings->height, (unsigned)(lots >> 5));
        pixel[2] = (unsigned char)mix(60, 30, y, settings->height, (unsigned)(lots >> 10));
    }
}

/* Writes the row that is y pixels below the top. Random bits of one number are enough for four pixels. */
static bool write_row(struct Picture *picture, uint64_t y, struct Output *output) {
    const struct Settings *settings = picture->settings;
    uint64_t lots = 0;
    for (uint64_t x = 0; x < settings->width; x++) {
        unsigned char pixel[CHANNELS];
        if (!output_reserve(output)) return false;
        lots = x % 4 == 0 ? next_random(&picture->random) : lots >> 16;
        paint(settings, x, y, lots, pixel);
        memcpy(output_end(output), pixel, CHANNELS);
        output->used += CHANNELS;
        for (unsigned i = 0; i < CHANNELS; i++)
            picture->counts[i][pixel[i]]++;
    }
    return output_repeat(output, (char)FILLING, row_size(settings) - settings->width * CHANNELS);
}

static bool write_picture(struct Picture *picture, struct Output *output) {
    const struct Settings *settings = picture->settings;
    output_advance(output, put_headers(settings, output_end(output)));
    if (!output_repeat(output, (char)FILLING, settings->gap)) return false;
    for (uint64_t i = 0; i < settings->height; i++)
        if (!write_row(picture, settings->order == 0 ? settings->height - 1 - i : i, output)) return false;
    return true;
}

static bool write_answer(const struct Picture *picture, struct Output *output) {
    static const char *const names[CHANNELS] = {"blue", "green", "red"};
    for (unsigned channel = 0; channel < CHANNELS; channel++)
        for (unsigned value = 0; value < 256; value++) {
            if (!output_reserve(output)) return false;
            char *to = output_end(output);
            to += sprintf(to, "%s\t%u\t%" PRIu64 "\n", names[channel], value, picture->counts[channel][value]);
            output_advance(output, to);
        }
    return true;
}

static bool generate(const struct Settings *settings) {
    struct Picture picture = {.settings = settings, .random = settings->seed};
    struct Output output;
    bool is_good = output_open(&output, settings->output_path);
    if (is_good) is_good = output_close(&output, write_picture(&picture, &output));
    if (is_good && settings->answer_path != NULL)
        is_good = output_open(&output, settings->answer_path) && output_close(&output, write_answer(&picture, &output));
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_bmp [OPTION]...\n"
    "Write a picture as a BMP file of 24 bits per pixel. The same options give the same bytes everywhere.\n"
    "\n"
    "      --width N      of N pixels, up to 1048576 (default 641)\n"
    "      --height N     of N pixels, up to 1048576 (default 480)\n"
    "      --order ORDER  of the rows: 'bottom-up' (default) or 'top-down'\n"
    "      --gap N        N bytes between the headers and the pixels, up to 1048576 (default 0)\n"
    "      --seed N       make another picture (default 1)\n"
    "  -o, --output FILE  write the picture to FILE instead of the standard output\n"
    "  -a, --answer FILE  also write how many pixels have each value of blue, green and red\n"
    "  -h, --help         show this help\n"
    "\n"
    "A BMP file has less than 4 GiB. FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong "
    "usage.\n";

static bool check_size(const struct Settings *settings) {
    if (file_size(settings) <= UINT32_MAX) return true;
    char value[24];
    snprintf(value, sizeof value, "%" PRIu64, settings->height);
    return report_usage("--height", value, "small enough for less than 4 GiB");
}

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {.width = 641, .height = 480, .seed = 1, .output_path = "-"};
    const struct Option options[] = {
        option_whole("width", 0, &settings.width, 0, SIDE_MAX),
        option_whole("height", 0, &settings.height, 0, SIDE_MAX),
        option_choice("order", &settings.order, orders),
        option_whole("gap", 0, &settings.gap, 0, SIDE_MAX),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    if (!check_size(&settings)) return EXIT_USAGE;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
