/* Fuzzes what the user types: the arguments of 'mr run', which are separated by zeros in the input, and sizes, times
 * and numbers, which have to be what wider arithmetic makes of them. */
#include "fuzzing.h"

#include <ctype.h>
#include <math.h>

#include "base/units.h"
#include "cli/arguments.h"
#include "cli/commands.h"

enum { MOST_ARGUMENTS = 40 };

__extension__ typedef unsigned __int128 wide;

/* ---- sizes and numbers ------------------------------------------------------------------------------------------- */

/* Reads the digits at the front of a text, held at 2^100; returns their end. */
static const char *read_digits(const char *text, wide *value) {
    const wide most = (wide)1 << 100;
    for (*value = 0; isdigit((unsigned char)*text); text++)
        if (*value < most) *value = *value * 10 + (wide)(*text - '0');
    return text;
}

/* The bits by which a unit shifts a size; -1 when it is no unit. */
static int unit_shift(const char *unit) {
    static const char letters[] = "kmgt";
    char lower[8] = "";
    for (size_t i = 0; i + 1 < sizeof lower && unit[i]; i++)
        lower[i] = (char)tolower((unsigned char)unit[i]);
    if (!strcmp(lower, "") || !strcmp(lower, "b")) return 0;
    const char *letter = strchr(letters, lower[0]);
    bool complete = !strcmp(lower + 1, "") || !strcmp(lower + 1, "b") || !strcmp(lower + 1, "ib");
    return letter && complete ? 10 * (int)(letter - letters + 1) : -1;
}

static void check_size(const char *text) {
    uint64_t bytes;
    wide whole;
    bool read = mr_parse_size(text, &bytes);
    const char *unit = read_digits(text, &whole);
    require(!read || (unit > text && bytes <= INT64_MAX));
    if (unit > text && *unit != '.' && unit - text < 60) { /* a whole number */
        int shift = unit_shift(unit);
        bool fits = shift >= 0 && whole <= (wide)INT64_MAX >> shift;
        require(read == fits && (!read || bytes == (uint64_t)whole << shift));
    } else if (read) {
        unit = text + strspn(text, "0123456789.");
        double exact = strtod(text, NULL) * exp2(unit_shift(unit));
        require(fabs((double)bytes - exact) <= 1 + exact * 1e-12);
    }
}

static void check_duration(const char *text) {
    static const struct {
        const char *name;
        double milliseconds;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    uint64_t milliseconds;
    const char *unit = text + strspn(text, "0123456789.");
    if (!mr_parse_duration(text, &milliseconds)) return;
    require(unit > text && milliseconds <= INT64_MAX);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) != 0) continue;
        double exact = strtod(text, NULL) * units[i].milliseconds;
        require(fabs((double)milliseconds - exact) <= 1 + exact * 1e-12);
        return;
    }
    require(!"the unit of a time is known");
}

static void check_number(const char *text, uint64_t least, uint64_t most) {
    uint64_t count;
    wide value;
    const char *end = read_digits(text, &value);
    bool expected = end > text && !*end && value >= least && value <= most;
    require(mr_parse_count(text, least, most, &count) == expected);
    require(!expected || count == (uint64_t)value);
}

static void check_formatting(uint64_t value) {
    char text[MR_SIZE_TEXT], expected[MR_SIZE_TEXT];
    size_t length = mr_format_unsigned(value, text);
    require(same_slice(mr_bytes(text, length), expected, (size_t)sprintf(expected, "%llu", (unsigned long long)value)));
    length = mr_format_decimal((int64_t)value, text);
    require(same_slice(mr_bytes(text, length), expected, (size_t)sprintf(expected, "%lld", (long long)value)));
    require(strlen(mr_format_size(value, text)) < MR_SIZE_TEXT);
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

/* What has been taken for right can be worked with. */
static void check_settings(const mr_job_settings *settings) {
    require(settings->plugin && settings->inputs && (settings->input_count > 0) == !settings->from_bad);
    for (size_t i = 0; i < settings->input_count; i++)
        require(settings->inputs[i]);
    require(!settings->output || *settings->output);
    require(!settings->temporary || *settings->temporary);
    for (size_t i = 0; i < settings->setting_count; i++)
        require(*settings->settings[i].name && settings->settings[i].value);
    require(settings->workers <= MR_WORKERS_MAX && settings->memory <= INT64_MAX && settings->chunk <= INT64_MAX);
    require(settings->skip_bad <= MR_BAD_MAX && settings->timeout <= INT64_MAX && settings->worker_memory <= INT64_MAX);
    require(settings->only_offset <= INT64_MAX && settings->only_length <= INT64_MAX);
    require(!settings->only_length || settings->input_count == 1);
    require(settings->top > 0 && settings->sort <= (MR_SORT_VALUE_DESCENDING | MR_SORT_NUMERIC));
}

static void check_arguments(int count, char **list) {
    mr_run_arguments arguments;
    mr_error error = {0};
    bool ok = mr_run_arguments_read(&arguments, &mr_command_run, NULL, "mr", count, list, &error);
    require_told(ok, &error);
    require(ok || error.usage);
    if (ok && !arguments.help) check_settings(&arguments.settings);
    mr_run_arguments_free(&arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    char *list[MOST_ARGUMENTS + 1] = {strdup("run")}, *permuted[MOST_ARGUMENTS + 1];
    int count = 1;
    uint64_t least = take_number(&in, UINT64_MAX), most = take_number(&in, UINT64_MAX);
    check_formatting(least);
    while (fuzz_left(&in) && count < MOST_ARGUMENTS) {
        list[count] = take_text(&in, strnlen((const char *)in.next, fuzz_left(&in)));
        require(list[count]);
        in.next += fuzz_left(&in) > 0; /* the zero */
        count++;
    }
    list[count] = NULL;
    for (int i = 1; i < count; i++) {
        check_size(list[i]);
        check_duration(list[i]);
        check_number(list[i], least, most);
        check_number(list[i], 1, UINT64_MAX - 1);
    }
    memcpy(permuted, list, sizeof list);
    check_arguments(count, permuted);
    while (count)
        free(list[--count]);
    return 0;
}
