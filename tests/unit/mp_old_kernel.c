/* Tests of processes on a kernel without pidfds, which is also what valgrind offers: a filter takes pidfd_open away. */
#include "mp_testing.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From now on pidfd_open fails with ENOSYS in this process and its children. */
static int take_pidfds_away(void) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 ? 0 : -errno;
}

static int return_number(void *argument) {
    return (int)(intptr_t)argument;
}

static int sleep_long(void *argument) {
    (void)argument;
    sleep_us(60 * UINT64_C(1000000));
    return 0;
}

static void pidfds_are_gone(void **state) {
    (void)state;
    assert_int_equal(pidfd_open(getpid(), 0), -1);
    assert_int_equal(errno, ENOSYS);
}

static void ends_are_told(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(finish(start(return_number, (void *)(intptr_t)i)), i);
    }
    mp_process *process = start(sleep_long, NULL);
    assert_int_equal(mp_process_alive(process), 1);
    assert_int_equal(mp_process_join(process, 20), -ETIMEDOUT);
    assert_int_equal(mp_process_terminate(process), 0);
    assert_int_equal(finish(process), -SIGTERM);
}

/* The child holds its lifeline alone: brothers that are forked later do not keep it. */
static void descriptor_tells_the_end_of_the_right_child(void **state) {
    (void)state;
    mp_process *first = start(sleep_long, NULL), *second = start(sleep_long, NULL), *third = start(sleep_long, NULL);
    struct pollfd watched[] = {{.fd = mp_process_fd(first), .events = POLLIN},
                               {.fd = mp_process_fd(second), .events = POLLIN}};
    assert_int_equal(poll(watched, 2, 0), 0);
    assert_int_equal(mp_process_kill(first), 0);
    assert_int_equal(poll(watched, 2, PATIENCE_MS), 1);
    assert_true(watched[0].revents & POLLIN);
    assert_int_equal(mp_process_join(first, 0), 0);
    assert_int_equal(mp_process_kill(first), 0); /* does nothing, whoever has the number now */
    assert_int_equal(finish(first), -SIGKILL);
    assert_int_equal(mp_process_alive(second), 1);
    mp_process_free(second);
    mp_process_free(third);
}

static int start_grandchild(void *argument) {
    mp_process *process;
    if (mp_process_start(&process, &daemon_process, sleep_long, NULL) != 0) return 1;
    int64_t id = mp_process_id(process);
    if (mp_queue_put(argument, &id, sizeof id, -1) != 0) return 1;
    return sleep_long(NULL);
}

/* What the child has started lets go of the child's lifeline, and dies with it. */
static void grandchildren_do_not_hide_the_end(void **state) {
    (void)state;
    mp_queue *queue;
    int64_t id;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(mp_queue_create(&queue, 4096, 0), 0);
    mp_process *process = start(start_grandchild, queue);
    assert_int_equal(mp_queue_get(queue, &id, sizeof id, PATIENCE_MS), sizeof id);
    mp_process_kill(process);
    struct pollfd watched = {.fd = mp_process_fd(process), .events = POLLIN};
    assert_int_equal(poll(&watched, 1, PATIENCE_MS), 1);
    assert_int_equal(finish(process), -SIGKILL);
    int status;
    assert_int_equal(waitpid((pid_t)id, &status, 0), id);
    /* A child that finds its parent gone before it could ask to die with it ends by itself. */
    int ended_itself = WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL;
    assert_true(ended_itself || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    mp_queue_free(queue);
}

/* A process that the child has forked in its own way keeps the descriptor quiet, but not the parent in the dark. */
static int fork_and_end(void *argument) {
    pid_t id = fork();
    if (id == 0) _exit(sleep_long(NULL));
    int64_t told = id;
    return mp_queue_put(argument, &told, sizeof told, -1) != 0;
}

static void join_needs_no_lifeline(void **state) {
    (void)state;
    mp_queue *queue;
    int64_t id;
    assert_int_equal(mp_queue_create(&queue, 4096, 0), 0);
    mp_process *process = start(fork_and_end, queue);
    assert_int_equal(mp_queue_get(queue, &id, sizeof id, PATIENCE_MS), sizeof id);
    assert_int_equal(finish(process), 0);
    assert_int_equal(kill((pid_t)id, SIGKILL), 0);
    assert_int_equal(waitpid((pid_t)id, NULL, 0), id);
    mp_queue_free(queue);
}

static int acquire_and_sleep(void *argument) {
    return mp_semaphore_acquire(argument, -1) == 0 ? sleep_long(NULL) : 1;
}

/* The death of a holder is noticed, also before it has been collected. */
static void dead_holders_are_noticed(void **state) {
    (void)state;
    mp_semaphore *semaphore;
    assert_int_equal(mp_semaphore_create(&semaphore, 1), 0);
    mp_process *process = start(acquire_and_sleep, semaphore);
    while (mp_semaphore_acquire(semaphore, 0) == 0) { /* until the child has it */
        assert_int_equal(mp_semaphore_release(semaphore), 0);
        sleep_us(1000);
    }
    assert_int_equal(mp_semaphore_acquire(semaphore, 20), -ETIMEDOUT);
    assert_int_equal(mp_process_kill(process), 0);
    assert_int_equal(mp_semaphore_acquire(semaphore, PATIENCE_MS), MP_OWNER_DIED);
    assert_int_equal(finish(process), -SIGKILL);
    mp_semaphore_free(semaphore);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(pidfds_are_gone),
        CONTAINED_TEST(ends_are_told),
        CONTAINED_TEST(descriptor_tells_the_end_of_the_right_child),
        CONTAINED_TEST(grandchildren_do_not_hide_the_end),
        CONTAINED_TEST(join_needs_no_lifeline),
        CONTAINED_TEST(dead_holders_are_noticed),
    };
    if (take_pidfds_away() != 0) {
        print_message("skipped: this system does not allow a filter for system calls\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
