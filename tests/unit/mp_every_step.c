/* Kills a process after its first machine instruction inside a call, then another one after its second, and so on to
 * the end of the call, and checks each time that the others find everything in order and wait for nobody.
 *
 * The child is stepped through the call with ptrace; where that is not allowed, the tests are skipped. */
#include "mp_testing.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>

enum {
    CAPACITY = 8192,
    MOST_POINTS = 500,  /* where a call has more instructions than this, only some of them are tried */
    LONG_LENGTH = 10000 /* bytes; goes out of line */
};

/* One call and what has to hold around it. */
typedef struct {
    mp_queue *queue;
    mp_semaphore *semaphore;
    mp_lock *lock;
    mp_value *done;               /* int64: the child has come to the end of the call */
    void (*prepare)(void *scene); /* before each child is started */
    int (*act)(void *scene);      /* the call, in the child */
    void (*check)(void *scene);   /* after its death */
} Scene;

static unsigned char text[LONG_LENGTH], got[LONG_LENGTH];

static int run_traced(void *argument) {
    Scene *scene = argument;
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) return 1;
    raise(SIGSTOP);
    if (scene->act(scene) < 0) return 2;
    mp_store_int64(mp_value_int64(scene->done), 1);
    for (;;) {
        pause();
    }
}

/* Waits until the child has stopped; false when it has ended instead. */
static bool await_stop(pid_t id) {
    int status;
    pid_t waited;
    do {
        waited = waitpid(id, &status, WUNTRACED);
    } while (waited < 0 && errno == EINTR);
    return waited == id && WIFSTOPPED(status);
}

/* Steps a child so many instructions into the call and kills it. Returns false if the call was over by then. */
static bool kill_after(Scene *scene, int steps) {
    mp_store_int64(mp_value_int64(scene->done), 0);
    scene->prepare(scene);
    mp_process *process = start(run_traced, scene);
    pid_t id = mp_process_id(process);
    assert_true(await_stop(id));
    for (int i = 0; i < steps && mp_load_int64(mp_value_int64(scene->done)) == 0; i++) {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, id, NULL, NULL), 0);
        assert_true(await_stop(id));
    }
    mp_process_kill(process);
    assert_int_equal(finish(process), -SIGKILL);
    scene->check(scene);
    return mp_load_int64(mp_value_int64(scene->done)) == 0;
}

static bool may_trace(void) {
    pid_t id = fork();
    if (id == 0) _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
    int status = 1;
    return id > 0 && waitpid(id, &status, 0) == id && status == 0;
}

/* Kills at all points of the call. Long calls are mostly the same loop, so that a growing stride does for them. */
static void kill_everywhere(Scene *scene) {
    set_watchdog(300);
    if (!may_trace()) skip();
    assert_int_equal(mp_value_create(&scene->done, MP_INT64, 1), 0);
    int points = 0, stride = 1;
    for (int steps = 1; kill_after(scene, steps); steps += stride) {
        if (++points % MOST_POINTS == 0) stride *= 20;
    }
    print_message("killed at %d points\n", points);
    mp_value_free(scene->done);
}

/* ---- Queue ---- */

static bool is_done(const Scene *scene) {
    return mp_load_int64(mp_value_int64(scene->done)) == 1;
}

/* Whatever happened: a queue with messages is readable, and goes on to work. */
static void check_queue_works(Scene *scene) {
    if (mp_queue_count(scene->queue) > 0) {
        struct pollfd watched = {.fd = mp_queue_fd(scene->queue), .events = POLLIN};
        assert_int_equal(poll(&watched, 1, 0), 1);
    }
    assert_int_equal(mp_queue_put(scene->queue, "next", 4, 0), 0);
}

static void expect_message(Scene *scene, const void *message, size_t length) {
    assert_int_equal(mp_queue_get(scene->queue, got, sizeof got, 0), length);
    assert_memory_equal(got, message, length);
}

static void empty_queue(void *argument) {
    Scene *scene = argument;
    mp_queue_drain(scene->queue);
    /* Makes the C library look up the functions that the child will need. */
    assert_int_equal(mp_queue_put(scene->queue, text, LONG_LENGTH, 0), 0);
    assert_int_equal(mp_queue_put(scene->queue, text, 100, 0), 0);
    expect_message(scene, text, LONG_LENGTH);
    expect_message(scene, text, 100);
    assert_int_equal(mp_queue_get(scene->queue, got, sizeof got, 0), -EAGAIN);
}

static void one_short_message(void *argument) {
    Scene *scene = argument;
    empty_queue(scene);
    assert_int_equal(mp_queue_put(scene->queue, text + 1, 100, 0), 0);
}

static void one_long_message(void *argument) {
    Scene *scene = argument;
    empty_queue(scene);
    assert_int_equal(mp_queue_put(scene->queue, text, LONG_LENGTH, 0), 0);
}

static int put_short(void *argument) {
    return mp_queue_put(((Scene *)argument)->queue, text, 100, 0);
}

static int put_long(void *argument) {
    return mp_queue_put(((Scene *)argument)->queue, text, LONG_LENGTH, 0);
}

