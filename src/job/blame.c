#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "job/observing.h"
#include "job/wording.h"

/* Who is to blame for a death? A worker that was killed from outside is replaced, and that is all, unless it happens
 * again and again, or always on the same record. After any other death the unit at hand is under suspicion.
 *
 * A chunk goes on trial (trial.c), which finds the records in it that kill. When there is none, the chunk is mapped
 * once more: the third unexplained death on a chunk ends the job. A timeout of map_chunk may mean that its records are
 * many, and none of them slow: if the trial acquits them all, from then on they are mapped one by one. In the reduce
 * phase, where nothing is lost with a worker but the partition at hand, that is simply done again: the second death on
 * the same group of it convicts that group. In a hasty job one timeout convicts. What kills while samples are taken, or
 * in a survey, will kill again in earnest, so that piece is done without, and after some that hang so are all others.
 *
 * A record that is convicted, or that the plugin rejects, is left out if the user allows for it; or the job ends. */

enum {
    CRASHES_MAX = 3,         /* unexplained deaths on a unit that end the job */
    GROUP_CRASHES_MAX = 2,   /* deaths on the same group that convict it */
    SAME_RECORD_KILLS = 5,   /* kills from outside on the same record that are not by chance */
    KILLS_MAX = 50,          /* kills from outside on a unit, or before a worker is ready, that end the job */
    FAILED_STARTS_MAX = 3,   /* deaths in a row before a worker is ready that end the job */
    FAILED_ERRANDS_MAX = 3,  /* the same while it seals or delivers */
    HANGING_SAMPLES_MAX = 2, /* samples that take longer than --timeout, after which no more are taken */
    VAIN_DEATHS_MAX = 8      /* deaths, and four more for each worker, without any progress that end the job */
};

/* ---- ending the job ---------------------------------------------------------------------------------------------- */

/* Where it happened, as the beginning of a message. */
static void name_place(const mr_job *job, const mr_death *death, char *text, size_t size) {
    const mr_place *place = &death->place;
    bool in_source = place->kind != MR_PLACE_NONE && place->kind != MR_PLACE_GROUP;
    const mr_source *source = in_source && place->source < job->input.count ? &job->input.sources[place->source] : NULL;
    uint64_t offset = source ? source->origin + place->offset : 0;
    text[0] = 0;
    if (place->kind == MR_PLACE_GROUP && death->fault.key_length)
        snprintf(text, size, "key '%.*s': ", (int)mr_smaller(death->fault.key_length, MR_FAULT_KEY), death->fault.key);
    else if (place->kind == MR_PLACE_GROUP)
        snprintf(text, size, "key %llu of partition %u: ", (unsigned long long)place->offset + 1, place->partition);
    else if (source)
        snprintf(text, size, "%s, byte %llu: ", source->path, (unsigned long long)offset);
}

static void name_end(const mr_death *death, char *text, size_t size) {
    char end[96], words[MR_DEATH_TEXT];
    if (death->cause == MR_DEATH_REJECTED)
        snprintf(text, size, "the record is rejected: %s", death->reason);
    else if (*death->reason)
        snprintf(text, size, "%s", mr_death_words(death, words));
    else
        snprintf(text, size, "the worker %s%s", mr_describe_end(death->code, end, sizeof end),
                 death->cause == MR_DEATH_NO_MEMORY ? ", because the machine ran out of memory" : "");
}

bool mr_end_for_death(mr_coordinator *self, const mr_death *death, mr_error *error) {
    const mr_job *job = &self->job;
    char place[MR_ERROR_TEXT / 2], end[MR_ERROR_TEXT / 4], again[48] = "";
    name_place(job, death, place, sizeof place);
    name_end(death, end, sizeof end);
    if (death->attempts > 1) snprintf(again, sizeof again, ", %u times in a row", death->attempts);
    self->summary->death = *death;
    return mr_error_set(error, "%splugin %s, in %s: %s%s", place, job->description.name,
                        death->callback ? death->callback : "the constructor", end, again);
}

/* Where every record that hangs costs a time limit, none is left out. */
static bool is_never_left_out(const mr_coordinator *self, const mr_death *death) {
    return self->job.settings->hasty && death->cause == MR_DEATH_TIMEOUT;
}

/* A bad record more than the user allows for. */
static bool end_for_bad(mr_coordinator *self, const mr_death *death, mr_error *error) {
    uint64_t most = self->job.settings->skip_bad;
    mr_end_for_death(self, death, error);
    if (!most || is_never_left_out(self, death)) return false;
    mr_error more = {0};
    mr_error_set(&more, "more than %llu bad record%s (--skip-bad): %s", (unsigned long long)most, most == 1 ? "" : "s",
                 error->text);
    *error = more;
    return false;
}

/* ---- bad records ------------------------------------------------------------------------------------------------- */

