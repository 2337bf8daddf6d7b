#include "cli/explain_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"

/* One line for each thing there is to know, its name in front. What is known exactly is said exactly; what is estimated
 * has three digits, and says how far off it may be. */

#define LEAST_SHARE 0.005 /* of the pairs; keys with less are not worth a line */

enum {
    NUMBER_TEXT = 48,
    WIDTH = 68,    /* of advice, in columns */
    KEY_SHOWN = 32 /* bytes of the text of a key, from which on it is cut */
};

static const char *const kinds[] = {"", "a fold", "a group", "a map"};

/* A number for people: all digits, or about three of them. */
static const char *format_number(double number, bool exact, char *text) {
    static const char *const units[] = {"", " thousand", " million", " billion", " trillion"};
    size_t unit = 0;
    if (exact || number < 999.5) {
        snprintf(text, NUMBER_TEXT, "%.0f", number);
        return text;
    }
    while (number >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        number /= 1000;
        unit++;
    }
    snprintf(text, NUMBER_TEXT, "%.*f%s", number < 9.995 ? 2 : number < 99.95 ? 1 : 0, number, units[unit]);
    return text;
}

static const char *format_bytes(double bytes, char *text) {
    return mr_format_size(bytes < 1 ? 0 : (uint64_t)bytes, text);
}

static const char *format_seconds(double seconds, char *text) {
    if (seconds < 0.095)
        snprintf(text, NUMBER_TEXT, "%.0f ms", fmax(1, seconds * 1000));
    else if (seconds < 99.5)
        snprintf(text, NUMBER_TEXT, "%.*f s", seconds < 9.95 ? 1 : 0, seconds);
    else if (seconds < 5970)
        snprintf(text, NUMBER_TEXT, "%.0f min", seconds / 60);
    else
        snprintf(text, NUMBER_TEXT, "%.1f h", seconds / 3600);
    return text;
}

static bool is_exact(const mr_estimate *estimate) {
    return estimate->low >= estimate->high;
}

/* "12.3 million +- 2 %", or all digits. */
static void print_count(const mr_estimate *estimate) {
    char number[NUMBER_TEXT];
    double error = estimate->expected > 0 ? 100 * (estimate->high - estimate->low) / 2 / estimate->expected : 0;
    printf("%s", format_number(estimate->expected, is_exact(estimate), number));
    if (!is_exact(estimate)) printf(" ± %.*f %%", error < 1 ? 1 : 0, fmax(error, 0.1));
}

static void print_name(const char *name) {
    printf("  %-10s", name);
}

static void print_input(const mr_forecast *forecast) {
    char size[MR_SIZE_TEXT], text[MR_SIZE_TEXT];
    printf("%s (%s job) on %llu file%s", forecast->plugin, kinds[forecast->kind & 3],
           (unsigned long long)forecast->files, forecast->files == 1 ? "" : "s");
    if (forecast->pipes < forecast->files) printf(", %s", mr_format_size(forecast->file_bytes, size));
    if (forecast->compressed || forecast->streams)
        printf(", %s%s unpacked", forecast->streams && !forecast->whole ? "about " : "",
               format_bytes(forecast->text_bytes.expected, text));
    putchar('\n');
}

static void print_sample(const mr_forecast *forecast) {
    char size[MR_SIZE_TEXT], seconds[NUMBER_TEXT];
    print_name("sample");
    if (!forecast->pieces) {
        puts("nothing: there is no input that can be read twice");
        return;
    }
    if (forecast->whole)
        printf("all of it");
    else
        printf("%s in %llu piece%s", mr_format_size(forecast->sampled, size), (unsigned long long)forecast->pieces,
               forecast->pieces == 1 ? "" : "s");
    if (forecast->streams && !forecast->whole) printf(", of compressed files the beginnings");
    printf(", in %s", format_seconds(forecast->sample_seconds, seconds));
    if (forecast->cut) printf("; more would have taken too long");
    putchar('\n');
    if (forecast->bad_records)
        printf("            without %llu bad record%s\n", (unsigned long long)forecast->bad_records,
               forecast->bad_records == 1 ? "" : "s");
}

static void print_counts(const mr_forecast *forecast) {
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    print_name("records");
    print_count(&forecast->records);
    printf(" (%s)\n", forecast->record_kind);
    if (forecast->kind == MR_MAP) return;
    print_name("pairs");
    print_count(&forecast->pairs);
    double each = forecast->records.expected > 0 ? forecast->pairs.expected / forecast->records.expected : 0;
    if (each >= 999.5)
        printf(", %s for each record", format_number(each, false, low));
    else if (each > 0)
        printf(", %.3g for each record", each);
    putchar('\n');
    print_name("keys");
    printf("%s", format_number(forecast->keys.expected, is_exact(&forecast->keys), low));
    if (!is_exact(&forecast->keys))
        printf(", probably from %s to %s", format_number(forecast->keys.low, false, low),
               format_number(forecast->keys.high, false, high));
    putchar('\n');
}

