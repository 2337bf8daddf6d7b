/* Breaks one of the laws that 'mr check' looks at; which one is an option. Lines are a word, a space and a number. */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

static const mr_option options[] = {{"fault", MR_OPTION_TEXT, 0, "none", NULL, "the name of the fault"}, {0}};

/* The word and the number of a line. */
static mr_slice word_of(const char *line, size_t length) {
    const char *space = memchr(line, ' ', length);
    return mr_bytes(line, space ? (size_t)(space - line) : length);
}

static int64_t number_of(mr_ctx *ctx, const char *line, size_t length) {
    mr_slice word = word_of(line, length);
    int64_t number = 0;
    size_t skip = word.length + (word.length < length);
    mr_decimal_of(ctx, mr_bytes(line + skip, length - skip), 0, &number);
    return number;
}

static void emit_text(mr_ctx *ctx, mr_slice key, const char *format, int64_t number) {
    char text[64];
    int length = snprintf(text, sizeof text, format, (long long)number);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

/* ---- map --------------------------------------------------------------------------------------------------------- */

static void map_right(mr_ctx *ctx, char *line, size_t length) {
    emit_text(ctx, word_of(line, length), "%lld", number_of(ctx, line, length));
}

static void map_clock(mr_ctx *ctx, char *line, size_t length) {
    emit_text(ctx, word_of(line, length), "%lld", (int64_t)time(NULL));
}

static void map_random(mr_ctx *ctx, char *line, size_t length) {
    emit_text(ctx, word_of(line, length), "%lld", rand() % 1000);
}

static void map_address(mr_ctx *ctx, char *line, size_t length) {
    emit_text(ctx, word_of(line, length), "%llx", (int64_t)(intptr_t)options);
}

/* Between the two members there are three bytes that nobody sets. */
typedef struct padded {
    char letter;
    int number;
} padded;

static void map_padding(mr_ctx *ctx, char *line, size_t length) {
    padded key;
    key.letter = length ? line[0] : 0;
    key.number = (int)number_of(ctx, line, length);
    mr_emit(ctx, mr_bytes(&key, sizeof key), mr_text("x"));
}

static void map_unset(mr_ctx *ctx, char *line, size_t length) {
    char *copy = malloc(length + 8); /* 8 bytes too many are emitted, which nobody sets */
    if (!copy) return;
    memcpy(copy, line, length);
    mr_emit(ctx, mr_bytes(copy, length + 8), mr_text("x"));
    free(copy);
}

static void map_beyond(mr_ctx *ctx, char *line, size_t length) {
    mr_slice word = word_of(line, length);
    emit_text(ctx, word, "%lld", strtol(word.data + word.length, NULL, 10));
}

static void map_sequence(mr_ctx *ctx, char *line, size_t length) {
    static int64_t number;
    emit_text(ctx, word_of(line, length), "%lld", number++);
}

/* Lines that are the same as the one before are left out: a line alone is never left out. */
static void map_repeats(mr_ctx *ctx, char *line, size_t length) {
    static char before[64];
    size_t kept = length < sizeof before ? length : sizeof before - 1;
    if (!before[0] || before[0] != 'm') map_right(ctx, line, length);
    memcpy(before, line, kept);
    before[kept] = 0;
}

static void map_old_text(mr_ctx *ctx, char *line, size_t length) {
    static const char *before;
    emit_text(ctx, word_of(line, length), "%lld", before ? *(const volatile char *)before : 0);
    before = line;
}

/* Only in jobs; a plugin cannot know, and need not, where it is. */
static void map_workers(mr_ctx *ctx, char *line, size_t length) {
    static int64_t number;
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    emit_text(ctx, word_of(line, length), "%lld", strcmp(name, "mr-check") ? number++ : 0);
}

static void map_chunk_lines(mr_ctx *ctx, char *text, size_t length) {
    mr_lines lines = mr_lines_of(ctx, text, length);
    mr_slice line;
    int64_t number = 0;
    while (mr_next(&lines, &line))
        emit_text(ctx, word_of(line.data, line.length), "%lld", number++);
}

/* ---- folds ------------------------------------------------------------------------------------------------------- */

static void map_int64(mr_ctx *ctx, char *line, size_t length) {
    int64_t number = number_of(ctx, line, length);
    mr_emit(ctx, word_of(line, length), mr_bytes(&number, sizeof number));
}

static void map_double(mr_ctx *ctx, char *line, size_t length) {
    double number = (double)number_of(ctx, line, length) / 10;
    mr_emit(ctx, word_of(line, length), mr_bytes(&number, sizeof number));
}

static void fold_sum(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx;
    *(int64_t *)accumulator += *(const int64_t *)value;
}

static void fold_mean(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx;
    *(int64_t *)accumulator = (*(int64_t *)accumulator + *(const int64_t *)value) / 2;
}

static void fold_last(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx;
    *(int64_t *)accumulator = *(const int64_t *)value;
}

static void fold_doubles(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx;
    *(double *)accumulator += *(const double *)value;
}

/* Takes every value for one more, and the first for nothing. */
static void fold_count(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx, (void)value;
    *(int64_t *)accumulator += 1;
}

static void finish_decimal(mr_ctx *ctx, mr_slice key, const void *value) {
    emit_text(ctx, key, "%lld", *(const int64_t *)value);
}

static void finish_rounded(mr_ctx *ctx, mr_slice key, const void *value) {
    char text[64];
    int length = snprintf(text, sizeof text, "%.1f", *(const double *)value);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

static int64_t finished; /* keys */

static void finish_numbered(mr_ctx *ctx, mr_slice key, const void *value) {
    (void)value;
    emit_text(ctx, key, "%lld", finished++);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static int64_t value_number(mr_slice value) {
    char text[32] = "";
    memcpy(text, value.data, value.length < 31 ? value.length : 31);
    return strtoll(text, NULL, 10);
}

static void reduce_sum(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    int64_t sum = 0;
    while (mr_next_value(values, &value))
        sum += value_number(value);
    emit_text(ctx, key, "%lld", sum);
}

static void reduce_count(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    int64_t count = 0;
    while (mr_next_value(values, &value))
        count++;
    emit_text(ctx, key, "%lld", count);
}

/* What combine makes of values has another form than they have: only reduce knows both. */
static void combine_marked(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    int64_t sum = 0;
    while (mr_next_value(values, &value))
        sum += value_number(value);
    emit_text(ctx, key, "=%lld", sum);
}

static void reduce_marked(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    int64_t sum = 0;
    while (mr_next_value(values, &value))
        sum += value.length && *value.data == '=' ? value_number(mr_bytes(value.data + 1, value.length - 1))
                                                  : value_number(value);
    emit_text(ctx, key, "%lld", sum);
}

static void reduce_difference(mr_ctx *ctx, mr_slice key, mr_values *values) {
    static int64_t before;
    mr_slice value;
    int64_t sum = 0;
    while (mr_next_value(values, &value))
        sum += value_number(value);
    emit_text(ctx, key, "%lld", sum - before);
    before = sum;
}

static void reduce_old_value(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value, first = {0};
    while (mr_next_value(values, &value))
        if (!first.data) first = value;
    mr_emit(ctx, key, first);
}

static void reduce_writing(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    while (mr_next_value(values, &value))
        if (value.length) *(char *)(uintptr_t)value.data = '0';
    mr_emit(ctx, key, mr_text("x"));
}

static void end_printing(mr_ctx *ctx) {
    mr_emit(ctx, mr_text("end"), mr_text("x"));
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static int compare_less(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    return a.length < b.length;
}

/* Lengths beat each other like rock, paper and scissors. */
static int compare_circle(mr_ctx *ctx, mr_slice a, mr_slice b) {
    static const int order[] = {0, 1, -1};
    (void)ctx;
    return order[(a.length + 3 - b.length % 3) % 3];
}

static int compare_length(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    return (a.length > b.length) - (a.length < b.length);
}

static uint32_t partition_letter(mr_ctx *ctx, mr_slice key) {
    (void)ctx;
    return key.length ? (unsigned char)*key.data : 0;
}

static uint32_t partition_turn(mr_ctx *ctx, mr_slice key) {
    static uint32_t turn;
    (void)ctx, (void)key;
    return turn++ % 256;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static size_t line_length(const char *bytes, size_t length) {
    const char *end = memchr(bytes, '\n', length);
    return end ? (size_t)(end - bytes) + 1 : 0;
}

static size_t record_line(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    (void)ctx, (void)last;
    return line_length(bytes, length);
}

/* Takes what has been read for all that there is. */
static size_t record_part(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    size_t line = record_line(ctx, bytes, length, last);
    return line ? line : length;
}

static size_t record_beyond(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    const char *end = strchr(bytes, '\n');
    (void)ctx, (void)length, (void)last;
    return end ? (size_t)(end - bytes) + 1 : 0;
}

/* A line that is not whole has one byte more, it thinks. */
static size_t record_more(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    size_t line = record_line(ctx, bytes, length, last);
    return line ? line : length + 1;
}

static size_t record_turn(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    static int turn;
    return turn++ % 2 ? 0 : record_line(ctx, bytes, length, last);
}

/* A line at which what has been read ends is taken for one that goes on. */
static size_t record_alone(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    size_t line = record_line(ctx, bytes, length, last);
    return line == length && line > 1 && last ? line - 1 : line;
}

static size_t record_writing(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    size_t line = record_line(ctx, bytes, length, last);
    if (line) *(char *)(uintptr_t)(bytes + line - 1) = '\n';
    return line;
}

static size_t find_line(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    size_t line = record_line(ctx, bytes, length, last);
    return line < length ? line : 0;
}

static size_t find_anywhere(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    (void)ctx, (void)bytes, (void)last;
    return length > 1;
}

/* Lines that begin with an m are overlooked. */
static size_t find_some(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    size_t line = find_line(ctx, bytes, length, last);
    return line && bytes[line] == 'm' ? 0 : line;
}

/* ---- which ------------------------------------------------------------------------------------------------------- */

typedef struct fault {
    const char *name;
    mr_plugin with; /* the fields that matter */
} fault;

#define GROUP .kind = MR_GROUP, .map = map_right
#define FOLD  .kind = MR_FOLD, .value_size = 8
#define OWN   .kind = MR_MAP, .map = map_right, .records = MR_RECORDS_OWN

static const fault faults[] = {
    {"none", {FOLD, .map = map_int64, .fold = fold_sum, .finish = finish_decimal}},
    {"clock", {.kind = MR_MAP, .map = map_clock}},
    {"random", {.kind = MR_MAP, .map = map_random}},
    {"address", {.kind = MR_MAP, .map = map_address}},
    {"padding", {.kind = MR_MAP, .map = map_padding}},
    {"unset", {.kind = MR_MAP, .map = map_unset}},
    {"beyond", {.kind = MR_MAP, .map = map_beyond}},
    {"sequence", {.kind = MR_MAP, .map = map_sequence}},
    {"repeats", {.kind = MR_MAP, .map = map_repeats}},
    {"old-text", {.kind = MR_MAP, .map = map_old_text}},
    {"workers", {.kind = MR_MAP, .map = map_workers}},
    {"lines-of-chunk", {.kind = MR_MAP, .map_chunk = map_chunk_lines}},
    {"mean", {FOLD, .map = map_int64, .fold = fold_mean}},
    {"last", {FOLD, .map = map_int64, .fold = fold_last, .finish = finish_decimal}},
    {"doubles", {FOLD, .map = map_double, .fold = fold_doubles}},
    {"rounded", {FOLD, .map = map_double, .fold = fold_doubles, .finish = finish_rounded}},
    {"count", {FOLD, .map = map_int64, .fold = fold_count, .finish = finish_decimal}},
    {"finish-number", {FOLD, .map = map_int64, .fold = fold_sum, .finish = finish_numbered}},
    {"combine-count", {GROUP, .combine = reduce_count, .reduce = reduce_count}},
    {"combine-twice", {GROUP, .combine = combine_marked, .reduce = reduce_marked}},
    {"difference", {GROUP, .reduce = reduce_difference}},
    {"old-value", {GROUP, .reduce = reduce_old_value}},
    {"writing", {GROUP, .reduce = reduce_writing}},
    {"end", {GROUP, .reduce = reduce_sum, .end = end_printing}},
    {"less", {GROUP, .reduce = reduce_sum, .compare = compare_less}},
    {"circle", {GROUP, .reduce = reduce_sum, .compare = compare_circle}},
    {"torn",
     {GROUP, .reduce = reduce_sum, .compare = compare_length, .partition = partition_letter, .partitions = 256}},
    {"turn", {GROUP, .reduce = reduce_sum, .partition = partition_turn, .partitions = 256}},
    {"records", {OWN, .record = record_line, .find_record = find_line}},
    {"part", {OWN, .record = record_part}},
    {"beyond-part", {OWN, .record = record_beyond}},
    {"more", {OWN, .record = record_more}},
    {"record-turn", {OWN, .record = record_turn}},
    {"alone", {OWN, .record = record_alone}},
    {"record-writing", {OWN, .record = record_writing}},
    {"anywhere", {OWN, .record = record_line, .find_record = find_anywhere}},
    {"overlooked", {OWN, .record = record_line, .find_record = find_some}},
};

static void configure(mr_ctx *ctx, mr_plugin *self) {
    const char *name = mr_option_text(ctx, "fault");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const mr_plugin *with = &faults[i].with;
        if (strcmp(faults[i].name, name) != 0) continue;
        self->kind = with->kind;
        self->value_size = with->value_size;
        self->map = with->map;
        self->map_chunk = with->map_chunk;
        self->fold = with->fold;
        self->finish = with->finish;
        self->combine = with->combine;
        self->reduce = with->reduce;
        self->end = with->end;
        self->compare = with->compare;
        self->partition = with->partition;
        self->partitions = with->partitions;
        self->records = with->records;
        self->record = with->record;
        self->find_record = with->find_record;
        return;
    }
    mr_fail(ctx, "there is no fault '%s'", name);
}

MR_PLUGIN(.name = "faulty", .options = options, .kind = MR_MAP, .map = map_right, .configure = configure)
