#include "base/stopwatch.h"

#include <time.h>

const char *mr_activity_name(enum mr_activity activity) {
    static const char *const names[MR_ACTIVITIES] = {
        [MR_ACTIVITY_START] = "start", [MR_ACTIVITY_READ] = "read",         [MR_ACTIVITY_INFLATE] = "inflate",
        [MR_ACTIVITY_MAP] = "map",     [MR_ACTIVITY_EXCHANGE] = "exchange", [MR_ACTIVITY_REDUCE] = "reduce",
        [MR_ACTIVITY_WRITE] = "write", [MR_ACTIVITY_WAIT] = "wait",
    };
    return names[activity];
}

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void mr_stopwatch_start(mr_stopwatch *watch, _Atomic uint64_t *times, enum mr_activity activity) {
    *watch = (mr_stopwatch){.times = times, .activity = activity, .since = nanoseconds()};
}

enum mr_activity mr_stopwatch_change(mr_stopwatch *watch, enum mr_activity activity) {
    if (!watch || !watch->times) return activity;
    enum mr_activity before = watch->activity;
    uint64_t now = nanoseconds();
    _Atomic uint64_t *time = &watch->times[before];
    /* Only this process writes it. */
    atomic_store_explicit(time, atomic_load_explicit(time, memory_order_relaxed) + (now - watch->since),
                          memory_order_relaxed);
    watch->activity = activity;
    watch->since = now;
    return before;
}
