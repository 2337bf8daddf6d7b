/* mr.h - write a map-reduce plugin for mr.
 *
 * A plugin is one C file that includes this header, defines a few callbacks and names them in MR_PLUGIN:
 *
 *     #include "mr.h"
 *
 *     static void map(mr_ctx *ctx, char *line, size_t length) {
 *         mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
 *         mr_slice word;
 *         while (mr_next(&words, &word)) mr_count(ctx, word);
 *     }
 *
 *     MR_PLUGIN(.name = "words", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
 *
 *     $ mr run ./words.c big.txt
 *
 * The three kinds of job
 *   MR_FOLD   map emits (key, value) with a value of fixed size; values of one key are folded into one by an
 *             associative and commutative operation. Nothing is stored per occurrence: counting, sums, minima,
 *             statistics.
 *   MR_GROUP  map emits (key, value) of any size; reduce sees each key once, with an iterator over its values in input
 *             order. Inverted index, join, sort.
 *   MR_MAP    map writes output, which appears in input order. Grep, convert, filter.
 *
 * Where callbacks run. Every callback runs in a worker process, single-threaded: a plugin never needs a lock, and
 * never sees another worker's memory. State lives in ctx->state, one per worker. The comments below carry tags:
 *   [describe]  a short-lived process that only asks the plugin what it is
 *   [map]       a worker that reads input
 *   [reduce]    a worker that brings together what was emitted for each key
 * A worker may run map callbacks for pieces of the input that it then does again elsewhere (sampling, or after the
 * death of another worker), so callbacks must not depend on how often, where, or in which order of chunks they are
 * called.
 *
 * Memory. All that is handed to a callback is borrowed until it returns. All that is emitted is copied before the
 * emitting function returns. Text handed to map and map_chunk is private to the call and may be overwritten.
 *
 * Failing. A callback that cannot go on calls mr_fail(ctx, "why") and returns; it never exits. Output of a plugin to
 * stdout is sent to stderr, so that it cannot corrupt the result.
 *
 * Compatibility. The host accepts plugins built against this major version, also with a shorter mr_plugin than its own
 * (missing fields count as zero). A plugin that sets something this host does not know is refused: "needs a newer mr".
 * All host functions are reached through ctx->host; a plugin needs no symbol of the host at link time.
 *
 * This header needs <stddef.h>, <stdint.h> and nothing else, and is clean C99 and C++11.
 */
#ifndef MR_H
#define MR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MR_ABI_MAJOR 1u
#define MR_MAGIC     0x3172706du /* "mpr1" in memory, little endian: also refuses a foreign byte order */

#if defined(__GNUC__)
#define MR_EXPORT                            __attribute__((visibility("default")))
#define MR_UNLIKELY(condition)               __builtin_expect(!!(condition), 0)
#define MR_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define MR_EXPORT
#define MR_UNLIKELY(condition) (condition)
#define MR_PRINTF(format_index, first_index)
#endif

/* Bytes that somebody else owns: not terminated, may hold any byte, data is never NULL when length > 0. */
typedef struct mr_slice {
    const char *data; /* first byte */
    size_t length;    /* in bytes */
} mr_slice;

/* What kind of job a plugin is: mr_plugin.kind. */
enum mr_kind { MR_FOLD = 1, MR_GROUP = 2, MR_MAP = 3 };

/* How MR_FOLD folds: mr_plugin.fold_type. The text printed for each is given behind it. */
enum mr_fold_type {
    MR_FOLD_CUSTOM = 0,    /* mr_plugin.fold over values of value_size bytes; the value's bytes, or what finish emits */
    MR_FOLD_COUNT = 1,     /* mr_count: the number of occurrences; decimal */
    MR_FOLD_SUM_INT64 = 2, /* mr_emit_int64: exact sum; the job fails if a final sum leaves int64; decimal */
    MR_FOLD_MIN_INT64 = 3, /* mr_emit_int64; decimal */
    MR_FOLD_MAX_INT64 = 4, /* mr_emit_int64; decimal */
    MR_FOLD_SUM_DOUBLE = 5, /* mr_emit_double: the exact sum, rounded once, so it never depends on order */
    MR_FOLD_MIN_DOUBLE = 6, /* mr_emit_double; any NaN makes NaN; -0 is less than +0 */
    MR_FOLD_MAX_DOUBLE = 7, /* mr_emit_double; the shortest decimal text that reads back as the same double */
    MR_FOLD_STATS_INT64 = 8 /* mr_emit_int64: how many, exact sum, least and greatest: an mr_stats; the job fails if a
                             * final sum leaves int64; these four in decimal, with tabs between them */
};

/* What MR_FOLD_STATS_INT64 knows of a key: finish is handed a pointer to one. Tabs in a value of such a job, also in
 * one that finish emits, separate columns and are printed as they are. */
typedef struct mr_stats {
    uint64_t count;  /* how many values; at least 1 */
    int64_t sum;     /* of all of them, exact; the mean is for finish to compute, and to round as it likes */
    int64_t minimum; /* the least */
    int64_t maximum; /* the greatest */
} mr_stats;

/* What a record is: mr_plugin.records, unless the user says otherwise (--records). A record never spans sources. */
enum mr_record_kind {
    MR_RECORDS_LINES = 0,      /* what newlines end */
    MR_RECORDS_NUL = 1,        /* what zero bytes end */
    MR_RECORDS_PARAGRAPHS = 2, /* lines up to an empty one; empty lines belong to no record */
    MR_RECORDS_FIXED = 3,      /* mr_plugin.record_size bytes each */
    MR_RECORDS_WHOLE = 4,      /* a source is a record */
    MR_RECORDS_CSV = 5,        /* rows of RFC 4180: newlines within quotes do not end them; see mr_csv_of */
    MR_RECORDS_JSONL = 6,      /* lines that are JSON values; blank lines are no records */
    MR_RECORDS_OWN = 7,        /* what mr_plugin.record says */
    MR_RECORDS_PAIRS = 8       /* keys and values as --format binary prints them: see mr_pair_of */
};

/* Which keys stay together: mr_plugin.together. */
enum mr_together {
    MR_TOGETHER_EQUAL = 0, /* equal ones only */
    MR_TOGETHER_GROUP = 1, /* those that are the same up to their first zero byte (a key without one up to its end):
                            * one callback sees after the other, in order, all that belongs to a group */
    MR_TOGETHER_ALL = 2    /* all of them, which takes away what several workers could do in the reduce phase */
};

/* What a plugin needs of the input beyond its records: bits of mr_plugin.needs. */
enum mr_needs {
    MR_NEEDS_RECORD_NUMBERS = 1 /* mr_record_number works; costs one more pass over the input */
};

