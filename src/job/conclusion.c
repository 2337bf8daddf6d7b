#include "job/conclusion.h"

#include <stdio.h>
#include <stdlib.h>

#include "job/card.h"
#include "job/quarantine.h"

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

static void tell_death(const mr_job *job, const mr_result_summary *summary) {
    mr_error error = {0};
    mr_card *card = malloc(sizeof *card);
    if (card && mr_card_open(card, job, &summary->death, &error)) print_card(card);
    if (card) mr_card_close(card);
    free(card);
}

void mr_conclude(const mr_job *job, mr_result_summary *summary) {
    mr_error error = {0};
    if (!mr_keep_bad_records(job, summary, &error)) mr_message("%s", error.text);
    if (summary->outcome == MR_OUTCOME_FAILED && summary->death.cause) tell_death(job, summary);
}
