#include "job/report_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/numerics.h"
#include "base/units.h"
#include "job/report_facts.h"
#include "job/report_parts.h"
#include "job/skew_page.h"
#include "job/timeline.h"

/* The page answers from the top down: how did it end, how long, how fast, what held it up, was anything wrong; then
 * what happened when; then everything else that one may want to look up. */

enum { TEXT = 256, INCIDENTS_SHOWN = 8, SAMPLES_WORTH_SHOWING = 3 };

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static void put_number(mr_html *html, const char *name, uint64_t number) {
    mr_html_put(html, "<dt>");
    mr_html_text(html, name);
    mr_html_put(html, "</dt><dd class=\"number\">");
    mr_page_number(html, number);
    mr_html_put(html, "</dd>\n");
}

static void put_duration(mr_html *html, const char *name, double seconds) {
    char text[MR_TIME_TEXT];
    mr_html_format(html, "<dt>%s</dt><dd class=\"number\">%s</dd>\n", name, mr_format_duration(seconds, text));
}

/* ---- at a glance ------------------------------------------------------------------------------------------------- */

/* A plugin that has not been loaded is called as the user called it. */
static const char *name_of_plugin(const mr_job *job) {
    return *job->description.name ? job->description.name : job->settings->plugin;
}

static void put_heading(mr_html *html, const mr_report_subject *subject) {
    mr_html_put(html, "<header>\n");
    mr_report_dateline(html);
    mr_html_put(html, "<h1>");
    mr_html_text(html, name_of_plugin(subject->job));
    mr_html_put(html, " ");
    mr_report_badge(html, subject->summary->outcome, subject->summary->signal);
    mr_html_put(html, "</h1>\n<p class=\"lead\">");
    mr_report_inputs(html, subject->job);
    mr_html_put(html, " \xe2\x86\x92 ");
    mr_html_text(html, mr_report_output(subject->job));
    mr_html_put(html, "</p>\n</header>\n");
}

/* "map 1.2 s, reduce 0.3 s": the two longest phases. */
static void name_longest_phases(const mr_observation *observation, char *text, size_t size) {
    const mr_phase *longest = NULL, *second = NULL;
    char first_time[MR_TIME_TEXT], second_time[MR_TIME_TEXT];
    *text = 0;
    for (uint32_t i = 0; observation && i < observation->phase_count; i++) {
        const mr_phase *phase = &observation->phases[i];
        if (!longest || phase->end - phase->begin > longest->end - longest->begin) {
            second = longest;
            longest = phase;
        } else if (!second || phase->end - phase->begin > second->end - second->begin) {
            second = phase;
        }
    }
    if (!longest || !second) return;
    snprintf(text, size, "%s %s, %s %s", longest->name, mr_format_duration(longest->end - longest->begin, first_time),
             second->name, mr_format_duration(second->end - second->begin, second_time));
}

static void put_time_tile(mr_html *html, const mr_report_subject *subject) {
    char time[MR_TIME_TEXT], note[TEXT];
    double seconds = subject->summary->seconds;
    name_longest_phases(subject->observation, note, sizeof note);
    mr_format_duration(seconds, time);
    mr_page_tile_of(html, "Time", time, *note ? note : NULL, false);
}

/* Of a job that has not come to its end only what it has come to counts. */
static void put_speed_tile(mr_html *html, const mr_report_subject *subject) {
    char speed[MR_TIME_TEXT], input[MR_SIZE_TEXT], all[MR_SIZE_TEXT], note[TEXT];
    const mr_result_summary *summary = subject->summary;
    const mr_observation *observation = subject->observation;
    bool done = summary->outcome == MR_OUTCOME_DONE;
    size_t samples = observation ? observation->sample_count : 0;
    uint64_t bytes = done ? summary->input_bytes : samples ? observation->samples[samples - 1].input_bytes : 0;
    double seconds = summary->seconds > 0 ? summary->seconds : 1e-9;
    mr_format_quantity((double)bytes / seconds, "B/s", speed);
    mr_format_size(done ? summary->output_bytes : summary->input_bytes, all);
    snprintf(note, sizeof note, done ? "%s in, %s out" : "%s of %s were mapped", mr_format_size(bytes, input), all);
    mr_page_tile_of(html, "Speed", speed, note, false);
}