/* Types of options. Every option is written as text; the host checks it before any work starts. */
enum mr_option_type {
    MR_OPTION_TEXT = 1,   /* any text: mr_option_text */
    MR_OPTION_INT = 2,    /* a decimal int64: mr_option_int */
    MR_OPTION_NUMBER = 3, /* a finite double: mr_option_number */
    MR_OPTION_FLAG = 4,   /* yes or no: mr_option_flag */
    MR_OPTION_CHOICE = 5, /* one of the words in choices: mr_option_text, or its index by mr_option_int */
    MR_OPTION_FILE = 6    /* a path, or nothing: its content by mr_side, the path by mr_option_text */
};

/* One option of a plugin, set by the user with --set name=value. */
typedef struct mr_option {
    const char *name;          /* letters, digits and dashes; NULL ends the list */
    uint32_t type;             /* enum mr_option_type */
    uint32_t reserved;         /* zero */
    const char *default_value; /* what holds when the user sets nothing; NULL: the user must set it */
    const char *choices;       /* MR_OPTION_CHOICE: the words, separated by '|'; otherwise NULL */
    const char *help;          /* one line */
} mr_option;

typedef struct mr_ctx mr_ctx;
typedef struct mr_host mr_host;
typedef struct mr_values mr_values;
typedef struct mr_plugin mr_plugin;

/* The values of one key, in input order (file order, then offset, then order of emission). */
struct mr_values {
    /* Gives the next value, borrowed until the next call or the end of the callback; 0 at the end, else 1. */
    int (*next)(mr_values *values, mr_slice *value);
};

/* What a plugin is. Fields that a kind does not name below must be zero for it. */
struct mr_plugin {
    /* The handshake, filled in by MR_PLUGIN. */
    uint32_t magic;        /* MR_MAGIC */
    uint32_t abi_major;    /* MR_ABI_MAJOR */
    uint32_t pointer_size; /* sizeof(void *) */
    uint32_t struct_size;  /* sizeof(mr_plugin) */

    const char *name;         /* short, as typed on the command line */
    const char *summary;      /* one line for 'mr list' and 'mr help'; NULL: none */
    const mr_option *options; /* ends with a NULL name; NULL: none */

    uint32_t kind;       /* enum mr_kind */
    uint32_t fold_type;  /* MR_FOLD: enum mr_fold_type */
    uint32_t value_size; /* MR_FOLD with MR_FOLD_CUSTOM: bytes of a value, 1 to 65536 */
    uint32_t partitions; /* with partition: how many there are, 1 to 2^31 */
    uint32_t needs;      /* bits of enum mr_needs */
    uint32_t reserved;   /* zero */

    /* Called once the options are known; may change what self says from kind on, never the fields before it.
     * [describe] and once in every worker, before open; must do the same each time. NULL: nothing to change. */
    void (*configure)(mr_ctx *ctx, mr_plugin *self);
    /* [map, reduce] once per worker, before any other callback but configure; sets ctx->state. NULL: nothing to do. */
    void (*open)(mr_ctx *ctx);
    /* [map, reduce] once per worker, at the end of a job that went well; frees ctx->state. NULL: nothing to do. */
    void (*close)(mr_ctx *ctx);

    /* [map] one record without its newline, private and writable until the return. Either map or map_chunk is set. */
    void (*map)(mr_ctx *ctx, char *record, size_t length);
    /* [map] some whole records of one source with their newlines (the last record of a source may lack it), private
     * and writable until the return. A source without any byte is handed over once, with length 0. */
    void (*map_chunk)(mr_ctx *ctx, char *bytes, size_t length);

    /* [map, reduce] MR_FOLD_CUSTOM: folds value into accumulator; both hold value_size bytes, aligned to 8, and never
     * overlap. The first value of a key becomes its accumulator. Associative and commutative, or the result is wrong.
     */
    void (*fold)(mr_ctx *ctx, void *accumulator, const void *value);
    /* [reduce] MR_FOLD: emits what is to be printed for a key, as text. value, borrowed and aligned to 8, points to
     * what fold left; for built-in folds to a uint64_t (MR_FOLD_COUNT), an int64_t (..._INT64), a double (..._DOUBLE)
     * or an mr_stats (MR_FOLD_STATS_INT64). Emitting nothing drops the key. NULL: key and value are printed. */
    void (*finish)(mr_ctx *ctx, mr_slice key, const void *value);

    /* [map] MR_GROUP: emits fewer pairs that reduce to the same; sees values of one key from one chunk. NULL: none. */
    void (*combine)(mr_ctx *ctx, mr_slice key, mr_values *values);
    /* [reduce] MR_GROUP: emits output pairs for one key. May stop before the last value. */
    void (*reduce)(mr_ctx *ctx, mr_slice key, mr_values *values);

    /* [map] MR_FOLD, MR_GROUP: a number below partitions. Groups are printed by partition first, by key within it.
     * NULL: by key alone. */
    uint32_t (*partition)(mr_ctx *ctx, mr_slice key);
    /* [map, reduce] MR_FOLD, MR_GROUP: below, equal to or above zero as a comes before, with or after b; must be a
     * total preorder. Keys that compare equal but differ stay separate and come in byte order. NULL: byte order. */
    int (*compare)(mr_ctx *ctx, mr_slice a, mr_slice b);

    uint32_t records;     /* enum mr_record_kind: what map is called for */
    uint32_t record_size; /* with MR_RECORDS_FIXED: bytes of a record, above zero */
    /* The names of the columns of the output, separated by tabs, key columns first: for --header and for formats that
     * name columns. A plugin that sets it separates the columns of its keys and values with tabs, which are printed as
     * they are (see mr_append_column). A name that ends with :number is that of a column of numbers, without this
     * ending: its texts are numbers in --format jsonl. Valid as long as the plugin is loaded. NULL: one key and one
     * value, in which tabs are bytes like others. */
    const char *columns;

