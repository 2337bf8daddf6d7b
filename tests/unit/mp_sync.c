/* Tests of lock, semaphore, event, barrier, value and array, with the deaths of those who hold them. */
#include "mp_testing.h"

#include <signal.h>
#include <stdbool.h>

enum {
    LOCK_ROUNDS = 200, /* kills of lock holders */
    UNIT_ROUNDS = 100, /* kills of holders of semaphore units */
};

/* ---- Lock ---- */

/* Two numbers that are equal whenever the lock is free. */
typedef struct {
    mp_value *value; /* an array of two int64, as bytes */
    mp_event *go_on; /* set when everybody may end */
    mp_lock *lock;
} Pair;

static volatile int64_t *numbers_of(const Pair *pair) {
    return (volatile int64_t *)(void *)mp_value_bytes(pair->value);
}

static Pair create_pair(void) {
    Pair pair;
    assert_int_equal(mp_value_create(&pair.value, MP_BYTES, 2 * sizeof(int64_t)), 0);
    assert_int_equal(mp_event_create(&pair.go_on), 0);
    assert_int_equal(mp_lock_create(&pair.lock), 0);
    return pair;
}

static void free_pair(Pair *pair) {
    mp_value_free(pair->value);
    mp_event_free(pair->go_on);
    mp_lock_free(pair->lock);
}

/* Counts both numbers up until it is time to end; repairs what a dead owner left. */
static int count_up(void *argument) {
    const Pair *pair = argument;
    volatile int64_t *number = numbers_of(pair);
    while (!mp_event_is_set(pair->go_on)) {
        int result = mp_lock_acquire(pair->lock, PATIENCE_MS);
        if (result < 0) return 1;
        if (result == MP_OWNER_DIED) number[1] = number[0];
        if (number[0] != number[1]) return 2;
        number[0]++;
        number[1]++;
        if (mp_lock_release(pair->lock) != 0) return 3;
    }
    return 0;
}

static void lock_survives_its_holders(void **state) {
    (void)state;
    uint64_t chance = choose_seed();
    Pair pair = create_pair();
    for (int round = 0; round < LOCK_ROUNDS; round++) {
        mp_process *victim = start(count_up, &pair), *survivor = start(count_up, &pair);
        sleep_us(random_below(&chance, 3000));
        mp_process_kill(victim);
        assert_int_equal(finish(victim), -SIGKILL);
        int result = mp_lock_acquire(pair.lock, PATIENCE_MS);
        assert_true(result == 0 || result == MP_OWNER_DIED);
        if (result == MP_OWNER_DIED) numbers_of(&pair)[1] = numbers_of(&pair)[0];
        assert_int_equal(numbers_of(&pair)[0], numbers_of(&pair)[1]);
        assert_int_equal(mp_lock_release(pair.lock), 0);
        mp_event_set(pair.go_on);
        assert_int_equal(finish(survivor), 0);
        mp_event_clear(pair.go_on);
    }
    free_pair(&pair);
}

static int acquire_and_die(void *argument) {
    const Pair *pair = argument;
    if (mp_lock_acquire(pair->lock, PATIENCE_MS) < 0) return 1;
    raise(SIGKILL);
    return 0;
}

static void death_of_the_owner_is_reported_once(void **state) {
    (void)state;
    Pair pair = create_pair();
    assert_int_equal(finish(start(acquire_and_die, &pair)), -SIGKILL);
    assert_int_equal(mp_lock_acquire(pair.lock, 0), MP_OWNER_DIED);
    assert_int_equal(mp_lock_acquire(pair.lock, 0), -EDEADLK);
    assert_int_equal(mp_lock_release(pair.lock), 0);
    assert_int_equal(mp_lock_acquire(pair.lock, 0), 0);
    assert_int_equal(mp_lock_release(pair.lock), 0);
    assert_int_equal(mp_lock_release(pair.lock), -EPERM);
    free_pair(&pair);
    mp_lock_free(NULL);
}

