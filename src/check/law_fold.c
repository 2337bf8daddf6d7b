#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"
#include "check/shrink.h"

/* Law: the values of a key may be folded in any order and in any grouping, since nobody controls how they are divided
 * among workers. What is compared is what finish makes of the result, or its bytes when there is no finish, or when
 * they differ by the rounding of doubles alone.
 *
 * Of each key some different values are taken. All pairs are folded in both orders, and all triples in all twelve ways;
 * what fails there is as small as it can be. Then all values of the key are folded along random trees: two
 * accumulators are chosen, one is folded into the other, until one is left. A tree that ends elsewhere than folding one
 * after the other is reduced to as few values as possible. Built-in folds are exact and need no trial.
 */

enum {
    RECORDS = 20000,  /* from which values are taken */
    KEYS = 400,       /* that are tried */
    KEYS_LEAST = 5,   /* also when there is no time */
    DISTINCT = 10,    /* values of a key of which pairs and triples are tried */
    VALUES = 48,      /* values of a key that are folded along random trees */
    TREES = 12,       /* such trees for a key */
    SEARCH_TREES = 60 /* when values are left out */
};

/* The values of a key. */
typedef struct folding {
    mr_lab *lab;
    mr_slice key;             /* as the plugin knows it */
    const mr_lab_pair *pairs; /* of the key */
    char *pool[VALUES];       /* room for accumulators, aligned to 8 */
    uint64_t tried;           /* ways of folding */
    bool only_bytes;          /* accumulators differed of which finish made the same */
    mr_error *error;
} folding;

static bool fold_two(folding *self, void *accumulator, const void *value) {
    mr_lab *lab = self->lab;
    size_t size = lab->fold.emitted_size;
    char *copy = lab->accumulator; /* free at present */
    memcpy(copy, value, size);
    mr_lab_enter(lab, "fold", self->key);
    lab->context.loaded.plugin.fold(&lab->context.ctx, accumulator, copy);
    mr_lab_leave(lab);
    if (!mr_same_bytes(copy, value, size)) lab->board->touched = 1;
    return mr_context_ok(&lab->context, self->error);
}

static void start(const folding *self, size_t place, uint32_t item) {
    memcpy(self->pool[place], self->pairs[item].value.data, self->lab->fold.emitted_size);
}

/* Folds values one after the other, into pool[0]. */
static bool fold_in_line(folding *self, const uint32_t *items, size_t count) {
    start(self, 0, items[0]);
    for (size_t i = 1; i < count; i++)
        if (!fold_two(self, self->pool[0], self->pairs[items[i]].value.data)) return false;
    self->tried++;
    return true;
}

/* Folds them along a random tree, into pool[0]. */
static bool fold_in_tree(folding *self, const uint32_t *items, size_t count) {
    for (size_t i = 0; i < count; i++)
        start(self, i, items[i]);
    for (size_t left = count; left > 1; left--) {
        size_t from = mr_lab_random(self->lab, left), into = mr_lab_random(self->lab, left - 1);
        if (into >= from) into++;
        if (!fold_two(self, self->pool[into], self->pool[from])) return false;
        char *kept = self->pool[from];
        self->pool[from] = self->pool[left - 1];
        self->pool[left - 1] = kept;
    }
    self->tried++;
    return true;
}

/* Whether two accumulators differ by nothing but the last bits of doubles: then what finish makes of them, rounded, is
 * the same nearly every time, and yet not always. */
static bool is_rounding(const char *a, const char *b, size_t size) {
    bool differs = false;
    for (size_t i = 0; i + 8 <= size; i += 8) {
        double x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        if (!memcmp(a + i, b + i, 8)) continue;
        if (!isnormal(x) || !isnormal(y) || fabs(x) < 1e-100 || fabs(x - y) > 1e-9 * fabs(x)) return false;
        differs = true;
    }
    return differs;
}

