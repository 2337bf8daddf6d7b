/* bytes.h - comparing, hashing and coding short byte strings; inlined because every pair passes through here. */
#ifndef MR_DATA_BYTES_H
#define MR_DATA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mr.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Bytes that can be read (and are then ignored) behind the records in every buffer that keys are read from, so that a
 * short key can be loaded as two words without looking where it ends. */
enum { MR_READ_SLACK = MR_TEXT_SLACK };

static inline uint64_t mr_hash_bytes(const void *bytes, size_t length) {
    return XXH3_64bits(bytes, length);
}

static inline uint64_t mr_load_u64(const void *from) {
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t mr_load_u32(const void *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline void mr_store_u64(void *to, uint64_t value) {
    memcpy(to, &value, sizeof value);
}

static inline void mr_store_u32(void *to, uint32_t value) {
    memcpy(to, &value, sizeof value);
}

/* Whether two strings of the same length are equal: overlapping words instead of a call, since keys are short. */
static inline bool mr_same_bytes(const char *a, const char *b, size_t length) {
    if (length - 16 <= 16) {
        uint64_t front = (mr_load_u64(a) ^ mr_load_u64(b)) | (mr_load_u64(a + 8) ^ mr_load_u64(b + 8));
        a += length - 16;
        b += length - 16;
        return (front | (mr_load_u64(a) ^ mr_load_u64(b)) | (mr_load_u64(a + 8) ^ mr_load_u64(b + 8))) == 0;
    }
    if (length >= 8) {
        size_t last = length - 8;
        for (size_t i = 0; i < last; i += 8)
            if (mr_load_u64(a + i) != mr_load_u64(b + i)) return false;
        return mr_load_u64(a + last) == mr_load_u64(b + last);
    }
    if (length >= 4)
        return mr_load_u32(a) == mr_load_u32(b) && mr_load_u32(a + length - 4) == mr_load_u32(b + length - 4);
    if (length == 0) return true;
    return a[0] == b[0] && a[length / 2] == b[length / 2] && a[length - 1] == b[length - 1];
}

/* Bytewise order: below, equal to or above zero. A proper prefix comes first. */
static inline int mr_compare_bytes(mr_slice a, mr_slice b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order) return order;
    return (a.length > b.length) - (a.length < b.length);
}

/* Eight bytes of a string from depth on as a number that orders like the bytes; zeros stand for what is missing. */
static inline uint64_t mr_prefix_at(const char *bytes, size_t length, size_t depth) {
    uint64_t prefix = 0;
    if (depth + 8 <= length) return __builtin_bswap64(mr_load_u64(bytes + depth));
    for (size_t i = depth; i < length; i++)
        prefix |= (uint64_t)(unsigned char)bytes[i] << (56 - 8 * (i - depth));
    return prefix;
}

/* Numbers in runs are coded in 7 bits a byte, low bits first, the top bit set on all but the last: small ones are
 * common. At most MR_VARINT_MAX bytes. */
enum { MR_VARINT_MAX = 10 };

static inline char *mr_put_varint(char *to, uint64_t value) {
    while (value >= 128) {
        *to++ = (char)(value | 128);
        value >>= 7;
    }
    *to++ = (char)value;
    return to;
}

/* Reads a number and moves *from behind it; false when it does not end before end. */
static inline bool mr_get_varint(const char **from, const char *end, uint64_t *value) {
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*from == end) return false;
        unsigned char byte = (unsigned char)*(*from)++;
        result |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *value = result;
            return true;
        }
    }
    return false;
}

#endif
