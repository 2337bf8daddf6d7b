/* A list of texts that lie one after the other, and their order. */

#ifndef DATASETS_TEXTS_H
#define DATASETS_TEXTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS_SLACK = 64 }; /* zero bytes behind the last text, so that copies may read further than a text goes */

/* Zeroed before use, and given back with texts_free. */
struct Texts {
    uint32_t count;    /* texts */
    uint32_t *offsets; /* where each begins in bytes; one more than texts, for the end of the last */
    uint32_t room;     /* texts that offsets has room for */
    char *bytes;       /* all texts, and TEXTS_SLACK */
    size_t bytes_room; /* bytes allocated for bytes */
};

/* Makes room for one more text of up to `length` bytes. */
static inline bool texts_reserve(struct Texts *texts, size_t length) {
    size_t used = texts->count > 0 ? texts->offsets[texts->count] : 0;
    if (used + length > UINT32_MAX) return false;
    if (texts->count == texts->room) {
        uint32_t room = texts->room + texts->room / 2 + 1024;
        uint32_t *offsets = realloc(texts->offsets, (room + (size_t)1) * sizeof *offsets);
        if (offsets == NULL) return false;
        texts->offsets = offsets;
        texts->room = room;
    }
    if (used + length + TEXTS_SLACK > texts->bytes_room) {
        size_t room = texts->bytes_room + texts->bytes_room / 2 + length + 65536;
        char *bytes = realloc(texts->bytes, room);
        if (bytes == NULL) return false;
        texts->bytes = bytes;
        texts->bytes_room = room;
    }
    return true;
}

/* Adds a copy of a text. Returns false when memory does not suffice, or all texts together have 4 GiB. */
static inline bool texts_add(struct Texts *texts, const char *text, size_t length) {
    if (!texts_reserve(texts, length)) return false;
    if (texts->count == 0) texts->offsets[0] = 0;
    uint32_t offset = texts->offsets[texts->count];
    memcpy(texts->bytes + offset, text, length);
    memset(texts->bytes + offset + length, 0, TEXTS_SLACK);
    texts->offsets[++texts->count] = offset + (uint32_t)length;
    return true;
}

static inline const char *texts_at(const struct Texts *texts, uint32_t index) {
    return texts->bytes + texts->offsets[index];
}

static inline size_t texts_length(const struct Texts *texts, uint32_t index) {
    return texts->offsets[index + 1] - texts->offsets[index];
}

/* Copies a text there and returns its end. Copies of a fixed size are faster than exact ones; up to 32 bytes behind the
 * text change. */
static inline char *put_text(char *to, const struct Texts *texts, uint32_t index) {
    const char *text = texts_at(texts, index);
    size_t length = texts_length(texts, index);
    memcpy(to, text, 32);
    if (length > 32) memcpy(to + 32, text + 32, length - 32);
    return to + length;
}

/* For qsort_r: compares numbers of texts by their bytes. */
static inline int compare_texts(const void *left, const void *right, void *texts) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    size_t a_length = texts_length(texts, a), b_length = texts_length(texts, b);
    int order = memcmp(texts_at(texts, a), texts_at(texts, b), a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

/* The numbers of all texts in the order of their bytes, to be freed; NULL when memory does not suffice. */
static inline uint32_t *texts_order(const struct Texts *texts) {
    uint32_t *order = malloc((texts->count + (size_t)1) * sizeof *order);
    if (order == NULL) return NULL;
    for (uint32_t i = 0; i < texts->count; i++)
        order[i] = i;
    qsort_r(order, texts->count, sizeof *order, compare_texts, (void *)texts);
    return order;
}

static inline void texts_free(struct Texts *texts) {
    free(texts->offsets);
    free(texts->bytes);
}

#endif
