/* input.h - stage 1: the files to read, and reading from them. */
#ifndef MR_FLOW_INPUT_H
#define MR_FLOW_INPUT_H

#include "base/file.h"
#include "flow/flow.h"

#define MR_STANDARD_INPUT "(standard input)" /* the path of that source */

/* Looks at every path: it must be readable and no folder, or "-", once, for standard input, from which nobody else can
 * read until mr_input_close. What is no regular file is not opened yet. Paths are borrowed. The first that is not fails
 * the whole input, before any work starts. held: for each path what it is, when the path is but its name; NULL: all are
 * paths. [coordinator] */
bool mr_input_open(mr_input *input, const char *const *paths, const mr_held *held, size_t count, mr_error *error);
void mr_input_close(mr_input *input);

/* Puts sources, of which path and size are known, one behind the other: fills in everything else of the input that
 * depends on them. [coordinator] */
bool mr_input_arrange(mr_input *input, mr_error *error);

/* Leaves of an input with one source only the records that begin in length bytes (> 0) from offset on; of records that
 * the plugin divides just these bytes. It is a usage error if there are none. [coordinator] */
bool mr_input_narrow(mr_input *input, const mr_records *records, uint64_t offset, uint64_t length, mr_error *error);

/* A file being read; one per worker. Initialise with {.file = -1} and folder. */
typedef struct mr_source_file {
    int file;                /* -1: none open */
    const mr_source *source; /* which one it is */
    int folder;              /* mr_input.folder; borrowed */
    mr_file_identity opened; /* what was opened: another file than that of the plan, if its path leads elsewhere now */
    mr_bgzf_reader bgzf;     /* of a BGZF source */
    mr_stopwatch *watch;     /* of the process; NULL: nobody wants to know; borrowed */
} mr_source_file;

/* Opens a source, if it is not open yet: a pipe with a name, when somebody opens its other end. */
bool mr_source_open(mr_source_file *open, const mr_source *source, mr_error *error);

/* Reads length bytes of a source that is no stream at an offset that the plan says are there. A file that has become
 * shorter, or is another one now, is an error. Opens the source if it is not open yet. open is a mr_source_file.
 * [worker] */
bool mr_source_read(void *open, const mr_source *source, char *bytes, size_t length, uint64_t offset, mr_error *error);

/* Checks that the source, which is a file, still is as it was planned: same size, same time of change. [worker] */
bool mr_source_check(void *open, const mr_source *source, mr_error *error);

void mr_source_close(mr_source_file *open);

#endif
