#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"
#include "check/shrink.h"

/* Law: reduce says the same of the values of a key, however often combine has run on them before: never, once on all of
 * them, on some of them and not on others (as memory and chunks have it), or again on what it has made itself. Of each
 * key some values are taken and combined in these ways; what comes out is reduced and compared with what reduce makes
 * of the values themselves.
 */

enum { RECORDS = 20000, KEYS = 400, KEYS_LEAST = 5, VALUES = 64, RANDOM_WAYS = 6 };

/* In which way combine runs. */
enum way { ONCE, TWICE, EACH_ALONE, ON_PARTS, WAYS };
static const char *const way_names[] = {"combine on all, then reduce     ", "combine twice, then reduce      ",
                                        "combine on each, then reduce    ", "combine on parts, then reduce   "};

typedef struct combining {
    mr_lab *lab;
    const mr_lab_pair *pairs; /* of the key at hand */
    enum way way;             /* that is tried */
    uint64_t cuts;            /* ON_PARTS: bit i: a part ends behind value i; and */
    uint64_t left;            /* the part that begins with value i is not combined */
    uint64_t tried;
    mr_error *error;
} combining;

/* Adds what combine makes of some pairs, or these themselves. */
static bool combine_part(combining *self, const mr_lab_pair *pairs, size_t count, bool run, mr_lab_pairs *into) {
    mr_trace trace = {0};
    bool ok = true;
    for (size_t i = 0; i < count && !run && ok; i++)
        ok = mr_trace_add(&trace, MR_TRACE_PAIR, mr_lab_plain_key(self->lab, &pairs[i]), pairs[i].value, self->error);
    ok = ok && (!run || mr_lab_combine(self->lab, pairs, count, &trace, self->error)) &&
         mr_lab_take(self->lab, &trace, pairs[0].record, into, self->error);
    mr_trace_free(&trace);
    return ok;
}

/* Whether a part ends behind a value. */
static bool ends_part(const combining *self, size_t i, size_t count) {
    if (i + 1 == count || self->way == EACH_ALONE) return true;
    return self->way == ON_PARTS && (self->cuts >> i % 64 & 1);
}

static bool combine_all(combining *self, const mr_lab_pair *pairs, size_t count, mr_lab_pairs *into) {
    for (size_t first = 0, i = 0; i < count; i++) {
        if (!ends_part(self, i, count)) continue;
        bool run = self->way != ON_PARTS || !(self->left >> first % 64 & 1);
        if (!combine_part(self, &pairs[first], i + 1 - first, run, into)) return false;
        first = i + 1;
    }
    return true;
}

/* Lets combine run again on what it has made, key by key. */
static bool combine_again(combining *self, mr_lab_pairs *pairs) {
    mr_lab_pairs again = {0};
    bool ok = true;
    mr_lab_sort(pairs);
    for (size_t first = 0, end; first < pairs->count && ok; first = end) {
        end = mr_lab_key_end(pairs, first);
        ok = combine_part(self, &pairs->list[first], end - first, true, &again);
    }
    mr_lab_pairs_free(pairs);
    *pairs = again;
    return ok;
}

/* What is printed for some values of the key. combined: after combine has run in the way at hand. */
static bool reduce_values(combining *self, const uint32_t *items, size_t count, bool combined, mr_trace *trace) {
    mr_lab_pair chosen[VALUES];
    mr_lab_pairs made = {0};
    for (size_t i = 0; i < count; i++)
        chosen[i] = self->pairs[items[i]];
    bool ok = !combined || combine_all(self, chosen, count, &made);
    if (ok && combined && self->way == TWICE) ok = combine_again(self, &made);
    if (combined) mr_lab_sort(&made);
    mr_lab_pairs all = {.list = chosen, .count = count};
    ok = ok && mr_lab_output(self->lab, combined ? &made : &all, trace, self->error);
    mr_lab_pairs_free(&made);
    self->tried++;
    return ok;
}

static bool differs(void *receiver, const uint32_t *items, size_t count) {
    combining *self = receiver;
    mr_trace without = {0}, with = {0};
    bool result = reduce_values(self, items, count, false, &without) &&
                  reduce_values(self, items, count, true, &with) && !mr_trace_same(&without, &with);
    mr_trace_free(&without);
    mr_trace_free(&with);
    return result;
}

