#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "job/survey_groups.h"
#include "job/survey_keys.h"

/* How many different keys there are. The laws of data/growth.c hold for keys of one kind. So keys are parted by what
 * they look like (flow/survey.c), and pieces into groups of one kind (survey_groups.c). Keys of one look are then
 * fitted twice:
 *
 *   - all together, which is right when groups make no difference to these keys;
 *   - for each group as if there were no other, which is right otherwise. Keys that are in two groups count once: how
 *     many that will be is estimated as animals are that are caught again (Petersen 1896, Lincoln 1930): of those keys
 *     that one group has shown once, the other has shown the same part as of all its own. Frequent keys say nothing
 *     here, since they would be seen anywhere. Of a group that shares keys with several others, only the largest
 *     share is taken away.
 *
 * Whether groups make a difference is to be seen in those keys that are in two pieces: if not, so many of these are in
 * pieces of different groups as chance has it. The square of the part that it is weighs the two results: both groups
 * have to be alike for it, not only one of them to take its keys from the other.
 *
 * Keys of different pieces are the same when their hashes are (of 64 bits: among a million keys that is wrong with a
 * probability of one in ten million). */

enum {
    KEYS_MAX = 1 << 20, /* that are sorted at once; of more only some are taken, as in survey.c of flow */
    REST = 32,          /* keys of a look with less than one part in so many of those seen once are put together */
    LOOKS = MR_SURVEY_LOOKS,
    FEW_DOUBLES = 16 /* keys that are in two pieces, below which they say nothing of groups */
};

#define SHARED_ERROR 0.2 /* of the part of keys that groups share */

/* A key and a piece that it is in. */
typedef struct sighting {
    uint64_t hash;
    uint16_t halves; /* as in mr_survey_key */
    uint16_t look;   /* the same */
    uint32_t piece;  /* its index */
} sighting;

/* Keys that look alike. */
typedef struct population {
    double seen[MR_GROWTH_SEEN];                       /* as in mr_growth */
    double doubles_apart;                              /* of those in two pieces: these are in two groups */
    double keys[MR_SURVEY_GROUPS];                     /* different ones in each group */
    double seen_in[MR_SURVEY_GROUPS][MR_GROWTH_SEEN];  /* seen, for each group as if there were no other */
    double both[MR_SURVEY_GROUPS][MR_SURVEY_GROUPS];   /* keys that are in two groups, */
    double single[MR_SURVEY_GROUPS][MR_SURVEY_GROUPS]; /* and of these those that are in one piece of each */
    double likeness;                                   /* how much speaks for groups making no difference, 0 to 1 */
    mr_growth all;                                     /* fitted to seen */
    mr_growth part[MR_SURVEY_GROUPS];                  /* fitted to seen_in */
} population;

/* All that is known of the keys. */
typedef struct census {
    const mr_survey_piece *const *pieces;
    size_t count;                  /* of pieces */
    uint32_t level;                /* one key in 2^level has been looked at */
    sighting *list;                /* by hash; owned */
    uint64_t filled;               /* of it */
    uint32_t *group;               /* of each piece; owned */
    uint32_t groups;               /* how many */
    double size[MR_SURVEY_GROUPS]; /* pieces in each group */
    double error;                  /* of the number of fresh keys, as a part of it */
    population looks[LOOKS];       /* after gather_rest some are empty, and one is of several looks */
} census;

/* ---- sightings --------------------------------------------------------------------------------------------------- */

static bool counts_at(const mr_survey_key *key, uint32_t level) {
    return !level || !(key->hash >> (64 - level));
}

static uint64_t count_keys(const mr_survey_piece *const *pieces, size_t count, uint32_t level) {
    uint64_t keys = 0;
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < mr_smaller(pieces[i]->key_count, MR_SURVEY_PIECE_KEYS); j++)
            keys += counts_at(&pieces[i]->keys[j], level);
    return keys;
}

/* The lowest level that all pieces have, and at which there are not too many keys. */
static uint32_t common_level(const mr_survey_piece *const *pieces, size_t count) {
    uint32_t level = 0;
    for (size_t i = 0; i < count; i++)
        level = (uint32_t)mr_larger(level, pieces[i]->level);
    while (level < 32 && count_keys(pieces, count, level) > KEYS_MAX)
        level++;
    return level;
}

static int compare_sightings(const void *a, const void *b) {
    const sighting *left = a, *right = b;
    if (left->hash != right->hash) return left->hash < right->hash ? -1 : 1;
    return (left->piece > right->piece) - (left->piece < right->piece);
}

static bool list_sightings(census *self, mr_error *error) {
    self->level = common_level(self->pieces, self->count);
    uint64_t room = count_keys(self->pieces, self->count, self->level);
    self->list = malloc((room + 1) * sizeof *self->list);
    if (!self->list) return mr_error_memory(error, (room + 1) * sizeof *self->list, "the keys of a survey");
    for (size_t i = 0; i < self->count; i++)
        for (uint32_t j = 0; j < mr_smaller(self->pieces[i]->key_count, MR_SURVEY_PIECE_KEYS); j++) {
            const mr_survey_key *key = &self->pieces[i]->keys[j];
            if (counts_at(key, self->level) && self->filled < room)
                self->list[self->filled++] = (sighting){key->hash, key->halves, key->look % LOOKS, (uint32_t)i};
        }
    qsort(self->list, self->filled, sizeof *self->list, compare_sightings);
    return true;
}

