/* check.h - mr check: whether a plugin keeps to what mr.h asks of it, on a sample of the user's own data.
 *
 * A plugin that breaks a rule often runs without an error and prints something wrong, and not every time. So the rules
 * are put as laws that can be tried out: two ways of doing the same that have to give the same bytes. Each law is tried
 * on records, keys and values of the sample, in processes of their own (experiment.h); where the two ways differ, what
 * they were tried on is made as small as possible (shrink.h) and shown. The laws, one file each:
 *
 *     law_map.c      a record gives the same pairs every time, whatever was mapped before, and whatever was in memory
 *     law_borders.c  text of several records gives what these records give one by one (map_chunk)
 *     law_record.c   records that the plugin divides itself are cut at the same places, wherever what it sees ends
 *     law_fold.c     values of a key may be folded in any order and grouping
 *     law_keys.c     compare is an order, and partition goes by the same keys
 *     law_combine.c  reduce says the same, however often combine has run, and on which values
 *     law_result.c   a key gives the same result alone as behind other keys
 *     law_jobs.c     whole jobs print the same bytes, however they are divided: what the laws have overlooked
 *     law_source.c   the compiler's sanitizers find nothing, when the plugin's source is there
 */
#ifndef MR_CHECK_CHECK_H
#define MR_CHECK_CHECK_H

#include "job/job.h"

/* What the user asks for. Everything is borrowed. */
typedef struct mr_check_settings {
    const mr_job_settings *job; /* plugin, inputs and what goes with them */
    const char *keep;           /* path of a file for the smallest input that shows a fault; NULL: it is not kept */
    uint64_t seed;              /* of all that is random */
    uint64_t milliseconds;      /* about how long the check may take */
    uint64_t sample;            /* bytes of the input that are looked at, about */
} mr_check_settings;

/* Checks a plugin and prints the report to standard output. *wrong: it breaks a law. False with error set when it could
 * not be checked; a crash card has been printed then, if the plugin crashes in a job of the usual kind. [coordinator]
 */
bool mr_check(const mr_check_settings *settings, bool *wrong, mr_error *error);

#endif
