#include "job/protection.h"

#include "base/memory.h"
#include "base/units.h"

/* The arenas and regions of others. */
static bool protect_others(const mr_job *job, uint32_t index, mr_error *error) {
    char *own = job->arenas[index].base;
    size_t size = job->plan.arena + job->plan.region, before = (size_t)(own - job->arena_memory);
    return mr_protect_memory(job->arena_memory, before, false, error) &&
           mr_protect_memory(own + size, job->arena_bytes - before - size, false, error);
}

/* All that is shared, but for the slot. */
static bool protect_shared(const mr_job *job, uint32_t index, mr_error *error) {
    mr_slot *slot = &job->shared->slots[index];
    const mr_first_records *first = job->first;
    return mr_protect_memory(first->copies, first->copy_count * sizeof *first->copies, false, error) &&
           mr_protect_memory(job->shared, sizeof *job->shared, false, error) &&
           mr_protect_memory(slot, sizeof *slot, true, error);
}

static bool protect_rings(const mr_job *job, mr_error *error) {
    return !job->ring_memory || mr_protect_memory(job->ring_memory, job->ring_bytes, false, error);
}

bool mr_protection_of_reader(const mr_job *job, uint32_t index, mr_error *error) {
    const mr_arena *ring = &job->rings[index - job->plan.workers];
    return mr_protect_memory(job->arena_memory, job->arena_bytes, false, error) && protect_shared(job, index, error) &&
           protect_rings(job, error) && mr_protect_memory(ring->base, 2 * ring->size, true, error);
}

bool mr_protection_open(mr_protection *protection, const mr_job *job, uint32_t index, uint64_t sealed,
                        mr_error *error) {
    *protection = (mr_protection){0};
    if (job->settings->alone) return true;
    *protection = (mr_protection){.job = job, .arena = job->arenas[index]};
    return protect_others(job, index, error) && protect_rings(job, error) && protect_shared(job, index, error) &&
           mr_protection_seal(protection, sealed, error);
}

bool mr_protection_seal(mr_protection *protection, uint64_t sealed, mr_error *error) {
    if (!protection->job) return true;
    uint64_t before = protection->sealed, from = mr_smaller(before, sealed), to = mr_larger(before, sealed);
    protection->sealed = sealed;
    return mr_protect_memory(protection->arena.base + from, to - from, sealed < before, error);
}

bool mr_protection_splitters(const mr_protection *protection, bool writable, mr_error *error) {
    if (!protection->job) return true;
    mr_shared *shared = protection->job->shared;
    return mr_protect_memory(&shared->splitters, offsetof(mr_shared, sampled), writable, error);
}