/* Behind the last sighting of the key that the first one is of. */
static uint64_t end_of_key(const census *self, uint64_t first) {
    uint64_t next = first + 1;
    while (next < self->filled && self->list[next].hash == self->list[first].hash)
        next++;
    return next;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* What the sum of all fresh keys may be wrong by, as a part of it: three standard deviations, by how much pieces of a
 * group differ (Cochran, Sampling Techniques, chapter 5). */
static double error_of_fresh(const census *self, const double *fresh) {
    double sum[MR_SURVEY_GROUPS] = {0}, squares[MR_SURVEY_GROUPS] = {0}, all = 0, variance = 0;
    for (size_t i = 0; i < self->count; i++) {
        sum[self->group[i]] += fresh[i];
        squares[self->group[i]] += fresh[i] * fresh[i];
    }
    for (uint32_t i = 0; i < self->groups; i++) {
        double size = self->size[i];
        all += sum[i];
        if (size > 1) variance += fmax(0, squares[i] - sum[i] * sum[i] / size) * size / (size - 1);
    }
    return all > 0 ? 3 * sqrt(variance) / all : 0;
}

static bool divide_pieces(census *self, mr_error *error) {
    uint64_t bytes = (3 * self->count + 1) * sizeof(double);
    double *fresh = calloc(1, bytes);
    self->group = calloc(self->count + 1, sizeof *self->group);
    if (!fresh || !self->group) {
        free(fresh);
        return mr_error_memory(error, bytes, "the pieces of a survey");
    }
    double *keys = fresh + self->count, *share = keys + self->count;
    for (uint64_t i = 0, next; i < self->filled; i = next) {
        next = end_of_key(self, i);
        if (next == i + 1) fresh[self->list[i].piece]++;
        for (uint64_t j = i; j < next; j++)
            keys[self->list[j].piece]++;
    }
    for (size_t i = 0; i < self->count; i++)
        share[i] = fresh[i] / fmax(keys[i], 1);
    self->groups = mr_survey_divide(self->pieces, share, self->count, self->group);
    for (size_t i = 0; i < self->count; i++)
        self->size[self->group[i]]++;
    self->error = error_of_fresh(self, fresh);
    free(fresh);
    return true;
}

/* ---- how many ---------------------------------------------------------------------------------------------------- */

/* Takes in a key that is in so many pieces. Where it is in one only, it does not count as seen there once when it goes
 * on from one half to the next. */
static void count_key(census *self, const sighting *first, size_t pieces) {
    population *look = &self->looks[first->look];
    double weight = (double)(1ull << self->level);
    size_t in[MR_SURVEY_GROUPS] = {0};
    bool goes_on[MR_SURVEY_GROUPS] = {0};
    for (size_t i = 0; i < pieces; i++) {
        uint32_t group = self->group[first[i].piece];
        in[group]++;
        goes_on[group] = first[i].halves == 3;
    }
    if (pieces <= MR_GROWTH_SEEN && (pieces > 1 || first->halves != 3)) look->seen[pieces - 1] += weight;
    for (uint32_t i = 0; i < self->groups; i++) {
        if (!in[i]) continue;
        look->keys[i] += weight;
        if (in[i] <= MR_GROWTH_SEEN && (in[i] > 1 || !goes_on[i])) look->seen_in[i][in[i] - 1] += weight;
        for (uint32_t j = 0; j < i; j++) {
            if (!in[j]) continue;
            look->both[i][j] += weight;
            if (in[i] == 1 && in[j] == 1) look->single[i][j] += weight;
            if (in[i] == 1 && in[j] == 1 && pieces == 2) look->doubles_apart += weight;
        }
    }
}

static void add_population(population *to, const population *from) {
    to->doubles_apart += from->doubles_apart;
    for (int i = 0; i < MR_GROWTH_SEEN; i++)
        to->seen[i] += from->seen[i];
    for (int i = 0; i < MR_SURVEY_GROUPS; i++) {
        to->keys[i] += from->keys[i];
        for (int k = 0; k < MR_GROWTH_SEEN; k++)
            to->seen_in[i][k] += from->seen_in[i][k];
        for (int j = 0; j < i; j++) {
            to->both[i][j] += from->both[i][j];
            to->single[i][j] += from->single[i][j];
        }
    }
}

/* Puts looks of few keys together, and returns how many keys of all looks have been seen once. */
static double gather_rest(census *self) {
    population rest = {0};
    double all = 0;
    int free = 0;
    for (int i = 0; i < LOOKS; i++)
        all += self->looks[i].seen[0];
    for (int i = 0; i < LOOKS; i++)
        if (self->looks[i].seen[0] * REST < all) {
            add_population(&rest, &self->looks[i]);
            self->looks[i] = (population){0};
            free = i;
        }
    add_population(&self->looks[free], &rest);
    return all;
}

/* How much speaks for groups making no difference. */
static double likeness(const census *self, const population *look) {
    double same = 0, all = look->seen[0] * look->seen[0];
    for (uint32_t i = 0; i < self->groups; i++)
        same += look->seen_in[i][0] * look->seen_in[i][0];
    if (self->groups == 1 || look->seen[1] < FEW_DOUBLES || same >= all) return 1;
    double shared = fmin(1, look->doubles_apart / look->seen[1] / (1 - same / all));
    return shared * shared;
}

static void fit_all(census *self, const mr_growth *whole) {
    double ratio = whole->all / whole->pieces;
    for (int i = 0; i < LOOKS; i++) {
        population *look = &self->looks[i];
        look->likeness = likeness(self, look);
        look->all = (mr_growth){.pieces = whole->pieces, .all = whole->all};
        memcpy(look->all.seen, look->seen, sizeof look->seen);
        if (look->seen[0] > 0 && look->likeness > 0) mr_growth_fit(&look->all);
    }
    for (uint32_t j = 0; j < self->groups; j++) /* the laws are the same for all looks of a group */
        for (int i = 0; i < LOOKS; i++) {
            population *look = &self->looks[i];
            look->part[j] = (mr_growth){.pieces = self->size[j], .all = self->size[j] * ratio};
            memcpy(look->part[j].seen, look->seen_in[j], sizeof look->seen_in[j]);
            if (look->seen_in[j][0] > 0 && look->likeness < 1) mr_growth_fit(&look->part[j]);
        }
}

/* Of the keys by which group i grows, the part that is in group j in any case, at a step. */
static double shared_with(const population *look, uint32_t i, uint32_t j, int step) {
    double once = look->seen_in[i][0] * look->seen_in[j][0], more = look->part[i].more[step].expected;
    double here = look->keys[i] + more, there = look->keys[j] + look->part[j].more[step].expected;
    uint32_t low = i < j ? i : j, high = i < j ? j : i;
    if (once <= 0 || more <= 0) return 0;
    double both = fmin(fmin(here, there), look->single[high][low] * here * there / once);
    return fmin(1, fmax(0, both - look->both[high][low]) / more);
}

/* The part that is in larger groups. */
static double shared_part(const census *self, const population *look, uint32_t i, int step) {
    double shared = 0, here = look->part[i].more[step].expected;
    for (uint32_t j = 0; j < self->groups; j++) {
        double there = look->part[j].more[step].expected;
        if (there > here || (there == here && j < i)) shared = fmax(shared, shared_with(look, i, j, step));
    }
    return shared;
}

/* How many keys of a look there are beyond the sample, at a step. */
static void add_look(const census *self, const population *look, int step, mr_estimate *more) {
    double alike = look->likeness;
    more->expected += alike * look->all.more[step].expected;
    more->low += alike * look->all.more[step].low;
    more->high += alike * look->all.more[step].high;
    for (uint32_t i = 0; i < self->groups && alike < 1; i++) {
        const mr_estimate *part = &look->part[i].more[step];
        double own = 1 - shared_part(self, look, i, step);
        more->expected += (1 - alike) * part->expected * own;
        more->low += (1 - alike) * part->low * (own < 1 ? fmax(0, own - SHARED_ERROR) : 1);
        more->high += (1 - alike) * part->high * fmin(1, own + SHARED_ERROR);
    }
}

static void fit(census *self, mr_growth *growth) {
    mr_estimate before = {0, 0, 0};
    for (uint64_t i = 0, next; i < self->filled; i = next) {
        next = end_of_key(self, i);
        count_key(self, &self->list[i], next - i);
        growth->distinct += (double)(1ull << self->level);
    }
    if (gather_rest(self) <= 0) {
        mr_growth_fit(growth);
        return;
    }
    fit_all(self, growth);
    for (int step = 0; step < MR_GROWTH_STEPS; step++) {
        mr_estimate *more = &growth->more[step];
        for (int i = 0; i < LOOKS; i++)
            add_look(self, &self->looks[i], step, more);
        more->expected = fmax(more->expected, before.expected);
        more->low = fmax(more->low * fmax(0, 1 - self->error), before.low);
        more->high = fmax(more->high * (1 + self->error), before.high);
        before = *more;
    }
}

bool mr_survey_growth(const mr_survey_piece *const *pieces, size_t count, double all, mr_growth *growth,
                      mr_error *error) {
    census *self = calloc(1, sizeof *self); /* large */
    mr_survey_sums sums = mr_survey_sum(pieces, count);
    if (!self) return mr_error_memory(error, sizeof *self, "the keys of a survey");
    *self = (census){.pieces = pieces, .count = count};
    *growth = (mr_growth){.pieces = fmax(sums.pieces, 1), .all = fmax(all, fmax(sums.pieces, 1))};
    growth->first = sums.distinct / growth->pieces;
    bool ok = list_sightings(self, error) && divide_pieces(self, error);
    if (ok) fit(self, growth);
    if (self->level) growth->error = 2 * sqrt((double)((1ull << self->level) - 1) / fmax(growth->distinct, 1));
    free(self->list);
    free(self->group);
    free(self);
    return ok;
}
