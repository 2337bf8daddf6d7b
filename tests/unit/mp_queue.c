/* Tests of the queue that need no chance: lengths, order, timeouts, closing, polling, and death in the middle of a
 * copy. */
#include "mp_testing.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>

enum {
    CAPACITY = 64 * 1024,
    LONGEST = 300 * 1024, /* bytes; far beyond the capacity */
    SOME_LENGTH = 12000,  /* bytes; in the ring, and more than a page */
};

static unsigned char sent[LONGEST], received[LONGEST];

static mp_queue *create(unsigned flags) {
    mp_queue *queue;
    assert_int_equal(mp_queue_create(&queue, CAPACITY, flags), 0);
    return queue;
}

static void fill_sent(uint64_t number) {
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (unsigned char)(number * 31 + i * 7 + i / 251);
    }
}

static void any_length_passes(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 7, 8, 9, 4095, 4096, 16383, 16384, 16385, 65535, 65536, 65537, LONGEST};
    mp_queue *queue = create(0);
    for (uint64_t i = 0; i < 300; i++) {
        size_t length = lengths[i % (sizeof lengths / sizeof *lengths)];
        fill_sent(i);
        assert_int_equal(mp_queue_put(queue, length > 0 ? sent : NULL, length, 0), 0);
        assert_int_equal(mp_queue_count(queue), 1);
        assert_int_equal(mp_queue_next_length(queue, 0), length);
        assert_int_equal(mp_queue_get(queue, received, sizeof received, 0), length);
        assert_memory_equal(sent, received, length);
    }
    assert_int_equal(mp_queue_count(queue), 0);
    mp_queue_free(queue);
}

static void order_is_kept_between_short_and_long(void **state) {
    (void)state;
    mp_queue *queue = create(0);
    for (uint32_t round = 0; round < 50; round++) {
        for (uint32_t i = 0; i < 5; i++) {
            size_t length = i % 2 ? 20 * 1024 : sizeof i;
            memcpy(sent, &i, sizeof i);
            assert_int_equal(mp_queue_put(queue, sent, length, 0), 0);
        }
        for (uint32_t i = 0; i < 5; i++) {
            uint32_t number;
            assert_true(mp_queue_get(queue, received, sizeof received, 0) > 0);
            memcpy(&number, received, sizeof number);
            assert_int_equal(number, i);
        }
    }
    mp_queue_free(queue);
}

static void full_and_empty_give_up_in_time(void **state) {
    (void)state;
    mp_queue *queue = create(0);
    assert_int_equal(mp_queue_get(queue, received, sizeof received, 0), -EAGAIN);
    int64_t before = now_ms();
    assert_int_equal(mp_queue_get(queue, received, sizeof received, 40), -ETIMEDOUT);
    assert_in_range(now_ms() - before, 39, 5000);
    size_t count = 0;
    while (mp_queue_put(queue, sent, 1000, 0) == 0) {
        count++;
    }
    assert_int_equal(count, CAPACITY / 1008);
    assert_int_equal(mp_queue_put(queue, sent, 1000, 0), -EAGAIN);
    before = now_ms();
    assert_int_equal(mp_queue_put(queue, sent, 1000, 40), -ETIMEDOUT);
    assert_in_range(now_ms() - before, 39, 5000);
    assert_int_equal(mp_queue_count(queue), count);
    assert_int_equal(mp_queue_drain(queue), count);
    mp_queue_free(queue);
}

static void long_messages_are_bounded_too(void **state) {
    (void)state;
    mp_queue *queue = create(0);
    assert_int_equal(mp_queue_put(queue, sent, LONGEST, 0), 0);
    assert_int_equal(mp_queue_put(queue, sent, 20 * 1024, 0), -EAGAIN);
    assert_int_equal(mp_queue_put(queue, sent, 10, 0), 0);
    assert_int_equal(mp_queue_get(queue, received, sizeof received, 0), LONGEST);
    assert_int_equal(mp_queue_put(queue, sent, 20 * 1024, 0), 0);
    assert_int_equal(mp_queue_put(queue, sent, 20 * 1024, 0), 0);
    assert_int_equal(mp_queue_put(queue, sent, 30 * 1024, 0), -EAGAIN);
    assert_int_equal(mp_queue_drain(queue), 3);
    assert_int_equal(mp_queue_put(queue, sent, LONGEST, 0), 0);
    mp_queue_free(queue);
}