static void print_memory(const mr_forecast *forecast) {
    char memory[MR_SIZE_TEXT], limit[MR_SIZE_TEXT], bytes[MR_SIZE_TEXT];
    print_name("memory");
    printf("about %s of %s", format_bytes(forecast->memory.expected, memory),
           mr_format_size(forecast->memory_limit, limit));
    if (forecast->kind != MR_MAP)
        printf("; %s between map and reduce", format_bytes(forecast->run_bytes.expected, bytes));
    putchar('\n');
    print_name("disk");
    if (forecast->spilled.expected > 0)
        printf("about %s%s in %s", format_bytes(forecast->spilled.expected, bytes),
               forecast->spilled.low > 0 ? "" : ", or nothing,", forecast->temporary);
    else if (forecast->spilled.high > 0)
        printf("nothing, or up to %s in %s", format_bytes(forecast->spilled.high, bytes), forecast->temporary);
    else if (forecast->spill_begin > 0)
        printf("nothing, but something from %s between map and reduce on", format_bytes(forecast->spill_begin, bytes));
    else
        printf("nothing");
    if (forecast->spilled.high > 0 && forecast->temporary_free != UINT64_MAX)
        printf(", where %s are free", mr_format_size(forecast->temporary_free, bytes));
    putchar('\n');
}

static void print_part(const char *name, double seconds, bool *first) {
    char text[NUMBER_TEXT];
    if (seconds < 0.02) return;
    printf("%s%s %s", *first ? " (" : ", ", name, format_seconds(seconds, text));
    *first = false;
}

static void print_time(const mr_forecast *forecast) {
    char text[NUMBER_TEXT];
    const mr_forecast_times *seconds = &forecast->seconds;
    bool first = true;
    print_name("work");
    printf("%llu chunk%s", (unsigned long long)forecast->chunks, forecast->chunks == 1 ? "" : "s");
    if (forecast->streams) printf(", and those of compressed files");
    if (forecast->kind != MR_MAP)
        printf(", %llu partition%s", (unsigned long long)forecast->partitions, forecast->partitions == 1 ? "" : "s");
    printf(", %llu worker%s\n", (unsigned long long)forecast->workers, forecast->workers == 1 ? "" : "s");
    print_name("time");
    printf("about %s", format_seconds(seconds->total, text));
    print_part("unpack", seconds->unpack > seconds->map ? seconds->unpack : 0, &first);
    print_part("map", seconds->map, &first);
    print_part("exchange", seconds->exchange, &first);
    print_part("reduce", seconds->reduce, &first);
    print_part("disk", seconds->disk, &first);
    puts(first ? "" : ")");
}

/* A key as people read it, cut. */
static void print_key(const mr_forecast_key *key) {
    char text[KEY_SHOWN + MR_UTF8_SHOWN];
    size_t length = key->length < MR_SURVEY_KEY ? key->length : MR_SURVEY_KEY, taken = 0, used = 0;
    for (; taken < length && used < KEY_SHOWN; used += strlen(text + used))
        taken += mr_utf8_show(key->bytes + taken, length - taken, text + used);
    text[used] = 0;
    printf("%-14s", text);
    if (taken < key->length) printf("... ");
}

static void print_hot(const mr_forecast *forecast) {
    size_t shown = 0;
    for (; shown < forecast->hot_count && forecast->hot[shown].share.expected >= LEAST_SHARE; shown++) {
        const mr_forecast_key *key = &forecast->hot[shown];
        print_name(shown ? "" : "hot keys");
        print_key(key);
        printf(" %5.2f %% of the pairs", 100 * key->share.expected);
        if (!is_exact(&key->share)) printf(" ± %.2f", 50 * (key->share.high - key->share.low));
        putchar('\n');
    }
    if (shown || forecast->kind == MR_MAP || forecast->pairs.expected <= 0) return;
    print_name("hot keys");
    /* A key that comes once in a piece is not noted, and may still be a large part of few pairs. */
    if ((double)forecast->sampled_pairs * LEAST_SHARE < (double)forecast->pieces)
        printf("none that comes often among the %llu pair%s of the sample\n",
               (unsigned long long)forecast->sampled_pairs, forecast->sampled_pairs == 1 ? "" : "s");
    else
        puts("none: no key has 0.5 % of the pairs");
}

/* Prints a paragraph in lines, behind its name. */
static void print_paragraph(const char *name, const char *text) {
    size_t used = 0;
    print_name(name);
    for (const char *word = text; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (used && used + 1 + length > WIDTH)
            used = (size_t)printf("\n            ") - 13;
        else if (used)
            used += (size_t)printf(" ");
        used += fwrite(word, 1, length, stdout);
        word += length;
    }
    putchar('\n');
}

void mr_explain_print(const mr_forecast *forecast) {
    char size[MR_SIZE_TEXT], more[MR_SIZE_TEXT];
    print_input(forecast);
    print_sample(forecast);
    if (forecast->pieces && !forecast->unknown) {
        print_counts(forecast);
        print_name("output");
        printf("%s%s", is_exact(&forecast->output_bytes) ? "" : "about ",
               format_bytes(forecast->output_bytes.expected, size));
        if (!is_exact(&forecast->output_bytes))
            printf(", probably from %s to %s", format_bytes(forecast->output_bytes.low, size),
                   format_bytes(forecast->output_bytes.high, more));
        putchar('\n');
        print_memory(forecast);
        print_time(forecast);
        print_hot(forecast);
    }
    for (size_t i = 0; i < forecast->advice_count; i++)
        print_paragraph(i ? "" : "note", forecast->advice[i]);
}
