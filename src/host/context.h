/* context.h - the host's side of mr_ctx: what stands behind the functions that a plugin calls. [worker] */
#ifndef MR_HOST_CONTEXT_H
#define MR_HOST_CONTEXT_H

#include "base/forked.h"
#include "base/processor.h"
#include "data/records.h"
#include "host/options.h"
#include "host/plugin.h"
#include "host/side.h"

enum { MR_COUNTER_NAME = 48, MR_COUNTERS_MAX = 64 };

/* A user counter. */
typedef struct mr_counter_value {
    char name[MR_COUNTER_NAME];
    uint64_t value;
} mr_counter_value;

/* Which kind of record a callback is at. */
enum mr_place_kind {
    MR_PLACE_NONE = 0, /* none: open, close, loading, sorting */
    MR_PLACE_RECORD,   /* a record of the input: source, offset, length */
    MR_PLACE_PIECE,    /* one of several records: source, offset, length of all */
    MR_PLACE_GROUP     /* a key with its values: partition, offset */
};

/* Where in the data. */
typedef struct mr_place {
    uint32_t kind;      /* enum mr_place_kind */
    uint32_t partition; /* GROUP: which partition */
    uint64_t source;    /* RECORD, PIECE: index of the source */
    uint64_t offset;    /* RECORD, PIECE: of its first byte within the source; GROUP: how many groups of the partition
                         * come before it */
    uint64_t length;    /* RECORD, PIECE: bytes, with the last newline if there is one */
} mr_place;

/* Takes a batch of emitted pairs, from pairs to end (mr_pair, key, value, each padded to 8). */
typedef bool mr_pair_sink(void *receiver, const char *pairs, const char *end, mr_error *error);

/* Takes a batch of emitted pairs with short keys: mr_short_pair and value, padded to 8, one like the other. */
typedef bool mr_short_sink(void *receiver, const char *pairs, size_t count, mr_error *error);

/* Takes bytes that the plugin writes to the output as they are. */
typedef bool mr_write_sink(void *receiver, const void *bytes, size_t length, mr_error *error);

/* Takes a record that the plugin rejects, and why. undone: nothing that was emitted for it has got away. */
typedef bool mr_reject_sink(void *receiver, const mr_place *place, const char *reason, bool undone, mr_error *error);

enum { MR_REASON = 200 };

/* Memory for emitted pairs. */
typedef struct mr_emit_buffer {
    char *start; /* aligned to 8 */
    size_t size; /* bytes */
    char *saved; /* emit_next of the outer level, while a nested one is active */
} mr_emit_buffer;

/* What callbacks of one level emit and build; combine runs nested inside the sink of map, which may be in the middle of
 * both. */
typedef struct mr_emit_level {
    mr_emit_buffer buffer;
    mr_pair_sink *sink; /* NULL: emitting here is the plugin's error */
    void *receiver;     /* for sink */
    char *text;         /* what mr_append builds */
    size_t text_length; /* bytes of it */
    size_t text_size;   /* bytes allocated */
    bool text_given;    /* mr_appended has given it out: the next mr_append starts anew */
    bool sinking;       /* the sink is at work: callbacks that it calls may not emit here */
} mr_emit_level;

enum { MR_EMIT_LEVELS = 2 };

/* Where a worker is, for reports. In memory shared with the coordinator, which reads it when the worker has died, and
 * now and then before that. */
typedef struct mr_where {
    const char *callback; /* the callback that runs or ran last; static text, at the same address in every process */
    mr_place place;       /* of the record or group that it was called for */
    const char *key;      /* GROUP: the key, in the worker's own memory */
    uint64_t key_length;  /* bytes of it */
    uint32_t inside;      /* 1: a callback runs; 0: the host is at work */
    uint32_t waiting;     /* above 0: the host waits for a disk or another process, which is not the callback's fault */
} mr_where;

/* Finds the first record of a source; *found is false when it is not known. */
typedef bool mr_first_record_finder(void *receiver, const mr_records *records, size_t source, mr_slice *record,
                                    bool *found, mr_error *error);