static void short_buffer_leaves_the_message(void **state) {
    (void)state;
    mp_queue *queue = create(0);
    void *message = NULL;
    fill_sent(1);
    assert_int_equal(mp_queue_put(queue, sent, 100, 0), 0);
    assert_int_equal(mp_queue_put(queue, sent, 0, 0), 0);
    assert_int_equal(mp_queue_get(queue, received, 99, 0), -EMSGSIZE);
    assert_int_equal(mp_queue_next_length(queue, 0), 100);
    assert_int_equal(mp_queue_get_alloc(queue, &message, 0), 100);
    assert_memory_equal(message, sent, 100);
    free(message);
    assert_int_equal(mp_queue_get_alloc(queue, &message, 0), 0);
    assert_non_null(message);
    free(message);
    assert_int_equal(mp_queue_get_alloc(queue, &message, 0), -EAGAIN);
    mp_queue_free(queue);
}

static void closing_delivers_what_is_left(void **state) {
    (void)state;
    mp_queue *queue = create(0);
    assert_int_equal(mp_queue_put(queue, "a", 1, 0), 0);
    assert_int_equal(mp_queue_put(queue, "b", 1, 0), 0);
    assert_int_equal(mp_queue_close(queue), 0);
    assert_int_equal(mp_queue_close(queue), 0);
    assert_int_equal(mp_queue_put(queue, "c", 1, -1), -EPIPE);
    assert_int_equal(mp_queue_get(queue, received, 1, -1), 1);
    assert_int_equal(received[0], 'a');
    assert_int_equal(mp_queue_get(queue, received, 1, -1), 1);
    assert_int_equal(mp_queue_get(queue, received, 1, -1), -EPIPE);
    assert_int_equal(mp_queue_get(queue, received, 1, 0), -EPIPE);
    assert_int_equal(mp_queue_drain(queue), 0);
    mp_queue_free(queue);
}

static int wait_for_message(void *argument) {
    unsigned char byte;
    return (int)-mp_queue_get(argument, &byte, 1, -1);
}

static int wait_for_space(void *argument) {
    int error;
    do {
        error = mp_queue_put(argument, sent, 1000, -1);
    } while (error == 0);
    return -error;
}

static void closing_wakes_those_who_wait(void **state) {
    (void)state;
    mp_queue *empty = create(0), *full = create(0);
    mp_process *getter[2] = {start(wait_for_message, empty), start(wait_for_message, empty)};
    mp_process *putter[2] = {start(wait_for_space, full), start(wait_for_space, full)};
    sleep_us(30000);
    mp_queue_close(empty);
    mp_queue_close(full);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(finish(getter[i]), EPIPE);
        assert_int_equal(finish(putter[i]), EPIPE);
    }
    mp_queue_free(empty);
    mp_queue_free(full);
}

static void wrong_arguments_are_refused(void **state) {
    (void)state;
    mp_queue *queue;
    assert_int_equal(mp_queue_create(&queue, 4096, 1u << 20), -EINVAL);
    assert_int_equal(mp_queue_create(&queue, SIZE_MAX, 0), -EINVAL);
    queue = create(0);
    assert_int_equal(mp_queue_fd(queue), -EINVAL);
    assert_int_equal(mp_queue_put(queue, sent, SIZE_MAX, 0), -EMSGSIZE);
    mp_queue_free(queue);
    mp_queue_free(NULL);
}

static int is_readable(mp_queue *queue) {
    struct pollfd watched = {.fd = mp_queue_fd(queue), .events = POLLIN};
    int ready = poll(&watched, 1, 0);
    assert_true(ready >= 0);
    return ready;
}

static void descriptor_follows_the_messages(void **state) {
    (void)state;
    mp_queue *queue = create(MP_QUEUE_POLLABLE);
    assert_int_equal(is_readable(queue), 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(mp_queue_put(queue, "a", 1, 0), 0);
        assert_int_equal(mp_queue_put(queue, "b", 1, 0), 0);
        assert_int_equal(is_readable(queue), 1);
        assert_int_equal(mp_queue_get(queue, received, 1, 0), 1);
        assert_int_equal(is_readable(queue), 1);
        assert_int_equal(mp_queue_get(queue, received, 1, 0), 1);
        assert_int_equal(mp_queue_get(queue, received, 1, 0), -EAGAIN);
        assert_int_equal(is_readable(queue), 0);
    }
    mp_queue_close(queue);
    assert_int_equal(mp_queue_get(queue, received, 1, 0), -EPIPE);
    assert_int_equal(is_readable(queue), 1);
    mp_queue_free(queue);
}

