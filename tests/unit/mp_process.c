/* Tests of processes: ends, waits, signals, daemons, buffers. */
#include "mp_testing.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

static int return_number(void *argument) {
    return *(int *)argument;
}

static int sleep_long(void *argument) {
    (void)argument;
    sleep_us(60 * UINT64_C(1000000));
    return 0;
}

static int die_of_abort(void *argument) {
    (void)argument;
    signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
    return 0;
}

static void exit_status_is_returned(void **state) {
    (void)state;
    int numbers[] = {0, 1, 36, 255};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_int_equal(finish(start(return_number, &numbers[i])), numbers[i]);
    }
}

static void signal_is_a_negative_code(void **state) {
    (void)state;
    assert_int_equal(finish(start(die_of_abort, NULL)), -SIGABRT);
}

static void join_gives_up_in_time(void **state) {
    (void)state;
    int code;
    mp_process *process = start(sleep_long, NULL);
    assert_int_equal(mp_process_join(process, 0), -EAGAIN);
    int64_t before = now_ms();
    assert_int_equal(mp_process_join(process, 30), -ETIMEDOUT);
    assert_in_range(now_ms() - before, 29, 5000);
    assert_int_equal(mp_process_alive(process), 1);
    assert_int_equal(mp_process_exit_code(process, &code), -EAGAIN);
    assert_int_equal(mp_process_terminate(process), 0);
    assert_int_equal(finish(process), -SIGTERM);
}

static void kill_works_also_afterwards(void **state) {
    (void)state;
    mp_process *process = start(sleep_long, NULL);
    assert_int_equal(kill(mp_process_id(process), 0), 0);
    assert_int_equal(mp_process_kill(process), 0);
    assert_int_equal(mp_process_join(process, PATIENCE_MS), 0);
    assert_int_equal(mp_process_alive(process), 0);
    assert_int_equal(mp_process_kill(process), 0);
    assert_int_equal(mp_process_terminate(process), 0);
    assert_int_equal(finish(process), -SIGKILL);
}

static void descriptor_tells_the_end(void **state) {
    (void)state;
    mp_process *process = start(sleep_long, NULL);
    struct pollfd watched = {.fd = mp_process_fd(process), .events = POLLIN};
    assert_int_equal(poll(&watched, 1, 0), 0);
    mp_process_kill(process);
    assert_int_equal(poll(&watched, 1, PATIENCE_MS), 1);
    assert_int_equal(finish(process), -SIGKILL);
}

static void free_ends_a_running_child(void **state) {
    (void)state;
    mp_process *process = start(sleep_long, NULL);
    pid_t id = mp_process_id(process);
    mp_process_free(process);
    assert_int_equal(kill(id, 0), -1);
    assert_int_equal(errno, ESRCH);
    mp_process_free(NULL);
}

static void wrong_flags_are_refused(void **state) {
    (void)state;
    mp_process *process;
    mp_process_options options = {.flags = 1u << 20};
    assert_int_equal(mp_process_start(&process, &options, sleep_long, NULL), -EINVAL);
}

static int check_name(void *argument) {
    char name[16];
    return prctl(PR_GET_NAME, name) != 0 || strcmp(name, argument) != 0;
}

static void name_is_set(void **state) {
    (void)state;
    char name[] = "mp-test";
    mp_process *process;
    mp_process_options options = {.name = name};
    assert_int_equal(mp_process_start(&process, &options, check_name, name), 0);
    assert_int_equal(finish(process), 0);
}

/* Tells its id, now that it runs: one that has not begun when its parent dies ends by itself, with a status. */
static int tell_and_sleep(void *argument) {
    int64_t id = getpid();
    if (mp_queue_put(argument, &id, sizeof id, -1) != 0) return 1;
    return sleep_long(NULL);
}

/* Starts a daemon, and waits to be killed. */
static int start_daemon(void *argument) {
    mp_process *process;
    if (mp_process_start(&process, &daemon_process, tell_and_sleep, argument) != 0) return 1;
    return sleep_long(NULL);
}

static void daemon_dies_with_its_parent(void **state) {
    (void)state;
    mp_queue *queue;
    int64_t id;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(mp_queue_create(&queue, 4096, 0), 0);
    mp_process *process = start(start_daemon, queue);
    assert_int_equal(mp_queue_get(queue, &id, sizeof id, PATIENCE_MS), sizeof id);
    mp_process_kill(process);
    assert_int_equal(finish(process), -SIGKILL);
    int status; /* the daemon is ours now, and has to end by itself */
    assert_int_equal(waitpid((pid_t)id, &status, 0), id);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    mp_queue_free(queue);
}

static int print_line(void *argument) {
    printf("%s", (const char *)argument);
    return 0;
}

/* In a child, whose standard output is a pipe: has something in its buffer when it starts a process. */
static int print_and_start(void *argument) {
    int *ends = argument;
    mp_process *process;
    if (dup2(ends[1], STDOUT_FILENO) < 0) return 1;
    printf("parent ");
    if (mp_process_start(&process, NULL, print_line, "child ") != 0) return 1;
    int error = mp_process_join(process, PATIENCE_MS);
    mp_process_free(process);
    printf("end");
    return error != 0;
}

static void buffered_output_appears_once(void **state) {
    (void)state;
    int ends[2];
    char text[64] = "";
    size_t length = 0;
    ssize_t count;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(finish(start(print_and_start, ends)), 0);
    close(ends[1]);
    while ((count = read(ends[0], text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)count;
    }
    close(ends[0]);
    assert_string_equal(text, "parent child end");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(exit_status_is_returned),     CONTAINED_TEST(signal_is_a_negative_code),
        CONTAINED_TEST(join_gives_up_in_time),       CONTAINED_TEST(kill_works_also_afterwards),
        CONTAINED_TEST(descriptor_tells_the_end),    CONTAINED_TEST(free_ends_a_running_child),
        CONTAINED_TEST(wrong_flags_are_refused),     CONTAINED_TEST(name_is_set),
        CONTAINED_TEST(daemon_dies_with_its_parent), CONTAINED_TEST(buffered_output_appears_once),
    };
    return cmocka_run_group_tests_name("mp process", tests, NULL, NULL);
}
