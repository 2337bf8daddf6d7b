/* A group job that keeps nothing: how many values each key has, how many bytes they have together, and whether they
 * came in the order of the input (each value begins with its number in the input, when order=yes). */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const mr_option options[] = {
    {"order", MR_OPTION_FLAG, 0, "no", NULL, "values begin with numbers: fail when one is below that before it"}, {0}};

/* A line is a key, a blank and a value. */
static void map(mr_ctx *ctx, char *record, size_t length) {
    char *blank = memchr(record, ' ', length);
    size_t key = blank ? (size_t)(blank - record) : length;
    mr_emit(ctx, mr_bytes(record, key), mr_bytes(blank ? blank + 1 : record, blank ? length - key - 1 : 0));
}

static unsigned long long number_of(mr_slice value) {
    char text[24] = "";
    memcpy(text, value.data, value.length < sizeof text ? value.length : sizeof text - 1);
    return strtoull(text, NULL, 10);
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    unsigned long long count = 0, bytes = 0, last = 0;
    char text[64];
    mr_slice value;
    while (mr_next_value(values, &value)) {
        count++;
        bytes += value.length;
        if (!mr_option_flag(ctx, "order")) continue;
        if (number_of(value) < last) mr_fail(ctx, "value %llu comes behind value %llu", number_of(value), last);
        last = number_of(value);
    }
    int length = snprintf(text, sizeof text, "%llu %llu", count, bytes);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

MR_PLUGIN(.name = "count_values", .options = options, .kind = MR_GROUP, .map = map, .reduce = reduce)
