/* survey_keys.h - what the keys of all pieces of a survey say together. [coordinator] */
#ifndef MR_JOB_SURVEY_KEYS_H
#define MR_JOB_SURVEY_KEYS_H

#include "data/growth.h"
#include "job/forecast.h"

/* A sum over the pieces that are looked at. */
typedef struct mr_survey_sums {
    double pieces;
    double bytes;
    double records;
    double pairs;
    double key_bytes;
    double value_bytes;
    double distinct;           /* keys, each counted in every piece that it is in */
    double distinct_key_bytes; /* the same */
    double lost;               /* pairs */
} mr_survey_sums;

/* The pieces that are looked at, as they are in shared memory: index 0 to count - 1 of list. list: owned by the caller,
 * allocated; NULL with error set when there is no memory. */
const mr_survey_piece **mr_survey_list(const mr_job *job, size_t *count, mr_error *error);

mr_survey_sums mr_survey_sum(const mr_survey_piece *const *pieces, size_t count);

/* What is known of the growth of the number of keys; all: pieces that the whole input would make. */
bool mr_survey_growth(const mr_survey_piece *const *pieces, size_t count, double all, mr_growth *growth,
                      mr_error *error);

/* The keys with most pairs, and their shares; of pieces that are a sample from so many in all. */
bool mr_survey_find_hot(const mr_survey_piece *const *pieces, size_t count, double all, mr_forecast *forecast,
                        mr_error *error);

/* The error of the sum of what is counted in the pieces, as a part of it, two standard deviations: value gives the
 * number of one piece, measure what it is in proportion to. */
double mr_survey_error(const mr_survey_piece *const *pieces, size_t count, double all,
                       double (*value)(const mr_survey_piece *piece, const void *receiver),
                       double (*measure)(const mr_survey_piece *piece), const void *receiver);

#endif