    /* MR_FOLD, MR_GROUP: enum mr_together: keys that one worker finishes or reduces one behind the other, in order, so
     * that what it remembers of one may go into what it prints for the next. With neither partition nor compare. */
    uint32_t together;
    uint32_t any_records; /* not 0: map_chunk does not look where records end, so any kind will do: those that newlines
                           * end, and whole sources, come as they stand, others (but for those of the kind in
                           * records) one by one without what ends them.
                           * 0: when there is a map_chunk, records are lines, or of the kind in records; with another
                           * kind the job is refused */
    /* [reduce] MR_FOLD, MR_GROUP: called before the first and behind the last of the keys that are finished or reduced
     * in one go, also if there is none. begin forgets what is remembered of others, and emits nothing; end may emit and
     * write like finish and reduce, for the last keys. NULL: nothing to do. */
    void (*begin)(mr_ctx *ctx);
    void (*end)(mr_ctx *ctx);
    /* [map] MR_RECORDS_OWN: the length of the record that bytes begin with, from 1 to length; 0: it takes more bytes to
     * say. last: there are no more, so that 0 makes one record of what there is. It is asked for the same record again
     * and has to say the same, also when other bytes follow or last is set with nothing behind the record. bytes are
     * not to be changed, and nothing may be emitted. */
    size_t (*record)(mr_ctx *ctx, const char *bytes, size_t length, int last);
    /* [map] MR_RECORDS_OWN: finds where records begin in the middle of a file, so that it can be divided among workers:
     * the least place above 0 in bytes where one begins; 0: there is none. The byte before the place and 65536 bytes
     * from it on (fewer when last is set: then the file ends there) have to be enough to tell. NULL: a file is read by
     * one worker, from its start. */
    size_t (*find_record)(mr_ctx *ctx, const char *bytes, size_t length, int last);
    /* MR_FOLD, MR_GROUP: how many results are printed, those with the greatest values, in this order, as with --top,
     * unless the user wants another number or order (--top, --sort). 0: all, in the order of the keys. */
    uint64_t top;
};

/* What an iterator looks for: the kind of mr_words_of; the others have a function each. */
enum mr_scan_kind {
    MR_WORDS_SPACE = 1,   /* maximal runs of bytes other than space, \t, \n, \v, \f, \r */
    MR_WORDS_LETTERS = 2, /* maximal runs of Unicode letters (L*) in UTF-8; all else separates, also invalid bytes */
    MR_LINES = 3,         /* what newlines end, without them; an unfinished last line counts */
    MR_FIELDS = 4,        /* what a delimiter byte separates: n delimiters make n + 1 fields */
    MR_ROWS = 5,          /* lines that are cut in two at their first delimiter byte: mr_next_row */
    MR_MEASURES = 6,      /* the same, with a decimal number behind the delimiter: mr_next_measure */
    MR_LOWER = 256        /* bit, with the words: fold to lower case (simple Unicode mapping), in place where it fits */
};

/* The most numbers that a batch of found parts has, and the most measures. */
enum { MR_SCAN_FOUND = 576, MR_SCAN_NUMBERS = MR_SCAN_FOUND / 3 };

/* An iterator over parts of a text: a local variable, made by one of the functions below (mr_words_of, mr_lines_of,
 * mr_fields_of, mr_rows_of, mr_measures_of) and asked by mr_next, mr_next_row or mr_next_measure until there is no
 * more; nothing has to be released, and several may be in use at once. The host finds parts in batches with the widest
 * instructions that the processor has. Slices point into the text (or, for words that lower case makes longer, into
 * memory of the host) and are borrowed until the callback returns, like the text. The fields are for the inline
 * functions. */
typedef struct mr_scan {
    mr_ctx *ctx;                   /* whose text this is */
    char *next;                    /* first byte not looked at yet */
    char *end;                     /* behind the last byte */
    const char *base;              /* what the numbers in found count from */
    uint32_t kind;                 /* enum mr_scan_kind */
    uint32_t state;                /* the delimiter of MR_FIELDS and MR_ROWS; otherwise the host's */
    uint32_t taken;                /* numbers of found that have been used */
    uint32_t count;                /* numbers in found: a multiple of 2, for MR_ROWS of 3 */
    uint32_t found[MR_SCAN_FOUND]; /* start and end of each part in bytes from base; of each row: its start, where its
                                    * first delimiter is (its end when there is none), its end; of each measure:
                                    * start and end of its key, or of the line when that is none */
    int64_t numbers[MR_SCAN_NUMBERS];        /* of the measures in found */
    unsigned char measured[MR_SCAN_NUMBERS]; /* 1: the line has one; 0: it is no measure */
} mr_scan;
typedef mr_scan mr_words;
typedef mr_scan mr_lines;
typedef mr_scan mr_fields;
typedef mr_scan mr_rows;
typedef mr_scan mr_measures;

/* Byte strings that are looked for together; the host's, for the whole job: see mr_needles_of. */
typedef struct mr_needles mr_needles;

/* How strings are looked for: bits of the flags of mr_needles_of and mr_pattern_needles. */
enum mr_needle_flags {
    MR_IGNORE_CASE = 1 /* ASCII letters are the same in upper and lower case */
};

/* The functions of the host. Entries are only ever appended. */
struct mr_host {
    size_t size; /* of this struct in the running host */
    /* Takes what has been emitted, then offers room for one short pair and for pairs of at least need bytes. */
    void (*flush)(mr_ctx *ctx, size_t need);
    void (*write)(mr_ctx *ctx, const void *bytes, size_t length);
    void (*fail)(mr_ctx *ctx, const char *format, ...) MR_PRINTF(2, 3);
    const char *(*option_text)(mr_ctx *ctx, const char *name);
    int64_t (*option_int)(mr_ctx *ctx, const char *name);
    double (*option_number)(mr_ctx *ctx, const char *name);
    uint64_t *(*counter)(mr_ctx *ctx, const char *name);
    const char *(*source_name)(mr_ctx *ctx, uint64_t source);
    void (*refill)(mr_scan *scan);
    void (*append)(mr_ctx *ctx, const void *bytes, size_t length);
    mr_slice (*appended)(mr_ctx *ctx);
    mr_needles *(*needles)(mr_ctx *ctx, const mr_slice *strings, size_t count, uint32_t flags);
    mr_needles *(*pattern_needles)(mr_ctx *ctx, const char *pattern, uint32_t flags);
    mr_slice (*pattern_of_lines)(mr_ctx *ctx, const char *pattern);
    const char *(*find)(const mr_needles *needles, const char *text, size_t length);
    void (*skip)(mr_ctx *ctx, mr_slice record, const char *format, ...) MR_PRINTF(3, 4);
    int (*number)(mr_slice text, double *number);
    int (*side)(mr_ctx *ctx, const char *name, mr_slice *bytes);
    int (*first_record)(mr_ctx *ctx, uint64_t source, mr_slice *record);
};

/* What a callback knows of its surroundings. The plugin may read every field and write state; the rest is the host's,
 * or is changed by the inline functions below. */
