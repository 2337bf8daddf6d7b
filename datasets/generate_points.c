/* generate_points - points in clusters around known centres.
 *
 * A line is a point: its coordinates, numbers with two decimals, with commas between them. The coordinates of a cluster
 * are about normally distributed around those of its centre, and never further from it than 3.5 standard deviations.
 * Centres lie so far apart that every point is nearer to any point of its own cluster than to any of another one. The
 * first points come from the clusters in turn, the others at random. So k-means that begins with the first points knows
 * all clusters after one round, and its answer after two.
 *
 * The same options give the same bytes on every machine: all that decides is computed with integers, and binary numbers
 * are quotients of them, which IEEE 754 defines to the last bit.
 *
 *     options -> centres -> points -> output
 *                                 \-> answer
 *
 * The answer has a line for each cluster, in the order in which they first come: how many points it has, and the mean
 * of each coordinate with six decimals, rounded, halves away from zero, with tabs between them. */

#include "generator.h"
#include "options.h"
#include "random.h"

enum {
    CLUSTERS_MAX = 100000,
    DIMENSIONS_MAX = 256,
    DEVIATION = 37837, /* standard deviation of random_deviation */
};

enum PointFormat { CSV, DOUBLES };
static const char *const formats[] = {"csv", "binary", NULL};

struct Settings {
    uint64_t points;         /* to write */
    uint64_t clusters;       /* that they belong to */
    uint64_t dimensions;     /* coordinates of a point */
    uint64_t deviation;      /* standard deviation of the coordinates of a cluster, millionths */
    uint64_t seed;           /* of the random numbers that make centres and points */
    unsigned format;         /* enum PointFormat */
    bool has_header;         /* CSV with names of columns */
    const char *output_path; /* "-" is the standard output */
    const char *answer_path; /* NULL: nobody wants the answer */
};

