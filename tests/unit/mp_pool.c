/* Tests of the pool: order, errors, replacement of workers, and kill -9 of workers. */
#include "mp_testing.h"

#include <signal.h>
#include <stdbool.h>

enum {
    ITEMS = 1000,
    KILLS = 100,           /* of workers at random moments */
    LONG_RESULT = 3 << 20, /* bytes; more than the queue of the results */
};

/* The function of most pools here. What an item says is what happens to it. */
static int work(mp_pool_task *task, const void *item, size_t length, void *argument) {
    int64_t number;
    (void)argument;
    if (length == 0) return 0;
    if (length == 4 && memcmp(item, "fail", 4) == 0) return mp_pool_error(task, "no luck with %d", 7);
    if (length == 4 && memcmp(item, "mute", 4) == 0) return 42;
    if (length == 4 && memcmp(item, "kill", 4) == 0) raise(SIGKILL);
    if (length == 4 && memcmp(item, "exit", 4) == 0) _exit(3);
    if (length == 5 && memcmp(item, "sleep", 5) == 0) sleep_us(60 * UINT64_C(1000000));
    if (length != sizeof number) return mp_pool_return(task, item, length);
    memcpy(&number, item, sizeof number);
    number *= number;
    return mp_pool_return(task, &number, sizeof number);
}

static mp_pool *create(mp_pool_options options) {
    mp_pool *pool;
    assert_int_equal(mp_pool_create(&pool, &options, work, NULL), 0);
    return pool;
}

static int64_t numbers[ITEMS];
static mp_bytes items[ITEMS];
static mp_pool_result results[ITEMS];

static void fill_items(void) {
    for (int64_t i = 0; i < ITEMS; i++) {
        numbers[i] = i;
        items[i] = (mp_bytes){&numbers[i], sizeof numbers[i]};
    }
}

static void check_square(const mp_pool_result *result) {
    int64_t square;
    assert_int_equal(result->status, 0);
    assert_int_equal(result->length, sizeof square);
    memcpy(&square, result->data, sizeof square);
    assert_int_equal(square, (int64_t)(result->index * result->index));
}

static void check_and_free_squares(void) {
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(results[i].index, i);
        check_square(&results[i]);
        mp_pool_result_free(&results[i]);
    }
}

static void map_keeps_the_order(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 3});
    fill_items();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mp_pool_map(pool, items, ITEMS, results), 0);
        check_and_free_squares();
    }
    assert_int_equal(mp_pool_map(pool, NULL, 0, NULL), 0);
    assert_int_equal(mp_pool_join(pool, 0), -EBUSY);
    assert_int_equal(mp_pool_close(pool), 0);
    assert_int_equal(mp_pool_join(pool, PATIENCE_MS), 0);
    assert_int_equal(mp_pool_map(pool, items, ITEMS, results), -EPIPE);
    mp_pool_free(pool);
    mp_pool_free(NULL);
}

static void defaults_do(void **state) {
    (void)state;
    mp_pool *pool;
    mp_pool_options too_many = {.workers = 1u << 20};
    assert_int_equal(mp_pool_create(&pool, &too_many, work, NULL), -EINVAL);
    assert_int_equal(mp_pool_create(&pool, NULL, work, NULL), 0);
    fill_items();
    assert_int_equal(mp_pool_map(pool, items, 10, results), 0);
    for (int i = 0; i < 10; i++) {
        mp_pool_result_free(&results[i]);
    }
    mp_pool_free(pool);
}

static void error_of_an_item_is_told(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 2, .retries = 2});
    mp_bytes mixed[] = {{"text", 4}, {"fail", 4}, {"mute", 4}, {"kill", 4}, {"exit", 4}, {NULL, 0}, {"more", 4}};
    assert_int_equal(mp_pool_map(pool, mixed, 7, results), 4);
    assert_int_equal(results[0].status, 0);
    assert_memory_equal(results[0].data, "text", 4);
    assert_int_equal(results[1].status, 1);
    assert_string_equal(results[1].data, "no luck with 7");
    assert_int_equal(results[2].status, 42);
    assert_string_equal(results[2].data, "the function of the pool returned 42");
    assert_int_equal(results[3].status, -EOWNERDEAD);
    assert_non_null(strstr(results[3].data, "killed by signal 9"));
    assert_non_null(strstr(results[3].data, "attempts: 3"));
    assert_int_equal(results[4].status, -EOWNERDEAD);
    assert_non_null(strstr(results[4].data, "exit status 3"));
    assert_int_equal(results[5].status, 0);
    assert_int_equal(results[5].length, 0);
    assert_memory_equal(results[6].data, "more", 4);
    for (int i = 0; i < 7; i++) {
        mp_pool_result_free(&results[i]);
    }
    mp_pool_free(pool);
}

/* A source of the numbers below a limit. */
typedef struct {
    int64_t next;  /* the next number to hand out */
    int64_t limit; /* the first one that is not */
} Counter;

static int next_number(void *context, mp_bytes *item) {
    Counter *counter = context;
    static int64_t number;
    if (counter->next == counter->limit) return 0;
    if (counter->next > counter->limit) return -EIO;
    number = counter->next++;
    *item = (mp_bytes){&number, sizeof number};
    return 1;
}

