#include "mp/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

int64_t mp_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time); /* cannot fail: the clock exists and the pointer is good */
    return time.tv_sec * NANOSECONDS_PER_SECOND + time.tv_nsec;
}

int64_t mp_deadline_left(Deadline *deadline) {
    if (deadline->timeout_ms < 0) return INT64_MAX;
    if (deadline->timeout_ms == 0) return 0;
    int64_t now = mp_now();
    if (deadline->end_ns == 0) deadline->end_ns = now + deadline->timeout_ms * MP_NANOSECONDS_PER_MS;
    return deadline->end_ns > now ? deadline->end_ns - now : 0;
}

int mp_deadline_left_ms(Deadline *deadline) {
    int64_t left = mp_deadline_left(deadline);
    if (left == INT64_MAX) return -1;
    return (int)((left + MP_NANOSECONDS_PER_MS - 1) / MP_NANOSECONDS_PER_MS);
}

int64_t mp_deadline_next_slice(Deadline *deadline) {
    deadline->slice = deadline->slice == 0 ? MP_SHORTEST_SLICE : deadline->slice * 2;
    if (deadline->slice > MP_LONGEST_SLICE) deadline->slice = MP_LONGEST_SLICE;
    int64_t left = mp_deadline_left(deadline);
    return left < deadline->slice ? left : deadline->slice;
}

int mp_futex_wait(_Atomic uint32_t *word, uint32_t expected, Deadline *deadline) {
    int64_t nanoseconds = mp_deadline_next_slice(deadline);
    if (nanoseconds == 0) return -ETIMEDOUT;
    struct timespec slice = {.tv_sec = nanoseconds / NANOSECONDS_PER_SECOND,
                             .tv_nsec = nanoseconds % NANOSECONDS_PER_SECOND};
    /* Woken, changed, interrupted and timed out all mean the same here: look again. */
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &slice, NULL, 0);
    return 0;
}

int mp_futex_wake(_Atomic uint32_t *word, int count) {
    long woken = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
    return woken < 0 ? 0 : (int)woken;
}
