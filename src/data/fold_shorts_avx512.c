/* Folding pairs with short keys on x86-64 with AVX-512. */
#include "data/fold_shorts_loops.h"

#if defined(__x86_64__)
size_t mr_fold_shorts_avx512(mr_short_table *table, const mr_fold *fold, const char *pairs, size_t count) {
    return fold_any(table, fold, pairs, count);
}
#endif
