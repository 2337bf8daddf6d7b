/* observation.h - what the coordinator notes of a running job, for those who look on: the progress line, the status
 * page, the report, the statistics and the summary. They read it and change nothing.
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

#include "base/error.h"

enum {
    MR_PHASES_MAX = 16,
    MR_SAMPLES_MAX = 1024,  /* over time */
    MR_SPANS_MAX = 4096,    /* of one lane */
    MR_INCIDENTS_MAX = 100, /* the first and the last half of these are kept */
    MR_INCIDENT_TEXT = 512,
    MR_HOT_KEYS = 5,
    MR_HOT_KEY_BYTES = 64, /* of a key that are shown */
};

/* A phase of the job, past or present. */
typedef struct mr_phase {
    const char *name;    /* "start", "quotes", "read ahead", "sample", "split", "count", "map", "reduce", "merge",
                          * "deliver", "stop", "commit"; static text */
    double begin;        /* seconds */
    double end;          /* seconds; negative: it is going on */
    uint64_t units;      /* chunks or partitions, as far as known; streams add some while map is going on */
    uint64_t done;       /* of them, done at least once */
    uint64_t bytes;      /* of the input (as it lies on disk: compressed bytes for streams) that all units have; 0: not
                          * known, as for pipes */
    uint64_t bytes_done; /* of them */
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
    MR_SPAN_WRITE, /* delivering a part of the output */
    MR_SPAN_CRASH, /* an instant: begin is end; the process died */
    MR_SPAN_KINDS  /* in between it waits */
};

typedef struct mr_span {
    uint32_t kind;  /* enum mr_span_kind */
    uint32_t tasks; /* how many were joined */
    double begin;   /* seconds */
    double end;     /* seconds */
} mr_span;

/* One row of the timeline: a slot of the crew, whatever processes it has had. */
typedef struct mr_lane {
    mr_span *spans; /* in order of time; owned by the observation */
    size_t count;
    size_t room;       /* allocated */
    double resolution; /* seconds: spans of the same kind closer than that are joined */
    double busy;       /* seconds in spans */
    uint64_t tasks;    /* done */
    unsigned crashes;
    bool reader;
} mr_lane;

/* How things stood at a moment. */
typedef struct mr_observed_sample {
    double at;             /* seconds */
    uint64_t input_bytes;  /* read so far, of text: after decompression */
    uint64_t output_bytes; /* delivered so far */
    uint64_t memory;       /* bytes in use in all processes */
    uint64_t spilled;      /* bytes so far */
    uint32_t phase;        /* index */
} mr_observed_sample;

/* Something that went wrong, or a message of the job: a death, a retry, a bad record, damage. */
typedef struct mr_incident {
    double at; /* seconds */
    char text[MR_INCIDENT_TEXT];
} mr_incident;

/* What workers spend their time on, in seconds of all workers together. */
enum mr_activity {
    MR_ACTIVITY_READ,     /* the input: waiting for the disk and copying */
    MR_ACTIVITY_INFLATE,  /* undoing compression */
    MR_ACTIVITY_MAP,      /* the plugin's map, and folding what it emits */
    MR_ACTIVITY_EXCHANGE, /* writing runs, to memory or to disk, and reading them back */
    MR_ACTIVITY_REDUCE,   /* folding or grouping, sorting, the plugin's reduce and finish */
    MR_ACTIVITY_WRITE,    /* the output: formatting, compressing, writing, fsync */
    MR_ACTIVITY_WAIT,     /* for a task: there was nothing to do, or the reader of the output was slow */
    MR_ACTIVITIES
};

/* A key that comes often, by what a sample of the input says. */
typedef struct mr_hot_key {
    char key[MR_HOT_KEY_BYTES]; /* its first bytes, as they are */
    uint32_t length;            /* of the whole key */
    double share;               /* of all pairs that were emitted for the sample, 0 to 1 */
} mr_hot_key;

typedef struct mr_observation {
    mr_phase phases[MR_PHASES_MAX];
    uint32_t phase_count; /* the last one is going on */
    mr_lane *lanes;       /* workers, then readers; owned */
    uint32_t lane_count;
    mr_observed_sample samples[MR_SAMPLES_MAX];
    size_t sample_count;
    double sample_interval; /* seconds between samples at present */
    mr_incident incidents[MR_INCIDENTS_MAX];
    uint64_t incident_count;          /* in all; those beyond MR_INCIDENTS_MAX have displaced the middle ones */
    double activities[MR_ACTIVITIES]; /* seconds */
    mr_hot_key hot_keys[MR_HOT_KEYS]; /* most frequent first */
    size_t hot_key_count;
} mr_observation;

#endif