static void put_memory_tile(mr_html *html, const mr_report_subject *subject) {
    char peak[MR_SIZE_TEXT], limit[MR_SIZE_TEXT], spilled[MR_SIZE_TEXT], note[TEXT];
    const mr_result_summary *summary = subject->summary;
    mr_format_size(summary->peak_memory, peak);
    if (summary->spilled)
        snprintf(note, sizeof note, "of %s, and %s spilled", mr_format_size(subject->job->plan.memory, limit),
                 mr_format_size(summary->spilled, spilled));
    else
        snprintf(note, sizeof note, "of %s, nothing spilled", mr_format_size(subject->job->plan.memory, limit));
    if (summary->peak_memory)
        mr_page_tile_of(html, "Memory", peak, subject->job->plan.memory ? note : NULL, false);
    else
        mr_page_tile(html, "Memory", "\xe2\x80\x93", NULL, "it ended before it was measured", false);
}

static void put_bound_tile(mr_html *html, const mr_bound *bound) {
    char note[TEXT];
    snprintf(note, sizeof note, "for %.0f %% of the time", 100 * mr_duration(0, bound->share));
    mr_page_tile(html, "Bound by", bound->by, NULL, note, false);
}

/* As the summary on a terminal says it. */
static void put_advice(mr_html *html, const mr_bound *bound) {
    mr_html_put(html, "<p class=\"advice\">It was bound by ");
    mr_html_text(html, bound->text);
    mr_html_format(html, ", for %.0f %% of the time", 100 * mr_duration(0, bound->share));
    mr_html_put(html, *bound->advice ? "; " : "");
    mr_html_text(html, bound->advice);
    mr_html_put(html, ".</p>\n");
}

static void put_glance(mr_html *html, const mr_report_subject *subject) {
    const mr_bound *bound = subject->observation ? &subject->observation->bound : NULL;
    mr_page_tiles(html);
    put_time_tile(html, subject);
    put_speed_tile(html, subject);
    if (bound && bound->by) put_bound_tile(html, bound);
    put_memory_tile(html, subject);
    mr_report_trouble(html, subject->summary->outcome, subject->summary->retries, subject->summary->bad.count);
    mr_page_tiles_end(html);
    if (bound && bound->by) put_advice(html, bound);
}

/* ---- what went wrong --------------------------------------------------------------------------------------------- */

/* One line of the crash card: a new row, or more of the last one. */
static void put_card_line(mr_html *html, const char *line, size_t length, bool first) {
    bool more = line[MR_CARD_LABEL] == ' ';
    if (more)
        mr_html_put(html, "\n");
    else {
        mr_html_put(html, first ? "<dt>" : "</code></dd>\n<dt>");
        mr_html_bytes(html, line + MR_CARD_LABEL, strcspn(line + MR_CARD_LABEL, " "));
        mr_html_put(html, "</dt><dd><code>");
    }
    mr_html_bytes(html, line + MR_CARD_VALUE, length - MR_CARD_VALUE);
}

/* The crash card, whose lines become rows; its title says no more than the page has said. */
static void put_card(mr_html *html, const mr_card *card) {
    mr_error error = {0};
    char *text = mr_card_text(card, &error);
    if (!text) {
        mr_html_text(html, error.text);
        return;
    }
    mr_html_put(html, "<dl class=\"facts card\" aria-label=\"The crash card\">\n");
    char *first = strchr(text, '\n') + 1, *end;
    for (char *line = first; (end = strchr(line, '\n')); line = end + 1)
        if (end - line >= MR_CARD_VALUE) put_card_line(html, line, (size_t)(end - line), line == first);
    mr_html_put(html, "</code></dd></dl>\n");
    free(text);
}

static void put_failure(mr_html *html, const mr_report_subject *subject) {
    mr_report_failure(html, subject->summary->outcome, subject->failure);
    if (subject->card) put_card(html, subject->card);
}

