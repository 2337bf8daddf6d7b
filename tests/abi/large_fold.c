/* A fold with the largest accumulators that there may be: 65,536 bytes, of which every one counts. */
#include "mr.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = 65536 };

static unsigned char value[SIZE];

/* A line is a key, a blank and something whose length is counted. */
static void map(mr_ctx *ctx, char *record, size_t length) {
    char *blank = memchr(record, ' ', length);
    size_t key = blank ? (size_t)(blank - record) : length;
    memset(value, 0, sizeof value);
    value[length - key] = 1;
    mr_emit(ctx, mr_bytes(record, key), mr_bytes(value, sizeof value));
}

static void fold(mr_ctx *ctx, void *accumulator, const void *other) {
    unsigned char *counts = accumulator;
    const unsigned char *more = other;
    (void)ctx;
    for (size_t i = 0; i < SIZE; i++)
        counts[i] = (unsigned char)(counts[i] + more[i]);
}

static void finish(mr_ctx *ctx, mr_slice key, const void *accumulator) {
    const unsigned char *counts = accumulator;
    char text[32];
    unsigned total = 0;
    for (size_t i = 0; i < SIZE; i++)
        total += counts[i];
    int length = snprintf(text, sizeof text, "%u", total);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

MR_PLUGIN(.name = "large_fold", .kind = MR_FOLD, .value_size = SIZE, .map = map, .fold = fold, .finish = finish)