struct mr_ctx {
    const mr_host *host;    /* the host's functions */
    void *state;            /* the plugin's own, per worker; NULL until open sets it */
    char *emit_next;        /* where the next pair goes; aligned to 8 */
    char *emit_end;         /* behind the room for pairs */
    uint64_t source;        /* [map] number of the input file at hand, in the order of the command line, from 0 */
    uint64_t source_first;  /* [map] number of the first input of the same name: another than source only for an input
                             * that is named twice */
    uint64_t source_count;  /* how many inputs there are */
    uint64_t record_number; /* [map] with MR_NEEDS_RECORD_NUMBERS: number of the first record of this call, from 1 */
    const char *text;       /* [map] the piece of input at hand; MR_TEXT_SLACK bytes behind it can be read */
    size_t text_length;     /* in bytes; 0 outside of map */
    char *short_next;       /* where the next pair with a short key goes; aligned to 8 */
    char *short_end;        /* where the room for them ends: a whole number of them further */
    size_t short_value;     /* bytes of the values that come with short keys; SIZE_MAX: none may go there */
    uint32_t records;       /* enum mr_record_kind: what a record of this job is; known in configure already */
    uint32_t delimiter;     /* MR_RECORDS_CSV: the byte between fields; likewise */
    uint64_t offset; /* [map] where in its file the record at hand begins, in bytes; in map_chunk the first one */
};

/* Behind the text at hand so many bytes can be read, and behind emit_end as many written, so that keys can be copied in
 * words, whatever their length. */
enum { MR_TEXT_SLACK = 16 };

/* Most keys are short words of the text at hand. In fold jobs mr_emit puts them down in a form of their own, all of the
 * same size: the key, zeros, in the last byte its length plus one, then the value, padded to 8. The plugin need not
 * know; but a key that it copies elsewhere first takes the slower way. */
enum { MR_SHORT_KEY = 15 };
typedef struct mr_short_pair {
    uint64_t first;  /* bytes 0 to 7 of the key */
    uint64_t second; /* bytes 8 to 14, then the length plus one */
} mr_short_pair;

/* A pair in the emit buffer: this header, the key and the value, the latter two padded with zeros to 8 bytes each. */
typedef struct mr_pair {
    uint32_t key_length;   /* bytes of the key, without padding */
    uint32_t value_length; /* bytes of the value, without padding */
} mr_pair;

/* ---- emitting ---------------------------------------------------------------------------------------------------- */

static inline size_t mr_padded(size_t length) {
    return (length + 7) & ~(size_t)7;
}

/* Copies eight bytes. */
static inline void mr_put_word(char *to, const char *from) {
#if defined(__GNUC__)
    __builtin_memcpy(to, from, 8);
#else
    int i;
    for (i = 0; i < 8; i++)
        to[i] = from[i];
#endif
}

/* Copies length bytes and zeroes the rest of the last 8: word by word, since keys and values are short. */
static inline char *mr_put_padded(char *to, const char *from, size_t length) {
    static const char zeros[8] = {0};
    char *end = to + mr_padded(length);
    size_t i;
    if (length == 0) return end;
    mr_put_word(end - 8, zeros);
    if (length >= 8) {
        for (i = 0; i + 8 < length; i += 8)
            mr_put_word(to + i, from + i);
        mr_put_word(to + length - 8, from + length - 8);
    } else {
        for (i = 0; i < length; i++)
            to[i] = from[i];
    }
    return end;
}

/* Whether a slice, which is not empty, lies in the text at hand. */
static inline int mr_in_text(const mr_ctx *ctx, mr_slice slice) {
    return (uintptr_t)slice.data - (uintptr_t)ctx->text < ctx->text_length;
}

#if defined(__GNUC__)
/* Emits a pair with a short key of the text at hand in the short form: the key is copied as two words of which the
 * bytes behind it are masked away, without a branch on the length, which the processor could not predict. */
