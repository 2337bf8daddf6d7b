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

enum { MR_FOLD_TEXT = 40, MR_FOLD_ORDER = 8 };

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

/* What a finished accumulator says: *result holds the uint64_t, int64_t or double of a built-in fold, or *value points
 * to the accumulator of a custom one. False with error set when a sum does not fit into int64. */
bool mr_fold_result(const mr_fold *fold, const void *accumulator, uint64_t *result, const void **value,
                    mr_error *error);

/* The text of the result of a built-in fold in MR_FOLD_TEXT bytes, no NUL; returns its length. */
size_t mr_fold_text(const mr_fold *fold, uint64_t result, char *text);

/* Eight bytes that order like the results of a built-in fold. */
void mr_fold_order(const mr_fold *fold, uint64_t result, char *order);

#endif
