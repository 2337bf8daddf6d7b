/* matmul - the product of two matrices. A model of a map job with a side file: the rows of the first matrix are the
 * records, and every worker has the whole second matrix.
 *
 *     mr run matmul a.txt --set b=b.txt
 *
 * A few rows are multiplied at a time, with a tile of the second matrix that stays in the cache, and four of its rows
 * at once, so that sums stay in registers. Each sum is still made in the order of its terms, whatever the size of tiles
 * and pieces: so doubles are rounded in the same way each time. Integers are exact: where sums might leave 64 bits they
 * are made in two halves of 128 bits each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"b", MR_OPTION_FILE, 0, NULL, NULL, "the second matrix"},
    {"numbers", MR_OPTION_CHOICE, 0, "integers", "integers|doubles", "integers of 64 bits, or floating-point numbers"},
    {"delimiter", MR_OPTION_TEXT, 0, "space", NULL, "the byte between numbers; space: any white space; tab: a tab"},
    {"binary", MR_OPTION_INT, 0, "0", NULL,
     "above 0: rows of so many numbers of 8 bytes as they lie in memory, not text"},
    {"output", MR_OPTION_CHOICE, 0, "text", "text|binary", "binary: numbers of 8 bytes as they lie in memory"},
    {0}};

enum { ROWS = 16 /* of the first matrix at a time */, TILE_ROWS = 64, TILE_COLUMNS = 512 /* of the second: 256 KiB */ };

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 wide_unsigned;

/* A number of a matrix: all of them are of the same kind. */
typedef union number {
    int64_t integer;
    double real;
} number;

static int reals; /* whether numbers are doubles */
static int binary_output;
static char delimiter;       /* between numbers; a blank: white space */
static int64_t binary;       /* numbers in a row of the first matrix; 0: text */
static const number *second; /* the second matrix, row by row */
static number *owned;        /* the same, if it was read from text */
static size_t terms, width;  /* its rows and columns */
static uint64_t largest;     /* absolute value of an integer in it */

static number *first;          /* ROWS rows of the first matrix */
static number *product;        /* ROWS rows of the product */
static mr_slice records[ROWS]; /* what the rows come from */
static size_t row_count;       /* rows at hand */

/* ---- reading numbers --------------------------------------------------------------------------------------------- */

/* Numbers of up to 15 digits are quotients of two doubles that are exact, so that a division rounds them as it should.
 */