static inline void mr_emit_short(mr_ctx *ctx, const char *key, size_t length, mr_slice value) {
    static const unsigned char kept_then_zeros[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                      255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t first, second;
    mr_short_pair *pair;
    __asm__("" : "+r"(key)); /* the compiler shall not reason about keys from elsewhere: they do not come here */
    if (MR_UNLIKELY(ctx->short_next == ctx->short_end)) {
        ctx->host->flush(ctx, 0);
        if (ctx->short_next == ctx->short_end) return; /* the job has failed */
    }
    pair = (mr_short_pair *)(void *)ctx->short_next;
    __builtin_memcpy(pair, key, sizeof *pair);
    __builtin_memcpy(&first, kept_then_zeros + 16 - length, sizeof first);
    __builtin_memcpy(&second, kept_then_zeros + 24 - length, sizeof second);
    pair->first &= first;
    pair->second = (pair->second & second) | (uint64_t)(length + 1) << 56;
    ctx->short_next = mr_put_padded((char *)(pair + 1), value.data, value.length);
}
#endif

#if defined(__GNUC__)
/* Copies a key of 16 to 32 bytes of the text at hand, as four words of which the last ones may be too much. */
static inline char *mr_put_long_key(char *to, const char *key, size_t length) {
    char *end = to + mr_padded(length);
    uint64_t last = 0;
    __asm__("" : "+r"(key)); /* as in mr_emit_short */
    __builtin_memcpy(&last, key + length - 8, 8);
    __builtin_memcpy(to, key, 32);
    /* The word that holds the last byte: shifted into place, which moves zeros behind it. */
    last = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? last >> 8 * ((size_t)(end - to) - length)
                                                     : last << 8 * ((size_t)(end - to) - length);
    __builtin_memcpy(end - 8, &last, 8);
    return end;
}
#endif

/* Emits a pair. In [map]: to be folded or grouped (for MR_FOLD the value must have the size of the fold's value); in
 * combine: a combined pair; in finish, reduce and the map of an MR_MAP job: a line of output, "key TAB value LF".
 * Anywhere else the job fails. Both slices are copied. Key and value together are at most 4 GiB minus 16 bytes. Keys of
 * up to MR_SHORT_KEY bytes that lie in the text at hand are the fastest. */
static inline void mr_emit(mr_ctx *ctx, mr_slice key, mr_slice value) {
    size_t need = sizeof(mr_pair) + mr_padded(key.length) + mr_padded(value.length);
    mr_pair *pair;
#if defined(__GNUC__)
    if (key.length <= MR_SHORT_KEY && value.length == ctx->short_value && mr_in_text(ctx, key)) {
        mr_emit_short(ctx, key.data, key.length, value);
        return;
    }
#endif
    if (MR_UNLIKELY((size_t)(ctx->emit_end - ctx->emit_next) < need)) {
        ctx->host->flush(ctx, need);
        if ((size_t)(ctx->emit_end - ctx->emit_next) < need) return; /* the job has failed */
    }
    pair = (mr_pair *)(void *)ctx->emit_next;
    pair->key_length = (uint32_t)key.length;
    pair->value_length = (uint32_t)value.length;
#if defined(__GNUC__)
    if (key.length - 16 <= 16 && mr_in_text(ctx, key)) {
        char *behind = mr_put_long_key((char *)(pair + 1), key.data, key.length);
        ctx->emit_next = mr_put_padded(behind, value.data, value.length);
        return;
    }
#endif
    ctx->emit_next = mr_put_padded(mr_put_padded((char *)(pair + 1), key.data, key.length), value.data, value.length);
}

/* A slice of length bytes from data on, which stays the owner's. */
static inline mr_slice mr_bytes(const void *data, size_t length) {
    mr_slice slice;
    slice.data = (const char *)data;
    slice.length = length;
    return slice;
}

/* The bytes of a C string, without its end. */
static inline mr_slice mr_text(const char *text) {
#if defined(__GNUC__)
    return mr_bytes(text, __builtin_strlen(text));
#else
    size_t length = 0;
    while (text[length])
        length++;
    return mr_bytes(text, length);
#endif
}

/* Counts one occurrence of key: MR_FOLD_COUNT. */
static inline void mr_count(mr_ctx *ctx, mr_slice key) {
    mr_emit(ctx, key, mr_bytes(NULL, 0));
}

/* Counts many occurrences of key at once: MR_FOLD_COUNT. Zero makes the key appear. */
static inline void mr_count_many(mr_ctx *ctx, mr_slice key, uint64_t occurrences) {
    mr_emit(ctx, key, mr_bytes(&occurrences, sizeof occurrences));
}

/* Emits an integer: MR_FOLD_SUM_INT64, MR_FOLD_MIN_INT64, MR_FOLD_MAX_INT64, MR_FOLD_STATS_INT64; each value alone,
 * also for statistics: there is no way to emit an mr_stats. */
static inline void mr_emit_int64(mr_ctx *ctx, mr_slice key, int64_t value) {
    mr_emit(ctx, key, mr_bytes(&value, sizeof value));
}

/* Emits a double: MR_FOLD_SUM_DOUBLE, MR_FOLD_MIN_DOUBLE, MR_FOLD_MAX_DOUBLE. */
static inline void mr_emit_double(mr_ctx *ctx, mr_slice key, double value) {
    mr_emit(ctx, key, mr_bytes(&value, sizeof value));
}

/* Writes bytes to the output as they are, behind what was written or emitted before: in the map callbacks of an MR_MAP
 * job, and in reduce and finish, for jobs that print whole records, such as a sort. Anywhere else the job fails; so it
 * does when the user wants results in an order (--sort, --top), which these bytes are not. */
static inline void mr_write(mr_ctx *ctx, const void *bytes, size_t length) {
    ctx->host->write(ctx, bytes, length);
}

/* Builds a text of any length piece by piece: mr_append adds to it, mr_appended gives it (borrowed until the next
 * mr_append) and lets the next mr_append start anew. There is one such text at a time, and another for combine. Not in
 * fold, partition and compare. When memory runs out the job fails. */
static inline void mr_append(mr_ctx *ctx, mr_slice text) {
    ctx->host->append(ctx, text.data, text.length);
}
static inline mr_slice mr_appended(mr_ctx *ctx) {
    return ctx->host->appended(ctx);
}

/* Appends a column to the text being built: a tab first, unless it is the first column, then the text, in which
 * backslash, tab, newline and carriage return are written as \\ \t \n \r, so that it stays one column. first: not 0
 * for the first column of a key or of a value. For plugins that set mr_plugin.columns. */
static inline void mr_append_column(mr_ctx *ctx, int first, mr_slice text) {
    size_t i, done = 0;
    if (!first) mr_append(ctx, mr_bytes("\t", 1));
    for (i = 0; i < text.length; i++) {
        const char *escape = text.data[i] == '\\'   ? "\\\\"
                             : text.data[i] == '\t' ? "\\t"
                             : text.data[i] == '\n' ? "\\n"
                             : text.data[i] == '\r' ? "\\r"
                                                    : NULL;
        if (!escape) continue;
        mr_append(ctx, mr_bytes(text.data + done, i - done));
        mr_append(ctx, mr_bytes(escape, 2));
        done = i + 1;
    }
    mr_append(ctx, mr_bytes(text.data + done, text.length - done));
}

/* Undoes the escaping of a field of a line that a job has printed, or of a column that mr_append_column has made: \\
 * \t \n \r become the bytes that they stand for; a backslash before anything else stays. In place: field lies in text
 * that may be overwritten, such as that of map. */
static inline mr_slice mr_unescape(mr_slice field) {
    char *to = (char *)(uintptr_t)field.data;
    size_t i = 0, length = 0;
    while (i < field.length && to[i] != '\\')
        i++;
    for (length = i; i < field.length; i++, length++) {
        char next = to[i] == '\\' && i + 1 < field.length ? to[i + 1] : 0;
        char meant = next == 't' ? '\t' : next == 'n' ? '\n' : next == 'r' ? '\r' : next == '\\' ? '\\' : 0;
        to[length] = meant ? meant : to[i];
        i += meant != 0;
    }
    return mr_bytes(to, length);
}

/* Ends the job with a message; the callback returns after it. printf-like; the host adds where it happened. */
#define mr_fail(ctx, ...) ((ctx)->host->fail((ctx), __VA_ARGS__))

/* Rejects the record (in map) or the key with its values (in reduce and finish) that the callback was called for, and
 * returns from the callback: MR_SKIP(ctx, "the date is missing in field %d", 3). Nothing that was emitted for it
 * counts, and the job fails, unless the user allows to leave out so many records (--skip-bad N): then it is kept in the
 * quarantine file, with the reason, and the job goes on. printf-like. A statement, for the callback itself and not for
 * a function that it calls. */
#define MR_SKIP(ctx, ...)                                                                                              \
    do {                                                                                                               \
        (ctx)->host->skip((ctx), mr_bytes(NULL, 0), __VA_ARGS__);                                                      \
        return;                                                                                                        \
    } while (0)

/* Rejects one record in map_chunk, and goes on: line lies in the text that map_chunk was handed, with or without its
 * newline. Anything emitted for it before counts, so look first and emit then. printf-like. */
#define mr_skip_line(ctx, line, ...) ((ctx)->host->skip((ctx), (line), __VA_ARGS__))

/* ---- looking things up ------------------------------------------------------------------------------------------- */

/* The text of an option; valid for the whole job. An undeclared name is the plugin's error and fails the job ("" here).
 */
static inline const char *mr_option_text(mr_ctx *ctx, const char *name) {
    return ctx->host->option_text(ctx, name);
}

/* The value of an MR_OPTION_INT, 1 or 0 for an MR_OPTION_FLAG, or the index of an MR_OPTION_CHOICE, from 0. */
static inline int64_t mr_option_int(mr_ctx *ctx, const char *name) {
    return ctx->host->option_int(ctx, name);
}

/* Whether an MR_OPTION_FLAG is yes. */
static inline int mr_option_flag(mr_ctx *ctx, const char *name) {
    return ctx->host->option_int(ctx, name) != 0;
}

/* The value of an MR_OPTION_NUMBER. */
static inline double mr_option_number(mr_ctx *ctx, const char *name) {
    return ctx->host->option_number(ctx, name);
}

/* A counter, to be added to at will: *counter += 1. Look it up once, in open. Summed over all workers, with repeated
 * work counted once, and shown at the end. Names have at most 47 bytes; there are at most 64 names. Never NULL. */
static inline uint64_t *mr_counter(mr_ctx *ctx, const char *name) {
    return ctx->host->counter(ctx, name);
}

/* The name of an input as given on the command line; valid for the whole job. NULL when there is no such source. */
static inline const char *mr_source_name(mr_ctx *ctx, uint64_t source) {
    return ctx->host->source_name(ctx, source);
}

/* The content of a file that the user has given a name: a small table to join with, strings to look for. It is that of
 * an MR_OPTION_FILE of the plugin (--set NAME=FILE), or of any other name (--side NAME=FILE, or in a job file). It is
 * read once, before any work starts, shared by all workers, and valid for the whole job; writing to it kills the
 * worker. A zero byte, which does not count, stands behind it. 1, or 0 when there is none of that name, or the option
 * is set to nothing. In configure and later. */
static inline int mr_side(mr_ctx *ctx, const char *name, mr_slice *bytes) {
    return ctx->host->side(ctx, name, bytes);
}

/* Number of the first record of this call within its source, from 1; needs MR_NEEDS_RECORD_NUMBERS. */
static inline uint64_t mr_record_number(mr_ctx *ctx) {
    return ctx->record_number;
}

/* Whether the record at hand (in map_chunk: the first one) begins at the first byte of its file, as the header of a CSV
 * file does. In [map]. */
static inline int mr_first_of_source(const mr_ctx *ctx) {
    return ctx->offset == 0;
}

/* The first record of an input, without what ends it, wherever in it the caller is: the names of the columns of a CSV
 * file, for one. Borrowed until the next call. In map and map_chunk of the source at hand (ctx->source), whatever it is
 * read from; in configure and open of any that is a file, also a compressed one. An input without any has an empty one.
 * 1, or 0 when it is not known, as that of a pipe in configure, or has more than a MiB, or records are fixed or the
 * plugin's own. A file that cannot be read fails the job (0 here). To ask again for the same one costs little. */
static inline int mr_first_record(mr_ctx *ctx, uint64_t source, mr_slice *record) {
    return ctx->host->first_record(ctx, source, record);
}

/* ---- taking text apart ------------------------------------------------------------------------------------------- */

/* Iterators work in every callback. Their text is one that map or map_chunk was handed, or a part of it, or memory of
 * the plugin's own, which has to stay as it is while they are in use; of the latter nothing behind its end is read. A
 * single part of 4 GiB or more fails the job. */

/* What the functions below have in common. */
static inline mr_scan mr_scan_of(mr_ctx *ctx, char *text, size_t length, uint32_t kind, uint32_t state) {
    mr_scan scan;
    scan.ctx = ctx;
    scan.next = text;
    scan.end = length ? text + length : text;
    scan.base = text;
    scan.kind = kind;
    scan.state = state;
    scan.taken = 0;
    scan.count = 0;
    return scan;
}

/* Words of a text: none of them is empty. kind: MR_WORDS_SPACE or MR_WORDS_LETTERS, optionally | MR_LOWER, which may
 * overwrite the text, also ahead of the word at hand. */
static inline mr_words mr_words_of(mr_ctx *ctx, char *text, size_t length, uint32_t kind) {
    return mr_scan_of(ctx, text, length, kind, 0);
}

/* Lines of a text, without their newlines; empty ones too. A carriage return before the newline belongs to the line. */
static inline mr_lines mr_lines_of(mr_ctx *ctx, char *text, size_t length) {
    return mr_scan_of(ctx, text, length, MR_LINES, 0);
}

/* Fields of a record that delimiter separates: at least one, which may be empty. Quotes mean nothing. */
static inline mr_fields mr_fields_of(mr_ctx *ctx, char *record, size_t length, char delimiter) {
    mr_fields fields = mr_scan_of(ctx, record, length, MR_FIELDS, (unsigned char)delimiter);
    fields.state |= 256; /* one field is still to come, even when no byte is left */
    return fields;
}

/* Lines of a text that are cut in two at their first delimiter, a byte other than the newline: a key and the rest, such
 * as "Oslo;-3.5" at the semicolon. For map_chunk: one pass finds the lines and the cuts. Go through it with
 * mr_next_row, not mr_next. */
static inline mr_rows mr_rows_of(mr_ctx *ctx, char *text, size_t length, char delimiter) {
    return mr_scan_of(ctx, text, length, MR_ROWS, (unsigned char)delimiter);
}

/* Gives the next word, line or field; 0 at the end, else 1. */
static inline int mr_next(mr_scan *scan, mr_slice *slice) {
    uint32_t start;
    if (MR_UNLIKELY(scan->taken >= scan->count)) {
        scan->ctx->host->refill(scan);
        if (scan->count == 0) return 0;
    }
    start = scan->found[scan->taken];
    slice->data = scan->base + start;
    slice->length = scan->found[scan->taken + 1] - start;
    scan->taken += 2;
    return 1;
}

/* Gives what stands before the first delimiter of the next line and what stands behind it, without the newline; there
 * may be more delimiters in the rest, and a carriage return at its end. A line without delimiter is all key, and
 * rest->data is NULL; when it just ends there rest is empty, but not NULL. Empty lines come too, with an empty key. 0
 * at the end, else 1. */
static inline int mr_next_row(mr_rows *rows, mr_slice *key, mr_slice *rest) {
    uint32_t start, cut, end;
    if (MR_UNLIKELY(rows->taken >= rows->count)) {
        rows->ctx->host->refill(rows);
        if (rows->count == 0) return 0;
    }
    start = rows->found[rows->taken];
    cut = rows->found[rows->taken + 1];
    end = rows->found[rows->taken + 2];
    rows->taken += 3;
    key->data = rows->base + start;
    key->length = cut - start;
    rest->data = cut < end ? rows->base + cut + 1 : NULL;
    rest->length = cut < end ? end - cut - 1 : 0;
    return 1;
}

/* Lines of a text that consist of a key, a delimiter and a decimal number with at most so many decimals, as
 * mr_decimal_of reads it (0 to 18), such as "Oslo;-3.5"; a carriage return at the end of the line does not count. */
static inline mr_measures mr_measures_of(mr_ctx *ctx, char *text, size_t length, char delimiter, unsigned decimals) {
    return mr_scan_of(ctx, text, length, MR_MEASURES, (unsigned char)delimiter | decimals << 16);
}

/* Gives the key of the next line and its number in units of the last decimal. 1; -1 when the line is no such line,
 * which is then *key as a whole, and *number is undefined; 0 at the end. */
static inline int mr_next_measure(mr_measures *measures, mr_slice *key, int64_t *number) {
    uint32_t start;
    unsigned char measured;
    if (MR_UNLIKELY(measures->taken >= measures->count)) {
        measures->ctx->host->refill(measures);
        if (measures->count == 0) return 0;
    }
    start = measures->found[measures->taken];
    key->data = measures->base + start;
    key->length = measures->found[measures->taken + 1] - start;
    *number = measures->numbers[measures->taken / 2];
    measured = measures->measured[measures->taken / 2];
    measures->taken += 2;
    return measured ? 1 : -1;
}

/* Gives the next value of a group; 0 at the end, else 1. Borrowed until the next call or the end of the callback. */
static inline int mr_next_value(mr_values *values, mr_slice *value) {
    return values->next(values, value);
}

/* The integer or double that a value of eight bytes holds, wherever it lies; 0 when the value is shorter. */
static inline int64_t mr_int64_of(mr_slice value) {
    int64_t number = 0;
    size_t i;
    if (value.length >= sizeof number)
        for (i = 0; i < sizeof number; i++)
            ((char *)&number)[i] = value.data[i];
    return number;
}

static inline double mr_double_of(mr_slice value) {
    double number = 0;
    size_t i;
    if (value.length >= sizeof number)
        for (i = 0; i < sizeof number; i++)
            ((char *)&number)[i] = value.data[i];
    return number;
}

/* Takes a number of any length apart, digit by digit: see mr_decimal_of. */
static inline int mr_long_decimal_of(mr_slice text, unsigned decimals, int64_t *number) {
    size_t i = text.length && (text.data[0] == '-' || text.data[0] == '+'), digits = 0;
    int negative = i && text.data[0] == '-', behind_point = 0;
    uint64_t most = (uint64_t)INT64_MAX + (uint64_t)negative, result = 0;
    unsigned missing = decimals;
    for (; i < text.length; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (text.data[i] == '.' && !behind_point) {
            behind_point = 1;
            continue;
        }
        if (digit > 9 || (behind_point && missing == 0)) return 0;
        if (digits >= 18 && result > (most - digit) / 10) return 0; /* 18 digits always fit */
        result = 10 * result + digit;
        missing -= (unsigned)behind_point;
        digits++;
    }
    for (; missing; missing--) {
        if (result > most / 10) return 0;
        result *= 10;
    }
    *number = (int64_t)(negative ? 0 - result : result);
    return digits > 0;
}

/* Reads a decimal number such as -12.3 as an integer of its 10^-decimals: with decimals 1 that is -123, and 7 is 70.
 * The whole text must be the number: a sign or none, digits, among them one point or none ("5." and ".5" will do); no
 * space, no exponent. 1, or 0 when it is something else, or has more decimals, or leaves int64; then *number is
 * undefined. The result is exact, where a double would not be. Numbers of up to eight bytes of the text at hand with
 * just so many decimals are read all digits at once, without a branch; all others digit by digit. */
static inline int mr_decimal_of(const mr_ctx *ctx, mr_slice text, unsigned decimals, int64_t *number) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t each = 0x0101010101010101u, all = ~(uint64_t)0;
    if (text.length - 1 < 8 && decimals < 8 && mr_in_text(ctx, text)) {
        /* The last digit comes to stand in the top byte; the digits before the point move up by one. */
        unsigned start = 64 - 8 * (unsigned)text.length, point = 56 - 8 * decimals;
        uint64_t digits, negative, has_point;
        const char *from = text.data;
        __asm__("" : "+r"(from)); /* as in mr_emit_short */
        __builtin_memcpy(&digits, from, sizeof digits);
        negative = (digits & 255) == '-';
        digits <<= start;
        has_point = (digits >> point & 255) == '.';
        if (has_point) digits = (digits & all << point << 8) | (digits & ~(all << point)) << 8;
        start += 8 * (unsigned)(negative + has_point);
        if (has_point == (decimals > 0) && start < 64) {
            digits = (digits ^ each * '0') & all << start;
            if ((((digits + each * 118) | digits) & each * 128) == 0) {
                digits = (digits * 2561) >> 8 & 0x00ff00ff00ff00ffu;
                digits = (digits * 6553601) >> 16 & 0x0000ffff0000ffffu;
                digits = (digits * 42949672960001u) >> 32;
                *number = (int64_t)((digits ^ (0 - negative)) + negative);
                return 1;
            }
        }
    }
#endif
    (void)ctx;
    return mr_long_decimal_of(text, decimals, number);
}

