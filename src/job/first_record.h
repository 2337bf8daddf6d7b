/* first_record.h - the first record of a source, for plugins that want to know it wherever in the source they are: it
 * may hold the names of columns.
 *
 * A file is read from its beginning once more, by whoever asks. A pipe cannot be: the coordinator copies the record
 * into memory that all processes share, when the first block has come.
 */
#ifndef MR_JOB_FIRST_RECORD_H
#define MR_JOB_FIRST_RECORD_H

#include <stdatomic.h>

#include "flow/flow.h"

enum { MR_FIRST_RECORD_MOST = 1 << 20 /* the longest that is given */ };

/* The copy for one pipe. Pages that nobody touches cost nothing. */
typedef struct mr_first_copy {
    _Atomic uint64_t length; /* bytes, plus 1; 0: nothing has come, or the record is too long */
    char bytes[MR_FIRST_RECORD_MOST - sizeof(uint64_t)];
} mr_first_copy;

/* What is needed to give first records. Made by the coordinator; other processes inherit it. */
typedef struct mr_first_records {
    const mr_input *input; /* borrowed */
    mr_first_copy *copies; /* of the pipes, in the order of the input; NULL: there are none; shared */
    size_t copy_count;
    char *bytes;     /* room for a record; owned */
    size_t asked;    /* whose record has been found there last, plus 1; 0: none */
    mr_slice record; /* it */
} mr_first_records;

/* Makes room for the first records of pipes, before the first fork. input is borrowed. Release with
 * mr_first_records_free (NULL is allowed). NULL with error set when there is no memory. [coordinator] */
mr_first_records *mr_first_records_new(const mr_input *input, mr_error *error);
void mr_first_records_free(mr_first_records *first);

/* Keeps the first record of a pipe, which stands at the beginning of length bytes of whole records. [coordinator] */
void mr_first_record_keep(mr_first_records *first, const mr_records *records, size_t source, const char *bytes,
                          size_t length);

/* A mr_first_record_finder whose receiver is a mr_first_records. [describe, worker] */
bool mr_first_record_find(void *receiver, const mr_records *records, size_t source, mr_slice *record, bool *found,
                          mr_error *error);

#endif
