#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "data/bytes.h"
#include "host/context.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Words are found 64 bytes at a time: a bit mask says which bytes are part of a word, and the edges in the mask are the
 * starts and ends of words. The same pass folds ASCII letters to lower case in place. Words with other bytes are then
 * looked at one by one, because lower case can make them longer or shorter: those that still fit stay in place, the
 * others move to memory of the context, which lasts until the next piece of input. */

enum { BLOCK = 64 };

/* What one block says. */
typedef struct block_masks {
    uint64_t words; /* bit i: byte i is part of a word */
    uint64_t wide;  /* bit i: byte i is not ASCII */
} block_masks;

#if defined(__SSE2__)

/* Bit masks of 16 bytes; folds them in place when asked to. */
static inline void scan_vector(char *bytes, bool lower, unsigned shift, block_masks *masks) {
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    /* Bytes 9 to 13: byte - 9 is from 0 to 4. Shifting the range to the bottom of the signed numbers needs one test. */
    __m128i shifted = _mm_add_epi8(text, _mm_set1_epi8((char)(128 - 9)));
    __m128i control = _mm_cmpgt_epi8(_mm_set1_epi8((char)(-128 + 5)), shifted);
    __m128i space = _mm_or_si128(_mm_cmpeq_epi8(text, _mm_set1_epi8(' ')), control);
    masks->words |= (uint64_t)(~(unsigned)_mm_movemask_epi8(space) & 0xffff) << shift;
    masks->wide |= (uint64_t)(unsigned)_mm_movemask_epi8(text) << shift;
    if (!lower) return;
    __m128i capital =
        _mm_and_si128(_mm_cmpgt_epi8(text, _mm_set1_epi8('A' - 1)), _mm_cmpgt_epi8(_mm_set1_epi8('Z' + 1), text));
    __m128i folded = _mm_or_si128(text, _mm_and_si128(capital, _mm_set1_epi8(0x20)));
    _mm_storeu_si128((__m128i *)(void *)bytes, folded);
}

static inline block_masks scan_block(char *bytes, bool lower) {
    block_masks masks = {0, 0};
    for (unsigned i = 0; i < BLOCK; i += 16)
        scan_vector(bytes + i, lower, i, &masks);
    return masks;
}

#else

static inline block_masks scan_block(char *bytes, bool lower) {
    block_masks masks = {0, 0};
    for (unsigned i = 0; i < BLOCK; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        bool space = byte == ' ' || (byte >= 9 && byte <= 13);
        masks.words |= (uint64_t)!space << i;
        masks.wide |= (uint64_t)(byte >> 7) << i;
        if (lower && byte >= 'A' && byte <= 'Z') bytes[i] = (char)(byte | 0x20);
    }
    return masks;
}

#endif

/* The masks of the last, short block: looked at in a copy, with spaces behind it. */
static block_masks scan_rest(char *bytes, size_t length, bool lower) {
    char copy[BLOCK];
    memset(copy, ' ', sizeof copy);
    memcpy(copy, bytes, length);
    block_masks masks = scan_block(copy, lower);
    if (lower) memcpy(bytes, copy, length);
    return masks;
}

static void add_slice(mr_scan *scan, const char *start, const char *end) {
    scan->found[scan->count++] = (uint32_t)(start - scan->base);
    scan->found[scan->count++] = (uint32_t)(end - scan->base);
}

/* Fills the batch with words between spaces; returns whether any of the text looked at is not ASCII. */
static bool find_space_words(mr_scan *scan, bool lower) {
    char *at = scan->next, *start = NULL; /* start: of a word that goes on */
    bool wide = false;
    while (at < scan->end && scan->count + BLOCK + 2 <= MR_SCAN_FOUND) {
        size_t left = (size_t)(scan->end - at);
        block_masks masks = left >= BLOCK ? scan_block(at, lower) : scan_rest(at, left, lower);
        uint64_t edges = masks.words ^ (masks.words << 1 | (start != NULL));
        wide |= masks.wide != 0;
        for (; edges; edges &= edges - 1) {
            char *edge = at + __builtin_ctzll(edges);
            if (start) add_slice(scan, start, edge);
            start = start ? NULL : edge;
        }
        at += left < BLOCK ? left : BLOCK;
    }
    if (start && at == scan->end) add_slice(scan, start, at);
    scan->next = start && at < scan->end ? start : at;
    return wide;
}

static bool is_letter(utf8proc_int32_t code) {
    utf8proc_category_t category = utf8proc_category(code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static inline bool is_ascii_letter(char byte) {
    return (unsigned char)((byte | 0x20) - 'a') < 26;
}

/* Length in bytes of the letter at at; 0 when there is none (then *skip is the length of what is there instead). */
static size_t letter_length(const char *at, const char *end, size_t *skip) {
    *skip = 1;
    if (!(*at & 0x80)) return is_ascii_letter(*at);
    utf8proc_int32_t code;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)at, end - at, &code);
    if (length <= 0) return 0; /* an invalid byte separates */
    *skip = (size_t)length;
    return is_letter(code) ? (size_t)length : 0;
}

static bool find_letter_words(mr_scan *scan, bool lower) {
    char *at = scan->next;
    bool wide = false;
    while (at < scan->end && scan->count + 2 <= MR_SCAN_FOUND) {
        char *start = at;
        size_t length = 0, skip = 0;
        while (at < scan->end && (length = letter_length(at, scan->end, &skip)) > 0) {
            if (length > 1)
                wide = true;
            else if (lower)
                *at |= 0x20;
            at += length;
        }
        if (at > start) add_slice(scan, start, at);
        if (at < scan->end) at += skip;
    }
    scan->next = at;
    return wide;
}

