/* check/shrink.c: what is left shows the fault, and is as little as it can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/units.h"
#include "check/shrink.h"

enum { MANY = 5000 };

/* A fault that shows when all of some items are there. */
typedef struct fault {
    const uint32_t *needed;
    size_t count;
    unsigned asked; /* how often */
} fault;

static bool shows(void *receiver, const uint32_t *items, size_t count) {
    fault *about = receiver;
    size_t found = 0;
    about->asked++;
    for (size_t i = 0; i < count; i++) {
        if (i) assert_true(items[i - 1] < items[i]); /* the order stays */
        for (size_t j = 0; j < about->count; j++)
            found += items[i] == about->needed[j];
    }
    return found == about->count;
}

/* Shrinks all numbers below many to those that are needed. */
static void shrink_to(const uint32_t *needed, size_t needed_count, size_t many) {
    uint32_t items[MANY];
    fault about = {needed, needed_count, 0};
    for (size_t i = 0; i < many; i++)
        items[i] = (uint32_t)i;
    size_t count = mr_shrink(items, many, shows, &about, mr_seconds() + 60);
    assert_int_equal(count, needed_count);
    assert_memory_equal(items, needed, needed_count * sizeof *needed);
    if (many == MANY) assert_true(about.asked < 40 * (needed_count + 1));
}

static void one_of_many(void **state) {
    (void)state;
    for (uint32_t i = 0; i < MANY; i += 333)
        shrink_to(&i, 1, MANY);
    shrink_to(&(uint32_t){MANY - 1}, 1, MANY);
}

static void some_of_many(void **state) {
    (void)state;
    shrink_to((uint32_t[]){0, MANY - 1}, 2, MANY);
    shrink_to((uint32_t[]){17, 18, 19}, 3, MANY);
    shrink_to((uint32_t[]){5, 700, 2500, 2501, 4999}, 5, MANY);
}

static void few(void **state) {
    (void)state;
    shrink_to((uint32_t[]){0}, 1, 1);
    shrink_to((uint32_t[]){1}, 1, 2);
    shrink_to((uint32_t[]){0, 1, 2}, 3, 3);
}

/* Without time nothing is left out that has not been tried. */
static void no_time(void **state) {
    uint32_t items[] = {0, 1, 2, 3};
    fault about = {(uint32_t[]){2}, 1, 0};
    (void)state;
    assert_int_equal(mr_shrink(items, 4, shows, &about, mr_seconds() - 1), 4);
    assert_int_equal(about.asked, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_many), cmocka_unit_test(some_of_many),
                                       cmocka_unit_test(few), cmocka_unit_test(no_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
