/* from_bad.h - the records and groups of a quarantine file as the input of a job. [coordinator] */
#ifndef MR_JOB_FROM_BAD_H
#define MR_JOB_FROM_BAD_H

#include "flow/input.h"

/* Makes an input of a file that quarantine.h has written: every record is a source of its own, with the name and offset
 * of the file that it came from; every group is one, too. Their bytes are copied into a file without a name in folder.
 * A file that is something else is refused, with the line and the member that is wrong. */
bool mr_from_bad_open(mr_input *input, const char *path, const char *folder, mr_error *error);

#endif