/* Whether two accumulators come to the same for who reads the output. */
static bool same_result(folding *self, const char *a, const char *b) {
    mr_lab *lab = self->lab;
    if (mr_same_bytes(a, b, lab->fold.emitted_size)) return true;
    if (!lab->plugin.finish) return false;
    mr_trace of_a = {0}, of_b = {0};
    bool same = mr_lab_finish(lab, self->key, a, &of_a, self->error) &&
                mr_lab_finish(lab, self->key, b, &of_b, self->error) && mr_trace_same(&of_a, &of_b);
    if (same && is_rounding(a, b, lab->fold.emitted_size)) same = false;
    self->only_bytes |= same;
    mr_trace_free(&of_a);
    mr_trace_free(&of_b);
    return same || self->error->set;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* A number if it looks like one. */
static void show_word(FILE *to, const char *bytes) {
    int64_t number;
    double real;
    memcpy(&number, bytes, sizeof number);
    memcpy(&real, bytes, sizeof real);
    bool is_real = number && isfinite(real) && fabs(real) > 1e-100 && fabs(real) < 1e100;
    if (is_real)
        fprintf(to, "%.17g", real);
    else
        fprintf(to, "%lld", (long long)number);
}

/* Values of whole words are shown as numbers, all others as bytes. */
static void show_value(FILE *to, const char *bytes, size_t size) {
    if (size % 8 || size > 64) {
        for (size_t i = 0; i < mr_smaller(size, 32); i++)
            fprintf(to, "%s%02x", i ? " " : "", (unsigned char)bytes[i]);
        if (size > 32) fprintf(to, " ... (%zu bytes)", size);
        return;
    }
    for (size_t i = 0; i < size; i += 8) {
        if (i) fputs(", ", to);
        show_word(to, bytes + i);
    }
}

static void show_result(const folding *self, FILE *to, const char *name, const char *accumulator) {
    mr_trace trace = {0};
    mr_trace_entry entry;
    size_t at = 0;
    fprintf(to, "%s gives ", name);
    show_value(to, accumulator, self->lab->fold.emitted_size);
    if (self->lab->plugin.finish && mr_lab_finish(self->lab, self->key, accumulator, &trace, self->error) &&
        mr_trace_next(&trace, &at, &entry)) {
        fputs(", printed as ", to);
        mr_show_bytes(to, entry.value, 100);
    }
    fputc('\n', to);
    mr_trace_free(&trace);
}

/* Puts a fault down: values, two ways of folding them, and what came out. */
static bool tell(folding *self, const char *title, const uint32_t *items, size_t count, const char *first_name,
                 const char *first, const char *second_name, const char *second) {
    mr_finding *finding = mr_finding_begin(self->lab->board, MR_LAW_FOLD, "%s", title);
    FILE *to = mr_finding_text(finding);
    for (size_t i = 0; i < count; i++)
        mr_finding_add_record(finding, self->pairs[items[i]].record);
    mr_finding_sort_records(finding);
    mr_finding_advise(
        finding, "Accumulators are folded into each other in any order, also two that many values have gone into. "
                 "Most likely fold takes value for a single one (counting 1 instead of adding what value has "
                 "counted), subtracts, divides, rounds, or adds up doubles with +, whose last bits depend on the "
                 "order. Keep what can be added (sum and count instead of a mean), and leave the rest to finish; for "
                 "doubles there is MR_FOLD_SUM_DOUBLE, which is exact.");
    if (!to) return false;
    fputs("key ", to);
    mr_show_bytes(to, self->key, 80);
    fputc('\n', to);
    for (size_t i = 0; i < count && i < 8; i++) {
        fprintf(to, "%c is ", (char)('a' + i));
        show_value(to, self->pairs[items[i]].value.data, self->lab->fold.emitted_size);
        fputc('\n', to);
    }
    show_result(self, to, first_name, first);
    show_result(self, to, second_name, second);
    fclose(to);
    return false;
}

/* ---- trying ------------------------------------------------------------------------------------------------------ */

/* false: found, or failed. */
static bool try_pair(folding *self, uint32_t a, uint32_t b) {
    if (!fold_in_line(self, (uint32_t[]){a, b}, 2)) return false;
    memcpy(self->pool[3], self->pool[0], self->lab->fold.emitted_size);
    if (!fold_in_line(self, (uint32_t[]){b, a}, 2)) return false;
    if (same_result(self, self->pool[3], self->pool[0])) return !self->error->set;
    return tell(self, "fold is not commutative: two values the other way round give something else", (uint32_t[]){a, b},
                2, "a folded with b", self->pool[3], "b folded with a", self->pool[0]);
}

/* (a b) c against a (b c). */
static bool try_triple(folding *self, uint32_t a, uint32_t b, uint32_t c) {
    uint32_t items[] = {a, b, c};
    if (!fold_in_line(self, items, 3)) return false;
    memcpy(self->pool[3], self->pool[0], self->lab->fold.emitted_size);
    start(self, 0, a);
    start(self, 1, b);
    if (!fold_two(self, self->pool[1], self->pairs[c].value.data) || !fold_two(self, self->pool[0], self->pool[1]))
        return false;
    if (same_result(self, self->pool[3], self->pool[0])) return !self->error->set;
    return tell(self, "fold is not associative: three values grouped in another way give something else", items, 3,
                "(a with b) with c", self->pool[3], "a with (b with c)", self->pool[0]);
}

/* All pairs, then all triples, of some different values. */
static bool try_few(folding *self, const uint32_t *items, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (!try_pair(self, items[i], items[j])) return false;
    if (count == 2) return try_triple(self, items[0], items[1], items[0]);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < count; k++)
                if (i != j && j != k && i != k && !try_triple(self, items[i], items[j], items[k])) return false;
    return true;
}

/* Whether some random tree of these values comes to something else than folding them in line. */
static bool differs_in_tree(void *receiver, const uint32_t *items, size_t count) {
    folding *self = receiver;
    char *reference = malloc(self->lab->fold.size + 8);
    bool differs = false;
    if (!reference || !fold_in_line(self, items, count)) count = 0;
    if (count) memcpy(reference, self->pool[0], self->lab->fold.emitted_size);
    for (int i = 0; i < SEARCH_TREES && count > 1 && !differs; i++)
        differs = fold_in_tree(self, items, count) && !same_result(self, reference, self->pool[0]);
    free(reference);
    return differs;
}

