/* Tests of what users may set for a plugin. */
#include "engine_testing.h"

#include "host/options.h"

static const mr_option declared[] = {{"text", MR_OPTION_TEXT, 0, "a text", NULL, "any text"},
                                     {"count", MR_OPTION_INT, 0, "10", NULL, "a number of things"},
                                     {"share", MR_OPTION_NUMBER, 0, "0.5", NULL, "a part of them"},
                                     {"loud", MR_OPTION_FLAG, 0, "no", NULL, "whether"},
                                     {"color", MR_OPTION_CHOICE, 0, "red", "red|green|blue", "which"},
                                     {0}};

/* Resolves one setting; false with error set when it is refused. */
static bool resolve(const mr_option *list, const char *name, const char *value, mr_options *options, mr_error *error) {
    mr_setting setting = {name, value};
    *error = (mr_error){0};
    return mr_options_resolve(options, "tester", list, &setting, name ? 1 : 0, NULL, error);
}

static void defaults_hold(void **state) {
    (void)state;
    mr_options options;
    mr_error error;
    assert_ok(resolve(declared, NULL, NULL, &options, &error), &error);
    assert_int_equal(options.count, 5);
    assert_string_equal(options.values[0], "a text");
    assert_int_equal(mr_option_value_int(&declared[1], options.values[1]), 10);
    assert_int_equal(mr_option_value_int(&declared[3], options.values[3]), 0);
    assert_int_equal(mr_option_value_int(&declared[4], options.values[4]), 0);
    assert_int_equal(mr_options_find(&options, "color"), 4);
    assert_int_equal(mr_options_find(&options, "colour"), -1);
    mr_options_close(&options);
}

static void right_values_are_taken(void **state) {
    (void)state;
    static const char *const right[][2] = {
        {"text", ""},       {"text", "x=y"},    {"count", "-7"}, {"count", "9223372036854775807"},
        {"share", "1e-3"},  {"share", "-0.25"}, {"loud", "yes"}, {"loud", "no"},
        {"color", "green"}, {"color", "blue"},  {"count", "+5"}, {"share", "1e308"},
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        mr_options options;
        mr_error error;
        assert_ok(resolve(declared, right[i][0], right[i][1], &options, &error), &error);
        assert_string_equal(options.values[mr_options_find(&options, right[i][0])], right[i][1]);
        mr_options_close(&options);
    }
    assert_int_equal(mr_option_value_int(&declared[4], "blue"), 2);
    assert_int_equal(mr_option_value_int(&declared[3], "yes"), 1);
    assert_int_equal(mr_option_value_int(&declared[1], "-9223372036854775808"), INT64_MIN);
}

static void wrong_values_are_usage_errors(void **state) {
    (void)state;
    static const char *const wrong[][3] = {
        {"count", "", "whole number"},
        {"count", "ten", "whole number"},
        {"count", "1.5", "whole number"},
        {"count", " 5", "whole number"},
        {"count", "5 ", "whole number"},
        {"count", "9223372036854775808", "whole number"},
        {"share", "", "wants a number"},
        {"share", "half", "wants a number"},
        {"share", "nan", "wants a number"},
        {"share", "inf", "wants a number"},
        {"share", "1e999", "wants a number"},
        {"loud", "true", "yes or no"},
        {"loud", "", "yes or no"},
        {"color", "", "red|green|blue"},
        {"color", "re", "red|green|blue"},
        {"color", "red|green", "red|green|blue"},
        {"size", "1", "text, count, share, loud, color"},
        {"", "1", "text, count"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mr_options options;
        mr_error error;
        bool ok = resolve(declared, wrong[i][0], wrong[i][1], &options, &error);
        assert_true(error.usage);
        assert_refused(ok, &error, wrong[i][2]);
        mr_options_close(&options);
    }
}

static void last_setting_wins(void **state) {
    (void)state;
    mr_setting settings[] = {{"count", "1"}, {"loud", "yes"}, {"count", "2"}};
    mr_options options;
    mr_error error = {0};
    assert_ok(mr_options_resolve(&options, "tester", declared, settings, 3, NULL, &error), &error);
    assert_string_equal(options.values[1], "2");
    assert_string_equal(options.values[3], "yes");
    mr_options_close(&options);
}

static void required_options_are_asked_for(void **state) {
    (void)state;
    static const mr_option required[] = {{"pattern", MR_OPTION_TEXT, 0, NULL, NULL, "what to look for"}, {0}};
    mr_options options;
    mr_error error;
    bool ok = resolve(required, NULL, NULL, &options, &error);
    assert_true(error.usage);
    assert_refused(ok, &error, "--set pattern=");
    mr_options_close(&options);
    assert_ok(resolve(required, "pattern", "x", &options, &error), &error);
    mr_options_close(&options);
}

static void plugins_without_options_have_none(void **state) {
    (void)state;
    mr_options options;
    mr_error error;
    assert_ok(resolve(NULL, NULL, NULL, &options, &error), &error);
    mr_options_close(&options);
    assert_refused(resolve(NULL, "size", "1", &options, &error), &error, "none at all");
    mr_options_close(&options);
}

/* What a plugin declares may be wrong too; that is no usage error. */
static void wrong_declarations_are_errors(void **state) {
    (void)state;
    static const struct {
        mr_option list[2];
        const char *message;
    } wrong[] = {
        {{{"two words", MR_OPTION_TEXT, 0, "", NULL, ""}}, "bad name"},
        {{{"", MR_OPTION_TEXT, 0, "", NULL, ""}}, "bad name"},
        {{{"future", MR_OPTION_FILE + 1, 0, "", NULL, ""}}, "newer mr"},
        {{{"past", 0, 0, "", NULL, ""}}, "newer mr"},
        {{{"choice", MR_OPTION_CHOICE, 0, "", NULL, ""}}, "without its choices"},
        {{{"choice", MR_OPTION_CHOICE, 0, "c", "a|b", ""}}, "default"},
        {{{"count", MR_OPTION_INT, 0, "many", NULL, ""}}, "default"},
        {{{"text", MR_OPTION_TEXT, 7, "", NULL, ""}}, "newer mr"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        mr_options options;
        mr_error error;
        bool ok = resolve(wrong[i].list, NULL, NULL, &options, &error);
        if (ok) print_error("declaration %zu was taken\n", i);
        assert_false(error.usage);
        assert_refused(ok, &error, wrong[i].message);
        mr_options_close(&options);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold),
        cmocka_unit_test(right_values_are_taken),
        cmocka_unit_test(wrong_values_are_usage_errors),
        cmocka_unit_test(last_setting_wins),
        cmocka_unit_test(required_options_are_asked_for),
        cmocka_unit_test(plugins_without_options_have_none),
        cmocka_unit_test(wrong_declarations_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
