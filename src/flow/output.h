/* output.h - stage 8, in the coordinator: where the output goes. [coordinator] */
#ifndef MR_FLOW_OUTPUT_H
#define MR_FLOW_OUTPUT_H

#include "flow/flow.h"

/* The destination of a job. A regular file is written in place by the workers, under no name until it is complete.
 * Anything else is a stream: parts are written to it one after the other. */
typedef struct mr_output {
    const char *path;          /* as the user gave it, or "standard output"; for messages; borrowed */
    char *folder;              /* a file: the folder that holds it; owned */
    int file;                  /* what is written to */
    bool stream;               /* parts go out in order through mr_output_stream */
    bool waits;                /* a stream that may make a writer wait (pipe, terminal): written to when poll says so */
    bool nonblocking;          /* a stream that never makes a writer wait, although waits is set */
    int failure;               /* why mr_output_write has failed: an errno value */
    bool held;                 /* a file of our own, which stays without a name and stays open */
    char *temporary;           /* a file that does have a name until it is complete (no O_TMPFILE there); owned */
    char *own_path;            /* path of a part file; owned */
    mr_file_identity identity; /* a part file: which file it is, should a plugin put another in its place */
} mr_output;

/* Opens the destination; path NULL or "-" is standard output. */
bool mr_output_open(mr_output *output, const char *path, mr_error *error);

/* Takes a file of our own as the destination: it is not closed. path: its name, for messages. */
void mr_output_hold(mr_output *output, const char *path, int file);

/* From now on what this process prints to standard output goes to standard error; the output goes where it went. For a
 * process in which a plugin is to run: what that prints must not get into the output. output NULL: that is opened
 * later, and is not standard output. */
bool mr_output_divert(mr_output *output, mr_error *error);

/* Writes bytes that the coordinator has at hand. A file: at an offset; a stream: behind what was written before,
 * waiting for its reader if there is no other way. */
bool mr_output_write(mr_output *output, const void *bytes, size_t length, uint64_t offset, mr_error *error);

/* Whether mr_output_open can be expected to succeed later. Leaves pipes and devices alone. */
bool mr_output_check(const char *path, mr_error *error);

/* Opens a file that is to be called name in a directory, which need not be there as yet; exists: it is. */
bool mr_output_open_part(mr_output *output, const char *directory, const char *name, bool exists, mr_error *error);

/* Makes a file complete and durable, still without its name: it has length bytes. */
bool mr_output_finish(mr_output *output, uint64_t length, mr_error *error);

/* Gives a part file that is complete its name, which nothing else may have. */
bool mr_output_publish(mr_output *output, mr_error *error);

/* Makes a complete file of length bytes appear under its name, durably; nothing to do for a stream. */
bool mr_output_commit(mr_output *output, uint64_t length, mr_error *error);

/* Releases everything; what has not been committed disappears. */
void mr_output_close(mr_output *output);

/* A part on its way into a stream. */
typedef struct mr_part_stream {
    mr_part part;         /* which one */
    uint64_t written;     /* bytes of it that are out */
    bool open;            /* a part in memory has been verified; for one in a file there is a reader */
    mr_run_reader reader; /* for a part in a file */
    uint64_t read;        /* bytes of the part up to which the reader's block goes */
} mr_part_stream;

enum mr_stream_state { MR_STREAM_DONE, MR_STREAM_WAIT, MR_STREAM_CLOSED, MR_STREAM_FAILED };

/* Writes as much of a part as the stream takes now, none of it before it has been verified. DONE: all of it; WAIT:
 * again when poll says that it can be written to; CLOSED: the reader has gone; FAILED: error is set; when that is a
 * damage, the same bytes made again can take the place of the part after mr_part_stream_close, and what is out is not
 * written again. */
enum mr_stream_state mr_output_stream(mr_output *output, mr_part_stream *stream, const mr_arena *regions,
                                      const mr_spill *files, mr_error *error);

/* Releases what the stream needed to read the part. */
void mr_part_stream_close(mr_part_stream *stream);

#endif
