/* Tests of adopting, collecting and killing what children leave running. */
#include "mp_testing.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>

enum { GENERATIONS = 5, ORPHANS = 20 };

/* Who is killed has ended before anybody looks again. */
static bool end_at_once;

/* Comes before the one of the C library. */
int kill(pid_t process, int number) {
    siginfo_t end;
    long result = syscall(SYS_kill, process, number);
    if (end_at_once && result == 0) waitid(P_PID, (id_t)process, &end, WEXITED | WNOWAIT);
    return (int)result;
}

/* Stays until it is killed, whatever it is asked. */
static _Noreturn void stay(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (;;) {
        pause();
    }
}

/* Each generation forks the next and stays, until the test kills them one after the other. */
static _Noreturn void found_family(void) {
    for (int generation = 1; generation < GENERATIONS; generation++) {
        if (fork() != 0) break;
    }
    stay();
}

static int leave_family(void *unused) {
    (void)unused;
    pid_t child = fork();
    if (child == 0) found_family();
    return child < 0;
}

static int leave_ended(void *unused) {
    (void)unused;
    for (int i = 0; i < ORPHANS; i++) {
        if (fork() == 0) _exit(0);
    }
    return 0;
}

static int stay_started(void *unused) {
    (void)unused;
    stay();
}

static int is_the_one(const void *context, pid_t child) {
    return *(const pid_t *)context == child;
}

static void nothing_happens_without_adoption(void **state) {
    (void)state;
    mp_process *process = start(stay_started, NULL);
    assert_int_equal(mp_orphans_kill(NULL, NULL, 0), 0);
    assert_int_equal(mp_orphans_collect(NULL, NULL), 0);
    assert_int_equal(mp_process_alive(process), 1);
    /* Who has children already might have others than it knows of. */
    assert_int_equal(mp_orphans_adopt(), -EBUSY);
    mp_process_free(process);
}

static void families_are_killed(void **state) {
    (void)state;
    assert_int_equal(mp_orphans_adopt(), 0);
    assert_int_equal(mp_orphans_adopt(), 0);
    mp_process *known = start(stay_started, NULL);
    pid_t id = mp_process_id(known);
    for (int round = 0; round < 5; round++) {
        assert_int_equal(finish(start(leave_family, NULL)), 0);
        assert_true(mp_orphans_collect(is_the_one, &id) >= 1);
        assert_int_equal(mp_orphans_kill(is_the_one, &id, PATIENCE_MS), 0);
        assert_int_equal(mp_orphans_collect(is_the_one, &id), 0);
        assert_int_equal(mp_process_alive(known), 1);
    }
    assert_int_equal(mp_orphans_kill(NULL, NULL, PATIENCE_MS), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    mp_process_free(known);
}

/* Each look finds another generation, and nobody who stays. */
static void families_that_end_at_once_are_killed(void **state) {
    (void)state;
    assert_int_equal(mp_orphans_adopt(), 0);
    end_at_once = true;
    for (int round = 0; round < 5; round++) {
        assert_int_equal(finish(start(leave_family, NULL)), 0);
        assert_int_equal(mp_orphans_kill(NULL, NULL, PATIENCE_MS), 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
    end_at_once = false;
}

static void those_who_end_are_collected(void **state) {
    (void)state;
    assert_int_equal(mp_orphans_adopt(), 0);
    assert_int_equal(finish(start(leave_ended, NULL)), 0);
    for (int64_t end = now_ms() + PATIENCE_MS; mp_orphans_collect(NULL, NULL) > 0 && now_ms() < end;) {
        sleep_us(1000);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(nothing_happens_without_adoption),
        CONTAINED_TEST(families_are_killed),
        CONTAINED_TEST(families_that_end_at_once_are_killed),
        CONTAINED_TEST(those_who_end_are_collected),
    };
    return cmocka_run_group_tests_name("mp orphans", tests, NULL, NULL);
}
