#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"
#include "check/shrink.h"

/* Law: a key gives the same result, whatever other keys its worker has seen before: how keys are divided among workers
 * changes with memory and data. Keys that have to stay together (mr_plugin.together) are tried together: what is
 * divided are units of a key, of a group of keys, or nothing at all.
 *
 * Once the units are reduced or finished in one go, in order, as one worker would, and once each in a go of its own,
 * with begin before it and end behind it, the last first. Then values lie elsewhere, each only until the next one is
 * asked for, and memory holds another pattern. Each of these is done in a process of its own, to which the plugin is as
 * it was when it was loaded. The results, put in order, have to be the same; if not, the units are
 * made as few as possible, and the cause is looked for.
 */

enum { RECORDS = 20000, UNITS = 20000, OTHER_PATTERN = 0xc3, SHRINK_SECONDS = 4 };

/* Keys that stay together. */
typedef struct unit {
    size_t first; /* their first pair */
    size_t end;   /* behind their last */
} unit;

typedef struct results {
    mr_lab *lab;
    mr_lab_pairs pairs;
    unit *units; /* owned */
    size_t count;
    mr_error *error;
} results;

/* ---- units ------------------------------------------------------------------------------------------------------- */

/* Whether the keys of two pairs, which differ, stay together. */
static bool stay_together(const results *self, const mr_lab_pair *a, const mr_lab_pair *b) {
    uint32_t together = self->lab->plugin.together;
    if (together != MR_TOGETHER_GROUP) return together == MR_TOGETHER_ALL;
    size_t of_a = strnlen(a->key.data, a->key.length), of_b = strnlen(b->key.data, b->key.length);
    return of_a == of_b && mr_same_bytes(a->key.data, b->key.data, of_a);
}

static bool divide(results *self) {
    const mr_lab_pairs *pairs = &self->pairs;
    if (!self->units) self->units = calloc(UNITS + 1, sizeof *self->units);
    if (!self->units) return mr_error_memory(self->error, UNITS * sizeof *self->units, "keys");
    self->count = 0;
    for (size_t first = 0, end; first < pairs->count; first = end) {
        end = mr_lab_key_end(pairs, first);
        unit *last = self->count ? &self->units[self->count - 1] : NULL;
        if (last && stay_together(self, &pairs->list[last->first], &pairs->list[first]))
            last->end = end;
        else if (self->count < UNITS)
            self->units[self->count++] = (unit){first, end};
        else
            break;
    }
    return true;
}

/* ---- reducing ---------------------------------------------------------------------------------------------------- */

static bool reduce_unit(results *self, uint32_t item, mr_trace *trace) {
    const unit *at = &self->units[item];
    for (size_t first = at->first, end; first < at->end; first = end) {
        end = mr_lab_key_end(&self->pairs, first);
        if (!mr_lab_reduce(self->lab, &self->pairs.list[first], end - first, trace, self->error)) return false;
    }
    return true;
}

/* All units in one go. */
static bool reduce_together(results *self, const uint32_t *items, size_t count, mr_trace *trace) {
    bool ok = mr_lab_begin(self->lab, self->error);
    for (size_t i = 0; i < count && ok; i++)
        ok = reduce_unit(self, items[i], trace);
    return ok && mr_lab_end(self->lab, trace, self->error);
}

static bool join_traces(results *self, const mr_trace *parts, size_t count, mr_trace *trace) {
    mr_trace_entry entry;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; mr_trace_next(&parts[i], &at, &entry);)
            if (!mr_trace_add(trace, entry.kind, entry.key, entry.value, self->error)) return false;
    return true;
}

/* Each unit in a go of its own, the last first; what they give is put in order. */
static bool reduce_apart(results *self, const uint32_t *items, size_t count, mr_trace *trace) {
    mr_trace *parts = calloc(count + 1, sizeof *parts);
    if (!parts) return mr_error_memory(self->error, count * sizeof *parts, "results");
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++) {
        size_t place = count - 1 - i;
        ok = reduce_together(self, &items[place], 1, &parts[place]);
    }
    ok = ok && join_traces(self, parts, count, trace);
    for (size_t i = 0; i < count; i++)
        mr_trace_free(&parts[i]);
    free(parts);
    return ok;
}

/* In which way to reduce, and how the lab is meanwhile. */
typedef struct manner {
    bool apart;
    bool again; /* the same keys have been reduced once before */
    bool strict;
    bool filled; /* with the other pattern */
} manner;

/* Some units, to be reduced in a process of its own. */
typedef struct reducing {
    results *self;
    manner how;
    const uint32_t *items;
    size_t count;
} reducing;

