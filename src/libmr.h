/* libmr.h - run map-reduce jobs of mr from a program of your own.
 *
 *     #include <libmr.h>
 *
 *     mr_job *job = mr_job_new();
 *     mr_job_plugin(job, "wordcount");
 *     mr_job_input(job, "big.txt");
 *     mr_job_set(job, "memory", "1G");
 *     mr_job_set(job, "output", "counts.tsv");
 *     if (!mr_job_perform(job)) fprintf(stderr, "%s\n", mr_job_result_of(job)->error);
 *     mr_job_free(job);
 *
 *     $ gcc -O2 count.c -o count $(pkg-config --cflags --libs libmr)
 *
 * A job does what `mr run PLUGIN INPUT... OPTION...` does, and is described in the same words: see mr(1). What comes in
 * addition: plugins that are part of the program, inputs that are descriptors or lie in memory, results that stay in
 * memory or are handed to a function, messages that go to a function.
 *
 * Processes. mr_job_perform forks one process, and that one forks the workers. The program itself runs none of the code
 * of the job, so that a plugin that crashes, a limit that is reached or a signal cannot touch it. It keeps its signal
 * handlers and masks, descriptors, locale, working directory, limits, stdio buffers and children: a SIGCHLD comes when
 * the process of the job has ended, as for any child, and a handler that collects all children does no harm. The
 * processes of the job have none of the program's descriptors but the three standard ones and those that the job was
 * given; its exit handlers do not run there. SIGINT, SIGQUIT and SIGHUP, which a terminal sends to all of a program's
 * processes, are left to the program: to end a job, call mr_job_cancel. All processes of a job are killed when the
 * thread that performs it ends.
 *
 * Threads. The program may have any number of them. A job is used by one at a time, but for mr_job_cancel; several jobs
 * may be performed at the same time, each in a thread of its own. In the forked processes only the thread that forked
 * goes on: code of a plugin that is part of the program must not wait for a lock that another thread may have held.
 *
 * Memory. What the program has allocated is not counted as the job's (option "memory"), and not copied, but for the
 * kernel's tables of it: to fork takes some 10 ms for each gigabyte in use.
 *
 * Errors. Functions that describe a job return nothing: the first thing that goes wrong, such as memory that runs out,
 * is kept, and then mr_job_perform fails and says so. Nothing is ever printed, and the program is never ended.
 *
 * The library is for C99 and C++11 or later, and Linux.
 */
#ifndef LIBMR_H
#define LIBMR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mr.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#define MR_LIBRARY __attribute__((visibility("default")))
#else
#define MR_LIBRARY
#endif

/* A job: first described, then performed, once or several times. */
typedef struct mr_embedded_job mr_job;

/* A new job, which has neither plugin nor input; NULL when memory has run out. */
MR_LIBRARY mr_job *mr_job_new(void);

/* Frees a job, and all that it has given out. It is not being performed. NULL does nothing. */
MR_LIBRARY void mr_job_free(mr_job *job);

/* ---- what is to be done ------------------------------------------------------------------------------------------
 * Texts are copied. */

/* The plugin: a name, which is looked for in the folders of MR_PLUGIN_PATH, beside the program and where mr is
 * installed, or a path with a slash. */
MR_LIBRARY void mr_job_plugin(mr_job *job, const char *plugin);

/* The plugin, which is part of the program: what mr.h describes, static. It is borrowed until the job is freed. Its
 * callbacks run in the processes of the job, which are forks of the program and see its memory as it was when the job
 * began; what they change there is lost. */
MR_LIBRARY void mr_job_plugin_linked(mr_job *job, const mr_plugin *plugin);

/* Defines a plugin that is part of the program, at file scope and without a semicolon:
 *     MR_PLUGIN_LINKED(words, .name = "words", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
 *     ... mr_job_plugin_linked(job, &words);
 * In C++ use mr_plugin_filled_by of mr.h. */
#ifndef __cplusplus
#define MR_PLUGIN_LINKED(identifier, ...)                                                                              \
    static const mr_plugin identifier = {.magic = MR_MAGIC,                                                            \
                                         .abi_major = MR_ABI_MAJOR,                                                    \
                                         .pointer_size = (uint32_t)sizeof(void *),                                     \
                                         .struct_size = (uint32_t)sizeof(mr_plugin),                                   \
                                         __VA_ARGS__};
#endif

/* An option of `mr run`, by its long name without dashes: mr_job_set(job, "memory", "64M"). value is NULL for options
 * that take none, such as "header". An option of the plugin is mr_job_set(job, "set", "words=letters"), a side file
 * mr_job_set(job, "side", "stop=words.txt"). Options that can be repeated add up, of others the last one counts. */
MR_LIBRARY void mr_job_set(mr_job *job, const char *option, const char *value);

/* ---- what is read: the inputs, in this order --------------------------------------------------------------------- */

/* What `mr run` takes: a file, a directory, @LIST, or - for standard input. */
MR_LIBRARY void mr_job_input(mr_job *job, const char *path);

/* length bytes in memory. They are not copied (but when they are compressed), and must stay as they are until
 * mr_job_perform has returned. name: what messages and plugins call them. */
MR_LIBRARY void mr_job_input_buffer(mr_job *job, const char *name, const void *bytes, size_t length);

/* An open file, which is read from where it stands (its position does not change), or a pipe or socket, which is read
 * up to its end. It stays open. */
MR_LIBRARY void mr_job_input_descriptor(mr_job *job, const char *name, int descriptor);

/* A side file that lies in memory, as mr_job_input_buffer has it. */
MR_LIBRARY void mr_job_side_buffer(mr_job *job, const char *name, const void *bytes, size_t length);

