/* Tests of what is proposed for a mistyped word. */
#include "engine_testing.h"

#include "base/nearest.h"

/* What is proposed for a word among options. */
static const char *propose(mr_nearest *nearest, const char *typed) {
    mr_nearest_begin(nearest, typed);
    mr_nearest_try_each(nearest, "skip-bad|memory|worker-memory|sort|stats|set|side|header|format|top|tmp|csv|tsv");
    return mr_nearest_question(nearest, "--");
}

static void near_words_are_proposed(void **state) {
    (void)state;
    static const struct {
        const char *typed, *question;
    } cases[] = {{"skipbad", "; did you mean --skip-bad?"},  {"skip_bad", "; did you mean --skip-bad?"},
                 {"SKIP-BAD", "; did you mean --skip-bad?"}, {"mem", "; did you mean --memory?"},
                 {"memroy", "; did you mean --memory?"},     {"worker_memroy", "; did you mean --worker-memory?"},
                 {"formats", "; did you mean --format?"},    {"foramt", "; did you mean --format?"},
                 {"haeder", "; did you mean --header?"},     {"cvs", "; did you mean --csv?"},
                 {"so", "; did you mean --sort?"},           {"xsv", "; did you mean --csv or --tsv?"}};
    mr_nearest nearest;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(propose(&nearest, cases[i].typed), cases[i].question);
}

static void nonsense_is_not_proposed(void **state) {
    (void)state;
    mr_nearest nearest;
    static const char *const words[] = {
        "", "s", "x", "xy", "walk", "parallel", "verbose", "tar", "memory-of-elephants"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_string_equal(propose(&nearest, words[i]), "");
}

static void too_many_are_none(void **state) {
    (void)state;
    mr_nearest nearest;
    mr_nearest_begin(&nearest, "ab");
    mr_nearest_try_each(&nearest, "abc|abd|abe");
    assert_string_equal(mr_nearest_question(&nearest, ""), "; did you mean abc, abd or abe?");
    mr_nearest_try(&nearest, "abc"); /* again */
    assert_string_equal(mr_nearest_question(&nearest, ""), "; did you mean abc, abd or abe?");
    mr_nearest_try(&nearest, "abf");
    assert_string_equal(mr_nearest_question(&nearest, ""), "");
    mr_nearest_try(&nearest, "AB"); /* nearer than all of them */
    assert_string_equal(mr_nearest_question(&nearest, "'"), "; did you mean 'AB?");
}

static void long_words_are_left_alone(void **state) {
    (void)state;
    mr_nearest nearest;
    char word[200];
    memset(word, 'a', sizeof word);
    for (size_t length = 60; length < 70; length++) {
        word[length] = 0;
        mr_nearest_begin(&nearest, word);
        word[length] = 'a';
        word[length - 1] = 0; /* one letter less */
        mr_nearest_try(&nearest, word);
        word[length - 1] = 'a';
        assert_int_equal(*mr_nearest_question(&nearest, "") != 0, length < MR_NEAREST_WORD);
    }
    mr_nearest_begin(&nearest, "abc");
    mr_nearest_try_each(&nearest, NULL);
    mr_nearest_try_each(&nearest, "");
    mr_nearest_try_each(&nearest, "||");
    assert_string_equal(mr_nearest_question(&nearest, ""), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_words_are_proposed),
        cmocka_unit_test(nonsense_is_not_proposed),
        cmocka_unit_test(too_many_are_none),
        cmocka_unit_test(long_words_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
