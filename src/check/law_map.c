#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"
#include "check/shrink.h"

/* Law: map gives the same pairs for the same record, every time and everywhere: whatever was mapped before in the same
 * process, whatever was in memory that is not initialised, wherever memory lies, whoever the process is and what time
 * it is. Where it does not hold, work that is done again (after a sample, or a crash) does not come to the same.
 *
 * All records are mapped twice, each alone. The first sweep goes through them in order. The second one is different in
 * every way at once: another process, another time, other addresses, another pattern in memory, records in a random
 * order, without the newline at their end, and in memory that nobody can read any more once the callback has returned.
 * What each record gave is compared by its hash.
 *
 * Only a record that is not the same is looked at more closely: it is mapped in fresh processes that differ from each
 * other in one way, and the first way in which the result differs is the cause. If none does, it has to be the records
 * before it; of these as few as possible are kept.
 */

enum { PATTERN = 0x5a, OTHER_PATTERN = 0xc3, SHRINK_SECONDS = 4, CANDIDATES = 10000 };

const mr_variant mr_variant_plain = {.pattern = PATTERN};
static const mr_variant all_else = {.pattern = OTHER_PATTERN, .later = true, .moved = true, .strict = true};

/* ---- the two sweeps ---------------------------------------------------------------------------------------------- */

static bool sweep_in_order(mr_lab *lab, void *argument, mr_error *error) {
    mr_board *board = lab->board;
    mr_trace trace = {0};
    bool ok = true;
    (void)argument;
    for (board->mapped = 0; board->mapped < board->record_count && ok && mr_seconds() < lab->deadline;) {
        mr_trace_clear(&trace);
        ok = mr_lab_map_one(lab, (uint32_t)board->mapped, &trace, error);
        board->hashes[0][board->mapped++] = mr_trace_hash(&trace);
    }
    mr_trace_free(&trace);
    return ok;
}

static void shuffle(mr_lab *lab, uint32_t *items, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        items[i] = (uint32_t)i;
    for (uint64_t i = count; i > 1; i--) {
        uint64_t other = mr_lab_random(lab, i);
        uint32_t kept = items[i - 1];
        items[i - 1] = items[other];
        items[other] = kept;
    }
}

static bool sweep_shuffled(mr_lab *lab, void *argument, mr_error *error) {
    mr_board *board = lab->board;
    uint64_t count = *(uint64_t *)argument;
    mr_trace trace = {0};
    bool ok = true;
    shuffle(lab, board->order, count);
    memcpy(board->hashes[1], board->hashes[0], count * sizeof(uint64_t));
    for (board->mapped = 0; board->mapped < count && ok && mr_seconds() < lab->deadline;) {
        uint32_t record = board->order[board->mapped++];
        mr_trace_clear(&trace);
        ok = mr_lab_map_one(lab, record, &trace, error);
        board->hashes[1][record] = mr_trace_hash(&trace);
    }
    mr_trace_free(&trace);
    return ok;
}

bool mr_sweep_first(mr_checker *self, mr_error *error) {
    mr_experiment experiment = {.variant = mr_variant_plain, .seconds = self->seconds / 5, .run = sweep_in_order};
    mr_death *death = calloc(1, sizeof *death);
    if (!death) return mr_error_memory(error, sizeof *death, "a crash");
    enum mr_experiment_end end = mr_experiment_do(&self->bench, &experiment, death, error);
    if (end == MR_EXPERIMENT_DIED) mr_tell_death(self, MR_LAW_SAME, death);
    free(death);
    self->mapped_until = time(NULL); /* the time of day, as the plugin sees it */
    self->swept = end == MR_EXPERIMENT_DONE ? mr_smaller(self->board->mapped, self->board->record_count) : 0;
    return end != MR_EXPERIMENT_FAILED;
}

/* Lets the time of day become another one, for a plugin that would not see it when its clock is moved. */
static void await_another_second(const mr_checker *self, time_t before) {
    if (self->board->clock_moves) return;
    while (time(NULL) == before) /* the time of day, as the plugin sees it */
        usleep(20000);
}