/* ---- where results go: the last of these counts; without any of them and without the option "output" they are kept in
 * memory --------------------------------------------------------------------------------------------------------------
 */

/* Takes bytes of the output as they come, in the thread that performs the job; they are lent for the call. False ends
 * the job, which then counts as cancelled. */
typedef bool mr_bytes_function(void *context, const void *bytes, size_t length);

/* Takes one result, in the order of the output; the same. The job must be one whose results have keys and values: no
 * plugin that writes bytes of its own, such as grep. The options "format", "header" and "compress" do not go with it.
 */
typedef bool mr_pair_function(void *context, const void *key, size_t key_length, const void *value,
                              size_t value_length);

/* In memory: see mr_job_output. A job whose results are many needs that memory in addition to "memory". */
MR_LIBRARY void mr_job_output_buffer(mr_job *job);
MR_LIBRARY void mr_job_output_descriptor(mr_job *job, int descriptor); /* written to in order; it stays open */
MR_LIBRARY void mr_job_output_bytes(mr_job *job, mr_bytes_function *take, void *context);
MR_LIBRARY void mr_job_output_pairs(mr_job *job, mr_pair_function *take, void *context);

/* ---- what is told ------------------------------------------------------------------------------------------------ */

/* Takes a line, without its newline, of what mr would print to standard error: messages, crash cards, what the plugin
 * prints. In the thread that performs the job. take NULL, as at first: such lines are dropped. */
typedef void mr_message_function(void *context, const char *line);
MR_LIBRARY void mr_job_messages(mr_job *job, mr_message_function *take, void *context);

/* How far a job is. Later versions may append fields. */
typedef struct mr_job_progress {
    const char *phase;   /* what is going on: "map", "reduce", ..., as in what --stats writes; lent */
    double fraction;     /* of the whole job that is done, 0 to 1; below 0: not known */
    double seconds;      /* since the job began */
    double seconds_left; /* that it will still take; below 0: not known */
    double rate;         /* bytes of input in a second at present, towards the end bytes of output */
    uint64_t input_bytes;
    uint64_t output_bytes;
    uint64_t memory;  /* in use, in all processes of the job together */
    uint64_t spilled; /* bytes in temporary files */
    uint64_t retries; /* workers that were replaced */
} mr_job_progress;

/* Hears of it some ten times a second, in the thread that performs the job; progress is lent for the call. What comes
 * faster than it is taken is left out. take NULL, as at first: nobody hears. */
typedef void mr_progress_function(void *context, const mr_job_progress *progress);
MR_LIBRARY void mr_job_watch(mr_job *job, mr_progress_function *take, void *context);

/* Keeps what the option "stats" would write to a file: see mr_job_statistics. */
MR_LIBRARY void mr_job_keep_statistics(mr_job *job);

/* ---- doing it ---------------------------------------------------------------------------------------------------- */

/* Performs the job and waits for its end. True when it is done. */
MR_LIBRARY bool mr_job_perform(mr_job *job);

/* Ends the job that is being performed, or else the next one as soon as it begins: in an orderly way, leaving nothing.
 * From any thread, from functions that the job calls, and from signal handlers. */
MR_LIBRARY void mr_job_cancel(mr_job *job);

enum mr_job_outcome {
    MR_JOB_NOT_PERFORMED = 0,
    MR_JOB_DONE,
    MR_JOB_FAILED,    /* see error */
    MR_JOB_CANCELLED, /* by mr_job_cancel, by a function that returned false, by SIGTERM to the process of the job */
};

/* How the job was performed last. Later versions may append fields. */
typedef struct mr_job_result {
    int outcome;          /* enum mr_job_outcome */
    bool usage;           /* FAILED: the description of the job is at fault (exit status 2 of `mr run`) */
    const char *error;    /* what, where and what to do, in words; empty for a job that is done */
    uint64_t input_bytes; /* after decompression */
    uint64_t records;
    uint64_t results; /* pairs in the output; 0 for bytes that the plugin has written by itself */
    uint64_t output_bytes;
    uint64_t spilled;     /* bytes in temporary files */
    uint64_t retries;     /* workers that were replaced */
    uint64_t bad_records; /* that were left out, with the option "skip-bad" */
    uint64_t peak_memory; /* bytes in all processes of the job together */
    uint32_t workers;     /* processes at a time */
    double seconds;
} mr_job_result;

/* Never NULL. What it holds stays until the job is performed again or freed. */
MR_LIBRARY const mr_job_result *mr_job_result_of(const mr_job *job);

/* A counter of the plugin, by its name, or by its number from 0 on: *name is NULL behind the last. One that the plugin
 * has not counted with is 0. */
MR_LIBRARY uint64_t mr_job_counter(const mr_job *job, const char *name);
MR_LIBRARY uint64_t mr_job_counter_at(const mr_job *job, size_t number, const char **name);

/* The output of a job that is done, when it is kept in memory: *length bytes, behind which is a zero. NULL when there
 * is none. It belongs to the job and stays until that is performed again or freed. */
MR_LIBRARY const char *mr_job_output(const mr_job *job, size_t *length);

/* How it went, in all figures there are, as JSON that ends with a zero, also of a job that has failed: what `mr run
 * --stats` writes. NULL when they are not kept, or when the job did not come to its end. They belong to the job and
 * stay as long as its output. */
MR_LIBRARY const char *mr_job_statistics(const mr_job *job);

/* The version of the library, such as "0.1.0". */
MR_LIBRARY const char *mr_library_version(void);

#ifdef __cplusplus
}
#endif

#endif
