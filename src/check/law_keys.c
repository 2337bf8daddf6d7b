#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"

/* Two laws about keys.
 *
 * compare is an order: a key is equal to itself; where a comes before b, b comes behind a; and where a does not come
 * behind b, nor b behind c, a does not come behind c. Otherwise the order in which keys are printed depends on the
 * order in which they are merged. The keys are brought into the order that compare gives, by insertion, which asks
 * little; then every two of them are compared again, both ways. Where they contradict their places there is a third
 * key between them that makes the circle.
 *
 * partition gives the same number for the same key every time, below partitions; and keys that are equal to compare the
 * same one. Otherwise what belongs together for the one is torn apart by the other.
 */

enum { RECORDS = 20000, KEYS = 300 };

/* Keys that are tried. */
typedef struct keys {
    mr_lab *lab;
    const mr_lab_pair **list; /* one pair for each key; owned */
    size_t count;
    mr_error *error;
} keys;

static mr_slice key_at(const keys *self, size_t i) {
    return mr_lab_plain_key(self->lab, self->list[i]);
}

/* -1, 0 or 1, as compare says. */
static int compare(keys *self, size_t a, size_t b) {
    mr_lab *lab = self->lab;
    mr_lab_enter(lab, "compare", key_at(self, a));
    int order = lab->context.loaded.plugin.compare(&lab->context.ctx, key_at(self, a), key_at(self, b));
    mr_lab_leave(lab);
    mr_context_ok(&lab->context, self->error);
    return (order > 0) - (order < 0);
}

static uint32_t partition(keys *self, size_t a) {
    mr_lab *lab = self->lab;
    mr_lab_enter(lab, "partition", key_at(self, a));
    uint32_t number = lab->context.loaded.plugin.partition(&lab->context.ctx, key_at(self, a));
    mr_lab_leave(lab);
    mr_context_ok(&lab->context, self->error);
    return number;
}

static const char *word_for(int order) {
    return order < 0 ? "before" : order > 0 ? "behind" : "equal to";
}

/* Puts a fault of some keys down, named a, b, c. lines: what compare says of two of them. */
static FILE *tell(keys *self, enum mr_law law, const char *title, const size_t *which, size_t count,
                  const char *advice) {
    mr_finding *finding = mr_finding_begin(self->lab->board, law, "%s", title);
    FILE *to = mr_finding_text(finding);
    mr_finding_advise(finding, "%s", advice);
    for (size_t i = 0; i < count; i++) {
        mr_finding_add_record(finding, self->list[which[i]]->record);
        if (!to) continue;
        fprintf(to, "%c is the key ", (char)('a' + i));
        mr_show_bytes(to, key_at(self, which[i]), 100);
        fputc('\n', to);
    }
    mr_finding_sort_records(finding);
    return to;
}

static bool tell_pair(keys *self, size_t a, size_t b, int one_way, int other_way) {
    FILE *to = tell(self, MR_LAW_COMPARE,
                    a == b ? "compare does not say that a key is equal to itself"
                           : "compare contradicts itself: two keys the other way round are not in the opposite order",
                    (size_t[]){a, b}, a == b ? 1 : 2,
                    "It has to give a number below, equal to or above zero, and for the keys the other way round the "
                    "opposite. Most likely it returns whether a is less (0 or 1), or a case is missing.");
    if (!to) return false;
    if (a != b) fprintf(to, "compare(a, b) says that a comes %s b\n", word_for(one_way));
    fprintf(to, "compare(%c, a) says that %c comes %s a\n", a == b ? 'a' : 'b', a == b ? 'a' : 'b',
            word_for(other_way));
    fclose(to);
    return false;
}

static bool tell_triple(keys *self, size_t a, size_t b, size_t c) {
    FILE *to =
        tell(self, MR_LAW_COMPARE, "compare is no order: three keys go round in a circle", (size_t[]){a, b, c}, 3,
             "Most likely it subtracts numbers that overflow, compares with a tolerance, or looks at different "
             "parts of the keys in different cases. Compare the same parts in the same order for all keys, with < "
             "and >.");
    if (!to) return false;
    fprintf(to, "compare(a, b) says that a comes %s b\n", word_for(compare(self, a, b)));
    fprintf(to, "compare(b, c) says that b comes %s c\n", word_for(compare(self, b, c)));
    fprintf(to, "compare(a, c) says that a comes %s c\n", word_for(compare(self, a, c)));
    fclose(to);
    return false;
}

/* false: found. */
static bool try_directions(keys *self) {
    for (size_t i = 0; i < self->count; i++)
        for (size_t j = i; j < self->count; j++) {
            int one_way = compare(self, i, j), other_way = compare(self, j, i);
            if (one_way != -other_way) return tell_pair(self, i, j, one_way, other_way);
        }
    return true;
}

