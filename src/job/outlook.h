/* outlook.h - how much of a job is done, how fast it is, and how long it will take. [coordinator] */
#ifndef MR_JOB_OUTLOOK_H
#define MR_JOB_OUTLOOK_H

#include "job/onlooker.h"

enum { MR_OUTLOOK_POINTS = 64 };

/* How far the job was at a moment. */
typedef struct mr_outlook_point {
    double at;       /* seconds since the start of the job */
    double fraction; /* of the job */
    uint64_t input;  /* bytes of text that had been mapped */
    uint64_t output; /* bytes that had been delivered */
} mr_outlook_point;

/* Initialise with {.fraction = -1, .left = -1}. */
typedef struct mr_outlook {
    double fraction; /* of the whole job that is done, from 0 to 1; never becomes less; negative: nobody knows, as long
                      * as the input comes through a pipe and has not ended */
    double most;     /* the largest that it was */
    double left;     /* seconds that it will still take; negative: nobody knows */
    double rate;     /* bytes of text that are mapped in a second at present, afterwards bytes of output */
    mr_outlook_point points[MR_OUTLOOK_POINTS]; /* the last ones, a quarter of a second apart; oldest first */
    size_t point_count;
} mr_outlook;

/* Takes in how things stand. To be called often; also when the job has ended (view->observation says so). */
void mr_outlook_update(mr_outlook *outlook, const mr_view *view);

#endif
