/* Tests of the line of progress, and of what it says how long a job will take. */
#include "engine_testing.h"

#include "job/outlook.h"
#include "job/progress_line.h"

#include <string.h>

static const mr_progress_facts usual = {.title = "wordcount",
                                        .phase = "map",
                                        .fraction = 0.426,
                                        .left = 11.2,
                                        .rate = 412.4e6,
                                        .bytes = 3 << 20,
                                        .memory = 512 << 20,
                                        .retries = 2};

static const char *line_of(const mr_progress_facts *facts, unsigned width) {
    static char text[MR_PROGRESS_LINE];
    return mr_progress_line(facts, width, text);
}

static void narrow_lines_say_what_matters_most(void **state) {
    (void)state;
    assert_string_equal(line_of(&usual, 120), "mr: wordcount   42%  [##########..............]  map  412 MB/s  "
                                              "0:12 left  512.0 MiB memory  2 retries");
    assert_string_equal(line_of(&usual, 79),
                        "mr: wordcount   42%  map  412 MB/s  0:12 left  512.0 MiB memory  2 retries");
    assert_string_equal(line_of(&usual, 66), "mr:   42%  map  412 MB/s  0:12 left  512.0 MiB memory  2 retries");
    assert_string_equal(line_of(&usual, 60), "mr:   42%  map  412 MB/s  0:12 left  2 retries");
    assert_string_equal(line_of(&usual, 40), "mr:   42%  map  412 MB/s  0:12 left");
    assert_string_equal(line_of(&usual, 30), "mr:   42%  map  0:12 left");
    assert_string_equal(line_of(&usual, 20), "mr:   42%  map");
    assert_string_equal(line_of(&usual, 12), "mr:   42%");
    assert_string_equal(line_of(&usual, 5), "mr:  ");
    assert_string_equal(line_of(&usual, 0), "");
    for (unsigned width = 0; width < 200; width++)
        assert_true(strlen(line_of(&usual, width)) <= width);
}

static void what_is_not_known_is_not_said(void **state) {
    (void)state;
    mr_progress_facts facts = {
        .title = "/home/x/mine.so", .phase = "map", .fraction = -1, .left = -1, .bytes = 3 << 20};
    assert_string_equal(line_of(&facts, 100), "mr: mine.so  3.0 MiB read  map");
    facts.phase = NULL;
    facts.retries = 1;
    assert_string_equal(line_of(&facts, 100), "mr: mine.so  3.0 MiB read  1 retry");
}

static void a_job_that_goes_on_is_not_done(void **state) {
    (void)state;
    mr_progress_facts facts = usual;
    facts.fraction = 1;
    assert_non_null(strstr(line_of(&facts, 60), " 99%  "));
    facts.fraction = 0;
    assert_non_null(strstr(line_of(&facts, 60), "  0%  "));
}

static void titles_do_no_harm(void **state) {
    (void)state;
    mr_progress_facts facts = usual;
    facts.title = "a\033[2J\n\x80/b\033[31m\xc3\xa4\x7f which is longer than there is room for";
    const char *line = line_of(&facts, 200);
    assert_memory_equal(line, "mr: b?[31m??? which is longer than t  ", 38);
    for (; *line; line++)
        assert_true(*line >= ' ' && *line <= '~');
}

static void times_and_rates(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *seconds, *rate;
    } cases[] = {
        {0, "0:00", "0.0 kB/s"},
        {0.2, "0:01", "0.0 kB/s"},
        {59.5, "1:00", "0.1 kB/s"},
        {3599, "59:59", "3.6 kB/s"},
        {3601, "1:00:01", "3.6 kB/s"},
        {360000, "4 d 4 h", "0.4 MB/s"},
        {1e12, "11574 d 1 h", "1000000 MB/s"},
    };
    char text[MR_TIME_LEFT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(mr_format_seconds(cases[i].value, text), cases[i].seconds);
        assert_string_equal(mr_format_rate(cases[i].value, text), cases[i].rate);
    }
}

/* ---- the outlook ------------------------------------------------------------------------------------------------- */

static mr_job_settings settings;
static mr_job job;
static mr_observation *observation;
static mr_result_summary summary;
static mr_outlook outlook;
static mr_error no_error;
static const mr_view view = {.job = &job, .summary = &summary};

static int begin_job(void **state) {
    restart_random(state);
    settings = (mr_job_settings){.plugin = "words"};
    job = (mr_job){.settings = &settings, .description.kind = MR_FOLD, .top = UINT64_MAX};
    summary = (mr_result_summary){0};
    observation = mr_observation_new(0, &no_error);
    assert_non_null(observation);
    outlook = (mr_outlook){.fraction = -1, .left = -1};
    return 0;
}

static int end_job(void **state) {
    (void)state;
    mr_observation_free(observation);
    return 0;
}

