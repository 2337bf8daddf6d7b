#include "job/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "job/occupation.h"
#include "job/progress_line.h"

typedef unsigned long long number; /* for printf */

static void put_course(FILE *out, const mr_view *view, const mr_outlook *outlook, const char *title) {
    char text[MR_SIZE_TEXT];
    const mr_phase *phase = mr_phase_now(view->observation);
    fprintf(out, "mr: %s: ", title);
    if (outlook->fraction >= 0) fprintf(out, "%.0f%% done, ", outlook->fraction * 100);
    if (phase) fprintf(out, "%s", phase->name);
    if (phase && phase->units) fprintf(out, " (%llu of %llu units)", (number)phase->done, (number)phase->units);
    if (outlook->rate > 0) fprintf(out, ", %s", mr_format_rate(outlook->rate, text));
    fprintf(out, ", %.1f s so far", view->observation->at);
    if (outlook->left >= 0) fprintf(out, ", %s left", mr_format_seconds(outlook->left, text));
    fputs("\n", out);
}

static void put_figures(FILE *out, const mr_view *view) {
    const mr_observation *observation = view->observation;
    const mr_result_summary *summary = view->summary;
    const mr_phase *map = mr_phase_map(observation);
    static const mr_observed_sample none;
    const mr_observed_sample *sample =
        observation->sample_count ? &observation->samples[observation->sample_count - 1] : &none;
    char text[MR_SIZE_TEXT];
    fprintf(out, "mr:   %s", mr_format_size(map ? map->bytes_done : 0, text));
    if (map && map->bytes) fprintf(out, " of %s", mr_format_size(map->bytes, text));
    fputs(" in, ", out);
    if (summary->records) /* else none has been counted yet */
        fprintf(out, "%llu record%s, ", (number)summary->records, summary->records == 1 ? "" : "s");
    fprintf(out, "%s out, ", mr_format_size(sample->output_bytes, text));
    if (sample->memory) fprintf(out, "%s memory, ", mr_format_size(sample->memory, text));
    fprintf(out, "%s spilled, %llu retr%s, %llu bad record%s\n", mr_format_size(summary->spilled, text),
            (number)summary->retries, summary->retries == 1 ? "y" : "ies", (number)summary->bad.count,
            summary->bad.count == 1 ? "" : "s");
}

static void put_worker(FILE *out, const mr_view *view, uint32_t index) {
    const mr_occupation at = mr_occupation_of(view, index);
    fprintf(out, "mr:   %s %u", at.reader ? "reader" : "worker", index);
    if (at.process) fprintf(out, " (process %ld)", (long)at.process);
    fprintf(out, ": %s", at.doing);
    if (at.file) fprintf(out, " %s at %llu", at.file, (number)at.offset);
    if (at.partition != UINT64_MAX) fprintf(out, " partition %llu", (number)at.partition + 1);
    if (at.callback) fprintf(out, ", in the callback %s", at.callback);
    fprintf(out, ", for %.1f s\n", at.since);
}

/* What a path or a counter is called must not do anything to a terminal. */
static void make_harmless(char *text, size_t length) {
    for (size_t i = 0, size; i < length; i += size ? size : 1) {
        size = mr_utf8_visible(text + i, length - i);
        if (!size && text[i] != '\n') text[i] = '?';
    }
}

char *mr_snapshot_text(const mr_view *view, const mr_outlook *outlook, const char *title) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out) return NULL;
    put_course(out, view, outlook, title);
    put_figures(out, view);
    for (uint32_t i = 0; view->observation->lanes && i < view->observation->lane_count; i++)
        put_worker(out, view, i);
    for (size_t i = 0; i < view->summary->counter_count; i++) {
        const mr_counter_value *counter = &view->summary->counters[i];
        fprintf(out, "mr:   counter %s = %llu\n", counter->name, (number)counter->value);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    make_harmless(text, length);
    return text;
}
