/* Tests of what is noted of a running job: it stays within its bounds, and what is left is true. */
#include "engine_testing.h"

#include "job/observation.h"

#define START 1000.0 /* of the job, on the clock */

static mr_observation *make(void) {
    mr_error error = {0};
    mr_observation *observation = mr_observation_new(START, &error);
    assert_non_null(observation);
    assert_true(mr_observation_open_lanes(observation, 2, 1, &error));
    return observation;
}

static void add_sample(mr_observation *observation, double at, bool last) {
    mr_observed_sample sample = {.at = START + at, .input_bytes = (uint64_t)(at * 1e6)};
    mr_observe_sample(observation, &sample, last);
}

static void phases_follow_each_other(void **state) {
    (void)state;
    mr_observation *observation = make();
    mr_observe_phase(observation, "start", 0, START + 0.5); /* the first one begins with the job */
    mr_observe_phase(observation, "map", 7, START + 1);
    assert_ptr_equal(mr_phase_map(observation), mr_phase_now(observation));
    assert_true(mr_phase_now(observation)->end < 0);
    for (int i = 0; i < 2 * MR_PHASES_MAX; i++)
        mr_observe_phase(observation, "reduce", 1, START + 2 + i);
    mr_observe_phase(observation, NULL, 0, START + 100);
    assert_int_equal(observation->phase_count, MR_PHASES_MAX);
    assert_true(observation->phases[0].begin == 0 && observation->phases[1].units == 7);
    for (uint32_t i = 1; i < observation->phase_count; i++)
        assert_true(observation->phases[i].begin == observation->phases[i - 1].end);
    assert_true(mr_phase_now(observation)->end == 100);
    mr_observation_free(observation);
}

static void samples_are_thinned_out_evenly(void **state) {
    (void)state;
    mr_observation *observation = make();
    const int taken = 100000; /* nearly three hours */
    for (int i = 0; i < taken; i++)
        add_sample(observation, i * 0.1, false);
    add_sample(observation, taken * 0.1 + 0.01, true);
    assert_in_range(observation->sample_count, MR_SAMPLES_MAX / 2, MR_SAMPLES_MAX);
    double apart = observation->sample_interval;
    for (size_t i = 1; i + 1 < observation->sample_count; i++) {
        double distance = observation->samples[i].at - observation->samples[i - 1].at;
        assert_true(distance > apart - 1e-6 && distance < 2 * apart + 1e-6);
        assert_true(observation->samples[i].input_bytes > observation->samples[i - 1].input_bytes);
    }
    assert_true(observation->samples[0].at == 0);
    assert_true(observation->samples[observation->sample_count - 1].at > taken * 0.1);
    mr_observation_free(observation);
}

static void spans_of_a_kind_are_joined(void **state) {
    (void)state;
    mr_observation *observation = make();
    const mr_lane *lane = &observation->lanes[0];
    for (int i = 0; i < 1000; i++) /* 10 ms each, and next to nothing in between */
        mr_observe_span(observation, 0, MR_SPAN_MAP, START + i * 0.01 + 0.0001, START + (i + 1) * 0.01);
    mr_observe_span(observation, 0, MR_SPAN_MAP, START + 11, START + 12);
    mr_observe_span(observation, 0, MR_SPAN_REDUCE, START + 11.5, START + 13); /* what overlaps is cut off */
    assert_int_equal(lane->count, 3);
    assert_int_equal(lane->spans[0].tasks, 1000);
    assert_int_equal(lane->tasks, 1002);
    assert_true(lane->spans[2].begin == 12 && lane->spans[2].end == 13);
    assert_true(lane->busy > 11.89 && lane->busy < 11.91); /* the gaps do not count */
    mr_observation_free(observation);
}

/* Spans in order, none overlaps another; returns their tasks, and *crashes: how many are crashes. */
static uint64_t look_through(const mr_lane *lane, uint64_t *crashes) {
    uint64_t tasks = 0;
    *crashes = 0;
    for (size_t i = 0; i < lane->count; i++) {
        const mr_span *span = &lane->spans[i];
        assert_true(span->begin <= span->end);
        if (i) assert_true(span->begin >= lane->spans[i - 1].end);
        tasks += span->tasks;
        *crashes += span->kind == MR_SPAN_CRASH;
    }
    return tasks;
}

