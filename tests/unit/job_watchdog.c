/* The watchdog: who stays at a record is stuck, who goes on or waits for a disk is not, and who is stopped is known. No
 * time is asserted: what has to happen is waited for, and what must not happen is given several times its limit. */
#include "engine_testing.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "job/watchdog.h"

enum { TIMEOUT_MS = 40, LOOK_US = 4000, LOOKS = 100 /* ten timeouts */ };

static pid_t sleeper;
static mr_where where;

static int start_sleeper(void **state) {
    (void)state;
    sleeper = fork();
    if (sleeper == 0)
        for (;;)
            pause();
    where = (mr_where){.callback = "map", .place = {.kind = MR_PLACE_RECORD, .offset = 7}, .inside = 1};
    return sleeper > 0 ? 0 : -1;
}

static int end_sleeper(void **state) {
    (void)state;
    kill(sleeper, SIGKILL);
    return waitpid(sleeper, NULL, 0) == sleeper ? 0 : -1;
}

/* Looks until there is an alarm. */
static enum mr_alarm await_alarm(void) {
    mr_watchdog watchdog = {0};
    for (;;) {
        enum mr_alarm alarm = mr_watchdog_look(&watchdog, sleeper, &where, 1, TIMEOUT_MS);
        if (alarm) return alarm;
        usleep(LOOK_US);
    }
}

/* Expects that there is no alarm for a while; change is called between looks. */
static void expect_none(void (*change)(void)) {
    mr_watchdog watchdog = {0};
    for (int i = 0; i < LOOKS; i++) {
        assert_int_equal(mr_watchdog_look(&watchdog, sleeper, &where, 1, TIMEOUT_MS), MR_ALARM_NONE);
        change();
        usleep(LOOK_US);
    }
}

static void change_nothing(void) {}

static void next_record(void) {
    where.place.offset++;
}

static void same_record_is_stuck(void **state) {
    (void)state;
    assert_int_equal(await_alarm(), MR_ALARM_STUCK);
}

static void same_group_is_stuck(void **state) {
    (void)state;
    where.place = (mr_place){.kind = MR_PLACE_GROUP, .partition = 3};
    assert_int_equal(await_alarm(), MR_ALARM_STUCK);
}

static void other_records_are_progress(void **state) {
    (void)state;
    expect_none(next_record);
}

static void waiting_does_not_count(void **state) {
    (void)state;
    where.waiting = 1;
    expect_none(change_nothing);
}

static void the_host_takes_its_time(void **state) {
    (void)state;
    where.inside = 0;
    expect_none(change_nothing);
}

static void callbacks_without_a_record_take_theirs(void **state) {
    (void)state;
    where.place.kind = MR_PLACE_NONE;
    expect_none(change_nothing);
}

static void stopped_is_not_stuck(void **state) {
    (void)state;
    assert_int_equal(kill(sleeper, SIGSTOP), 0);
    assert_int_equal(await_alarm(), MR_ALARM_STOPPED);
}

static void asking_ends_who_does_not_listen_otherwise(void **state) {
    int status;
    (void)state;
    mr_watchdog_ask(sleeper);
    assert_int_equal(waitpid(sleeper, &status, 0), sleeper);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == mr_fault_timeout_signal());
    start_sleeper(NULL);
}

static void pauses_are_short_beside_the_timeout(void **state) {
    (void)state;
    const uint64_t timeouts[] = {1, 5, 100, 1000, 60000, UINT64_MAX / 2};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int pause_ms = mr_watchdog_pause(timeouts[i]);
        assert_true(pause_ms >= 1 && (uint64_t)pause_ms <= mr_larger(1, timeouts[i] / 4) && pause_ms <= 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_record_is_stuck, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(same_group_is_stuck, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(other_records_are_progress, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(waiting_does_not_count, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(the_host_takes_its_time, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(callbacks_without_a_record_take_theirs, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(stopped_is_not_stuck, start_sleeper, end_sleeper),
        cmocka_unit_test_setup_teardown(asking_ends_who_does_not_listen_otherwise, start_sleeper, end_sleeper),
        cmocka_unit_test(pauses_are_short_beside_the_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
