#include "job/progress_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* The line is put together from fields. Each has a rank: when they do not all have room, those with the highest ranks
 * are left out one after the other. */

enum { FIELD = 64, TITLE = 32, BAR = 24 /* characters at most */ };

enum field {
    TITLE_FIELD,
    PERCENT_FIELD,
    BAR_FIELD,
    PHASE_FIELD,
    RATE_FIELD,
    LEFT_FIELD,
    MEMORY_FIELD,
    RETRIES_FIELD,
    FIELDS
};

/* Lower ones stay longer. */
static const unsigned char ranks[FIELDS] = {
    [PERCENT_FIELD] = 0, [PHASE_FIELD] = 1,  [LEFT_FIELD] = 2,  [RATE_FIELD] = 3,
    [RETRIES_FIELD] = 4, [MEMORY_FIELD] = 5, [TITLE_FIELD] = 6, [BAR_FIELD] = 7,
};

const char *mr_format_seconds(double seconds, char *text) {
    /* Rounded up: what is left is not over before it is. */
    uint64_t whole = seconds < 1e9 ? (uint64_t)ceil(seconds) : 1000000000;
    unsigned s = (unsigned)(whole % 60), m = (unsigned)(whole / 60 % 60);
    unsigned long long h = whole / 3600;
    if (h >= 100)
        snprintf(text, MR_TIME_LEFT, "%llu d %llu h", h / 24, h % 24);
    else if (h)
        snprintf(text, MR_TIME_LEFT, "%llu:%02u:%02u", h, m, s);
    else
        snprintf(text, MR_TIME_LEFT, "%u:%02u", m, s);
    return text;
}

const char *mr_format_rate(double rate, char *text) {
    if (rate >= 1e7)
        snprintf(text, MR_RATE_TEXT, "%.0f MB/s", rate / 1e6);
    else if (rate >= 1e5)
        snprintf(text, MR_RATE_TEXT, "%.1f MB/s", rate / 1e6);
    else
        snprintf(text, MR_RATE_TEXT, "%.1f kB/s", rate / 1e3);
    return text;
}

/* A title that does no harm to a terminal: without what comes before the last slash, and cut. */
static void put_title(const char *title, char *text) {
    const char *slash = strrchr(title, '/');
    size_t length = 0;
    for (const char *at = slash && slash[1] ? slash + 1 : title; *at && length < TITLE; at++)
        text[length++] = *at >= ' ' && *at <= '~' ? *at : '?';
    text[length] = 0;
}

static void put_bar(double fraction, char *text) {
    unsigned full = (unsigned)(fraction * BAR);
    text[0] = '[';
    for (unsigned i = 0; i < BAR; i++)
        text[1 + i] = i < full ? '#' : '.';
    memcpy(text + 1 + BAR, "]", 2);
}

static void put_fields(const mr_progress_facts *facts, char fields[FIELDS][FIELD]) {
    char text[MR_SIZE_TEXT];
    bool known = facts->fraction >= 0;
    put_title(facts->title, fields[TITLE_FIELD]);
    /* 100 % is for a job that has ended. */
    unsigned percent = known ? (unsigned)(facts->fraction * 100) : 0;
    if (known)
        snprintf(fields[PERCENT_FIELD], FIELD, "%3u%%", percent < 99 ? percent : 99);
    else
        snprintf(fields[PERCENT_FIELD], FIELD, "%s read", mr_format_size(facts->bytes, text));
    if (known) put_bar(facts->fraction, fields[BAR_FIELD]);
    if (facts->phase) snprintf(fields[PHASE_FIELD], FIELD, "%s", facts->phase);
    if (facts->rate > 0) mr_format_rate(facts->rate, fields[RATE_FIELD]);
    if (facts->left >= 0) snprintf(fields[LEFT_FIELD], FIELD, "%s left", mr_format_seconds(facts->left, text));
    if (facts->memory) snprintf(fields[MEMORY_FIELD], FIELD, "%s memory", mr_format_size(facts->memory, text));
    if (facts->retries)
        snprintf(fields[RETRIES_FIELD], FIELD, "%llu retr%s", (unsigned long long)facts->retries,
                 facts->retries == 1 ? "y" : "ies");
}

/* Puts those fields whose rank is below a limit one behind the other; returns the length. */
static size_t join(char fields[FIELDS][FIELD], unsigned limit, char *text) {
    size_t length = (size_t)sprintf(text, "mr:");
    for (int i = 0; i < FIELDS; i++)
        if (*fields[i] && ranks[i] < limit) length += (size_t)sprintf(text + length, "%s%s", i ? "  " : " ", fields[i]);
    return length;
}

const char *mr_progress_line(const mr_progress_facts *facts, unsigned width, char *text) {
    char fields[FIELDS][FIELD] = {{0}};
    put_fields(facts, fields);
    unsigned limit = FIELDS;
    size_t length = join(fields, limit, text);
    while (length > width && limit > 1)
        length = join(fields, --limit, text);
    if (length > width) text[width] = 0;
    return text;
}
