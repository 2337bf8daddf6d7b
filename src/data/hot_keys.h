/* hot_keys.h - the most frequent of some keys. Any process.
 *
 *     mr_hot_keys hot = {0};
 *     for each different key: mr_hot_keys_add(&hot, key, how many pairs have it);
 *     mr_hot_keys_finish(&hot);
 */
#ifndef MR_DATA_HOT_KEYS_H
#define MR_DATA_HOT_KEYS_H

#include "data/bytes.h"

enum {
    MR_HOT_KEYS = 5,
    MR_HOT_KEY_BYTES = 64,                      /* of a key that are shown */
    MR_HOT_KEY_TEXT = 4 * MR_HOT_KEY_BYTES + 8, /* room for it as text */
};

/* A key that comes often. */
typedef struct mr_hot_key {
    char key[MR_HOT_KEY_BYTES]; /* its first bytes, as they are */
    uint32_t length;            /* of the whole key, in bytes */
    uint64_t pairs;             /* that have it, of those that were looked at */
    double share;               /* of all pairs that were looked at, 0 to 1; set by mr_hot_keys_finish */
} mr_hot_key;

/* Initialise with {0}. It points nowhere, and may lie in shared memory. */
typedef struct mr_hot_keys {
    mr_hot_key list[MR_HOT_KEYS]; /* most frequent first; of those that are as frequent the first that was added */
    uint64_t count;               /* of them */
    uint64_t pairs;               /* of all keys that were added */
} mr_hot_keys;

/* Takes notice of a key, which has not been added before, and its pairs. The key is copied. */
void mr_hot_keys_add(mr_hot_keys *keys, mr_slice key, uint64_t pairs);

/* All keys have been added: tells their shares. */
void mr_hot_keys_finish(mr_hot_keys *keys);

/* A key as text for people, in quotes: what is not visible as \n or \xff, and dots behind it when it is cut. Of key
 * only the first most bytes, at most MR_HOT_KEY_BYTES, have to be there. text has room for MR_HOT_KEY_TEXT bytes, and
 * is returned. */
const char *mr_key_text(mr_slice key, size_t most, char *text);
const char *mr_hot_key_text(const mr_hot_key *key, char *text);

#endif
