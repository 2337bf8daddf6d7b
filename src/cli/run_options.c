#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/arguments.h"
#include "data/deflate.h"
#include "job/outputs.h"

/* Takes name=value apart: *name is allocated, *value lies in text. pair: what is wanted, for the message. */
static bool read_pair(const char *text, const char *pair, const char **name, const char **value, mr_error *error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return mr_error_usage(error, "%s, not '%s'", pair, text);
    *value = equals + 1;
    *name = strndup(text, (size_t)(equals - text));
    return *name || mr_error_memory(error, strlen(text), "an option");
}

static bool read_set(void *receiver, const char *text, mr_error *error) {
    mr_run_arguments *arguments = receiver;
    mr_setting *setting = &arguments->options[arguments->settings.setting_count];
    if (!read_pair(text, "--set wants name=value", &setting->name, &setting->value, error)) return false;
    arguments->settings.setting_count++;
    return true;
}

static bool read_side(void *receiver, const char *text, mr_error *error) {
    mr_run_arguments *arguments = receiver;
    mr_side_wish *side = &arguments->sides[arguments->settings.side_count];
    if (!read_pair(text, "--side wants name=file", &side->name, &side->path, error)) return false;
    arguments->settings.side_count++;
    return true;
}

static bool read_sort(void *receiver, const char *text, mr_error *error) {
    mr_job_settings *settings = &((mr_run_arguments *)receiver)->settings;
    const char *rest = text + strcspn(text, ":");
    bool by_key = !strncmp(text, "key", (size_t)(rest - text)) && rest - text == 3;
    bool by_value = !strncmp(text, "value", (size_t)(rest - text)) && rest - text == 5;
    uint32_t numeric = !strncmp(rest, ":num", 4) ? MR_SORT_NUMERIC : 0;
    if (numeric) rest += 4;
    uint32_t descending = !strcmp(rest, ":desc") ? MR_SORT_DESCENDING : 0;
    settings->ordered = true;
    settings->sort = (by_value ? MR_SORT_VALUE : MR_SORT_KEY) | numeric | descending;
    if ((by_key || by_value) && (descending || !*rest)) return true;
    return mr_error_usage(error, "--sort wants key or value, with :num, :desc or :num:desc behind it, not '%s'", text);
}

static bool read_format(void *receiver, const char *text, mr_error *error) {
    mr_job_settings *settings = &((mr_run_arguments *)receiver)->settings;
    for (settings->format = 0; settings->format < MR_FORMAT_KINDS; settings->format++)
        if (!strcmp(text, mr_format_name(settings->format))) return true;
    return mr_error_usage(error, "--format wants tsv, csv, jsonl, raw or binary, not '%s'", text);
}

static bool read_compress(void *receiver, const char *text, mr_error *error) {
    mr_job_settings *settings = &((mr_run_arguments *)receiver)->settings;
    static const char name[] = "gzip";
    const char *rest = text + sizeof name - 1;
    settings->compress = MR_DEFLATE_LEVEL;
    if (!strcmp(text, name)) return true;
    if (!strncmp(text, name, sizeof name - 1) && *rest == ':' && mr_parse_count(rest + 1, 1, 9, &settings->compress))
        return true;
    return mr_error_usage(error, "--compress wants gzip, or gzip:LEVEL with a level from 1 to 9, not '%s'", text);
}

/* Reads "OFFSET:LENGTH", both in bytes. */
static bool read_only(void *receiver, const char *text, mr_error *error) {
    mr_job_settings *settings = &((mr_run_arguments *)receiver)->settings;
    char offset[MR_DECIMAL_TEXT];
    size_t digits = strcspn(text, ":");
    if (digits < sizeof offset && text[digits]) {
        memcpy(offset, text, digits);
        offset[digits] = 0;
        if (mr_parse_count(offset, 0, INT64_MAX, &settings->only_offset) &&
            mr_parse_count(text + digits + 1, 1, INT64_MAX, &settings->only_length))
            return true;
    }
    return mr_error_usage(error, "--only wants OFFSET:LENGTH in bytes, such as 4096:80, not '%s'", text);
}

