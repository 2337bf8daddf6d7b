/* describe.h - asking a plugin what it is, in a process of its own, so that its code never runs in the asker's. */
#ifndef MR_HOST_DESCRIBE_H
#define MR_HOST_DESCRIBE_H

#include "host/context.h"

enum {
    MR_DESCRIPTION_NAME = 64,
    MR_DESCRIPTION_SUMMARY = 256,
    MR_DESCRIPTION_HELP = 16 << 10,
    MR_DESCRIPTION_COLUMNS = 4096
};

/* What a plugin says of itself, as plain data. */
typedef struct mr_description {
    char name[MR_DESCRIPTION_NAME];
    char summary[MR_DESCRIPTION_SUMMARY]; /* one line, or empty */
    char help[MR_DESCRIPTION_HELP];       /* its options, as text for 'mr help' */
    uint32_t kind;                        /* enum mr_kind, after configure */
    uint32_t fold_type;                   /* enum mr_fold_type */
    uint32_t value_size;                  /* of a custom fold, in bytes */
    uint32_t needs;                       /* bits of enum mr_needs */
    uint64_t top;                         /* how many results it wants printed; 0: all */
    uint32_t together;                    /* enum mr_together */
    char columns[MR_DESCRIPTION_COLUMNS]; /* the names of its columns, with tabs between them; empty: it names none */
    mr_records records;                   /* what they are, for a job */
    bool has_configure;                   /* its options may change what it is */
    bool has_finish;                      /* its output is not simply key and value */
    bool has_compare;                     /* it orders keys in its own way */
    bool has_partition;                   /* it orders by partition first */
} mr_description;

/* Loads the plugin in a child and describes it. With setup->settings NULL only name, summary and help are asked for;
 * otherwise the settings are checked (no more than that with setup->only_options), setup->wish is called here for files
 * that they name, and the plugin configures itself for a job with these sources. False with error set when it cannot be
 * loaded, refuses the settings, or crashes. Called by the coordinator. */
bool mr_describe(const mr_setup *setup, mr_description *description, mr_error *error);

/* Describes a plugin that is loaded in this process. */
void mr_describe_loaded(const mr_plugin *plugin, mr_description *description);

/* How a process ended, for people: "was killed by signal 11 (Segmentation fault)", "exited with status 3". code is what
 * mp_process_exit_code gives; text has size bytes. Returns text. */
const char *mr_describe_end(int code, char *text, size_t size);

#endif