static int put_numbers(void *argument) {
    for (uint32_t i = 0; i < 20000; i++) {
        if (mp_queue_put(argument, &i, sizeof i, -1) != 0) return 1;
    }
    return 0;
}

static void polling_misses_nothing(void **state) {
    (void)state;
    mp_queue *queue = create(MP_QUEUE_POLLABLE);
    mp_process *putter[2] = {start(put_numbers, queue), start(put_numbers, queue)};
    uint32_t number;
    for (uint32_t count = 0; count < 40000;) {
        struct pollfd watched = {.fd = mp_queue_fd(queue), .events = POLLIN};
        assert_int_equal(poll(&watched, 1, PATIENCE_MS), 1);
        while (mp_queue_get(queue, &number, sizeof number, 0) == sizeof number) {
            count++;
        }
    }
    assert_int_equal(finish(putter[0]), 0);
    assert_int_equal(finish(putter[1]), 0);
    mp_queue_free(queue);
}

/* A process whose descriptors somebody has closed: what it puts into an empty queue is refused, because nobody who
 * polls would hear of it; it can still get. Returns 0 when that is so. */
static int put_without_descriptors(void *argument) {
    close_range(3, ~0u, 0);
    uint32_t number;
    return mp_queue_get(argument, &number, sizeof number, PATIENCE_MS) != sizeof number ||
           mp_queue_put(argument, "a", 1, PATIENCE_MS) != -EBADF;
}

static void closed_descriptors_harm_nobody_else(void **state) {
    (void)state;
    mp_queue *queue = create(MP_QUEUE_POLLABLE);
    uint32_t number = 1;
    assert_int_equal(mp_queue_put(queue, &number, sizeof number, 0), 0);
    assert_int_equal(finish(start(put_without_descriptors, queue)), 0);
    assert_int_equal(mp_queue_get(queue, received, sizeof received, 0), -EAGAIN);
    assert_int_equal(is_readable(queue), 0);
    assert_int_equal(mp_queue_put(queue, "b", 1, 0), 0);
    assert_int_equal(is_readable(queue), 1);
    assert_int_equal(mp_queue_get(queue, received, sizeof received, 0), 1);
    mp_queue_free(queue);
}

/* ---- Death in the middle of a copy: the memory behind half of the message cannot be touched. ---- */

/* What happens at the bad memory: the process dies, or stays there for ever. */
typedef struct {
    mp_queue *queue;
    int stay;
} Victim;

static void stay(int signal_number) {
    (void)signal_number;
    for (;;) {
        pause();
    }
}

static void *half_good_memory(const Victim *victim) {
    long page = sysconf(_SC_PAGESIZE);
    size_t size = (size_t)page * 4;
    unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + page, size - (size_t)page, PROT_NONE) != 0) return NULL;
    signal(SIGSEGV, victim->stay ? stay : SIG_DFL);
    return memory + page - SOME_LENGTH % page;
}

static int die_putting(void *argument) {
    const Victim *victim = argument;
    void *memory = half_good_memory(victim);
    return memory == NULL || mp_queue_put(victim->queue, memory, SOME_LENGTH, -1) != 0;
}

static int die_getting(void *argument) {
    const Victim *victim = argument;
    void *memory = half_good_memory(victim);
    return memory == NULL || mp_queue_get(victim->queue, memory, SOME_LENGTH, -1) != SOME_LENGTH;
}

