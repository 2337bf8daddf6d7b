/* pca - principal components: in which directions the rows of a matrix spread, and how far. A model of a fold job with
 * a fold of its own, over values that are made for whole pieces of the input.
 *
 *     mr run pca measurements.csv --set components=3
 *
 * All that has to be known of the rows are the sums of each column and of the products of each two columns. A fold has
 * to be associative, and sums of doubles are not; so numbers are taken as integers of their last decimal, whose sums
 * are exact in 128 bits. Each piece of the input is added up here, and emitted as one value. The rest is done once, in
 * finish: the covariances, without cancellation because the sums are exact, and their eigenvectors, by Jacobi's method.
 */
// mr: -lm
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"components", MR_OPTION_INT, 0, "2", NULL, "how many components to print, largest first"},
    {"decimals", MR_OPTION_INT, 0, "6", NULL, "how many decimals of a number count, 0 to 9"},
    {"delimiter", MR_OPTION_TEXT, 0, ",", NULL, "the byte between numbers; tab or \\t: a tab"},
    {"binary", MR_OPTION_INT, 0, "0", NULL, "above 0: a row is so many doubles as they lie in memory"},
    {0}};

enum { MOST = 89 /* columns: moments of more would not fit into a value of a fold */ };
enum { CELLS = MOST * (MOST + 1) / 2 /* in the lower half of a symmetric matrix */ };
static const int64_t limit = (int64_t)1 << 53; /* units that no number reaches: doubles hold less, and so do the sums */

/* Values of folds are aligned to 8 bytes only. */
__extension__ typedef __int128 wide __attribute__((aligned(8)));

typedef struct moments {
    int64_t rows;         /* how many there are */
    int64_t columns;      /* numbers in each row */
    wide sums[MOST];      /* of each column, in units */
    wide products[CELLS]; /* sums of the products of columns i and j <= i, at cell_of(i, j), in square units */
} moments;

typedef double matrix[MOST][MOST]; /* the first columns of the first rows are in use */

static int64_t components, decimals, binary;
static double unit; /* how many units make 1 */
static char delimiter;
static moments piece;      /* of the piece of input at hand */
static const char *header; /* a row that may be the names of the columns; NULL: none at hand */
static int64_t row[MOST];  /* the row at hand, in units */

static void configure(mr_ctx *ctx, mr_plugin *self) {
    binary = mr_option_int(ctx, "binary");
    if (binary < 0 || binary > MOST) {
        mr_fail(ctx, "binary has to be from 0 to %d, not %lld", MOST, (long long)binary);
    } else if (binary) {
        self->records = MR_RECORDS_FIXED;
        self->record_size = (uint32_t)binary * sizeof(double);
    }
}

static void open(mr_ctx *ctx) {
    const char *text = mr_option_text(ctx, "delimiter");
    components = mr_option_int(ctx, "components");
    decimals = mr_option_int(ctx, "decimals");
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    if (strlen(text) != 1 || *text == '\n') mr_fail(ctx, "delimiter has to be one byte, or tab, and no newline");
    if (decimals < 0 || decimals > 9) mr_fail(ctx, "decimals has to be from 0 to 9, not %lld", (long long)decimals);
    delimiter = *text;
    unit = pow(10, (double)decimals);
}

/* ---- reading rows ------------------------------------------------------------------------------------------------ */

