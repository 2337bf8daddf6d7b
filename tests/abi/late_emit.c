/* A fold that emits where it may not, but only for sums of four: with little memory not before the records of a key
 * come together out of the external sorter. */
#include "mr.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    uint64_t one = 1;
    mr_emit(ctx, mr_bytes(record, length), mr_bytes(&one, sizeof one));
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    uint64_t *sum = accumulator;
    *sum += *(const uint64_t *)value;
    if (*sum == 4) mr_count(ctx, mr_text("late"));
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    (void)value;
    mr_emit(ctx, key, mr_text(""));
}

MR_PLUGIN(.name = "late_emit", .kind = MR_FOLD, .value_size = 8, .map = map, .fold = fold, .finish = finish)
