/* scan_numbers.h - reading the numbers of rows such as "name;-12.3". Included by scan_loops.h.
 *
 * Four or eight numbers are read at once, one in each lane of a vector, where the processor shifts lanes by different
 * amounts; elsewhere one by one (mr_decimal_of). Numbers of up to eight bytes with just the decimals that are asked for
 * are the usual ones. Their last digit comes to stand in the top byte of a lane, the digits before the point move up by
 * one, and three multiplications make eight digits a number. The others are left to the caller. */
#ifndef MR_HOST_SCAN_NUMBERS_H
#define MR_HOST_SCAN_NUMBERS_H

#include "host/scan_kernel.h"

#if defined(__AVX2__)

#if defined(__AVX512F__)
enum { MR_VECTOR = 64 /* bytes */ };
#else
enum { MR_VECTOR = 32 };
#endif
enum { MR_LANES = MR_VECTOR / 8 };

typedef uint8_t byte_lanes __attribute__((vector_size(MR_VECTOR)));
typedef uint16_t short_lanes __attribute__((vector_size(MR_VECTOR)));
typedef uint32_t half_lanes __attribute__((vector_size(MR_VECTOR)));
typedef uint64_t lanes __attribute__((vector_size(MR_VECTOR)));

static inline lanes all_lanes(uint64_t value) {
    return (lanes){0} + value;
}

/* The number of eight digits, each in a byte, the first one lowest: neighbours are joined, three times over. */
static inline lanes join_digits(lanes digits) {
    short_lanes pairs = (short_lanes)digits;
    pairs = (pairs & 255) * 10 + (pairs >> 8);
    half_lanes fours = (half_lanes)pairs;
    fours = (fours & 0xffff) * 100 + (fours >> 16);
    const half_lanes weights = (half_lanes)all_lanes((uint64_t)1 << 32 | 10000);
    lanes eights = (lanes)(fours * weights);
    return (eights & 0xffffffff) + (eights >> 32);
}

/* Reads the numbers that begin at at and have length bytes; usual: all bits set in the lanes of those that are read. */
static inline lanes read_lanes(lanes text, lanes length, unsigned decimals, lanes *usual) {
    const unsigned point = 56 - 8 * decimals;
    const uint64_t before = ~(~(uint64_t)0 << point), behind = ~(uint64_t)0 << point << 8;
    lanes fits = (lanes)(length - 1 < 8);
    lanes start = 64 - 8 * ((length & fits) | (8 & ~fits));
    lanes negative = (lanes)((text & 255) == all_lanes('-'));
    lanes digits = text << start;
    lanes has_point = (lanes)((digits >> point & 255) == all_lanes('.'));
    if (decimals) digits = (digits & behind) | (digits & before) << 8;
    start += (8 & negative) + (8 & has_point);
    fits &= (decimals ? has_point : ~has_point) & (lanes)(start < 64);
    digits = (digits ^ all_lanes(0x3030303030303030)) & all_lanes(~(uint64_t)0) << (start & 63);
    byte_lanes bytes = (byte_lanes)digits;
    lanes odd = (lanes)((bytes + 118) | bytes) & all_lanes(0x8080808080808080);
    *usual = fits & (lanes)(odd == all_lanes(0));
    return (join_digits(digits) ^ negative) - negative;
}

/* All texts are gathered first: a vector that is loaded right behind the stores of its lanes would have to wait. */
static void read_numbers(const char *base, const uint32_t *rows, size_t count, unsigned decimals, int64_t *numbers) {
    uint64_t texts[MR_SCAN_NUMBERS], lengths[MR_SCAN_NUMBERS];
    for (size_t i = 0; i < count; i++, rows += 3) {
        texts[i] = mr_load_u64(base + rows[1] + 1);
        lengths[i] = (uint64_t)rows[2] - rows[1] - 1; /* huge when there is no delimiter */
    }
    for (size_t i = count; i % MR_LANES; i++)
        texts[i] = lengths[i] = 0;
    for (size_t i = 0; i < count; i += MR_LANES) {
        lanes text, length, usual;
        memcpy(&text, texts + i, sizeof text);
        memcpy(&length, lengths + i, sizeof length);
        lanes values = read_lanes(text, length, decimals, &usual);
        values = (values & usual) | (all_lanes((uint64_t)MR_UNUSUAL) & ~usual);
        memcpy(numbers + i, &values, sizeof values);
    }
}

#else

static void read_numbers(const char *base, const uint32_t *rows, size_t count, unsigned decimals, int64_t *numbers) {
    (void)base;
    (void)rows;
    (void)decimals;
    for (size_t i = 0; i < count; i++)
        numbers[i] = MR_UNUSUAL;
}

#endif
#endif