/* Rounds a number to whole units; 0 when there are too many, or it is none. */
static int round_number(double value, int64_t *number) {
    value *= unit;
    if (!(value > (double)-limit && value < (double)limit)) return 0;
    *number = (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
    return 1;
}

/* Reads a number in units. More decimals, and exponents, are the slow case. */
static int read_number(mr_ctx *ctx, mr_slice field, int64_t *number) {
    double value;
    if (mr_decimal_of(ctx, field, (unsigned)decimals, number)) return *number > -limit && *number < limit;
    return mr_number_of(ctx, field, &value) && round_number(value, number);
}

/* Reads the fields of a line into row. How many of them there are, and how many of those are numbers. */
static int read_line(mr_ctx *ctx, mr_slice line, int *numbers) {
    mr_csv fields = mr_csv_of((char *)line.data, line.length, delimiter);
    int count = 0;
    *numbers = 0;
    for (mr_slice field; mr_next_csv(&fields, &field); count++)
        *numbers += count < MOST && read_number(ctx, field, &row[count]);
    return count;
}

static int read_doubles(const char *bytes, int *numbers) {
    *numbers = 0;
    for (int64_t i = 0; i < binary; i++) {
        double value;
        memcpy(&value, bytes + (size_t)i * sizeof value, sizeof value);
        *numbers += round_number(value, &row[i]);
    }
    return (int)binary;
}

/* Where the product of columns i and j <= i stands. */
static size_t cell_of(int64_t i, int64_t j) {
    return (size_t)(i * (i + 1) / 2 + j);
}

static void add_row(void) {
    piece.rows++;
    for (int64_t i = 0; i < piece.columns; i++) {
        piece.sums[i] += row[i];
        for (int64_t j = 0; j <= i; j++)
            piece.products[cell_of(i, j)] += (wide)row[i] * row[j];
    }
}

/* Takes a record of the piece into its moments. Rows of another size are no bad rows that may be left out: which of
 * them are the others would depend on where pieces begin. */
static void add_record(mr_ctx *ctx, const char *bytes, mr_slice record) {
    int numbers, count = binary ? read_doubles(record.data, &numbers) : read_line(ctx, record, &numbers);
    if (numbers == 0 && record.data == header) return;
    if (count > MOST)
        mr_skip_line(ctx, record, "%d fields, where %d is the most", count, MOST);
    else if (numbers < count)
        mr_skip_line(ctx, record, "%d of %d fields are no number below 2^53 units of 10^-%d", count - numbers, count,
                     (int)decimals);
    else if (piece.rows && piece.columns != count)
        mr_fail(ctx, "a row of %d numbers, %zu bytes further on, where rows before have %d", count,
                (size_t)(record.data - bytes), (int)piece.columns);
    else {
        piece.columns = count;
        add_row();
    }
}

static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    size_t size = (size_t)binary * sizeof(double);
    memset(&piece, 0, sizeof piece);
    header = !binary && mr_first_of_source(ctx) ? bytes : NULL;
    if (binary) {
        if (length % size) mr_fail(ctx, "rows of %zu bytes do not fit into these records", size);
        for (size_t at = 0; at + size <= length; at += size)
            add_record(ctx, bytes, mr_bytes(bytes + at, size));
    } else {
        mr_lines lines = mr_lines_of(ctx, bytes, length);
        for (mr_slice line; mr_next(&lines, &line);)
            if (line.length && *line.data != '\r') add_record(ctx, bytes, line);
    }
    if (piece.rows) mr_emit(ctx, mr_text(""), mr_bytes(&piece, sizeof piece));
}

/* A piece has less than 2^20 rows, so only sums of pieces can overflow. */
static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    moments *total = accumulator;
    const moments *more = value;
    int overflow = 0;
    if (total->columns != more->columns)
        mr_fail(ctx, "rows of %d and rows of %d numbers", (int)total->columns, (int)more->columns);
    if (total->columns != more->columns) return;
    total->rows += more->rows;
    for (int64_t i = 0; i < total->columns; i++)
        total->sums[i] += more->sums[i];
    for (size_t cell = 0; cell < cell_of(total->columns, 0); cell++)
        overflow |= __builtin_add_overflow(total->products[cell], more->products[cell], &total->products[cell]);
    if (overflow) mr_fail(ctx, "the sum of the products of two columns leaves 128 bits; set fewer decimals");
}

/* ---- from moments to components ---------------------------------------------------------------------------------- */

/* The integer next to sum / rows, and what is left. */
static wide nearest_mean(const moments *total, int64_t column, double *rest) {
    wide sum = total->sums[column], mean = (sum + (sum < 0 ? -1 : 1) * (wide)(total->rows / 2)) / total->rows;
    *rest = (double)(sum - mean * total->rows);
    return mean;
}

/* The covariance of two columns, of rows as a sample: divided by one less than there are. With m for the integer next
 * to the mean, the sum of (x - m)(y - n) is an integer; what is then subtracted from it is at most half of it. */
static double covariance_of(const moments *total, int64_t i, int64_t j) {
    double rest_i, rest_j;
    wide mean_i = nearest_mean(total, i, &rest_i), mean_j = nearest_mean(total, j, &rest_j);
    wide sum = total->products[cell_of(i, j)] - mean_i * total->sums[j] - mean_j * total->sums[i] +
               mean_i * mean_j * total->rows;
    if (total->rows < 2) return 0;
    return ((double)sum - rest_i * rest_j / (double)total->rows) / (double)(total->rows - 1) / unit / unit;
}

/* Turns rows and columns p and q of a symmetric matrix so that a[p][q] becomes zero, and the columns of vectors alike.
 */
static void rotate(matrix a, matrix vectors, int64_t size, int64_t p, int64_t q) {
    double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    double tangent = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    double cosine = 1 / sqrt(tangent * tangent + 1), sine = tangent * cosine;
    for (int64_t k = 0; k < size; k++) {
        double kp = a[k][p], kq = a[k][q];
        a[k][p] = cosine * kp - sine * kq;
        a[k][q] = sine * kp + cosine * kq;
    }
    for (int64_t k = 0; k < size; k++) {
        double pk = a[p][k], qk = a[q][k], vp = vectors[k][p], vq = vectors[k][q];
        a[p][k] = cosine * pk - sine * qk;
        a[q][k] = sine * pk + cosine * qk;
        vectors[k][p] = cosine * vp - sine * vq;
        vectors[k][q] = sine * vp + cosine * vq;
    }
    a[p][q] = a[q][p] = 0;
}

