/* observation_json.h - an observation as JSON, for --stats. [coordinator] */
#ifndef MR_JOB_OBSERVATION_JSON_H
#define MR_JOB_OBSERVATION_JSON_H

#include "base/json.h"
#include "job/observation.h"

/* Adds what has been observed to an object: phases, lanes, samples, activities, hot keys, partitions, incidents, and
 * what bound the job. splitters: where partitions begin; NULL: not known. Its layout describes
 * src/cli/stats.schema.json. False when there is no memory; the object is then to be deleted. */
bool mr_observation_add_json(cJSON *root, const mr_observation *observation, const mr_splitters *splitters);

#endif
