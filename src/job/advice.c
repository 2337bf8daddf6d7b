#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/units.h"
#include "data/hot_keys.h"
#include "job/forecast.h"

/* What would make a job quicker, or possible, as far as a forecast shows it. */

#define HOT        0.2  /* the part of the pairs of a group job from which on one key is worth a word */
#define COMBINABLE 0.5  /* a combine is worth it when it would leave less than this part of the pairs */
#define SLOW       1.25 /* unpacking is what holds a job up when it takes so many times what mapping does */

enum { SHOWN = 24 /* bytes of a key */ };

static void __attribute__((format(printf, 2, 3))) advise(mr_forecast *forecast, const char *format, ...) {
    va_list arguments;
    if (forecast->advice_count == MR_FORECAST_ADVICE) return;
    va_start(arguments, format);
    vsnprintf(forecast->advice[forecast->advice_count++], MR_FORECAST_TEXT, format, arguments);
    va_end(arguments);
}

static void advise_on_memory(mr_forecast *forecast) {
    char wanted[MR_SIZE_TEXT], room[MR_SIZE_TEXT], need[MR_SIZE_TEXT];
    double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (forecast->spilled.expected > (double)forecast->temporary_free)
        advise(forecast, "%s has room for %s, but %s have to go there: name another folder with --tmp",
               forecast->temporary, mr_format_size(forecast->temporary_free, room),
               mr_format_size((uint64_t)forecast->spilled.expected, need));
    if (!forecast->memory_wanted) return;
    mr_format_size(mr_round_up(forecast->memory_wanted, 1 << 20), wanted);
    if ((double)forecast->memory_wanted < 0.9 * machine)
        advise(forecast, "with --memory %lluM nothing would have to go to disk",
               (unsigned long long)(forecast->memory_wanted >> 20) + 1);
}

/* What the time of the disk depends on. */
static void tell_of_disk(mr_forecast *forecast) {
    char written[MR_SIZE_TEXT], beyond[MR_SIZE_TEXT], speed[MR_SIZE_TEXT];
    const mr_forecast_disk *disk = &forecast->disk;
    if (disk->speed <= 0) return;
    mr_format_size((uint64_t)disk->written, written);
    if (disk->beyond < 1)
        advise(forecast, "the time assumes that the page cache takes the %s that are written, as memory is free now",
               written);
    else
        advise(forecast,
               "the time assumes that the page cache takes what is written and read but for %s, as memory is free "
               "now; the disk takes %s a second",
               mr_format_size((uint64_t)disk->beyond, beyond), mr_format_size((uint64_t)disk->speed, speed));
}

static void advise_on_keys(mr_forecast *forecast, const mr_job *job) {
    const mr_survey_totals *totals = job->settings->survey->totals;
    char key[MR_HOT_KEY_TEXT];
    bool group = forecast->kind == MR_GROUP, hot = forecast->hot_count && forecast->hot[0].share.expected > HOT;
    bool repeated = forecast->keys.expected < COMBINABLE * forecast->pairs.expected;
    bool combined = (double)atomic_load(&totals->run_records) < 0.9 * (double)forecast->sampled_pairs;
    if (group && hot) {
        advise(forecast,
               "key %s has %.0f %% of the pairs, which one worker has to reduce: a combine, a fold, or a "
               "longer key would let others help",
               mr_key_text(mr_bytes(forecast->hot[0].bytes, forecast->hot[0].length), SHOWN, key),
               100 * forecast->hot[0].share.expected);
    } else if (group && repeated && !combined && forecast->seconds.reduce > 1) {
        advise(forecast,
               "keys come %.0f times on average: if their values can be put together, a combine would leave "
               "less for reduce",
               forecast->pairs.expected / forecast->keys.expected);
    }
}

static void advise_on_streams(mr_forecast *forecast, const mr_job *job) {
    const mr_forecast_times *seconds = &forecast->seconds;
    uint64_t gzip = 0;
    for (size_t i = 0; i < job->input.count; i++)
        gzip += job->input.sources[i].form == MR_FORM_STREAM && job->input.sources[i].coding == MR_CODING_GZIP;
    if (gzip && seconds->unpack > 0.5 && forecast->streams < forecast->workers && seconds->unpack > SLOW * seconds->map)
        advise(forecast, "gzip that is not BGZF is unpacked by one process for each file, and mapping waits for it: "
                         "files made with bgzip are unpacked by all workers");
}

void mr_forecast_advise(mr_forecast *forecast, const mr_job *job) {
    if (forecast->unknown)
        advise(forecast, "no record begins in the sample, which says nothing of the job, therefore: "
                         "--sample SIZE looks at more");
    advise_on_memory(forecast);
    tell_of_disk(forecast);
    advise_on_keys(forecast, job);
    advise_on_streams(forecast, job);
    if (forecast->pipes)
        advise(forecast, "a pipe can be read only once: it was not sampled, and the numbers are without it");
}