static int try_lock(void *argument) {
    const Pair *pair = argument;
    if (mp_lock_acquire(pair->lock, 0) != -EAGAIN) return 1;
    int64_t before = now_ms();
    if (mp_lock_acquire(pair->lock, 40) != -ETIMEDOUT) return 2;
    if (now_ms() - before < 39) return 3;
    return mp_lock_release(pair->lock) == -EPERM ? 0 : 4;
}

static void held_lock_is_waited_for_in_time(void **state) {
    (void)state;
    Pair pair = create_pair();
    assert_int_equal(mp_lock_acquire(pair.lock, -1), 0);
    assert_int_equal(finish(start(try_lock, &pair)), 0);
    assert_int_equal(mp_lock_release(pair.lock), 0);
    free_pair(&pair);
}

/* ---- Semaphore ---- */

static int take_units_and_wait(void *argument) {
    mp_semaphore *semaphore = argument;
    if (mp_semaphore_acquire(semaphore, PATIENCE_MS) < 0 || mp_semaphore_acquire(semaphore, PATIENCE_MS) < 0) return 1;
    for (;;) {
        pause();
    }
}

static int take_unit(void *argument) {
    int result = mp_semaphore_acquire(argument, PATIENCE_MS);
    return result < 0 ? 100 : result;
}

static void units_are_counted(void **state) {
    (void)state;
    mp_semaphore *semaphore;
    assert_int_equal(mp_semaphore_create(&semaphore, 0), -EINVAL);
    assert_int_equal(mp_semaphore_create(&semaphore, 1u << 20), -EINVAL);
    assert_int_equal(mp_semaphore_create(&semaphore, 2), 0);
    assert_int_equal(mp_semaphore_release(semaphore), -EPERM);
    assert_int_equal(mp_semaphore_acquire(semaphore, 0), 0);
    assert_int_equal(mp_semaphore_acquire(semaphore, -1), 0);
    assert_int_equal(mp_semaphore_free_units(semaphore), 0);
    assert_int_equal(mp_semaphore_acquire(semaphore, 0), -EAGAIN);
    int64_t before = now_ms();
    assert_int_equal(mp_semaphore_acquire(semaphore, 40), -ETIMEDOUT);
    assert_in_range(now_ms() - before, 39, 5000);
    assert_int_equal(mp_semaphore_release(semaphore), 0);
    assert_int_equal(mp_semaphore_acquire(semaphore, 0), 0);
    assert_int_equal(mp_semaphore_release(semaphore), 0);
    assert_int_equal(mp_semaphore_release(semaphore), 0);
    assert_int_equal(mp_semaphore_free_units(semaphore), 2);
    mp_semaphore_free(semaphore);
    mp_semaphore_free(NULL);
}

static void units_of_the_dead_come_back(void **state) {
    (void)state;
    mp_semaphore *semaphore;
    assert_int_equal(mp_semaphore_create(&semaphore, 2), 0);
    mp_process *holder = start(take_units_and_wait, semaphore);
    while (mp_semaphore_free_units(semaphore) > 0) {
        sleep_us(1000);
    }
    assert_int_equal(mp_semaphore_acquire(semaphore, 0), -EAGAIN);
    mp_process *waiting = start(take_unit, semaphore);
    sleep_us(10000);
    mp_process_kill(holder);
    /* The child that waits got both back, and one of them is left; it may also have been killed only after we looked.
     */
    assert_int_equal(finish(waiting), MP_OWNER_DIED);
    assert_int_equal(mp_semaphore_acquire(semaphore, 0), 0);
    /* The unit of the child that has ended without releasing it. */
    assert_int_equal(mp_semaphore_acquire(semaphore, 0), MP_OWNER_DIED);
    assert_int_equal(finish(holder), -SIGKILL);
    mp_semaphore_free(semaphore);
}

static int take_and_release(void *argument) {
    for (;;) {
        if (mp_semaphore_acquire(argument, PATIENCE_MS) < 0) return 1;
        if (mp_semaphore_release(argument) != 0) return 2;
    }
}

