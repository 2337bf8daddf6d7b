/* fold.h - the folds: how values of one key become one.
 *
 * A fold works on accumulators of a fixed size. Emitted values enter by mr_fold_add, accumulators of the same key from
 * other workers by mr_fold_merge. In runs an accumulator is coded (mr_fold_encode), since most counts are small and
 * most exact sums are short. The built-in folds are exact, so their result never depends on order.
 */
#ifndef MR_DATA_FOLD_H
#define MR_DATA_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/bytes.h"

enum { MR_FOLD_TEXT = 96, MR_FOLD_ORDER = 8 };

/* Which fold, with what it needs. */
typedef struct mr_fold {
    uint32_t type;         /* enum mr_fold_type */
    uint32_t emitted_size; /* bytes of a value as the plugin emits it; 0 for a count of one */
    uint32_t size;         /* bytes of an accumulator, a multiple of 8 */
    void (*custom)(mr_ctx *ctx, void *accumulator, const void *value); /* MR_FOLD_CUSTOM: the plugin's */
    mr_ctx *ctx;                                                       /* for custom */
} mr_fold;

/* The fold of a type; value_size, custom and ctx count for MR_FOLD_CUSTOM only. */
mr_fold mr_fold_of(uint32_t type, uint32_t value_size, void (*custom)(mr_ctx *, void *, const void *), mr_ctx *ctx);

/* Whether an emitted value of this length belongs to the fold. */
static inline bool mr_fold_accepts(const mr_fold *fold, size_t length) {
    return length == fold->emitted_size || (fold->type == MR_FOLD_COUNT && length == 8);
}

/* The accumulator of MR_FOLD_STATS_INT64. The sum has 128 bits, so that no order of addition can overflow on the way.
 */
typedef struct mr_stats_total {
    uint64_t count;   /* how many values; held at UINT64_MAX */
    uint64_t sum_low; /* of their sum in two's complement the lower half */
    int64_t sum_high; /* and the upper */
    int64_t minimum;  /* the least */
    int64_t maximum;  /* the greatest */
} mr_stats_total;

/* Starts with a single value. */
static inline void mr_stats_start(mr_stats_total *total, int64_t value) {
    *total = (mr_stats_total){1, (uint64_t)value, value < 0 ? -1 : 0, value, value};
}

/* Adds a value: this is what happens to each row of a large input, so it is inlined. The count cannot overflow in steps
 * of one, and accumulators that have been merged are not stepped any further; a new minimum or maximum is rare after a
 * few values, so that it costs a branch that is never taken. */
static inline void mr_stats_add(mr_stats_total *total, int64_t value) {
    uint64_t low = total->sum_low + (uint64_t)value;
    total->sum_high += (low < (uint64_t)value) - (int64_t)(value < 0);
    total->sum_low = low;
    total->count++;
    if (MR_UNLIKELY(value < total->minimum)) total->minimum = value;
    if (MR_UNLIKELY(value > total->maximum)) total->maximum = value;
}

/* What a built-in fold has come to. */
typedef union mr_folded {
    uint64_t bits;  /* a count, or the bits of an int64_t or double */
    mr_stats stats; /* MR_FOLD_STATS_INT64 */
} mr_folded;

/* Makes an accumulator (fold->size bytes, aligned to 8) of the first emitted value. */
void mr_fold_start(const mr_fold *fold, void *accumulator, const char *value, size_t length);

/* Folds an emitted value into an accumulator. */
void mr_fold_add(const mr_fold *fold, void *accumulator, const char *value, size_t length);

/* Folds an accumulator into another; both aligned to 8. */
void mr_fold_merge(const mr_fold *fold, void *accumulator, const void *other);

/* The most bytes that mr_fold_encode writes. */
static inline size_t mr_fold_encoded_max(const mr_fold *fold) {
    return fold->size + 16;
}

/* Codes an accumulator; returns the end of what was written. */
char *mr_fold_encode(const mr_fold *fold, char *to, const void *accumulator);

/* Decodes an accumulator and moves *from behind it; false when the bytes are no accumulator. */
bool mr_fold_decode(const mr_fold *fold, const char **from, const char *end, void *accumulator);

/* What a finished accumulator says: *value points to *result, which a built-in fold fills in, or to the accumulator of
 * a custom one. False with error set when a count or sum does not fit into 64 bits. */
bool mr_fold_result(const mr_fold *fold, const void *accumulator, mr_folded *result, const void **value,
                    mr_error *error);

/* The text of the result of a built-in fold in MR_FOLD_TEXT bytes, no NUL; returns its length. */
size_t mr_fold_text(const mr_fold *fold, const mr_folded *result, char *text);

/* Eight bytes that order like the results of a built-in fold; statistics by their count. */
void mr_fold_order(const mr_fold *fold, const mr_folded *result, char *order);

#endif