static bool is_ascii(mr_slice word) {
    size_t i = 0;
    for (; i + 8 <= word.length; i += 8)
        if (mr_load_u64(word.data + i) & 0x8080808080808080ull) return false;
    for (; i < word.length; i++)
        if (word.data[i] & 0x80) return false;
    return true;
}

/* Writes the lower case of a word to to (room for 3/2 of it, and 4 bytes); invalid bytes stay. Returns its end. */
static char *lower_word(char *to, mr_slice word) {
    const char *at = word.data, *end = at + word.length;
    while (at < end) {
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)at, end - at, &code);
        if (length > 0) {
            to += utf8proc_encode_char(utf8proc_tolower(code), (utf8proc_uint8_t *)to);
            at += length;
        } else {
            *to++ = *at++;
        }
    }
    return to;
}

/* Keeps a word that has become longer than it was, until the next piece of input. */
static const char *keep_word(mr_context *context, const char *bytes, size_t length) {
    mr_kept_word *kept = malloc(sizeof *kept + length);
    if (!kept) return NULL;
    kept->next = context->kept_words;
    context->kept_words = kept;
    return memcpy(kept->bytes, bytes, length);
}

/* Room for the lower case of a word: the longest growth is from two bytes to three. */
static bool need_scratch(mr_context *context, size_t length) {
    size_t need = length + length / 2 + 4;
    if (need <= context->scratch_size) return true;
    free(context->scratch);
    context->scratch = malloc(need);
    context->scratch_size = context->scratch ? need : 0;
    return context->scratch || mr_error_memory(&context->error, need, "a lower-case word");
}

/* Gives out a word that does not fit where it was, as a batch of its own. */
static void give_kept_word(mr_scan *scan, const char *end, size_t length) {
    mr_context *context = (mr_context *)(void *)scan->ctx;
    const char *kept = keep_word(context, context->scratch, length);
    if (!kept) mr_error_memory(&context->error, length, "a lower-case word");
    scan->next = (char *)end;
    scan->base = kept;
    scan->found[0] = 0;
    scan->found[1] = kept ? (uint32_t)length : 0;
    scan->count = 2;
}

/* Folds the words that are not ASCII: in place where they fit, and they nearly always do. A word that does not fit ends
 * the batch before it, and is then a batch of its own. */
static void lower_wide_words(mr_scan *scan) {
    mr_context *context = (mr_context *)(void *)scan->ctx;
    for (uint32_t i = 0; i < scan->count; i += 2) {
        char *start = (char *)scan->base + scan->found[i], *end = (char *)scan->base + scan->found[i + 1];
        mr_slice word = mr_bytes(start, (size_t)(end - start));
        if (is_ascii(word)) continue;
        if (!need_scratch(context, word.length)) return;
        size_t length = (size_t)(lower_word(context->scratch, word) - context->scratch);
        if (length <= word.length) {
            memcpy(start, context->scratch, length);
            scan->found[i + 1] = scan->found[i] + (uint32_t)length;
        } else if (i == 0) {
            give_kept_word(scan, end, length);
            return;
        } else {
            scan->next = start;
            scan->count = i;
            return;
        }
    }
}

void mr_context_forget_words(mr_context *context) {
    while (context->kept_words) {
        mr_kept_word *kept = context->kept_words;
        context->kept_words = kept->next;
        free(kept);
    }
}

static void find_lines(mr_scan *scan) {
    while (scan->next < scan->end && scan->count + 2 <= MR_SCAN_FOUND) {
        char *newline = memchr(scan->next, '\n', (size_t)(scan->end - scan->next));
        char *end = newline ? newline : scan->end;
        add_slice(scan, scan->next, end);
        scan->next = newline ? newline + 1 : end;
    }
}

static void find_rows(mr_scan *scan) {
    while (scan->next < scan->end && scan->count + 3 <= MR_SCAN_FOUND) {
        char *newline = memchr(scan->next, '\n', (size_t)(scan->end - scan->next));
        char *end = newline ? newline : scan->end;
        char *cut = memchr(scan->next, (int)(scan->state & 255), (size_t)(end - scan->next));
        add_slice(scan, scan->next, cut ? cut : end);
        scan->found[scan->count++] = (uint32_t)(end - scan->base);
        scan->next = newline ? newline + 1 : end;
    }
}

/* Bit 256 of the state: one more field is to come, be it empty. */
static void find_fields(mr_scan *scan) {
    while ((scan->state & 256) && scan->count + 2 <= MR_SCAN_FOUND) {
        char *delimiter = scan->next < scan->end
                              ? memchr(scan->next, (int)(scan->state & 255), (size_t)(scan->end - scan->next))
                              : NULL;
        char *end = delimiter ? delimiter : scan->end;
        add_slice(scan, scan->next, end);
        scan->next = delimiter ? delimiter + 1 : end;
        if (!delimiter) scan->state &= 255;
    }
}

void mr_scan_refill(mr_scan *scan) {
    bool lower = scan->kind & MR_LOWER;
    bool wide = false;
    scan->taken = 0;
    scan->count = 0;
    scan->base = scan->next;
    switch (scan->kind & ~(uint32_t)MR_LOWER) {
    case MR_WORDS_SPACE:
        wide = find_space_words(scan, lower);
        break;
    case MR_WORDS_LETTERS:
        wide = find_letter_words(scan, lower);
        break;
    case MR_LINES:
        find_lines(scan);
        break;
    case MR_FIELDS:
        find_fields(scan);
        break;
    case MR_ROWS:
        find_rows(scan);
        break;
    default:
        mr_fail(scan->ctx, "it looks for parts of an unknown kind (%u)", scan->kind);
    }
    if (lower && wide) lower_wide_words(scan);
}