static void semaphore_survives_its_holders(void **state) {
    (void)state;
    uint64_t chance = choose_seed();
    mp_semaphore *semaphore;
    assert_int_equal(mp_semaphore_create(&semaphore, 2), 0);
    for (int round = 0; round < UNIT_ROUNDS; round++) {
        mp_process *process[3];
        for (int i = 0; i < 3; i++) {
            process[i] = start(take_and_release, semaphore);
        }
        sleep_us(random_below(&chance, 3000));
        for (int i = 0; i < 3; i++) {
            mp_process_kill(process[i]);
            assert_int_equal(finish(process[i]), -SIGKILL);
        }
        /* Nothing is lost: both units can be had. */
        assert_in_range(mp_semaphore_acquire(semaphore, PATIENCE_MS), 0, MP_OWNER_DIED);
        assert_in_range(mp_semaphore_acquire(semaphore, PATIENCE_MS), 0, MP_OWNER_DIED);
        assert_int_equal(mp_semaphore_acquire(semaphore, 0), -EAGAIN);
        assert_int_equal(mp_semaphore_release(semaphore), 0);
        assert_int_equal(mp_semaphore_release(semaphore), 0);
    }
    mp_semaphore_free(semaphore);
}

/* ---- Event ---- */

static int wait_for_event(void *argument) {
    return mp_event_wait(argument, PATIENCE_MS) != 0;
}

static void event_lets_everybody_go(void **state) {
    (void)state;
    mp_event *event;
    assert_int_equal(mp_event_create(&event), 0);
    assert_int_equal(mp_event_wait(event, 0), -EAGAIN);
    assert_int_equal(mp_event_wait(event, 20), -ETIMEDOUT);
    mp_process *process[3];
    for (int i = 0; i < 3; i++) {
        process[i] = start(wait_for_event, event);
    }
    sleep_us(20000);
    mp_event_set(event);
    mp_event_set(event);
    assert_int_equal(mp_event_is_set(event), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(finish(process[i]), 0);
    }
    assert_int_equal(mp_event_wait(event, 0), 0);
    mp_event_clear(event);
    assert_int_equal(mp_event_is_set(event), 0);
    assert_int_equal(mp_event_wait(event, 0), -EAGAIN);
    mp_event_free(event);
    mp_event_free(NULL);
}

static void short_event_is_not_missed(void **state) {
    (void)state;
    mp_event *event;
    assert_int_equal(mp_event_create(&event), 0);
    mp_process *process = start(wait_for_event, event);
    while (mp_process_alive(process)) {
        sleep_us(5000);
        mp_event_set(event);
        mp_event_clear(event);
    }
    assert_int_equal(finish(process), 0);
    mp_event_free(event);
}

/* ---- Barrier ---- */

enum {
    PARTIES = 3,
    BARRIER_ROUNDS = 500,
};

typedef struct {
    mp_barrier *barrier;
    mp_array *turn; /* int64 per party: rounds that it has begun */
    int number;     /* of the party */
} Party;

/* After each barrier, all parties have to be in this round or already on their way to the next one. */
static int go_through_rounds(void *argument) {
    const Party *party = argument;
    for (int64_t round = 1; round <= BARRIER_ROUNDS; round++) {
        mp_store_int64(mp_array_int64(party->turn, (size_t)party->number), round);
        int result = mp_barrier_wait(party->barrier, PATIENCE_MS);
        if (result < 0) return 1;
        for (size_t i = 0; i < PARTIES; i++) {
            int64_t other = mp_load_int64(mp_array_int64(party->turn, i));
            if (other < round || other > round + 1) return 2;
        }
    }
    return 0;
}