static int get(void *argument) {
    return (int)mp_queue_get(((Scene *)argument)->queue, got, sizeof got, 0);
}

/* The get that finds nothing and makes the descriptor unreadable. */
static int get_all(void *argument) {
    while (get(argument) > 0) {
    }
    return 0;
}

static void check_put(Scene *scene, size_t before, const void *message, size_t length) {
    size_t count = mp_queue_count(scene->queue);
    assert_in_range(count, before + (is_done(scene) ? 1 : 0), before + 1);
    check_queue_works(scene);
    if (before > 0) expect_message(scene, text + 1, 100);
    if (count > before) expect_message(scene, message, length);
    expect_message(scene, "next", 4);
}

static void check_short_into_empty(void *argument) {
    check_put(argument, 0, text, 100);
}

static void check_short_after_short(void *argument) {
    check_put(argument, 1, text, 100);
}

static void check_long_into_empty(void *argument) {
    check_put(argument, 0, text, LONG_LENGTH);
}

static void check_get(Scene *scene, const void *message, size_t length) {
    size_t count = mp_queue_count(scene->queue);
    assert_in_range(count, 0, is_done(scene) ? 0 : 1);
    check_queue_works(scene);
    if (count == 1) expect_message(scene, message, length);
    expect_message(scene, "next", 4);
}

static void check_get_short(void *argument) {
    check_get(argument, text + 1, 100);
}

static void check_get_long(void *argument) {
    check_get(argument, text, LONG_LENGTH);
}

static void kill_in_queue(void (*prepare)(void *), int (*act)(void *), void (*check)(void *)) {
    Scene scene = {.prepare = prepare, .act = act, .check = check};
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (unsigned char)(i * 7 + i / 251);
    }
    assert_int_equal(mp_queue_create(&scene.queue, CAPACITY, MP_QUEUE_POLLABLE), 0);
    kill_everywhere(&scene);
    mp_queue_free(scene.queue);
}

static void put_into_an_empty_queue(void **state) {
    (void)state;
    kill_in_queue(empty_queue, put_short, check_short_into_empty);
}

static void put_behind_another(void **state) {
    (void)state;
    kill_in_queue(one_short_message, put_short, check_short_after_short);
}

static void put_out_of_line(void **state) {
    (void)state;
    kill_in_queue(empty_queue, put_long, check_long_into_empty);
}

static void get_from_the_ring(void **state) {
    (void)state;
    kill_in_queue(one_short_message, get, check_get_short);
}

static void get_out_of_line(void **state) {
    (void)state;
    kill_in_queue(one_long_message, get, check_get_long);
}

static void get_until_empty(void **state) {
    (void)state;
    kill_in_queue(one_short_message, get_all, check_get_short);
}

/* ---- Semaphore and lock ---- */

static void nothing_to_prepare(void *argument) {
    (void)argument;
}

static int acquire_and_release_unit(void *argument) {
    Scene *scene = argument;
    int result = mp_semaphore_acquire(scene->semaphore, 0);
    return result < 0 ? result : mp_semaphore_release(scene->semaphore);
}

static void check_unit_is_free(void *argument) {
    Scene *scene = argument;
    assert_in_range(mp_semaphore_acquire(scene->semaphore, 0), 0, MP_OWNER_DIED);
    assert_int_equal(mp_semaphore_acquire(scene->semaphore, 0), -EAGAIN);
    assert_int_equal(mp_semaphore_release(scene->semaphore), 0);
}

static void use_of_a_semaphore(void **state) {
    (void)state;
    Scene scene = {.prepare = nothing_to_prepare, .act = acquire_and_release_unit, .check = check_unit_is_free};
    assert_int_equal(mp_semaphore_create(&scene.semaphore, 1), 0);
    check_unit_is_free(&scene);
    kill_everywhere(&scene);
    mp_semaphore_free(scene.semaphore);
}

static int acquire_and_release_lock(void *argument) {
    Scene *scene = argument;
    int result = mp_lock_acquire(scene->lock, 0);
    return result < 0 ? result : mp_lock_release(scene->lock);
}

static void check_lock_is_free(void *argument) {
    Scene *scene = argument;
    assert_in_range(mp_lock_acquire(scene->lock, 0), 0, MP_OWNER_DIED);
    assert_int_equal(mp_lock_release(scene->lock), 0);
}

static void use_of_a_lock(void **state) {
    (void)state;
    Scene scene = {.prepare = nothing_to_prepare, .act = acquire_and_release_lock, .check = check_lock_is_free};
    assert_int_equal(mp_lock_create(&scene.lock), 0);
    check_lock_is_free(&scene);
    kill_everywhere(&scene);
    mp_lock_free(scene.lock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(put_into_an_empty_queue), CONTAINED_TEST(put_behind_another), CONTAINED_TEST(put_out_of_line),
        CONTAINED_TEST(get_from_the_ring),       CONTAINED_TEST(get_out_of_line),    CONTAINED_TEST(get_until_empty),
        CONTAINED_TEST(use_of_a_semaphore),      CONTAINED_TEST(use_of_a_lock),
    };
    return cmocka_run_group_tests_name("mp every step", tests, NULL, NULL);
}
