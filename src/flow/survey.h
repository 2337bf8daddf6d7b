/* survey.h - looking at some of the input before a job is run: what comes of each of some pieces of it. Nothing of what
 * map emits goes any further than into counts. */
#ifndef MR_FLOW_SURVEY_H
#define MR_FLOW_SURVEY_H

#include "flow/flow.h"

enum {
    MR_SURVEY_PIECES = 1024,      /* the most pieces of an input that are looked at */
    MR_SURVEY_PIECE_KEYS = 16384, /* keys that are noted of a piece */
    MR_SURVEY_HOT = 16,           /* keys of a piece whose bytes are noted */
    MR_SURVEY_LOOKS = 8,          /* different ones that keys may have */
    MR_SURVEY_KEY = 64            /* bytes of such a key, at most */
};

/* A key of a piece. */
typedef struct mr_survey_key {
    uint64_t hash;   /* mr_hash_bytes of the full key, which stands for it */
    uint32_t pairs;  /* of the piece that have it */
    uint16_t halves; /* bits: in which halves of the piece; 1 the first, 2 the second */
    uint16_t look;   /* what it looks like: below MR_SURVEY_LOOKS */
} mr_survey_key;

/* A key that came often in a piece. */
typedef struct mr_survey_hot {
    uint64_t hash;
    uint64_t pairs;            /* of the piece that have it */
    uint32_t length;           /* of the key, in bytes, without its partition */
    char bytes[MR_SURVEY_KEY]; /* its first ones */
} mr_survey_hot;

/* What came of one piece. In memory that all processes share; the worker that maps the piece writes it, all of it again
 * if it is mapped again. */
typedef struct mr_survey_piece {
    uint64_t bytes;              /* of the input that the piece stands for */
    uint64_t records;            /* that begin in it */
    uint64_t pairs;              /* emitted */
    uint64_t key_bytes;          /* of the keys of all pairs */
    uint64_t value_bytes;        /* of their values */
    uint64_t distinct;           /* keys */
    uint64_t distinct_key_bytes; /* of them, each counted once */
    uint64_t lost;               /* pairs whose keys could not be told apart, because there were too many */
    uint64_t map_bytes;          /* mapped in earnest: the same as bytes; 0: not at all */
    double map_seconds;          /* that this took */
    uint32_t level;              /* of the keys only those are noted whose hash has so many zeros at its upper end */
    uint32_t key_count;          /* noted */
    uint32_t hot_count;          /* noted */
    mr_survey_hot hot[MR_SURVEY_HOT];         /* the most frequent first */
    mr_survey_key keys[MR_SURVEY_PIECE_KEYS]; /* in no order */
} mr_survey_piece;

/* Counts what map emits for a piece. [map] */
typedef struct mr_surveyor {
    mr_context *context;    /* the plugin; borrowed */
    mr_table keys;          /* full key -> pairs in the first half of the piece, and in the second: uint32_t each */
    mr_survey_piece *piece; /* the one at hand */
    uint64_t middle;        /* of it: a position in the input, for who sets half */
    unsigned half;          /* of it, from which pairs come: 0 or 1 */
    uint32_t most;          /* keys that are noted of a piece */
} mr_surveyor;

/* most: keys that are noted of a piece, at most MR_SURVEY_PIECE_KEYS. table: bytes of memory for all keys of a piece.
 */
bool mr_surveyor_open(mr_surveyor *surveyor, mr_context *context, uint32_t most, size_t table, mr_error *error);
void mr_surveyor_close(mr_surveyor *surveyor);

/* Begins a piece; forgets what may be there of an earlier attempt, but for map_bytes and map_seconds. */
void mr_surveyor_begin(mr_surveyor *surveyor, mr_survey_piece *piece);

/* A mr_pair_sink whose receiver is a mr_surveyor. */
bool mr_survey_pairs(void *receiver, const char *pairs, const char *end, mr_error *error);

/* Notes the keys of the piece. */
void mr_surveyor_end(mr_surveyor *surveyor);

#endif