static void parties_stay_together(void **state) {
    (void)state;
    Party party[PARTIES];
    mp_process *process[PARTIES];
    mp_barrier *barrier;
    mp_array *turn;
    assert_int_equal(mp_barrier_create(&barrier, 0), -EINVAL);
    assert_int_equal(mp_barrier_create(&barrier, PARTIES), 0);
    assert_int_equal(mp_array_create(&turn, MP_INT64, PARTIES), 0);
    for (int i = 0; i < PARTIES; i++) {
        party[i] = (Party){barrier, turn, i};
        process[i] = start(go_through_rounds, &party[i]);
    }
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(finish(process[i]), 0);
    }
    mp_array_free(turn);
    mp_barrier_free(barrier);
    mp_barrier_free(NULL);
}

/* Exit code: minus what the wait returned. */
static int wait_at_barrier(void *argument) {
    return -mp_barrier_wait(argument, PATIENCE_MS);
}

static int sleep_long(void *argument) {
    (void)argument;
    sleep_us(60 * UINT64_C(1000000));
    return 0;
}

static void death_breaks_the_barrier(void **state) {
    (void)state;
    mp_barrier *barrier;
    assert_int_equal(mp_barrier_create(&barrier, PARTIES), 0);
    /* One that waits, and one that never comes. */
    mp_process *waiting = start(wait_at_barrier, barrier), *absent = start(sleep_long, NULL);
    assert_int_equal(mp_barrier_expect(barrier, mp_process_id(absent)), 0);
    assert_int_equal(mp_barrier_expect(barrier, mp_process_id(absent)), 0);
    sleep_us(10000);
    mp_process_kill(absent);
    assert_int_equal(finish(waiting), EOWNERDEAD);
    assert_int_equal(mp_barrier_wait(barrier, -1), -EOWNERDEAD);
    assert_int_equal(finish(absent), -SIGKILL);

    /* One that has come already, and a reset. */
    assert_int_equal(mp_barrier_reset(barrier), 0);
    mp_process *comer = start(wait_at_barrier, barrier);
    assert_int_equal(mp_barrier_expect(barrier, mp_process_id(comer)), 0); /* it may be slow to come */
    waiting = start(wait_at_barrier, barrier);
    sleep_us(10000);
    mp_process_kill(comer);
    assert_int_equal(finish(comer), -SIGKILL);
    assert_int_equal(finish(waiting), EOWNERDEAD);
    mp_barrier_free(barrier);
}

static void timeout_breaks_the_barrier(void **state) {
    (void)state;
    mp_barrier *barrier;
    assert_int_equal(mp_barrier_create(&barrier, PARTIES), 0);
    mp_process *waiting = start(wait_at_barrier, barrier);
    assert_int_equal(mp_barrier_wait(barrier, 0), -EAGAIN);
    assert_int_equal(mp_barrier_wait(barrier, 60), -ETIMEDOUT);
    assert_int_equal(finish(waiting), ECANCELED);
    assert_int_equal(mp_barrier_wait(barrier, -1), -ECANCELED);
    assert_int_equal(mp_barrier_reset(barrier), 0);
    waiting = start(wait_at_barrier, barrier);
    mp_process *second = start(wait_at_barrier, barrier);
    int result;
    while ((result = mp_barrier_wait(barrier, 0)) == -EAGAIN) {
        sleep_us(1000);
    }
    assert_int_equal(result, 1);
    assert_int_equal(finish(waiting), 0);
    assert_int_equal(finish(second), 0);
    assert_int_equal(mp_barrier_expect(barrier, getpid()), 0);
    mp_barrier_free(barrier);
}

/* ---- Value and Array ---- */

enum {
    ADDITIONS = 20000,
};

static int add_to_all(void *argument) {
    mp_array **array = argument;
    for (int i = 0; i < ADDITIONS; i++) {
        mp_add_int64(mp_array_int64(array[0], 1), -1);
        mp_add_uint64(mp_array_uint64(array[1], 2), 3);
        mp_add_double(mp_array_double(array[2], 0), 0.5);
        if (mp_array_lock(array[3], PATIENCE_MS) != 0) return 1;
        unsigned char *bytes = mp_array_bytes(array[3], 0);
        if (++bytes[1] == 0) bytes[0]++;
        if (mp_array_unlock(array[3]) != 0) return 2;
    }
    return 0;
}