/* All coordinates are hundredths. */
struct Points {
    const struct Settings *settings;
    int64_t *centres;  /* the coordinates of the first cluster, then those of the second, ... */
    int64_t *sums;     /* in the same order, of all points so far */
    uint64_t *sizes;   /* points of each cluster so far */
    int64_t deviation; /* hundredths */
    uint64_t random;   /* state of the random numbers */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Centres. In D dimensions two points of a cluster are at most 7 * sqrt(D) standard deviations apart. The first
 * coordinate of each centre is one of a row of places 16 * sqrt(D) apart, so that those of different clusters are at
 * least 9 * sqrt(D) apart. The other coordinates are random within the same limits. */

static int64_t root_above(int64_t number) {
    int64_t root = 0;
    while (root * root < number)
        root++;
    return root;
}

static void place_centres(struct Points *points) {
    const struct Settings *settings = points->settings;
    int64_t clusters = (int64_t)settings->clusters, dimensions = (int64_t)settings->dimensions;
    int64_t distance = 16 * (points->deviation > 0 ? points->deviation : 100) * root_above(dimensions);
    for (int64_t i = 0; i < clusters; i++) {
        int64_t *centre = points->centres + i * dimensions;
        centre[0] = ((int64_t)permute_below((uint64_t)i, settings->clusters) - clusters / 2) * distance;
        for (int64_t j = 1; j < dimensions; j++)
            centre[j] =
                (int64_t)(next_random(&points->random) % (uint64_t)(clusters * distance + 1)) - clusters * distance / 2;
    }
}

/* Returns false when memory does not suffice. */
static bool prepare_points(struct Points *points, const struct Settings *settings) {
    size_t numbers = settings->clusters * settings->dimensions;
    *points = (struct Points){.settings = settings, .random = settings->seed};
    points->deviation = (int64_t)((settings->deviation + 5000) / 10000);
    points->centres = calloc(numbers, sizeof *points->centres);
    points->sums = calloc(numbers, sizeof *points->sums);
    points->sizes = calloc(settings->clusters, sizeof *points->sizes);
    if (points->centres == NULL || points->sums == NULL || points->sizes == NULL) return false;
    place_centres(points);
    return true;
}

static void free_points(struct Points *points) {
    free(points->centres);
    free(points->sums);
    free(points->sizes);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Points. */

static bool write_header(const struct Settings *settings, struct Output *output) {
    for (unsigned i = 0; i < settings->dimensions; i++) {
        char *to = output_end(output);
        output_advance(output, to + sprintf(to, "x%u%c", i + 1, i + 1 < settings->dimensions ? ',' : '\n'));
    }
    return true;
}

static inline char *put_coordinate(char *to, int64_t hundredths, unsigned format) {
    if (format == CSV) return put_hundredths(to, hundredths);
    double number = (double)hundredths / 100;
    memcpy(to, &number, sizeof number);
    return to + sizeof number;
}

static inline bool write_point(struct Points *points, uint64_t cluster, struct Output *output) {
    uint64_t dimensions = points->settings->dimensions;
    unsigned format = points->settings->format;
    const int64_t *centre = points->centres + cluster * dimensions;
    int64_t *sums = points->sums + cluster * dimensions;
    for (uint64_t i = 0; i < dimensions; i++) {
        if (!output_reserve(output)) return false;
        int64_t number = centre[i] + random_deviation(next_random(&points->random)) * points->deviation / DEVIATION;
        char *to = put_coordinate(output_end(output), number, format);
        if (format == CSV) *to++ = i + 1 < dimensions ? ',' : '\n';
        output_advance(output, to);
        sums[i] += number;
    }
    points->sizes[cluster]++;
    return true;
}

static bool write_points(struct Points *points, struct Output *output) {
    const struct Settings *settings = points->settings;
    if (settings->has_header && settings->format == CSV && !write_header(settings, output)) return false;
    for (uint64_t i = 0; i < settings->points; i++) {
        uint64_t cluster = i;
        if (i >= settings->clusters) cluster = random_below(next_random(&points->random), settings->clusters);
        if (!write_point(points, cluster, output)) return false;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answer. */

/* A sum of hundredths, divided: six decimals. */
static char *put_mean(char *to, int64_t sum, uint64_t count) {
    uint64_t whole = absolute(sum) / (100 * count), rest = absolute(sum) % (100 * count);
    uint64_t millionths = (uint64_t)divide_rounded((int64_t)(rest * 10000), count);
    whole += millionths / 1000000;
    *to = '-';
    to = put_whole(to + (sum < 0 && (whole > 0 || millionths > 0)), whole);
    *to = '.';
    return put_digits(to + 1, millionths % 1000000, 6);
}

static bool write_answer(const struct Points *points, struct Output *output) {
    uint64_t dimensions = points->settings->dimensions;
    for (uint64_t cluster = 0; cluster < points->settings->clusters && points->sizes[cluster] > 0; cluster++) {
        if (!output_reserve(output)) return false;
        output_advance(output, put_whole(output_end(output), points->sizes[cluster]));
        for (uint64_t i = 0; i < dimensions; i++) {
            if (!output_reserve(output)) return false;
            char *to = output_end(output);
            *to++ = '\t';
            output_advance(output, put_mean(to, points->sums[cluster * dimensions + i], points->sizes[cluster]));
        }
        if (!output_put(output, "\n", 1)) return false;
    }
    return true;
}

static bool generate(const struct Settings *settings) {
    struct Points points;
    struct Output output;
    bool is_good = prepare_points(&points, settings) || report_no_memory();
    if (is_good) is_good = output_open(&output, settings->output_path);
    if (is_good) is_good = output_close(&output, write_points(&points, &output));
    if (is_good && settings->answer_path != NULL)
        is_good = output_open(&output, settings->answer_path) && output_close(&output, write_answer(&points, &output));
    free_points(&points);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_points [OPTION]...\n"
    "Write points in clusters, a line for each. The same options give the same bytes everywhere.\n"
    "\n"
    "  -n, --points N          write N points (default 10000)\n"
    "  -k, --clusters N        in N clusters, up to 100000 (default 5)\n"
    "  -d, --dimensions N      with N coordinates, up to 256 (default 2)\n"
    "      --deviation NUMBER  standard deviation of the coordinates of a cluster, up to 1000 (default 1)\n"
    "      --header            begin with names of columns: x1,x2,...\n"
    "      --format FORMAT     'csv' (default), or 'binary': coordinates as doubles of this machine, nothing between "
    "them\n"
    "      --seed N            choose other centres and points (default 1)\n"
    "  -o, --output FILE       write the points to FILE instead of the standard output\n"
    "  -a, --answer FILE       also write how many points each cluster has, and the mean of each of its coordinates\n"
    "  -h, --help              show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {
        .points = 10000, .clusters = 5, .dimensions = 2, .deviation = 1000000, .seed = 1, .output_path = "-"};
    const struct Option options[] = {
        option_whole("points", 'n', &settings.points, 0, UINT64_C(1) << 32),
        option_whole("clusters", 'k', &settings.clusters, 1, CLUSTERS_MAX),
        option_whole("dimensions", 'd', &settings.dimensions, 1, DIMENSIONS_MAX),
        option_decimal("deviation", 0, &settings.deviation, 1000),
        option_flag("header", &settings.has_header),
        option_choice("format", &settings.format, formats),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
