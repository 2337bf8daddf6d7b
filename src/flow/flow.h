/* flow.h - what travels between the stages of the flow.
 *
 *     files -> input -> split -> map -> combine -> exchange -> reduce -> merge -> output
 *
 * Each stage is one file in this folder and knows the others only by the types declared here: it takes one of them in
 * and hands another to a sink that the worker has wired to it. Read the files in this order to follow a record.
 *
 *     input     mr_input        the sources, one behind the other as one long sequence of bytes ("positions")
 *     split     mr_chunk        a range of positions; cut into pieces of whole records (mr_piece)
 *     map       pairs           batches of mr_pair and mr_short_pair (mr_pair_sink, mr_short_sink of host/context.h)
 *     combine   mr_fold_table   accumulators of a fold (mr_table_sink), or fewer pairs of a group
 *     exchange  mr_run          records by partition, in shared memory or in a spill file; read as mr_block_stream
 *     reduce    results         keys with what is printed for them (mr_result_sink)
 *     merge     results         the same in another order
 *     output    mr_part         bytes of the output in one place, which end up at their offset in the file
 */
#ifndef MR_FLOW_FLOW_H
#define MR_FLOW_FLOW_H

#include <sys/types.h>
#include <time.h>

#include "data/bgzf.h"
#include "data/decode.h"
#include "data/fold_table.h"
#include "data/records.h"
#include "data/sort.h"
#include "data/spill.h"
#include "data/splitters.h"
#include "host/context.h"

/* ---- input, split ------------------------------------------------------------------------------------------------ */

/* What a source holds. */
enum mr_source_kind {
    MR_SOURCE_RECORDS = 0, /* records, as mr_records says */
    MR_SOURCE_VALUES,      /* a key and its values: see inject.h */
    MR_SOURCE_ACCUMULATOR  /* a key and what a fold has come to for it: see inject.h */
};

/* How the bytes of a source are got at. */
enum mr_source_form {
    MR_FORM_PLAIN = 0, /* any range of them can be read from a file */
    MR_FORM_BGZF,      /* the same, out of a compressed file with an index */
    MR_FORM_STREAM,    /* a compressed file that can be read from front to back only */
    MR_FORM_PIPE       /* the same, and only once: it is no file */
};

/* One input file, or a part of one. Sources never change after planning; workers inherit them by fork. Offsets within a
 * source count from its first byte; origin makes offsets within its file of them. */
typedef struct mr_source {
    const char *path;         /* as given by the user; borrowed */
    uint32_t kind;            /* enum mr_source_kind */
    uint32_t form;            /* enum mr_source_form */
    uint32_t coding;          /* enum mr_coding; UNKNOWN: of something that is no file */
    uint64_t number;          /* of the first source with the same path */
    uint64_t start;           /* position of its first byte in the whole input */
    uint64_t size;            /* bytes, as planned; of a stream more than it will ever have */
    int held;                 /* descriptor of a file of our own that holds its bytes; 0: none */
    const char *memory;       /* its bytes, in memory of this process; NULL: they are elsewhere; borrowed */
    int standard;             /* descriptor of what was standard input, or that was given instead of a path; 0: none */
    mr_bgzf_index *index;     /* BGZF: where in the file its blocks are; owned */
    uint64_t base;            /* where in what is read its first byte is */
    uint64_t origin;          /* where in the file called path its first byte is, or was; for reports */
    uint64_t records_before;  /* records of that file before it, as far as known */
    uint64_t lines_before;    /* when held: lines of that file before it, as far as known */
    uint64_t file_size;       /* bytes of the file, as planned; 0 when held */
    struct timespec modified; /* as planned; to notice a change */
    dev_t device;             /* with inode: which file it is, in case the name is given to another */
    ino_t inode;
} mr_source;

/* An input that is no path: something that this process has. */
typedef struct mr_held {
    int file;     /* descriptor, borrowed; 0: none */
    bool foreign; /* others may change that file: it is read from where it stands, and looked after like one with a path
                   */
    mr_slice bytes; /* in memory, borrowed, not compressed; NULL: none */
} mr_held;

/* Whether it is one: other inputs are paths. */
static inline bool mr_is_held(const mr_held *held) {
    return held->file || held->bytes.data;
}