static void additions_are_atomic(void **state) {
    (void)state;
    mp_array *array[4];
    for (int type = MP_INT64; type <= MP_BYTES; type++) {
        assert_int_equal(mp_array_create(&array[type], (mp_type)type, 3), 0);
    }
    mp_process *process[2] = {start(add_to_all, array), start(add_to_all, array)};
    assert_int_equal(finish(process[0]), 0);
    assert_int_equal(finish(process[1]), 0);
    assert_int_equal(mp_load_int64(mp_array_int64(array[0], 1)), -2 * ADDITIONS);
    assert_int_equal(mp_load_uint64(mp_array_uint64(array[1], 2)), 6 * ADDITIONS);
    assert_true(mp_load_double(mp_array_double(array[2], 0)) == ADDITIONS);
    unsigned char *bytes = mp_array_bytes(array[3], 0);
    assert_int_equal(bytes[0] * 256 + bytes[1], 2 * ADDITIONS % 65536);
    for (int type = MP_INT64; type <= MP_BYTES; type++) {
        mp_array_free(array[type]);
    }
}

static void wrong_type_or_index_gives_null(void **state) {
    (void)state;
    mp_array *array;
    mp_value *value;
    assert_int_equal(mp_array_create(&array, MP_DOUBLE, 0), -EINVAL);
    assert_int_equal(mp_array_create(&array, (mp_type)9, 1), -EINVAL);
    assert_int_equal(mp_array_create(&array, MP_DOUBLE, SIZE_MAX / 2), -EOVERFLOW);
    assert_int_equal(mp_array_create(&array, MP_DOUBLE, 5), 0);
    assert_int_equal(mp_array_count(array), 5);
    assert_ptr_equal(mp_array_double(array, 4), mp_array_double(array, 0) + 4);
    assert_null(mp_array_double(array, 5));
    assert_null(mp_array_int64(array, 0));
    assert_null(mp_array_bytes(array, 0));
    mp_array_free(array);
    mp_array_free(NULL);

    assert_int_equal(mp_value_create(&value, MP_INT64, 8), -EINVAL);
    assert_int_equal(mp_value_create(&value, MP_INT64, 1), 0);
    assert_null(mp_value_uint64(value));
    assert_null(mp_value_double(value));
    int64_t expected = 5;
    mp_store_int64(mp_value_int64(value), 6);
    assert_int_equal(mp_compare_exchange_int64(mp_value_int64(value), &expected, 7), 0);
    assert_int_equal(expected, 6);
    assert_int_equal(mp_compare_exchange_int64(mp_value_int64(value), &expected, 7), 1);
    assert_int_equal(mp_load_int64(mp_value_int64(value)), 7);
    assert_int_equal(mp_value_lock(value, 0), 0);
    assert_int_equal(mp_value_unlock(value), 0);
    mp_value_free(value);
    mp_value_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(lock_survives_its_holders),       CONTAINED_TEST(death_of_the_owner_is_reported_once),
        CONTAINED_TEST(held_lock_is_waited_for_in_time), CONTAINED_TEST(units_are_counted),
        CONTAINED_TEST(units_of_the_dead_come_back),     CONTAINED_TEST(semaphore_survives_its_holders),
        CONTAINED_TEST(event_lets_everybody_go),         CONTAINED_TEST(short_event_is_not_missed),
        CONTAINED_TEST(parties_stay_together),           CONTAINED_TEST(death_breaks_the_barrier),
        CONTAINED_TEST(timeout_breaks_the_barrier),      CONTAINED_TEST(additions_are_atomic),
        CONTAINED_TEST(wrong_type_or_index_gives_null),
    };
    return cmocka_run_group_tests_name("mp sync", tests, NULL, NULL);
}