/* What a plugin is opened with. All of it is borrowed for as long as the plugin is in use. */
typedef struct mr_setup {
    const char *path;           /* of the plugin file */
    const mr_plugin *linked;    /* the plugin, when it is part of this program, in the file path; NULL: it is loaded */
    const mr_setting *settings; /* of its options */
    size_t setting_count;
    const char *const *names; /* of the sources */
    size_t name_count;
    const mr_records *records; /* what the user wants them to be; kind MR_RECORDS_UNSAID: it is for the plugin to say */
    const mr_sides *sides;     /* files with a name */
    /* Takes the wish for a file that an option is set to and that is not among sides, to which it may be added. NULL:
     * there is nobody who could read it, and it is an error. */
    bool (*wish)(void *receiver, const mr_side_wish *wish, mr_error *error);
    void *receiver;                       /* for wish */
    mr_first_record_finder *first_record; /* NULL: there is nobody who could find it */
    void *first_receiver;                 /* for first_record */
    bool only_options; /* nothing is to be run: the plugin does not configure itself, and need not be opened further */
    mr_where *where;   /* where to keep up to date which callback runs; NULL: nobody looks */
} mr_setup;

/* A word in lower case that did not fit in place. */
typedef struct mr_kept_word {
    struct mr_kept_word *next; /* NULL at the end */
    char bytes[];
} mr_kept_word;

/* One per process that runs plugin code. */
typedef struct mr_context {
    mr_ctx ctx;               /* what the plugin sees; first, so that its address is the context's */
    mr_loaded loaded;         /* the plugin */
    mr_processor processor;   /* whose instructions are used */
    mr_records records;       /* what they are in this job, but for what the plugin itself divides */
    mr_options options;       /* with the values for this job */
    const char *const *names; /* of the sources; borrowed */
    mr_emit_level levels[MR_EMIT_LEVELS];
    unsigned level;            /* the active one */
    char *shorts;              /* memory for pairs with short keys, which only the outer level has */
    mr_short_sink *short_sink; /* where they go; its receiver is that of the outer level */
    mr_write_sink *write;      /* for mr_write; NULL: it is refused */
    void *write_receiver;      /* for write */
    const char *write_refusal; /* why, for the user; NULL: it does not belong there */
    mr_where *where;           /* where it is; own_where, until somebody wants to share it */
    mr_where own_where;
    mr_first_record_finder *first_record; /* for mr_first_record, as in mr_setup */
    void *first_receiver;                 /* for first_record */
    mr_reject_sink *reject;               /* takes rejected records; NULL: nobody wants to know */
    void *reject_receiver;                /* for reject */
    char rejection[MR_REASON];            /* why the record at hand is rejected */
    bool rejected;                        /* it is; error is set then, until mr_context_undo */
    bool rejects;                         /* a record has been rejected: more are to be expected */
    uint64_t skipped;                     /* lines rejected by mr_skip_line so far */
    uint64_t departures;                  /* how often something emitted or written has left for the sinks */
    mr_error error;                       /* set by mr_fail or by a sink; checked after every callback */
    mr_counter_value counters[MR_COUNTERS_MAX];
    uint64_t overflow; /* what counters beyond the last one add to; the job has failed then */
    size_t counter_count;
    char *scratch;            /* one word in lower case */
    size_t scratch_size;      /* bytes */
    mr_kept_word *kept_words; /* words that became longer; until mr_context_forget_words */
    char *full_key;           /* for mr_context_full_key */
    size_t full_key_size;     /* bytes */
    mr_needles *needles;      /* all that the plugin prepared */
    const mr_sides *sides;    /* files with a name; borrowed */
} mr_context;

/* Loads the plugin, resolves the options, asks for the files that they name and calls configure; also chooses the
 * instructions that the process works with. setup is read only here. */
bool mr_context_open(mr_context *context, const mr_setup *setup, mr_error *error);
void mr_context_close(mr_context *context);

