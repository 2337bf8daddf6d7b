#include "job/delivery.h"

#include <stdlib.h>

#include "base/units.h"
#include "flow/exchange.h"
#include "job/outputs.h"
#include "job/wording.h"

/* Parts come in any order. As soon as all parts before one have come its offset in the output is known: the worker that
 * made it, which has it in its cache, writes it there. A stream gets the parts one after the other from the
 * coordinator. The memory of a delivered part is given back to its worker, in the order in which that worker made its
 * parts. */

enum { DELIVERIES_AT_ONCE = 16 /* tasks of a worker, so that its queue is never full of them */ };

/* Bytes that may wait for a slow stream; beyond, no new work is started. */
#define STREAM_BACKLOG (64ull << 20)

/* Makes a list, to whose pointer list points, as long as room elements of so many bytes. */
static bool grow(void *list, uint64_t room, size_t size, mr_error *error) {
    void *before, *larger;
    memcpy(&before, list, sizeof before);
    larger = reallocarray(before, room, size);
    if (!larger) return mr_error_memory(error, room * size, "the parts of the output");
    memcpy(list, &larger, sizeof larger);
    /* cppcheck-suppress memleak; the list has it now */
    return true;
}

/* Makes room for so many parts. */
static bool make_room(mr_delivery *delivery, uint64_t count, mr_error *error) {
    uint64_t room = mr_larger(count, 2 * delivery->room);
    if (count <= delivery->room) return true;
    bool ok = grow(&delivery->parts, room, sizeof *delivery->parts, error) &&
              grow(&delivery->states, room, sizeof *delivery->states, error) &&
              grow(&delivery->following, room, sizeof *delivery->following, error) &&
              grow(&delivery->sequence, room, sizeof *delivery->sequence, error) &&
              grow(&delivery->ranks, room, sizeof *delivery->ranks, error) &&
              grow(&delivery->offsets, room, sizeof *delivery->offsets, error) &&
              grow(&delivery->files, room, sizeof *delivery->files, error);
    if (ok) delivery->room = room;
    return ok;
}

static void begin_part(mr_delivery *delivery, uint64_t unit, uint64_t following) {
    delivery->parts[unit] = (mr_part){0};
    delivery->states[unit] = MR_PART_MISSING;
    delivery->following[unit] = following;
    delivery->ranks[unit] = MR_NO_PART;
}

bool mr_delivery_open(mr_delivery *delivery, mr_crew *crew, uint64_t count, const uint64_t *order, mr_error *error) {
    *delivery = (mr_delivery){.crew = crew, .count = count, .wanted = MR_NO_PART};
    if (!make_room(delivery, count + 1, error)) return false;
    delivery->orders = calloc(crew->count, sizeof *delivery->orders);
    delivery->ends = calloc(crew->job->output_count, sizeof *delivery->ends);
    if (!delivery->orders || !delivery->ends)
        return mr_error_memory(error, crew->count * sizeof *delivery->orders, "the parts of the output");
    for (uint64_t i = count; i-- > 0;) {
        uint64_t unit = order ? order[i] : i;
        begin_part(delivery, unit, delivery->wanted);
        delivery->wanted = unit;
    }
    return true;
}

bool mr_delivery_insert(mr_delivery *delivery, uint64_t before, uint64_t behind, mr_error *error) {
    uint64_t unit = delivery->count;
    if (!make_room(delivery, unit + 1, error)) return false;
    delivery->count++;
    begin_part(delivery, unit, behind);
    if (before != MR_NO_PART) delivery->following[before] = unit;
    if (delivery->wanted == behind) delivery->wanted = unit;
    return true;
}

void mr_delivery_close(mr_delivery *delivery) {
    for (uint32_t i = 0; delivery->orders && i < delivery->crew->count; i++)
        free(delivery->orders[i].made);
    free(delivery->orders);
    free(delivery->parts);
    free(delivery->states);
    free(delivery->following);
    free(delivery->sequence);
    free(delivery->ranks);
    free(delivery->offsets);
    free(delivery->files);
    free(delivery->ends);
    mr_part_stream_close(&delivery->stream);
    *delivery = (mr_delivery){0};
}

