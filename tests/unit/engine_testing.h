/* engine_testing.h - what the tests of the engine have in common: chance from a seed, errors, temporary files. */
#ifndef ENGINE_TESTING_H
#define ENGINE_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "data/bytes.h"
#include "data/spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t test_seed, random_state;

/* The next random number (splitmix64). */
static inline uint64_t next_random(void) {
    uint64_t mixed = random_state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/* A random number from 0 to limit - 1. */
static inline uint64_t below(uint64_t limit) {
    return next_random() % limit;
}

/* A random number below a random power of two: small ones are as common as large ones. */
static inline uint64_t skewed_below(uint64_t limit) {
    uint64_t value = next_random() >> below(64);
    return value % limit;
}

/* How many rounds of a random test to do: fewer under sanitizers, which are slow. */
static inline unsigned rounds(unsigned usual) {
    const char *scale = getenv("MR_TEST_SCALE");
    unsigned long divisor = scale ? strtoul(scale, NULL, 10) : 1;
    return divisor > 1 && usual > divisor ? usual / (unsigned)divisor : usual;
}

static inline void *allocate(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    assert_non_null(memory);
    return memory;
}

/* Fails the test with the error's text unless ok. */
#define assert_ok(ok, error) assert_ok_at((ok), (error), __FILE__, __LINE__)
static inline void assert_ok_at(bool ok, const mr_error *error, const char *file, int line) {
    if (ok && !error->set) return;
    print_error("%s\n", error->set ? error->text : "a call failed without an error");
    _fail(file, line);
}

/* The call failed, and its message contains text. */
#define assert_refused(ok, error, part) assert_refused_at((ok), (error), (part), __FILE__, __LINE__)
static inline void assert_refused_at(bool ok, mr_error *error, const char *part, const char *file, int line) {
    if (!ok && error->set && strstr(error->text, part)) {
        error->set = false;
        return;
    }
    print_error("expected an error with \"%s\", got: %s\n", part, error->set ? error->text : "none");
    _fail(file, line);
}

static inline void assert_slice(mr_slice slice, const void *bytes, size_t length) {
    assert_int_equal(slice.length, length);
    if (length) assert_memory_equal(slice.data, bytes, length);
}

/* A spill file of the test's own. */
static inline mr_spill open_test_spill(void) {
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder) folder = "/tmp";
    mr_spill spill = mr_spill_open(folder);
    assert_true(spill.file >= 0);
    return spill;
}

static inline void close_test_spill(mr_spill *spill) {
    assert_int_equal(close(spill->file), 0);
    spill->file = -1;
}

/* Takes the seed from MR_TEST_SEED or the clock and prints it. */
static inline void start_seed(void) {
    const char *wanted = getenv("MR_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    test_seed = wanted ? strtoull(wanted, NULL, 10)
                       : ((uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec + (uint64_t)getpid()) & 0xffffffff;
    print_message("MR_TEST_SEED=%llu\n", (unsigned long long)test_seed);
}

/* Every test starts from the seed, so that it can be repeated alone. */
static inline int restart_random(void **state) {
    (void)state;
    random_state = test_seed;
    return 0;
}

#define RANDOM_TEST(function) cmocka_unit_test_setup(function, restart_random)

/* The end of main: runs the tests between the seed's first and, on failure, second appearance. */
#define run_all_tests(tests) run_seeded(cmocka_run_group_tests((tests), NULL, NULL))
static inline int run_seeded(int failures) {
    if (failures) print_message("to repeat: MR_TEST_SEED=%llu\n", (unsigned long long)test_seed);
    return failures != 0;
}

#endif