static bool read_include(void *receiver, const char *text, mr_error *error) {
    mr_run_arguments *arguments = receiver;
    arguments->includes[arguments->settings.choice.include_count++] = text;
    return *text || mr_error_usage(error, "--include wants a glob such as '*.csv'");
}

static bool read_exclude(void *receiver, const char *text, mr_error *error) {
    mr_run_arguments *arguments = receiver;
    arguments->excludes[arguments->settings.choice.exclude_count++] = text;
    return *text || mr_error_usage(error, "--exclude wants a glob such as '*.csv'");
}

/* --crlf may stand before --records. */
static bool read_records(void *receiver, const char *text, mr_error *error) {
    mr_records *records = &((mr_run_arguments *)receiver)->settings.records;
    bool strip = records->strip;
    bool ok = mr_records_read(records, text, error);
    records->strip = strip;
    return ok;
}

static bool read_crlf(void *receiver, const char *text, mr_error *error) {
    mr_records *records = &((mr_run_arguments *)receiver)->settings.records;
    records->strip = !strcmp(text, "strip");
    return records->strip || !strcmp(text, "keep") ||
           mr_error_usage(error, "--crlf wants keep or strip, not '%s'", text);
}

/* auto, always, never, json or json:DESCRIPTOR. */
static bool read_progress(void *receiver, const char *text, mr_error *error) {
    mr_watch_wish *wish = &((mr_run_arguments *)receiver)->watch;
    static const char *const names[] = {[MR_PROGRESS_AUTO] = "auto",
                                        [MR_PROGRESS_ALWAYS] = "always",
                                        [MR_PROGRESS_NEVER] = "never",
                                        [MR_PROGRESS_JSON] = "json"};
    wish->progress_file = 0;
    for (wish->progress = 0; wish->progress <= MR_PROGRESS_JSON; wish->progress++)
        if (!strcmp(text, names[wish->progress])) return true;
    wish->progress = MR_PROGRESS_JSON;
    if (strncmp(text, "json:", 5) != 0 || !mr_parse_count(text + 5, 1, INT_MAX, &wish->progress_file))
        return mr_error_usage(error, "--progress wants auto, always, never, json or json:DESCRIPTOR, not '%s'", text);
    if (fcntl((int)wish->progress_file, F_GETFD) >= 0) return true;
    return mr_error_usage(error, "--progress: descriptor %s is not open; give it a file, as in %s>progress.jsonl",
                          text + 5, text + 5);
}

/* A port, with a colon in front of it or without one. */
static bool read_status(void *receiver, const char *text, mr_error *error) {
    mr_watch_wish *wish = &((mr_run_arguments *)receiver)->watch;
    wish->serve = mr_parse_count(text + (*text == ':'), 0, UINT16_MAX, &wish->status_port);
    return wish->serve ||
           mr_error_usage(error, "--status wants a port such as :8080, or :0 for any that is free, not '%s'", text);
}

#define AT(field) offsetof(mr_run_arguments, field)

