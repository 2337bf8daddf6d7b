/* The vocabulary of generated text: words that look natural, and the table from which they are drawn.
 *
 * Everything is computed with unsigned integers, so that it is the same on every machine, whatever the compiler, its
 * optimisation or its mathematical library. The words of a rank are the same for every seed and vocabulary size.
 *
 * Use: zero a struct Vocabulary but for its count, call build_vocabulary, then draw_rank and put_bare_word, and in the
 * end free_vocabulary, also when building failed. All of it belongs to one process and one thread. */

#ifndef DATASETS_VOCABULARY_H
#define DATASETS_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

enum {
    VOCABULARY_MAX = 1 << 25, /* words, so that sums of weights fit into 64 bits */
    WORD_BYTES_MAX = 48,      /* bytes of the longest word: 19 letters of two bytes, rounded up */
    MILLION = 1000000,
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Random numbers: SplitMix64. The finaliser alone serves as a hash. */

static uint64_t scramble(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

static uint64_t next_random(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return scramble(*state);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The words. A word is [initial] vowels (medial vowels)* coda. An initial or medial is a group of consonants, so the
 * word falls into its parts in one way only, and different choices of parts give different words. Each list has a power
 * of two of entries: the choices are fields of an index, and the index is a permutation of the rank, so two ranks never
 * meet. Frequent ranks get fewer syllables. */

static const char *const initials[32] = {"",   "b", "d",  "f",  "g",  "h",  "k",  "l",  "m",  "n",  "p",
                                         "r",  "s", "t",  "v",  "w",  "br", "ch", "cl", "dr", "fl", "fr",
                                         "gr", "j", "pl", "pr", "sh", "sl", "sp", "st", "th", "tr"};
static const char *const medials[32] = {"b",  "d",  "f",  "g",  "k",  "l",  "m",  "n",  "p",  "r",  "s",
                                        "t",  "v",  "z",  "ct", "dr", "ld", "ll", "mb", "mp", "nd", "ng",
                                        "nt", "pr", "rd", "rm", "rt", "ss", "st", "th", "tr", "tt"};
static const char *const vowels[8] = {"a", "e", "o", "i", "u", "ai", "ea", "ou"};
/* Words of several syllables end in the first 16 of these, closed words of one syllable in the last 16. */
static const char *const codas[17] = {"",   "n",  "r",  "s",  "l",  "t",  "m", "d", "k",
                                      "st", "nd", "nt", "ng", "rs", "th", "p", "ck"};

/* A script replaces each of the 26 letters; letters that no word uses stand for themselves. A replacement is one to
 * one, and it always changes the vowels, so that a word in another script is no other word either. In all of them a
 * capital is 0x20 below its small letter, and both are in UTF-8 equally long. */
enum { OTHER_SCRIPTS = 3 };
static const char16_t *const other_scripts[OTHER_SCRIPTS] = {
    u"ábçdéfghíjklmñöpqrstüvwxyz",
    u"αβχδεφγψιξκλμνοπqρστυθωxyζ",
    u"абцдефгхийклмнопqрстувшxyз",
};

/* Which kind of word a rank gets: kind 0 is one open syllable of at most two letters, kind k has k syllables and
 * usually a coda. The limits keep the ranks of a kind below the number of its words (2^6, 2^12, 2^20, 2^28, 2^36). */
static unsigned kind_of_word(uint32_t rank) {
    unsigned magnitude = 32 - (unsigned)__builtin_clz(rank + 1);
    unsigned score = magnitude + (unsigned)(scramble(rank) & 7);
    if (magnitude <= 5) return 0;
    return score < 12 ? 1 : score < 19 ? 2 : score < 27 ? 3 : 4;
}

/* A permutation of the numbers of that many bits: odd factors and a shift to the right can all be undone. */
static uint64_t permute(uint64_t number, unsigned bits) {
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    number = number * UINT64_C(0x9e3779b97f4a7c15) & mask;
    number ^= number >> (bits / 2);
    return number * UINT64_C(0xd6e8feb86659fd93) & mask;
}

/* Takes the lowest bits off an index. */
static unsigned take_bits(uint64_t *index, unsigned bits) {
    unsigned field = (unsigned)(*index & ((1U << bits) - 1));
    *index >>= bits;
    return field;
}

static size_t spell_ascii_word(uint32_t rank, char letters[WORD_BYTES_MAX]) {
    unsigned kind = kind_of_word(rank);
    char *end = letters;
    if (kind == 0) {
        uint64_t index = permute(rank, 6);
        end = stpcpy(end, initials[take_bits(&index, 4)]);
        end = stpcpy(end, vowels[take_bits(&index, 2)]);
        return (size_t)(end - letters);
    }
    uint64_t index = permute(rank, 4 + 8 * kind);
    end = stpcpy(end, initials[take_bits(&index, 5)]);
    end = stpcpy(end, vowels[take_bits(&index, 3)]);
    for (unsigned syllable = 1; syllable < kind; syllable++) {
        end = stpcpy(end, medials[take_bits(&index, 5)]);
        end = stpcpy(end, vowels[take_bits(&index, 3)]);
    }
    end = stpcpy(end, codas[take_bits(&index, 4) + (kind == 1)]);
    return (size_t)(end - letters);
}

static size_t encode_letter(char16_t letter, char *bytes) {
    if (letter < 0x80) {
        bytes[0] = (char)letter;
        return 1;
    }
    bytes[0] = (char)(0xc0 | letter >> 6);
    bytes[1] = (char)(0x80 | (letter & 0x3f));
    return 2;
}

static void capitalise(char *word) {
    unsigned first = (unsigned char)word[0];
    char16_t letter = (char16_t)(first < 0x80 ? first : (first & 0x1f) << 6 | ((unsigned char)word[1] & 0x3f));
    encode_letter((char16_t)(letter - 0x20), word);
}

/* Writes the word of a rank and returns its bytes. Which words leave ASCII depends on the rank alone, so that texts of
 * different seeds and sizes can be joined. */
static size_t spell_word(uint32_t rank, uint64_t unicode_millionths, char word[WORD_BYTES_MAX]) {
    uint64_t lot = scramble(rank ^ UINT64_C(0x5851f42d4c957f2d));
    if (lot % (100 * MILLION) >= unicode_millionths) return spell_ascii_word(rank, word);
    char letters[WORD_BYTES_MAX];
    size_t count = spell_ascii_word(rank, letters);
    const char16_t *script = other_scripts[(lot >> 40) % OTHER_SCRIPTS];
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += encode_letter(script[letters[i] - 'a'], word + length);
    return length;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The weights: 2^38 / r^exponent = 2^(38 - exponent * log2 r), in fixed-point numbers. The logarithm comes bit by bit
 * from squaring, the power from a product of the roots 2^(-1/2), 2^(-1/4), ..., which are repeated square roots. The
 * sum of the weights and the product of one weight and their number both stay below 2^64. */

enum {
    FRACTION_BITS = 24, /* of a logarithm */
    WEIGHT_BITS = 38,   /* the first rank weighs 2^38 */
};

static uint64_t square_root(uint64_t number) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= number) root |= bit;
    return root;
}

/* log2 of a number that is not 0, with FRACTION_BITS. The mantissa has 31 bits behind the point. */
static uint64_t binary_logarithm(uint32_t number) {
    unsigned leading_zeros = (unsigned)__builtin_clz(number);
    uint64_t mantissa = (uint64_t)number << leading_zeros;
    uint64_t logarithm = 31 - leading_zeros;
    for (int i = 0; i < FRACTION_BITS; i++) {
        mantissa = mantissa * mantissa >> 31;
        uint64_t bit = mantissa >> 32;
        mantissa >>= bit;
        logarithm = logarithm << 1 | bit;
    }
    return logarithm;
}

/* 2^(WEIGHT_BITS - power), but at least 1: every word can occur. Roots have 32 bits behind the point. */
static uint64_t weight_of_power(uint64_t power, const uint64_t roots[FRACTION_BITS]) {
    uint64_t whole = power >> FRACTION_BITS;
    uint64_t product = UINT64_C(1) << 32;
    for (int i = 0; i < FRACTION_BITS; i++)
        if (power >> (FRACTION_BITS - 1 - i) & 1) product = product * roots[i] >> 32;
    uint64_t weight = whole <= WEIGHT_BITS ? product << (WEIGHT_BITS - 32) >> whole : 0;
    return weight > 0 ? weight : 1;
}

/* Fills in the weights, never growing with the rank, and returns their sum. */
static uint64_t compute_weights(uint64_t *weights, uint32_t count, uint64_t exponent_millionths) {
    uint64_t roots[FRACTION_BITS];
    roots[0] = square_root(UINT64_C(1) << 63);
    for (int i = 1; i < FRACTION_BITS; i++)
        roots[i] = square_root(roots[i - 1] << 32);

    uint64_t total = 0;
    for (uint32_t rank = 0; rank < count; rank++) {
        uint64_t power = binary_logarithm(rank + 1) * exponent_millionths / MILLION;
        weights[rank] = weight_of_power(power, roots);
        if (rank > 0 && weights[rank] > weights[rank - 1])
            weights[rank] = weights[rank - 1]; /* rounding can make it larger by a hair */
        total += weights[rank];
    }
    return total;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The alias table (Walker, Vose). Each rank has a cell, and all cells are equally likely. A cell is filled up to its
 * threshold by its own rank and above it by one other, its alias. So a draw costs one look into the table, whatever the
 * weights are. The table is made by pouring the surplus of heavy ranks into the cells of light ones. As the weights
 * fall with the rank, the heavy ones come first, and two moving indices replace the usual work lists. */

struct Cell {
    uint32_t threshold; /* share of the cell that belongs to its own rank, in 2^-32; UINT32_MAX is all of it */
    uint32_t alias;     /* rank that the rest belongs to */
};

struct Vocabulary {
    uint32_t count;     /* words */
    struct Cell *cells; /* one per rank */
    uint32_t *offsets;  /* where the word of a rank begins in text; one more than words, for the end of the last */
    char *text;         /* all words, one after the other, and WORD_BYTES_MAX bytes that may be read behind them */
    size_t text_size;   /* bytes allocated for text */
};

/* share * 2^32 / whole for share < whole; both are shortened first, so that nothing overflows. */
static uint32_t fraction_of(uint64_t share, uint64_t whole) {
    unsigned excess = whole >> 32 ? 32 - (unsigned)__builtin_clzll(whole) : 0;
    uint64_t fraction = ((share >> excess) << 32) / (whole >> excess);
    return fraction < UINT32_MAX ? (uint32_t)fraction : UINT32_MAX;
}

/* Contents are measured in units of weight * count, so that a full cell holds exactly the sum of the weights and no
 * division is needed. The weights are used up. */
static void fill_cells(struct Cell *cells, uint64_t *contents, uint32_t count, uint64_t full) {
    uint32_t first_light = 0;
    for (uint32_t rank = 0; rank < count; rank++) {
        contents[rank] *= count;
        if (contents[rank] >= full) first_light = rank + 1;
        cells[rank] = (struct Cell){.threshold = UINT32_MAX, .alias = rank};
    }
    /* The sum of all contents is count * full; so as long as a cell lacks something, a heavy rank has it. */
    uint32_t heavy = 0;
    for (uint32_t light = first_light; light < count; light++) {
        uint32_t rank = light;
        while (contents[rank] < full) {
            cells[rank] = (struct Cell){.threshold = fraction_of(contents[rank], full), .alias = heavy};
            contents[heavy] -= full - contents[rank];
            rank = heavy; /* it may have given too much and be light itself now */
            heavy += contents[rank] < full;
        }
    }
}

/* The rank for a random number of 64 evenly distributed bits. */
static inline uint32_t draw_rank(const struct Vocabulary *vocabulary, uint64_t random) {
    uint32_t rank = (uint32_t)((random >> 32) * vocabulary->count >> 32);
    struct Cell cell = vocabulary->cells[rank];
    return (uint32_t)random <= cell.threshold ? rank : cell.alias;
}

static bool build_cells(struct Vocabulary *vocabulary, uint64_t exponent_millionths) {
    uint32_t count = vocabulary->count;
    uint64_t *weights = malloc(count * sizeof *weights);
    vocabulary->cells = malloc(count * sizeof *vocabulary->cells);
    bool is_good = weights != NULL && vocabulary->cells != NULL;
    if (is_good) {
        uint64_t total = compute_weights(weights, count, exponent_millionths);
        fill_cells(vocabulary->cells, weights, count, total);
    }
    free(weights);
    return is_good;
}

static bool build_words(struct Vocabulary *vocabulary, uint64_t unicode_millionths) {
    vocabulary->offsets = malloc((vocabulary->count + (size_t)1) * sizeof *vocabulary->offsets);
    if (vocabulary->offsets == NULL) return false;
    size_t used = 0;
    for (uint32_t rank = 0; rank < vocabulary->count; rank++) {
        if (used + 2 * WORD_BYTES_MAX > vocabulary->text_size) {
            size_t size = vocabulary->text_size + vocabulary->text_size / 2 + 65536;
            char *text = realloc(vocabulary->text, size);
            if (text == NULL) return false;
            vocabulary->text = text;
            vocabulary->text_size = size;
        }
        vocabulary->offsets[rank] = (uint32_t)used;
        used += spell_word(rank, unicode_millionths, vocabulary->text + used);
    }
    vocabulary->offsets[vocabulary->count] = (uint32_t)used;
    memset(vocabulary->text + used, 0, WORD_BYTES_MAX);
    return true;
}

/* Fills in a zeroed vocabulary whose count is set, from 1 to VOCABULARY_MAX. Of its words, unicode_millionths (of a
 * percent) use letters outside ASCII. Returns false when memory does not suffice. */
static bool build_vocabulary(struct Vocabulary *vocabulary, uint64_t exponent_millionths, uint64_t unicode_millionths) {
    return build_cells(vocabulary, exponent_millionths) && build_words(vocabulary, unicode_millionths);
}

static void free_vocabulary(struct Vocabulary *vocabulary) {
    free(vocabulary->cells);
    free(vocabulary->offsets);
    free(vocabulary->text);
}

/* Puts the word of a rank there and returns its bytes. Copies of a fixed size are faster than exact ones; up to
 * WORD_BYTES_MAX bytes behind `out` change. */
static inline size_t put_bare_word(const struct Vocabulary *vocabulary, uint32_t rank, char *out) {
    uint32_t offset = vocabulary->offsets[rank];
    size_t length = vocabulary->offsets[rank + 1] - offset;
    memcpy(out, vocabulary->text + offset, 16);
    if (length > 16) memcpy(out + 16, vocabulary->text + offset + 16, WORD_BYTES_MAX - 16);
    return length;
}

#endif