static bool try_trees(folding *self, uint32_t *items, size_t count) {
    char *reference = malloc(self->lab->fold.size + 8);
    bool ok = reference && fold_in_line(self, items, count);
    if (ok) memcpy(reference, self->pool[0], self->lab->fold.emitted_size);
    for (int i = 0; i < TREES && ok; i++) {
        ok = fold_in_tree(self, items, count);
        if (!ok || same_result(self, reference, self->pool[0])) continue;
        count = mr_shrink(items, count, differs_in_tree, self, self->lab->deadline);
        char *other = malloc(self->lab->fold.size + 8);
        if (other && fold_in_line(self, items, count)) memcpy(reference, self->pool[0], self->lab->fold.emitted_size);
        for (int j = 0; other && j < 1000 && fold_in_tree(self, items, count); j++)
            if (!same_result(self, reference, self->pool[0])) break;
        if (other) memcpy(other, self->pool[0], self->lab->fold.emitted_size);
        ok = other && tell(self, "fold is not associative and commutative: another order gives something else", items,
                           count, "one after the other", reference, "in another order ", other);
        free(other);
    }
    free(reference);
    return ok;
}

/* Up to most values of a key that are not the same, by their places in pairs. */
static size_t choose_distinct(const folding *self, size_t count, uint32_t *items, size_t most) {
    size_t chosen = 0;
    for (size_t i = 0; i < count && chosen < most; i++) {
        bool is_new = true;
        for (size_t j = 0; j < chosen && is_new; j++)
            is_new = memcmp(self->pairs[i].value.data, self->pairs[items[j]].value.data, self->lab->fold.emitted_size);
        if (is_new) items[chosen++] = (uint32_t)i;
    }
    return chosen;
}

/* One key. false: found, or failed. */
static bool try_key(folding *self, size_t count) {
    uint32_t items[VALUES];
    size_t few = choose_distinct(self, mr_smaller(count, 4 * VALUES), items, DISTINCT);
    /* Of values that are all the same two will do. */
    if (few == 1) items[few++] = 1;
    if (!try_few(self, items, few)) return false;
    size_t all = mr_smaller(count, VALUES);
    for (size_t i = 0; i < all; i++)
        items[i] = (uint32_t)i;
    return all < 3 || try_trees(self, items, all);
}

static bool try_keys(folding *self, const mr_lab_pairs *pairs, uint64_t *keys) {
    mr_lab *lab = self->lab;
    for (size_t first = 0, end;
         first < pairs->count && *keys < KEYS && (*keys < KEYS_LEAST || mr_seconds() < lab->deadline); first = end) {
        end = mr_lab_key_end(pairs, first);
        if (end - first < 2) continue;
        for (size_t i = first; i < end; i++)
            if (pairs->list[i].value.length != lab->fold.emitted_size) return true; /* the job says so */
        ++*keys;
        self->pairs = &pairs->list[first];
        self->key = mr_lab_plain_key(lab, self->pairs);
        if (!try_key(self, end - first)) return false;
    }
    return true;
}

static void conclude(const folding *self, uint64_t keys) {
    mr_board *board = self->lab->board;
    if (board->touched && board->verdicts[MR_LAW_FOLD].kind != MR_VERDICT_WRONG) {
        mr_finding *finding = mr_finding_begin(board, MR_LAW_FOLD, "fold writes to value, which is not its own");
        mr_finding_add_record(finding, self->pairs[0].record);
        mr_finding_advise(finding, "Only the accumulator may be written to; copy what is to be changed.");
    }
    if (!keys) {
        mr_verdict_none(board, MR_LAW_FOLD, "no key of the sample has two values");
        return;
    }
    mr_verdict_ok(board, MR_LAW_FOLD, "%llu keys, folded in %llu ways%s", (unsigned long long)keys,
                  (unsigned long long)self->tried, self->only_bytes ? ", which finish makes the same" : "");
}

bool mr_law_fold(mr_lab *lab, void *argument, mr_error *error) {
    (void)argument;
    if (lab->plugin.kind != MR_FOLD || lab->plugin.fold_type != MR_FOLD_CUSTOM) {
        mr_verdict_none(lab->board, MR_LAW_FOLD,
                        lab->plugin.kind == MR_FOLD ? "the fold is built in" : "it has no fold");
        return true;
    }
    mr_lab_pairs pairs = {0};
    folding self = {.lab = lab, .error = error};
    uint64_t keys = 0;
    bool ok = true;
    for (int i = 0; i < VALUES; i++)
        ok = (self.pool[i] = malloc(lab->fold.size + 8)) && ok;
    if (!ok)
        mr_error_memory(error, lab->fold.size, "accumulators");
    else if (mr_lab_gather(lab, RECORDS, (lab->deadline - mr_seconds()) / 2, &pairs, error)) {
        mr_lab_sort(&pairs);
        if (pairs.count) self.pairs = pairs.list;
        try_keys(&self, &pairs, &keys);
        if (!error->set) conclude(&self, keys);
    }
    for (int i = 0; i < VALUES; i++)
        free(self.pool[i]);
    mr_lab_pairs_free(&pairs);
    return !error->set;
}
