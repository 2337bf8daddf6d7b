/* event.c - a flag to wait for. It is one word, changed by one atomic operation at a time, so there is no state in
 * which a death could leave it. */
#include "mp/futex.h"
#include "mp/memory.h"
#include "mp/mp.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    SET = 1,      /* the flag, the lowest bit of the state */
    ONE_TIME = 2, /* the other bits count how often the flag was set, so that a short time is not missed */
};

/* The shared part; anyone may write it. */
typedef struct {
    _Atomic uint32_t state; /* flag and count */
    Doorbell bell;          /* rung when the flag has been set */
} Shared;

struct mp_event {
    Shared *shared; /* mapped before the fork */
};

int mp_event_create(mp_event **event) {
    mp_event *created = malloc(sizeof *created);
    if (created == NULL) return -ENOMEM;
    void *memory;
    int error = mp_memory_map(&memory, sizeof(Shared));
    if (error != 0) {
        free(created);
        return error;
    }
    created->shared = memory;
    *event = created;
    return 0;
}

int mp_event_set(mp_event *event) {
    uint32_t state = atomic_load(&event->shared->state);
    do {
        if (state & SET) break; /* but ring: the one who set it may have been killed before it could */
    } while (!atomic_compare_exchange_weak(&event->shared->state, &state, (state + ONE_TIME) | SET));
    mp_doorbell_ring(&event->shared->bell, INT_MAX);
    return 0;
}

int mp_event_clear(mp_event *event) {
    atomic_fetch_and(&event->shared->state, ~(uint32_t)SET);
    return 0;
}

int mp_event_is_set(const mp_event *event) {
    return (int)(atomic_load(&event->shared->state) & SET);
}

/* Is the flag set, or was it since the state `before`? */
static bool happened_since(const mp_event *event, uint32_t before) {
    uint32_t state = atomic_load(&event->shared->state);
    return (state & SET) || (state ^ before) >= ONE_TIME;
}

int mp_event_wait(mp_event *event, int timeout_ms) {
    Deadline deadline = mp_deadline(timeout_ms);
    uint32_t before = atomic_load(&event->shared->state);
    for (;;) {
        uint32_t sequence = mp_doorbell_announce(&event->shared->bell);
        if (happened_since(event, before)) return 0;
        if (timeout_ms == 0) return -EAGAIN;
        int error = mp_doorbell_wait(&event->shared->bell, sequence, &deadline);
        if (error != 0) return happened_since(event, before) ? 0 : error;
    }
}

void mp_event_free(mp_event *event) {
    if (event == NULL) return;
    mp_memory_unmap(event->shared, sizeof *event->shared);
    free(event);
}
