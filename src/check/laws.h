/* laws.h - the laws, each in a file of its own, as check.h lists them. */
#ifndef MR_CHECK_LAWS_H
#define MR_CHECK_LAWS_H

#include "check/check.h"
#include "check/experiment.h"
#include "check/sample.h"

/* A check that is going on. */
typedef struct mr_checker {
    const mr_check_settings *settings; /* borrowed */
    mr_job original;                   /* what the user has asked for, opened and never run */
    mr_job job;                        /* the same with the sample as its input; opened and never run */
    mr_job_settings sampled;           /* settings of job */
    mr_sample sample;
    mr_bench bench;      /* for experiments on job */
    mr_board *board;     /* shared; owned */
    double seconds;      /* that the whole check may take, about */
    double end;          /* in mr_seconds: when that is over */
    time_t mapped_until; /* when the first sweep of law_map.c was over */
    uint64_t swept;      /* records that it has mapped */
    int first_output;    /* what the first job has printed; -1: nothing */
    uint64_t left_out;   /* bad records that it has left out */
} mr_checker;

/* Law: a record gives the same pairs every time. The first sweep has to come before the second. [coordinator] */
bool mr_sweep_first(mr_checker *self, mr_error *error);
bool mr_sweep_again(mr_checker *self, mr_error *error);

/* Laws of single callbacks: run of an experiment. Without argument, but for borders: whether another law is broken (a
 * bool), so that nothing could be told from texts that are cut elsewhere. */
bool mr_law_borders(mr_lab *lab, void *argument, mr_error *error);
bool mr_law_record(mr_lab *lab, void *argument, mr_error *error);
bool mr_law_fold(mr_lab *lab, void *argument, mr_error *error);
bool mr_law_keys(mr_lab *lab, void *argument, mr_error *error);
bool mr_law_combine(mr_lab *lab, void *argument, mr_error *error);
bool mr_law_result(mr_lab *lab, void *argument, mr_error *error);

/* Law: whole jobs print the same. The first one is of the usual kind: when it fails error is set, a crash card has been
 * printed if the plugin has crashed, and there is nothing to be checked. The others come last, when it is known which
 * other laws are broken. [coordinator] */
bool mr_first_job(mr_checker *self, mr_error *error);
void mr_law_jobs(mr_checker *self);

/* Law: sanitizers find nothing. [coordinator] */
void mr_law_source(mr_checker *checker);

/* How plugins are treated in experiments of which one needs no other to compare with. */
extern const mr_variant mr_variant_plain;

/* Says of a law that the plugin has died in an experiment. */
void mr_tell_death(mr_checker *self, enum mr_law law, const mr_death *death);

/* Does an experiment that tries a law: what becomes of it is on the board. */
void mr_try_law(mr_checker *self, enum mr_law law, const mr_experiment *experiment);

#endif
