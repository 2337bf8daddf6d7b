/* Tests of errors as values. */
#include "engine_testing.h"

static void first_error_wins(void **state) {
    (void)state;
    mr_error error = {0};
    assert_false(mr_error_set(&error, "first %d", 1));
    assert_false(mr_error_usage(&error, "second"));
    assert_false(mr_error_system(&error, ENOENT, "third"));
    assert_true(error.set && !error.usage);
    assert_string_equal(error.text, "first 1");
}

static void context_goes_in_front(void **state) {
    (void)state;
    mr_error error = {0};
    mr_error_system(&error, ENOENT, "could not read %s", "file");
    assert_false(mr_error_context(&error, "line %d", 7));
    assert_string_equal(error.text, "line 7: could not read file: No such file or directory");
}

static void usage_is_marked(void **state) {
    (void)state;
    mr_error error = {0};
    mr_error_usage(&error, "wrong");
    assert_true(error.set && error.usage);
}

static void long_messages_are_cut(void **state) {
    (void)state;
    char text[2 * MR_ERROR_TEXT];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    mr_error error = {0};
    mr_error_system(&error, ENOENT, "%s", text);
    assert_int_equal(strlen(error.text), MR_ERROR_TEXT - 1);
    mr_error_context(&error, "%s", text);
    assert_int_equal(strlen(error.text), MR_ERROR_TEXT - 1);
    error = (mr_error){0};
    mr_error_memory(&error, 3 << 20, "a table");
    assert_string_equal(error.text,
                        "out of memory: could not get 3.0 MiB for a table (give less --memory, or fewer --jobs)");
    error = (mr_error){0};
    mr_error_system(&error, EMFILE, "could not read file");
    assert_string_equal(error.text, "could not read file: Too many open files (allow more of them: ulimit -n)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(usage_is_marked),
        cmocka_unit_test(long_messages_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