/* ---- looking for the cause --------------------------------------------------------------------------------------- */

/* Some records, mapped one after the other in a fresh process. */
typedef struct record_list {
    const uint32_t *records;
    size_t count;
} record_list;

/* Hands back what the last one gives. */
static bool map_list(mr_lab *lab, void *argument, mr_error *error) {
    const record_list *list = argument;
    mr_board *board = lab->board;
    mr_trace trace = {0};
    bool ok = true;
    for (size_t i = 0; i < list->count && ok; i++) {
        mr_trace_clear(&trace);
        ok = mr_lab_map_one(lab, list->records[i], &trace, error);
    }
    board->result_length = mr_smaller(trace.used, sizeof board->result);
    board->result_hash = mr_trace_hash(&trace);
    if (trace.used) memcpy(board->result, trace.bytes, board->result_length);
    mr_trace_free(&trace);
    return ok;
}

/* What a record gives behind others. */
typedef struct outcome {
    bool known;    /* the experiment came to its end */
    uint64_t hash; /* of all that it gives */
    mr_trace trace;
} outcome;

static outcome map_behind(mr_checker *self, mr_variant variant, const uint32_t *records, size_t count) {
    mr_board *board = self->board;
    record_list list = {records, count};
    mr_experiment experiment = {.variant = variant, .seconds = self->seconds, .run = map_list, .argument = &list};
    static mr_death death; /* large; it counts as unknown */
    mr_error ignored = {0};
    outcome result = {0};
    if (mr_experiment_do(&self->bench, &experiment, &death, &ignored) != MR_EXPERIMENT_DONE) return result;
    size_t length = mr_smaller(board->result_length, sizeof board->result);
    result.trace.bytes = malloc(length + 1);
    if (!result.trace.bytes) return result;
    memcpy(result.trace.bytes, board->result, length);
    result.trace.used = length;
    result.hash = board->result_hash;
    result.known = true;
    return result;
}

/* One way in which processes may differ, and what it means when the pairs differ, too. */
typedef struct cause {
    enum mr_law law;
    mr_variant variant; /* against mr_variant_plain */
    size_t times;       /* how often the record is mapped */
    const char *title;  /* behind the name of the callback */
    const char *names[2];
    const char *advice;
} cause;

static const cause causes[] = {
    {MR_LAW_SAME,
     {.pattern = PATTERN, .later = true},
     1,
     "does not give the same for the same record: it is not deterministic",
     {"one time    ", "another time"},
     "Most likely it uses the time, random numbers, or something else from outside of the record (such as getpid or "
     "the "
     "environment). Derive what it emits from the record, ctx and options alone; random choices from a hash of the "
     "record."},
    {MR_LAW_SAME,
     {.pattern = OTHER_PATTERN},
     1,
     "emits bytes that nobody has set, so the same record gives other ones each time: padding?",
     {"memory filled with 0x5a", "memory filled with 0xc3"},
     "Most likely they are padding between the members of a struct, or a variable or array that is not set in every "
     "case. Clear it first (memset), or build keys and values from their members one by one."},
    {MR_LAW_SAME,
     {.pattern = PATTERN, .moved = true},
     1,
     "does not give the same for the same record: it depends on where things lie in memory",
     {"at some addresses ", "at other addresses"},
     "Most likely a pointer, or a hash of one, gets into a key or value, or decides about an order. Emit what it "
     "points "
     "to."},
    {MR_LAW_SAME,
     {.pattern = PATTERN, .strict = true},
     1,
     "reads beyond the end of the record",
     {"with a newline behind it  ", "with other bytes behind it"},
     "A record is length bytes and no string: no zero byte ends it, and the last one of a file may lack its newline. "
     "Most likely a function for strings (atoi, strtol, strchr, sscanf) goes on behind it. It may be overwritten there "
     "(record[length] = 0), or copied; mr_decimal_of and mr_number_of know where to stop."},
    {MR_LAW_STATE,
     {.pattern = PATTERN},
     2,
     "gives something else when it is called twice for the same record",
     {"the first time ", "the second time"},
     "Something stays from one call to the next: a static or global variable, ctx->state, or a generator of random "
     "numbers. Each worker has its own, and pieces are mapped more than once, in any order. Set it at the start of "
     "each "
     "call, or let reduce or fold do what goes beyond one record."},
};

