#include <stdlib.h>

#include "job/observing.h"

/* What is damaged is made again, out of what it was made of. Chunks are mapped, partitions are made of the runs of all
 * chunks, and with another order the output is made of all partitions. Each such making is a phase of its own within
 * the phase at hand, with the usual units, of which only the damaged ones are still to be done; it begins when the
 * workers have finished what they are at.
 *
 * Records of a chunk cannot be told from those of others in the same run. So all runs that came with one commit are
 * dropped together, and all chunks of that commit are mapped again. While there are reduce tasks the list of runs stays
 * as it is: a partition is made either of the old runs or of the new ones. A partition that was finished before has
 * found the old ones intact, as far as it was concerned, and stays. */

enum { DAMAGES_MAX = 3 /* what is damaged this often ends the job */ };

static const uint32_t makers[MR_PRODUCTS] = {MR_TASK_MAP, MR_TASK_REDUCE, MR_TASK_MERGE};

uint32_t mr_task_making(enum mr_product product) {
    return makers[product];
}

enum mr_product mr_parts_come_of(const mr_coordinator *self) {
    if (mr_job_is_map(&self->job)) return MR_PRODUCT_CHUNK;
    return mr_job_is_ordered(&self->job) ? MR_PRODUCT_MERGED : MR_PRODUCT_PARTITION;
}

/* What tasks of a kind make; MR_PRODUCTS: nothing that could be damaged. */
static enum mr_product made_by(uint32_t kind) {
    enum mr_product product = 0;
    while (product < MR_PRODUCTS && makers[product] != kind)
        product++;
    return product;
}

bool mr_repair_open(mr_coordinator *self, mr_error *error) {
    mr_repair *repair = &self->repair;
    repair->counts[MR_PRODUCT_CHUNK] = self->job.chunks.count;
    repair->counts[MR_PRODUCT_PARTITION] = self->job.plan.partitions;
    repair->counts[MR_PRODUCT_MERGED] = 1;
    repair->chunk_room = self->job.chunks.count;
    for (int i = 0; i < MR_PRODUCTS; i++) {
        repair->makings[i] = calloc(repair->counts[i], sizeof(mr_making));
        if (!repair->makings[i]) return mr_error_memory(error, repair->counts[i] * sizeof(mr_making), "a list of work");
    }
    return true;
}

bool mr_repair_add_chunk(mr_coordinator *self, mr_error *error) {
    mr_repair *repair = &self->repair;
    uint64_t *count = &repair->counts[MR_PRODUCT_CHUNK];
    if (*count == repair->chunk_room) {
        uint64_t room = 2 * repair->chunk_room;
        mr_making *larger = realloc(repair->makings[MR_PRODUCT_CHUNK], room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "a list of work");
        repair->makings[MR_PRODUCT_CHUNK] = larger;
        repair->chunk_room = room;
    }
    repair->makings[MR_PRODUCT_CHUNK][(*count)++] = (mr_making){0};
    return true;
}

void mr_repair_close(mr_coordinator *self) {
    for (int i = 0; i < MR_PRODUCTS; i++)
        free(self->repair.makings[i]);
    self->repair = (mr_repair){0};
}

bool mr_repair_counted(mr_coordinator *self, const mr_report *report) {
    if (report->kind == MR_REPORT_COMMIT) return self->repair.mapping;
    const mr_assignment *assignment = mr_member_find(&self->crew.members[report->worker], report->sequence);
    enum mr_product product = assignment ? made_by(assignment->kind) : MR_PRODUCTS;
    if (report->kind != MR_REPORT_DONE || product == MR_PRODUCTS) return false;
    mr_making *making = &self->repair.makings[product][assignment->unit];
    bool before = making->counted;
    making->counted = true;
    return before;
}

bool mr_repair_noted(mr_coordinator *self, const mr_assignment *assignment) {
    enum mr_product product = made_by(assignment->kind);
    if (product == MR_PRODUCTS) return false;
    mr_making *making = &self->repair.makings[product][assignment->unit];
    bool before = making->noted;
    making->noted = true;
    return before;
}

