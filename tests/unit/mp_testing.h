/* mp_testing.h - what the tests of mp have in common: a watchdog, seeded chance, and checks that nothing is left. */
#ifndef MP_TESTING_H
#define MP_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mp/mp.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 30000, /* longer than anything that is not a hang */
};

static const mp_process_options daemon_process = {.flags = MP_PROCESS_DAEMON};

/* Kills the test when it has not come to its end in time; the children are daemons and die with it. */
static inline void set_watchdog(unsigned seconds) {
    alarm(seconds);
}

/* The seed of a run: MP_SEED from the environment, or the time. It is printed, so that a failure can be repeated. */
static inline uint64_t choose_seed(void) {
    const char *wanted = getenv("MP_SEED");
    uint64_t seed = wanted != NULL ? strtoull(wanted, NULL, 10) : (uint64_t)time(NULL) * 1000 + (uint64_t)getpid();
    print_message("MP_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* The next number of a sequence (splitmix64). */
static inline uint64_t next_random(uint64_t *state) {
    uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

static inline uint64_t random_below(uint64_t *state, uint64_t limit) {
    return next_random(state) % limit;
}

static inline void sleep_us(uint64_t microseconds) {
    struct timespec left = {.tv_sec = (time_t)(microseconds / 1000000),
                            .tv_nsec = (long)(microseconds % 1000000) * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static inline int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Number of open files of this process. */
static inline int count_files(void) {
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    int count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* Before and after each test: no child is left, and no file is open that was not open before. */
static inline int remember_files(void **state) {
    *state = (void *)(intptr_t)count_files();
    set_watchdog(60);
    return 0;
}

static inline int check_nothing_left(void **state) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(count_files(), (intptr_t)*state);
    return 0;
}

#define CONTAINED_TEST(function) cmocka_unit_test_setup_teardown(function, remember_files, check_nothing_left)

static inline mp_process *start(int (*entry)(void *), void *argument) {
    mp_process *process;
    assert_int_equal(mp_process_start(&process, &daemon_process, entry, argument), 0);
    return process;
}

/* Waits for a child and returns its exit code; a hang fails the test. */
static inline int finish(mp_process *process) {
    int code = 0;
    assert_int_equal(mp_process_join(process, PATIENCE_MS), 0);
    assert_int_equal(mp_process_exit_code(process, &code), 0);
    mp_process_free(process);
    return code;
}

#endif
