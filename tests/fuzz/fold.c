/* Fuzzes coded accumulators, as they stand in runs: hostile bytes are refused, or are an accumulator that is coded
 * again to the same, merges in any order to the same, and has a result that can be printed. */
#include "fuzzing.h"

#include <math.h>

#include "data/fold.h"

enum { MOST = 6 /* accumulators */, VALUE_SIZES = 40 };

static void add_bytes(mr_ctx *ctx, void *accumulator, const void *value) {
    uint32_t size = *(const uint32_t *)(const void *)ctx;
    for (uint32_t i = 0; i < size; i++)
        ((unsigned char *)accumulator)[i] += ((const unsigned char *)value)[i];
}

/* A copy in memory just as large as an accumulator, so that nothing beyond is touched. */
static char *new_accumulator(const mr_fold *fold, const char *bytes) {
    char *accumulator = fuzz_allocate(fold->size);
    memcpy(accumulator, bytes, fold->size);
    return accumulator;
}

/* Coding and decoding change nothing, and less than all of the code is refused. */
static void check_code(const mr_fold *fold, const char *accumulator) {
    char *code = fuzz_allocate(mr_fold_encoded_max(fold)), *again = new_accumulator(fold, accumulator);
    const char *end = mr_fold_encode(fold, code, accumulator), *from = code;
    require(end <= code + mr_fold_encoded_max(fold));
    memset(again, 0x55, fold->size);
    require(mr_fold_decode(fold, &from, end, again) && from == end);
    require(!memcmp(again, accumulator, fold->size));
    for (const char *cut = code; cut < end; cut++) {
        from = code;
        require(!mr_fold_decode(fold, &from, cut, again));
    }
    free(code);
    free(again);
}

/* The result has a text, and a place in the order. */
static void check_result(const mr_fold *fold, const char *accumulator) {
    mr_folded folded;
    const void *value;
    mr_error error = {0};
    char text[MR_FOLD_TEXT + 1], order[MR_FOLD_ORDER];
    bool ok = mr_fold_result(fold, accumulator, &folded, &value, &error);
    require_told(ok, &error);
    require(value == (fold->type == MR_FOLD_CUSTOM ? (const void *)accumulator : (const void *)&folded));
    if (!ok || fold->type == MR_FOLD_CUSTOM) return;
    size_t length = mr_fold_text(fold, &folded, text);
    require(length > 0 && length <= MR_FOLD_TEXT);
    text[length] = 0;
    mr_fold_order(fold, &folded, order);
    if (fold->type == MR_FOLD_COUNT) require(strtoull(text, NULL, 10) == folded.bits);
    if (fold->type == MR_FOLD_SUM_INT64) require((uint64_t)strtoll(text, NULL, 10) == folded.bits);
    if (fold->type < MR_FOLD_SUM_DOUBLE || fold->type > MR_FOLD_MAX_DOUBLE) return;
    double number, printed = strtod(text, NULL);
    memcpy(&number, &folded.bits, sizeof number);
    require(isnan(number) ? isnan(printed) : number == printed);
}

/* All of them merged, from the front or from the back. */
static char *merge_all(const mr_fold *fold, char *const *list, size_t count, bool backward) {
    char *merged = new_accumulator(fold, list[backward ? count - 1 : 0]);
    for (size_t i = 1; i < count; i++)
        mr_fold_merge(fold, merged, list[backward ? count - 1 - i : i]);
    return merged;
}

/* What is not the same whatever the order: an exact sum that special values have decided, and NaNs that differ. */
static bool merges_exactly(const mr_fold *fold, const char *merged) {
    mr_folded folded;
    const void *value;
    mr_error error = {0};
    double number;
    if (fold->type != MR_FOLD_MIN_DOUBLE && fold->type != MR_FOLD_MAX_DOUBLE) return true;
    require(mr_fold_result(fold, merged, &folded, &value, &error));
    memcpy(&number, &folded.bits, sizeof number);
    return !isnan(number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    uint32_t type = (uint32_t)take_number(&in, MR_FOLD_STATS_INT64),
             emitted = 1 + (uint32_t)take_number(&in, VALUE_SIZES);
    uint32_t bytes_of_custom = (uint32_t)mr_padded(emitted);
    mr_fold fold = mr_fold_of(type, emitted, add_bytes, (mr_ctx *)(void *)&bytes_of_custom);
    char *list[MOST], *decoded = fuzz_allocate(fold.size);
    size_t count = 0;
    mr_slice code = take_bytes(&in, SIZE_MAX);
    const char *at = code.data, *end = at + code.length;
    while (count < MOST && mr_fold_decode(&fold, &at, end, decoded)) {
        require(at <= end);
        check_code(&fold, decoded);
        check_result(&fold, decoded);
        list[count++] = new_accumulator(&fold, decoded);
    }
    if (count) {
        char *forward = merge_all(&fold, list, count, false), *backward = merge_all(&fold, list, count, true);
        require(!merges_exactly(&fold, forward) || !memcmp(forward, backward, fold.size));
        check_code(&fold, forward);
        check_result(&fold, forward);
        free(forward);
        free(backward);
    }
    free(decoded);
    while (count)
        free(list[--count]);
    return 0;
}