void mr_repair_note_chunk(mr_coordinator *self, uint64_t chunk) {
    self->repair.makings[MR_PRODUCT_CHUNK][chunk].commit = self->repair.commits;
}

/* ---- hearing of damage ------------------------------------------------------------------------------------------- */

/* One more damage of a product; false when that is once too often. */
static bool charge(mr_coordinator *self, enum mr_product product, uint64_t unit, const mr_error *failure,
                   mr_error *error) {
    if (++self->repair.makings[product][unit].damages < DAMAGES_MAX) return true;
    return mr_error_set(error, "%s (for the %drd time, though it was made again)", failure->text, DAMAGES_MAX);
}

/* A product is to be made again. */
static bool want(mr_coordinator *self, enum mr_product product, uint64_t unit, const mr_error *failure,
                 mr_error *error) {
    mr_making *making = &self->repair.makings[product][unit];
    if (making->wanted) return true;
    if (product == MR_PRODUCT_CHUNK && !mr_streams_has_text(&self->streams, unit))
        return mr_error_set(error,
                            "%s; it cannot be made again, because it came of a stream that can be read only once: "
                            "run again, or unpack the input into a file",
                            failure->text);
    making->wanted = true;
    self->repair.wanted[product]++;
    return charge(self, product, unit, failure, error);
}

/* All chunks are wanted that came with the commit of a run. */
static bool want_run(mr_coordinator *self, uint64_t run, const mr_error *failure, mr_error *error) {
    const mr_repair *repair = &self->repair;
    uint64_t commit = self->job.shared->runs[run].commit, wanted = repair->wanted[MR_PRODUCT_CHUNK];
    for (uint64_t i = 0; i < repair->counts[MR_PRODUCT_CHUNK]; i++)
        if (repair->makings[MR_PRODUCT_CHUNK][i].commit == commit && !want(self, MR_PRODUCT_CHUNK, i, failure, error))
            return false;
    wanted = repair->wanted[MR_PRODUCT_CHUNK] - wanted;
    if (wanted) mr_tell_incident(self, "%s; %llu chunks are mapped again", failure->text, (unsigned long long)wanted);
    return true;
}

bool mr_repair_part(mr_coordinator *self, uint64_t unit, const mr_error *failure, mr_error *error) {
    mr_delivery_damaged(&self->delivery, unit);
    mr_tell_incident(self, "%s; it is made again", failure->text);
    return want(self, mr_parts_come_of(self), unit, failure, error);
}

bool mr_repair_hear(mr_coordinator *self, const mr_report *report, const mr_error *failure, mr_error *error) {
    mr_member *member = &self->crew.members[report->worker];
    const mr_assignment *assignment = mr_member_find(member, report->sequence);
    member->abandoned = true;
    if (assignment && assignment->kind == MR_TASK_DELIVER)
        return mr_repair_part(self, assignment->unit, failure, error);
    bool reducing = assignment && (assignment->kind == MR_TASK_REDUCE || assignment->kind == MR_TASK_KEEP);
    if (reducing && report->damaged < self->job.shared->run_count)
        return want_run(self, report->damaged, failure, error);
    if (reducing) {
        mr_tell_incident(self, "%s; the partition is reduced again", failure->text);
        return charge(self, MR_PRODUCT_PARTITION, assignment->unit, failure, error);
    }
    if (assignment && assignment->kind == MR_TASK_MERGE &&
        report->damaged < self->repair.counts[MR_PRODUCT_PARTITION]) {
        mr_tell_incident(self, "%s; it is made again", failure->text);
        return want(self, MR_PRODUCT_PARTITION, report->damaged, failure, error);
    }
    *error = *failure;
    return false;
}

/* ---- making it again --------------------------------------------------------------------------------------------- */

