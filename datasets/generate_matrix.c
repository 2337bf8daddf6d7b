/* generate_matrix - a matrix of whole numbers, or two of them and their product.
 *
 * All numbers are small, so that products are exact in doubles and in integers. As text, a line is a row, with blanks
 * (or commas) between the numbers; binary numbers lie one row after the other, in the format of this machine, with
 * nothing between them. The same options give the same bytes on every machine (but for the order of the bytes of binary
 * numbers): all that decides is computed with integers.
 *
 *     options -> first matrix --> output
 *            \-> second matrix -> second
 *                          \---> answer
 *
 * The answer is the product of the two matrices, as text, in the same form as text is written otherwise. */

#include "generator.h"
#include "options.h"
#include "random.h"
#include "texts.h"

enum {
    SIDE_MAX = 1 << 20,
    LARGEST_MAX = 1000, /* so that sums of SIDE_MAX products stay far below 2^53 */
};
#define NUMBERS_MAX (UINT64_C(1) << 34) /* of a matrix */
#define PRODUCT_MAX (UINT64_C(1) << 30) /* numbers of a matrix that has to be kept in memory */

enum NumberFormat { TEXT, CSV, DOUBLES, INTEGERS };
static const char *const formats[] = {"text", "csv", "double", "int64", NULL};

struct Settings {
    uint64_t rows, columns;  /* of the first matrix; the second one has as many rows as the first one has columns */
    uint64_t second_columns; /* of the second matrix */
    uint64_t largest;        /* numbers are -largest to largest */
    uint64_t seed;           /* of the random numbers */
    unsigned format;         /* enum NumberFormat */
    const char *output_path; /* of the first matrix; "-" is the standard output */
    const char *second_path; /* NULL: nobody wants the second matrix */
    const char *answer_path; /* NULL: nobody wants the product */
};

