/* scan_loops.h - the loops of the scanner, for every processor. Included once by each scan_PROCESSOR.c, behind these:
 *
 *     block                               64 bytes of text, in registers
 *     block load_block(at)                loads 64 bytes
 *     block load_part(at, length, end)    loads 1 to 63 bytes, and anything behind them; reads nothing from end on
 *     store_block(at, block)              stores 64 bytes
 *     block lowered(block)                with ASCII capitals in lower case
 *     uint64_t space_bytes(block)         bit i: byte i is white space
 *     uint64_t letter_bytes(block)        bit i: byte i is an ASCII letter
 *     uint64_t capital_bytes(block)       bit i: byte i is an ASCII capital
 *     uint64_t wide_bytes(block)          bit i: byte i is not ASCII
 *     uint64_t equal_bytes(block, byte)   bit i: byte i is this one
 *     append_positions(to, first, bits)   appends first + i for every bit i that is set and returns the new end;
 *                                         may write over all of the 64 numbers from to on
 *     count_bits(bits)                    how many bits are set
 *
 * Text is looked at 64 bytes at a time, as bit masks. Where a part of the text begins and where it ends are bits of one
 * mask, and as starts and ends alternate, appending the positions of all bits to found in one go gives slice after
 * slice, without a branch for each: those would be mispredicted, and cost more than all else. A part that is unfinished
 * when found is full is dropped again, and is the first one of the next batch. */
#ifndef MR_HOST_SCAN_LOOPS_H
#define MR_HOST_SCAN_LOOPS_H

#include "host/scan_kernel.h"
#include "host/scan_numbers.h"

#define MR_INLINE static inline __attribute__((always_inline))

/* Where a batch has to end because offsets have 32 bits. */
static inline char *reach_of(const mr_scan *scan) {
    const size_t most = UINT32_MAX - UINT32_MAX % MR_SCAN_BLOCK;
    return (size_t)(scan->end - scan->next) < most ? scan->end : scan->next + most;
}

/* Behind the last byte that may be read. Text of the plugin's own has no slack. */
static inline const char *readable_end(const mr_scan *scan) {
    const mr_ctx *ctx = scan->ctx;
    return mr_in_text(ctx, mr_bytes(scan->next, 1)) ? ctx->text + ctx->text_length + MR_TEXT_SLACK : scan->end;
}

static inline uint64_t lowest_bits(size_t count) {
    return count < 64 ? ((uint64_t)1 << count) - 1 : ~(uint64_t)0;
}

/* Ends a batch that has looked at the text up to at. Of a part that is not complete numbers remain, which are dropped,
 * and the next batch begins with it. */
