#include "job/status_page.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/numerics.h"
#include "base/units.h"
#include "job/chart.h"
#include "job/occupation.h"
#include "job/progress_line.h"
#include "job/report_facts.h"
#include "job/report_parts.h"
#include "job/skew_page.h"
#include "job/timeline.h"

/* From the top down: how far it is, what it is at, what each worker does, how it has gone so far, what there is to be
 * worried about. The page is asked for again and again, so nothing in it may move about. */

enum { TEXT = 128, WORKERS_SHOWN = 64 /* more are counted, not shown */ };

/* ---- at a glance ------------------------------------------------------------------------------------------------- */

static void put_done(mr_html *html, const mr_view *view, const mr_outlook *outlook) {
    char value[TEXT], note[TEXT], text[MR_SIZE_TEXT], all[MR_SIZE_TEXT];
    const mr_phase *map = mr_phase_map(view->observation);
    uint64_t bytes = map ? map->bytes_done : 0;
    mr_format_size(bytes, text);
    if (!map)
        snprintf(note, sizeof note, "mapping has not begun");
    else if (map->bytes)
        snprintf(note, sizeof note, "%s of %s mapped", text, mr_format_size(map->bytes, all));
    else
        snprintf(note, sizeof note, "%s mapped; how much there is nobody knows", text);
    snprintf(value, sizeof value, "%.0f %%", outlook->fraction * 100);
    mr_page_tile_of(html, "Done", outlook->fraction < 0 ? "?" : value, note, false);
}

static void put_glance(mr_html *html, const mr_view *view, const mr_outlook *outlook) {
    const mr_observation *observation = view->observation;
    const mr_result_summary *summary = view->summary;
    char text[TEXT], note[TEXT], size[MR_SIZE_TEXT];
    uint64_t memory = observation->sample_count ? observation->samples[observation->sample_count - 1].memory : 0;
    mr_page_tiles(html);
    put_done(html, view, outlook);
    snprintf(note, sizeof note, "%s so far", mr_format_time(observation->at, 1, text));
    mr_page_tile_of(html, "Time left", outlook->left < 0 ? "?" : mr_format_seconds(outlook->left, text), note, false);
    /* They count when what they came to is safe, which in a group job may be late. */
    if (summary->records)
        snprintf(note, sizeof note, "%llu records", (unsigned long long)summary->records);
    else
        snprintf(note, sizeof note, "no records counted yet");
    const char *rate = outlook->rate > 0 ? mr_format_rate(outlook->rate, text) : "\xe2\x80\x93";
    mr_page_tile_of(html, "Speed", rate, note, false);
    snprintf(note, sizeof note, "%s spilled", mr_format_size(summary->spilled, size));
    mr_page_tile_of(html, "Memory", mr_format_size(memory, text), note, false);
    snprintf(text, sizeof text, "%llu", (unsigned long long)summary->retries);
    snprintf(note, sizeof note, "%llu bad records left out", (unsigned long long)summary->bad.count);
    mr_page_tile(html, "Workers replaced", text, NULL, note, summary->retries || summary->bad.count);
    mr_page_tiles_end(html);
    mr_html_put(html, "<section>");
    mr_page_bar(html, MR_COLOUR_MAP, outlook->fraction);
    mr_html_put(html, "</section>\n");
}

static void put_heading(mr_html *html, const mr_view *view, const char *title, unsigned refresh) {
    const mr_phase *phase = mr_phase_now(view->observation);
    mr_html_format(html, "<header>\n<p class=\"eyebrow\">mr %s, process %ld, ", MR_VERSION, (long)getpid());
    if (refresh)
        mr_html_format(html, "asked for again every %u s (<a href=\"?still\">stop</a>)", refresh);
    else
        mr_html_put(html, "as it was when it was asked for (<a href=\"/\">go on</a>)");
    mr_html_put(html, "; <a href=\"/status.json\">JSON</a></p>\n<h1>");
    const char *slash = strrchr(title, '/'); /* of a plugin that was given as a path */
    mr_html_text(html, slash && slash[1] ? slash + 1 : title);
    mr_html_put(html, " <span class=\"badge good\">");
    mr_html_text(html, phase ? phase->name : "start");
    mr_html_put(html, "</span></h1>\n<p class=\"lead\">");
    mr_report_inputs(html, view->job);
    mr_html_put(html, " \xe2\x86\x92 ");
    mr_html_text(html, mr_report_output(view->job));
    mr_html_put(html, "</p>\n</header>\n");
}

/* ---- the parts --------------------------------------------------------------------------------------------------- */

static double share_of(const mr_phase *phase) {
    if (phase->end >= 0) return 1;
    if (phase->bytes) return (double)phase->bytes_done / (double)phase->bytes;
    return phase->units ? (double)phase->done / (double)phase->units : 0;
}