struct Matrices {
    const struct Settings *settings;
    struct Texts numbers; /* -largest, -largest + 1, ... as text */
    int16_t *second;      /* row by row; NULL: nobody wants the product */
    int64_t *product;     /* the row of the product at hand */
    uint64_t random;      /* state of the random numbers of the first matrix */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Preparing. */

static inline int draw_number(const struct Settings *settings, uint64_t *random) {
    return (int)random_below(next_random(random), 2 * settings->largest + 1) - (int)settings->largest;
}

/* Draws the second matrix. Its random numbers are others than those of the first one. */
static bool prepare_second(struct Matrices *matrices) {
    const struct Settings *settings = matrices->settings;
    uint64_t numbers = settings->columns * settings->second_columns;
    uint64_t random = scramble(settings->seed + 1);
    matrices->second = calloc(numbers + 1, sizeof *matrices->second);
    matrices->product = malloc((settings->second_columns + 1) * sizeof *matrices->product);
    if (matrices->second == NULL || matrices->product == NULL) return false;
    for (uint64_t i = 0; i < numbers; i++)
        matrices->second[i] = (int16_t)draw_number(settings, &random);
    return true;
}

/* Returns false when memory does not suffice. */
static bool prepare_matrices(struct Matrices *matrices, const struct Settings *settings) {
    *matrices = (struct Matrices){.settings = settings, .random = settings->seed};
    for (int number = -(int)settings->largest; number <= (int)settings->largest; number++) {
        char text[16];
        if (!texts_add(&matrices->numbers, text, (size_t)sprintf(text, "%d", number))) return false;
    }
    bool has_second = settings->second_path != NULL || settings->answer_path != NULL;
    return !has_second || prepare_second(matrices);
}

static void free_matrices(struct Matrices *matrices) {
    texts_free(&matrices->numbers);
    free(matrices->second);
    free(matrices->product);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Writing. */

/* Puts a number of a row, in which so many numbers follow. */
static inline char *put_number(const struct Matrices *matrices, int number, uint64_t follow, char *to) {
    unsigned format = matrices->settings->format;
    if (format == DOUBLES) {
        double value = number;
        memcpy(to, &value, sizeof value);
        return to + sizeof value;
    }
    if (format == INTEGERS) {
        int64_t value = number;
        memcpy(to, &value, sizeof value);
        return to + sizeof value;
    }
    to = put_text(to, &matrices->numbers, (uint32_t)(number + (int)matrices->settings->largest));
    *to++ = follow == 0 ? '\n' : format == CSV ? ',' : ' ';
    return to;
}

/* Adds a number of the first matrix, times a row of the second one, to the row of the product. */
static inline void add_products(int64_t *product, int number, const int16_t *second, uint64_t columns) {
    for (uint64_t i = 0; i < columns; i++)
        product[i] += number * second[i];
}

static bool write_product_row(const struct Matrices *matrices, struct Output *output) {
    uint64_t columns = matrices->settings->second_columns;
    for (uint64_t i = 0; i < columns; i++) {
        if (!output_reserve(output)) return false;
        int64_t number = matrices->product[i];
        char *to = output_end(output);
        *to = '-';
        to = put_whole(to + (number < 0), absolute(number));
        *to++ = i + 1 == columns ? '\n' : matrices->settings->format == CSV ? ',' : ' ';
        output_advance(output, to);
    }
    return true;
}

/* Writes the first matrix, and each row of the product as soon as it is known; answer: NULL when nobody wants it. */
static bool write_first(struct Matrices *matrices, struct Output *output, struct Output *answer) {
    const struct Settings *settings = matrices->settings;
    uint64_t second_columns = settings->second_columns;
    for (uint64_t row = 0; row < settings->rows; row++) {
        if (answer != NULL) memset(matrices->product, 0, second_columns * sizeof *matrices->product);
        for (uint64_t i = 0; i < settings->columns; i++) {
            if (!output_reserve(output)) return false;
            int number = draw_number(settings, &matrices->random);
            output_advance(output, put_number(matrices, number, settings->columns - 1 - i, output_end(output)));
            if (answer != NULL)
                add_products(matrices->product, number, matrices->second + i * second_columns, second_columns);
        }
        if (answer != NULL && !write_product_row(matrices, answer)) return false;
    }
    return true;
}

static bool write_second(const struct Matrices *matrices, struct Output *output) {
    uint64_t columns = matrices->settings->second_columns;
    for (uint64_t row = 0; row < matrices->settings->columns; row++)
        for (uint64_t i = 0; i < columns; i++) {
            if (!output_reserve(output)) return false;
            int number = matrices->second[row * columns + i];
            output_advance(output, put_number(matrices, number, columns - 1 - i, output_end(output)));
        }
    return true;
}

static bool write_first_and_answer(struct Matrices *matrices) {
    const struct Settings *settings = matrices->settings;
    struct Output output, answer;
    if (!output_open(&output, settings->output_path)) return false;
    if (settings->answer_path == NULL) return output_close(&output, write_first(matrices, &output, NULL));
    bool is_good = output_open(&answer, settings->answer_path);
    if (is_good) is_good = output_close(&answer, write_first(matrices, &output, &answer));
    return output_close(&output, is_good);
}

static bool generate(const struct Settings *settings) {
    struct Matrices matrices;
    struct Output output;
    bool is_good = prepare_matrices(&matrices, settings) || report_no_memory();
    is_good = is_good && write_first_and_answer(&matrices);
    if (is_good && matrices.second != NULL && settings->second_path != NULL)
        is_good =
            output_open(&output, settings->second_path) && output_close(&output, write_second(&matrices, &output));
    free_matrices(&matrices);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_matrix [OPTION]...\n"
    "Write a matrix of small whole numbers, or two and their product. The same options give the same bytes "
    "everywhere.\n"
    "\n"
    "  -r, --rows N            N rows, up to 1048576 (default 100)\n"
    "  -c, --columns N         N columns, up to 1048576 (default 100)\n"
    "      --largest N         numbers from -N to N, up to 1000 (default 9)\n"
    "      --format FORMAT     'text' (default): numbers with blanks between them; 'csv': with commas; 'double' or\n"
    "                          'int64': binary numbers of this machine, row by row\n"
    "      --seed N            choose other numbers (default 1)\n"
    "  -o, --output FILE       write the matrix to FILE instead of the standard output\n"
    "      --second FILE       also write a second matrix, with as many rows as the first one has columns\n"
    "      --second-columns N  of the second matrix, up to 1048576 (default 100)\n"
    "  -a, --answer FILE       also write the product of the two, as text\n"
    "  -h, --help              show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static bool check_size(const struct Settings *settings) {
    char value[24];
    snprintf(value, sizeof value, "%" PRIu64, settings->columns);
    if (settings->rows * settings->columns > NUMBERS_MAX)
        return report_usage("--columns", value, "small enough: a matrix has at most 2^34 numbers");
    if (settings->columns * settings->second_columns > PRODUCT_MAX &&
        (settings->second_path != NULL || settings->answer_path != NULL))
        return report_usage("--columns", value, "small enough: the second matrix has at most 2^30 numbers");
    return true;
}

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {
        .rows = 100, .columns = 100, .second_columns = 100, .largest = 9, .seed = 1, .output_path = "-"};
    const struct Option options[] = {
        option_whole("rows", 'r', &settings.rows, 0, SIDE_MAX),
        option_whole("columns", 'c', &settings.columns, 1, SIDE_MAX),
        option_whole("largest", 0, &settings.largest, 0, LARGEST_MAX),
        option_choice("format", &settings.format, formats),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("second", 0, &settings.second_path),
        option_whole("second-columns", 0, &settings.second_columns, 1, SIDE_MAX),
        option_path("answer", 'a', &settings.answer_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    if (!check_size(&settings)) return EXIT_USAGE;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
