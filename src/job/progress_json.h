/* progress_json.h - how far a job has come, as JSON: progress.schema.json says what is in it. [coordinator] */
#ifndef MR_JOB_PROGRESS_JSON_H
#define MR_JOB_PROGRESS_JSON_H

#include "job/outlook.h"

/* One object in one line, without a newline: to be released with free; NULL with error set. title: what is run, such as
 * a stage of a job file; NULL: it has no name beside that of the plugin. ended: the job has. detailed: with phases,
 * workers, samples over time, incidents and hot keys. */
char *mr_progress_json(const mr_view *view, const mr_outlook *outlook, const char *title, bool ended, bool detailed,
                       mr_error *error);

#endif