static void lanes_stay_within_bounds(void **state) {
    (void)state;
    mr_observation *observation = make();
    const mr_lane *lane = &observation->lanes[2];
    const uint64_t spans = 300000;
    uint64_t crashes;
    double at = START;
    for (uint64_t i = 0; i < spans; i++) {
        double length = (double)skewed_below(1 << 20) * 1e-6, gap = (double)skewed_below(1 << 16) * 1e-6;
        mr_observe_span(observation, 2, i % 1000 == 999 ? MR_SPAN_CRASH : (uint32_t)below(MR_SPAN_CRASH), at,
                        at + length);
        at += length + gap;
    }
    assert_in_range(lane->count, 2, MR_SPANS_MAX);
    assert_int_equal(lane->crashes, spans / 1000);
    assert_int_equal(look_through(lane, &crashes), spans);
    assert_in_range(crashes, 1, lane->crashes); /* those that come together are one, and none is hidden */
    assert_true(lane->spans[lane->count - 1].end <= at - START);
    assert_true(lane->reader && !observation->lanes[1].reader);
    mr_observation_free(observation);
}

static void the_middle_of_incidents_is_displaced(void **state) {
    (void)state;
    mr_observation *observation = make();
    char text[2 * MR_INCIDENT_TEXT];
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "incident %d", i);
        mr_observe_incident(observation, START + i, text);
    }
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    mr_observe_incident(observation, START + 1000, text);
    assert_int_equal(observation->incident_count, 1001);
    assert_int_equal(mr_incidents_kept(observation), MR_INCIDENTS_MAX);
    assert_string_equal(observation->incidents[MR_INCIDENTS_MAX / 2 - 1].text, "incident 49");
    assert_string_equal(observation->incidents[MR_INCIDENTS_MAX / 2].text, "incident 951");
    assert_string_equal(observation->incidents[MR_INCIDENTS_MAX - 2].text, "incident 999");
    assert_int_equal(strlen(observation->incidents[MR_INCIDENTS_MAX - 1].text), MR_INCIDENT_TEXT - 1);
    mr_observation_free(observation);
}

static void the_most_frequent_keys_are_found(void **state) {
    (void)state;
    mr_hot_keys keys = {0};
    char key[200], text[MR_HOT_KEY_TEXT];
    memset(key, 1, sizeof key);
    for (size_t i = 1; i < 100; i++) /* of the length 37, which comes most often, then 38, 36 and so on */
        mr_hot_keys_add(&keys, mr_bytes(key, i), 1000 - 2 * (i > 37 ? i - 37 : 37 - i) + (i > 37));
    mr_hot_keys_add(&keys, mr_bytes("the 'key'\n", 10), 5000);
    mr_hot_keys_add(&keys, mr_bytes(key, 0), 1);
    mr_hot_keys_finish(&keys);
    assert_int_equal(keys.count, MR_HOT_KEYS);
    assert_string_equal(mr_hot_key_text(&keys.list[0], text), "'the 'key'\\n'");
    assert_int_equal(keys.list[1].length, 37);
    assert_int_equal(keys.list[2].length, 38);
    assert_int_equal(keys.list[3].length, 36);
    assert_true(keys.list[0].share == 5000 / (double)keys.pairs);
    keys = (mr_hot_keys){0};
    mr_hot_keys_add(&keys, mr_bytes(key, sizeof key), 3);
    mr_hot_keys_finish(&keys);
    assert_int_equal(strlen(mr_hot_key_text(&keys.list[0], text)), 4 * MR_HOT_KEY_BYTES + strlen("'...'"));
    assert_true(keys.list[0].share == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_follow_each_other),
        cmocka_unit_test(samples_are_thinned_out_evenly),
        cmocka_unit_test(spans_of_a_kind_are_joined),
        RANDOM_TEST(lanes_stay_within_bounds),
        cmocka_unit_test(the_middle_of_incidents_is_displaced),
        cmocka_unit_test(the_most_frequent_keys_are_found),
    };
    start_seed();
    return run_all_tests(tests);
}