/* Tells the workers to leave it out. */
static bool leave_out(mr_coordinator *self, mr_bad_record *record, mr_error *error) {
    mr_shared *shared = self->job.shared;
    uint64_t count = atomic_load_explicit(&shared->bad_count, memory_order_relaxed);
    if (record->left_out) return true;
    if (count == MR_BAD_MAX) return mr_error_set(error, "there are more than %d records to leave out", MR_BAD_MAX);
    mr_left_out *added = &shared->bad[count];
    *added = (mr_left_out){
        .place = record->place, .cause = record->cause, .signal = record->signal, .callback = record->callback};
    snprintf(added->reason, sizeof added->reason, "%s", record->reason);
    atomic_store_explicit(&shared->bad_count, count + 1, memory_order_release);
    record->left_out = true;
    return true;
}

/* A bad record is something that went wrong. */
static void note_bad(mr_coordinator *self, const mr_death *death) {
    char place[MR_ERROR_TEXT / 2], end[MR_ERROR_TEXT / 4];
    name_place(&self->job, death, place, sizeof place);
    name_end(death, end, sizeof end);
    mr_note_left_out(self, death->worker, "%s%s; it is left out", place, end);
}

/* A record that has to be shown later is kept, if it cannot be read again. */
static bool keep_text(mr_coordinator *self, const mr_death *death, const mr_assignment *assignment, mr_error *error) {
    bool of_chunk = assignment->kind == MR_TASK_MAP || assignment->kind == MR_TASK_TRY;
    return !of_chunk || mr_streams_keep_text(&self->streams, &death->place, assignment->unit, error);
}

bool mr_take_bad(mr_coordinator *self, const mr_death *death, const mr_assignment *assignment, mr_error *error) {
    mr_bad_list *list = &self->summary->bad;
    mr_suspicion *suspicion = assignment ? mr_suspicion_of(self, assignment->unit) : NULL;
    if (assignment && !keep_text(self, death, assignment, error)) return false;
    bool known = mr_bad_has(list, &death->place);
    bool too_many = list->count >= self->job.settings->skip_bad;
    if (!known && (too_many || is_never_left_out(self, death))) return end_for_bad(self, death, error);
    if (!known) note_bad(self, death);
    mr_bad_record *record = mr_bad_add(list, death, error);
    if (!record) return false;
    if (suspicion) suspicion->explained = true;
    self->vain_deaths = 0;
    return !death->leave_out || leave_out(self, record, error);
}

static bool is_unkept(const mr_left_out *left_out, uint64_t partition) {
    return left_out->place.kind == MR_PLACE_GROUP && left_out->place.partition == partition && !left_out->kept;
}

bool mr_has_unkept(const mr_coordinator *self, uint64_t unit) {
    const mr_shared *shared = self->job.shared;
    uint64_t count = atomic_load_explicit(&shared->bad_count, memory_order_relaxed);
    for (uint64_t i = 0; i < count; i++)
        if (is_unkept(&shared->bad[i], unit)) return true;
    return false;
}

void mr_take_kept(mr_coordinator *self, uint64_t unit, uint64_t bytes) {
    mr_shared *shared = self->job.shared;
    uint64_t count = atomic_load_explicit(&shared->bad_count, memory_order_relaxed);
    for (uint64_t i = 0; i < count; i++)
        if (is_unkept(&shared->bad[i], unit)) shared->bad[i].kept = 1;
    self->job.bad_bytes = bytes;
    self->keeping = false;
}

/* ---- suspicions -------------------------------------------------------------------------------------------------- */

mr_suspicion *mr_suspicion_of(mr_coordinator *self, uint64_t unit) {
    for (size_t i = 0; i < self->suspicion_count; i++)
        if (self->suspicions[i].unit == unit) return &self->suspicions[i];
    return NULL;
}

static mr_suspicion *suspect(mr_coordinator *self, uint64_t unit, mr_error *error) {
    mr_suspicion *known = mr_suspicion_of(self, unit);
    if (known) return known;
    if (self->suspicion_count == self->suspicion_room) {
        size_t room = self->suspicion_room ? 2 * self->suspicion_room : 16;
        mr_suspicion *larger = realloc(self->suspicions, room * sizeof *larger);
        if (!larger) {
            mr_error_memory(error, room * sizeof *larger, "the list of crashes");
            return NULL;
        }
        self->suspicions = larger;
        self->suspicion_room = room;
    }
    mr_suspicion *added = &self->suspicions[self->suspicion_count++];
    *added = (mr_suspicion){.unit = unit};
    return added;
}

static void note_death(mr_suspicion *suspicion, const mr_death *death) {
    if (suspicion->place.kind != death->place.kind || mr_place_compare(&suspicion->place, &death->place))
        suspicion->at_place = suspicion->kills = 0;
    suspicion->place = death->place;
    suspicion->at_place++;
    suspicion->cause = death->cause;
    suspicion->crashes++;
}

/* The unit has a clean record again. */
static void acquit(mr_suspicion *suspicion) {
    suspicion->crashes = suspicion->at_place = suspicion->kills = 0;
    suspicion->explained = false;
}

