/* statistics.h - what is known of a job when it has ended, as JSON. [coordinator]
 *
 *     {
 *         "version": 1,               of this layout: members are added, never changed
 *         "mr": "0.1.0",
 *         "plugin": "words",
 *         "outcome": "done",          or "failed", "signal"
 *         "signal": null,             "SIGINT"
 *         "error": null,              the message, when it has failed
 *         "seconds": 1.5, "workers": 8, "input_bytes": 1, "records": 1, "results": 1, "output_bytes": 1,
 *         "spilled_bytes": 0, "peak_memory_bytes": 1, "retries": 0,
 *         "bad_records": 0, "bad_path": null,
 *         "counters": {"name": 1},
 *         "crash": null               or what the crash card says, see below
 *     }
 *
 * A crash has: cause, callback, happened, signal, address, exit_status, worker, attempts, plugin_path, place (null, or
 * file, line, offset, length, record; or partition, group, key), stack (function, file, line, module, address,
 * inlined), prepare, debug. What is not known is null or missing. Text that is no UTF-8 stands as hexadecimal digits in
 * a member whose name ends with "_hex".
 */
#ifndef MR_JOB_STATISTICS_H
#define MR_JOB_STATISTICS_H

#include "job/card.h"
#include "job/coordinator.h"

/* Writes the file, which appears whole or not at all. card: of the crash that ended the job; NULL: none did. failure:
 * why the job has failed, if it has. */
bool mr_statistics_write(const char *path, const mr_job *job, const mr_result_summary *summary, const mr_card *card,
                         const mr_error *failure, mr_error *error);

#endif
