#include "job/report_facts.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/machine.h"
#include "base/units.h"
#include "flow/output.h"
#include "job/page.h"

enum { INPUTS_SHOWN = 12, TEXT = 256 };

const char *mr_report_output(const mr_job *job) {
    const char *path = job->settings->output;
    return path && strcmp(path, "-") != 0 ? path : "standard output";
}

/* The sources of which something is known: none of a job that has failed before it had looked at them. */
static size_t known_sources(const mr_input *input) {
    size_t count = 0;
    while (count < input->count && input->sources[count].path)
        count++;
    return count;
}

void mr_report_inputs(mr_html *html, const mr_job *job) {
    const mr_input *input = &job->input;
    if (!known_sources(input)) {
        mr_html_text(html, job->settings->input_count ? job->settings->inputs[0] : "nothing");
        return;
    }
    mr_html_text(html, input->sources[0].path);
    if (input->count > 1) mr_html_format(html, " and %zu more", input->count - 1);
}

/* ---- single facts ------------------------------------------------------------------------------------------------ */

static void put_number(mr_html *html, const char *name, uint64_t number, const char *unit) {
    char text[TEXT];
    if (!number) return;
    snprintf(text, sizeof text, "%llu%s%s", (unsigned long long)number, *unit ? " " : "", unit);
    mr_page_fact(html, name, text);
}

static void put_size(mr_html *html, const char *name, uint64_t bytes) {
    char text[MR_SIZE_TEXT];
    if (bytes) mr_page_fact(html, name, mr_format_size(bytes, text));
}

static void begin_fact(mr_html *html, const char *name) {
    mr_html_format(html, "<dt>%s</dt><dd>", name);
}

static void end_fact(mr_html *html) {
    mr_html_put(html, "</dd>\n");
}

static void put_plugin(mr_html *html, const mr_job *job) {
    const mr_description *description = &job->description;
    begin_fact(html, "plugin");
    mr_html_text(html, *description->name ? description->name : job->settings->plugin);
    if (*description->summary) {
        mr_html_put(html, ": ");
        mr_html_text(html, description->summary);
    }
    if (job->plugin_path) {
        mr_html_put(html, "<br /><code>");
        mr_html_text(html, job->plugin_path);
        mr_html_put(html, "</code>");
    }
    end_fact(html);
}

static void put_options(mr_html *html, const mr_job_settings *settings) {
    if (!settings->setting_count) return;
    begin_fact(html, "its options");
    for (size_t i = 0; i < settings->setting_count; i++) {
        mr_html_put(html, i ? "<br /><code>" : "<code>");
        mr_html_text(html, settings->settings[i].name);
        mr_html_put(html, "=");
        mr_html_text(html, settings->settings[i].value);
        mr_html_put(html, "</code>");
    }
    end_fact(html);
}

static void put_input(mr_html *html, const mr_source *source) {
    char size[MR_SIZE_TEXT];
    mr_html_put(html, "<code>");
    mr_html_text(html, source->path);
    mr_html_put(html, "</code>");
    if (source->form != MR_FORM_PIPE && source->file_size)
        mr_html_format(html, ", %s", mr_format_size(source->file_size, size));
    if (source->coding != MR_CODING_UNKNOWN && source->coding != MR_CODING_NONE) mr_html_put(html, ", compressed");
    mr_html_put(html, "<br />");
}

static void put_inputs(mr_html *html, const mr_job *job) {
    const mr_input *input = &job->input;
    size_t known = known_sources(input);
    begin_fact(html, input->count == 1 ? "input" : "inputs");
    if (!known) mr_report_inputs(html, job);
    for (size_t i = 0; i < known && i < INPUTS_SHOWN; i++)
        put_input(html, &input->sources[i]);
    if (known && input->count > INPUTS_SHOWN) mr_html_format(html, "and %zu more", input->count - INPUTS_SHOWN);
    end_fact(html);
}

static void put_output(mr_html *html, const mr_job *job) {
    const mr_job_settings *settings = job->settings;
    begin_fact(html, "output");
    mr_html_text(html, mr_report_output(job));
    mr_html_format(html, ", %s", mr_format_name(settings->format));
    if (settings->compress) mr_html_format(html, ", gzip level %llu", (unsigned long long)settings->compress);
    if (job->output_count > 1) mr_html_format(html, ", %u files", job->output_count);
    end_fact(html);
}

