#include "job/results.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/deflate.h"

/* The names of the columns, in the form that mr_format_open reads. */
static const char *column_names(const mr_description *description) {
    bool fold = description->kind == MR_FOLD && description->fold_type != MR_FOLD_CUSTOM && !description->has_finish;
    if (*description->columns) return description->columns;
    if (!fold) return "key\tvalue";
    if (description->fold_type == MR_FOLD_STATS_INT64)
        return "key\tcount:number\tsum:number\tminimum:number\tmaximum:number";
    return "key\tvalue:number";
}

static uint32_t columns_of(const mr_description *description) {
    if (*description->columns) return MR_COLUMNS_OF_ALL;
    bool stats = description->kind == MR_FOLD && description->fold_type == MR_FOLD_STATS_INT64;
    return stats ? MR_COLUMNS_OF_VALUE : MR_COLUMNS_NONE;
}

/* The order of the results: what the user wants, or else the plugin. */
static void choose_order(mr_job *job) {
    const mr_job_settings *settings = job->settings;
    bool said = settings->ordered || settings->top != UINT64_MAX;
    bool by_plugin = !said && job->description.top;
    job->sort = by_plugin ? MR_SORT_VALUE_DESCENDING : settings->sort;
    job->top = by_plugin ? job->description.top : settings->top;
}

/* Why the plugin may not write bytes as they are; empty when it may. */
static void say_write_refusal(mr_job *job) {
    const mr_job_settings *settings = job->settings;
    char *text = job->write_refusal;
    size_t size = sizeof job->write_refusal;
    if (mr_job_is_ordered(job))
        snprintf(text, size, "it writes bytes of its own (mr_write), which have no order; leave --sort and --top out");
    else if (settings->header)
        snprintf(text, size, "it writes bytes of its own (mr_write), which have no columns; leave --header out");
    else if (settings->format != MR_FORMAT_TSV && settings->format != MR_FORMAT_RAW)
        snprintf(text, size, "it writes bytes of its own (mr_write), which have no columns; leave --format %s out",
                 mr_format_name(settings->format));
}

bool mr_results_open(mr_job *job, mr_error *error) {
    const mr_description *description = &job->description;
    choose_order(job);
    if (mr_job_is_map(job) && mr_job_is_ordered(job))
        return mr_error_usage(error, "%s prints lines in the order of the input; --sort and --top do not go with it",
                              description->name);
    if (job->settings->parts > 1 && mr_job_is_ordered(job))
        return mr_error_usage(error, "with --sort and --top there is one part; --parts does not go with them");
    say_write_refusal(job);
    return mr_format_open(&job->format, job->settings->format, columns_of(description), column_names(description),
                          error);
}

/* Writes bytes to the end of an output. */
static bool append(mr_output *output, const char *bytes, size_t length, uint64_t *end, bool *closed, mr_error *error) {
    if (mr_output_write(output, bytes, length, *end, error)) {
        *end += length;
        return true;
    }
    *closed = output->stream && output->failure == EPIPE;
    if (*closed) error->set = false;
    return *closed;
}

/* Writes bytes to the end of all outputs. */
static bool append_to_all(mr_job *job, const char *bytes, size_t length, uint64_t *ends, bool *closed,
                          mr_error *error) {
    for (uint32_t i = 0; i < job->output_count; i++)
        if (!append(&job->outputs[i], bytes, length, &ends[i], closed, error)) return false;
    return true;
}

bool mr_results_begin(mr_job *job, uint64_t *ends, bool *closed, mr_error *error) {
    size_t length;
    uint64_t level = job->settings->compress;
    if (!job->settings->header) return true;
    char *header = mr_format_header(&job->format, &length);
    if (!header) return mr_error_memory(error, job->format.label_bytes, "the names of columns");
    if (level) {
        char *coded = mr_deflate_text((int)level, header, length, &length, error);
        free(header);
        header = coded;
    }
    bool ok = header && append_to_all(job, header, length, ends, closed, error);
    free(header);
    return ok;
}

bool mr_results_end(mr_job *job, uint64_t *ends, bool *closed, mr_error *error) {
    return !job->settings->compress || append_to_all(job, mr_deflate_end, MR_DEFLATE_END, ends, closed, error);
}