static const char *callback_of(const mr_checker *self) {
    const char *told = mr_told_callback(self->job.shared->slots[0].where.callback);
    return told ? told : "map";
}

static void tell_cause(mr_checker *self, const cause *about, uint32_t record, const outcome *a, const outcome *b) {
    mr_finding *finding = mr_finding_begin(self->board, about->law, "%s %s", callback_of(self), about->title);
    FILE *to = mr_finding_text(finding);
    mr_finding_add_record(finding, record);
    mr_finding_advise(finding, "%s", about->advice);
    if (!to) return;
    mr_trace_show_difference(to, &a->trace, about->names[0], &b->trace, about->names[1]);
    fclose(to);
}

/* Tries the causes one by one; alone: what the record gives by itself. */
static bool find_cause(mr_checker *self, uint32_t record, const outcome *alone) {
    uint32_t list[2] = {record, record};
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        if (causes[i].variant.later) await_another_second(self, time(NULL)); /* of the time of day */
        outcome other = map_behind(self, causes[i].variant, list, causes[i].times);
        bool differs = other.known && other.hash != alone->hash;
        if (differs) tell_cause(self, &causes[i], record, alone, &other);
        mr_trace_free(&other.trace);
        if (differs) return true;
    }
    return false;
}

/* A record, and records before it that change what it gives. */
typedef struct predecessors {
    mr_checker *self;
    uint32_t record;
    uint64_t alone; /* hash of what it gives alone */
    uint32_t *room; /* for a list with it at the end */
} predecessors;

static bool still_changed(void *receiver, const uint32_t *items, size_t count) {
    predecessors *about = receiver;
    memcpy(about->room, items, count * sizeof *items);
    about->room[count] = about->record;
    outcome result = map_behind(about->self, mr_variant_plain, about->room, count + 1);
    mr_trace_free(&result.trace);
    return result.known && result.hash != about->alone;
}

static void tell_predecessors(predecessors *about, const uint32_t *items, size_t count, const outcome *alone) {
    mr_checker *self = about->self;
    memcpy(about->room, items, count * sizeof *items);
    about->room[count] = about->record;
    outcome behind = map_behind(self, mr_variant_plain, about->room, count + 1);
    mr_finding *finding = mr_finding_begin(
        self->board, MR_LAW_STATE, "%s remembers other records: what it gives depends on what was mapped before",
        callback_of(self));
    FILE *to = mr_finding_text(finding);
    for (size_t i = 0; i <= count; i++)
        mr_finding_add_record(finding, about->room[i]);
    mr_finding_advise(finding, "%s", causes[sizeof causes / sizeof *causes - 1].advice);
    if (to) {
        fprintf(to, "the %s of these records gives\n", count > 1 ? "last" : "second");
        mr_trace_show_difference(to, &alone->trace, "alone            ", &behind.trace, "behind the others");
        fclose(to);
    }
    mr_trace_free(&behind.trace);
}

/* Looks for records before this one, in the order of one of the sweeps, that make the difference. */
static bool find_predecessors(mr_checker *self, uint32_t record, const outcome *alone, const uint32_t *order,
                              size_t count) {
    uint32_t *items = malloc((count + 1) * sizeof *items), *room = malloc((count + 2) * sizeof *room);
    predecessors about = {.self = self, .record = record, .alone = alone->hash, .room = room};
    bool found = false;
    if (items && room && count) {
        for (size_t i = 0; i < count; i++)
            items[i] = order ? order[i] : (uint32_t)i;
        found = still_changed(&about, items, count);
        if (found) {
            count = mr_shrink(items, count, still_changed, &about, mr_shrink_until(self->end, SHRINK_SECONDS));
            tell_predecessors(&about, items, count, alone);
        }
    }
    free(items);
    free(room);
    return found;
}

