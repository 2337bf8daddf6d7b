#include "data/hot_keys.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"

void mr_hot_keys_add(mr_hot_keys *keys, mr_slice key, uint64_t pairs) {
    size_t place = keys->count;
    keys->pairs += pairs;
    while (place && keys->list[place - 1].pairs < pairs)
        place--;
    if (place == MR_HOT_KEYS) return;
    if (keys->count < MR_HOT_KEYS) keys->count++;
    memmove(&keys->list[place + 1], &keys->list[place], (keys->count - 1 - place) * sizeof *keys->list);
    mr_hot_key *added = &keys->list[place];
    *added = (mr_hot_key){.length = (uint32_t)key.length, .pairs = pairs};
    if (key.length) memcpy(added->key, key.data, mr_smaller(key.length, MR_HOT_KEY_BYTES));
}

void mr_hot_keys_finish(mr_hot_keys *keys) {
    for (uint64_t i = 0; i < keys->count; i++)
        keys->list[i].share = (double)keys->list[i].pairs / (double)mr_larger(keys->pairs, 1);
}

const char *mr_key_text(mr_slice key, size_t most, char *text) {
    size_t shown = mr_smaller(key.length, most);
    char *to = text;
    *to++ = '\'';
    for (size_t i = 0; i < shown; to += strlen(to))
        i += mr_utf8_show(key.data + i, shown - i, to);
    snprintf(to, sizeof "...'", "%s'", key.length > shown ? "..." : "");
    return text;
}

const char *mr_hot_key_text(const mr_hot_key *key, char *text) {
    return mr_key_text(mr_bytes(key->key, key->length), MR_HOT_KEY_BYTES, text);
}