/* Reads a whole number: a sign or none, then digits, and nothing else. 1, or 0 when it is something else or leaves
 * int64; then *number is undefined. */
static inline int mr_int_of(mr_slice text, int64_t *number) {
    size_t i;
    for (i = 0; i < text.length; i++)
        if (text.data[i] == '.') return 0;
    return mr_long_decimal_of(text, 0, number);
}

/* Reads a floating-point number as strtod does in the C locale, which must be the whole text, without space before or
 * behind it: 12, -1.5e3, .5, inf, nan. 1, or 0 when it is something else or has more than 400 bytes; then *number is
 * undefined. A number beyond the range of double becomes infinite or zero. */
static inline int mr_number_of(mr_ctx *ctx, mr_slice text, double *number) {
    return ctx->host->number(text, number);
}

/* ---- comma-separated values -------------------------------------------------------------------------------------- */

/* The fields of a row of RFC 4180: between delimiters, or between quotes, within which delimiters and newlines are
 * text and a quote is written twice. A quote inside a field that does not begin with one is text, too. */
typedef struct mr_csv {
    char *next;     /* first byte not looked at yet */
    char *end;      /* behind the row */
    char delimiter; /* byte between fields */
    char more;      /* 1: there is another field, which may be empty */
    char broken;    /* 1: a quoted field does not end, or something follows its end; seen when mr_next_csv has ended */
} mr_csv;

