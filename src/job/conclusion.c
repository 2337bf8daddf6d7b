#include "job/conclusion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job/quarantine.h"
#include "job/report_page.h"
#include "job/statistics.h"

static void print_card(const mr_card *card) {
    mr_error error = {0};
    char *text = mr_card_text(card, &error);
    if (text)
        mr_message_lines(text);
    else
        mr_message("%s", error.text);
    free(text);
}

bool mr_keep_bad_records(const mr_job *job, mr_result_summary *summary, mr_error *error) {
    size_t count = summary->bad.count;
    if (job->settings->forgets_bad) return true;
    if (!count || *summary->bad_path || !(job->settings->skip_bad || job->settings->bad)) return true;
    char *path = mr_quarantine_path(job);
    bool ok = path || mr_error_memory(error, 64, "a path");
    ok = ok && mr_quarantine_write(job, &summary->bad, path, error);
    if (ok) {
        snprintf(summary->bad_path, sizeof summary->bad_path, "%s", path);
        mr_message("%s: %zu bad record%s left out, kept in %s", job->settings->plugin, count,
                   count == 1 ? " was" : "s were", path);
    }
    free(path);
    return ok;
}

/* The card of the death that has ended the job; NULL when it was none, or there is no memory for it. */
static mr_card *make_card(const mr_job *job, const mr_result_summary *summary) {
    mr_error error = {0};
    if (summary->outcome != MR_OUTCOME_FAILED || !summary->death.cause) return NULL;
    mr_card *card = malloc(sizeof *card);
    if (!card || mr_card_open(card, job, &summary->death, &error)) return card;
    mr_message("%s", error.text);
    mr_card_close(card);
    free(card);
    return NULL;
}

/* A file about the job has been written, or not, with failure in error: then that is said, unless the job
 * has failed for that reason. It makes a failure of a job that is done. what: the file, such as "the statistics". */
static void note_written(bool written, const char *what, const mr_error *error, mr_result_summary *summary,
                         mr_error *failure) {
    if (written || (failure->set && !strcmp(failure->text, error->text))) return;
    if (summary->outcome != MR_OUTCOME_DONE) {
        mr_message("%s could not be written: %s", what, error->text);
        return;
    }
    summary->outcome = MR_OUTCOME_FAILED;
    *failure = *error;
    mr_error_context(failure, "the output is complete, but %s could not be written", what);
}

/* Writes the statistics and the report, if they are wanted. */
static void keep_files(const mr_job *job, mr_result_summary *summary, const mr_card *card, mr_error *failure) {
    mr_error error = {0};
    const mr_job_settings *settings = job->settings;
    bool wanted = settings->stats || settings->held_stats;
    bool written = !wanted || mr_statistics_write(job, summary, card, failure, &error);
    note_written(written, "the statistics", &error, summary, failure);
    error = (mr_error){0};
    const mr_report_subject subject = {
        .job = job, .summary = summary, .observation = summary->observation, .card = card, .failure = failure};
    written = !settings->report || mr_report_write(settings->report, &subject, &error);
    note_written(written, "the report", &error, summary, failure);
}

void mr_conclude(const mr_job *job, mr_result_summary *summary, mr_error *failure) {
    mr_error error = {0};
    if (!mr_keep_bad_records(job, summary, &error)) mr_message("%s", error.text);
    mr_card *card = make_card(job, summary);
    if (card) print_card(card);
    keep_files(job, summary, card, failure);
    if (card) mr_card_close(card);
    free(card);
}
