#include "mp/robust.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    LOCK_SPINS = 100, /* looks at a held lock before sleeping; its holder is only copying a message */
};

_Thread_local RobustThread mp_robust_thread;

static pthread_once_t forget_once = PTHREAD_ONCE_INIT;
static int forget_error; /* what pthread_atfork said, a positive errno value */

static void forget_thread(void) {
    mp_robust_thread = (RobustThread){0};
}

static void forget_in_children(void) {
    forget_error = pthread_atfork(NULL, NULL, forget_thread);
}

int mp_robust_prepare(void) {
    pthread_once(&forget_once, forget_in_children);
    if (forget_error != 0) return -ENOSYS;
    struct robust_list_head *list = NULL;
    size_t size = 0;
    if (syscall(SYS_get_robust_list, 0, &list, &size) != 0 || list == NULL || size != sizeof *list) return -ENOSYS;
    mp_robust_thread = (RobustThread){.id = (uint32_t)gettid(), .list = list};
    return 0;
}

/* Takes the lock if it is free or its holder has died. Those who have slept take it together with the mark for
 * sleepers, since they cannot know whether others still sleep. */
static bool try_lock(RobustLock *lock, uint32_t word, uint32_t mark) {
    if (word & FUTEX_TID_MASK) return false;
    uint32_t mine = mp_robust_thread.id | mark | (word & FUTEX_WAITERS);
    return atomic_compare_exchange_strong_explicit(&lock->word, &word, mine, memory_order_acquire,
                                                   memory_order_relaxed);
}

int mp_robust_lock_contended(RobustLock *lock, Deadline *deadline) {
    for (int spins = 0; spins < LOCK_SPINS; spins++) {
        if (try_lock(lock, atomic_load_explicit(&lock->word, memory_order_relaxed), 0)) return 0;
        mp_relax();
    }
    for (;;) {
        uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
        if ((word & FUTEX_TID_MASK) == 0) {
            if (try_lock(lock, word, FUTEX_WAITERS)) return 0;
            continue;
        }
        uint32_t marked = word | FUTEX_WAITERS;
        if (word != marked && !atomic_compare_exchange_strong(&lock->word, &word, marked)) continue;
        if (mp_futex_wait(&lock->word, marked, deadline) != 0) {
            mp_robust_leave();
            return -ETIMEDOUT;
        }
    }
}
