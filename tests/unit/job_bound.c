/* Tests of what a job is said to have been bound by, for courses of jobs that are made up. */
#include "engine_testing.h"

#include "job/bound.h"

static mr_observation *observation;
static mr_bound_facts facts;

static int begin(void **state) {
    (void)state;
    mr_error error = {0};
    observation = mr_observation_new(0, &error);
    facts = (mr_bound_facts){.workers = 2, .readers = 1, .cpus = 2, .cpu_seconds = 1e9};
    return observation ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    mr_observation_free(observation);
    return 0;
}

/* Adds a phase of so many seconds, to be filled in. */
static mr_phase *add(const char *name, double length) {
    static double now;
    if (!observation->phase_count) now = 0;
    mr_observe_phase(observation, name, 100, now);
    now += length;
    mr_phase *phase = &observation->phases[observation->phase_count - 1];
    phase->end = now;
    return phase;
}

static void spend(double *seconds, enum mr_activity activity, double length) {
    seconds[activity] += length;
    observation->activities[activity] += length;
}

static void expect(const char *by, double share, const char *text, const char *advice) {
    mr_bound_find(observation, &facts);
    assert_string_equal(observation->bound.by, by);
    assert_true(observation->bound.share > share - 0.01 && observation->bound.share < share + 0.01);
    assert_string_equal(observation->bound.text, text);
    assert_string_equal(observation->bound.advice, advice);
}

static void readers_hold_workers_up(void **state) {
    (void)state;
    add("start", 1);
    mr_phase *map = add("map", 10);
    spend(map->workers, MR_ACTIVITY_MAP, 15); /* of 20: three quarters */
    spend(map->readers, MR_ACTIVITY_INFLATE, 8);
    spend(map->readers, MR_ACTIVITY_READ, 1); /* of 10 */
    facts.unpacked = "big.gz";
    expect("inflate", 10 / 11.0, "unpacking big.gz",
           "one process unpacks a file that is not BGZF; bgzip makes files that all workers can read");
    facts.unpacked = NULL;
    facts.piped = "(standard input)"; /* which may be BGZF */
    expect("inflate", 10 / 11.0, "unpacking the input",
           "one process unpacks what comes through a pipe; a file of bgzip can be read by all workers");
    facts.piped = NULL;
    spend(map->workers, MR_ACTIVITY_EXCHANGE, 4); /* now they are the busier ones */
    expect("map", 10 / 11.0 * 15 / 19, "mapping", "");
    observation->hot_keys[0] = (mr_hot_key){.key = "the", .length = 3, .share = 0.4};
    observation->hot_key_count = 1;
    expect("map", 10 / 11.0 * 15 / 19, "mapping", ""); /* a fold makes one of them */
    facts.regrouped = true;
    expect("map", 10 / 11.0 * 15 / 19, "mapping", "key 'the' has 40 % of all pairs");
}

static void workers_are_too_few(void **state) {
    (void)state;
    spend(add("map", 10)->workers, MR_ACTIVITY_MAP, 20);
    facts.cpus = 4;
    expect("map", 1, "mapping", "1 CPU is free: more -j would help");
    facts.cpus = 8;
    expect("map", 1, "mapping", "5 CPUs are free: more -j would help");
    observation->phases[0].units = 2;
    expect("map", 1, "mapping", "5 CPUs are free: a smaller --chunk would give them something to do");
    facts.cpu_seconds = 10;
    expect("map", 1, "mapping",
           "but its processes had a CPU for only 50 % of their time: other programs did, or the plugin waits");
    facts.workers = 16; /* they take each other's */
    facts.readers = 0;
    expect("map", 1, "mapping", "");
}

static void somebody_reads_the_output(void **state) {
    (void)state;
    mr_phase *map = add("map", 10);
    spend(map->workers, MR_ACTIVITY_MAP, 8);
    map->blocked = 6;
    add("deliver", 2)->blocked = 1.5;
    expect("reader of the output", 1, "waiting for the reader of the output", "");
}

/* A unit whose worker gets no CPU takes long; that is no reason to blame it. */
static void many_workers_share_few_cpus(void **state) {
    (void)state;
    facts.workers = 64;
    mr_phase *reduce = add("reduce", 8);
    spend(reduce->workers, MR_ACTIVITY_REDUCE, 200);
    reduce->longest = 7;
    expect("reduce", 1, "reducing", "");
}

