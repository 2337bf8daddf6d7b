#include "job/survey_groups.h"

#include <math.h>
#include <stdlib.h>

#include "base/units.h"

/* An input may be made of data of different kinds: prose, logs and tables, whose keys follow laws of their own. Which
 * files they are in does not say it: there may be thousands of one kind, or one with all kinds. So the pieces
 * themselves are looked at: how long keys are, how many pairs come from a byte, how often a key comes again within the
 * piece, and how often elsewhere. Each of these features alone may part the pieces into clusters. How many there are is
 * decided by the criterion of Marriott (1971): numbers that are spread evenly have the k^2-th part of their variance
 * within k equal intervals, so they are clusters when far less is within. The best clusters of numbers on a line are
 * found exactly, by dynamic programming (Fisher 1958). */

#define CLUSTERED 0.35 /* of the variance that numbers without clusters have in as many intervals */
#define NOISE     0.04 /* standard deviation of a feature that says nothing */

enum {
    FEATURES = 4,
    CLUSTERS = 5,     /* that a feature may show at once, at most */
    LEAST_PIECES = 4, /* in a group: of fewer nothing can be said, */
    LEAST_SHARE = 64  /* nor of one part in so many */
};

/* A piece, and the logarithm of one of its features. */
typedef struct mark {
    double value;
    size_t piece;
} mark;

/* Finds clusters of some pieces by one feature. */
typedef struct clustering {
    mark *marks;      /* sorted */
    size_t count;     /* of them */
    size_t least;     /* of them in a cluster */
    double *sums;     /* of the values of the first i marks, 0 to count */
    double *squares;  /* of their squares */
    double *within;   /* [clusters * (count + 1) + i]: the least sum of squares within the first i marks, when these are
                       * divided into one cluster more than so many */
    uint32_t *begins; /* the same: where the last of these clusters begins */
} clustering;

/* Everything that dividing works with. */
typedef struct division {
    const mr_survey_piece *const *pieces;
    const double *fresh;
    size_t count;
    uint32_t *group;
    uint32_t groups;
    clustering clusters;
} division;

static double feature_of(const mr_survey_piece *piece, double fresh, int feature) {
    double pairs = (double)piece->pairs + 1, keys = (double)piece->distinct + 1;
    switch (feature) {
    case 0:
        return log(pairs / ((double)piece->bytes + 1));
    case 1:
        return log(((double)piece->key_bytes + 1) / pairs);
    case 2:
        return log(keys / pairs);
    default:
        return log(fresh + 0.02);
    }
}

static int compare_marks(const void *a, const void *b) {
    const mark *left = a, *right = b;
    if (left->value != right->value) return left->value < right->value ? -1 : 1;
    return (left->piece > right->piece) - (left->piece < right->piece);
}

/* Takes a feature of all pieces of a group. */
static void mark_pieces(division *self, uint32_t group, int feature) {
    clustering *clusters = &self->clusters;
    clusters->count = 0;
    for (size_t i = 0; i < self->count; i++)
        if (self->group[i] == group)
            clusters->marks[clusters->count++] = (mark){feature_of(self->pieces[i], self->fresh[i], feature), i};
    qsort(clusters->marks, clusters->count, sizeof *clusters->marks, compare_marks);
    for (size_t i = 0; i < clusters->count; i++) {
        double value = clusters->marks[i].value - clusters->marks[0].value;
        clusters->sums[i + 1] = clusters->sums[i] + value;
        clusters->squares[i + 1] = clusters->squares[i] + value * value;
    }
}

/* The sum of squares of the distances from their mean, for marks from begin to end. */
static double within(const clustering *self, size_t begin, size_t end) {
    double number = (double)(end - begin), sum = self->sums[end] - self->sums[begin];
    return fmax(0, self->squares[end] - self->squares[begin] - sum * sum / number) + number * NOISE * NOISE;
}

/* Adds one cluster behind the best ones of so many. */
static void add_cluster(clustering *self, size_t clusters) {
    double *best = self->within + clusters * (self->count + 1), *fewer = best - (self->count + 1);
    uint32_t *begins = self->begins + clusters * (self->count + 1);
    for (size_t end = 0; end <= self->count; end++) {
        best[end] = INFINITY;
        for (size_t begin = clusters * self->least; begin + self->least <= end; begin++) {
            double sum = fewer[begin] + within(self, begin, end);
            if (sum >= best[end]) continue;
            best[end] = sum;
            begins[end] = (uint32_t)begin;
        }
    }
}

/* Finds the best clusters, and returns how many there are; *least: the criterion to be below, and theirs. */
static size_t find_clusters(clustering *self, size_t most, double *least) {
    size_t right = 1;
    self->within[0] = 0;
    for (size_t end = 1; end <= self->count; end++)
        self->within[end] = within(self, 0, end);
    for (size_t clusters = 2; clusters <= most; clusters++) {
        add_cluster(self, clusters - 1);
        double share = self->within[clusters * (self->count + 1) - 1] / self->within[self->count];
        if (share * (double)(clusters * clusters) >= *least) continue;
        *least = share * (double)(clusters * clusters);
        right = clusters;
    }
    return right;
}

/* Divides a group by the feature that shows clusters best; false: there is none. */
static bool divide(division *self, uint32_t group) {
    clustering *clusters = &self->clusters;
    size_t most = mr_smaller(CLUSTERS, MR_SURVEY_GROUPS - self->groups + 1), right = 1;
    double least = CLUSTERED;
    int feature = 0;
    for (int i = 0; i < FEATURES; i++) {
        double before = least;
        mark_pieces(self, group, i);
        find_clusters(clusters, most, &least);
        if (least < before) feature = i;
    }
    if (least >= CLUSTERED) return false;
    least = CLUSTERED;
    mark_pieces(self, group, feature);
    right = find_clusters(clusters, most, &least);
    for (size_t end = clusters->count; right > 1; right--) {
        size_t begin = clusters->begins[(right - 1) * (clusters->count + 1) + end];
        for (size_t i = begin; i < end; i++)
            self->group[clusters->marks[i].piece] = self->groups;
        self->groups++;
        end = begin;
    }
    return true;
}

static bool open_clusters(clustering *self, size_t count) {
    *self = (clustering){.least = mr_larger(LEAST_PIECES, count / LEAST_SHARE)};
    self->marks = calloc(count + 1, sizeof *self->marks);
    self->sums = calloc(count + 1, sizeof *self->sums);
    self->squares = calloc(count + 1, sizeof *self->squares);
    self->within = calloc(CLUSTERS * (count + 1), sizeof *self->within);
    self->begins = calloc(CLUSTERS * (count + 1), sizeof *self->begins);
    return self->marks && self->sums && self->squares && self->within && self->begins;
}

static void close_clusters(clustering *self) {
    free(self->marks);
    free(self->sums);
    free(self->squares);
    free(self->within);
    free(self->begins);
}

uint32_t mr_survey_divide(const mr_survey_piece *const *pieces, const double *fresh, size_t count, uint32_t *group) {
    division self = {.pieces = pieces, .fresh = fresh, .count = count, .group = group, .groups = 1};
    for (size_t i = 0; i < count; i++)
        group[i] = 0;
    if (count && open_clusters(&self.clusters, count))
        for (uint32_t i = 0; i < self.groups; i++)
            while (self.groups < MR_SURVEY_GROUPS && divide(&self, i))
                continue;
    close_clusters(&self.clusters);
    return self.groups;
}