static inline void end_batch(mr_scan *scan, const uint32_t *to, unsigned numbers_each, char *at) {
    uint32_t count = (uint32_t)(to - scan->found), incomplete = count % numbers_each;
    scan->count = count - incomplete;
    scan->next = incomplete ? (char *)scan->base + scan->found[scan->count] : at;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* What goes from one block to the next while words are looked for. */
typedef struct word_search {
    uint32_t *to;          /* where in found the next number goes */
    uint64_t inside;       /* 1: the block before ended within a word */
    uint64_t wide;         /* bits of any bytes that are not ASCII */
    mr_scan_beyond beyond; /* only for words of letters */
} word_search;

/* Appends the edges of words in a block at at; valid: its bytes that are text. */
MR_INLINE void take_words(word_search *search, const mr_scan *scan, char *at, block text, uint64_t valid,
                          bool letters) {
    uint64_t wide = wide_bytes(text) & valid;
    uint64_t words = letters ? letter_bytes(text) : ~space_bytes(text);
    if (letters && wide) words |= mr_scan_wide_letters(at, scan->end, wide, &search->beyond);
    words &= valid;
    uint64_t edges = (words ^ (words << 1 | search->inside)) & valid;
    search->inside = words >> 63;
    search->wide |= wide;
    search->to = append_positions(search->to, (uint32_t)(at - scan->base), edges);
}

/* Of the last bytes of the text the capitals alone are written to: they are few, and what is behind is not ours. */
static inline void lower_part(char *at, uint64_t capitals) {
    for (; capitals; capitals &= capitals - 1)
        at[__builtin_ctzll(capitals)] |= 0x20;
}

MR_INLINE bool find_words_as(mr_scan *scan, bool letters, bool lower) {
    uint32_t *const last = scan->found + MR_SCAN_FOUND - MR_SCAN_BLOCK;
    word_search search = {.to = scan->found};
    char *at = scan->next, *const reach = reach_of(scan);
    for (; reach - at >= MR_SCAN_BLOCK && search.to <= last; at += MR_SCAN_BLOCK) {
        block text = load_block(at);
        take_words(&search, scan, at, text, ~(uint64_t)0, letters);
        if (lower) store_block(at, lowered(text));
    }
    size_t rest = (size_t)(reach - at);
    if (rest > 0 && rest < MR_SCAN_BLOCK && search.to <= last) {
        block text = load_part(at, rest, readable_end(scan));
        take_words(&search, scan, at, text, lowest_bits(rest), letters);
        if (lower) lower_part(at, capital_bytes(text) & lowest_bits(rest));
        at += rest;
    }
    if (at == scan->end && (search.to - scan->found) % 2) *search.to++ = (uint32_t)(at - scan->base);
    end_batch(scan, search.to, 2, at);
    return search.wide;
}

static bool find_words(mr_scan *scan) {
    switch (scan->kind) {
    case MR_WORDS_SPACE:
        return find_words_as(scan, false, false);
    case MR_WORDS_SPACE | MR_LOWER:
        return find_words_as(scan, false, true);
    case MR_WORDS_LETTERS:
        return find_words_as(scan, true, false);
    default:
        return find_words_as(scan, true, true);
    }
}

/* ---- lines, fields and rows -------------------------------------------------------------------------------------- */

/* What goes from one block to the next while parts are looked for that a byte ends: lines, fields, rows. */
typedef struct part_search {
    uint32_t *to;    /* where in found the next number goes */
    uint64_t begins; /* 1: a part begins with the block, for the block before ended with an end (or there was none) */
    uint64_t uncut;  /* 1: a row goes on from the block before, and its delimiter has not come yet */
} part_search;

/* Appends positions where several of the three masks have a bit at the same place: an empty part, a row without
 * delimiter or with nothing before it. */
static inline uint32_t *append_each(uint32_t *to, uint32_t first, uint64_t starts, uint64_t cuts, uint64_t ends) {
    for (uint64_t left = starts | cuts | ends; left; left &= left - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(left);
        uint32_t position = first + bit;
        *to = position;
        to += starts >> bit & 1;
        *to = position;
        to += cuts >> bit & 1;
        *to = position;
        to += ends >> bit & 1;
    }
    return to;
}

/* Where the rows of a block are cut: at the first delimiter from their start on, or at their end. Adding a bit at the
 * start of a row to a mask of the bytes that cannot be a cut lets it ripple up to the first byte that can. */
MR_INLINE uint64_t find_cuts(part_search *search, uint64_t starts, uint64_t delimiters, uint64_t ends) {
    unsigned long long sum;
    uint64_t possible = delimiters | ends;
    search->uncut = __builtin_add_overflow((unsigned long long)(starts | search->uncut), ~possible, &sum);
    return sum & possible;
}

MR_INLINE void take_parts(part_search *search, uint32_t first, block text, uint64_t valid, char end, bool rows,
                          char delimiter) {
    uint64_t ends = equal_bytes(text, end) & valid;
    uint64_t starts = (ends << 1 | search->begins) & valid, cuts = 0, together = starts & ends;
    search->begins = ends >> 63;
    if (rows) {
        cuts = find_cuts(search, starts, equal_bytes(text, delimiter) & valid, ends) & valid;
        together = cuts & (starts | ends);
    }
    if (MR_UNLIKELY(together))
        search->to = append_each(search->to, first, starts, cuts, ends);
    else
        search->to = append_positions(search->to, first, starts | cuts | ends);
}

/* Completes what the end of the text ends. Fields: the last one may be empty. */
static inline uint32_t *end_text(mr_scan *scan, uint32_t *to, unsigned numbers_each, bool fields) {
    uint32_t end = (uint32_t)(scan->end - scan->base);
    if (fields && (to - scan->found) % numbers_each == 0) *to++ = end;
    while ((to - scan->found) % numbers_each)
        *to++ = end;
    return to;
}

/* In each byte up to three numbers may have their place, and two more come at the end of the text, but then not all of
 * the bytes have three. */
MR_INLINE void find_parts_as(mr_scan *scan, uint32_t kind) {
    const bool rows = kind == MR_ROWS, fields = kind == MR_FIELDS;
    const unsigned numbers_each = rows ? 3 : 2;
    const char delimiter = (char)(scan->state & 255), end = fields ? delimiter : '\n';
    uint32_t *const last = scan->found + MR_SCAN_FOUND - 3 * MR_SCAN_BLOCK;
    part_search search = {.to = scan->found, .begins = 1};
    char *at = scan->next, *const reach = reach_of(scan);
    for (; reach - at >= MR_SCAN_BLOCK && search.to <= last; at += MR_SCAN_BLOCK)
        take_parts(&search, (uint32_t)(at - scan->base), load_block(at), ~(uint64_t)0, end, rows, delimiter);
    size_t rest = (size_t)(reach - at);
    if (rest > 0 && rest < MR_SCAN_BLOCK && search.to <= last) {
        take_parts(&search, (uint32_t)(at - scan->base), load_part(at, rest, readable_end(scan)), lowest_bits(rest),
                   end, rows, delimiter);
        at += rest;
    }
    if (at == scan->end) {
        search.to = end_text(scan, search.to, numbers_each, fields);
        if (fields) scan->state &= 255; /* none is to come any more */
    }
    end_batch(scan, search.to, numbers_each, at);
}

static void find_parts(mr_scan *scan) {
    switch (scan->kind & ~(uint32_t)MR_LOWER) {
    case MR_LINES:
        find_parts_as(scan, MR_LINES);
        break;
    case MR_FIELDS:
        find_parts_as(scan, MR_FIELDS);
        break;
    default:
        find_parts_as(scan, MR_ROWS);
    }
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static uint64_t count_bytes(const char *bytes, size_t length, char byte) {
    uint64_t count = 0;
    for (; length >= MR_SCAN_BLOCK; bytes += MR_SCAN_BLOCK, length -= MR_SCAN_BLOCK)
        count += count_bits(equal_bytes(load_block(bytes), byte));
    if (length) count += count_bits(equal_bytes(load_part(bytes, length, bytes + length), byte) & lowest_bits(length));
    return count;
}

#define MR_SCAN_KERNEL                                                                                                 \
    { .find_words = find_words, .find_parts = find_parts, .read_numbers = read_numbers, .count_bytes = count_bytes }

#endif