static void put_phase(mr_html *html, const mr_observation *observation, const mr_phase *phase) {
    char text[MR_TIME_TEXT];
    double end = phase->end < 0 ? observation->at : phase->end;
    mr_html_put(html, "<tr><td>");
    mr_html_text(html, phase->name);
    mr_html_put(html, "</td><td class=\"wide\">");
    mr_page_bar(html, mr_phase_colour(phase->name), share_of(phase));
    mr_html_put(html, "</td><td class=\"number narrow\">");
    if (phase->units)
        mr_html_format(html, "%llu of %llu", (unsigned long long)phase->done, (unsigned long long)phase->units);
    mr_html_put(html, "</td><td class=\"number narrow\">");
    mr_html_text(html, mr_format_duration(mr_duration(phase->begin, end), text));
    mr_html_put(html, "</td></tr>\n");
}

static void put_phases(mr_html *html, const mr_observation *observation) {
    mr_page_section(html, "Phases");
    mr_html_put(html, "<table>\n<tr><th>phase</th><th>done</th><th class=\"number\">units</th>"
                      "<th class=\"number\">time</th></tr>\n");
    for (uint32_t i = 0; i < observation->phase_count; i++)
        put_phase(html, observation, &observation->phases[i]);
    mr_html_put(html, "</table>\n");
    mr_page_section_end(html);
}

/* What a worker is at, in words. */
static void put_work(mr_html *html, const mr_occupation *at) {
    mr_html_format(html, "<span class=\"swatch %s\"></span> ", mr_colour_class(mr_phase_colour(at->doing)));
    mr_html_text(html, at->doing);
    if (at->file) {
        mr_html_put(html, " <code>");
        mr_html_text(html, at->file);
        mr_html_format(html, "</code> at %llu", (unsigned long long)at->offset);
    }
    if (at->partition != UINT64_MAX) mr_html_format(html, " partition %llu", (unsigned long long)at->partition + 1);
    if (!at->callback) return;
    mr_html_put(html, ", in <code>");
    mr_html_text(html, at->callback);
    mr_html_put(html, "</code>");
}

static void put_worker(mr_html *html, const mr_view *view, uint32_t index) {
    char text[MR_TIME_TEXT];
    const mr_occupation at = mr_occupation_of(view, index);
    mr_html_format(html, "<tr><td class=\"narrow\">%s\xc2\xa0%u</td><td class=\"number narrow roomy\">",
                   at.reader ? "reader" : "worker", index);
    if (at.process) mr_html_format(html, "%ld", (long)at.process);
    mr_html_put(html, "</td><td class=\"any\">");
    put_work(html, &at);
    mr_html_put(html, "</td><td class=\"number narrow\">");
    mr_html_text(html, mr_format_duration(at.since, text));
    mr_html_format(html, "</td><td class=\"number narrow\">%llu</td><td class=\"number narrow roomy\">%u</td></tr>\n",
                   (unsigned long long)at.tasks, at.crashes);
}

static void put_workers(mr_html *html, const mr_view *view) {
    uint32_t count = view->observation->lanes ? view->observation->lane_count : 0;
    mr_page_section(html, "Workers");
    mr_html_put(html,
                "<div class=\"scroll\"><table>\n<tr><th>who</th><th class=\"number roomy\">process</th><th>does</th>"
                "<th class=\"number\">for</th><th class=\"number\">tasks</th><th class=\"number roomy\">crashes</th>"
                "</tr>\n");
    for (uint32_t i = 0; i < count && i < WORKERS_SHOWN; i++)
        put_worker(html, view, i);
    mr_html_put(html, "</table></div>\n");
    if (count > WORKERS_SHOWN)
        mr_html_format(html, "<p class=\"hint\">and %u more, in the JSON</p>\n", count - WORKERS_SHOWN);
    mr_page_section_end(html);
}

static void put_times(mr_html *html, const mr_view *view) {
    const mr_observation *observation = view->observation;
    mr_time_axis axis = mr_time_axis_of(observation->at);
    if (!observation->sample_count) return;
    mr_page_section(html, "Over time");
    mr_chart_samples(html, observation, &axis, MR_CHART_THROUGHPUT, 0);
    mr_chart_samples(html, observation, &axis, MR_CHART_MEMORY, view->job->plan.memory);
    if (view->summary->spilled) mr_chart_samples(html, observation, &axis, MR_CHART_SPILLED, 0);
    mr_page_section_end(html);
}

void mr_status_page(mr_html *html, const mr_view *view, const mr_outlook *outlook, const char *title,
                    unsigned refresh) {
    mr_numerics before;
    mr_numerics_begin(&before);
    mr_page_begin(html, title, refresh);
    put_heading(html, view, title, refresh);
    put_glance(html, view, outlook);
    put_phases(html, view->observation);
    put_workers(html, view);
    put_times(html, view);
    mr_report_activities(html, view->observation);
    mr_report_incidents(html, view->observation);
    mr_report_hot_keys(html, view->observation);
    mr_report_counters(html, view->summary);
    mr_page_end(html);
    mr_numerics_end(&before);
}
