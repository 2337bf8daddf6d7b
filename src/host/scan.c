#include "host/scan.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "host/context.h"
#include "host/scan_kernel.h"

/* The loops that find parts of a text exist once for each kind of processor (scan_loops.h); here is what is rare:
 * characters outside of ASCII. Whether they are letters is looked up one by one. Words that have such characters are
 * folded to lower case one by one, because that can make them longer or shorter: those that still fit stay in place,
 * the others move to memory of the context, which lasts until the next piece of input. */

/* By mr_processor; NULL: not on this architecture. */
static const mr_scan_kernel *const kernels[MR_PROCESSORS] = {
    [MR_PORTABLE] = &mr_scan_portable,
#if defined(__x86_64__)
    [MR_SSE2] = &mr_scan_sse2,
    [MR_AVX2] = &mr_scan_avx2,
    [MR_AVX512] = &mr_scan_avx512,
#elif defined(__aarch64__) && defined(__ARM_NEON)
    [MR_NEON] = &mr_scan_neon,
#endif
};

static const mr_scan_kernel *kernel = &mr_scan_portable;

void mr_scan_use(mr_processor processor) {
    kernel = kernels[processor];
}

/* ---- positions of bits ------------------------------------------------------------------------------------------- */

/* The positions that are above in bits, with i before them when bit i is set. */
#define WITH(bits, i, above)                                                                                           \
    ((uint64_t)(above) << 8 * ((bits) >> (i)&1) | (uint64_t)((bits) >> (i)&1) * (i)) /* bytes move up for one more */
#define POSITIONS(bits)                                                                                                \
    WITH(bits, 0,                                                                                                      \
         WITH(bits, 1, WITH(bits, 2, WITH(bits, 3, WITH(bits, 4, WITH(bits, 5, WITH(bits, 6, WITH(bits, 7, 0))))))))
#define FOUR(bits)      POSITIONS(bits), POSITIONS((bits) + 1), POSITIONS((bits) + 2), POSITIONS((bits) + 3)
#define SIXTEEN(bits)   FOUR(bits), FOUR((bits) + 4), FOUR((bits) + 8), FOUR((bits) + 12)
#define SIXTYFOUR(bits) SIXTEEN(bits), SIXTEEN((bits) + 16), SIXTEEN((bits) + 32), SIXTEEN((bits) + 48)

const uint64_t mr_scan_positions[256] = {SIXTYFOUR(0), SIXTYFOUR(64), SIXTYFOUR(128), SIXTYFOUR(192)};

/* ---- letters ----------------------------------------------------------------------------------------------------- */

static bool is_letter(utf8proc_int32_t code) {
    utf8proc_category_t category = utf8proc_category(code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

uint64_t mr_scan_wide_letters(const char *block, const char *end, uint64_t wide, mr_scan_beyond *beyond) {
    uint64_t letters = beyond->letters;
    wide &= ~beyond->known;
    *beyond = (mr_scan_beyond){0};
    while (wide) {
        unsigned start = (unsigned)__builtin_ctzll(wide);
        utf8proc_int32_t code;
        utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)block + start, end - block - start, &code);
        bool letter = length > 0 && is_letter(code); /* an invalid byte separates */
        uint64_t bytes = ((uint64_t)1 << (length > 0 ? length : 1)) - 1;
        wide &= ~(bytes << start);
        if (letter) letters |= bytes << start;
        beyond->known = start > 0 ? bytes >> (MR_SCAN_BLOCK - start) : 0;
        beyond->letters = letter ? beyond->known : 0;
    }
    return letters;
}

/* ---- lower case -------------------------------------------------------------------------------------------------- */

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
    const char *kept = length <= UINT32_MAX ? keep_word(context, context->scratch, length) : NULL;
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

/* ---- scanning ---------------------------------------------------------------------------------------------------- */

/* Ends a scan that cannot go on. */
static void end_scan(mr_scan *scan) {
    scan->next = scan->end;
    scan->state &= 255;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* Reads the number of a row that the kernel has left over: an unusual one, or none at all. */
static bool read_unusual(const mr_ctx *ctx, const char *base, const uint32_t *row, unsigned decimals, int64_t *number) {
    if (row[1] == row[2]) return false;
    mr_slice text = mr_bytes(base + row[1] + 1, row[2] - row[1] - 1);
    if (text.length && text.data[text.length - 1] == '\r') text.length--;
    return mr_decimal_of(ctx, text, decimals, number);
}

/* Reads the numbers of the rows in found, of which then remain the keys, or the whole lines that are no measures. */
static void read_measures(mr_scan *scan) {
    unsigned decimals = scan->state >> 16;
    size_t count = scan->count / 3;
    bool by_kernel = mr_in_text(scan->ctx, mr_bytes(scan->base, 1)) && decimals < 8;
    if (by_kernel) kernel->read_numbers(scan->base, scan->found, count, decimals, scan->numbers);
    for (size_t i = 0; i < count; i++) {
        const uint32_t *row = scan->found + 3 * i;
        bool usual = by_kernel && scan->numbers[i] != MR_UNUSUAL;
        scan->measured[i] = usual || read_unusual(scan->ctx, scan->base, row, decimals, &scan->numbers[i]);
        uint32_t start = row[0], end = row[scan->measured[i] ? 1 : 2];
        scan->found[2 * i] = start;
        scan->found[2 * i + 1] = end;
    }
    scan->count = (uint32_t)(2 * count);
}

static void find(mr_scan *scan) {
    scan->base = scan->next;
    switch (scan->kind & ~(uint32_t)MR_LOWER) {
    case MR_WORDS_SPACE:
    case MR_WORDS_LETTERS:
        if (kernel->find_words(scan) && (scan->kind & MR_LOWER)) lower_wide_words(scan);
        break;
    case MR_LINES:
    case MR_FIELDS:
    case MR_ROWS:
        kernel->find_parts(scan);
        break;
    case MR_MEASURES:
        kernel->find_parts(scan);
        read_measures(scan);
        break;
    default:
        mr_fail(scan->ctx, "it looks for parts of an unknown kind (%u)", scan->kind);
        end_scan(scan);
    }
}

/* Bit 256 of the state: one more field is to come, be it empty. */
void mr_scan_refill(mr_scan *scan) {
    scan->taken = 0;
    scan->count = 0;
    while (scan->count == 0 && (scan->next < scan->end || (scan->state & 256))) {
        find(scan);
        if (scan->count > 0 || scan->next != scan->base) continue;
        mr_fail(scan->ctx, "a part of the text is longer than 4 GiB");
        end_scan(scan);
    }
}

uint64_t mr_count_newlines(const char *bytes, size_t length) {
    return kernel->count_bytes(bytes, length, '\n');
}
