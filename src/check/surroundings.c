#include "check/surroundings.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "check/imports.h"

/* What a plugin makes of the time of day may show from one second, or day, to the next: no check can wait for that. So
 * the clock is moved instead. The time of day goes back, so that a wait until some moment ends at once; clocks that
 * count from the start of the machine, which cannot go back, go forward by as much as does no harm to who waits.
 *
 * The heap is filled byte by byte. By itself the C library leaves its own addresses in the first bytes of memory that
 * has been in use before: what a plugin does not set would there be taken for an address that it emits. */

enum {
    DAY_BACK = 24 * 3600 + 3600 + 60 + 1, /* seconds */
    STEP = 2                              /* seconds, of other clocks */
};

static bool is_later;
static unsigned char fill_with;

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

static time_t day_back(void) {
    return is_later ? DAY_BACK : 0;
}

static time_t moved_time(time_t *result) {
    time_t now = time(NULL) - day_back(); /* the time of day, as the plugin sees it */
    if (result) *result = now;
    return now;
}

static int moved_gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int code = gettimeofday(now, zone);
    if (code == 0) now->tv_sec -= day_back();
    return code;
}

static int moved_clock_gettime(clockid_t clock, struct timespec *now) {
    int code = clock_gettime(clock, now);
    if (code < 0) return code;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI)
        now->tv_sec -= day_back();
    else if (is_later && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID)
        now->tv_sec += STEP;
    return code;
}

static int moved_timespec_get(struct timespec *now, int base) {
    int result = timespec_get(now, base);
    if (result == TIME_UTC) now->tv_sec -= day_back();
    return result;
}

void mr_surroundings_later(bool later) {
    is_later = later;
}

/* ---- the heap ---------------------------------------------------------------------------------------------------- */

static void *filled(void *memory, size_t size) {
    if (memory && fill_with) memset(memory, fill_with, size);
    __asm__ volatile("" : : "r"(memory) : "memory"); /* the compiler knows that nobody may read what is not set */
    return memory;
}

static void *filled_malloc(size_t size) {
    return filled(malloc(size), size);
}

static void *filled_aligned_alloc(size_t alignment, size_t size) {
    return filled(aligned_alloc(alignment, size), size);
}

static int filled_posix_memalign(void **memory, size_t alignment, size_t size) {
    int code = posix_memalign(memory, alignment, size);
    if (code == 0) filled(*memory, size);
    return code;
}

/* What was allocated before may have been a little larger than it was asked for: these bytes stay. */
static void *filled_realloc(void *memory, size_t size) {
    size_t before = memory ? malloc_usable_size(memory) : 0;
    char *moved = realloc(memory, size);
    if (moved && size > before) filled(moved + before, size - before);
    return moved;
}

static void *filled_reallocarray(void *memory, size_t count, size_t size) {
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? reallocarray(memory, count, size)
                                                       : filled_realloc(memory, bytes);
}

void mr_surroundings_fill(unsigned char pattern) {
    fill_with = pattern;
}

/* ---- taking hold ------------------------------------------------------------------------------------------------- */

#define CLOCKS(name) name(time) name(gettimeofday) name(clock_gettime) name(timespec_get)
#define MEMORY(name) name(malloc) name(realloc) name(reallocarray) name(aligned_alloc) name(posix_memalign)

static bool asks_clock(void *handle) {
#define NAME(function) #function,
    static const char *const names[] = {CLOCKS(NAME)};
#undef NAME
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mr_imports_has(handle, names[i])) return true;
    return false;
}

bool mr_surroundings_take(void *handle) {
#define CLOCK(function)  {#function, (const void *)(uintptr_t)moved_##function},
#define FILLED(function) {#function, (const void *)(uintptr_t)filled_##function},
    static mr_import list[] = {CLOCKS(CLOCK) MEMORY(FILLED)};
#undef CLOCK
#undef FILLED
    return mr_imports_replace(list, sizeof list / sizeof *list) && !mr_imports_has(handle, "syscall") &&
           !(asks_clock(handle) && mr_imports_runs_early(handle));
}
