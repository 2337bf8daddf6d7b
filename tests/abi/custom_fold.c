/* A fold of its own with all that goes with it: the least, greatest and number of the numbers of each key. */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const mr_option options[] = {
    {"order", MR_OPTION_CHOICE, 0, "bytes", "bytes|length", "of the keys"},
    {"parts", MR_OPTION_INT, 0, "0", NULL, "partition keys by their first letter into so many parts"},
    {"raw", MR_OPTION_FLAG, 0, "no", NULL, "print the value's bytes"},
    {0}};

typedef struct range {
    int32_t least, greatest;
    uint32_t count; /* 12 bytes: no multiple of 8 */
} range;

static uint64_t *folded;

static uint32_t partition(mr_ctx *ctx, mr_slice key) {
    uint32_t letter = key.length ? (uint32_t)(unsigned char)key.data[0] : 0;
    return letter % (uint32_t)mr_option_int(ctx, "parts");
}

static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    return (a.length > b.length) - (a.length < b.length);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (mr_option_int(ctx, "parts")) {
        self->partition = partition;
        self->partitions = (uint32_t)mr_option_int(ctx, "parts");
    }
    if (mr_option_int(ctx, "order")) self->compare = compare;
    if (mr_option_flag(ctx, "raw")) self->finish = NULL;
}

static void open(mr_ctx *ctx) {
    folded = mr_counter(ctx, "folded");
    if (mr_counter(ctx, "folded") != folded) mr_fail(ctx, "one counter is two");
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    char *blank = memchr(record, ' ', length);
    char text[32] = "";
    if (!blank || length - (size_t)(blank - record) > sizeof text) return;
    memcpy(text, blank + 1, length - (size_t)(blank - record) - 1);
    int32_t number = (int32_t)strtol(text, NULL, 10);
    range single = {number, number, 1};
    mr_emit(ctx, mr_bytes(record, (size_t)(blank - record)), mr_bytes(&single, sizeof single));
    ++*folded;
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    range *mine = accumulator;
    const range *other = value;
    (void)ctx;
    if (other->least < mine->least) mine->least = other->least;
    if (other->greatest > mine->greatest) mine->greatest = other->greatest;
    mine->count += other->count;
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    const range *all = value;
    char text[64];
    int length = snprintf(text, sizeof text, "%d..%d (%u)", all->least, all->greatest, all->count);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

MR_PLUGIN(.name = "custom_fold", .options = options, .kind = MR_FOLD, .value_size = sizeof(range),
          .configure = configure, .open = open, .map = map, .fold = fold, .finish = finish)
