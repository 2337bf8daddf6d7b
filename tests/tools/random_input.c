/* random_input - write text that is nasty in a reproducible way.
 *
 *     random_input SEED BYTES [KIND]
 *
 * Prints BYTES bytes that depend on nothing but the arguments. The text is made of sections of one kind each; without
 * KIND every section picks its own:
 *
 *     few       ten words, in lines of ordinary length
 *     many      nearly every word is new
 *     skewed    word number n is about n times rarer than the first
 *     prefix    distinct words that agree in their first hundreds of bytes
 *     long      words of up to 200 kB, and lines as long
 *     lines     mostly empty lines, some CRLF, some a single byte
 *     letters   words from several scripts, in both cases, with invalid UTF-8 between and inside them
 *     binary    any bytes at all
 *
 * Whether a section ends in a line end is left to chance, so that sections and files end inside words, lines and UTF-8
 * sequences.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    uint64_t state; /* of the random numbers */
    uint64_t left;  /* bytes still to be written */
} run;

/* splitmix64: small, and the same everywhere. */
static uint64_t random_number(void) {
    uint64_t z = (run.state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(uint64_t limit) {
    return random_number() % limit;
}

static void put(const void *bytes, size_t length) {
    if (length > run.left) length = (size_t)run.left;
    if (fwrite(bytes, 1, length, stdout) != length) exit(1);
    run.left -= length;
}

static void put_text(const char *text) {
    put(text, strlen(text));
}

static void put_byte(int byte) {
    unsigned char single = (unsigned char)byte;
    put(&single, 1);
}

static void put_separator(void) {
    static const char *const separators[] = {" ",  " ",  " ",  " ",    " ",     " ",   "\n",
                                             "\n", "  ", "\t", "\r\n", "\v\f ", "\n\n"};
    put_text(separators[below(sizeof separators / sizeof *separators)]);
}

/* A word that stands for `number`: the same number gives the same word, different numbers give different words. */
static void put_numbered_word(uint64_t number) {
    static const char *const syllables[] = {"ka",  "lo", "Mi", "nu", "re", "SA", "te", "vo",
                                            "\\x", "'z", "qu", "ab", "c.", "D",  "e",  "f"};
    do {
        put_text(syllables[number % 16]);
        number /= 16;
    } while (number > 0);
}

static void put_few(void) {
    put_numbered_word(below(10));
    put_separator();
}

static void put_many(void) {
    put_numbered_word(random_number() >> 24);
    put_separator();
}

static void put_skewed(void) {
    uint64_t range = (uint64_t)1 << below(20);
    put_numbered_word(below(range));
    put_separator();
}

static void put_prefixed(void) {
    for (int i = 0; i < 50; i++)
        put_text("prefix.");
    put_numbered_word(below(500));
    if (below(4) == 0) put_byte('\0');
    put_separator();
}

static void put_long(void) {
    uint64_t length = (uint64_t)1 << below(18);
    int filler = 'a' + (int)below(4);
    for (uint64_t i = below(length) + 1; i > 0; i--)
        put_byte(filler);
    if (below(3) == 0)
        put_separator();
    else
        put_byte(' ');
}

static void put_line(void) {
    switch (below(8)) {
    case 0:
        put_text("\r\n");
        break;
    case 1:
        put_text("x\n");
        break;
    case 2:
        put_text("\\\n");
        break;
    case 3:
        put("\0\n", 2);
        break;
    default:
        put_text("\n");
        break;
    }
}

/* Letters that change their length or stand alone when lower-cased, digits and marks that are no letters, and what only
 * looks like UTF-8: overlong forms, surrogates, code points that are too large, cut sequences. */
static void put_letters(void) {
    static const char *const pieces[] = {
        "e",
        "T",
        "Stra\u00dfe",
        "\u00c4\u00e4",
        "\u0416\u0436",
        "\u0130",
        "\u03a3\u03c3\u03c2",
        "\u4e2d\u6587",
        "\u023a",
        "\u01c5",
        "\u1e9e",
        "\u02b0",
        "\u0905\u0915",
        "\u0301",
        "7",
        "\u0663",
        "-",
        "_",
        "\u2014",
        "\U0001d400",
        "\U00010400",
        "\U0001f600",
        "\u2160",
        "\u24b6",
        "\xc0\xaf",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xe2\x82",
        "\xff",
        "\x80",
        "\xf0\x9f",
    };
    for (uint64_t i = below(6) + 1; i > 0; i--)
        put_text(pieces[below(sizeof pieces / sizeof *pieces)]);
    if (below(2) == 0) put_separator();
}

static void put_binary(void) {
    put_byte((int)below(256));
}

static const struct {
    const char *name;
    void (*put)(void); /* writes one word, or whatever the kind is made of */
} kinds[] = {
    {"few", put_few},   {"many", put_many},  {"skewed", put_skewed},   {"prefix", put_prefixed},
    {"long", put_long}, {"lines", put_line}, {"letters", put_letters}, {"binary", put_binary},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        fputs("usage: random_input SEED BYTES [KIND]\n", stderr);
        return 2;
    }
    run.state = strtoull(argv[1], NULL, 10);
    run.left = strtoull(argv[2], NULL, 10);
    int only = -1;
    for (int kind = 0; kind < KINDS; kind++)
        if (argc == 4 && strcmp(argv[3], kinds[kind].name) == 0) only = kind;
    if (argc == 4 && only < 0) {
        fprintf(stderr, "random_input: no such kind: %s\n", argv[3]);
        return 2;
    }
    uint64_t total = run.left;
    while (run.left > 0) {
        int kind = only >= 0 ? only : (int)below(KINDS);
        uint64_t section = below(total / 4 + 100) + 1;
        uint64_t end = section > run.left ? 0 : run.left - section;
        while (run.left > end)
            kinds[kind].put();
        if (below(2) == 0) put_text("\n");
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
