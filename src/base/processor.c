#include "base/processor.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[MR_PROCESSORS] = {"portable", "sse2", "avx2", "avx512", "neon"};

#if defined(__x86_64__)

bool mr_processor_has(mr_processor processor) {
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                __builtin_cpu_supports("popcnt");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
    switch (processor) {
    case MR_PORTABLE:
    case MR_SSE2:
        return true;
    case MR_AVX2:
        return avx2;
    case MR_AVX512:
        return avx512;
    default:
        return false;
    }
}

#else

bool mr_processor_has(mr_processor processor) {
#if defined(__aarch64__) && defined(__ARM_NEON)
    if (processor == MR_NEON) return true; /* the architecture demands it */
#endif
    return processor == MR_PORTABLE;
}

#endif

const char *mr_processor_name(mr_processor processor) {
    return names[processor];
}

static mr_processor best(void) {
    mr_processor processor = MR_PROCESSORS - 1;
    while (!mr_processor_has(processor))
        processor--;
    return processor;
}

bool mr_processor_choose(mr_processor *chosen, mr_error *error) {
    const char *name = getenv("MR_PROCESSOR");
    *chosen = best();
    if (!name || !*name) return true;
    for (mr_processor i = 0; i < MR_PROCESSORS; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *chosen = i;
        return mr_processor_has(i) ||
               mr_error_set(error, "MR_PROCESSOR is '%s', which this processor does not have; leave it unset", name);
    }
    return mr_error_set(error, "MR_PROCESSOR is '%s'; it may be portable, sse2, avx2, avx512 or neon", name);
}