static void one_unit_takes_longer(void **state) {
    (void)state;
    spend(add("map", 2)->workers, MR_ACTIVITY_MAP, 4);
    mr_phase *reduce = add("reduce", 8);
    spend(reduce->workers, MR_ACTIVITY_REDUCE, 9);
    reduce->longest = 6;
    reduce->longest_unit = 4;
    const char *text = "one partition, number 5, which took 75 % of the reduce phase while other workers waited";
    expect("one partition", 0.8, text, "");
    observation->hot_keys[0] = (mr_hot_key){.key = "the", .length = 3, .share = 0.4};
    observation->hot_key_count = 1;
    expect("one partition", 0.8, text, "key 'the' has 40 % of all pairs");
    reduce->longest = 1; /* it was the sum of all */
    facts.spilled = 3 << 20;
    expect("reduce", 0.8, "reducing", "3.0 MiB were spilled to disk: more --memory would help");
    facts.spilled = 0;
    facts.regrouped = true;
    expect("reduce", 0.8, "reducing", "key 'the' has 40 % of all pairs");
    facts.workers = 1; /* who cannot wait for others */
    reduce->longest = 6;
    expect("reduce", 0.8, "reducing", "key 'the' has 40 % of all pairs");
}

static void the_coordinator_works_alone(void **state) {
    (void)state;
    spend(add("map", 1)->workers, MR_ACTIVITY_MAP, 2);
    add("commit", 3);
    expect("write", 0.75, "writing the output until it is on disk (fsync, 3.0 s)",
           "--compress makes the output smaller");
    facts.output_compressed = true;
    expect("write", 0.75, "writing the output until it is on disk (fsync, 3.0 s)", "");
    add("stop", 6);
    expect("stop", 0.6, "the plugin's close", "");
    mr_phase *merge = add("merge", 20);
    spend(merge->workers, MR_ACTIVITY_REDUCE, 19);
    expect("merge", 20 / 30.0, "merging the ordered results, which one worker does", "");
}

static void files_are_waited_for(void **state) {
    (void)state;
    mr_phase *map = add("map", 10);
    spend(map->workers, MR_ACTIVITY_READ, 16);
    expect("read", 1, "reading the input", "");
    facts.cpus = 8;
    map->units = 9;
    expect("read", 1, "reading the input", "5 CPUs are free: more -j would help");
    facts.cpu_seconds = 4;
    expect(
        "read", 1, "reading the input",
        "its processes had a CPU for only 25 % of their time, so they waited for the disk, or other programs were at "
        "work; input that bgzip has compressed is less to read");
    facts.input_compressed = true;
    expect(
        "read", 1, "reading the input",
        "its processes had a CPU for only 25 % of their time, so they waited for the disk, or other programs were at "
        "work");
    facts.piped = "(standard input)";
    expect("read", 1, "waiting for (standard input)", "");
    facts.cpu_seconds = 18; /* of 36, half of them */
    spend(map->workers, MR_ACTIVITY_WRITE, 20);
    expect(
        "write", 20 / 36.0, "writing the output",
        "its processes had a CPU for only 50 % of their time, so they waited for the disk, or other programs were at "
        "work; --compress makes the output smaller");
    facts.output_compressed = true;
    expect(
        "write", 20 / 36.0, "writing the output",
        "its processes had a CPU for only 50 % of their time, so they waited for the disk, or other programs were at "
        "work");
    facts.cpu_seconds = 30;
    expect("write", 20 / 36.0, "writing the output", "5 CPUs are free: more -j would help");
}

static void of_a_job_that_did_nothing(void **state) {
    (void)state;
    mr_bound_find(observation, &facts);
    assert_true(observation->bound.share == 0);
    add("start", 0);
    add("map", 0);
    mr_bound_find(observation, &facts);
    assert_true(observation->bound.share == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readers_hold_workers_up, begin, end),
        cmocka_unit_test_setup_teardown(workers_are_too_few, begin, end),
        cmocka_unit_test_setup_teardown(somebody_reads_the_output, begin, end),
        cmocka_unit_test_setup_teardown(many_workers_share_few_cpus, begin, end),
        cmocka_unit_test_setup_teardown(one_unit_takes_longer, begin, end),
        cmocka_unit_test_setup_teardown(the_coordinator_works_alone, begin, end),
        cmocka_unit_test_setup_teardown(files_are_waited_for, begin, end),
        cmocka_unit_test_setup_teardown(of_a_job_that_did_nothing, begin, end),
    };
    start_seed();
    return run_all_tests(tests);
}
