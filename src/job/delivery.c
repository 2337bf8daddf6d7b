#include "job/delivery.h"

#include <stdlib.h>

/* Parts come in any order. As soon as all parts before one have come its offset in the output is known: the worker that
 * made it, which has it in its cache, writes it there. A stream gets the parts one after the other from the
 * coordinator. The memory of a delivered part is given back to its worker, in the order in which that worker made its
 * parts. */

enum { DELIVERIES_AT_ONCE = 16 /* tasks of a worker, so that its queue is never full of them */ };

/* Bytes that may wait for a slow stream; beyond, no new work is started. */
#define STREAM_BACKLOG (64ull << 20)

bool mr_delivery_open(mr_delivery *delivery, mr_crew *crew, mr_output *output, uint64_t count, mr_error *error) {
    *delivery = (mr_delivery){.crew = crew, .output = output, .count = count};
    delivery->parts = calloc(count + 1, sizeof *delivery->parts);
    delivery->states = calloc(count + 1, sizeof *delivery->states);
    delivery->offsets = calloc(count + 1, sizeof *delivery->offsets);
    delivery->orders = calloc(crew->count, sizeof *delivery->orders);
    if (delivery->parts && delivery->states && delivery->offsets && delivery->orders) return true;
    return mr_error_memory(error, (count + 1) * sizeof *delivery->parts, "the parts of the output");
}

void mr_delivery_close(mr_delivery *delivery) {
    for (uint32_t i = 0; delivery->orders && i < delivery->crew->count; i++)
        free(delivery->orders[i].units);
    free(delivery->orders);
    free(delivery->parts);
    free(delivery->states);
    free(delivery->offsets);
    mr_part_stream_close(&delivery->stream);
    *delivery = (mr_delivery){0};
}

/* Notes that a worker slot has made a part. */
static bool add_to_order(mr_part_order *order, uint64_t unit, mr_error *error) {
    if (order->count == order->room && order->first > order->room / 2) {
        memmove(order->units, order->units + order->first, (order->count - order->first) * sizeof *order->units);
        order->count -= order->first;
        order->first = 0;
    }
    if (order->count == order->room) {
        size_t room = order->room ? 2 * order->room : 64;
        uint64_t *larger = realloc(order->units, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the parts of a worker");
        order->units = larger;
        order->room = room;
    }
    order->units[order->count++] = unit;
    return true;
}

bool mr_delivery_take(mr_delivery *delivery, uint64_t unit, const mr_part *part, mr_error *error) {
    if (!add_to_order(&delivery->orders[part->worker], unit, error)) return false;
    delivery->parts[unit] = *part;
    delivery->states[unit] = MR_PART_READY;
    delivery->waiting += part->bytes;
    delivery->results += part->results;
    for (; delivery->placed < delivery->count && delivery->states[delivery->placed] != MR_PART_MISSING;
         delivery->placed++) {
        delivery->offsets[delivery->placed] = delivery->end;
        if (__builtin_add_overflow(delivery->end, delivery->parts[delivery->placed].bytes, &delivery->end))
            return mr_error_set(error, "the output is larger than 2^64 bytes");
    }
    return true;
}

void mr_delivery_done(mr_delivery *delivery, uint64_t unit) {
    const mr_part *part = &delivery->parts[unit];
    mr_part_order *order = &delivery->orders[part->worker];
    delivery->states[unit] = MR_PART_DELIVERED;
    delivery->delivered++;
    delivery->waiting -= part->bytes;
    if (part->in_file)
        mr_spill_release(&delivery->crew->job->part_files[part->worker], part->place.offset, part->place.length);
    uint64_t released = 0;
    while (order->first < order->count && delivery->states[order->units[order->first]] == MR_PART_DELIVERED)
        released = delivery->parts[order->units[order->first++]].released;
    if (released)
        atomic_store_explicit(&delivery->crew->job->shared->slots[part->worker].released, released,
                              memory_order_release);
}

void mr_delivery_lost(mr_delivery *delivery, uint64_t unit) {
    delivery->states[unit] = MR_PART_READY;
    if (unit < delivery->next) delivery->next = unit;
}

/* The worker to write a part: the one that made it, or another when its slot is empty or has much to do. */
static uint32_t choose_writer(const mr_delivery *delivery, const mr_part *part) {
    const mr_crew *crew = delivery->crew;
    uint32_t best = crew->count;
    const mr_member *maker = &crew->members[part->worker];
    if (mr_member_present(maker) && maker->delivering < DELIVERIES_AT_ONCE) return part->worker;
    for (uint32_t i = 0; i < crew->count; i++) {
        const mr_member *member = &crew->members[i];
        if (!mr_member_present(member) || member->delivering >= DELIVERIES_AT_ONCE) continue;
        if (best == crew->count || member->delivering < crew->members[best].delivering) best = i;
    }
    return best;
}

static bool deliver_to_file(mr_delivery *delivery, mr_error *error) {
    for (; delivery->next < delivery->placed; delivery->next++) {
        uint64_t unit = delivery->next;
        const mr_part *part = &delivery->parts[unit];
        if (delivery->states[unit] != MR_PART_READY) continue;
        if (!part->bytes) {
            mr_delivery_done(delivery, unit);
            continue;
        }
        uint32_t writer = choose_writer(delivery, part);
        if (writer == delivery->crew->count) return true;
        mr_task task = {.kind = MR_TASK_DELIVER, .unit = unit, .part = *part, .offset = delivery->offsets[unit]};
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
        uint64_t unit = delivery->next;
        if (!delivery->streaming) delivery->stream = (mr_part_stream){.part = delivery->parts[unit]};
        delivery->streaming = true;
        enum mr_stream_state state =
            mr_output_stream(delivery->output, &delivery->stream, job->regions, job->part_files, error);
        delivery->blocked = state == MR_STREAM_WAIT;
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

bool mr_delivery_go_on(mr_delivery *delivery, mr_error *error) {
    return delivery->output->stream ? deliver_to_stream(delivery, error) : deliver_to_file(delivery, error);
}

bool mr_delivery_holds(const mr_delivery *delivery, uint64_t unit) {
    return delivery->output->stream && delivery->waiting > STREAM_BACKLOG && unit != delivery->placed;
}
