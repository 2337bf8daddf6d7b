/* generate_line - points about a straight line whose slope and intercept are known, with the exact sums of them.
 *
 * A line of the output is a point: x, a comma, y. x is a whole number, y has two decimals: slope * x + intercept and
 * some noise, which is about normally distributed. With --format bytes a point is two bytes, numbers from 0 to 255,
 * without anything between them; y is rounded then, and one that is too small or too large becomes 0 or 255. The same
 * options give the same bytes on every machine: all that decides is computed with integers.
 *
 *     options -> points -> output
 *                     \-> answer
 *
 * The answer is a name, a tab and a number in each line: n, sum_x, sum_y, sum_xx, sum_xy and sum_yy, exact, with no
 * zeros at the end of decimals. When there is no noise, slope and intercept follow (for lines that are no bytes, with
 * two different x). */

#include "generator.h"
#include "options.h"
#include "random.h"

enum {
    LARGEST_MAX = 1000000,
    NUMBER_MAX = 10000, /* of slope, intercept and noise */
    DEVIATION = 37837,  /* standard deviation of random_deviation */
};

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

enum PointFormat { CSV, BYTES };
static const char *const formats[] = {"csv", "bytes", NULL};

struct Settings {
    uint64_t points;          /* to write */
    uint64_t largest;         /* x is 0 to this */
    int64_t slope, intercept; /* millionths, but no more than two decimals */
    uint64_t noise;           /* its standard deviation, millionths */
    uint64_t seed;            /* of the random numbers that make the points */
    unsigned format;          /* enum PointFormat */
    bool has_header;          /* CSV begins with x,y */
    const char *output_path;  /* "-" is the standard output */
    const char *answer_path;  /* NULL: nobody wants the answer */
};