static int read_real(mr_ctx *ctx, mr_slice text, double *real) {
    static const double powers[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                    1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
    const int64_t exact = (int64_t)1 << 53;
    const char *point = memchr(text.data, '.', text.length);
    size_t places = point ? text.length - (size_t)(point - text.data) - 1 : 0;
    int64_t integer;
    if (places > 16 || !mr_decimal_of(ctx, text, (unsigned)places, &integer) || integer == 0 || integer >= exact ||
        integer <= -exact)
        return mr_number_of(ctx, text, real);
    *real = (double)integer / powers[places];
    return 1;
}

static int read_number(mr_ctx *ctx, mr_slice text, number *to) {
    return reals ? read_real(ctx, text, &to->real) : mr_int_of(text, &to->integer);
}

/* Reads a line into at most so many numbers. How many fields it has; *wrong: the first that is no number, from 1, or 0.
 */
static size_t read_line(mr_ctx *ctx, mr_slice line, number *to, size_t room, size_t *wrong) {
    char *text = (char *)line.data;
    mr_scan fields = delimiter == ' ' ? mr_words_of(ctx, text, line.length, MR_WORDS_SPACE)
                                      : mr_fields_of(ctx, text, line.length, delimiter);
    size_t count = 0;
    *wrong = 0;
    for (mr_slice field; mr_next(&fields, &field); count++) {
        if (delimiter != ' ' && field.length && field.data[field.length - 1] == '\r') field.length--;
        if (count < room && !read_number(ctx, field, &to[count]) && !*wrong) *wrong = count + 1;
    }
    return count;
}

static int is_blank(mr_slice line) {
    for (size_t i = 0; i < line.length; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r') return 0;
    return 1;
}

/* ---- the second matrix ------------------------------------------------------------------------------------------- */

/* Its numbers as text have at least two bytes each, so there is room enough. 0: the job has failed. */
static int read_second(mr_ctx *ctx, mr_slice side) {
    size_t room = side.length / 2 + 1, used = 0, line_number = 0, wrong;
    owned = calloc(room, sizeof *owned);
    if (!owned) {
        mr_fail(ctx, "no memory for %zu numbers of b", room);
        return 0;
    }
    mr_lines lines = mr_lines_of(ctx, (char *)side.data, side.length);
    for (mr_slice line; mr_next(&lines, &line);) {
        line_number++;
        if (is_blank(line)) continue;
        size_t count = read_line(ctx, line, owned + used, room - used, &wrong);
        if (wrong || (terms && count != width)) {
            if (wrong) mr_fail(ctx, "line %zu of b: field %zu is no number, or too large", line_number, wrong);
            if (!wrong)
                mr_fail(ctx, "line %zu of b: %zu numbers, where lines before have %zu", line_number, count, width);
            return 0;
        }
        width = count;
        used += count;
        terms++;
    }
    second = owned;
    return 1;
}

/* The first matrix has as many columns as the second one has rows. */
static int take_second(mr_ctx *ctx, mr_slice side) {
    terms = (size_t)binary;
    width = side.length / (sizeof *second * terms);
    second = (const number *)(const void *)side.data;
    if (width * sizeof *second * terms == side.length) return 1;
    mr_fail(ctx, "b has %zu bytes, which are no %zu rows of numbers of 8 bytes", side.length, terms);
    return 0;
}

static uint64_t absolute(int64_t integer) {
    return integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
}

static void open(mr_ctx *ctx) {
    mr_slice side = {0};
    binary_output = mr_option_int(ctx, "output") == 1;
    mr_side(ctx, "b", &side);
    if (!(binary ? take_second(ctx, side) : read_second(ctx, side))) return;
    if (terms * width == 0) mr_fail(ctx, "b has no numbers");
    for (size_t i = 0; !reals && i < terms * width; i++)
        if (absolute(second[i].integer) > largest) largest = absolute(second[i].integer);
    first = calloc(ROWS * terms, sizeof *first);
    product = calloc(ROWS * width, sizeof *product);
    if (!first || !product) mr_fail(ctx, "no memory for %d rows of %zu and of %zu numbers", ROWS, terms, width);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    const char *text = mr_option_text(ctx, "delimiter");
    reals = mr_option_int(ctx, "numbers") == 1;
    binary = mr_option_int(ctx, "binary");
    if (strcmp(text, "space") == 0) text = " ";
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    if (strlen(text) != 1 || *text == '\n') mr_fail(ctx, "delimiter has to be one byte, space or tab, and no newline");
    if (binary < 0 || binary > 1 << 24) mr_fail(ctx, "binary has to be from 0 to 2^24, not %lld", (long long)binary);
    delimiter = *text;
    if (binary <= 0) return;
    self->records = MR_RECORDS_FIXED;
    self->record_size = (uint32_t)(binary * 8);
}

/* ---- multiplying ------------------------------------------------------------------------------------------------- */

/* Adds the products of so many numbers of a row with as many rows of a tile to the sums of the columns of the tile. */
static void add_reals(number *restrict sums, const number *row, const number *restrict tile, size_t rows,
                      size_t columns) {
    const size_t stride = width;
    size_t k = 0;
    for (; k + 4 <= rows; k += 4, tile += 4 * stride) {
        double a = row[k].real, b = row[k + 1].real, c = row[k + 2].real, d = row[k + 3].real;
        for (size_t j = 0; j < columns; j++)
            sums[j].real = sums[j].real + a * tile[j].real + b * tile[stride + j].real + c * tile[2 * stride + j].real +
                           d * tile[3 * stride + j].real;
    }
    for (; k < rows; k++, tile += stride)
        for (size_t j = 0; j < columns; j++)
            sums[j].real += row[k].real * tile[j].real;
}

/* The same with integers. Sums that overflow will be made again, and are no error here: unsigned integers may. */
static void add_integers(number *restrict sums, const number *row, const number *restrict tile, size_t rows,
                         size_t columns) {
    const size_t stride = width;
    for (size_t k = 0; k < rows; k++, tile += stride)
        for (size_t j = 0; j < columns; j++)
            sums[j].integer =
                (int64_t)((uint64_t)sums[j].integer + (uint64_t)row[k].integer * (uint64_t)tile[j].integer);
}

static void multiply(void) {
    memset(product, 0, row_count * width * sizeof *product);
    for (size_t k = 0; k < terms; k += TILE_ROWS)
        for (size_t j = 0; j < width; j += TILE_COLUMNS) {
            size_t rows = terms - k < TILE_ROWS ? terms - k : TILE_ROWS;
            size_t columns = width - j < TILE_COLUMNS ? width - j : TILE_COLUMNS;
            for (size_t r = 0; r < row_count; r++)
                (reals ? add_reals : add_integers)(product + r * width + j, first + r * terms + k,
                                                   second + k * width + j, rows, columns);
        }
}

/* Whether sums of the products of a row may leave 64 bits. */
static int may_overflow(const number *row) {
    wide_unsigned sum = 0;
    for (size_t k = 0; k < terms && sum <= INT64_MAX; k++)
        sum += (wide_unsigned)absolute(row[k].integer) * largest;
    return sum > INT64_MAX;
}

/* Makes the sums of a row once more. The column of one that does not fit into 64 bits, from 1; 0 when all do. */
static size_t multiply_exactly(const number *row, number *sums) {
    for (size_t j = 0; j < width; j++) {
        wide_unsigned low = 0;
        wide high = 0;
        for (size_t k = 0; k < terms; k++) {
            wide term = (wide)row[k].integer * second[k * width + j].integer;
            low += (uint64_t)term;
            high += (int64_t)(term >> 64);
        }
        high += (wide)(low >> 64);
        sums[j].integer = (int64_t)(uint64_t)low;
        if (high != (sums[j].integer < 0 ? -1 : 0)) return j + 1;
    }
    return 0;
}

/* ---- rows in and out --------------------------------------------------------------------------------------------- */

/* Writes a double with the fewest digits, 15 to 17, that read back as the same. No number is nan, without a sign. */
static int print_real(char *text, size_t size, double real) {
    int length = snprintf(text, size, "nan");
    for (int digits = 15; digits <= 17 && real == real; digits++) {
        length = snprintf(text, size, "%.*g", digits, real);
        if (strtod(text, NULL) == real) break;
    }
    return length;
}

static void write_row(mr_ctx *ctx, const number *sums) {
    if (binary_output) {
        mr_write(ctx, sums, width * sizeof *sums);
        return;
    }
    for (size_t j = 0; j < width; j++) {
        char text[40];
        int length = reals ? print_real(text, sizeof text - 1, sums[j].real)
                           : snprintf(text, sizeof text - 1, "%lld", (long long)sums[j].integer);
        text[length] = j + 1 < width ? delimiter : '\n';
        mr_write(ctx, text, (size_t)length + 1);
    }
}

/* Multiplies the rows at hand, and writes what comes out. */
static void finish_rows(mr_ctx *ctx) {
    multiply();
    for (size_t r = 0; r < row_count; r++) {
        number *row = first + r * terms, *sums = product + r * width;
        size_t column = !reals && may_overflow(row) ? multiply_exactly(row, sums) : 0;
        if (column)
            mr_skip_line(ctx, records[r], "column %zu of its product does not fit into 64 bits", column);
        else
            write_row(ctx, sums);
    }
    row_count = 0;
}

static void take_row(mr_ctx *ctx, mr_slice record) {
    size_t wrong = 0, count = terms;
    number *row = first + row_count * terms;
    if (binary)
        memcpy(row, record.data, record.length);
    else
        count = read_line(ctx, record, row, terms, &wrong);
    if (wrong) {
        mr_skip_line(ctx, record, "field %zu is no number, or too large", wrong);
    } else if (count != terms) {
        mr_skip_line(ctx, record, "%zu numbers, where b has %zu rows", count, terms);
    } else {
        records[row_count++] = record;
        if (row_count == ROWS) finish_rows(ctx);
    }
}

static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    row_count = 0;
    if (binary) {
        size_t size = terms * sizeof *first;
        if (length % size) mr_fail(ctx, "rows of %zu bytes do not fit into these records", size);
        for (size_t at = 0; at + size <= length; at += size)
            take_row(ctx, mr_bytes(bytes + at, size));
    } else {
        mr_lines lines = mr_lines_of(ctx, bytes, length);
        for (mr_slice line; mr_next(&lines, &line);)
            if (!is_blank(line)) take_row(ctx, line);
    }
    finish_rows(ctx);
}

static void close(mr_ctx *ctx) {
    (void)ctx;
    free(owned);
    free(first);
    free(product);
}

MR_PLUGIN(.name = "matmul",
          .summary = "product of two matrices: the rows of the input, and a matrix that fits into memory",
          .options = options, .kind = MR_MAP, .configure = configure, .open = open, .close = close,
          .map_chunk = map_chunk)
