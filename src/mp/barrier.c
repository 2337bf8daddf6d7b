/* barrier.c - a place where processes wait for each other.
 *
 * The shared part is the number of the current round and a table of the members, each with the round for which it came
 * last. Coming is one store, and so is completing a round, which is done by whoever came last. Those who wait look
 * after each slice whether a member has died, and break the barrier then: also one that had come already, since it will
 * not do what the others expect of it after the barrier.
 */
#include "mp/identity.h"
#include "mp/memory.h"
#include "mp/mp.h"
#include "mp/robust.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    MOST_PARTIES = 65536,
};

#define NO_ROUND UINT64_MAX /* nobody ever comes for it */

typedef struct {
    Identity process; /* its `id` is written last and is 0 in a free entry */
    uint64_t came;    /* the last round for which it came; 0 = none so far */
} Member;

/* The shared part; everything but the bell is written only by the holder of `lock`. */
typedef struct {
    RobustLock lock;
    Doorbell bell;           /* rung when a round is complete or the barrier breaks */
    _Atomic uint64_t round;  /* the current one, from 1; read by anyone */
    _Atomic uint64_t resets; /* how often the barrier was reset; read by anyone */
    _Atomic int broken;      /* 0, or the negative errno value that all get; read by anyone */
    unsigned parties;        /* how many have to come; never changes */
    Member member[];         /* as many as parties */
} Shared;

struct mp_barrier {
    Shared *shared; /* mapped before the fork */
    size_t size;    /* bytes in the mapping */
};

int mp_barrier_create(mp_barrier **barrier, unsigned parties) {
    if (parties == 0 || parties > MOST_PARTIES) return -EINVAL;
    mp_barrier *created = malloc(sizeof *created);
    if (created == NULL) return -ENOMEM;
    created->size = sizeof(Shared) + parties * sizeof created->shared->member[0];
    void *memory;
    int error = mp_robust_prepare();
    if (error == 0) error = mp_memory_map(&memory, created->size);
    if (error != 0) {
        free(created);
        return error;
    }
    created->shared = memory;
    created->shared->parties = parties;
    atomic_store(&created->shared->round, 1);
    *barrier = created;
    return 0;
}

static int lock(Shared *shared) {
    Deadline deadline = mp_deadline(-1);
    return mp_robust_lock(&shared->lock, &deadline);
}

static void unlock_and_ring(Shared *shared) {
    mp_robust_unlock(&shared->lock);
    mp_doorbell_ring(&shared->bell, INT_MAX);
}

/* How many have come for the round. */
static unsigned count_arrivals(const Shared *shared, uint64_t round) {
    unsigned count = 0;
    for (unsigned i = 0; i < shared->parties; i++) {
        count += shared->member[i].came == round;
    }
    return count;
}

/* An entry in which a process can come: one of its own in which it has not come yet (threads of one process have an
 * entry each), or else a free one, which becomes its own. NULL when there is none. */
static Member *find_member(Shared *shared, const Identity *process, uint64_t round) {
    Member *unused = NULL;
    for (unsigned i = 0; i < shared->parties; i++) {
        Member *member = &shared->member[i];
        if (member->process.id == 0) {
            if (unused == NULL) unused = member;
        } else if (mp_identity_equal(&member->process, process) && member->came != round) {
            return member;
        }
    }
    if (unused == NULL) return NULL;
    unused->came = 0;
    unused->process.start = process->start;
    atomic_signal_fence(memory_order_seq_cst);
    unused->process.id = process->id;
    return unused;
}

static bool somebody_died(const Shared *shared) {
    for (unsigned i = 0; i < shared->parties; i++) {
        const Member *member = &shared->member[i];
        if (member->process.id != 0 && !mp_identity_alive(&member->process)) return true;
    }
    return false;
}

/* Comes to the barrier, under the lock: 1 when that completes the round, 0 when others are missing, or an error. */
static int come(Shared *shared, uint64_t round, bool may_wait) {
    int broken = atomic_load(&shared->broken);
    if (broken != 0) return broken;
    bool last = count_arrivals(shared, round) + 1 == shared->parties;
    if (!last && !may_wait) return -EAGAIN;
    Identity self = mp_identity_self();
    Member *member = find_member(shared, &self, round);
    if (member == NULL) {
        if (!somebody_died(shared)) return -EUSERS;
        atomic_store(&shared->broken, -EOWNERDEAD);
        return -EOWNERDEAD;
    }
    member->came = round;
    if (last) atomic_store(&shared->round, round + 1);
    return last;
}

/* Breaks the barrier when the time is over or somebody died, unless the round is over anyway. */
static void look_after(Shared *shared, uint64_t round, bool time_is_over) {
    if (lock(shared) != 0) return;
    if (atomic_load(&shared->round) == round && atomic_load(&shared->broken) == 0) {
        if (time_is_over) {
            atomic_store(&shared->broken, -ECANCELED);
        } else if (somebody_died(shared)) {
            atomic_store(&shared->broken, -EOWNERDEAD);
        }
    }
    bool over = atomic_load(&shared->round) != round || atomic_load(&shared->broken) != 0;
    mp_robust_unlock(&shared->lock);
    if (over) mp_doorbell_ring(&shared->bell, INT_MAX);
}

/* Waits until the round is over. */
static int wait_for_round(Shared *shared, uint64_t round, uint64_t resets, int timeout_ms) {
    Deadline deadline = mp_deadline(timeout_ms);
    int error = 0;
    for (;;) {
        uint32_t sequence = mp_doorbell_announce(&shared->bell);
        if (atomic_load(&shared->resets) != resets) return -ECANCELED;
        if (atomic_load(&shared->round) != round) return 0;
        int broken = atomic_load(&shared->broken);
        if (broken != 0) return error != 0 ? error : broken;
        error = mp_doorbell_wait(&shared->bell, sequence, &deadline);
        look_after(shared, round, error != 0);
    }
}

int mp_barrier_wait(mp_barrier *barrier, int timeout_ms) {
    Shared *shared = barrier->shared;
    int result = lock(shared);
    if (result != 0) return result;
    uint64_t round = atomic_load(&shared->round), resets = atomic_load(&shared->resets);
    result = come(shared, round, timeout_ms != 0);
    unlock_and_ring(shared);
    return result == 0 ? wait_for_round(shared, round, resets, timeout_ms) : result;
}

int mp_barrier_expect(mp_barrier *barrier, pid_t process) {
    Shared *shared = barrier->shared;
    Identity identity = mp_identity_of(process);
    if (identity.id == 0) return -ESRCH;
    int error = lock(shared);
    if (error != 0) return error;
    Member *member = find_member(shared, &identity, NO_ROUND);
    mp_robust_unlock(&shared->lock);
    return member != NULL ? 0 : -EUSERS;
}

int mp_barrier_reset(mp_barrier *barrier) {
    Shared *shared = barrier->shared;
    int error = lock(shared);
    if (error != 0) return error;
    for (unsigned i = 0; i < shared->parties; i++) {
        shared->member[i] = (Member){0};
    }
    atomic_fetch_add(&shared->resets, 1);
    atomic_fetch_add(&shared->round, 1);
    atomic_store(&shared->broken, 0);
    unlock_and_ring(shared);
    return 0;
}

void mp_barrier_free(mp_barrier *barrier) {
    if (barrier == NULL) return;
    mp_memory_unmap(barrier->shared, barrier->size);
    free(barrier);
}
