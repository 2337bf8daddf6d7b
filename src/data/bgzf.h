/* bgzf.h - BGZF files: gzip files of many small members that say how long they are, so that any place in them can be
 * found without decoding what is before it. Any process.
 *
 * Each member (a block here) holds at most 64 KiB, coded and decoded. Its header tells the length of the coded block,
 * its last four bytes that of the decoded one. The index is made of these alone, and they may lie: what they say is
 * held against the data when a block is decoded.
 */
#ifndef MR_DATA_BGZF_H
#define MR_DATA_BGZF_H

#include "base/stopwatch.h"
#include "data/inflate.h"

enum { MR_BGZF_BLOCK = 64 << 10 /* the most bytes of a block, coded or decoded */ };

/* Where a block is. */
typedef struct mr_bgzf_entry {
    uint64_t coded;   /* offset of its first byte in the file */
    uint64_t decoded; /* offset of what it holds in the decoded text */
} mr_bgzf_entry;

/* Where blocks are: some of them, from which the others are found in a few steps. */
typedef struct mr_bgzf_index {
    mr_bgzf_entry *entries; /* the first is {0, 0}; owned */
    size_t count;
    size_t room;      /* allocated */
    uint64_t coded;   /* bytes of the file */
    uint64_t decoded; /* bytes of the text */
} mr_bgzf_index;

/* Makes the index of an open file of size bytes. *is_bgzf: it consists of whole BGZF blocks, from the first byte to the
 * last; otherwise there is no index, and the file may still be a gzip file. False with errno set when the file cannot
 * be read, or there is no memory. Release with mr_bgzf_index_close. */
bool mr_bgzf_index_make(mr_bgzf_index *index, int file, uint64_t size, bool *is_bgzf);
void mr_bgzf_index_close(mr_bgzf_index *index);

/* Reads anywhere in the decoded text, and keeps the last block, since the next read is often in the same one. Zeroed to
 * begin with. */
typedef struct mr_bgzf_reader {
    mr_inflater *inflater;      /* NULL: nothing has been read yet; owned */
    const mr_bgzf_index *index; /* of the file at hand; borrowed */
    char *coded;                /* a block as it is in the file; owned */
    char *bytes;                /* the block at hand, decoded; owned */
    mr_bgzf_entry at;           /* where the block at hand is */
    mr_bgzf_entry next;         /* where the one behind it is */
    bool held;                  /* bytes holds the block at hand */
    mr_stopwatch *watch;        /* of the process; NULL: nobody wants to know; borrowed */
} mr_bgzf_reader;

/* Reads length bytes at an offset of the decoded text, which the index says are there. On failure the error says what
 * is wrong and at which byte of the file; but *changed is true, and no error set, when the file is shorter than it was.
 */
bool mr_bgzf_read(mr_bgzf_reader *reader, const mr_bgzf_index *index, int file, char *bytes, size_t length,
                  uint64_t offset, bool *changed, mr_error *error);
void mr_bgzf_reader_close(mr_bgzf_reader *reader);

#endif