bool mr_end_trial(mr_coordinator *self, uint64_t unit, mr_error *error) {
    mr_suspicion *suspicion = mr_suspicion_of(self, unit);
    if (suspicion) {
        bool slow = suspicion->cause == MR_DEATH_TIMEOUT && suspicion->place.kind == MR_PLACE_PIECE;
        if (slow && !suspicion->explained) atomic_store(&self->job.shared->singly, 1);
        if (slow || suspicion->explained) acquit(suspicion);
        suspicion->wants_trial = false;
    }
    return mr_units_lose(&self->units, unit, error);
}

/* ---- deaths ------------------------------------------------------------------------------------------------------ */

/* Whether a kill from outside is the plugin's own deed, or is brought about by it: nobody strikes the same record so
 * often by chance. */
static bool is_own_deed(mr_suspicion *suspicion, const mr_death *death) {
    const mr_place *place = &death->place;
    if (place->kind != MR_PLACE_RECORD && place->kind != MR_PLACE_GROUP) return false;
    if (suspicion->place.kind != place->kind || mr_place_compare(&suspicion->place, place))
        suspicion->at_place = suspicion->kills = 0;
    suspicion->place = *place;
    return ++suspicion->kills >= SAME_RECORD_KILLS;
}

static bool charge_kill(mr_coordinator *self, mr_death *death, const mr_assignment *assignment, mr_error *error) {
    death->attempts = ++self->units.kills[assignment->unit];
    return death->attempts < KILLS_MAX || mr_end_for_death(self, death, error);
}

/* Whether what is known of a unit by now is enough. */
static bool is_convicted(const mr_coordinator *self, const mr_suspicion *suspicion, const mr_death *death) {
    bool group = death->place.kind == MR_PLACE_GROUP, record = death->place.kind == MR_PLACE_RECORD;
    bool at_once = self->job.settings->hasty && death->cause == MR_DEATH_TIMEOUT;
    return (group && suspicion->at_place >= GROUP_CRASHES_MAX) || (at_once && (group || record));
}

static bool charge_unit(mr_coordinator *self, mr_death *death, const mr_assignment *assignment, mr_error *error) {
    mr_suspicion *suspicion = suspect(self, assignment->unit, error);
    if (!suspicion || !keep_text(self, death, assignment, error)) return false;
    if (death->cause == MR_DEATH_KILLED && !is_own_deed(suspicion, death))
        return charge_kill(self, death, assignment, error);
    note_death(suspicion, death);
    death->attempts = suspicion->crashes;
    if (is_convicted(self, suspicion, death)) {
        death->leave_out = 1;
        acquit(suspicion);
        return mr_take_bad(self, death, NULL, error);
    }
    suspicion->wants_trial = self->kind == MR_TASK_MAP;
    return suspicion->crashes < CRASHES_MAX || mr_end_for_death(self, death, error);
}

/* Sealing and delivering belong to no unit of the phase: such deaths are charged to the slot. */
static bool charge_errand(mr_coordinator *self, mr_death *death, mr_error *error) {
    mr_member *member = &self->crew.members[death->worker];
    death->attempts = ++member->failed_errands;
    return death->attempts < (death->cause == MR_DEATH_KILLED ? KILLS_MAX : FAILED_ERRANDS_MAX) ||
           mr_end_for_death(self, death, error);
}

/* A sample can be done without. Where one record hangs many do, and each costs all of the timeout: after some such
 * samples those that nobody has begun are given up, too. That depends on timing, and so does how the keys are divided:
 * not where it shows in the output. */
static void drop_sample(mr_coordinator *self, mr_assignment *assignment, const mr_death *death) {
    assignment->done = assignment->committed = true;
    mr_units_commit(&self->units);
    self->vain_deaths = 0;
    if (self->kind != MR_TASK_SAMPLE || death->cause != MR_DEATH_TIMEOUT || self->job.plan.steady) return;
    unsigned most = self->job.settings->hasty ? 1 : HANGING_SAMPLES_MAX;
    if (++self->samples_that_hang >= most) mr_units_give_up(&self->units);
}

bool mr_charge_death(mr_coordinator *self, mr_death *death, mr_assignment *assignment, mr_error *error) {
    mr_member *member = &self->crew.members[death->worker];
    bool killed = death->cause == MR_DEATH_KILLED;
    death->attempts = 1;
    if (!member->ready && ++member->failed_starts >= (killed ? KILLS_MAX : FAILED_STARTS_MAX)) {
        death->attempts = member->failed_starts;
        return mr_end_for_death(self, death, error);
    }
    if (!killed && ++self->vain_deaths > VAIN_DEATHS_MAX + 4 * self->crew.count)
        return mr_end_for_death(self, death, error);
    if (!assignment || assignment->done) return true;
    if (assignment->kind == MR_TASK_SEAL || assignment->kind == MR_TASK_DELIVER)
        return charge_errand(self, death, error);
    if (self->kind != MR_TASK_SAMPLE && self->kind != MR_TASK_SURVEY)
        return charge_unit(self, death, assignment, error);
    if (killed && self->units.kills[assignment->unit]++ < SAME_RECORD_KILLS) return true;
    drop_sample(self, assignment, death);
    return true;
}
