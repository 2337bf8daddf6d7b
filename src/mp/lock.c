/* lock.c - the lock for users: it may be held for long and together with others, so it is a robust mutex of the C
 * library, which the kernel marks when its owner dies. */
#include "mp/futex.h"
#include "mp/memory.h"
#include "mp/mp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)

struct mp_lock {
    pthread_mutex_t *mutex; /* in shared memory; any thread that owns it may write it */
};

/* Prepares a mutex that is robust, shared between processes, and tells its owner when it locks it twice. */
static int prepare_mutex(pthread_mutex_t *mutex) {
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error != 0) return -error;
    error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (error == 0) error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (error == 0) error = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    if (error == 0) error = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return -error;
}

int mp_lock_create(mp_lock **lock) {
    mp_lock *created = malloc(sizeof *created);
    if (created == NULL) return -ENOMEM;
    void *memory;
    int error = mp_memory_map(&memory, sizeof *created->mutex);
    if (error == 0) {
        created->mutex = memory;
        error = prepare_mutex(created->mutex);
        if (error == 0) {
            *lock = created;
            return 0;
        }
        mp_memory_unmap(memory, sizeof *created->mutex);
    }
    free(created);
    return error;
}

/* Tries to get the mutex for one slice of the time. Slices, because the one that a release woke may be killed before it
 * takes the mutex, while a third one comes and goes: then nobody wakes the next sleeper. */
static int acquire_in_slice(pthread_mutex_t *mutex, Deadline *deadline) {
    int64_t slice = mp_deadline_next_slice(deadline);
    if (slice == 0) return ETIMEDOUT;
    int64_t end = mp_now() + slice;
    struct timespec until = {.tv_sec = end / NANOSECONDS_PER_SECOND, .tv_nsec = end % NANOSECONDS_PER_SECOND};
    int error = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
    return error == ETIMEDOUT ? EBUSY : error;
}

int mp_lock_acquire(mp_lock *lock, int timeout_ms) {
    Deadline deadline = mp_deadline(timeout_ms);
    int error = pthread_mutex_trylock(lock->mutex);
    while (error == EBUSY) {
        error = acquire_in_slice(lock->mutex, &deadline);
    }
    if (error == ETIMEDOUT && timeout_ms == 0) return -EAGAIN;
    if (error != EOWNERDEAD) return -error;
    error = pthread_mutex_consistent(lock->mutex);
    return error == 0 ? MP_OWNER_DIED : -error;
}

int mp_lock_release(mp_lock *lock) {
    return -pthread_mutex_unlock(lock->mutex);
}

void mp_lock_free(mp_lock *lock) {
    if (lock == NULL) return;
    mp_memory_unmap(lock->mutex, sizeof *lock->mutex);
    free(lock);
}
