/* generate_text - text of any size that looks like prose, with the exact counts of its words.
 *
 * The words are drawn from a vocabulary with Zipf's law: the word of rank r comes with a weight of 1 / r^exponent, as
 * in the texts that people write. The words themselves are made of syllables and are the same for every seed; the seed
 * decides only which of them are written. They are set in sentences, lines and paragraphs.
 *
 * The same options give the same bytes on every machine, whatever the compiler, its optimisation or its mathematical
 * library. Therefore everything that decides about output is computed with unsigned integers.
 *
 *     options -> vocabulary (words and their weights) -> prose -> output
 *                                                             \-> counts
 *
 * A word as it is written ("written word") is named by a 32-bit key: rank, decoration (punctuation around it) and case.
 * Different keys give different bytes: two ranks never share a word, and words consist of letters only. So counting
 * keys is counting words, without ever parsing what was written. */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "options.h"
#include "vocabulary.h"

enum {
    WRITTEN_BYTES_MAX = 64, /* bytes of the longest written word and the separator before it */
    LINE_WIDTH = 76,        /* bytes in a line, unless its only word is longer */
};

struct Settings {
    uint64_t size;                /* bytes of text to write */
    uint64_t seed;                /* of the random numbers that choose the words */
    uint64_t exponent_millionths; /* exponent of Zipf's law */
    uint64_t unicode_millionths;  /* percentage of the vocabulary that is not ASCII, in millionths of a percent */
    uint64_t vocabulary;          /* words to draw from */
    unsigned letter_case;         /* index into cases */
    bool bare;                    /* whether words are without punctuation */
    const char *output_path;      /* "-" is the standard output */
    const char *counts_path;      /* NULL: nobody wants counts */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Written words: key = rank * 32 + decoration * 2 + capital. */

enum Decoration {
    PLAIN,
    COMMA,
    SEMICOLON,
    COLON,
    POSSESSIVE,
    PARENTHESES,
    OPENING_QUOTE,
    FULL_STOP,
    QUESTION,
    EXCLAMATION,
    QUOTED_FULL_STOP,
    QUOTED_QUESTION,
    QUOTED_EXCLAMATION,
};

static const struct {
    char before[2]; /* text before the word */
    char after[3];  /* text after it */
} decorations[] = {
    [PLAIN] = {"", ""},
    [COMMA] = {"", ","},
    [SEMICOLON] = {"", ";"},
    [COLON] = {"", ":"},
    [POSSESSIVE] = {"", "'s"},
    [PARENTHESES] = {"(", ")"},
    [OPENING_QUOTE] = {"\"", ""},
    [FULL_STOP] = {"", "."},
    [QUESTION] = {"", "?"},
    [EXCLAMATION] = {"", "!"},
    [QUOTED_FULL_STOP] = {"", ".\""},
    [QUOTED_QUESTION] = {"", "?\""},
    [QUOTED_EXCLAMATION] = {"", "!\""},
};

static uint32_t make_key(uint32_t rank, enum Decoration decoration, bool capital) {
    return rank << 5 | (uint32_t)decoration << 1 | capital;
}

/* Puts a written word there, which has room for WRITTEN_BYTES_MAX bytes, and returns its bytes. */
static inline size_t put_written_word(const struct Vocabulary *vocabulary, uint32_t key, char *out) {
    uint32_t rank = key >> 5;
    unsigned decoration = key >> 1 & 15;
    if (decoration == PLAIN && !(key & 1)) return (size_t)(put_text(out, &vocabulary->words, rank) - out);
    char *word = stpcpy(out, decorations[decoration].before);
    char *end = put_text(word, &vocabulary->words, rank);
    if (key & 1) capitalise(word);
    return (size_t)(stpcpy(end, decorations[decoration].after) - out);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Prose: sentences of 3 to 26 words, some of them quoted, and paragraphs of about 8 sentences. */

struct Prose {
    uint64_t random;       /* state of the random numbers */
    unsigned words_left;   /* words that the sentence still has to come, 0 between sentences */
    bool starts_sentence;  /* the next word is the first of its sentence */
    bool starts_paragraph; /* the next word is the first of its paragraph, but not of the text */
    bool is_quoted;        /* the sentence stands in quotes */
    bool capitals;         /* as in struct Settings */
    bool punctuation;      /* as in struct Settings */
};

static void start_sentence(struct Prose *prose) {
    uint64_t random = next_random(&prose->random);
    prose->words_left = 3 + (unsigned)(random & 15) + (unsigned)(random >> 4 & 7) + (unsigned)(random >> 7 & 1);
    prose->starts_sentence = true;
    prose->is_quoted = (random >> 8 & 15) == 0;
    prose->starts_paragraph = (random >> 12 & 7) == 0;
}

static enum Decoration decorate_last_word(const struct Prose *prose, unsigned lot) {
    unsigned ending = lot < 200 ? 0 : lot < 232 ? 1 : 2;
    return (prose->is_quoted ? QUOTED_FULL_STOP : FULL_STOP) + ending;
}

static enum Decoration decorate_inner_word(unsigned lot) {
    return lot < 16 ? COMMA : lot < 18 ? SEMICOLON : lot < 19 ? COLON : lot < 22 ? POSSESSIVE : PARENTHESES;
}

/* Chooses the next written word. Most words are plain and take the first return. */
static inline uint32_t next_key(struct Prose *prose, const struct Vocabulary *vocabulary) {
    if (prose->words_left == 0) start_sentence(prose);
    uint32_t rank = zipf_draw(&vocabulary->zipf, next_random(&prose->random));
    uint64_t random = next_random(&prose->random);
    unsigned lot = (unsigned)(random & 255);
    bool is_first = prose->starts_sentence;
    bool is_last = --prose->words_left == 0;
    bool is_name = (random >> 8 & 31) == 0;
    prose->starts_sentence = false;
    if (lot >= 24 && !is_first && !is_last && !is_name) return make_key(rank, PLAIN, false);

    enum Decoration decoration = PLAIN;
    if (is_last)
        decoration = decorate_last_word(prose, lot);
    else if (is_first && prose->is_quoted)
        decoration = OPENING_QUOTE;
    else if (lot < 24)
        decoration = decorate_inner_word(lot);
    return make_key(rank, prose->punctuation ? decoration : PLAIN, prose->capitals && (is_first || is_name));
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Counts: a hash table from key to count with linear probing. The last word of a text may be cut short; then it has no
 * key, and is kept as bytes. */

struct Slot {
    uint64_t count; /* occurrences; 0 is an empty slot */
    uint32_t key;   /* of the written word */
};

struct Counts {
    struct Slot *slots;               /* a power of two of them; NULL when nothing is counted */
    size_t mask;                      /* number of slots - 1 */
    size_t used;                      /* slots that are not empty */
    char cut_word[WRITTEN_BYTES_MAX]; /* the last word of the text, if it was cut short */
    size_t cut_length;                /* its bytes; 0 when there is none */
};

static inline struct Slot *find_slot(struct Slot *slots, size_t mask, uint32_t key) {
    size_t index = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
    while (slots[index].count != 0 && slots[index].key != key)
        index = (index + 1) & mask;
    return &slots[index];
}

static bool counts_init(struct Counts *counts) {
    size_t size = 1 << 12;
    *counts = (struct Counts){.slots = calloc(size, sizeof *counts->slots), .mask = size - 1};
    return counts->slots != NULL || report_no_memory();
}

static bool counts_grow(struct Counts *counts) {
    size_t size = (counts->mask + 1) * 2;
    struct Slot *slots = calloc(size, sizeof *slots);
    if (slots == NULL) return report_no_memory();
    for (size_t i = 0; i <= counts->mask; i++)
        if (counts->slots[i].count != 0) *find_slot(slots, size - 1, counts->slots[i].key) = counts->slots[i];
    free(counts->slots);
    counts->slots = slots;
    counts->mask = size - 1;
    return true;
}

static inline bool count_word(struct Counts *counts, uint32_t key) {
    struct Slot *slot = find_slot(counts->slots, counts->mask, key);
    if (slot->count++ != 0) return true;
    slot->key = key;
    counts->used++;
    return counts->used <= counts->mask / 2 || counts_grow(counts);
}

struct Entry {
    uint64_t prefix; /* first eight bytes of the written word, so that most comparisons need no more */
    uint64_t count;  /* occurrences */
    uint32_t key;    /* of the written word, or CUT_WORD */
};

static const uint32_t CUT_WORD = UINT32_MAX;

/* What it takes to spell the word of a key; borrowed. */
struct Spelling {
    const struct Vocabulary *vocabulary; /* words of the ranks */
    const struct Counts *counts;         /* bytes of the word that was cut short */
};

/* Spells the word of an entry as it was written, with zeros behind it, and returns its bytes. */
static size_t spell_entry(const struct Spelling *spelling, uint32_t key, char out[WRITTEN_BYTES_MAX]) {
    size_t length = spelling->counts->cut_length;
    if (key == CUT_WORD)
        memcpy(out, spelling->counts->cut_word, length);
    else
        length = put_written_word(spelling->vocabulary, key, out);
    memset(out + length, 0, WRITTEN_BYTES_MAX - length);
    return length;
}

static struct Entry make_entry(const struct Spelling *spelling, uint32_t key, uint64_t count) {
    char word[WRITTEN_BYTES_MAX];
    spell_entry(spelling, key, word);
    struct Entry entry = {.count = count, .key = key};
    for (int i = 0; i < 8; i++)
        entry.prefix = entry.prefix << 8 | (unsigned char)word[i];
    return entry;
}

/* Bytewise; words contain no zeros, so the zeros behind a word sort it before its continuations. */
static int compare_entries(const void *left, const void *right, void *spelling) {
    const struct Entry *a = left;
    const struct Entry *b = right;
    if (a->prefix != b->prefix) return a->prefix < b->prefix ? -1 : 1;
    char a_word[WRITTEN_BYTES_MAX];
    char b_word[WRITTEN_BYTES_MAX];
    spell_entry(spelling, a->key, a_word);
    spell_entry(spelling, b->key, b_word);
    return memcmp(a_word, b_word, WRITTEN_BYTES_MAX);
}

/* Only the word that was cut short can be equal to another. */
static bool is_same_word(const struct Entry *left, const struct Entry *right, struct Spelling *spelling) {
    return (left->key == CUT_WORD || right->key == CUT_WORD) && compare_entries(left, right, spelling) == 0;
}

/* Writes sorted entries, one line for each word. */
static bool write_entries(const struct Entry *entries, size_t size, struct Spelling *spelling, struct Output *output) {
    uint64_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += entries[i].count;
        if (i + 1 < size && is_same_word(&entries[i], &entries[i + 1], spelling)) continue;
        if (!output_reserve(output)) return false;
        char *start = output->buffer + output->used;
        size_t length = spell_entry(spelling, entries[i].key, start);
        output->used += length + (size_t)sprintf(start + length, "\t%" PRIu64 "\n", count);
        count = 0;
    }
    return true;
}

static bool write_counts(const struct Vocabulary *vocabulary, const struct Counts *counts, const char *path) {
    struct Spelling spelling = {.vocabulary = vocabulary, .counts = counts};
    struct Entry *entries = malloc((counts->used + 1) * sizeof *entries);
    if (entries == NULL) return report_no_memory();
    size_t size = 0;
    for (size_t i = 0; i <= counts->mask; i++)
        if (counts->slots[i].count != 0)
            entries[size++] = make_entry(&spelling, counts->slots[i].key, counts->slots[i].count);
    if (counts->cut_length > 0) entries[size++] = make_entry(&spelling, CUT_WORD, 1);
    qsort_r(entries, size, sizeof *entries, compare_entries, &spelling);

    struct Output output;
    bool is_good = output_open(&output, path);
    if (is_good) is_good = output_close(&output, write_entries(entries, size, &spelling, &output));
    free(entries);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The text has exactly the wanted size: it goes on while a word and the last newline fit; the word that does not fit is
 * cut. */

/* Puts the end of the text there, `left` bytes with the last newline. The word that does not fit is already at
 * out + gap. It is cut between two characters, and full stops stand for the bytes of a character that was cut off. */
static void finish_text(char *out, size_t gap, size_t left, struct Counts *counts) {
    if (left > gap + 1) {
        char *word = out + gap;
        size_t length = left - 1 - gap;
        size_t kept = length;
        while (kept > 0 && ((unsigned char)word[kept] & 0xc0) == 0x80)
            kept--;
        memset(word + kept, '.', length - kept);
        memcpy(counts->cut_word, word, length);
        counts->cut_length = length;
    }
    memset(out, '\n', gap < left ? gap : left);
    out[left - 1] = '\n';
}

static bool write_text(const struct Settings *settings, const struct Vocabulary *vocabulary, struct Output *output,
                       struct Counts *counts) {
    struct Prose prose = {
        .random = settings->seed, .capitals = settings->letter_case == 0, .punctuation = !settings->bare};
    uint64_t left = settings->size;
    size_t column = 0;
    while (left > 0) {
        if (!output_reserve(output)) return false;
        uint32_t key = next_key(&prose, vocabulary);
        char *out = output->buffer + output->used;
        size_t gap = left == settings->size ? 0 : prose.starts_paragraph ? 2 : 1;
        prose.starts_paragraph = false;
        size_t length = put_written_word(vocabulary, key, out + gap);
        if (gap + length >= left) {
            finish_text(out, gap, (size_t)left, counts);
            output->used += (size_t)left;
            return true;
        }
        bool starts_line = gap == 2 || column + gap + length > LINE_WIDTH;
        if (gap > 0) memset(out, starts_line ? '\n' : ' ', gap);
        column = starts_line ? length : column + gap + length;
        output->used += gap + length;
        left -= gap + length;
        if (counts->slots != NULL && !count_word(counts, key)) return false;
    }
    return true;
}

static bool generate(const struct Settings *settings) {
    struct Vocabulary vocabulary;
    struct Counts counts = {.slots = NULL};
    struct Output output;
    bool is_good = build_vocabulary(&vocabulary, (uint32_t)settings->vocabulary, settings->exponent_millionths,
                                    settings->unicode_millionths) ||
                   report_no_memory();
    is_good = is_good && (settings->counts_path == NULL || counts_init(&counts));
    if (is_good && output_open(&output, settings->output_path))
        is_good = output_close(&output, write_text(settings, &vocabulary, &output, &counts));
    else
        is_good = false;
    if (is_good && settings->counts_path != NULL) is_good = write_counts(&vocabulary, &counts, settings->counts_path);
    free(counts.slots);
    free_vocabulary(&vocabulary);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_text [OPTION]...\n"
    "Write text that looks like prose. The same options give the same bytes everywhere.\n"
    "\n"
    "  -s, --size SIZE         write exactly SIZE bytes; K, M and G are powers of 1024 (default 1M)\n"
    "  -n, --vocabulary N      draw from N different words, up to 33554432 (default 50000)\n"
    "  -e, --exponent NUMBER   exponent of Zipf's law, 0 to 4 with up to 6 decimals (default 1)\n"
    "      --seed N            choose another text from the same vocabulary (default 1)\n"
    "      --unicode PERCENT   share of the vocabulary with letters outside ASCII, in UTF-8 (default 1)\n"
    "      --case CASE         'mixed': sentences and names begin with a capital (default); 'lower': none do\n"
    "      --no-punctuation    write bare words\n"
    "  -o, --output FILE       write the text to FILE instead of the standard output\n"
    "  -c, --counts FILE       also write how often each word occurs: word TAB count, sorted by the bytes of the word\n"
    "  -h, --help              show this help\n"
    "\n"
    "Words are separated by spaces and newlines; punctuation is a part of the word that it is attached to.\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static const char *const cases[] = {"mixed", "lower", NULL};

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {
        .size = 1 << 20,
        .seed = 1,
        .exponent_millionths = MILLION,
        .unicode_millionths = MILLION,
        .vocabulary = 50000,
        .output_path = "-",
    };
    const struct Option options[] = {
        option_size("size", 's', &settings.size, INT64_MAX),
        option_whole("vocabulary", 'n', &settings.vocabulary, 1, ZIPF_RANKS_MAX),
        option_decimal("exponent", 'e', &settings.exponent_millionths, 4),
        option_seed(&settings.seed),
        option_decimal("unicode", 0, &settings.unicode_millionths, 100),
        option_choice("case", &settings.letter_case, cases),
        option_flag("no-punctuation", &settings.bare),
        option_path("output", 'o', &settings.output_path),
        option_path("counts", 'c', &settings.counts_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