/* Calls the plugin's open or close. */
bool mr_context_start(mr_context *context, mr_error *error);
bool mr_context_stop(mr_context *context, mr_error *error);

/* Ask the plugin to divide records (MR_RECORDS_OWN), as mr_records.first and mr_records.begin say: SIZE_MAX when the
 * plugin has failed, which mr_context_ok tells. */
size_t mr_context_record(mr_context *context, const char *bytes, size_t length, bool last);
size_t mr_context_find_record(mr_context *context, const char *bytes, size_t length, bool last);

/* Says where the pairs of the outer level go. */
void mr_context_emit_to(mr_context *context, mr_pair_sink *sink, void *receiver);

/* To be called after mr_context_emit_to: pairs with short keys of the text at hand and values of value_length bytes go
 * to sink, in no order with the other pairs, until mr_context_emit_to is called again. */
void mr_context_emit_shorts_to(mr_context *context, mr_short_sink *sink, size_t value_length);

/* Says where the bytes of mr_write go; sink NULL: they are refused, for this reason (static text), or with NULL because
 * mr_write does not belong where the plugin is. */
void mr_context_write_to(mr_context *context, mr_write_sink *sink, void *receiver, const char *refusal);

/* What had been emitted before a record, so that what is emitted for it can be taken back. */
typedef struct mr_emit_mark {
    char *next;          /* emit_next */
    char *short_next;    /* the same for short pairs */
    uint64_t departures; /* of the context */
} mr_emit_mark;

static inline mr_emit_mark mr_context_mark(const mr_context *context) {
    return (mr_emit_mark){context->ctx.emit_next, context->ctx.short_next, context->departures};
}

/* To be called when a callback has set an error: true when it has rejected the record at place. That is then reported,
 * and what was emitted since the mark is taken back. False, with error set, when it has failed otherwise. */
bool mr_context_undo(mr_context *context, const mr_emit_mark *mark, mr_error *error);

/* To be called before a record when others have been rejected: makes room for what it may emit, so that it can be taken
 * back. */
bool mr_context_make_room(mr_context *context, mr_error *error);

/* Hands what is in the active level's emit buffer to its sink. */
bool mr_context_flush(mr_context *context, mr_error *error);

/* Between these two, pairs go into a buffer of their own and from there to sink. end flushes it. */
void mr_context_begin_nested(mr_context *context, mr_pair_sink *sink, void *receiver);
bool mr_context_end_nested(mr_context *context, mr_error *error);

/* The key under which a pair is sorted: the key itself or, when the plugin partitions, its partition number in 4 bytes
 * (most significant first) and then the key, in memory that is good until the next call. An invalid partition number
 * sets the context's error. */
mr_slice mr_context_full_key(mr_context *context, mr_slice key);

/* How many bytes mr_context_full_key puts in front of keys: 0 or 4. */
static inline uint32_t mr_context_key_skip(const mr_context *context) {
    return context->loaded.plugin.partition ? 4 : 0;
}

/* To be called after every callback: false with error set when the plugin or a sink has failed. A child that the
 * callback has forked ends here. */
static inline bool mr_context_ok(mr_context *context, mr_error *error) {
    mr_end_if_forked();
    if (!context->error.set) return true;
    *error = context->error;
    return false;
}

/* Takes a batch apart: reads the pair at pairs and returns where the next one is. */
static inline const char *mr_pair_read(const char *pairs, mr_slice *key, mr_slice *value) {
    const mr_pair *pair = (const mr_pair *)(const void *)pairs;
    *key = mr_bytes(pair + 1, pair->key_length);
    *value = mr_bytes(key->data + mr_padded(pair->key_length), pair->value_length);
    return value->data + mr_padded(pair->value_length);
}

/* No slice that mr_next gave is in use any more. */
void mr_context_forget_words(mr_context *context);

/* Gives back what very large pairs and texts have made the buffers grow to; between callbacks, after mr_context_flush.
 */
void mr_context_trim(mr_context *context);

#endif