static void imap_comes_in_order_or_not(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 2});
    for (unsigned flags = 0; flags <= MP_POOL_UNORDERED; flags++) {
        Counter counter = {0, ITEMS};
        bool seen[ITEMS] = {false};
        mp_pool_result result;
        assert_int_equal(mp_pool_imap(pool, next_number, &counter, flags), 0);
        assert_int_equal(mp_pool_imap(pool, next_number, &counter, flags), -EBUSY);
        assert_int_equal(mp_pool_close(pool), -EBUSY);
        for (size_t i = 0; i < ITEMS; i++) {
            assert_int_equal(mp_pool_next(pool, &result, PATIENCE_MS), 1);
            if (flags == 0) assert_int_equal(result.index, i);
            assert_false(seen[result.index]);
            seen[result.index] = true;
            check_square(&result);
            mp_pool_result_free(&result);
        }
        assert_int_equal(mp_pool_next(pool, &result, 0), 0);
        assert_int_equal(mp_pool_next(pool, &result, 0), 0);
    }
    mp_pool_free(pool);
}

static void source_may_fail(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 2});
    Counter counter = {1, 0};
    mp_pool_result result;
    assert_int_equal(mp_pool_imap(pool, next_number, &counter, 1u << 20), -EINVAL);
    assert_int_equal(mp_pool_imap(pool, next_number, &counter, 0), 0);
    assert_int_equal(mp_pool_next(pool, &result, -1), -EIO);
    fill_items();
    assert_int_equal(mp_pool_map(pool, items, ITEMS, results), 0);
    check_and_free_squares();
    mp_pool_free(pool);
}

static void workers_are_replaced_in_time(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 2, .tasks_per_worker = 7});
    pid_t first = mp_pool_worker_id(pool, 0);
    assert_true(first > 0);
    assert_int_equal(mp_pool_worker_id(pool, 2), -ESRCH);
    fill_items();
    assert_int_equal(mp_pool_map(pool, items, ITEMS, results), 0);
    check_and_free_squares();
    assert_int_not_equal(mp_pool_worker_id(pool, 0), first);
    mp_pool_free(pool);
}

static void long_items_and_results_pass(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 2});
    unsigned char *bytes = malloc(LONG_RESULT);
    assert_non_null(bytes);
    for (size_t i = 0; i < LONG_RESULT; i++) {
        bytes[i] = (unsigned char)(i * 7 + i / 255);
    }
    mp_bytes many[12];
    for (size_t i = 0; i < 12; i++) {
        many[i] = (mp_bytes){bytes, LONG_RESULT - i};
    }
    assert_int_equal(mp_pool_map(pool, many, 12, results), 0);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(results[i].length, LONG_RESULT - i);
        assert_memory_equal(results[i].data, bytes, LONG_RESULT - i);
        mp_pool_result_free(&results[i]);
    }
    free(bytes);
    mp_pool_free(pool);
}

/* A source of one item that takes longer than anybody waits. */
static int next_sleep(void *context, mp_bytes *item) {
    int *left = context;
    if (*left == 0) return 0;
    --*left;
    *item = (mp_bytes){"sleep", 5};
    return 1;
}

static void terminate_ends_everything(void **state) {
    (void)state;
    mp_pool *pool = create((mp_pool_options){.workers = 2});
    mp_pool_result result;
    int left = 20;
    assert_int_equal(mp_pool_imap(pool, next_sleep, &left, 0), 0);
    assert_int_equal(mp_pool_next(pool, &result, 0), -EAGAIN);
    assert_int_equal(mp_pool_next(pool, &result, 30), -ETIMEDOUT);
    assert_int_equal(mp_pool_terminate(pool), 0);
    assert_int_equal(mp_pool_join(pool, PATIENCE_MS), 0);
    assert_int_equal(mp_pool_next(pool, &result, -1), 0);
    assert_int_equal(mp_pool_worker_id(pool, 0), -ESRCH);
    mp_pool_free(pool);
}

/* Kills workers while they work, and before they do: every result is there all the same. */
static void kills_lose_no_result(void **state) {
    (void)state;
    uint64_t chance = choose_seed();
    mp_pool *pool = create((mp_pool_options){.workers = 3, .retries = 1000});
    int kills = 0;
    while (kills < KILLS) {
        Counter counter = {0, ITEMS};
        mp_pool_result result;
        assert_int_equal(mp_pool_imap(pool, next_number, &counter, 0), 0);
        for (size_t i = 0; i < ITEMS; i++) {
            if (random_below(&chance, 100) == 0) {
                pid_t worker = mp_pool_worker_id(pool, (unsigned)random_below(&chance, 3));
                if (worker > 0) kills += kill(worker, SIGKILL) == 0;
            }
            assert_int_equal(mp_pool_next(pool, &result, PATIENCE_MS), 1);
            assert_int_equal(result.index, i);
            check_square(&result);
            mp_pool_result_free(&result);
        }
        assert_int_equal(mp_pool_next(pool, &result, PATIENCE_MS), 0);
    }
    mp_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(map_keeps_the_order),
        CONTAINED_TEST(defaults_do),
        CONTAINED_TEST(error_of_an_item_is_told),
        CONTAINED_TEST(imap_comes_in_order_or_not),
        CONTAINED_TEST(source_may_fail),
        CONTAINED_TEST(workers_are_replaced_in_time),
        CONTAINED_TEST(long_items_and_results_pass),
        CONTAINED_TEST(terminate_ends_everything),
        CONTAINED_TEST(kills_lose_no_result),
    };
    return cmocka_run_group_tests_name("mp pool", tests, NULL, NULL);
}
