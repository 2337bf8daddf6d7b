/* observation.h - what the coordinator notes of a running job, for those who look on: the progress line, the status
 * page, the report, the statistics and the summary. They read it and change nothing; the coordinator writes
 * (observing.c), and keeps it until the summary of the job is closed (mr_summary_close). How to be called while the job
 * runs says onlooker.h.
 *
 * Everything is bounded, however long the job is: samples over time are thinned out to every second one when there is
 * no room for more, spans of a lane that follow each other are joined, and of incidents the first and the last are
 * kept. Times are seconds since the start of the job. [coordinator]
 */
#ifndef MR_JOB_OBSERVATION_H
#define MR_JOB_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/stopwatch.h"
#include "data/hot_keys.h"
#include "data/splitters.h"

enum {
    MR_PHASES_MAX = 16,
    MR_SAMPLES_MAX = 1024,  /* over time */
    MR_SPANS_MAX = 4096,    /* of one lane */
    MR_INCIDENTS_MAX = 100, /* the first and the last half of these are kept */
    MR_INCIDENT_TEXT = 512,
};

/* A phase of the job, past or present. They follow each other without a gap. */
typedef struct mr_phase {
    const char *name;    /* "start", "quotes", "read ahead", "sample", "split", "count", "map", "reduce", "merge",
                          * "deliver", "stop", "commit"; static text */
    double begin;        /* seconds */
    double end;          /* seconds; negative: it is going on */
    uint64_t units;      /* chunks or partitions, as far as known; streams add some while map is going on; 0: it has
                          * none */
    uint64_t done;       /* of them, done at least once */
    uint64_t bytes;      /* map: of text that the input has in all. Of a compressed stream that has not been read to its
                          * end that is a guess, which gets better: by how much text its bytes have come to so far. 0:
                          * not known, as for a pipe that has not ended, or the phase reads no input */
    uint64_t bytes_done; /* of them, also those of units at hand; a unit that is done again counts once */
    double workers[MR_ACTIVITIES]; /* seconds of all workers together */
    double readers[MR_ACTIVITIES]; /* the same of readers */
    double longest;                /* seconds of the unit that took longest */
    uint64_t longest_unit;         /* which one */
    double blocked;                /* seconds in which the reader of the output, a pipe, took no more */
} mr_phase;

/* What a worker or reader was doing in a span of time. */
enum mr_span_kind {
    MR_SPAN_START,  /* until it has loaded the plugin */
    MR_SPAN_SAMPLE, /* looking at the input before the map phase: sample, split, quotes, count */
    MR_SPAN_READ,   /* a reader */
    MR_SPAN_MAP,
    MR_SPAN_SEAL,
    MR_SPAN_TRY, /* looking for a bad record */
    MR_SPAN_REDUCE,
    MR_SPAN_MERGE,
    MR_SPAN_WRITE,       /* delivering a part of the output */
    MR_SPAN_CRASH,       /* the process died: an instant, begin is end, unless spans were joined for lack of room */
    MR_SPAN_TRIAL_CRASH, /* the same of a process that it has tried something out in */
    MR_SPAN_KINDS        /* in between it waits */
};

/* "start", "sample" and so on; "wait" for MR_SPAN_KINDS. Static text. */
const char *mr_span_name(uint32_t kind);

typedef struct mr_span {
    uint32_t kind;  /* enum mr_span_kind */
    uint32_t tasks; /* how many were joined; 0: of a task that went on behind it */
    double begin;   /* seconds */
    double end;     /* seconds */
} mr_span;

/* One row of the timeline: a slot of the crew, whatever processes it has had. */
typedef struct mr_lane {
    mr_span *spans; /* in order of time, none overlap; owned by the observation */
    size_t count;
    size_t room;       /* allocated */
    double resolution; /* seconds: spans of the same kind closer than that are joined */
    double busy;       /* seconds in spans, without the gaps that joining has swallowed */
    uint64_t tasks;    /* done */
    unsigned crashes;
    unsigned trial_crashes;           /* deaths of processes that it has tried something out in */
    double activities[MR_ACTIVITIES]; /* seconds */
    bool reader;
    pid_t process; /* that is in it now; 0: none, or it is that of the coordinator */
    uint32_t now;  /* what it is at, as of mr_observation.at: enum mr_span_kind; MR_SPAN_KINDS: it waits */
    double since;  /* since when, in seconds */
} mr_lane;

/* How things stood at a moment. All but the memory only grow. */
typedef struct mr_observed_sample {
    double at;             /* seconds */
    uint64_t input_bytes;  /* of text, mapped so far: bytes_done of the map phase */
    uint64_t output_bytes; /* delivered so far */
    uint64_t memory;       /* bytes in use in all processes */
    uint64_t spilled;      /* bytes so far */
    uint32_t phase;        /* index */
} mr_observed_sample;