static void death_in_a_put_harms_nobody(void **state) {
    (void)state;
    Victim victim = {create(MP_QUEUE_POLLABLE), 0};
    for (uint64_t i = 0; i < 20; i++) {
        fill_sent(i);
        assert_int_equal(mp_queue_put(victim.queue, sent, 5000, 0), 0);
        assert_int_equal(finish(start(die_putting, &victim)), -SIGSEGV);
        assert_int_equal(mp_queue_put(victim.queue, sent + 1, 6000, 0), 0);
        assert_int_equal(mp_queue_count(victim.queue), 2);
        assert_int_equal(mp_queue_get(victim.queue, received, sizeof received, 0), 5000);
        assert_memory_equal(received, sent, 5000);
        assert_int_equal(mp_queue_get(victim.queue, received, sizeof received, 0), 6000);
        assert_memory_equal(received, sent + 1, 6000);
        assert_int_equal(mp_queue_get(victim.queue, received, sizeof received, 0), -EAGAIN);
    }
    mp_queue_free(victim.queue);
}

static void death_in_a_get_gives_the_message_back(void **state) {
    (void)state;
    Victim victim = {create(0), 0};
    for (uint64_t i = 0; i < 20; i++) {
        fill_sent(i);
        assert_int_equal(mp_queue_put(victim.queue, sent, SOME_LENGTH, 0), 0);
        assert_int_equal(finish(start(die_getting, &victim)), -SIGSEGV);
        assert_int_equal(mp_queue_count(victim.queue), 1);
        assert_int_equal(mp_queue_get(victim.queue, received, sizeof received, 0), SOME_LENGTH);
        assert_memory_equal(received, sent, SOME_LENGTH);
    }
    mp_queue_free(victim.queue);
}

/* Waits until a victim stays inside a put or get: then the others do not get in. */
static void await_stuck(mp_queue *queue, int getting) {
    int result;
    do {
        result = getting ? (int)mp_queue_next_length(queue, 0) : mp_queue_put(queue, "", 0, 0);
    } while (result >= 0);
    assert_int_equal(result, -EAGAIN);
}

static void stuck_put_is_outlived(void **state) {
    (void)state;
    Victim victim = {create(0), 1};
    mp_process *process = start(die_putting, &victim);
    await_stuck(victim.queue, 0);
    assert_int_equal(mp_queue_put(victim.queue, "x", 1, 30), -ETIMEDOUT);
    mp_queue_drain(victim.queue);
    mp_process *waiting = start(put_numbers, victim.queue);
    sleep_us(20000);
    mp_process_kill(process);
    assert_int_equal(finish(process), -SIGKILL);
    uint32_t number;
    for (uint32_t i = 0; i < 20000; i++) {
        assert_int_equal(mp_queue_get(victim.queue, &number, sizeof number, PATIENCE_MS), sizeof number);
        assert_int_equal(number, i);
    }
    assert_int_equal(finish(waiting), 0);
    mp_queue_free(victim.queue);
}

static void stuck_get_is_outlived(void **state) {
    (void)state;
    Victim victim = {create(0), 1};
    assert_int_equal(mp_queue_put(victim.queue, sent, SOME_LENGTH, 0), 0);
    mp_process *process = start(die_getting, &victim);
    await_stuck(victim.queue, 1);
    assert_int_equal(mp_queue_get(victim.queue, received, sizeof received, 30), -ETIMEDOUT);
    mp_process_kill(process);
    assert_int_equal(finish(process), -SIGKILL);
    assert_int_equal(mp_queue_get(victim.queue, received, sizeof received, PATIENCE_MS), SOME_LENGTH);
    mp_queue_free(victim.queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(any_length_passes),
        CONTAINED_TEST(order_is_kept_between_short_and_long),
        CONTAINED_TEST(full_and_empty_give_up_in_time),
        CONTAINED_TEST(long_messages_are_bounded_too),
        CONTAINED_TEST(short_buffer_leaves_the_message),
        CONTAINED_TEST(closing_delivers_what_is_left),
        CONTAINED_TEST(closing_wakes_those_who_wait),
        CONTAINED_TEST(wrong_arguments_are_refused),
        CONTAINED_TEST(descriptor_follows_the_messages),
        CONTAINED_TEST(polling_misses_nothing),
        CONTAINED_TEST(closed_descriptors_harm_nobody_else),
        CONTAINED_TEST(death_in_a_put_harms_nobody),
        CONTAINED_TEST(death_in_a_get_gives_the_message_back),
        CONTAINED_TEST(stuck_put_is_outlived),
        CONTAINED_TEST(stuck_get_is_outlived),
    };
    return cmocka_run_group_tests_name("mp queue", tests, NULL, NULL);
}
