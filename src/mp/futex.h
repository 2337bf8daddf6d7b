/* futex.h - deadlines, and sleeping on a word of shared memory. Private to mp.
 *
 * Nobody in this library sleeps for ever on a wake-up alone: the one who owes it may be killed between the change and
 * the wake-up, and the one who got it may be killed before acting on it. So every sleep is cut into slices, and a
 * sleeper looks again at the end of each; a lost wake-up costs a fraction of a second instead of a hang.
 */
#ifndef MP_FUTEX_H
#define MP_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

#define MP_NANOSECONDS_PER_MS INT64_C(1000000)

/* The first slice is short, because what is waited for usually comes soon; then they double up to the longest. */
#define MP_SHORTEST_SLICE (2 * MP_NANOSECONDS_PER_MS)
#define MP_LONGEST_SLICE  (100 * MP_NANOSECONDS_PER_MS)

/* The moment at which a call gives up. The clock is read only when somebody asks, so that a call which succeeds at
 * once never pays for it. */
typedef struct {
    int timeout_ms; /* milliseconds; negative = for ever */
    int64_t end_ns; /* CLOCK_MONOTONIC nanoseconds; 0 until the clock has been read */
    int64_t slice;  /* nanoseconds; the longest next sleep; 0 until the first one */
} Deadline;

static inline Deadline mp_deadline(int timeout_ms) {
    return (Deadline){.timeout_ms = timeout_ms};
}

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t mp_now(void);

/* Nanoseconds left, 0 when the deadline has passed, INT64_MAX when there is none. */
int64_t mp_deadline_left(Deadline *deadline);

/* Milliseconds left in the form that poll(2) takes: rounded up, -1 for ever. */
int mp_deadline_left_ms(Deadline *deadline);

/* What the next sleep may last: the lesser of the time left and a slice. 0 when the deadline has passed. */
int64_t mp_deadline_next_slice(Deadline *deadline);

/* Sleeps while `*word` holds `expected`, for one slice at most. Returns 0 when it is time to look again (woken,
 * changed, interrupted by a signal, or the end of the slice), -ETIMEDOUT when the deadline has passed. */
int mp_futex_wait(_Atomic uint32_t *word, uint32_t expected, Deadline *deadline);

/* Wakes up to `count` sleepers, in whatever processes they are; returns how many it woke. */
int mp_futex_wake(_Atomic uint32_t *word, int count);

/* Tells the processor that this is a waiting loop. */
static inline void mp_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* A doorbell: somebody sleeps until somebody else rings, and ringing costs one load when nobody sleeps.
 *
 * A sleeper reads the sequence, announces itself, looks once more at what it waits for, and sleeps unless the sequence
 * has moved. A ringer first makes its change visible (with a full barrier) and then looks at the announcements: either
 * it sees the announcement, or the sleeper's last look sees the change. The announcements are a number that every
 * sleeper increases, not a count of those present, so that the death of a sleeper leaves nothing to take back; a ringer
 * that finds nobody asleep sets it to 0, unless a new sleeper has announced itself meanwhile. */
typedef struct {
    _Atomic uint32_t sequence;  /* rings so far; the word that is slept on */
    _Atomic uint32_t announced; /* not 0 = somebody may be asleep */
} Doorbell;

/* First half of waiting: announces the caller and returns the sequence to hand to mp_doorbell_wait. The condition has
 * to be looked at between the two. */
static inline uint32_t mp_doorbell_announce(Doorbell *bell) {
    uint32_t sequence = atomic_load(&bell->sequence);
    atomic_fetch_add(&bell->announced, 1);
    atomic_thread_fence(memory_order_seq_cst);
    return sequence;
}

/* Second half: like mp_futex_wait. */
static inline int mp_doorbell_wait(Doorbell *bell, uint32_t sequence, Deadline *deadline) {
    return mp_futex_wait(&bell->sequence, sequence, deadline);
}

/* Wakes up to `count` sleepers. An atomic read-modify-write has to lie between the change and this call; on x86 that is
 * the full barrier, elsewhere it takes a fence. */
static inline void mp_doorbell_ring(Doorbell *bell, int count) {
#if defined(__x86_64__) || defined(__i386__)
    atomic_signal_fence(memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
    uint32_t announced = atomic_load_explicit(&bell->announced, memory_order_relaxed);
    if (announced == 0) return;
    atomic_fetch_add(&bell->sequence, 1);
    if (mp_futex_wake(&bell->sequence, count) < count) atomic_compare_exchange_strong(&bell->announced, &announced, 0);
}

#endif