static void put_order(mr_html *html, const mr_job *job) {
    char top[64] = "", text[TEXT];
    if (mr_job_is_map(job)) return;
    if (job->top != UINT64_MAX) snprintf(top, sizeof top, ", the first %llu", (unsigned long long)job->top);
    snprintf(text, sizeof text, "by %s%s%s%s", job->sort & MR_SORT_VALUE ? "value" : "key",
             job->sort & MR_SORT_NUMERIC ? ", as numbers" : "", job->sort & MR_SORT_DESCENDING ? ", descending" : "",
             top);
    mr_page_fact(html, "order", text);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static void put_limits(mr_html *html, const mr_job *job) {
    const mr_job_settings *settings = job->settings;
    put_number(html, "workers", job->plan.workers, settings->alone ? "(all in one process)" : "");
    put_number(html, "readers", job->plan.readers, "");
    if (job->shared && !mr_job_is_map(job)) put_number(html, "partitions", job->shared->splitters.partitions, "");
    put_number(html, "chunks", job->chunks.count, "");
    put_size(html, "memory limit", job->plan.memory);
    put_size(html, "limit for a worker", settings->worker_memory);
    put_number(html, "time for a record", settings->timeout, "ms");
    put_number(html, "bad records allowed", settings->skip_bad, "");
    if (job->temporary) mr_page_fact(html, "temporary files", job->temporary);
}

static void put_machine(mr_html *html) {
    char text[TEXT], memory[MR_SIZE_TEXT];
    mr_machine machine;
    mr_machine_look(&machine);
    if (*machine.processor) mr_page_fact(html, "processor", machine.processor);
    if (machine.processors < machine.all_processors)
        snprintf(text, sizeof text, "%u of %u", machine.processors, machine.all_processors);
    else
        snprintf(text, sizeof text, "%u", machine.processors);
    if (machine.processors) mr_page_fact(html, "CPUs", text);
    if (machine.memory) mr_page_fact(html, "memory", mr_format_size(machine.memory, memory));
    if (*machine.system) mr_page_fact(html, "system", machine.system);
    mr_page_fact(html, "mr", MR_VERSION);
}

void mr_report_settings(mr_html *html, const mr_report_subject *subject) {
    const mr_job *job = subject->job;
    mr_page_section(html, "The job");
    mr_html_put(html, "<div class=\"three\">\n<div><h3>Task</h3><dl class=\"facts\">\n");
    put_plugin(html, job);
    put_options(html, job->settings);
    put_inputs(html, job);
    put_output(html, job);
    put_order(html, job);
    mr_html_put(html, "</dl></div>\n<div><h3>Plan and limits</h3><dl class=\"facts\">\n");
    put_limits(html, job);
    mr_html_put(html, "</dl></div>\n<div><h3>Machine</h3><dl class=\"facts\">\n");
    put_machine(html);
    mr_html_put(html, "</dl></div>\n</div>\n");
    mr_page_section_end(html);
}

/* ---- how it ended ------------------------------------------------------------------------------------------------ */

void mr_report_dateline(mr_html *html) {
    char date[64] = "";
    struct tm local;
    time_t now = time(NULL); /* the time of day */
    if (localtime_r(&now, &local)) strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S %z", &local);
    mr_html_format(html, "<p class=\"eyebrow\">mr %s, %s</p>\n", MR_VERSION, date);
}

const char *mr_report_outcome_name(enum mr_outcome outcome) {
    return outcome == MR_OUTCOME_DONE ? "done" : outcome == MR_OUTCOME_FAILED ? "failed" : "interrupted";
}

void mr_report_badge(mr_html *html, enum mr_outcome outcome, int signal) {
    char name[MR_SIGNAL_NAME];
    if (outcome == MR_OUTCOME_DONE)
        mr_html_put(html, "<span class=\"badge good\">\xe2\x9c\x93 done</span>");
    else if (outcome == MR_OUTCOME_FAILED)
        mr_html_put(html, "<span class=\"badge\">\xe2\x9c\x95 failed</span>");
    else if (signal == SIGPIPE)
        mr_html_put(html, "<span class=\"badge\">\xe2\x97\xbc ended: nobody reads the output any more</span>");
    else
        mr_html_format(html, "<span class=\"badge\">\xe2\x97\xbc interrupted by %s</span>",
                       mr_signal_name(signal, name));
}

static const char *plural(uint64_t count) {
    return count == 1 ? "" : "s";
}

void mr_report_trouble(mr_html *html, enum mr_outcome outcome, uint64_t retries, uint64_t bad) {
    char replaced[TEXT] = "", note[2 * TEXT] = "";
    if (retries)
        snprintf(replaced, sizeof replaced, "%llu worker%s replaced", (unsigned long long)retries, plural(retries));
    if (bad)
        snprintf(note, sizeof note, "%s%s%llu bad record%s left out", replaced, retries ? ", " : "",
                 (unsigned long long)bad, plural(bad));
    else
        snprintf(note, sizeof note, "%s", replaced);
    if (outcome != MR_OUTCOME_DONE)
        mr_page_tile(html, "Trouble", "not done", NULL, retries || bad ? note : "the output was not completed", true);
    else if (retries || bad)
        mr_page_tile(html, "Trouble", "mended", NULL, note, true);
    else
        mr_page_tile(html, "Trouble", "none", NULL, "no worker died, no record was left out", false);
}

void mr_report_failure(mr_html *html, enum mr_outcome outcome, const mr_error *failure) {
    if (outcome != MR_OUTCOME_FAILED) return;
    mr_html_put(html, "<div class=\"wrong\"><strong>Why it failed</strong>");
    mr_html_text(html, failure && failure->set ? failure->text : "It is not known.");
    mr_html_put(html, "</div>\n");
}

bool mr_report_save(mr_html *html, const char *path, mr_error *error) {
    mr_output output;
    bool ok = mr_html_complete(html, error);
    if (ok) {
        ok = mr_output_open(&output, path, error) && mr_output_write(&output, html->text, html->length, 0, error) &&
             mr_output_commit(&output, html->length, error);
        mr_output_close(&output);
    }
    mr_html_close(html);
    return ok;
}