/* The first and the last ones are kept; between them some may be missing. */
static void put_incident(mr_html *html, const mr_observation *observation, uint64_t index) {
    char text[MR_TIME_TEXT];
    const mr_incident *incident = &observation->incidents[index];
    uint64_t kept = mr_smaller(observation->incident_count, MR_INCIDENTS_MAX);
    if (index == MR_INCIDENTS_MAX / 2 && observation->incident_count > kept)
        mr_html_format(html, "<tr><td></td><td class=\"hint\">and %llu more</td></tr>\n",
                       (unsigned long long)(observation->incident_count - kept));
    mr_html_format(html, "<tr><td class=\"number narrow\">%s</td><td class=\"any\">",
                   mr_format_time(incident->at, 0.01, text));
    mr_html_text(html, incident->text);
    mr_html_put(html, "</td></tr>\n");
}

/* All but the first few have to be unfolded. */
void mr_report_incidents(mr_html *html, const mr_observation *observation) {
    uint64_t kept = mr_smaller(observation->incident_count, MR_INCIDENTS_MAX);
    if (!kept) return;
    static const char head[] = "<table>\n<tr><th class=\"number narrow\">at</th><th>what happened</th></tr>\n";
    mr_page_section(html, "Incidents");
    mr_html_put(html, head);
    for (uint64_t i = 0; i < kept && i < INCIDENTS_SHOWN; i++)
        put_incident(html, observation, i);
    mr_html_put(html, "</table>\n");
    if (kept > INCIDENTS_SHOWN) {
        mr_html_format(html, "<details><summary>%llu more</summary>\n",
                       (unsigned long long)(observation->incident_count - INCIDENTS_SHOWN));
        mr_html_put(html, head);
        for (uint64_t i = INCIDENTS_SHOWN; i < kept; i++)
            put_incident(html, observation, i);
        mr_html_put(html, "</table></details>\n");
    }
    mr_page_section_end(html);
}

/* ---- over time --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum mr_colour colour;
} activities[MR_ACTIVITIES] = {
    [MR_ACTIVITY_START] = {"starting", MR_COLOUR_START},      [MR_ACTIVITY_READ] = {"reading", MR_COLOUR_READ},
    [MR_ACTIVITY_INFLATE] = {"inflating", MR_COLOUR_INFLATE}, [MR_ACTIVITY_MAP] = {"mapping", MR_COLOUR_MAP},
    [MR_ACTIVITY_EXCHANGE] = {"exchange", MR_COLOUR_SEAL},    [MR_ACTIVITY_REDUCE] = {"reducing", MR_COLOUR_REDUCE},
    [MR_ACTIVITY_WRITE] = {"writing", MR_COLOUR_WRITE},       [MR_ACTIVITY_WAIT] = {"waiting", MR_COLOUR_WAIT},
};
_Static_assert(MR_ACTIVITIES == 8, "every activity has a name and a colour");

/* One bar, divided by what workers spent their time on. */
void mr_report_activities(mr_html *html, const mr_observation *observation) {
    double all = 0, at = 0;
    for (size_t i = 0; i < MR_ACTIVITIES; i++)
        all += mr_duration(0, observation->activities[i]);
    if (!(all > 0)) return;
    mr_page_section(html, "Where the time of workers went");
    mr_html_put(html, "<svg class=\"clip whole\" width=\"100%\" height=\"24\" role=\"img\" aria-label=\"Shares of the "
                      "time; the list below "
                      "says them\">\n");
    for (size_t i = 0; i < MR_ACTIVITIES; i++) {
        double share = 100 * mr_duration(0, observation->activities[i]) / all;
        mr_html_format(html,
                       "<rect class=\"fill %s\" x=\"%.3f%%\" width=\"%.3f%%\" height=\"24\"><title>%s: %.1f %%"
                       "</title></rect>\n",
                       mr_colour_class(activities[i].colour), at, share, activities[i].name, share);
        at += share;
    }
    mr_html_put(html, "</svg>\n<ul class=\"legend\">\n");
    for (size_t i = 0; i < MR_ACTIVITIES; i++) {
        char note[TEXT], text[MR_TIME_TEXT];
        double seconds = mr_duration(0, observation->activities[i]);
        snprintf(note, sizeof note, "%.0f %%, %s", 100 * seconds / all, mr_format_duration(seconds, text));
        if (seconds >= 0.005 * all) mr_page_legend(html, activities[i].colour, activities[i].name, note);
    }
    mr_html_put(html, "</ul>\n");
    mr_page_section_end(html);
}