/* Fields of a row, at least one, for mr_next_csv. A carriage return at its end, outside of quotes, is no part of it. */
static inline mr_csv mr_csv_of(char *row, size_t length, char delimiter) {
    mr_csv csv;
    csv.next = row;
    csv.end = length ? row + length : row;
    csv.delimiter = delimiter;
    csv.more = 1;
    csv.broken = 0;
    return csv;
}

/* The next byte of one kind from text on; end when there is none. Eight bytes at a time, since fields are short. */
static inline char *mr_csv_byte(char *text, char *end, char byte) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t each = 0x0101010101010101u;
    uint64_t word;
    for (; end - text >= 8; text += 8) {
        __builtin_memcpy(&word, text, sizeof word);
        word ^= each * (unsigned char)byte;
        word = (word - each) & ~word & each << 7; /* the lowest bit that is set stands in the first such byte */
        if (word) return text + (__builtin_ctzll(word) >> 3);
    }
#endif
    while (text < end && *text != byte)
        text++;
    return text;
}

/* Moves length bytes towards the start of a row; returns where they end then. */
static inline char *mr_csv_move(char *to, const char *from, size_t length) {
    size_t i;
    for (i = 0; to != from && i < length; i++)
        to[i] = from[i];
    return to + length;
}

/* Gives the next field, without quotes; what was quoted is made to lie together in place, which overwrites the row. 0
 * at the end, else 1. What does not follow the rules is given as it stands, and csv->broken is set. */