static void tell(combining *self, const uint32_t *items, size_t count) {
    static const char *const titles[] = {"reduce says something else after combine",
                                         "reduce says something else after combine has run twice",
                                         "reduce says something else after combine has run on each value alone",
                                         "reduce says something else after combine has run on parts of the values"};
    mr_trace without = {0}, with = {0};
    mr_finding *finding = mr_finding_begin(self->lab->board, MR_LAW_COMBINE, "%s", titles[self->way]);
    FILE *to = mr_finding_text(finding);
    for (size_t i = 0; i < count; i++)
        mr_finding_add_record(finding, self->pairs[items[i]].record);
    mr_finding_sort_records(finding);
    mr_finding_advise(finding,
                      "How often combine runs, and on which values, depends on memory and chunks. What it emits "
                      "has to be what reduce (and combine itself) takes for any values: of the same form, under "
                      "the same key. Most likely reduce counts values that combine has counted before, "
                      "or combine makes a mean or text of them too early.");
    if (to && reduce_values(self, items, count, false, &without) && reduce_values(self, items, count, true, &with)) {
        fputs("key ", to);
        mr_show_bytes(to, mr_lab_plain_key(self->lab, self->pairs), 80);
        fputs(", values ", to);
        for (size_t i = 0; i < count && i < 6; i++) {
            if (i) fputs(" and ", to);
            mr_show_bytes(to, self->pairs[items[i]].value, 60);
        }
        fputc('\n', to);
        mr_trace_show_difference(to, &without, "without combine                 ", &with, way_names[self->way]);
    }
    if (to) fclose(to);
    mr_trace_free(&without);
    mr_trace_free(&with);
}

/* One key. false: found, or failed. */
static bool try_key(combining *self, size_t count) {
    uint32_t items[VALUES];
    count = mr_smaller(count, VALUES);
    for (int way = 0; way < WAYS - 1 + RANDOM_WAYS; way++) {
        self->way = way < ON_PARTS ? (enum way)way : ON_PARTS;
        self->cuts = mr_lab_random(self->lab, UINT64_MAX);
        self->left = mr_lab_random(self->lab, UINT64_MAX);
        self->left &= mr_lab_random(self->lab, UINT64_MAX); /* one part in four stays as it is */
        for (size_t i = 0; i < count; i++)
            items[i] = (uint32_t)i;
        if (!differs(self, items, count)) continue;
        count = mr_shrink(items, count, differs, self, self->lab->deadline);
        tell(self, items, count);
        return false;
    }
    return !self->error->set;
}

static bool try_keys(combining *self, const mr_lab_pairs *pairs, uint64_t *keys) {
    for (size_t first = 0, end;
         first < pairs->count && *keys < KEYS && (*keys < KEYS_LEAST || mr_seconds() < self->lab->deadline);
         first = end) {
        end = mr_lab_key_end(pairs, first);
        ++*keys;
        self->pairs = &pairs->list[first];
        if (!try_key(self, end - first)) return false;
    }
    return true;
}

bool mr_law_combine(mr_lab *lab, void *argument, mr_error *error) {
    mr_lab_pairs pairs = {0};
    combining self = {.lab = lab, .error = error};
    uint64_t keys = 0;
    (void)argument;
    if (!lab->plugin.combine) {
        mr_verdict_none(lab->board, MR_LAW_COMBINE, "it has no combine");
        return true;
    }
    if (mr_lab_gather(lab, RECORDS, (lab->deadline - mr_seconds()) / 2, &pairs, error)) {
        mr_lab_sort(&pairs);
        if (!pairs.count)
            mr_verdict_none(lab->board, MR_LAW_COMBINE, "map emits nothing for the sample");
        else if (try_keys(&self, &pairs, &keys))
            mr_verdict_ok(lab->board, MR_LAW_COMBINE, "%llu keys, combined in %llu ways", (unsigned long long)keys,
                          (unsigned long long)self.tried);
    }
    mr_lab_pairs_free(&pairs);
    return !error->set;
}
