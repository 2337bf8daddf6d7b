/* Tests of the order in which workers get CPUs, with nodes that are described in a folder of the test. */
#include "engine_testing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job/pinning.h"

static char folder[64];

static void write_file(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_node(unsigned number, const char *cpus) {
    char name[64], path[128];
    snprintf(path, sizeof path, "%s/node%u", folder, number);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(name, sizeof name, "node%u/cpulist", number);
    write_file(name, cpus);
}

static int open_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mr-nodes-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* Expects that the CPUs first to last are listed in this order. */
static void expect_order(int first, int last, const char *expected) {
    cpu_set_t set;
    mr_cpus cpus;
    mr_error error = {0};
    char text[256] = "";
    CPU_ZERO(&set);
    for (int cpu = first; cpu <= last; cpu++)
        CPU_SET(cpu, &set);
    assert_true(mr_cpus_spread(&cpus, &set, sizeof set, folder, &error));
    for (uint32_t i = 0; i < cpus.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i ? " " : "", cpus.list[i]);
    assert_string_equal(text, expected);
    mr_cpus_close(&cpus);
}

static void nodes_take_turns(void **state) {
    (void)state;
    write_file("online", "0-1,5\n");
    make_node(0, "0-3,12-13\n");
    make_node(1, "4-7\n");
    make_node(5, "8\n");
    expect_order(0, 13, "0 4 8 1 5 2 6 3 7 12 13 9 10 11");
    expect_order(3, 6, "3 4 5 6");
    expect_order(12, 13, "12 13");
}

static void without_nodes_numbers_decide(void **state) {
    (void)state;
    expect_order(2, 5, "2 3 4 5");
}

static void nodes_without_cpus_and_nonsense_do_no_harm(void **state) {
    (void)state;
    write_file("online", "0-2\n");
    make_node(0, "\n");
    make_node(1, "what\n");
    make_node(2, "1-0,2-99999999999999999999\n");
    expect_order(0, 3, "2 3 0 1");
}

static void no_cpu_is_an_error(void **state) {
    (void)state;
    cpu_set_t set;
    mr_cpus cpus;
    mr_error error = {0};
    CPU_ZERO(&set);
    assert_false(mr_cpus_spread(&cpus, &set, sizeof set, folder, &error));
    assert_true(error.set);
    mr_cpus_close(&cpus);
}

static void a_missing_cpu_is_refused(void **state) {
    (void)state;
    uint32_t missing = 8191;
    mr_cpus cpus = {.list = &missing, .count = 1};
    mr_error error = {0};
    assert_false(mr_cpus_pin(&cpus, 3, &error));
    assert_non_null(strstr(error.text, "could not pin worker 3 to CPU 8191"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nodes_take_turns, open_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_nodes_numbers_decide, open_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nodes_without_cpus_and_nonsense_do_no_harm, open_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_cpu_is_an_error, open_folder, remove_folder),
        cmocka_unit_test(a_missing_cpu_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