static inline int mr_next_csv(mr_csv *csv, mr_slice *field) {
    char *from = csv->next, *to, *stop;
    int closed = 0;
    if (!csv->more) return 0;
    if (from == csv->end || *from != '"') {
        to = mr_csv_byte(from, csv->end, csv->delimiter);
        *field = mr_bytes(from, (size_t)(to - from));
        csv->more = to < csv->end;
        csv->next = csv->more ? to + 1 : to;
        if (!csv->more && field->length && field->data[field->length - 1] == '\r') field->length--;
        return 1;
    }
    field->data = to = ++from;
    while (from < csv->end && !closed) {
        stop = mr_csv_byte(from, csv->end, '"');
        to = mr_csv_move(to, from, (size_t)(stop - from));
        from = stop;
        if (from == csv->end) break;
        closed = from + 1 == csv->end || from[1] != '"';
        if (!closed) *to++ = '"';
        from += 2 - closed;
    }
    if (!closed) csv->broken = 1;
    if (from + 1 == csv->end && *from == '\r') from++;
    if (from < csv->end && *from != csv->delimiter) csv->broken = 1;
    stop = mr_csv_byte(from, csv->end, csv->delimiter);
    to = mr_csv_move(to, from, (size_t)(stop - from));
    field->length = (size_t)(to - field->data);
    csv->more = stop < csv->end;
    csv->next = csv->more ? stop + 1 : stop;
    return 1;
}

/* Takes a record apart that is one pair of the binary output of a job (--format binary, --records pairs): lengths of
 * key and value in 4 bytes each, the lowest first, then key and value. 1, or 0 when it is not one such pair. */
static inline int mr_pair_of(mr_slice record, mr_slice *key, mr_slice *value) {
    const unsigned char *bytes = (const unsigned char *)record.data;
    uint64_t key_length, value_length;
    if (record.length < 8) return 0;
    key_length = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    value_length = bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 | (uint32_t)bytes[7] << 24;
    if (key_length + value_length != record.length - 8) return 0;
    *key = mr_bytes(record.data + 8, (size_t)key_length);
    *value = mr_bytes(record.data + 8 + key_length, (size_t)value_length);
    return 1;
}

/* ---- finding strings --------------------------------------------------------------------------------------------- */

/* Prepares count strings to look for, together and with the widest instructions that the processor has. They may hold
 * any bytes, and are copied. flags: bits of enum mr_needle_flags. To be called in open: it takes a while, and what it
 * returns is the host's, valid for the whole job and not released before. NULL when there is no memory, and the job has
 * failed. A handful of strings costs little more than one. */
static inline mr_needles *mr_needles_of(mr_ctx *ctx, const mr_slice *strings, size_t count, uint32_t flags) {
    return ctx->host->needles(ctx, strings, count, flags);
}

/* Prepares strings of which everything that a Perl-compatible regular expression (ends with a zero byte) matches
 * contains at least one, so that a text without them need not be matched at all; in open, like mr_needles_of. The host
 * does not match expressions: that is for a library of the plugin's. flags: MR_IGNORE_CASE if the matcher does so. NULL
 * when there are no such strings, or only very common ones, or the pattern is beyond what the host understands: then
 * everything has to be matched. Patterns of bytes only; (*UTF) is among what it does not understand. */
static inline mr_needles *mr_pattern_needles(mr_ctx *ctx, const char *pattern, uint32_t flags) {
    return ctx->host->pattern_needles(ctx, pattern, flags);
}

/* Translates a regular expression that is meant for one line into one that finds the same in a text of many lines: with
 * PCRE2_MULTILINE, PCRE2_ALT_CIRCUMFLEX and newlines that are LF, for a text whose last newline was taken away. Nothing
 * that it matches goes over the end of a line. An empty slice when the host does not know how: then each line has to be
 * matched alone. It is built with mr_append: borrowed until the next one, and the plugin must not be building a text.
 */
static inline mr_slice mr_pattern_of_lines(mr_ctx *ctx, const char *pattern) {
    return ctx->host->pattern_of_lines(ctx, pattern);
}

/* The first place in a text where one of the strings begins that lies in the text as a whole; NULL when there is none.
 * An empty string is found at once. In every callback, in any text; nothing behind its end is read. needles is not
 * NULL. Which of the strings it is, the plugin has to see for itself. */
static inline const char *mr_find(mr_ctx *ctx, const mr_needles *needles, mr_slice text) {
    return ctx->host->find(needles, text.data, text.length);
}

/* ---- declaring the plugin ---------------------------------------------------------------------------------------- */

#ifdef __cplusplus
} /* extern "C" */
/* C++ has no designated initialisers before C++20: hand over a function that fills in the fields. */
static inline mr_plugin mr_plugin_filled_by(void (*fill)(mr_plugin *)) {
    mr_plugin plugin = {};
    plugin.magic = MR_MAGIC;
    plugin.abi_major = MR_ABI_MAJOR;
    plugin.pointer_size = (uint32_t)sizeof(void *);
    plugin.struct_size = (uint32_t)sizeof(mr_plugin);
    fill(&plugin);
    return plugin;
}
#define MR_PLUGIN_FROM(fill)                                                                                           \
    extern "C" {                                                                                                       \
    MR_EXPORT extern const mr_plugin mr_plugin_entry;                                                                  \
    }                                                                                                                  \
    const mr_plugin mr_plugin_entry = mr_plugin_filled_by(fill);
#else
/* Defines the one exported symbol: MR_PLUGIN(.name = "words", .kind = MR_FOLD, ...) at file scope, no semicolon. */
#define MR_PLUGIN(...)                                                                                                 \
    extern MR_EXPORT const mr_plugin mr_plugin_entry;                                                                  \
    const mr_plugin mr_plugin_entry = {.magic = MR_MAGIC,                                                              \
                                       .abi_major = MR_ABI_MAJOR,                                                      \
                                       .pointer_size = (uint32_t)sizeof(void *),                                       \
                                       .struct_size = (uint32_t)sizeof(mr_plugin),                                     \
                                       __VA_ARGS__};
#endif

#endif
