/* generate_rows - rows such as "Vensil on Sea;12.3" in any number, with the exact statistics of each name.
 *
 * A row is the name of a place, a semicolon and a temperature from -99.9 to 99.9. Places are invented; each has a mean
 * of its own, around which its temperatures are distributed about normally.
 *
 * The same options give the same bytes on every machine, whatever the compiler, its optimisation or its mathematical
 * library: all that decides is computed with integers.
 *
 *     options -> places -> rows -> output
 *                             \-> answer
 *
 * The answer is computed from the numbers that are written, never by parsing what was written. */

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
    NAME_BYTES_MIN = 3,
    NAME_BYTES_MAX = 26,
    NAMES_MAX = 10 * MILLION,
    UNICODE_MILLIONTHS = 12 * MILLION, /* percentage of the words that are not ASCII, in millionths of a percent */
    FIRST_RANK = 1 << 12,              /* of the vocabulary: the words before it are too short for places */
    TEMPERATURE_MAX = 999,             /* tenths of a degree, like all temperatures here */
    MEAN_MIN = -250,
    MEAN_SPAN = 600, /* means lie in so many tenths from MEAN_MIN on */
};

struct Settings {
    uint64_t rows;                /* to write */
    uint64_t seed;                /* of the random numbers that choose names and temperatures */
    uint64_t exponent_millionths; /* exponent of Zipf's law, by which names are chosen; 0: all equally often */
    uint64_t names;               /* to choose from */
    const char *output_path;      /* "-" is the standard output */
    const char *answer_path;      /* NULL: nobody wants the answer */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Places. A name is a word of the vocabulary with a capital, and sometimes something before or behind it: one word
 * before, or two behind, so that different words give different names. */

struct Place {
    char name[28];   /* with its semicolon, then zeros */
    uint16_t length; /* bytes of it, with the semicolon */
    int16_t mean;    /* in tenths of a degree */
};

static const char *const befores[8] = {"Port ", "New ", "Saint ", "Upper ", "Lower ", "Old ", "Mount ", "Fort "};
static const char *const behinds[8] = {" on Sea", " in Fen",   " by Moor",  " de Sal",
                                       " am See", " sul Lago", " sur Rive", " do Norte"};

/* Writes the name of a rank of the vocabulary; returns its bytes, or 0 when it is too short or too long for a name. */
static size_t spell_name(uint32_t rank, char name[2 * WORD_BYTES_MAX]) {
    uint64_t lot = scramble(rank + UINT64_C(0x2545f4914f6cdd1d));
    unsigned kind = (unsigned)(lot & 15), choice = (unsigned)(lot >> 4 & 7);
    char word[WORD_BYTES_MAX];
    size_t length = spell_word(rank, UNICODE_MILLIONTHS, word);
    word[length] = '\0';
    capitalise(word);
    char *end = stpcpy(name, kind == 0 ? befores[choice] : "");
    end = stpcpy(stpcpy(end, word), kind == 1 ? behinds[choice] : "");
    length = (size_t)(end - name);
    return length >= NAME_BYTES_MIN && length <= NAME_BYTES_MAX ? length : 0;
}

/* The places are the same for every seed, so that the rows of different seeds can be joined or compared. */
static void make_places(struct Place *places, uint32_t count) {
    uint32_t rank = FIRST_RANK;
    for (uint32_t i = 0; i < count; i++) {
        char name[2 * WORD_BYTES_MAX];
        size_t length;
        while ((length = spell_name(rank++, name)) == 0)
            continue;
        memcpy(places[i].name, name, length);
        places[i].name[length] = ';';
        places[i].length = (uint16_t)(length + 1);
        places[i].mean = (int16_t)(MEAN_MIN + (int)(scramble(rank) % MEAN_SPAN));
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Rows. */

/* The texts of all temperatures. */
struct Temperature {
    char text[7];   /* with a newline */
    uint8_t length; /* bytes of it, with the newline */
};

struct Statistics {
    uint64_t count;
    int64_t sum;
    int minimum, maximum;
};

static void make_temperatures(struct Temperature *temperatures) {
    for (int tenths = -TEMPERATURE_MAX; tenths <= TEMPERATURE_MAX; tenths++) {
        struct Temperature *temperature = &temperatures[tenths + TEMPERATURE_MAX];
        char text[32];
        int length =
            snprintf(text, sizeof text, "%s%d.%d\n", tenths < 0 ? "-" : "", abs(tenths) / 10, abs(tenths) % 10);
        memcpy(temperature->text, text, (size_t)length);
        temperature->length = (uint8_t)length;
    }
}

/* The standard deviation becomes 10 degrees. */
static inline int draw_temperature(int mean, uint64_t random) {
    int tenths = mean + random_deviation(random) / 378;
    return tenths < -TEMPERATURE_MAX ? -TEMPERATURE_MAX : tenths > TEMPERATURE_MAX ? TEMPERATURE_MAX : tenths;
}

static inline void note_temperature(struct Statistics *statistics, int tenths) {
    if (statistics->count == 0 || tenths < statistics->minimum) statistics->minimum = tenths;
    if (statistics->count == 0 || tenths > statistics->maximum) statistics->maximum = tenths;
    statistics->sum += tenths;
    statistics->count++;
}

/* Puts one row there, which has room for OUTPUT_SLACK bytes; returns its bytes. */
static inline size_t put_row(const struct Place *place, const struct Temperature *temperature, char *out) {
    memcpy(out, place->name, sizeof place->name);
    memcpy(out + place->length, temperature->text, sizeof temperature->text);
    return (size_t)place->length + temperature->length;
}

static bool write_rows(const struct Settings *settings, const struct Zipf *zipf, const struct Place *places,
                       struct Output *output, struct Statistics *statistics) {
    static struct Temperature temperatures[2 * TEMPERATURE_MAX + 1];
    uint64_t random = settings->seed;
    make_temperatures(temperatures);
    for (uint64_t row = 0; row < settings->rows; row++) {
        if (!output_reserve(output)) return false;
        uint32_t rank = zipf_draw(zipf, next_random(&random));
        int tenths = draw_temperature(places[rank].mean, next_random(&random));
        output->used += put_row(&places[rank], &temperatures[tenths + TEMPERATURE_MAX], output->buffer + output->used);
        note_temperature(&statistics[rank], tenths);
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answer: name, minimum, mean, maximum and count with tabs between them, in the order of the names' bytes. */

/* Sorts numbers of places; the semicolon does not count. */
static int compare_names(const void *left, const void *right, void *context) {
    const struct Place *places = context;
    const struct Place *a = &places[*(const uint32_t *)left], *b = &places[*(const uint32_t *)right];
    size_t shorter = (a->length < b->length ? a->length : b->length) - 1u;
    int order = memcmp(a->name, b->name, shorter);
    return order != 0 ? order : (int)a->length - (int)b->length;
}

static char *put_tenths(char *to, int64_t tenths) {
    *to = '-';
    to += tenths < 0;
    return to + sprintf(to, "%lld.%lld", llabs(tenths) / 10, llabs(tenths) % 10);
}

/* The mean in tenths, halves away from zero. */
static int64_t mean_of(const struct Statistics *statistics) {
    int64_t count = (int64_t)statistics->count, twice = 2 * llabs(statistics->sum);
    int64_t mean = (twice + count) / (2 * count);
    return statistics->sum < 0 ? -mean : mean;
}

static bool write_lines(const struct Place *places, const struct Statistics *statistics, const uint32_t *order,
                        uint32_t count, struct Output *output) {
    for (uint32_t i = 0; i < count; i++) {
        const struct Place *place = &places[order[i]];
        const struct Statistics *found = &statistics[order[i]];
        if (found->count == 0) continue;
        if (!output_reserve(output)) return false;
        char *start = output->buffer + output->used, *to = start + place->length - 1;
        memcpy(start, place->name, place->length - 1u);
        *to++ = '\t';
        to = put_tenths(to, found->minimum);
        *to++ = '\t';
        to = put_tenths(to, mean_of(found));
        *to++ = '\t';
        to = put_tenths(to, found->maximum);
        to += sprintf(to, "\t%" PRIu64 "\n", found->count);
        output->used += (size_t)(to - start);
    }
    return true;
}

static bool write_answer(const struct Settings *settings, struct Place *places, const struct Statistics *statistics) {
    uint32_t names = (uint32_t)settings->names;
    uint32_t *order = malloc(names * sizeof *order);
    if (order == NULL) return report_no_memory();
    for (uint32_t i = 0; i < names; i++)
        order[i] = i;
    qsort_r(order, names, sizeof *order, compare_names, places);

    struct Output output;
    bool is_good = output_open(&output, settings->answer_path);
    if (is_good) is_good = output_close(&output, write_lines(places, statistics, order, names, &output));
    free(order);
    return is_good;
}

static bool generate(const struct Settings *settings) {
    uint32_t names = (uint32_t)settings->names;
    struct Zipf zipf = {.cells = NULL};
    struct Output output;
    struct Place *places = calloc(names, sizeof *places);
    struct Statistics *statistics = calloc(names, sizeof *statistics);
    bool is_good = places != NULL && statistics != NULL && zipf_build(&zipf, names, settings->exponent_millionths);
    if (is_good) {
        make_places(places, names);
        is_good = output_open(&output, settings->output_path);
        if (is_good) is_good = output_close(&output, write_rows(settings, &zipf, places, &output, statistics));
        if (is_good && settings->answer_path != NULL) is_good = write_answer(settings, places, statistics);
    } else {
        report_no_memory();
    }
    zipf_free(&zipf);
    free(statistics);
    free(places);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_rows [OPTION]...\n"
    "Write rows of a name, a semicolon and a temperature. The same options give the same bytes everywhere.\n"
    "\n"
    "  -r, --rows N           write N rows (default 10000)\n"
    "  -n, --names N          choose from N different names, up to 10000000 (default 413)\n"
    "  -e, --exponent NUMBER  choose names by Zipf's law with this exponent, 0 to 4 with up to 6 decimals\n"
    "                         (default 0: all equally often)\n"
    "      --seed N           choose other rows of the same names (default 1)\n"
    "  -o, --output FILE      write the rows to FILE instead of the standard output\n"
    "  -a, --answer FILE      also write the statistics of each name that occurs: name, minimum, mean, maximum, "
    "count,\n"
    "                         with tabs between them, sorted by the bytes of the name\n"
    "  -h, --help             show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {.rows = 10000, .seed = 1, .names = 413, .output_path = "-"};
    const struct Option options[] = {
        option_whole("rows", 'r', &settings.rows, 0, UINT64_C(1) << 50),
        option_whole("names", 'n', &settings.names, 1, NAMES_MAX),
        option_decimal("exponent", 'e', &settings.exponent_millionths, 4),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
