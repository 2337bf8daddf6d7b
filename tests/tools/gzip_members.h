/* gzip_members.h - making gzip members of all kinds for tests, with zlib. */
#ifndef MR_TESTS_GZIP_MEMBERS_H
#define MR_TESTS_GZIP_MEMBERS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MEMBER_OVERHEAD = 128, BGZF_HEADER = 18, BGZF_TRAILER = 8, BGZF_TEXT_MOST = 65280 };

/* The most bytes that a member with so many bytes of text can have. */
static inline size_t member_room(size_t length) {
    return length + length / 1000 + MEMBER_OVERHEAD;
}

/* Deflates at a level; window_bits as zlib has them. header: of gzip; NULL: as usual, or none. Returns the length. */
static inline size_t deflate_all(char *to, size_t room, const char *text, size_t length, int level, int window_bits,
                                 gz_header *header) {
    z_stream stream = {0};
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    if (header) deflateSetHeader(&stream, header);
    stream.next_in = (unsigned char *)text; /* only read */
    stream.avail_in = (unsigned)length;
    stream.next_out = (unsigned char *)to;
    stream.avail_out = (unsigned)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) abort();
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return written;
}

/* Writes a member as gzip does; to has member_room(length) bytes. */
static inline size_t put_member(char *to, const char *text, size_t length, int level) {
    return deflate_all(to, member_room(length), text, length, level, 15 + 16, NULL);
}

/* The same with more in its header: of its low bits, 1 stands for a checksum, 2 for extra fields, 4 for a name, 8 for a
 * comment. */
static inline size_t put_member_with(char *to, const char *text, size_t length, unsigned what) {
    unsigned char extra[] = "AB\x03\0abc", name[] = "a name", comment[] = "and a comment";
    gz_header header = {.hcrc = what & 1};
    if (what & 2) header.extra = extra;
    header.extra_len = what & 16 ? 0 : sizeof extra - 1;
    if (what & 4) header.name = name;
    if (what & 8) header.comment = comment;
    return deflate_all(to, member_room(length), text, length, 6, 15 + 16, &header);
}

static inline void put_number(char *to, uint32_t number, int bytes) {
    for (int i = 0; i < bytes; i++)
        to[i] = (char)(number >> 8 * i);
}

/* Writes a BGZF block of at most BGZF_TEXT_MOST bytes of text; to has member_room(length) bytes. */
static inline size_t put_bgzf_block(char *to, const char *text, size_t length, int level) {
    static const char header[] = "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0";
    size_t room = member_room(length) - BGZF_HEADER - BGZF_TRAILER;
    memcpy(to, header, sizeof header - 1);
    size_t coded = deflate_all(to + BGZF_HEADER, room, text, length, level, -15, NULL);
    size_t block = BGZF_HEADER + coded + BGZF_TRAILER;
    put_number(to + BGZF_HEADER - 2, (uint32_t)block - 1, 2);
    put_number(to + block - 8, (uint32_t)crc32(0, (const unsigned char *)text, (unsigned)length), 4);
    put_number(to + block - 4, (uint32_t)length, 4);
    return block;
}

#endif
