/* lab.h - a process in which a plugin is tried out: its callbacks are called one by one, on records, keys and values
 * that the laws choose, and what it emits is written down. Only within an experiment (experiment.h).
 *
 * Memory that a plugin may not count on is filled with a pattern before it is called: the stack below the callback, the
 * heap, and the bytes behind a text. Two labs with other patterns, at other addresses, at another time have
 * to see the same.
 */
#ifndef MR_CHECK_LAB_H
#define MR_CHECK_LAB_H

#include "check/board.h"
#include "check/trace.h"
#include "flow/map.h"

/* How a lab treats the plugin. */
typedef struct mr_variant {
    unsigned char pattern; /* what fills memory that is not initialised; 0: as it comes */
    bool later;            /* clocks show another time */
    bool moved;            /* libraries, heap and stack lie at other addresses */
    bool strict;           /* what was borrowed cannot be read any more when the time is over; a record comes without
                            * what ends it, as the last of a file may */
} mr_variant;

/* A pair that map has emitted. */
typedef struct mr_lab_pair {
    mr_slice key;    /* with the partition number in front, where the plugin partitions */
    mr_slice value;  /* behind it */
    uint32_t record; /* index of the record that it came from */
    uint32_t number; /* in the order of emission */
} mr_lab_pair;

/* Some of them. Initialise with {0}. */
typedef struct mr_lab_pairs {
    mr_lab_pair *list; /* owned, and so are all bytes */
    size_t count;
    size_t room;
    uint64_t bytes; /* of all keys and values */
} mr_lab_pairs;

typedef struct mr_lab {
    const mr_job *job; /* whose input is the sample; borrowed */
    mr_board *board;
    const char *sample; /* bytes of the sample */
    mr_variant variant;
    double deadline;    /* in mr_seconds: when to stop trying */
    uint64_t random;    /* state of mr_lab_random */
    mr_context context; /* the plugin */
    mr_plugin plugin;   /* its own callbacks; those in context fill the stack first */
    mr_records records; /* what they are */
    mr_mapper mapper;
    mr_fold fold;      /* of a fold job */
    mr_trace *into;    /* where what it emits goes; NULL: nowhere */
    char *texts[2];    /* two places for records, which take turns when the lab is strict */
    size_t text_size;  /* bytes of each, without the page behind it that nobody can touch */
    unsigned turn;     /* which of them is next */
    size_t longest;    /* bytes of the longest text that fits */
    void *accumulator; /* for results of folds */
} mr_lab;

/* Loads the plugin and starts it: once in a process, which ends with the lab. Filled in are the fields from job to
 * random. False with error set. */
bool mr_lab_open(mr_lab *lab, mr_error *error);

/* A number below limit (above 0). */
uint64_t mr_lab_random(mr_lab *lab, uint64_t limit);

/* Maps some records of one source as one piece, and adds what is emitted to trace. first_number: of the first of them,
 * for plugins that want to know; offset: where in its source it begins. A plugin that fails is a matter of the trace.
 */
bool mr_lab_map(mr_lab *lab, const uint32_t *records, size_t count, uint64_t first_number, uint64_t offset,
                mr_trace *trace, mr_error *error);

/* Maps one record as it stands in the sample. */
bool mr_lab_map_one(mr_lab *lab, uint32_t record, mr_trace *trace, mr_error *error);

/* Adds the pairs of a trace; record: where they come from. */
bool mr_lab_take(mr_lab *lab, const mr_trace *trace, uint32_t record, mr_lab_pairs *pairs, mr_error *error);
void mr_lab_pairs_free(mr_lab_pairs *pairs);

/* Maps up to so many records, spread over the sample, one by one, and gathers the pairs, as long as there is time; then
 * sorts them by key, those of one key by the order of emission. */
bool mr_lab_gather(mr_lab *lab, size_t records, double seconds, mr_lab_pairs *pairs, mr_error *error);
void mr_lab_sort(mr_lab_pairs *pairs);

/* Where the pairs that have the key of the one at first end. */
size_t mr_lab_key_end(const mr_lab_pairs *pairs, size_t first);

/* The key as the plugin knows it. */
mr_slice mr_lab_plain_key(const mr_lab *lab, const mr_lab_pair *pair);

/* Brings pairs of one key together as the job does, in order, and adds what comes out to trace. */
bool mr_lab_reduce(mr_lab *lab, const mr_lab_pair *pairs, size_t count, mr_trace *trace, mr_error *error);

/* Lets combine run on pairs of one key; what it emits goes to trace. */
bool mr_lab_combine(mr_lab *lab, const mr_lab_pair *pairs, size_t count, mr_trace *trace, mr_error *error);

/* Calls finish for an accumulator of a fold, or puts down what is printed without it. */
bool mr_lab_finish(mr_lab *lab, mr_slice key, const void *accumulator, mr_trace *trace, mr_error *error);

/* Call begin, and end, if there are any. */
bool mr_lab_begin(mr_lab *lab, mr_error *error);
bool mr_lab_end(mr_lab *lab, mr_trace *trace, mr_error *error);

/* All of these for pairs that are sorted: what a job prints for them, in one go. */
bool mr_lab_output(mr_lab *lab, const mr_lab_pairs *pairs, mr_trace *trace, mr_error *error);

/* Runs something in a process of its own, forked from this one, and hands back the trace that it fills (of a long one
 * the beginning): so what the plugin remembers of it is forgotten. When the plugin dies there, this process does, too.
 */
bool mr_lab_apart(mr_lab *lab, bool (*run)(void *receiver, mr_trace *trace), void *receiver, mr_trace *trace,
                  mr_error *error);

/* Says that a callback is about to be called for a key, and that it has returned, for crash cards and time limits. */
void mr_lab_enter(mr_lab *lab, const char *callback, mr_slice key);
void mr_lab_leave(mr_lab *lab);

#endif
