#include "data/fold_shorts.h"

#include "data/fold_shorts_loops.h"

size_t mr_fold_shorts_any(mr_short_table *table, const mr_fold *fold, const char *pairs, size_t count) {
    return fold_any(table, fold, pairs, count);
}

mr_fold_shorts_loop *mr_fold_shorts_for(mr_processor processor) {
#if defined(__x86_64__)
    if (processor == MR_AVX512) return mr_fold_shorts_avx512;
    if (processor == MR_AVX2) return mr_fold_shorts_avx2;
#endif
    (void)processor;
    return mr_fold_shorts_any;
}