/* Notes that a worker slot has made a part. */
static bool add_to_order(mr_part_order *order, uint64_t unit, uint64_t released, mr_error *error) {
    if (order->count == order->room && order->first > order->room / 2) {
        memmove(order->made, order->made + order->first, (order->count - order->first) * sizeof *order->made);
        order->count -= order->first;
        order->first = 0;
    }
    if (order->count == order->room) {
        size_t room = order->room ? 2 * order->room : 64;
        mr_made_part *larger = realloc(order->made, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the parts of a worker");
        order->made = larger;
        order->room = room;
    }
    order->made[order->count++] = (mr_made_part){unit, released};
    return true;
}

/* Gives the space of parts that nobody needs any more back to the worker slot that made them. */
static void release_parts(mr_delivery *delivery, uint32_t worker) {
    mr_part_order *order = &delivery->orders[worker];
    uint64_t released = 0;
    for (; order->first < order->count; order->first++) {
        const mr_made_part *made = &order->made[order->first];
        if (made->unit != MR_NO_PART && delivery->states[made->unit] != MR_PART_DELIVERED) break;
        released = made->released;
    }
    if (released)
        atomic_store_explicit(&delivery->crew->job->shared->slots[worker].released, released, memory_order_release);
}

/* Where the output ends that a part goes to, as far as there are parts: it may not go back to an earlier one. */
static uint64_t *next_end(mr_delivery *delivery, uint64_t unit) {
    uint32_t file = mr_outputs_of(delivery->crew->job, unit);
    if (file > delivery->file) delivery->file = file;
    delivery->files[unit] = delivery->file;
    return &delivery->ends[delivery->file];
}

static bool to_stream(const mr_delivery *delivery) {
    return delivery->crew->job->outputs[0].stream;
}

/* Gives all parts that have one the place behind the one before. */
static bool place_parts(mr_delivery *delivery, mr_error *error) {
    while (delivery->wanted != MR_NO_PART && delivery->states[delivery->wanted] != MR_PART_MISSING) {
        uint64_t unit = delivery->wanted;
        uint64_t *end = next_end(delivery, unit);
        delivery->offsets[unit] = *end;
        delivery->ranks[unit] = delivery->placed;
        delivery->sequence[delivery->placed++] = unit;
        delivery->wanted = delivery->following[unit];
        if (__builtin_add_overflow(*end, delivery->parts[unit].bytes, end))
            return mr_error_set(error, "the output is larger than 2^64 bytes");
    }
    return true;
}

bool mr_delivery_skip(mr_delivery *delivery, uint64_t unit, mr_error *error) {
    delivery->states[unit] = MR_PART_DELIVERED;
    delivery->delivered++;
    return place_parts(delivery, error);
}

/* Part unit, which has a place, is to be sent on its way, perhaps for the second time. */
static void go_back_to(mr_delivery *delivery, uint64_t unit) {
    delivery->next = mr_smaller(delivery->next, delivery->ranks[unit]);
}

bool mr_delivery_take(mr_delivery *delivery, uint64_t unit, const mr_part *part, mr_error *error) {
    bool again = delivery->ranks[unit] != MR_NO_PART;
    if (again && part->bytes != delivery->parts[unit].bytes)
        return mr_error_set(error,
                            "part %llu of the output was damaged, and had another length when it was made again: the "
                            "plugin does not always do the same (see 'mr check')",
                            (unsigned long long)unit + 1);
    if (!add_to_order(&delivery->orders[part->worker], unit, part->released, error)) return false;
    delivery->parts[unit] = *part;
    delivery->states[unit] = MR_PART_READY;
    delivery->waiting += part->bytes;
    delivery->results += part->results;
    if (again && delivery->streaming && delivery->ranks[unit] == delivery->next) delivery->stream.part = *part;
    if (again) go_back_to(delivery, unit);
    return place_parts(delivery, error);
}

/* The space of a part in a file. */
static void release_file(const mr_delivery *delivery, const mr_part *part) {
    if (part->in_file)
        mr_spill_release(&delivery->crew->job->part_files[part->worker], part->place.offset, part->place.length);
}

/* Where a group of partitions begins; the last one may be smaller. */
static uint32_t group_start(const mr_job *job, uint32_t group) {
    return (uint32_t)mr_smaller((uint64_t)group * job->plan.group, job->shared->splitters.partitions);
}

static bool group_is_done(const mr_delivery *delivery, uint32_t group) {
    const mr_job *job = delivery->crew->job;
    uint32_t size = group_start(job, group + 1) - group_start(job, group);
    return size && delivery->groups[group] == size;
}

/* What came of a partition is delivered, so it is never read again. With the last one of a group the space of the group
 * in all run files is given back; once more that of its neighbours, because groups share the pages at their borders. */
static void release_partition(mr_delivery *delivery, uint32_t partition) {
    const mr_job *job = delivery->crew->job;
    uint32_t group = partition / job->plan.group, end = group + 1;
    delivery->groups[group]++;
    if (!group_is_done(delivery, group)) return;
    if (group && group_is_done(delivery, group - 1)) group--;
    if (group_is_done(delivery, end)) end++;
    uint32_t first = group_start(job, group), count = group_start(job, end) - first;
    mr_partitions_release(job->shared->runs, job->shared->run_count, job->run_files, first, count);
}

void mr_delivery_done(mr_delivery *delivery, uint64_t unit) {
    const mr_part *part = &delivery->parts[unit];
    delivery->states[unit] = MR_PART_DELIVERED;
    delivery->delivered++;
    delivery->bytes += part->bytes;
    delivery->waiting -= part->bytes;
    release_file(delivery, part);
    release_parts(delivery, part->worker);
    const mr_job *job = delivery->crew->job;
    if (!mr_job_is_map(job) && !mr_job_is_ordered(job)) release_partition(delivery, (uint32_t)unit);
}

void mr_delivery_damaged(mr_delivery *delivery, uint64_t unit) {
    const mr_part *part = &delivery->parts[unit];
    mr_part_order *order = &delivery->orders[part->worker];
    delivery->states[unit] = MR_PART_MISSING;
    delivery->waiting -= part->bytes;
    delivery->results -= part->results;
    if (delivery->streaming && delivery->ranks[unit] == delivery->next) mr_part_stream_close(&delivery->stream);
    release_file(delivery, part);
    for (size_t i = order->first; i < order->count; i++)
        if (order->made[i].unit == unit) order->made[i].unit = MR_NO_PART;
    /* Its space is released with that of a later part: older ones that it was made of may have to be read again. */
}

void mr_delivery_lost(mr_delivery *delivery, uint64_t unit) {
    if (delivery->states[unit] != MR_PART_ON_ITS_WAY) return; /* it was damaged */
    delivery->states[unit] = MR_PART_READY;
    go_back_to(delivery, unit);
}

/* The worker to write a part: the one that made it, or another when its slot is empty or has much to do. */
static uint32_t choose_writer(const mr_delivery *delivery, const mr_part *part) {
    const mr_crew *crew = delivery->crew;
    uint32_t workers = crew->job->plan.workers, best = workers;
    const mr_member *maker = &crew->members[part->worker];
    if (mr_member_present(maker) && maker->delivering < DELIVERIES_AT_ONCE) return part->worker;
    for (uint32_t i = 0; i < workers; i++) {
        const mr_member *member = &crew->members[i];
        if (!mr_member_present(member) || member->delivering >= DELIVERIES_AT_ONCE) continue;
        if (best == workers || member->delivering < crew->members[best].delivering) best = i;
    }
    return best;
}

static bool deliver_to_file(mr_delivery *delivery, mr_error *error) {
    for (; delivery->next < delivery->placed; delivery->next++) {
        uint64_t unit = delivery->sequence[delivery->next];
        const mr_part *part = &delivery->parts[unit];
        if (delivery->states[unit] != MR_PART_READY) continue;
        if (!part->bytes) {
            mr_delivery_done(delivery, unit);
            continue;
        }
        uint32_t writer = choose_writer(delivery, part);
        if (writer == delivery->crew->job->plan.workers) return true;
        mr_task task = {.kind = MR_TASK_DELIVER,
                        .unit = unit,
                        .part = *part,
                        .offset = delivery->offsets[unit],
                        .file = delivery->files[unit]};
        bool taken;
        if (!mr_crew_assign(delivery->crew, writer, &task, &taken, error)) return false;
        if (!taken) return true;
        delivery->states[unit] = MR_PART_ON_ITS_WAY;
    }
    return true;
}

static bool deliver_to_stream(mr_delivery *delivery, mr_error *error) {
    const mr_job *job = delivery->crew->job;
    while (!delivery->closed && delivery->next < delivery->placed) {
        uint64_t unit = delivery->sequence[delivery->next];
        if (delivery->states[unit] == MR_PART_DELIVERED) {
            delivery->next++;
            continue;
        }
        if (delivery->states[unit] == MR_PART_MISSING) return true; /* it is being made again */
        if (!delivery->streaming) delivery->stream = (mr_part_stream){.part = delivery->parts[unit]};
        delivery->streaming = true;
        enum mr_stream_state state =
            mr_output_stream(&delivery->crew->job->outputs[0], &delivery->stream, job->regions, job->part_files, error);
        delivery->blocked = state == MR_STREAM_WAIT;
        if (state == MR_STREAM_FAILED && error->damage) mr_name_damaged_part(&delivery->parts[unit], unit, error);
        if (state == MR_STREAM_FAILED) return false;
        if (state == MR_STREAM_WAIT) return true;
        if (state == MR_STREAM_CLOSED) {
            delivery->closed = true;
            return true;
        }
        delivery->streaming = false;
        delivery->next++;
        mr_delivery_done(delivery, unit);
    }
    return true;
}

bool mr_delivery_will_stream(const mr_delivery *delivery) {
    if (!to_stream(delivery)) return false;
    for (uint64_t i = delivery->next; i < delivery->placed; i++) {
        uint64_t unit = delivery->sequence[i];
        if (delivery->states[unit] == MR_PART_MISSING) return false;
        if (delivery->states[unit] == MR_PART_READY && delivery->parts[unit].bytes) return true;
    }
    return false;
}

bool mr_delivery_go_on(mr_delivery *delivery, mr_error *error) {
    return to_stream(delivery) ? deliver_to_stream(delivery, error) : deliver_to_file(delivery, error);
}

bool mr_delivery_holds(const mr_delivery *delivery, uint64_t unit) {
    return to_stream(delivery) && delivery->waiting > STREAM_BACKLOG && unit != delivery->wanted &&
           delivery->ranks[unit] == MR_NO_PART;
}
