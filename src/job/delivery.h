/* delivery.h - bringing the parts of the output to their places. [coordinator] */
#ifndef MR_JOB_DELIVERY_H
#define MR_JOB_DELIVERY_H

#include "job/crew.h"

enum mr_part_state { MR_PART_MISSING = 0, MR_PART_READY, MR_PART_ON_ITS_WAY, MR_PART_DELIVERED };

/* A part that a worker slot has made. */
typedef struct mr_made_part {
    uint64_t unit;     /* which; MR_NO_PART: it was damaged, and nobody needs it any more */
    uint64_t released; /* as in mr_part */
} mr_made_part;

#define MR_NO_PART UINT64_MAX

/* The parts that a worker slot has made, in that order, until they are delivered. */
typedef struct mr_part_order {
    mr_made_part *made; /* these parts; owned */
    size_t first;       /* the oldest that is not released */
    size_t count;       /* behind the last */
    size_t room;        /* allocated */
} mr_part_order;

typedef struct mr_delivery {
    mr_crew *crew;                          /* borrowed */
    uint64_t count;                         /* parts of the whole output */
    uint64_t room;                          /* of the lists of parts, allocated */
    mr_part *parts;                         /* owned */
    uint8_t *states;                        /* enum mr_part_state of each; owned */
    mr_part_order *orders;                  /* for each worker slot; owned */
    uint64_t *following;                    /* the part behind each in the output, MR_NO_PART at the end; owned */
    uint64_t wanted;                        /* the first part that has no place yet; MR_NO_PART: all have */
    uint64_t placed;                        /* parts that have a place: all before that one */
    uint64_t *sequence;                     /* these, in the order of the output; owned */
    uint64_t *ranks;                        /* where in sequence a part is; MR_NO_PART: it has no place; owned */
    uint64_t *offsets;                      /* of parts that have a place; owned */
    uint32_t *files;                        /* which of the outputs these go to; owned */
    uint64_t next;                          /* the first in sequence that is not known to be delivered or on its way */
    uint64_t *ends;                         /* of each output: bytes of all that has a place there; owned */
    uint32_t file;                          /* the output that the last part with a place went to */
    uint64_t delivered;                     /* parts that are delivered */
    uint64_t bytes;                         /* in these */
    uint64_t waiting;                       /* bytes of parts that are ready or on their way */
    uint64_t results;                       /* in all parts that have come */
    mr_part_stream stream;                  /* the part on its way into a stream */
    bool streaming;                         /* there is one */
    bool blocked;                           /* the stream takes no more at present: poll it */
    bool closed;                            /* the reader of the stream has gone */
    uint32_t groups[MR_PARTITIONS_MAX + 1]; /* delivered partitions of each group (mr_plan.group) */
} mr_delivery;

/* order: all parts in the order of the output; NULL: they are numbered in it. Borrowed for the call. */
bool mr_delivery_open(mr_delivery *delivery, mr_crew *crew, uint64_t count, const uint64_t *order, mr_error *error);
void mr_delivery_close(mr_delivery *delivery);

/* There is one more part, number count so far: before part behind, and behind part before (MR_NO_PART: there is none),
 * which is in front of that one so far. Part behind has no place yet. */
bool mr_delivery_insert(mr_delivery *delivery, uint64_t before, uint64_t behind, mr_error *error);

/* A part turns out to be nothing. */
bool mr_delivery_skip(mr_delivery *delivery, uint64_t unit, mr_error *error);

/* A part has been finished; one that was damaged, for the second time. */
bool mr_delivery_take(mr_delivery *delivery, uint64_t unit, const mr_part *part, mr_error *error);

/* Sends parts whose place is known on their way: as tasks to workers, or into the stream as far as it goes. When the
 * error is a damage, it is that of part sequence[next]. */
bool mr_delivery_go_on(mr_delivery *delivery, mr_error *error);

/* Whether mr_delivery_go_on would write something to a stream. */
bool mr_delivery_will_stream(const mr_delivery *delivery);

/* A worker has written a part to the file. */
void mr_delivery_done(mr_delivery *delivery, uint64_t unit);

/* The worker that was to write a part has died. */
void mr_delivery_lost(mr_delivery *delivery, uint64_t unit);

/* A part that was to be delivered is damaged: it is forgotten, and will be made again. Its place stays. */
void mr_delivery_damaged(mr_delivery *delivery, uint64_t unit);

/* Whether a unit should wait because the output cannot keep up. The part that is to come next never waits,
 * nor does one that is made again. */
bool mr_delivery_holds(const mr_delivery *delivery, uint64_t unit);

/* Bytes that have been delivered. */
static inline uint64_t mr_delivery_bytes(const mr_delivery *delivery) {
    return delivery->bytes + (delivery->streaming ? delivery->stream.written : 0);
}

static inline bool mr_delivery_finished(const mr_delivery *delivery) {
    return delivery->delivered == delivery->count;
}

#endif
