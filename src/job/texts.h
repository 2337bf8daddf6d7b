/* texts.h - records of streams that have to be shown when the job is over: in a crash card, or in the file of bad
 * records.
 *
 * Those of files are read again then. What a stream has given is gone when it has been mapped, so a record that turns
 * out to be bad is copied to a temporary file at once, and its line noted. [coordinator]
 */
#ifndef MR_JOB_TEXTS_H
#define MR_JOB_TEXTS_H

#include "flow/input.h"

/* One of them. */
typedef struct mr_text_copy {
    uint64_t source; /* index */
    uint64_t offset; /* of its first byte within the source */
    uint64_t length; /* bytes */
    uint64_t line;   /* its number within the source, from 1 */
    uint64_t at;     /* where in the file the copy is */
} mr_text_copy;

/* All of them. Zeroed to begin with. */
typedef struct mr_texts {
    int file;           /* a temporary file without a name; 0: there is none yet */
    uint64_t end;       /* bytes in it */
    mr_text_copy *list; /* in no order; owned */
    size_t count;
    size_t room; /* allocated */
} mr_texts;

/* Copies a record; folder: for temporary files. Once is enough. */
bool mr_texts_add(mr_texts *texts, const char *folder, const mr_text_copy *about, const char *bytes, mr_error *error);
void mr_texts_close(mr_texts *texts);

/* The copy of the record at a place of a stream; NULL when there is none. */
const mr_text_copy *mr_texts_find(const mr_texts *texts, const mr_place *place);

/* Reads length bytes of the record at a place, from so many bytes behind its beginning on: from its source (file is
 * used for that), or from its copy. */
bool mr_texts_read(const mr_texts *texts, mr_source_file *file, const mr_source *source, const mr_place *place,
                   char *bytes, size_t length, uint64_t from, mr_error *error);

#endif
