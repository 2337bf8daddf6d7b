/* decode.h - reading bytes from front to back that may be compressed. Any process.
 *
 * What they are is told by their first bytes, never by a name: gzip (any number of members, zeros behind the last),
 * zstd (any number of frames) where its library was found when mr was built, or anything else, which is passed on as it
 * is.
 */
#ifndef MR_DATA_DECODE_H
#define MR_DATA_DECODE_H

#include "data/inflate.h"

enum mr_coding {
    MR_CODING_UNKNOWN, /* it takes more bytes to tell */
    MR_CODING_NONE,
    MR_CODING_GZIP,
    MR_CODING_ZSTD
};

/* How bytes that begin like this are coded. */
enum mr_coding mr_coding_of(const char *bytes, size_t length);

/* Whether this mr can read a coding. */
bool mr_coding_is_known(enum mr_coding coding);

/* What mr_coded_source.read returns besides a number of bytes; 0 is the end. */
enum { MR_READ_FAILED = -1 /* errno says why */, MR_READ_NOTHING_YET = -2 /* more may come, but not at once */ };

/* Where coded bytes come from. */
typedef struct mr_coded_source {
    int64_t (*read)(void *receiver, char *bytes, size_t room); /* up to room bytes, in order */
    void *receiver;                                            /* for read */
} mr_coded_source;

/* A stream being read. */
typedef struct mr_decoder {
    mr_coded_source from;
    uint64_t window;          /* zstd: the most bytes of memory that a frame may ask for */
    enum mr_coding coding;    /* of the stream */
    char *buffer;             /* coded bytes that have been read; owned */
    size_t begin;             /* of those not decoded yet */
    size_t end;               /* behind them */
    uint64_t taken;           /* bytes read from the source so far */
    bool source_ended;        /* there are no more */
    bool inside;              /* of a member or frame: it is not complete */
    bool padded;              /* gzip: there have been zeros behind the last member */
    mr_inflater *inflater;    /* gzip; owned */
    struct ZSTD_DCtx_s *zstd; /* zstd; owned */
} mr_decoder;

/* What mr_decode came to. */
enum mr_decoded {
    MR_DECODED_SOME,    /* at least one byte */
    MR_DECODED_NOTHING, /* no byte, since none comes at present */
    MR_DECODED_END      /* no byte, since all is read, and it was complete */
};

/* Prepares for reading. Release with mr_decoder_close, also after a failure. */
bool mr_decoder_open(mr_decoder *decoder, mr_coded_source from, uint64_t window, mr_error *error);
void mr_decoder_close(mr_decoder *decoder);

/* Decodes into room (> 0) bytes; *length says how many it were. On failure the error says what is wrong, and at which
 * byte of the coded stream. */
bool mr_decode(mr_decoder *decoder, char *bytes, size_t room, size_t *length, enum mr_decoded *state, mr_error *error);

#endif