/* Products that come before what the phase at hand makes have to be made in a phase of their own. */
static enum mr_product product_at_hand(const mr_coordinator *self) {
    return self->kind == MR_TASK_DELIVER ? MR_PRODUCTS : made_by(self->kind);
}

bool mr_repair_holds(const mr_coordinator *self) {
    for (enum mr_product i = 0, last = product_at_hand(self); i < last; i++)
        if (self->repair.wanted[i]) return true;
    return false;
}

bool mr_repair_wanted(const mr_coordinator *self) {
    enum mr_product product = product_at_hand(self);
    return mr_repair_holds(self) || (product < MR_PRODUCTS && self->repair.wanted[product]);
}

/* Opens all wanted units of the phase at hand, which makes this product, once more. */
static bool reopen_wanted(mr_coordinator *self, enum mr_product product, mr_error *error) {
    mr_repair *repair = &self->repair;
    if (!repair->wanted[product]) return true;
    repair->wanted[product] = 0;
    for (uint64_t i = repair->counts[product]; i-- > 0;) {
        if (!repair->makings[product][i].wanted) continue;
        repair->makings[product][i].wanted = false;
        if (!mr_units_reopen(&self->units, i, error)) return false;
    }
    return true;
}

/* Drops all runs that came with a commit whose chunks are wanted. */
static bool drop_runs(mr_coordinator *self, mr_error *error) {
    const mr_repair *repair = &self->repair;
    mr_shared *shared = self->job.shared;
    uint64_t kept = 0;
    bool *dropped = calloc(repair->commits + 1, sizeof *dropped);
    if (!dropped) return mr_error_memory(error, repair->commits, "a list of runs");
    for (uint64_t i = 0; i < repair->counts[MR_PRODUCT_CHUNK]; i++) {
        const mr_making *chunk = &repair->makings[MR_PRODUCT_CHUNK][i];
        if (chunk->wanted) dropped[chunk->commit] = true;
    }
    for (uint64_t i = 0; i < shared->run_count; i++)
        if (!dropped[shared->runs[i].commit]) shared->runs[kept++] = shared->runs[i];
    shared->run_count = kept;
    free(dropped);
    return true;
}

/* A phase for the wanted units of one product, within the phase at hand. */
static bool make_again(mr_coordinator *self, enum mr_product product, mr_error *error) {
    mr_repair *repair = &self->repair;
    mr_units outer = self->units;
    uint32_t outer_kind = self->kind;
    bool runs = product == MR_PRODUCT_CHUNK && !mr_job_is_map(&self->job);
    self->units = (mr_units){0};
    bool ok =
        (!runs || drop_runs(self, error)) && mr_begin_phase(self, makers[product], repair->counts[product], error);
    self->units.next = self->units.committed = self->units.count;
    repair->mapping = runs;
    ok = ok && reopen_wanted(self, product, error) && mr_do_units(self, error);
    repair->mapping = false;
    mr_units_close(&self->units);
    self->units = outer;
    self->kind = outer_kind;
    self->suspicion_count = 0; /* they are about units of the inner phase */
    if (ok && product == MR_PRODUCT_PARTITION && mr_job_is_ordered(&self->job))
        memcpy(self->job.shared->ordered, self->ordered, self->job.shared->splitters.partitions * sizeof(mr_part));
    return ok;
}

/* Whether all workers have finished what they were at; parts on their way do not matter. */
static bool workers_idle(const mr_coordinator *self) {
    for (uint32_t i = 0; i < self->job.plan.workers; i++)
        if (self->crew.members[i].busy) return false;
    return true;
}

bool mr_repair_go_on(mr_coordinator *self, mr_error *error) {
    enum mr_product last = product_at_hand(self);
    if (mr_repair_holds(self) && !workers_idle(self)) return true;
    for (enum mr_product product = 0; product < last; product++)
        if (self->repair.wanted[product] && !make_again(self, product, error)) return false;
    return last == MR_PRODUCTS || reopen_wanted(self, last, error);
}