/* y is counted in hundredths. */
struct Sums {
    uint64_t n;
    int64_t x, y;
    Wide xx, xy, yy;
    int64_t least_x, most_x;
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Points. */

static inline int64_t draw_y(const struct Settings *settings, int64_t x, uint64_t *random) {
    int64_t y = settings->slope / 10000 * x + settings->intercept / 10000, noise = (int64_t)(settings->noise / 10000);
    return noise == 0 ? y : y + random_deviation(next_random(random)) * noise / DEVIATION;
}

/* y as a byte, in hundredths. */
static inline int64_t round_to_byte(int64_t y) {
    int64_t byte = divide_rounded(y, 100);
    return (byte < 0 ? 0 : byte > 255 ? 255 : byte) * 100;
}

static inline void note_point(struct Sums *sums, int64_t x, int64_t y) {
    if (sums->n == 0 || x < sums->least_x) sums->least_x = x;
    if (sums->n == 0 || x > sums->most_x) sums->most_x = x;
    sums->n++;
    sums->x += x;
    sums->y += y;
    sums->xx += x * x;
    sums->xy += x * y;
    sums->yy += (Wide)y * y;
}

static bool write_points(const struct Settings *settings, struct Sums *sums, struct Output *output) {
    uint64_t random = settings->seed;
    if (settings->has_header && settings->format == CSV && !output_put(output, "x,y\n", 4)) return false;
    for (uint64_t i = 0; i < settings->points; i++) {
        if (!output_reserve(output)) return false;
        int64_t x = random_below(next_random(&random), settings->largest + 1);
        int64_t y = draw_y(settings, x, &random);
        char *to = output_end(output);
        if (settings->format == BYTES) {
            y = round_to_byte(y);
            *to++ = (char)x;
            *to++ = (char)(y / 100);
        } else {
            to = put_whole(to, (uint64_t)x);
            *to++ = ',';
            to = put_hundredths(to, y);
            *to++ = '\n';
        }
        output_advance(output, to);
        note_point(sums, x, y);
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answer. */

/* A number whose last digits are decimals, without zeros at their end. */
static char *put_decimals(char *to, Wide number, unsigned decimals) {
    char digits[48], *end = digits + sizeof digits, *start = end;
    UnsignedWide size = number < 0 ? -(UnsignedWide)number : (UnsignedWide)number;
    for (; decimals > 0 && size % 10 == 0; decimals--)
        size /= 10;
    for (unsigned i = 0; size > 0 || i <= decimals; size /= 10, i++) {
        if (i == decimals && i > 0) *--start = '.';
        *--start = (char)('0' + (int)(size % 10));
    }
    if (number < 0) *--start = '-';
    memcpy(to, start, (size_t)(end - start));
    return to + (end - start);
}

static char *put_answer_line(char *to, const char *name, Wide number, unsigned decimals) {
    to = put_decimals(stpcpy(stpcpy(to, name), "\t"), number, decimals);
    *to++ = '\n';
    return to;
}

static bool write_answer(const struct Settings *settings, const struct Sums *sums, struct Output *output) {
    char *to = output_end(output);
    to = put_answer_line(to, "n", (Wide)sums->n, 0);
    to = put_answer_line(to, "sum_x", sums->x, 0);
    to = put_answer_line(to, "sum_y", sums->y, 2);
    to = put_answer_line(to, "sum_xx", sums->xx, 0);
    to = put_answer_line(to, "sum_xy", sums->xy, 2);
    to = put_answer_line(to, "sum_yy", sums->yy, 4);
    if (settings->noise == 0 && settings->format == CSV && sums->least_x < sums->most_x) {
        to = put_answer_line(to, "slope", settings->slope, 6);
        to = put_answer_line(to, "intercept", settings->intercept, 6);
    }
    output_advance(output, to);
    return true;
}

static bool generate(const struct Settings *settings) {
    struct Sums sums = {.n = 0};
    struct Output output;
    bool is_good = output_open(&output, settings->output_path);
    if (is_good) is_good = output_close(&output, write_points(settings, &sums, &output));
    if (is_good && settings->answer_path != NULL)
        is_good = output_open(&output, settings->answer_path) &&
                  output_close(&output, write_answer(settings, &sums, &output));
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_line [OPTION]...\n"
    "Write points x, y about a straight line. The same options give the same bytes everywhere.\n"
    "\n"
    "  -n, --points N          write N points (default 10000)\n"
    "      --slope NUMBER      of the line, -10000 to 10000 with up to 2 decimals (default 2.5)\n"
    "      --intercept NUMBER  where it is at x = 0, the same (default -7.25)\n"
    "      --noise NUMBER      standard deviation of y, 0 to 10000 with up to 2 decimals (default 0: none)\n"
    "      --largest N         x is a whole number from 0 to N, up to 1000000 (default 1000)\n"
    "      --header            begin with the names x,y\n"
    "      --format FORMAT     'csv' (default), or 'bytes': x and y as a byte each, up to 255\n"
    "      --seed N            choose other points (default 1)\n"
    "  -o, --output FILE       write the points to FILE instead of the standard output\n"
    "  -a, --answer FILE       also write n, sum_x, sum_y, sum_xx, sum_xy and sum_yy; without noise, slope and "
    "intercept\n"
    "  -h, --help              show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static bool check_hundredths(const char *option, int64_t millionths) {
    if (millionths % 10000 == 0) return true;
    char value[40];
    snprintf(value, sizeof value, "%" PRId64 " millionths", millionths);
    return report_usage(option, value, "a number with at most 2 decimals");
}

static bool check_settings(const struct Settings *settings) {
    if (settings->format == BYTES && settings->largest > 255) {
        char value[24];
        snprintf(value, sizeof value, "%" PRIu64, settings->largest);
        return report_usage("--largest", value, "small enough for a byte");
    }
    return check_hundredths("--slope", settings->slope) && check_hundredths("--intercept", settings->intercept) &&
           check_hundredths("--noise", (int64_t)settings->noise);
}

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {
        .points = 10000, .largest = 1000, .slope = 2500000, .intercept = -7250000, .seed = 1, .output_path = "-"};
    const struct Option options[] = {
        option_whole("points", 'n', &settings.points, 0, UINT64_C(1) << 32),
        option_signed("slope", &settings.slope, NUMBER_MAX),
        option_signed("intercept", &settings.intercept, NUMBER_MAX),
        option_decimal("noise", 0, &settings.noise, NUMBER_MAX),
        option_whole("largest", 0, &settings.largest, 0, LARGEST_MAX),
        option_flag("header", &settings.has_header),
        option_choice("format", &settings.format, formats),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    if (!check_settings(&settings)) return EXIT_USAGE;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
