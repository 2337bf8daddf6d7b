/* digest.h - a name for anything that can be fed to it: 128 bits of XXH3, of which no two things that differ have the
 * same by chance. Any process. */
#ifndef MR_HOST_DIGEST_H
#define MR_HOST_DIGEST_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "data/bytes.h"

enum { MR_DIGEST_TEXT = 33 };

typedef struct mr_digest {
    XXH3_state_t state;
} mr_digest;

static inline void mr_digest_begin(mr_digest *digest) {
    XXH3_128bits_reset(&digest->state);
}

/* Feeds some bytes, and how many they are, so that two things in a row are not mistaken for one. */
static inline void mr_digest_add(mr_digest *digest, const void *bytes, size_t length) {
    uint64_t size = length;
    XXH3_128bits_update(&digest->state, &size, sizeof size);
    if (length) XXH3_128bits_update(&digest->state, bytes, length);
}

/* Feeds a text; NULL is another than an empty one. */
static inline void mr_digest_add_text(mr_digest *digest, const char *text) {
    mr_digest_add(digest, text ? text : "", text ? strlen(text) + 1 : 0);
}

/* The name of all that was fed, in 32 digits. */
static inline void mr_digest_text(const mr_digest *digest, char text[MR_DIGEST_TEXT]) {
    XXH128_hash_t hash = XXH3_128bits_digest(&digest->state);
    snprintf(text, MR_DIGEST_TEXT, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
}

#endif