/* How many records have been mapped before this one in the second sweep. */
static size_t place_in_order(const mr_board *board, uint32_t record, uint64_t count) {
    size_t place = 0;
    while (place < count && board->order[place] != record)
        place++;
    return place;
}

static void tell_unknown(mr_checker *self, uint32_t record) {
    mr_finding *finding = mr_finding_begin(
        self->board, MR_LAW_SAME, "%s has given two different results for a record, but not again", callback_of(self));
    mr_finding_add_record(finding, record);
    mr_finding_advise(finding, "It depends on something that changes rarely: chance, time, or many records before it.");
}

static void explain(mr_checker *self, uint32_t record) {
    if (self->board->verdicts[MR_LAW_RECORD].kind == MR_VERDICT_WRONG) {
        mr_follows_from_others(self->board, MR_LAW_SAME); /* records themselves are not the same */
        return;
    }
    outcome alone = map_behind(self, mr_variant_plain, &record, 1);
    bool found = alone.known && find_cause(self, record, &alone);
    found = found || find_predecessors(self, record, &alone, NULL, record);
    found = found || find_predecessors(self, record, &alone, self->board->order,
                                       place_in_order(self->board, record, self->swept));
    if (!found) tell_unknown(self, record);
    mr_trace_free(&alone.trace);
}

/* Of the first records that differ the shortest; count when there is none. */
static uint64_t choose_record(const mr_board *board, uint64_t count, uint64_t *differing) {
    uint64_t chosen = count;
    *differing = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (board->hashes[0][i] == board->hashes[1][i]) continue;
        bool shorter = chosen == count || board->records[i].bytes < board->records[chosen].bytes;
        if (shorter && *differing < CANDIDATES) chosen = i;
        ++*differing;
    }
    return chosen;
}

static void compare_sweeps(mr_checker *self) {
    uint64_t differing, count = self->swept, chosen = choose_record(self->board, count, &differing);
    uint64_t again = mr_smaller(self->board->mapped, count);
    if (chosen < count) explain(self, (uint32_t)chosen);
    char tried[64], some[48] = "";
    snprintf(tried, sizeof tried, "%llu record%s", (unsigned long long)again, again == 1 ? "" : "s");
    if (again < self->board->record_count)
        snprintf(tried, sizeof tried, "%llu of %llu records", (unsigned long long)again,
                 (unsigned long long)self->board->record_count);
    if (differing) snprintf(some, sizeof some, ", %llu of them differ", (unsigned long long)differing);
    for (int law = MR_LAW_SAME; law <= MR_LAW_STATE; law++) {
        mr_verdict *verdict = &self->board->verdicts[law];
        bool wrong = verdict->kind == MR_VERDICT_WRONG;
        mr_verdict_ok(self->board, law, "%s", tried);
        if (wrong) snprintf(verdict->note, sizeof verdict->note, "%s%s", tried, some);
    }
}

bool mr_sweep_again(mr_checker *self, mr_error *error) {
    if (!self->swept) return true;
    await_another_second(self, self->mapped_until);
    mr_experiment experiment = {
        .variant = all_else, .seconds = self->seconds / 5, .run = sweep_shuffled, .argument = &self->swept};
    mr_death *death = calloc(1, sizeof *death);
    if (!death) return mr_error_memory(error, sizeof *death, "a crash");
    enum mr_experiment_end end = mr_experiment_do(&self->bench, &experiment, death, error);
    if (end == MR_EXPERIMENT_DIED) mr_tell_death(self, MR_LAW_SAME, death);
    if (end == MR_EXPERIMENT_DONE) compare_sweeps(self);
    free(death);
    return end != MR_EXPERIMENT_FAILED;
}
