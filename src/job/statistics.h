/* statistics.h - what is known of a job when it has ended, as JSON. src/cli/stats.schema.json says what each member
 * means, and when their version has to grow. Text that is no UTF-8 stands as hexadecimal digits in a member whose name
 * ends with "_hex". [coordinator]
 */
#ifndef MR_JOB_STATISTICS_H
#define MR_JOB_STATISTICS_H

#include "job/card.h"
#include "job/coordinator.h"

/* Writes them to the file that the settings name, which appears whole or not at all, and to the one that is held. card:
 * of the crash that ended the job; NULL: none did. failure: why the job has failed, if it has. */
bool mr_statistics_write(const mr_job *job, const mr_result_summary *summary, const mr_card *card,
                         const mr_error *failure, mr_error *error);

#endif