static bool reduce_now(void *receiver, mr_trace *trace) {
    const reducing *now = receiver;
    mr_variant *variant = &now->self->lab->variant;
    variant->strict = now->how.strict;
    if (now->how.filled) variant->pattern = OTHER_PATTERN;
    bool (*reduce)(results *, const uint32_t *, size_t, mr_trace *) = now->how.apart ? reduce_apart : reduce_together;
    if (now->how.again && !reduce(now->self, now->items, now->count, trace)) return false;
    mr_trace_clear(trace);
    return reduce(now->self, now->items, now->count, trace);
}

static bool reduce_in(results *self, manner how, const uint32_t *items, size_t count, mr_trace *trace) {
    reducing now = {self, how, items, count};
    return mr_lab_apart(self->lab, reduce_now, &now, trace, self->error);
}

/* Two manners that have to give the same. */
typedef struct comparison {
    results *self;
    manner one, other;
} comparison;

static bool differs(void *receiver, const uint32_t *items, size_t count) {
    comparison *of = receiver;
    mr_trace one = {0}, other = {0};
    bool result = reduce_in(of->self, of->one, items, count, &one) &&
                  reduce_in(of->self, of->other, items, count, &other) && !mr_trace_same(&one, &other);
    mr_trace_free(&one);
    mr_trace_free(&other);
    return result;
}

/* The same for all units. */
static bool differs_now(comparison *of) {
    static uint32_t items[UNITS];
    for (size_t i = 0; i < of->self->count; i++)
        items[i] = (uint32_t)i;
    return differs(of, items, of->self->count);
}

/* ---- the cause --------------------------------------------------------------------------------------------------- */

typedef struct cause {
    manner other; /* against {0} */
    const char *title;
    const char *names[2];
    const char *advice;
} cause;

static const cause causes[] = {
    {{.again = true},
     "gives something else when the same keys come again",
     {"the first time ", "the second time"},
     "Something stays from one go to the next: a static or global variable, ctx->state, or a generator of random "
     "numbers; or it uses the time. Set it in begin, or at the start of each call."},
    {{.strict = true},
     "uses a value, or a key, that is not borrowed any more",
     {"while old values still stand in memory", "when they have been overwritten      "},
     "A value is borrowed until the next one is asked for, a key until the callback returns. Copy what is needed "
     "longer."},
    {{.filled = true},
     "emits bytes that nobody has set: padding?",
     {"memory filled with 0x5a", "memory filled with 0xc3"},
     "Most likely they are padding between the members of a struct, or a variable or array that is not set in every "
     "case. Clear it first (memset)."},
    {{.apart = true},
     "remembers the keys before: a result depends on which worker has reduced which keys",
     {"all keys by one worker     ", "each key by another worker "},
     "Most likely a static or global variable, or ctx->state, goes from one key into the next. Reset it for each key. "
     "If keys have to be seen together, say so with .together, and forget what is past in begin."},
};

/* Puts the fault down: all units that are left show it. */
static void tell(results *self, const cause *about) {
    enum { MOST = 40 };
    static uint32_t items[UNITS];
    const mr_plugin *plugin = &self->lab->plugin;
    mr_trace one = {0}, other = {0};
    mr_finding *finding = mr_finding_begin(self->lab->board, MR_LAW_RESULT, "%s %s",
                                           plugin->kind == MR_GROUP ? "reduce" : "finish", about->title);
    FILE *to = mr_finding_text(finding);
    mr_finding_advise(finding, "%s", about->advice);
    for (size_t i = 0; i < self->pairs.count; i++)
        mr_finding_add_record(finding, self->pairs.list[i].record);
    mr_finding_sort_records(finding);
    if (!to) return;
    for (size_t i = 0; i < self->count && i < 4; i++) {
        fputs(i ? ", then " : self->count > 1 ? "the keys " : "the key ", to);
        mr_show_bytes(to, mr_lab_plain_key(self->lab, &self->pairs.list[self->units[i].first]), MOST);
    }
    fputc('\n', to);
    for (size_t i = 0; i < self->count; i++)
        items[i] = (uint32_t)i;
    if (reduce_in(self, (manner){0}, items, self->count, &one) &&
        reduce_in(self, about->other, items, self->count, &other))
        mr_trace_show_difference(to, &one, about->names[0], &other, about->names[1]);
    fclose(to);
    mr_trace_free(&one);
    mr_trace_free(&other);
}

/* Pairs of which as few as possible are to be kept. */
typedef struct lessening {
    comparison *of;
    mr_lab_pair *all; /* in order */
} lessening;

/* Leaves only these pairs. */
static void keep_pairs(const lessening *less, const uint32_t *items, size_t count) {
    results *self = less->of->self;
    for (size_t i = 0; i < count; i++)
        self->pairs.list[i] = less->all[items[i]];
    self->pairs.count = count;
    divide(self);
}

