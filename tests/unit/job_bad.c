/* The list of bad records: in order and without doubles, however they come. And what workers tell of a death. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/bad.h"

enum { ADDITIONS = 3000 };

static uint64_t state;

static uint64_t below(uint64_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % limit;
}

static mr_place random_place(void) {
    if (below(2)) return (mr_place){.kind = MR_PLACE_GROUP, .partition = (uint32_t)below(5), .offset = below(20)};
    return (mr_place){.kind = MR_PLACE_RECORD, .source = below(5), .offset = below(60), .length = 7};
}

static void is_sorted_without_doubles(void **unused) {
    static mr_death death = {.cause = MR_DEATH_REJECTED, .callback = "map"};
    const char *seed = getenv("MR_TEST_SEED");
    mr_bad_list list = {0};
    mr_error error = {0};
    (void)unused;
    state = seed ? strtoull(seed, NULL, 10) : 1;
    printf("seed %llu\n", (unsigned long long)state);
    size_t found = 0;
    for (int i = 0; i < ADDITIONS; i++) {
        death.place = random_place();
        snprintf(death.reason, sizeof death.reason, "reason %d", i);
        bool known = mr_bad_has(&list, &death.place);
        size_t before = list.count;
        mr_bad_record *record = mr_bad_add(&list, &death, &error);
        assert_non_null(record);
        assert_int_equal(mr_place_compare(&record->place, &death.place), 0);
        assert_int_equal(list.count, before + !known);
        if (!known) assert_string_equal(record->reason, death.reason);
        assert_true(mr_bad_has(&list, &death.place));
        found += !known;
    }
    assert_true(found > 100);
    for (size_t i = 1; i < list.count; i++)
        assert_true(mr_place_compare(&list.records[i - 1].place, &list.records[i].place) < 0);
    mr_bad_close(&list);
    assert_int_equal(list.count, 0);
}

static void records_come_before_groups(void **unused) {
    (void)unused;
    mr_place record = {.kind = MR_PLACE_RECORD, .source = 9, .offset = 9};
    mr_place next = {.kind = MR_PLACE_RECORD, .source = 9, .offset = 10};
    mr_place group = {.kind = MR_PLACE_GROUP};
    assert_true(mr_place_compare(&record, &next) < 0);
    assert_true(mr_place_compare(&next, &group) < 0);
    assert_true(mr_place_compare(&group, &record) > 0);
}

/* A plugin may have written over the pointer. */
static void callbacks_are_not_believed(void **unused) {
    char *heap = strdup("map");
    (void)unused;
    assert_string_equal(mr_told_callback("map"), "map");
    assert_null(mr_told_callback(NULL));
    assert_string_equal(mr_told_callback(heap), "an unknown callback");
    assert_string_equal(mr_told_callback((const char *)16), "an unknown callback");
    assert_string_equal(mr_told_callback((const char *)UINTPTR_MAX), "an unknown callback");
    free(heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_sorted_without_doubles),
        cmocka_unit_test(records_come_before_groups),
        cmocka_unit_test(callbacks_are_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