/* Time passes, and the phase at hand is so far. */
static void go_on(double at, uint64_t done, uint64_t bytes_done, uint64_t bytes) {
    mr_phase *phase = &observation->phases[observation->phase_count - 1];
    phase->done = done;
    phase->bytes_done = bytes_done;
    phase->bytes = bytes;
    observation->at = at;
    mr_view now = view;
    now.observation = observation;
    double before = outlook.most;
    mr_outlook_update(&outlook, &now);
    assert_true(outlook.fraction < 0 || (outlook.fraction >= before && outlook.fraction <= 1));
}

static void steady_jobs_take_as_long_as_foretold(void **state) {
    (void)state;
    mr_observe_phase(observation, "map", 100, 0);
    for (unsigned i = 1; i <= 100; i++) {
        go_on(i * 0.1, i, i * 1000000, 100000000);
        if (i == 5) assert_true(outlook.left < 0); /* too soon to tell */
        if (i < 30) continue;
        assert_true(outlook.rate > 0.99e7 && outlook.rate < 1.01e7);
        double left = 10 / 0.96 - i * 0.1; /* mapping is 96 % of it: 1 / (1 + 0.03 + 0.01) */
        assert_true(outlook.left > left - 0.2 && outlook.left < left + 0.2);
    }
    assert_true(outlook.fraction > 0.95 && outlook.fraction < 0.97);
    mr_observe_phase(observation, "reduce", 10, 10);
    for (unsigned i = 1; i <= 10; i++)
        go_on(10 + i * 0.01, i, 0, 0);
    mr_observe_phase(observation, "stop", 0, 10.1);
    mr_observe_phase(observation, "commit", 0, 10.1);
    mr_observe_phase(observation, NULL, 0, 10.2);
    go_on(10.2, 0, 0, 0);
    assert_true(outlook.fraction == 1);
}

static void phases_to_come_are_thought_of(void **state) {
    (void)state;
    job.description.needs = MR_NEEDS_RECORD_NUMBERS;
    mr_observe_phase(observation, "count", 10, 0);
    go_on(1, 5, 0, 0);
    assert_true(outlook.fraction > 0.05 && outlook.fraction < 0.1); /* 0.1 of 1.24 */
    mr_observe_phase(observation, "map", 10, 2);
    go_on(2, 0, 0, 1000);
    assert_true(outlook.fraction > 0.15 && outlook.fraction < 0.17);
}

/* What there is to reduce may be much more than it seemed. */
static void the_fraction_never_goes_back(void **state) {
    (void)state;
    mr_observation_free(observation);
    for (unsigned round = 0; round < rounds(2000); round++) {
        static const char *const names[] = {"quotes", "sample", "split", "count", "map", "reduce", "merge", "commit"};
        observation = mr_observation_new(0, &no_error);
        outlook = (mr_outlook){.fraction = -1, .left = -1};
        summary.spilled = 0;
        job.description.kind = below(2) ? MR_MAP : MR_FOLD;
        double at = 0;
        for (size_t i = below(5); i < 8; i++) {
            uint64_t units = below(20), bytes = below(3) ? skewed_below(1 << 30) : 0;
            if (mr_job_is_map(&job) && (i == 5 || i == 6)) continue;
            mr_observe_phase(observation, names[i], units, at);
            for (uint64_t done = 0; done <= units; done++) {
                summary.spilled += skewed_below(1 << 28);
                at += (double)below(100) * 0.02;
                go_on(at, done, bytes ? below(bytes + bytes / 8) : below(1 << 20), i == 4 ? bytes : 0);
            }
        }
        mr_observe_phase(observation, NULL, 0, at);
        go_on(at, 0, 0, 0);
        assert_true(outlook.fraction == 1);
        mr_observation_free(observation);
    }
    observation = mr_observation_new(0, &no_error);
}

static void nobody_knows_how_long_a_pipe_is(void **state) {
    (void)state;
    mr_observe_phase(observation, "map", 0, 0);
    for (unsigned i = 1; i <= 50; i++)
        go_on(i * 0.1, 0, i * 1000, 0);
    assert_true(outlook.fraction < 0 && outlook.left < 0 && outlook.rate > 9900 && outlook.rate < 10100);
    go_on(5.1, 0, 51000, 51000); /* it has ended */
    assert_true(outlook.fraction > 0.9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_lines_say_what_matters_most),
        cmocka_unit_test(what_is_not_known_is_not_said),
        cmocka_unit_test(a_job_that_goes_on_is_not_done),
        cmocka_unit_test(titles_do_no_harm),
        cmocka_unit_test(times_and_rates),
        cmocka_unit_test_setup_teardown(steady_jobs_take_as_long_as_foretold, begin_job, end_job),
        cmocka_unit_test_setup_teardown(phases_to_come_are_thought_of, begin_job, end_job),
        cmocka_unit_test_setup_teardown(the_fraction_never_goes_back, begin_job, end_job),
        cmocka_unit_test_setup_teardown(nobody_knows_how_long_a_pipe_is, begin_job, end_job),
    };
    start_seed();
    return run_all_tests(tests);
}