static bool still_differs(void *receiver, const uint32_t *items, size_t count) {
    lessening *less = receiver;
    keep_pairs(less, items, count);
    return differs_now(less->of);
}

/* Leaves as few values as possible of some units, which are all that remains. */
static void lessen_values(comparison *of, const uint32_t *units, size_t unit_count) {
    results *self = of->self;
    lessening less = {of, malloc(self->pairs.count * sizeof *less.all)};
    uint32_t *items = malloc(self->pairs.count * sizeof *items);
    size_t count = 0;
    if (less.all && items) {
        for (size_t i = 0; i < unit_count; i++)
            for (size_t j = self->units[units[i]].first; j < self->units[units[i]].end; j++)
                less.all[count++] = self->pairs.list[j];
        for (size_t i = 0; i < count; i++)
            items[i] = (uint32_t)i;
        count = mr_shrink(items, count, still_differs, &less, mr_shrink_until(self->lab->deadline, SHRINK_SECONDS));
        keep_pairs(&less, items, count);
    }
    free(items);
    free(less.all);
}

/* The cause is that for which the fault still shows when there is no other difference. */
static void explain(results *self, comparison *found) {
    static uint32_t items[UNITS];
    enum { CAUSES = sizeof causes / sizeof *causes };
    comparison of = {self, {0}, causes[CAUSES - 1].other};
    size_t count = self->count;
    for (size_t i = 0; i < count; i++)
        items[i] = (uint32_t)i;
    count = mr_shrink(items, count, differs, found, mr_shrink_until(self->lab->deadline, SHRINK_SECONDS));
    int i = 0;
    for (; i + 1 < CAUSES; i++) {
        of.other = causes[i].other;
        if (differs(&of, items, count)) break;
    }
    of.other = causes[i].other;
    if (differs(&of, items, count)) lessen_values(&of, items, count);
    tell(self, &causes[i]);
}

/* ---- trying ------------------------------------------------------------------------------------------------------ */

/* begin and end without any key between them: workers may have none, and they are more or fewer. */
static bool try_nothing(results *self) {
    mr_trace trace = {0};
    if (!self->lab->plugin.end || self->lab->plugin.together == MR_TOGETHER_ALL) return true;
    bool ok = reduce_together(self, NULL, 0, &trace);
    if (ok && trace.used) {
        mr_finding *finding =
            mr_finding_begin(self->lab->board, MR_LAW_RESULT, "end prints something for workers that have had no key");
        FILE *to = mr_finding_text(finding);
        if (to) mr_trace_show_difference(to, &trace, "with no key   ", &(mr_trace){0}, "it should give");
        if (to) fclose(to);
        mr_finding_advise(finding,
                          "How many workers have no key is chance. Remember in begin that there was none, or set "
                          ".together = MR_TOGETHER_ALL if there is to be one result for all keys.");
        ok = false;
    }
    mr_trace_free(&trace);
    return ok;
}

static void try_units(results *self) {
    mr_lab *lab = self->lab;
    manner elsewhere = {.apart = true, .strict = true, .filled = true};
    comparison of = {self, {0}, elsewhere};
    size_t count = self->count;
    if (differs_now(&of)) explain(self, &of);
    if (lab->board->touched && lab->board->verdicts[MR_LAW_RESULT].kind != MR_VERDICT_WRONG) {
        mr_finding *finding =
            mr_finding_begin(lab->board, MR_LAW_RESULT, "reduce writes to a key or value, which is not its own");
        mr_finding_advise(finding, "What is handed over is to be read only: copy what is to be changed.");
    }
    if (!self->error->set)
        mr_verdict_ok(lab->board, MR_LAW_RESULT, "%zu %s, in one go and apart", count,
                      lab->plugin.together == MR_TOGETHER_GROUP ? "groups of keys" : "keys");
}

bool mr_law_result(mr_lab *lab, void *argument, mr_error *error) {
    results self = {.lab = lab, .error = error};
    (void)argument;
    if (lab->plugin.kind == MR_MAP || (lab->plugin.kind == MR_FOLD && !lab->plugin.finish)) {
        mr_verdict_none(lab->board, MR_LAW_RESULT, "it has neither reduce nor finish");
        return true;
    }
    if (mr_lab_gather(lab, RECORDS, (lab->deadline - mr_seconds()) / 3, &self.pairs, error)) {
        mr_lab_sort(&self.pairs);
        if (divide(&self) && try_nothing(&self) && self.count) try_units(&self);
        if (!self.pairs.count) mr_verdict_none(lab->board, MR_LAW_RESULT, "map emits nothing for the sample");
    }
    free(self.units);
    return !error->set;
}
