/* The vocabulary of generated text: words that look natural, and how frequent they are.
 *
 * The words of a rank are the same for every seed and vocabulary size.
 *

 * Use: build_vocabulary, then zipf_draw and put_text, and in the end free_vocabulary, also when building failed. */

#ifndef DATASETS_VOCABULARY_H
#define DATASETS_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>

#include "random.h"
#include "texts.h"
#include "zipf.h"

enum { WORD_BYTES_MAX = 48 }; /* bytes of the longest word: 19 letters of two bytes, rounded up */

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
static inline unsigned kind_of_word(uint32_t rank) {
    unsigned magnitude = 32 - (unsigned)__builtin_clz(rank + 1);
    unsigned score = magnitude + (unsigned)(scramble(rank) & 7);
    if (magnitude <= 5) return 0;
    return score < 12 ? 1 : score < 19 ? 2 : score < 27 ? 3 : 4;
}

/* Takes the lowest bits off an index. */
static inline unsigned take_bits(uint64_t *index, unsigned bits) {
    unsigned field = (unsigned)(*index & ((1U << bits) - 1));
    *index >>= bits;
    return field;
}

static inline size_t spell_ascii_word(uint32_t rank, char letters[WORD_BYTES_MAX]) {
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

static inline size_t encode_letter(char16_t letter, char *bytes) {
    if (letter < 0x80) {
        bytes[0] = (char)letter;
        return 1;
    }
    bytes[0] = (char)(0xc0 | letter >> 6);
    bytes[1] = (char)(0x80 | (letter & 0x3f));
    return 2;
}

static inline void capitalise(char *word) {
    unsigned first = (unsigned char)word[0];
    char16_t letter = (char16_t)(first < 0x80 ? first : (first & 0x1f) << 6 | ((unsigned char)word[1] & 0x3f));
    encode_letter((char16_t)(letter - 0x20), word);
}

/* Writes the word of a rank and returns its bytes. Which words leave ASCII depends on the rank alone, so that texts of
 * different seeds and sizes can be joined. */
static inline size_t spell_word(uint32_t rank, uint64_t unicode_millionths, char word[WORD_BYTES_MAX]) {
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

struct Vocabulary {
    struct Zipf zipf;   /* draws ranks */
    struct Texts words; /* one for each rank */
};

/* Makes 1 to ZIPF_RANKS_MAX words, of which unicode_millionths (of a percent) use letters outside ASCII. Returns false
 * when memory does not suffice. */
static inline bool build_vocabulary(struct Vocabulary *vocabulary, uint32_t count, uint64_t exponent_millionths,
                                    uint64_t unicode_millionths) {
    *vocabulary = (struct Vocabulary){.zipf = {.cells = NULL}};
    if (!zipf_build(&vocabulary->zipf, count, exponent_millionths)) return false;
    uint32_t rank = 0;
    do {
        char word[WORD_BYTES_MAX];
        if (!texts_add(&vocabulary->words, word, spell_word(rank, unicode_millionths, word))) return false;
    } while (++rank < count);
    return true;
}

static inline void free_vocabulary(struct Vocabulary *vocabulary) {
    zipf_free(&vocabulary->zipf);
    texts_free(&vocabulary->words);
}

#endif
