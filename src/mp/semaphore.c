/* semaphore.c - a number of units that processes hold.
 *
 * The shared part is a table of who holds how many; what is free follows from it. So acquiring and releasing are one
 * store each, and a process that is killed has its units either in the table or not. Nothing tells a semaphore that a
 * holder has died, so those who miss a unit look: before they give up, and after each slice of waiting. A holder has at
 * least one unit, so there are never more holders than units.
 */
#include "mp/identity.h"
#include "mp/memory.h"
#include "mp/mp.h"
#include "mp/robust.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    MOST_UNITS = 65536,
};

typedef struct {
    Identity process; /* written before `units`, which makes it valid */
    unsigned units;   /* held by the process; 0 = this entry is free */
} Holder;

/* The shared part; everything but the bell is written only by the holder of `lock`. */
typedef struct {
    RobustLock lock;
    Doorbell bell;   /* rung when a unit has become free */
    unsigned units;  /* how many there are; never changes */
    Holder holder[]; /* as many as units */
} Shared;

struct mp_semaphore {
    Shared *shared; /* mapped before the fork */
    size_t size;    /* bytes in the mapping */
};

int mp_semaphore_create(mp_semaphore **semaphore, unsigned units) {
    if (units == 0 || units > MOST_UNITS) return -EINVAL;
    mp_semaphore *created = malloc(sizeof *created);
    if (created == NULL) return -ENOMEM;
    created->size = sizeof(Shared) + units * sizeof created->shared->holder[0];
    void *memory;
    int error = mp_robust_prepare();
    if (error == 0) error = mp_memory_map(&memory, created->size);
    if (error != 0) {
        free(created);
        return error;
    }
    created->shared = memory;
    created->shared->units = units;
    *semaphore = created;
    return 0;
}

static int lock(Shared *shared) {
    Deadline deadline = mp_deadline(-1);
    return mp_robust_lock(&shared->lock, &deadline);
}

static unsigned free_units(const Shared *shared) {
    unsigned held = 0;
    for (unsigned i = 0; i < shared->units; i++) {
        held += shared->holder[i].units;
    }
    return held < shared->units ? shared->units - held : 0;
}

/* Takes back what dead processes hold; true if there was something. */
static bool take_back(Shared *shared) {
    bool found = false;
    for (unsigned i = 0; i < shared->units; i++) {
        Holder *holder = &shared->holder[i];
        if (holder->units == 0 || mp_identity_alive(&holder->process)) continue;
        holder->units = 0;
        found = true;
    }
    return found;
}

/* The entry of a process, or NULL. */
static Holder *find_holder(Shared *shared, const Identity *process) {
    for (unsigned i = 0; i < shared->units; i++) {
        Holder *holder = &shared->holder[i];
        if (holder->units > 0 && mp_identity_equal(&holder->process, process)) return holder;
    }
    return NULL;
}

/* Gives a free unit to a process. There is a free entry, since there is a free unit. */
static void give(Shared *shared, const Identity *process) {
    Holder *holder = find_holder(shared, process);
    for (unsigned i = 0; holder == NULL; i++) {
        if (shared->holder[i].units == 0) holder = &shared->holder[i];
    }
    if (holder->units == 0) {
        holder->process = *process;
        atomic_signal_fence(memory_order_seq_cst);
    }
    holder->units++;
}

/* One attempt: 0, MP_OWNER_DIED or -EAGAIN. */
static int try_acquire(Shared *shared, bool look_for_dead) {
    Identity self = mp_identity_self();
    int error = lock(shared);
    if (error != 0) return error;
    bool available = free_units(shared) > 0;
    bool died = !available && look_for_dead && take_back(shared);
    if (available || died) give(shared, &self);
    mp_robust_unlock(&shared->lock);
    /* More than one unit may have come back. */
    if (died) mp_doorbell_ring(&shared->bell, (int)shared->units);
    return available ? 0 : died ? MP_OWNER_DIED : -EAGAIN;
}

int mp_semaphore_acquire(mp_semaphore *semaphore, int timeout_ms) {
    Shared *shared = semaphore->shared;
    Deadline deadline = mp_deadline(timeout_ms);
    int result = try_acquire(shared, timeout_ms == 0);
    while (result == -EAGAIN && timeout_ms != 0) {
        uint32_t sequence = mp_doorbell_announce(&shared->bell);
        result = try_acquire(shared, false);
        if (result != -EAGAIN) break;
        int error = mp_doorbell_wait(&shared->bell, sequence, &deadline);
        result = try_acquire(shared, true);
        if (result == -EAGAIN && error != 0) return error;
    }
    return result;
}

int mp_semaphore_release(mp_semaphore *semaphore) {
    Shared *shared = semaphore->shared;
    Identity self = mp_identity_self();
    int error = lock(shared);
    if (error != 0) return error;
    Holder *holder = find_holder(shared, &self);
    if (holder != NULL) holder->units--;
    mp_robust_unlock(&shared->lock);
    if (holder == NULL) return -EPERM;
    mp_doorbell_ring(&shared->bell, 1);
    return 0;
}

unsigned mp_semaphore_free_units(mp_semaphore *semaphore) {
    if (lock(semaphore->shared) != 0) return 0;
    unsigned count = free_units(semaphore->shared);
    mp_robust_unlock(&semaphore->shared->lock);
    return count;
}

void mp_semaphore_free(mp_semaphore *semaphore) {
    if (semaphore == NULL) return;
    mp_memory_unmap(semaphore->shared, semaphore->size);
    free(semaphore);
}
