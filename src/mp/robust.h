/* robust.h - a lock for short critical sections whose holder may be killed at any instruction. Private to mp.
 *
 * The kernel cleans up after a thread that dies: it walks the thread's list of robust futexes, and it also looks at one
 * more futex, the "pending" one, that the thread was about to take or release. A thread of ours is never inside more
 * than one of these locks, so the pending entry alone is enough: naming the lock there before taking it and clearing
 * the entry after releasing it covers every instruction in between, and costs two stores instead of the two list
 * operations of a robust pthread mutex. The C library registers the list when it starts a thread; we ask the kernel
 * where it is and use the entry while no function of the C library that would use it can run.
 *
 * What the kernel does with the pending futex when the thread dies, and why that is right:
 *   - the word holds the thread's id: it died as the holder. The word becomes FUTEX_OWNER_DIED and a sleeper is woken,
 *     who takes the lock over.
 *   - the word is 0: the thread died before taking the lock, or between releasing it and waking a sleeper, or as a
 *     sleeper that had just been woken. A sleeper is woken in its place.
 *   - the word holds another id: nothing is done. If the thread was a sleeper that had just been woken while a third
 *     one took the lock, its wake-up is lost; that is why sleepers look again after a slice (see futex.h).
 * Thread ids are reused, but only after the kernel has done the above for the old thread.
 *
 * The data behind such a lock has to be right after every single store, because the next holder is not told that the
 * last one died. All users of the lock commit their change with one store.
 *
 * Not for signal handlers. The id is cached per thread and forgotten in the child of fork().
 */
#ifndef MP_ROBUST_H
#define MP_ROBUST_H

#include "mp/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>

/* Part of the shared memory; zeroed memory is a free lock. */
typedef struct {
    _Atomic uint32_t word; /* 0 = free; else the holder's thread id, FUTEX_WAITERS and FUTEX_OWNER_DIED */
} RobustLock;

/* What a thread has to know about itself. */
typedef struct {
    uint32_t id;                   /* the kernel's thread id; 0 = not asked yet */
    struct robust_list_head *list; /* this thread's registration with the kernel */
} RobustThread;

extern _Thread_local RobustThread mp_robust_thread;

/* Fills mp_robust_thread of the calling thread. Returns 0, or -ENOSYS when the system keeps no robust list for it. */
int mp_robust_prepare(void);

/* The long way into the lock, after the first attempt has failed: 0 or -ETIMEDOUT. */
int mp_robust_lock_contended(RobustLock *lock, Deadline *deadline);

/* Tells the kernel which lock this thread is dealing with. The fences keep the compiler from moving the store over the
 * changes of the lock's word; the kernel sees this thread's stores in their order. */
static inline void mp_robust_enter(RobustLock *lock) {
    struct robust_list_head *list = mp_robust_thread.list;
    list->list_op_pending = (struct robust_list *)((uintptr_t)&lock->word - (uintptr_t)list->futex_offset);
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void mp_robust_leave(void) {
    atomic_signal_fence(memory_order_seq_cst);
    mp_robust_thread.list->list_op_pending = NULL;
}

/* Takes the lock. Returns 0, -ETIMEDOUT, or -ENOSYS as mp_robust_prepare does. */
static inline int mp_robust_lock(RobustLock *lock, Deadline *deadline) {
    if (mp_robust_thread.id == 0 && mp_robust_prepare() != 0) return -ENOSYS;
    mp_robust_enter(lock);
    uint32_t free_word = 0;
    if (atomic_compare_exchange_strong_explicit(&lock->word, &free_word, mp_robust_thread.id, memory_order_acquire,
                                                memory_order_relaxed))
        return 0;
    return mp_robust_lock_contended(lock, deadline);
}

/* Releases the lock with an atomic exchange, so that a doorbell may be rung afterwards. */
static inline void mp_robust_unlock(RobustLock *lock) {
    uint32_t word = atomic_exchange(&lock->word, 0);
    if (word & FUTEX_WAITERS) mp_futex_wake(&lock->word, 1);
    mp_robust_leave();
}

#endif
