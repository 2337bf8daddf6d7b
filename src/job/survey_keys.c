#include "job/survey_keys.h"

#include <math.h>
#include <stdlib.h>

#include "base/units.h"

const mr_survey_piece **mr_survey_list(const mr_job *job, size_t *count, mr_error *error) {
    const mr_survey *survey = job->settings->survey;
    const mr_survey_piece **list = calloc(survey->wanted + survey->wanted_blocks + 1, sizeof(*list));
    *count = 0;
    if (!list) {
        mr_error_memory(error, MR_SURVEY_PIECES * sizeof(*list), "a survey");
        return NULL;
    }
    for (uint64_t i = 0; i < survey->wanted; i++)
        list[(*count)++] = &survey->pieces[i];
    for (uint64_t i = 0; i < survey->wanted_blocks; i++)
        list[(*count)++] = &survey->pieces[survey->planned + i];
    return list;
}

mr_survey_sums mr_survey_sum(const mr_survey_piece *const *pieces, size_t count) {
    mr_survey_sums sums = {.pieces = (double)count};
    for (size_t i = 0; i < count; i++) {
        const mr_survey_piece *piece = pieces[i];
        sums.bytes += (double)piece->bytes;
        sums.records += (double)piece->records;
        sums.pairs += (double)piece->pairs;
        sums.key_bytes += (double)piece->key_bytes;
        sums.value_bytes += (double)piece->value_bytes;
        sums.distinct += (double)piece->distinct;
        sums.distinct_key_bytes += (double)piece->distinct_key_bytes;
        sums.lost += (double)piece->lost;
    }
    return sums;
}

/* The sample is one of pieces, not of pairs: what matters is how the pieces differ from each other. This is the error
 * of a ratio estimator (Cochran, Sampling Techniques, chapters 2 and 6). */
double mr_survey_error(const mr_survey_piece *const *pieces, size_t count, double all,
                       double (*value)(const mr_survey_piece *piece, const void *receiver),
                       double (*measure)(const mr_survey_piece *piece), const void *receiver) {
    double values = 0, measures = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        values += value(pieces[i], receiver);
        measures += measure(pieces[i]);
    }
    if (values <= 0 || measures <= 0 || (double)count >= all) return 0;
    if (count < 2) return 1;
    for (size_t i = 0; i < count; i++) {
        double distance = value(pieces[i], receiver) - values / measures * measure(pieces[i]);
        squares += distance * distance;
    }
    double pieces_squared = squares * (double)count / (double)(count - 1);
    return 2 * sqrt(pieces_squared * (1 - (double)count / all)) / values;
}

/* A key that is frequent in some piece. */
typedef struct candidate {
    const mr_survey_hot *hot;
    uint64_t pairs; /* in all pieces where it is */
} candidate;

static int compare_candidates(const void *a, const void *b) {
    uint64_t left = ((const candidate *)a)->hot->hash, right = ((const candidate *)b)->hot->hash;
    return (left > right) - (left < right);
}

static int compare_frequency(const void *a, const void *b) {
    const candidate *left = a, *right = b;
    if (left->pairs != right->pairs) return left->pairs < right->pairs ? 1 : -1;
    return compare_candidates(a, b);
}

static uint32_t hot_count(const mr_survey_piece *piece) {
    return (uint32_t)mr_smaller(piece->hot_count, MR_SURVEY_HOT);
}

/* How many pairs of a piece have a key: as counted, unless the piece has so many keys that it was left out. */
static double pairs_with(const mr_survey_piece *piece, const void *receiver) {
    const uint64_t *hash = receiver;
    for (uint32_t i = 0; i < hot_count(piece); i++)
        if (piece->hot[i].hash == *hash) return (double)piece->hot[i].pairs;
    for (uint32_t i = 0; i < mr_smaller(piece->key_count, MR_SURVEY_PIECE_KEYS); i++)
        if (piece->keys[i].hash == *hash) return (double)piece->keys[i].pairs;
    return 0;
}

static double pairs_of(const mr_survey_piece *piece) {
    return (double)piece->pairs;
}

static void describe_hot(const mr_survey_piece *const *pieces, size_t count, double all, const mr_survey_hot *hot,
                         mr_forecast_key *key) {
    double pairs = 0, sum = 0;
    for (size_t i = 0; i < count; i++) {
        pairs += pairs_with(pieces[i], &hot->hash);
        sum += pairs_of(pieces[i]);
    }
    double error = mr_survey_error(pieces, count, all, pairs_with, pairs_of, &hot->hash), share = pairs / sum;
    *key = (mr_forecast_key){.length = hot->length,
                             .share = {share, fmax(0, share * (1 - error)), fmin(1, share * (1 + error))}};
    memcpy(key->bytes, hot->bytes, MR_SURVEY_KEY);
}

static int compare_shares(const void *a, const void *b) {
    const mr_forecast_key *left = a, *right = b;
    double first = left->share.expected, second = right->share.expected;
    return (first < second) - (first > second);
}

bool mr_survey_find_hot(const mr_survey_piece *const *pieces, size_t count, double all, mr_forecast *forecast,
                        mr_error *error) {
    size_t filled = 0, kept = 0;
    candidate *list = calloc(count * MR_SURVEY_HOT + 1, sizeof *list);
    if (!list) return mr_error_memory(error, count * MR_SURVEY_HOT * sizeof *list, "the keys of a survey");
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < hot_count(pieces[i]); j++)
            list[filled++] = (candidate){&pieces[i]->hot[j], pieces[i]->hot[j].pairs};
    qsort(list, filled, sizeof *list, compare_candidates);
    for (size_t i = 0; i < filled; i++) {
        if (kept && list[kept - 1].hot->hash == list[i].hot->hash)
            list[kept - 1].pairs += list[i].pairs;
        else
            list[kept++] = list[i];
    }
    qsort(list, kept, sizeof *list, compare_frequency);
    for (size_t i = 0; i < kept && forecast->hot_count < MR_FORECAST_HOT; i++)
        describe_hot(pieces, count, all, list[i].hot, &forecast->hot[forecast->hot_count++]);
    qsort(forecast->hot, forecast->hot_count, sizeof *forecast->hot, compare_shares);
    free(list);
    return true;
}
