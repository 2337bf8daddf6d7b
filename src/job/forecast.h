/* forecast.h - what a job would come to, by a survey of its input. [coordinator] */
#ifndef MR_JOB_FORECAST_H
#define MR_JOB_FORECAST_H

#include "data/growth.h"
#include "job/coordinator.h"
#include "job/survey.h"

enum { MR_FORECAST_HOT = 5, MR_FORECAST_ADVICE = 8, MR_FORECAST_TEXT = 256 };

/* A key that comes often. */
typedef struct mr_forecast_key {
    char bytes[MR_SURVEY_KEY]; /* its first ones */
    uint32_t length;           /* of the whole key */
    mr_estimate share;         /* of all pairs, 0 to 1 */
} mr_forecast_key;

/* Where the time goes, in seconds. */
typedef struct mr_forecast_times {
    double map;      /* reading and mapping, and folding what is emitted */
    double exchange; /* writing what is mapped to where reduce reads it */
    double reduce;   /* that, sorting and formatting */
    double disk;     /* writing and reading what does not fit into memory */
    double unpack;   /* of that, what one process needs to unpack the largest stream; map cannot be faster */
    double total;    /* all of it, and starting up */
} mr_forecast_times;

/* How it is written and read what does not fit into memory. What the page cache takes is only copied; the rest goes to
 * the disk, or comes from there. */
typedef struct mr_forecast_disk {
    double written; /* bytes: of temporary files and output */
    double beyond;  /* bytes that are written and read beyond what the page cache takes, as memory is free now */
    double speed;   /* of the disk, bytes a second, as measured; 0: that was not worth a look */
} mr_forecast_disk;

/* Numbers that are not about text in pipes, which cannot be known. */
typedef struct mr_forecast {
    char plugin[MR_DESCRIPTION_NAME];
    uint32_t kind;                     /* enum mr_kind */
    char record_kind[MR_RECORDS_NAME]; /* as --records has it */
    uint64_t files;                    /* in the input, pipes included */
    uint64_t file_bytes;               /* of all of them, as they are on disk */
    uint64_t compressed;               /* of the files: those of which a part can be unpacked without what is before */
    uint64_t streams;                  /* of the files: those that are unpacked from front to back */
    uint64_t pipes;                    /* of the files: those that can be read only once */
    mr_estimate text_bytes;            /* of the input, unpacked */
    uint64_t sampled;                  /* bytes of text that were looked at */
    double sampled_keys;               /* different ones of these pairs */
    double sampled_output;             /* bytes that were printed for them */
    bool top;                          /* only some results are printed */
    uint64_t sampled_pairs;            /* that map emitted for them */
    uint64_t pieces;                   /* in so many pieces */
    bool whole;                        /* that is all of it */
    bool unknown;                      /* no record begins in it, so that it says nothing of them, nor of the job */
    bool cut;                          /* it would have been more, but that took too long */
    double sample_seconds;             /* that the survey took */
    mr_estimate records;
    mr_estimate pairs; /* that map emits */
    mr_estimate keys;  /* different ones; of a map job none */
    mr_estimate output_bytes;
    uint64_t workers;
    uint64_t chunks;
    uint64_t partitions;
    uint64_t memory_limit;    /* bytes: --memory */
    mr_estimate memory;       /* that the job would use */
    mr_estimate run_bytes;    /* that wait between map and reduce */
    mr_estimate spilled;      /* of these, and of what is sorted and merged, that goes to disk */
    double spill_begin;       /* nothing goes to disk, but from so many run_bytes on it would; 0: that is not near */
    uint64_t memory_wanted;   /* with which nothing would; 0: it does not in any case */
    char temporary[PATH_MAX]; /* where it goes */
    uint64_t temporary_free;  /* bytes that there is room for; UINT64_MAX: unknown */
    mr_forecast_times seconds;
    mr_forecast_disk disk;
    mr_forecast_key hot[MR_FORECAST_HOT]; /* most frequent first */
    size_t hot_count;
    uint64_t bad_records; /* in the sample that were left out */
    char advice[MR_FORECAST_ADVICE][MR_FORECAST_TEXT];
    size_t advice_count;
} mr_forecast;

/* Fills in job->settings->survey->forecast, when the survey is done. False with error set when there is no memory. */
bool mr_forecast_make(const mr_job *job, const mr_result_summary *summary, mr_error *error);

/* Whether a second, smaller sample would tell more: then mr_forecast_refine takes the forecast from it in. */
static inline bool mr_forecast_wants_more(const mr_forecast *forecast) {
    return forecast->kind == MR_GROUP && !forecast->whole && !forecast->streams && !forecast->top;
}
void mr_forecast_refine(mr_forecast *forecast, const mr_forecast *smaller);

/* Fills in disk and seconds.disk, by all that goes to disk. */
void mr_forecast_disk_time(mr_forecast *forecast);

/* Finds out what there is to advise, from all else in the forecast. */
void mr_forecast_advise(mr_forecast *forecast, const mr_job *job);

#endif
