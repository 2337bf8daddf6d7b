#include "flow/survey.h"

/* All pairs of a piece are counted by key in a table, as exactly as they come. What is noted of it has a fixed size:
 * where a piece has more keys than there is room for, those are left out whose hash does not begin with enough zeros.
 * Which these are depends on the keys alone, so in the end, when all pieces are brought to the same number of zeros,
 * it is as if one key in 2^level had been looked at, wherever it is (adaptive sampling; Wegman, Flajolet 1990). */

enum {
    HOT_LEAST = 2,
    HOT_SHARE = 1000, /* keys with less than this part of the pairs are not hot */
    LONG_KEY = 10     /* bytes, from which on a key is long */
};

bool mr_surveyor_open(mr_surveyor *surveyor, mr_context *context, uint32_t most, size_t table, mr_error *error) {
    *surveyor = (mr_surveyor){.context = context, .most = most};
    return mr_table_open(&surveyor->keys, table, 2 * sizeof(uint32_t), error);
}

void mr_surveyor_close(mr_surveyor *surveyor) {
    mr_table_close(&surveyor->keys);
}

void mr_surveyor_begin(mr_surveyor *surveyor, mr_survey_piece *piece) {
    mr_table_clear(&surveyor->keys);
    surveyor->piece = piece;
    surveyor->half = 0;
    piece->records = piece->pairs = piece->key_bytes = piece->value_bytes = piece->distinct = 0;
    piece->distinct_key_bytes = piece->lost = 0;
    piece->level = piece->key_count = piece->hot_count = 0;
}

bool mr_survey_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_surveyor *surveyor = receiver;
    mr_survey_piece *piece = surveyor->piece;
    while (pairs < end) {
        mr_slice key, value;
        bool is_new;
        pairs = mr_pair_read(pairs, &key, &value);
        key = mr_context_full_key(surveyor->context, key);
        if (!mr_context_ok(surveyor->context, error)) return false;
        piece->pairs++;
        piece->key_bytes += key.length;
        piece->value_bytes += value.length;
        uint32_t *counts =
            mr_table_find(&surveyor->keys, key.data, key.length, mr_hash_bytes(key.data, key.length), &is_new);
        if (!counts) {
            piece->lost++;
            continue;
        }
        if (is_new) {
            counts[0] = counts[1] = 0;
            piece->distinct++;
            piece->distinct_key_bytes += key.length;
        }
        counts[surveyor->half]++;
    }
    return true;
}

static bool goes_before(const mr_survey_hot *a, const mr_survey_hot *b) {
    return a->pairs != b->pairs ? a->pairs > b->pairs : a->hash < b->hash;
}

/* Puts a key among the most frequent ones, if it is one of them. */
static void note_hot(mr_survey_piece *piece, const mr_survey_key *key, mr_slice bytes, uint32_t skip) {
    mr_survey_hot hot = {.hash = key->hash, .pairs = key->pairs};
    if (key->pairs < HOT_LEAST || key->pairs < piece->pairs / HOT_SHARE) return;
    uint32_t place = piece->hot_count;
    while (place && goes_before(&hot, &piece->hot[place - 1]))
        place--;
    if (place == MR_SURVEY_HOT) return;
    if (piece->hot_count < MR_SURVEY_HOT) piece->hot_count++;
    memmove(&piece->hot[place + 1], &piece->hot[place], (piece->hot_count - place - 1) * sizeof hot);
    hot.length = (uint32_t)bytes.length - skip;
    memcpy(hot.bytes, bytes.data + skip, hot.length < MR_SURVEY_KEY ? hot.length : MR_SURVEY_KEY);
    piece->hot[place] = hot;
}

/* Leaves out what the level does not allow for. */
static void raise_level(mr_survey_piece *piece) {
    uint32_t kept = 0;
    piece->level++;
    for (uint32_t i = 0; i < piece->key_count; i++)
        if (!(piece->keys[i].hash >> (64 - piece->level))) piece->keys[kept++] = piece->keys[i];
    piece->key_count = kept;
}

static void note_key(mr_survey_piece *piece, const mr_survey_key *key, uint32_t most) {
    while (piece->key_count == most && piece->level < 32)
        raise_level(piece);
    if (piece->level && key->hash >> (64 - piece->level)) return;
    piece->keys[piece->key_count++] = *key;
}

/* What a key looks like, by its first bytes: whether there are digits in it, or other signs that are no letters, and
 * whether it is long. */
static uint16_t look_of(mr_slice key) {
    enum { DIGIT = 1, OTHER = 2, LONG = 4 };
    unsigned look = key.length >= LONG_KEY ? LONG : 0;
    for (size_t i = 0; i < key.length && i < MR_SURVEY_KEY; i++) {
        unsigned char byte = (unsigned char)key.data[i], letter = byte | 0x20;
        bool is_digit = byte >= '0' && byte <= '9', is_letter = byte >= 0x80 || (letter >= 'a' && letter <= 'z');
        look |= is_digit ? DIGIT : is_letter ? 0 : OTHER;
    }
    return (uint16_t)look;
}

void mr_surveyor_end(mr_surveyor *surveyor) {
    mr_survey_piece *piece = surveyor->piece;
    mr_table *table = &surveyor->keys;
    uint32_t skip = mr_context_key_skip(surveyor->context);
    for (mr_entry *entry = mr_table_next(table, NULL); entry; entry = mr_table_next(table, entry)) {
        const uint32_t *counts = mr_entry_value(entry);
        mr_slice bytes = mr_bytes(mr_entry_key(table, entry), entry->key_length);
        mr_survey_key key = {.hash = mr_hash_bytes(bytes.data, bytes.length),
                             .pairs = counts[0] + counts[1],
                             .halves = (counts[0] ? 1u : 0) | (counts[1] ? 2u : 0),
                             .look = look_of(mr_bytes(bytes.data + skip, bytes.length - skip))};
        note_hot(piece, &key, bytes, skip);
        note_key(piece, &key, surveyor->most);
    }
}