/* Something that went wrong, or a message of the job: a death, a retry, a bad record, damage. */
typedef struct mr_incident {
    double at;     /* seconds */
    bool left_out; /* a record or group was found bad, and is left out */
    uint32_t lane; /* left_out: of the worker that has found it */
    char text[MR_INCIDENT_TEXT];
} mr_incident;

/* A partition: the keys of a range, which one task reduces. */
typedef struct mr_observed_partition {
    uint64_t bytes;   /* of its records, as they came from the map phase */
    uint64_t records; /* a group job: pairs; a fold: a key counts once for each time that a table was passed on */
    uint64_t results; /* that it has come to */
    double seconds;   /* that reducing it took, the last time if it was done again */
} mr_observed_partition;

/* What a job was bound by: what would have had to be faster. */
typedef struct mr_bound {
    const char *by;   /* "start", "sample", "read", "inflate", "map", "exchange", "reduce", "merge", "write", "stop",
                       * "one chunk", "one partition", "reader of the output"; static text; NULL: the job has not
                       * ended */
    double share;     /* of its time, 0 to 1 */
    char text[256];   /* the same as the rest of a sentence, "mapping" */
    char advice[256]; /* what would help, the same; empty: nothing that is known */
} mr_bound;

typedef struct mr_observation {
    double start; /* of the job, in mr_seconds */
    double at;    /* when it was last brought up to date, in seconds since then */
    mr_phase phases[MR_PHASES_MAX];
    uint32_t phase_count; /* the last one is going on, until the job has ended */
    mr_lane *lanes;       /* workers, then readers; NULL until they are started; owned */
    uint32_t lane_count;
    mr_observed_sample samples[MR_SAMPLES_MAX];
    size_t sample_count;
    double sample_interval; /* seconds between samples at present; the last one may come sooner */
    mr_incident incidents[MR_INCIDENTS_MAX];
    uint64_t incident_count;          /* in all; those beyond MR_INCIDENTS_MAX have displaced the middle ones */
    double activities[MR_ACTIVITIES]; /* seconds of all workers and readers together */
    mr_hot_key hot_keys[MR_HOT_KEYS]; /* by a sample of the input, most frequent first */
    size_t hot_key_count;
    mr_observed_partition partitions[MR_PARTITIONS_MAX]; /* in the order of their keys; all 0: it is not reduced yet */
    uint32_t partition_count;                            /* once the reduce phase has begun; a map job has none */
    mr_bound bound;                                      /* when the job has ended */
} mr_observation;

/* How many of incidents are there. */
static inline size_t mr_incidents_kept(const mr_observation *observation) {
    return observation->incident_count < MR_INCIDENTS_MAX ? (size_t)observation->incident_count : MR_INCIDENTS_MAX;
}

/* The phase that is going on, or was the last; NULL before the first. */
static inline const mr_phase *mr_phase_now(const mr_observation *observation) {
    return observation->phase_count ? &observation->phases[observation->phase_count - 1] : NULL;
}

/* The map phase; NULL: it has not begun. */
const mr_phase *mr_phase_map(const mr_observation *observation);

/* ---- for the coordinator ----------------------------------------------------------------------------------------- */

/* start: of the job, as all times below in mr_seconds. NULL with error set when there is no memory. */
mr_observation *mr_observation_new(double start, mr_error *error);
void mr_observation_free(mr_observation *observation); /* NULL is allowed */

/* Makes the lanes, when it is known how many there are. */
bool mr_observation_open_lanes(mr_observation *observation, uint32_t workers, uint32_t readers, mr_error *error);

/* The phase that is going on ends, and another one begins; name NULL: none. When there is no room for one more the last
 * one goes on, under its name. */
void mr_observe_phase(mr_observation *observation, const char *name, uint64_t units, double at);

/* The reduce phase begins, with so many partitions. */
void mr_observe_partitions(mr_observation *observation, uint64_t count);

/* A partition has been reduced; of one that is reduced again the last time counts. */
void mr_observe_partition(mr_observation *observation, uint64_t partition, const mr_observed_partition *observed);

/* A lane has done something. What begins before the end of the span before it is cut off there. */
void mr_observe_span(mr_observation *observation, uint32_t lane, uint32_t kind, double begin, double end);

/* Adds a sample, if the one before is as long ago as samples are to be apart, or it is the last one: then it is always
 * there. */
void mr_observe_sample(mr_observation *observation, const mr_observed_sample *sample, bool last);

/* The same for the beginning of a task that goes on. */
void mr_observe_part(mr_observation *observation, uint32_t lane, uint32_t kind, double begin, double end);

/* Keeps a text, cut if it is too long; its bytes may be anything. */
void mr_observe_incident(mr_observation *observation, double at, const char *text);

/* The same, about a record or group that is left out because of what the worker of a lane has found. */
void mr_observe_left_out(mr_observation *observation, double at, uint32_t lane, const char *text);

#endif
