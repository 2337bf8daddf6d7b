/* describe.h - asking a plugin what it is, in a process of its own, so that its code never runs in the asker's. */
#ifndef MR_HOST_DESCRIBE_H
#define MR_HOST_DESCRIBE_H

#include "host/context.h"

enum {
    MR_DESCRIPTION_NAME = 64,
    MR_DESCRIPTION_SUMMARY = 256,
    MR_DESCRIPTION_OPTIONS = 16 << 10,
    MR_DESCRIPTION_COLUMNS = 4096
};

/* What a plugin says of itself, as plain data. */
typedef struct mr_description {
    char name[MR_DESCRIPTION_NAME];
    char summary[MR_DESCRIPTION_SUMMARY]; /* one line, or empty */
    char options[MR_DESCRIPTION_OPTIONS]; /* for mr_description_option; those that have no room are left out */
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
    bool has_combine;                     /* it makes fewer values of those of a key before they travel */
} mr_description;

/* One option of a plugin. Texts lie in the description; none is NULL but where it is said. */
typedef struct mr_described_option {
    uint32_t type;        /* enum mr_option_type; the plugin may have written anything else */
    const char *name;     /* as for --set */
    const char *choices;  /* of a MR_OPTION_CHOICE, with '|' between them; otherwise empty */
    const char *help;     /* what it does; may be empty */
    const char *fallback; /* its value when it is not set; NULL: it has to be set */
} mr_described_option;

/* Goes through the options of a plugin. *at is 0 at first, and moved on. False when there are no more. */
bool mr_description_option(const mr_description *description, size_t *at, mr_described_option *option);

/* What a value of an option has to be, in a word: its choices, INTEGER, FILE. */
const char *mr_described_value(const mr_described_option *option);

/* Loads the plugin in a child and describes it. With setup->settings NULL only what it declares is asked for;
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
