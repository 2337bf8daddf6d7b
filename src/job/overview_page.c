#include "job/overview_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/numerics.h"
#include "base/units.h"
#include "job/report_facts.h"
#include "job/timeline.h"

/* The jobs stand one below the other, each with a bar that says when it was running, divided into its phases: so one
 * sees at a glance where the time went. What there is to say of one job alone is in its own report. */

enum { TEXT = 256, HALF = MR_OVERVIEW_STAGES_MAX / 2, BAR_HEIGHT = 14 };

/* ---- what is kept ------------------------------------------------------------------------------------------------ */

bool mr_overview_open(mr_overview *overview, const char *path, mr_error *error) {
    size_t bytes = MR_OVERVIEW_STAGES_MAX * sizeof *overview->records;
    *overview = (mr_overview){.path = path, .start = mr_seconds(), .records = malloc(bytes)};
    return overview->records || mr_error_memory(error, bytes, "an overview");
}

void mr_overview_close(mr_overview *overview) {
    free(overview->records);
    overview->records = NULL;
}

/* How many records there are. */
static size_t kept(const mr_overview *overview) {
    return mr_smaller(overview->count, MR_OVERVIEW_STAGES_MAX);
}

void mr_overview_add(mr_overview *overview, const char *name, uint64_t round, const char *plugin,
                     const mr_result_summary *summary) {
    const mr_observation *observation = summary->observation;
    mr_stage_record *records = overview->records;
    if (overview->count >= MR_OVERVIEW_STAGES_MAX)
        memmove(&records[HALF], &records[HALF + 1], (HALF - 1) * sizeof *records);
    overview->count++;
    mr_stage_record *record = &records[kept(overview) - 1];
    *record = (mr_stage_record){
        .round = round,
        .begin = mr_duration(overview->start + summary->seconds, mr_seconds()),
        .seconds = summary->seconds,
        .outcome = summary->outcome,
        .signal = summary->signal,
        .input_bytes = summary->input_bytes,
        .records = summary->records,
        .output_bytes = summary->output_bytes,
        .spilled = summary->spilled,
        .retries = summary->retries,
        .bad = summary->bad.count,
    };
    snprintf(record->name, sizeof record->name, "%s", name);
    snprintf(record->plugin, sizeof record->plugin, "%s", plugin);
    if (!observation) return;
    record->bound_by = observation->bound.by;
    record->phase_count = observation->phase_count;
    memcpy(record->phases, observation->phases, sizeof record->phases);
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* What all records come to. */
typedef struct totals {
    double seconds; /* of all of them, also of those that have been displaced */
    uint64_t input_bytes, output_bytes, retries, bad;
    const mr_stage_record *longest;
} totals;

static totals total_of(const mr_overview *overview) {
    totals sum = {0};
    for (size_t i = 0; i < kept(overview); i++) {
        const mr_stage_record *record = &overview->records[i];
        sum.seconds = record->begin + mr_duration(0, record->seconds);
        sum.input_bytes = mr_add_capped(sum.input_bytes, record->input_bytes);
        sum.output_bytes = mr_add_capped(sum.output_bytes, record->output_bytes);
        sum.retries += record->retries;
        sum.bad += record->bad;
        if (!sum.longest || record->seconds > sum.longest->seconds) sum.longest = record;
    }
    return sum;
}

/* The outcome of the whole is that of the last one, unless something has failed besides. */
static enum mr_outcome outcome_of(const mr_overview *overview, const mr_error *failure) {
    size_t count = kept(overview);
    enum mr_outcome last = count ? overview->records[count - 1].outcome : MR_OUTCOME_DONE;
    return last == MR_OUTCOME_DONE && failure->set ? MR_OUTCOME_FAILED : last;
}

static void put_tiles(mr_html *html, const mr_overview *overview, const totals *sum, enum mr_outcome outcome) {
    char value[TEXT], note[TEXT];
    mr_page_tiles(html);
    mr_page_tile_of(html, "Time", mr_format_duration(sum->seconds, value), NULL, false);
    snprintf(value, sizeof value, "%llu", (unsigned long long)overview->count);
    mr_page_tile(html, "Stages run", value, NULL, "counting every round", false);
    if (sum->longest) {
        char time[MR_TIME_TEXT];
        mr_format_duration(sum->longest->seconds, time);
        if (sum->longest->round)
            snprintf(note, sizeof note, "%s, in round %llu", time, (unsigned long long)sum->longest->round);
        else
            snprintf(note, sizeof note, "%s", time);
        mr_page_tile(html, "Took longest", sum->longest->name, NULL, note, false);
    }
    mr_report_trouble(html, outcome, sum->retries, sum->bad);
    mr_page_tiles_end(html);
}

/* A bar over the time of the whole; what lies before and behind is left empty. */
static void put_bar(mr_html *html, const mr_stage_record *record, const mr_time_axis *axis) {
    char text[MR_TIME_TEXT];
    mr_html_format(html, "<svg width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"It was running from %s",
                   BAR_HEIGHT, mr_format_time(record->begin, axis->step / 100, text));
    mr_html_format(html, " to %s\">", mr_format_time(record->begin + record->seconds, axis->step / 100, text));
    mr_html_format(html, "<rect class=\"track\" width=\"100%%\" height=\"%d\"/>", BAR_HEIGHT);
    for (uint32_t i = 0; i < record->phase_count; i++) {
        const mr_phase *phase = &record->phases[i];
        double end = phase->end < 0 ? record->seconds : phase->end;
        double from = 100 * mr_time_share(axis, record->begin + phase->begin);
        double to = 100 * mr_time_share(axis, record->begin + end);
        mr_html_format(html, "<rect class=\"fill %s\" x=\"%.3f%%\" width=\"%.3f%%\" height=\"%d\"><title>",
                       mr_colour_class(mr_phase_colour(phase->name)), from, to > from ? to - from : 0, BAR_HEIGHT);
        mr_html_text(html, phase->name);
        mr_html_format(html, ": %s</title></rect>", mr_format_duration(mr_duration(phase->begin, end), text));
    }
    mr_html_put(html, "</svg>\n");
}

static void put_record(mr_html *html, const mr_stage_record *record, const mr_time_axis *axis) {
    char text[MR_TIME_TEXT], input[MR_SIZE_TEXT], output[MR_SIZE_TEXT], spilled[MR_SIZE_TEXT];
    double seconds = record->seconds > 0 ? record->seconds : 1e-9;
    mr_html_put(html, "<li><p><strong>");
    mr_html_text(html, record->name);
    mr_html_put(html, "</strong> <span class=\"hint\">");
    if (record->round) mr_html_format(html, "round %llu, ", (unsigned long long)record->round);
    mr_html_text(html, record->plugin);
    mr_html_format(html, "</span> <span class=\"time\">%s</span></p>\n", mr_format_duration(record->seconds, text));
    put_bar(html, record, axis);
    mr_html_format(html, "<p class=\"hint\">%s in, ", mr_format_size(record->input_bytes, input));
    mr_html_format(html, "%s out, %s", mr_format_size(record->output_bytes, output),
                   mr_format_quantity((double)record->input_bytes / seconds, "B/s", text));
    if (record->bound_by) mr_html_format(html, ", bound by %s", record->bound_by);
    if (record->spilled) mr_html_format(html, ", %s spilled", mr_format_size(record->spilled, spilled));
    if (record->retries) mr_html_format(html, ", %llu workers replaced", (unsigned long long)record->retries);
    if (record->bad) mr_html_format(html, ", %llu bad records left out", (unsigned long long)record->bad);
    mr_html_put(html, record->outcome == MR_OUTCOME_DONE ? "</p></li>\n" : ", <strong>not done</strong></p></li>\n");
}

static void put_legend(mr_html *html) {
    static const struct {
        enum mr_colour colour;
        const char *name;
    } shown[] = {{MR_COLOUR_START, "starting, ending"}, {MR_COLOUR_SAMPLE, "sampling"}, {MR_COLOUR_MAP, "mapping"},
                 {MR_COLOUR_REDUCE, "reducing"},        {MR_COLOUR_MERGE, "merging"},   {MR_COLOUR_WRITE, "writing"}};
    mr_html_put(html, "<ul class=\"legend\">");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        mr_page_legend(html, shown[i].colour, shown[i].name, NULL);
    mr_html_put(html, "</ul>\n");
}

static void put_records(mr_html *html, const mr_overview *overview, double seconds) {
    mr_time_axis axis = mr_time_axis_of(seconds);
    mr_page_section(html, "One after the other");
    put_legend(html);
    mr_html_put(html, "<ol class=\"stages\">\n");
    for (size_t i = 0; i < kept(overview); i++) {
        if (i == HALF && overview->count > MR_OVERVIEW_STAGES_MAX)
            mr_html_format(html, "<li class=\"hint\">and %llu more</li>\n",
                           (unsigned long long)(overview->count - MR_OVERVIEW_STAGES_MAX));
        put_record(html, &overview->records[i], &axis);
    }
    mr_html_put(html, "</ol>\n");
    mr_page_section_end(html);
}

/* The last part of a path. */
static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

void mr_overview_page(mr_html *html, const mr_overview *overview, const mr_error *failure) {
    char title[TEXT];
    mr_numerics before;
    mr_numerics_begin(&before);
    size_t count = kept(overview);
    totals sum = total_of(overview);
    enum mr_outcome outcome = outcome_of(overview, failure);
    snprintf(title, sizeof title, "%.200s: %s", name_of(overview->path), mr_report_outcome_name(outcome));
    mr_page_begin(html, title, 0);
    mr_html_put(html, "<header>\n");
    mr_report_dateline(html);
    mr_html_put(html, "<h1>");
    mr_html_text(html, name_of(overview->path));
    mr_html_put(html, " ");
    mr_report_badge(html, outcome, count ? overview->records[count - 1].signal : 0);
    mr_html_put(html, "</h1>\n");
    if (name_of(overview->path) != overview->path) {
        mr_html_put(html, "<p class=\"lead\">");
        mr_html_text(html, overview->path);
        mr_html_put(html, "</p>\n");
    }
    mr_html_put(html, "</header>\n");
    put_tiles(html, overview, &sum, outcome);
    mr_report_failure(html, outcome, failure);
    if (count) put_records(html, overview, sum.seconds);
    mr_page_end(html);
    mr_numerics_end(&before);
}

bool mr_overview_write(const char *path, const mr_overview *overview, const mr_error *failure, mr_error *error) {
    mr_html html = {0};
    mr_overview_page(&html, overview, failure);
    return mr_report_save(&html, path, error);
}