static void put_times(mr_html *html, const mr_report_subject *subject) {
    const mr_observation *observation = subject->observation;
    mr_time_axis axis = mr_time_axis_of(subject->summary->seconds);
    if (!observation->lane_count) return; /* it ended before there were any */
    mr_page_section(html, "What happened when");
    mr_timeline(html, observation, &axis);
    mr_timeline_tables(html, observation, &axis);
    mr_page_section_end(html);
    if (observation->sample_count < SAMPLES_WORTH_SHOWING) return;
    mr_page_section(html, "Over time");
    mr_chart_samples(html, observation, &axis, MR_CHART_THROUGHPUT, 0);
    mr_chart_samples(html, observation, &axis, MR_CHART_MEMORY, subject->job->plan.memory);
    if (subject->summary->spilled) mr_chart_samples(html, observation, &axis, MR_CHART_SPILLED, 0);
    mr_page_section_end(html);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static void put_numbers(mr_html *html, const mr_result_summary *summary) {
    mr_page_section(html, "In numbers");
    mr_html_put(html, "<div class=\"columns\"><dl class=\"facts\">\n");
    put_number(html, "bytes of input", summary->input_bytes);
    put_number(html, "records", summary->records);
    put_number(html, "results", summary->results);
    put_number(html, "bytes of output", summary->output_bytes);
    put_duration(html, "time", summary->seconds);
    mr_html_put(html, "</dl><dl class=\"facts\">\n");
    put_number(html, "bytes spilled", summary->spilled);
    put_number(html, "bytes of memory, at most", summary->peak_memory);
    put_duration(html, "CPU time", summary->cpu_seconds);
    put_number(html, "workers replaced", summary->retries);
    put_number(html, "bad records left out", summary->bad.count);
    if (*summary->bad_path) mr_page_fact(html, "they are kept in", summary->bad_path);
    mr_html_put(html, "</dl></div>\n");
    mr_page_section_end(html);
}

void mr_report_counters(mr_html *html, const mr_result_summary *summary) {
    if (!summary->counter_count) return;
    mr_page_section(html, "Counters of the plugin");
    mr_html_put(html, "<div class=\"columns\"><dl class=\"facts\">\n");
    for (size_t i = 0; i < summary->counter_count; i++)
        put_number(html, summary->counters[i].name, summary->counters[i].value);
    mr_html_put(html, "</dl></div>\n");
    mr_page_section_end(html);
}

void mr_report_page(mr_html *html, const mr_report_subject *subject) {
    char title[TEXT];
    mr_numerics before;
    mr_numerics_begin(&before);
    snprintf(title, sizeof title, "%.200s: %s", name_of_plugin(subject->job),
             mr_report_outcome_name(subject->summary->outcome));
    mr_page_begin(html, title, 0);
    put_heading(html, subject);
    put_glance(html, subject);
    put_failure(html, subject);
    if (subject->observation) {
        mr_report_activities(html, subject->observation);
        put_times(html, subject);
        mr_report_incidents(html, subject->observation);
        mr_report_skew(html, subject->observation, subject->job->shared ? &subject->job->shared->splitters : NULL);
    }
    mr_report_counters(html, subject->summary);
    put_numbers(html, subject->summary);
    mr_report_settings(html, subject);
    mr_page_end(html);
    mr_numerics_end(&before);
}

bool mr_report_write(const char *path, const mr_report_subject *subject, mr_error *error) {
    mr_html html = {0};
    mr_report_page(&html, subject);
    return mr_report_save(&html, path, error);
}
