/* quarantine.h - the file with the records that were left out of a job.
 *
 * Lines of JSON, one object for each record or group:
 *
 *     {"plugin":"words","callback":"map","cause":"crash","signal":"SIGSEGV","reason":"...",
 *      "file":"big.txt","line":1234,"offset":56789,"length":20,"record":"the quick brown fox"}
 *     {"plugin":"join","callback":"reduce","cause":"timeout","reason":"...","key":"k","values":["a","b"]}
 *     {"plugin":"sum","callback":"finish","cause":"exit","reason":"...","key":"k","accumulator_hex":"0801"}
 *
 * A record is written without its newline, or what else ends it; length counts it, so that it is known whether there
 * was one. Records that are no lines have a member "records" with their kind, as --records names it. Bytes that are no
 * text have "_hex" behind the name of the member (in "values": {"hex": ...}) and come as hexadecimal digits. What is
 * too much for one line goes on in the next ones: those have "continues":true and only the rest of the record or the
 * values, all but the last of them "more":true. A value that does not fit into a line is cut: its parts are objects,
 * {"text" or "hex": ..., "more":true}, up to the last one. job/from_bad.h reads all this.
 */
#ifndef MR_JOB_QUARANTINE_H
#define MR_JOB_QUARANTINE_H

#include "base/json.h"
#include "job/bad.h"
#include "job/job.h"
#include "job/lines.h"
#include "job/wording.h"

/* Appends lines to a file. Initialise file, end and plugin. */
typedef struct mr_quarantine_writer {
    int file;           /* written to by offset; borrowed */
    uint64_t end;       /* where the next line goes: behind all that has been ended */
    const char *plugin; /* its name; borrowed */
    cJSON *line;        /* at hand; NULL: none; owned */
    cJSON *values;      /* the list in it */
    size_t line_bytes;  /* of the line, about */
} mr_quarantine_writer;

/* Starts the line of a group: about says what happened (its place does not matter). [worker] */
bool mr_quarantine_begin_group(mr_quarantine_writer *writer, const mr_bad_record *about, mr_slice key, mr_error *error);

/* Adds the next value of the group. */
bool mr_quarantine_value(mr_quarantine_writer *writer, mr_slice value, mr_error *error);

/* Adds what a fold has come to for the key, instead of values: coded by mr_fold_encode. */
bool mr_quarantine_accumulator(mr_quarantine_writer *writer, mr_slice coded, mr_error *error);

/* Writes the line. end is now behind the group. */
bool mr_quarantine_end_group(mr_quarantine_writer *writer, mr_error *error);

/* Drops a line that has not been ended, after an error. */
void mr_quarantine_close(mr_quarantine_writer *writer);

/* The same for a record of the input, which is read from its source. [coordinator] */
bool mr_quarantine_record(mr_quarantine_writer *writer, const mr_job *job, const mr_bad_record *bad,
                          mr_line_counter *lines, mr_source_file *file, mr_error *error);

/* Where the file of a job goes: what the user said, or a name made of the output's or the plugin's. Allocated; NULL
 * when there is no memory. [coordinator] */
char *mr_quarantine_path(const mr_job *job);

/* Makes the file appear, whole: the lines about groups that are in job->bad_file, and all records of the list. No
 * worker writes any more. [coordinator] */
bool mr_quarantine_write(const mr_job *job, const mr_bad_list *list, const char *path, mr_error *error);

#endif