/* All sources. */
typedef struct mr_input {
    mr_source *sources;            /* in the order of the command line; owned */
    const char **names;            /* their paths; owned array */
    size_t count;                  /* sources */
    size_t groups;                 /* of them that hold something else than records */
    int standard;                  /* what was standard input; 0: it is none of the sources */
    size_t streams;                /* of them that are streams */
    uint64_t plain;                /* bytes of those that are no streams */
    uint64_t guess;                /* bytes of all, as far as that can be known before */
    uint64_t read;                 /* coordinator: bytes of text that streams have had so far */
    int held;                      /* the file that sources without one of their own are held in; 0: none */
    char records[MR_RECORDS_NAME]; /* what those that are held are, as mr_records_name says; empty: none are held */
    char **paths;                  /* of such sources; owned, and so is each */
    size_t path_count;
    uint64_t bytes; /* of all together, as planned: behind the last position */
    int folder;     /* from which relative paths count, wherever a plugin may go: the working directory */
} mr_input;

/* Whether a source is read by a process of its own (read.h), from front to back. */
static inline bool mr_source_is_stream(const mr_source *source) {
    return source->form == MR_FORM_STREAM || source->form == MR_FORM_PIPE;
}

/* The index of the source that holds a position; of several that start there (all but the last are empty) the first. */
static inline size_t mr_input_find(const mr_input *input, uint64_t position) {
    size_t low = 0, high = input->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const mr_source *source = &input->sources[middle];
        if (source->start + source->size > position || source->start >= position)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The position of a byte of the input that is counted without streams. */
static inline uint64_t mr_input_position(const mr_input *input, uint64_t byte) {
    for (size_t i = 0; input->streams && i < input->count; i++) {
        const mr_source *source = &input->sources[i];
        if (mr_source_is_stream(source)) continue;
        if (byte < source->size) return source->start + byte;
        byte -= source->size;
    }
    return byte;
}

/* How split reads sources: mr_source_read and mr_source_check of input.h. */
typedef struct mr_source_reader {
    /* Reads exactly length bytes at an offset within the source. */
    bool (*read)(void *file, const mr_source *source, char *bytes, size_t length, uint64_t offset, mr_error *error);
    /* Whether the source still is what was planned. */
    bool (*check)(void *file, const mr_source *source, mr_error *error);
    void *file; /* for both */
} mr_source_reader;

/* Some whole records of a stream, one behind the other in the ring that it is read into: an endless sequence of bytes
 * that goes round and round in the memory of an arena. */
typedef struct mr_text_block {
    uint64_t start;   /* of the first byte in the sequence of the ring */
    uint64_t length;  /* bytes; 0: the stream is empty */
    uint64_t offset;  /* of the first byte within the source */
    uint64_t record;  /* number of the first record within the source, from 1 */
    uint64_t records; /* how many */
    uint64_t line;    /* number of the first line within the source, from 1 */
    uint64_t lines;   /* how many begin behind it, in the block or with the next */
} mr_text_block;

/* A range of positions, the unit of work of the map phase. To it belong the records that start in it, and the empty
 * sources that lie in it; or all the records of a block of a stream. */
typedef struct mr_chunk {
    uint64_t begin;        /* first position */
    uint64_t end;          /* behind the last position */
    uint64_t first_record; /* with record numbers: number of its first record within that record's source, from 1 */
    uint32_t quotes;       /* CSV: enum mr_quotes, at its begin */
    bool at_record;        /* a record begins at its begin */
    bool last;             /* empty sources behind it belong to it, up to the next stream */
    const char *text;      /* of a stream: the records that begin at begin, in shared memory; NULL: to be read */
    uint64_t text_length;  /* bytes of it, up to the end of the block: the last record may end behind the chunk */
    uint64_t source;       /* of a stream: its index */
} mr_chunk;

/* Takes records away from the front of a chunk: it begins at a later position, which is that of a record or its end. */
static inline void mr_chunk_begin_at(mr_chunk *chunk, uint64_t position) {
    uint64_t skipped = position - chunk->begin;
    chunk->begin = position;
    chunk->at_record = true; /* or empty lines before one */
    if (!chunk->text) return;
    skipped = skipped < chunk->text_length ? skipped : chunk->text_length;
    chunk->text += skipped;
    chunk->text_length -= skipped;
}

/* Some whole records of one source, in the worker's own memory. */
typedef struct mr_piece {
    char *bytes;             /* writable; each record with what ends it, which the last of the source may lack */
    size_t length;           /* in bytes; 0 for an empty source */
    const mr_source *source; /* where they come from */
    uint64_t offset;         /* of the first byte within the source */
    bool first_of_source;    /* they are the first records of their source in this chunk */
} mr_piece;

/* Takes the pieces of a chunk in order. */
typedef bool mr_piece_sink(void *receiver, const mr_piece *piece, mr_error *error);

/* ---- combine, exchange ------------------------------------------------------------------------------------------- */

/* Takes all entries of a table of accumulators, which is cleared afterwards. */
typedef bool mr_table_sink(void *receiver, const mr_fold_table *table, mr_error *error);

/* Shared memory of one worker slot: only the worker that has the slot writes into it. */
typedef struct mr_arena {
    char *base;    /* the same address in every process */
    uint64_t size; /* bytes */
} mr_arena;

/* Records of all partitions that a worker has sealed: nobody writes to them any more. */
typedef struct mr_run {
    uint32_t worker;       /* in whose arena or spill file they are */
    uint32_t in_file;      /* 1: in the spill file, 0: in the arena */
    uint64_t index_offset; /* of one mr_run_entry for each partition, in that same place */
    uint64_t commit;       /* number of the commit that it came with; filled in by the coordinator */
} mr_run;

/* Where a run keeps the records of one partition. */
typedef struct mr_run_entry {
    mr_extent blocks; /* in memory linked by mr_block.next, in a file one behind the other; length 0: there are none */
    uint64_t records; /* in these blocks */
    uint64_t seal;    /* mr_run_entry_seal, once the run is sealed */
} mr_run_entry;

/* The checksum of an entry, which belongs to one partition. */
static inline uint64_t mr_run_entry_seal(const mr_run_entry *entry, uint32_t partition) {
    return XXH3_64bits_withSeed(entry, offsetof(mr_run_entry, seal), partition);
}

/* Gives the blocks of one partition one by one; *more is false at the end. The records stay valid until the next call
 * and have been verified. Blocks of one worker come in the order in which it wrote them. A damage may also be found
 * behind the last block of a run: results count only when the end has been reached. */
typedef struct mr_block_stream {
    bool (*next)(void *source, mr_slice *records, bool *more, mr_error *error);
    void *source; /* for next */
} mr_block_stream;

/* ---- reduce, merge, output --------------------------------------------------------------------------------------- */

/* What is printed for a key. */
typedef struct mr_result {
    mr_slice key;
    mr_slice value;    /* text */
    const char *order; /* MR_FOLD_ORDER bytes that order like a number; NULL: the value's text is what orders */
} mr_result;

/* Takes results in order. */
typedef bool mr_result_sink(void *receiver, const mr_result *result, mr_error *error);

/* A finished part of the output, one for each partition (or chunk, in a map job), in one place. */
typedef struct mr_part {
    uint32_t worker;   /* in whose output region or output file it is */
    uint32_t in_file;  /* 1: in the output file of the worker, 0: in its region */
    mr_extent place;   /* in the region: these bytes, and their XXH3; in a file: a run of blocks */
    uint64_t bytes;    /* its length, without the headers of blocks */
    uint64_t results;  /* results in it */
    uint64_t released; /* how much of the region's sequence of bytes the worker may use again, once this part and all
                        * earlier ones of the worker have been delivered */
} mr_part;

/* Verifies a part in a region (those of all workers); one in a file is verified block by block, while it is read. */
static inline bool mr_part_verify(const mr_part *part, const mr_arena *regions, mr_error *error) {
    if (part->in_file) return true;
    const char *bytes = regions[part->worker].base + part->place.offset;
    return mr_hash_bytes(bytes, part->bytes) == part->place.checksum ||
           mr_error_damage(error, "it is damaged: a plugin has written where it may not");
}

/* Takes bytes of output: reserve gives room for at most length bytes (NULL on error), commit says how many it was. */
typedef struct mr_byte_sink {
    char *(*reserve)(void *receiver, size_t length, mr_error *error);
    void (*commit)(void *receiver, size_t length);
    void *receiver; /* for both */
} mr_byte_sink;

/* How results are ordered: bits. Without any it is the order of keys that the job has anyway. */
enum mr_sort {
    MR_SORT_KEY = 0,
    MR_SORT_VALUE = 1,      /* by value, not by key */
    MR_SORT_DESCENDING = 2, /* the last first */
    MR_SORT_NUMERIC = 4,    /* as numbers */
    MR_SORT_VALUE_DESCENDING = MR_SORT_VALUE | MR_SORT_DESCENDING
};

#endif