/* Insertion sort by compare. */
static void sort_keys(keys *self) {
    for (size_t i = 1; i < self->count; i++)
        for (size_t j = i; j > 0 && compare(self, j - 1, j) > 0; j--) {
            const mr_lab_pair *kept = self->list[j];
            self->list[j] = self->list[j - 1];
            self->list[j - 1] = kept;
        }
}

/* Whether a <= b and b <= c and yet a > c, or all are equal but a and c. */
static bool is_circle(keys *self, size_t a, size_t b, size_t c) {
    int first = compare(self, a, b), second = compare(self, b, c), both = compare(self, a, c);
    if (first > 0 || second > 0) return false;
    return first || second ? both >= 0 : both != 0;
}

/* Every two keys have to be in the order that their places say; with neighbours it is so already. */
static bool try_circles(keys *self) {
    sort_keys(self);
    for (size_t i = 0; i < self->count; i++)
        for (size_t j = i + 2; j < self->count; j++) {
            if (self->error->set) return false;
            for (size_t k = i + 1; k < j && (compare(self, i, j) > 0 || !compare(self, i, j)); k++)
                if (is_circle(self, i, k, j)) return tell_triple(self, i, k, j);
        }
    return true;
}

static bool try_partition(keys *self) {
    static const char advice[] =
        "It has to depend on the bytes of the key alone, and to give keys that compare calls equal the same number: "
        "take what compare looks at, and nothing else.";
    for (size_t i = 0; i < self->count; i++) {
        uint32_t first = partition(self, i), again = partition(self, i);
        if (first == again) continue;
        FILE *to = tell(self, MR_LAW_PARTITION, "partition gives different numbers for the same key", &i, 1, advice);
        if (!to) return false;
        fprintf(to, "partition(a) gives %u, then %u\n", first, again);
        fclose(to);
        return false;
    }
    return true;
}

/* Keys that are neighbours in the order, and equal. */
static bool try_equal_keys(keys *self) {
    for (size_t i = 0; i + 1 < self->count; i++) {
        uint32_t first = partition(self, i), second = partition(self, i + 1);
        if (first == second || compare(self, i, i + 1)) continue;
        FILE *to =
            tell(self, MR_LAW_PARTITION,
                 "compare disagrees with partition: keys that are equal to the one are parted by the other",
                 (size_t[]){i, i + 1}, 2,
                 "Groups are printed by partition first, so these keys are torn apart. partition should look at "
                 "nothing but what compare looks at (or compare at more: at the bytes, when all else is equal).");
        if (!to) return false;
        fprintf(to, "compare(a, b) gives 0, partition(a) %u, partition(b) %u\n", first, second);
        fclose(to);
        return false;
    }
    return true;
}

/* One pair of each key, spread over all keys. */
static bool choose_keys(keys *self, const mr_lab_pairs *pairs) {
    size_t total = 0, number = 0;
    for (size_t first = 0; first < pairs->count; first = mr_lab_key_end(pairs, first))
        total++;
    self->list = calloc(KEYS + 1, sizeof *self->list);
    if (!self->list) return mr_error_memory(self->error, KEYS * sizeof *self->list, "keys");
    size_t step = mr_larger(1, (total + KEYS - 1) / KEYS);
    for (size_t first = 0; first < pairs->count && self->count < KEYS; first = mr_lab_key_end(pairs, first))
        if (number++ % step == 0) self->list[self->count++] = &pairs->list[first];
    return true;
}

static void try_all(keys *self) {
    const mr_plugin *plugin = &self->lab->plugin;
    mr_board *board = self->lab->board;
    bool is_order = plugin->compare && try_directions(self) && try_circles(self);
    bool parted = plugin->partition && try_partition(self) && (!is_order || try_equal_keys(self));
    if (is_order && !self->error->set) mr_verdict_ok(board, MR_LAW_COMPARE, "%zu keys, each with each", self->count);
    if (parted && !self->error->set) mr_verdict_ok(board, MR_LAW_PARTITION, "%zu keys", self->count);
}

bool mr_law_keys(mr_lab *lab, void *argument, mr_error *error) {
    mr_lab_pairs pairs = {0};
    keys self = {.lab = lab, .error = error};
    (void)argument;
    if (!lab->plugin.compare) mr_verdict_none(lab->board, MR_LAW_COMPARE, "keys come in the order of their bytes");
    if (!lab->plugin.partition) mr_verdict_none(lab->board, MR_LAW_PARTITION, "it has no partition");
    if (!lab->plugin.compare && !lab->plugin.partition) return true;
    if (mr_lab_gather(lab, RECORDS, (lab->deadline - mr_seconds()) / 2, &pairs, error)) {
        mr_lab_sort(&pairs);
        if (choose_keys(&self, &pairs)) try_all(&self);
    }
    free(self.list);
    mr_lab_pairs_free(&pairs);
    return !error->set;
}
