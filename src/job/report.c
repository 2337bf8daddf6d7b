#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "job/coordinator.h"

#define WORTH_TELLING 1.0 /* seconds: what a shorter job was bound by does not matter */

void mr_summary_close(mr_result_summary *summary) {
    mr_bad_close(&summary->bad);
    mr_observation_free(summary->observation);
    summary->observation = NULL;
}

void mr_summary_add(mr_result_summary *summary, const mr_counter_value *counter) {
    size_t place = 0;
    while (place < summary->counter_count && strcmp(summary->counters[place].name, counter->name) < 0)
        place++;
    mr_counter_value *at = &summary->counters[place];
    if (place == summary->counter_count || strcmp(at->name, counter->name)) {
        if (summary->counter_count == MR_COUNTERS_MAX) return; /* workers have more names than one may use: leave out */
        memmove(at + 1, at, (summary->counter_count - place) * sizeof *at);
        *at = (mr_counter_value){.value = 0};
        memcpy(at->name, counter->name, sizeof at->name);
        summary->counter_count++;
    }
    at->value += counter->value;
}

/* What the job was bound by. */
static void tell_bound(const mr_bound *bound, const char *plugin) {
    if (bound->by)
        mr_message("%s: bound by %s, for %.0f %% of the time%s%s", plugin, bound->text, 100 * bound->share,
                   *bound->advice ? "; " : "", bound->advice);
}

/* What has come out: pairs, which need not be as many as there are keys, and how many bytes when there are others than
 * those of pairs. */
static const char *say_output(const mr_result_summary *summary, char *text, size_t size) {
    char bytes[MR_SIZE_TEXT];
    if (!summary->results && summary->output_bytes)
        snprintf(text, size, "%s out", mr_format_size(summary->output_bytes, bytes));
    else
        snprintf(text, size, "%llu result%s", (unsigned long long)summary->results, summary->results == 1 ? "" : "s");
    return text;
}

void mr_summary_print(const mr_result_summary *summary, const char *plugin) {
    char output[64], input[MR_SIZE_TEXT], peak[MR_SIZE_TEXT], spilled[MR_SIZE_TEXT];
    double seconds = summary->seconds > 0 ? summary->seconds : 1e-9;
    mr_message("%s: %s in, %llu record%s, %s, %.2f s, %.0f MB/s, %u worker%s, %s peak, %s spilled, %llu retr%s", plugin,
               mr_format_size(summary->input_bytes, input), (unsigned long long)summary->records,
               summary->records == 1 ? "" : "s", say_output(summary, output, sizeof output), summary->seconds,
               (double)summary->input_bytes / 1e6 / seconds, summary->workers, summary->workers == 1 ? "" : "s",
               mr_format_size(summary->peak_memory, peak), mr_format_size(summary->spilled, spilled),
               (unsigned long long)summary->retries, summary->retries == 1 ? "y" : "ies");
    if (summary->seconds >= WORTH_TELLING && summary->observation) tell_bound(&summary->observation->bound, plugin);
    for (size_t i = 0; i < summary->counter_count; i++)
        mr_message("%s: counter %s = %llu", plugin, summary->counters[i].name,
                   (unsigned long long)summary->counters[i].value);
}
