/* snapshot.h - how a job stands, in several lines for somebody who asks (SIGUSR1). [coordinator] */
#ifndef MR_JOB_SNAPSHOT_H
#define MR_JOB_SNAPSHOT_H

#include "job/outlook.h"

/* Lines that begin with "mr:", for mr_message_lines: to be released with free; NULL when there is no memory. title:
 * what is run. */
char *mr_snapshot_text(const mr_view *view, const mr_outlook *outlook, const char *title);

#endif