const mr_command_option mr_run_options[] = {
    {.name = "set",
     .argument = "NAME=VALUE",
     .help = "set an option of the plugin, which 'mr help PLUGIN' shows; repeatable",
     .group = MR_GROUP_PLUGIN,
     .kind = MR_VALUE_OTHER,
     .read = read_set},
    {.name = "side",
     .argument = "NAME=FILE",
     .help = "a file that the plugin reads as a whole; repeatable",
     .group = MR_GROUP_PLUGIN,
     .kind = MR_VALUE_OTHER,
     .read = read_side},

    {.name = "records",
     .argument = "KIND",
     .help = "what a record is: lines, nul, paragraphs, fixed:N, whole, csv, csv:X, jsonl, pairs "
             "(default: what the plugin says, mostly lines)",
     .words = "lines|nul|paragraphs|fixed:|whole|csv|csv:tab|csv:|jsonl|pairs",
     .group = MR_GROUP_INPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_records},
    {.name = "crlf",
     .argument = "MODE",
     .help = "keep (default), or strip: carriage returns before newlines are no part of records",
     .words = "keep|strip",
     .group = MR_GROUP_INPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_crlf},
    {.name = "include",
     .argument = "GLOB",
     .help = "of directories only the files that match it; repeatable",
     .group = MR_GROUP_INPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_include},
    {.name = "exclude",
     .argument = "GLOB",
     .help = "of directories not what matches it; repeatable",
     .group = MR_GROUP_INPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_exclude},
    {.name = "null",
     .letter = '0',
     .help = "paths in lists (@LIST) end with a zero byte, not with a newline",
     .group = MR_GROUP_INPUT,
     .at = AT(settings.choice.null)},
    {.name = "only",
     .argument = "OFFSET:LENGTH",
     .help = "only the records that begin in these bytes of the one INPUT",
     .group = MR_GROUP_INPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_only},
    {.name = "from-bad",
     .argument = "FILE",
     .help = "the input is the records of such a file as --bad writes; there is no other INPUT",
     .group = MR_GROUP_INPUT,
     .kind = MR_VALUE_PATH,
     .at = AT(settings.from_bad)},

    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .help = "write the result to FILE, which appears whole or not at all (default: standard output). "
             "DIR/ with a slash at the end: part files in a directory, and _SUCCESS",
     .group = MR_GROUP_OUTPUT,
     .kind = MR_VALUE_PATH,
     .at = AT(settings.output)},
    {.name = "parts",
     .argument = "N",
     .help = "how many part files (default: one for each 128 MiB of input)",
     .group = MR_GROUP_OUTPUT,
     .kind = MR_VALUE_COUNT,
     .least = 1,
     .most = MR_OUTPUTS_MAX,
     .at = AT(settings.parts)},
    {.name = "sort",
     .argument = "ORDER",
     .help = "key (default) or value, with :num, :desc or :num:desc behind it",
     .words = "key|key:num|key:desc|key:num:desc|value|value:num|value:desc|value:num:desc",
     .group = MR_GROUP_OUTPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_sort},
    {.name = "top",
     .argument = "N",
     .help = "only the first N results; without --sort those with the largest values",
     .group = MR_GROUP_OUTPUT,
     .kind = MR_VALUE_COUNT,
     .least = 1,
     .at = AT(settings.top)},
    {.name = "format",
     .argument = "FORMAT",
     .help = "tsv (default), csv, jsonl, raw or binary: how results are written",
     .words = "tsv|csv|jsonl|raw|binary",
     .group = MR_GROUP_OUTPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_format},
    {.name = "header",
     .help = "begin with the names of the columns (tsv, csv)",
     .group = MR_GROUP_OUTPUT,
     .at = AT(settings.header)},
    {.name = "compress",
     .argument = "gzip[:LEVEL]",
     .help = "the output in gzip, level 1 (fast) to 9 (small), default 6",
     .words = "gzip|gzip:1|gzip:6|gzip:9",
     .group = MR_GROUP_OUTPUT,
     .kind = MR_VALUE_OTHER,
     .read = read_compress},

    {.name = "jobs",
     .letter = 'j',
     .argument = "N",
     .help = "worker processes (default: the CPUs that this process may use)",
     .group = MR_GROUP_RESOURCES,
     .kind = MR_VALUE_COUNT,
     .least = 1,
     .most = MR_WORKERS_MAX,
     .at = AT(settings.workers)},
    {.name = "memory",
     .argument = "SIZE",
     .help = "memory for everything together; beyond it the job spills to disk "
             "(default: half of what the machine or cgroup offers)",
     .group = MR_GROUP_RESOURCES,
     .kind = MR_VALUE_SIZE,
     .at = AT(settings.memory)},
    {.name = "tmp",
     .argument = "DIR",
     .help = "folder for spilling (default: TMPDIR, else /var/tmp or /tmp)",
     .group = MR_GROUP_RESOURCES,
     .kind = MR_VALUE_FOLDER,
     .at = AT(settings.temporary)},
    {.name = "chunk",
     .argument = "SIZE",
     .help = "input per task (default: chosen by the size of the input)",
     .group = MR_GROUP_RESOURCES,
     .kind = MR_VALUE_SIZE,
     .at = AT(settings.chunk)},
    {.name = "pin",
     .help = "keep every worker on one CPU, in turn from each NUMA node",
     .group = MR_GROUP_RESOURCES,
     .at = AT(settings.pin)},
    {.name = "inline",
     .help = "no other processes: everything runs in this one, for debuggers; "
             "not with --timeout, --worker-memory or --pin",
     .command_only = true,
     .group = MR_GROUP_RESOURCES,
     .at = AT(settings.alone)},

    {.name = "skip-bad",
     .argument = "N",
     .help = "leave out up to N records that the plugin cannot digest, and keep them",
     .group = MR_GROUP_FAULTS,
     .kind = MR_VALUE_COUNT,
     .most = MR_BAD_MAX,
     .at = AT(settings.skip_bad)},
    {.name = "bad",
     .argument = "FILE",
     .help = "where they are kept (default: OUTPUT.bad.jsonl or PLUGIN.bad.jsonl)",
     .group = MR_GROUP_FAULTS,
     .kind = MR_VALUE_PATH,
     .at = AT(settings.bad)},
    {.name = "timeout",
     .argument = "TIME",
     .help = "what a callback may take for one record, such as 30s (default: any time)",
     .group = MR_GROUP_FAULTS,
     .kind = MR_VALUE_TIME,
     .at = AT(settings.timeout)},
    {.name = "worker-memory",
     .argument = "SIZE",
     .help = "what the plugin may use in a worker (default: any)",
     .group = MR_GROUP_FAULTS,
     .kind = MR_VALUE_SIZE,
     .at = AT(settings.worker_memory)},

    {.name = "stats",
     .argument = "FILE",
     .help = "write the summary, and how a plugin crashed, to FILE as JSON",
     .group = MR_GROUP_MESSAGES,
     .kind = MR_VALUE_PATH,
     .at = AT(settings.stats)},
    {.name = "report",
     .argument = "FILE",
     .help =
         "write a page about the job to FILE, to be looked at in a browser: what took how long, and what went wrong",
     .group = MR_GROUP_MESSAGES,
     .kind = MR_VALUE_PATH,
     .at = AT(settings.report)},
    {.name = "progress",
     .argument = "MODE",
     .help =
         "auto (default): a line on the terminal while the job runs; always: elsewhere too, a new one every second; "
         "never; json, or json:DESCRIPTOR: an object every second and at the end, for programs",
     .words = "auto|always|never|json|json:",
     .command_only = true,
     .group = MR_GROUP_MESSAGES,
     .kind = MR_VALUE_OTHER,
     .read = read_progress},
    {.name = "status",
     .argument = ":PORT",
     .help = "show how the job stands to browsers on this machine, at http://localhost:PORT/; :0 finds a port",
     .words = ":0|:8080",
     .command_only = true,
     .group = MR_GROUP_MESSAGES,
     .kind = MR_VALUE_OTHER,
     .read = read_status},
    {.name = "quiet",
     .letter = 'q',
     .help = "no summary, and no line while the job runs",
     .command_only = true,
     .group = MR_GROUP_MESSAGES,
     .at = AT(settings.quiet)},
    {.name = "verbose",
     .letter = 'v',
     .help = "a line for each phase, and for each worker that dies",
     .command_only = true,
     .group = MR_GROUP_MESSAGES,
     .at = AT(settings.verbose)},
    {.name = "help",
     .letter = 'h',
     .help = "this text; behind a PLUGIN, what that one does and its options",
     .command_only = true,
     .group = MR_GROUP_MESSAGES,
     .at = AT(help)},
    {0},
};
