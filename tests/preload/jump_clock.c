/* jump_clock - makes the clocks of a program that is run with this library preloaded jump back and forth by hours, at
 * every look:
 *
 *     env LD_PRELOAD=jump_clock.so MR_JUMP_CLOCKS=real mr run ...
 *
 *     MR_JUMP_CLOCKS   real (default): what a user or a time server may set, that is CLOCK_REALTIME, time and
 *                      gettimeofday; all: CLOCK_MONOTONIC too, which no sane system does
 *
 * What the kernel itself measures, such as the timeout of poll, is not changed.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { FARTHEST = 5 * 3600 /* seconds that a clock jumps, either way */ };

/* Seconds to be added at this look: another number each time, from -FARTHEST to FARTHEST. */
static time_t jump(void) {
    static _Atomic uint64_t looks;
    uint64_t mixed = (atomic_fetch_add(&looks, 1) + (uint64_t)getpid()) * 0x9e3779b97f4a7c15u;
    return (time_t)(mixed >> 33) % (2 * FARTHEST + 1) - FARTHEST;
}

static bool jumps(clockid_t clock) {
    const char *clocks = getenv("MR_JUMP_CLOCKS");
    bool all = clocks && !strcmp(clocks, "all");
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI || all;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    if (jumps(clock)) now->tv_sec += jump();
    if (now->tv_sec < 0) now->tv_sec = 0;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec time;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &time) != 0) return -1;
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *where) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