/* Jacobi's method: rotate all that is off the diagonal to zero, again and again, until it is nothing beside the
 * diagonal. That stands then for the eigenvalues, and the columns of vectors are the eigenvectors. A handful of rounds
 * is enough, since each squares what is left. */
static void diagonalize(matrix a, matrix vectors, int64_t size) {
    int rotated = 1;
    for (int64_t i = 0; i < size; i++)
        for (int64_t j = 0; j < size; j++)
            vectors[i][j] = i == j;
    for (int round = 0; rotated && round < 60; round++) {
        rotated = 0;
        for (int64_t p = 0; p < size; p++)
            for (int64_t q = p + 1; q < size; q++)
                if (fabs(a[p][q]) > 1e-18 * sqrt(fabs(a[p][p] * a[q][q]))) {
                    rotate(a, vectors, size, p, q);
                    rotated = 1;
                }
    }
}

static double variances[MOST]; /* along each eigenvector */

/* Larger variances first, then earlier columns. */
static int compare_variances(const void *a, const void *b) {
    int first = *(const int *)a, second = *(const int *)b;
    if (variances[first] != variances[second]) return variances[first] < variances[second] ? 1 : -1;
    return (first > second) - (first < second);
}

/* A vector and its opposite are the same component: the first of its largest numbers is made positive. What rounding
 * may make larger or smaller counts as equal. */
static double sign_of(matrix vectors, int64_t size, int column) {
    double largest = 0;
    for (int64_t i = 0; i < size; i++)
        largest = fmax(largest, fabs(vectors[i][column]));
    for (int64_t i = 0; i < size; i++)
        if (fabs(vectors[i][column]) >= largest * (1 - 1e-9)) return vectors[i][column] < 0 ? -1 : 1;
    return 1;
}

static void append_number(mr_ctx *ctx, int first, double number) {
    char text[32];
    snprintf(text, sizeof text, "%.10g", number + 0.0); /* never -0 */
    if (!first) mr_append(ctx, mr_text(","));
    mr_append(ctx, mr_text(text));
}

static void print(mr_ctx *ctx, const char *name, int number) {
    char text[32];
    if (number) snprintf(text, sizeof text, "%s %d", name, number);
    mr_emit(ctx, mr_text(number ? text : name), mr_appended(ctx));
}

static void print_components(mr_ctx *ctx, matrix covariances, int64_t size) {
    static matrix vectors;
    int order[MOST] = {0};
    double trace = 0;
    diagonalize(covariances, vectors, size);
    for (int i = 0; i < size; i++)
        trace += covariances[i][i];
    for (int i = 0; i < size; i++) {
        variances[i] = fabs(covariances[i][i]) < 1e-14 * trace ? 0 : covariances[i][i]; /* what rounding leaves */
        order[i] = i;
    }
    qsort(order, (size_t)size, sizeof *order, compare_variances);
    for (int i = 0; i < size; i++)
        append_number(ctx, i == 0, variances[order[i]]);
    print(ctx, "variances", 0);
    for (int number = 0; number < size && number < components; number++) {
        double sign = sign_of(vectors, size, order[number]);
        for (int i = 0; i < size; i++)
            append_number(ctx, i == 0, sign * vectors[i][order[number]]);
        print(ctx, "component", number + 1);
    }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    static matrix covariances;
    const moments *total = value;
    (void)key;
    append_number(ctx, 1, (double)total->rows);
    print(ctx, "rows", 0);
    for (int64_t i = 0; i < total->columns; i++)
        append_number(ctx, i == 0, (double)total->sums[i] / (double)total->rows / unit);
    print(ctx, "mean", 0);
    for (int i = 0; i < total->columns; i++) {
        for (int j = 0; j < total->columns; j++) {
            covariances[i][j] = j <= i ? covariance_of(total, i, j) : covariance_of(total, j, i);
            append_number(ctx, j == 0, covariances[i][j]);
        }
        print(ctx, "covariance", i + 1);
    }
    print_components(ctx, covariances, total->columns);
}

MR_PLUGIN(.name = "pca", .summary = "mean, covariances and principal components of the rows of a matrix",
          .options = options, .kind = MR_FOLD, .value_size = sizeof(moments), .configure = configure, .open = open,
          .map_chunk = map_chunk, .fold = fold, .finish = finish, .columns = "what\tnumbers")
