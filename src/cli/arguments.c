#include "cli/arguments.h"

#include <getopt.h>
#include <stdlib.h>

#include "base/units.h"
#include "data/deflate.h"
#include "job/outputs.h"

enum {
    OPTION_MEMORY = 256,
    OPTION_CHUNK,
    OPTION_SET,
    OPTION_SORT,
    OPTION_TOP,
    OPTION_TMP,
    OPTION_PIN,
    OPTION_FORMAT,
    OPTION_HEADER,
    OPTION_COMPRESS,
    OPTION_PARTS,
    OPTION_HELP,
    OPTION_INCLUDE,
    OPTION_EXCLUDE,
    OPTION_RECORDS,
    OPTION_CRLF,
    OPTION_BAD,
    OPTION_SKIP_BAD,
    OPTION_FROM_BAD,
    OPTION_ONLY,
    OPTION_STATS,
    OPTION_TIMEOUT,
    OPTION_WORKER_MEMORY,
    OPTION_INLINE,
    OPTION_SIDE,
};

static const struct option run_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"jobs", required_argument, NULL, 'j'},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"chunk", required_argument, NULL, OPTION_CHUNK},
    {"set", required_argument, NULL, OPTION_SET},
    {"sort", required_argument, NULL, OPTION_SORT},
    {"top", required_argument, NULL, OPTION_TOP},
    {"tmp", required_argument, NULL, OPTION_TMP},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"header", no_argument, NULL, OPTION_HEADER},
    {"compress", required_argument, NULL, OPTION_COMPRESS},
    {"parts", required_argument, NULL, OPTION_PARTS},
    {"include", required_argument, NULL, OPTION_INCLUDE},
    {"exclude", required_argument, NULL, OPTION_EXCLUDE},
    {"null", no_argument, NULL, '0'},
    {"records", required_argument, NULL, OPTION_RECORDS},
    {"crlf", required_argument, NULL, OPTION_CRLF},
    {"pin", no_argument, NULL, OPTION_PIN},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, OPTION_HELP},
    {"bad", required_argument, NULL, OPTION_BAD},
    {"skip-bad", required_argument, NULL, OPTION_SKIP_BAD},
    {"from-bad", required_argument, NULL, OPTION_FROM_BAD},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"stats", required_argument, NULL, OPTION_STATS},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"worker-memory", required_argument, NULL, OPTION_WORKER_MEMORY},
    {"inline", no_argument, NULL, OPTION_INLINE},
    {"side", required_argument, NULL, OPTION_SIDE},
    {0},
};

/* Takes name=value apart: *name is allocated, *value lies in text. pair: what is wanted, for the message. */
static bool read_pair(const char *text, const char *pair, const char **name, const char **value, mr_error *error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return mr_error_usage(error, "%s, not '%s'", pair, text);
    *value = equals + 1;
    *name = strndup(text, (size_t)(equals - text));
    return *name || mr_error_memory(error, strlen(text), "an option");
}

static bool read_setting(mr_run_arguments *arguments, const char *text, mr_error *error) {
    mr_setting *setting = &arguments->options[arguments->settings.setting_count];
    if (!read_pair(text, "--set wants name=value", &setting->name, &setting->value, error)) return false;
    arguments->settings.setting_count++;
    return true;
}

static bool read_side(mr_run_arguments *arguments, const char *text, mr_error *error) {
    mr_side_wish *side = &arguments->sides[arguments->settings.side_count];
    if (!read_pair(text, "--side wants name=file", &side->name, &side->path, error)) return false;
    arguments->settings.side_count++;
    return true;
}

static bool read_sort(mr_job_settings *settings, const char *text, mr_error *error) {
    const char *rest = text + strcspn(text, ":");
    bool by_key = !strncmp(text, "key", (size_t)(rest - text)) && rest - text == 3;
    bool by_value = !strncmp(text, "value", (size_t)(rest - text)) && rest - text == 5;
    uint32_t numeric = !strncmp(rest, ":num", 4) ? MR_SORT_NUMERIC : 0;
    if (numeric) rest += 4;
    uint32_t descending = !strcmp(rest, ":desc") ? MR_SORT_DESCENDING : 0;
    settings->sort = (by_value ? MR_SORT_VALUE : MR_SORT_KEY) | numeric | descending;
    if ((by_key || by_value) && (descending || !*rest)) return true;
    return mr_error_usage(error, "--sort wants key or value, with :num, :desc or :num:desc behind it, not '%s'", text);
}

static bool read_format(mr_job_settings *settings, const char *text, mr_error *error) {
    for (settings->format = 0; settings->format < MR_FORMAT_KINDS; settings->format++)
        if (!strcmp(text, mr_format_name(settings->format))) return true;
    return mr_error_usage(error, "--format wants tsv, csv, jsonl, raw or binary, not '%s'", text);
}

static bool read_compression(mr_job_settings *settings, const char *text, mr_error *error) {
    static const char name[] = "gzip";
    const char *rest = text + sizeof name - 1;
    settings->compress = MR_DEFLATE_LEVEL;
    if (!strcmp(text, name)) return true;
    if (!strncmp(text, name, sizeof name - 1) && *rest == ':' && mr_parse_count(rest + 1, 1, 9, &settings->compress))
        return true;
    return mr_error_usage(error, "--compress wants gzip, or gzip:LEVEL with a level from 1 to 9, not '%s'", text);
}

static bool read_size(const char *option, const char *text, uint64_t *bytes, mr_error *error) {
    if (mr_parse_size(text, bytes) && *bytes > 0) return true;
    return mr_error_usage(error, "%s wants a size above zero such as 64M or 1.5G, not '%s'", option, text);
}

static bool read_count(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *count,
                       mr_error *error) {
    if (mr_parse_count(text, least, most, count)) return true;
    return mr_error_usage(error, "%s wants a whole number from %llu to %llu, not '%s'", option,
                          (unsigned long long)least, (unsigned long long)most, text);
}

static bool read_path(const char *option, const char *text, const char **path, mr_error *error) {
    *path = text;
    return *text || mr_error_usage(error, "%s wants a path", option);
}

static bool read_duration(const char *option, const char *text, uint64_t *milliseconds, mr_error *error) {
    if (mr_parse_duration(text, milliseconds) && *milliseconds > 0) return true;
    return mr_error_usage(error, "%s wants a time above zero such as 30s, 500ms or 2m, not '%s'", option, text);
}

/* Reads "OFFSET:LENGTH", both in bytes. */
static bool read_range(mr_job_settings *settings, const char *text, mr_error *error) {
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

static bool read_glob(const char *option, const char *text, const char **globs, size_t *count, mr_error *error) {
    globs[(*count)++] = text;
    return *text || mr_error_usage(error, "%s wants a glob such as '*.csv'", option);
}

/* --crlf may stand before --records. */
static bool read_records(mr_job_settings *settings, const char *text, mr_error *error) {
    bool strip = settings->records.strip;
    bool ok = mr_records_read(&settings->records, text, error);
    settings->records.strip = strip;
    return ok;
}

static bool read_crlf(mr_job_settings *settings, const char *text, mr_error *error) {
    settings->records.strip = !strcmp(text, "strip");
    return settings->records.strip || !strcmp(text, "keep") ||
           mr_error_usage(error, "--crlf wants keep or strip, not '%s'", text);
}

/* Options about the input. */
static bool read_input_option(mr_run_arguments *arguments, int option, mr_error *error) {
    mr_job_settings *settings = &arguments->settings;
    mr_path_choice *choice = &settings->choice;
    switch (option) {
    case OPTION_INCLUDE:
        return read_glob("--include", optarg, arguments->includes, &choice->include_count, error);
    case OPTION_EXCLUDE:
        return read_glob("--exclude", optarg, arguments->excludes, &choice->exclude_count, error);
    case OPTION_RECORDS:
        return read_records(settings, optarg, error);
    default:
        return read_crlf(settings, optarg, error);
    }
}

/* Options about records and workers that go wrong. */
static bool read_fault_option(mr_job_settings *settings, int option, mr_error *error) {
    switch (option) {
    case OPTION_BAD:
        return read_path("--bad", optarg, &settings->bad, error);
    case OPTION_SKIP_BAD:
        return read_count("--skip-bad", optarg, 0, MR_BAD_MAX, &settings->skip_bad, error);
    case OPTION_FROM_BAD:
        return read_path("--from-bad", optarg, &settings->from_bad, error);
    case OPTION_ONLY:
        return read_range(settings, optarg, error);
    case OPTION_STATS:
        return read_path("--stats", optarg, &settings->stats, error);
    case OPTION_TIMEOUT:
        return read_duration("--timeout", optarg, &settings->timeout, error);
    case OPTION_WORKER_MEMORY:
        return read_size("--worker-memory", optarg, &settings->worker_memory, error);
    default:
        settings->alone = true;
        return true;
    }
}

/* Deals with one option. */
static bool read_option(mr_run_arguments *arguments, int option, mr_error *error) {
    mr_job_settings *settings = &arguments->settings;
    if (option == OPTION_SIDE) return read_side(arguments, optarg, error);
    if (option >= OPTION_BAD) return read_fault_option(settings, option, error);
    if (option >= OPTION_INCLUDE) return read_input_option(arguments, option, error);
    switch (option) {
    case 'o':
        return read_path("--output", optarg, &settings->output, error);
    case 'j':
        return read_count("--jobs", optarg, 1, MR_WORKERS_MAX, &settings->workers, error);
    case OPTION_MEMORY:
        return read_size("--memory", optarg, &settings->memory, error);
    case OPTION_CHUNK:
        return read_size("--chunk", optarg, &settings->chunk, error);
    case OPTION_SET:
        return read_setting(arguments, optarg, error);
    case OPTION_SORT:
        settings->ordered = true;
        return read_sort(settings, optarg, error);
    case OPTION_TOP:
        return read_count("--top", optarg, 1, UINT64_MAX - 1, &settings->top, error);
    case OPTION_TMP:
        return read_path("--tmp", optarg, &settings->temporary, error);
    case OPTION_FORMAT:
        return read_format(settings, optarg, error);
    case OPTION_COMPRESS:
        return read_compression(settings, optarg, error);
    case OPTION_PARTS:
        return read_count("--parts", optarg, 1, MR_OUTPUTS_MAX, &settings->parts, error);
    case OPTION_HEADER:
        settings->header = true;
        return true;
    case '0':
        settings->choice.null = true;
        return true;
    case OPTION_PIN:
        settings->pin = true;
        return true;
    case 'q':
        settings->quiet = true;
        return true;
    case 'v':
        settings->verbose = true;
        return true;
    default:
        arguments->help = true;
        return true;
    }
}

static bool wrong_option(int option, char **argv, mr_error *error) {
    const char *text = argv[optind - 1];
    if (option == ':') return mr_error_usage(error, "the option %s wants a value (see 'mr run --help')", text);
    if (optopt && optopt < 256) return mr_error_usage(error, "there is no option -%c (see 'mr run --help')", optopt);
    return mr_error_usage(
        error,
        "there is no option %s, or it takes no value (see 'mr run --help'); those of plugins are given by "
        "--set NAME=VALUE",
        text);
}

static bool read_operands(mr_run_arguments *arguments, int argc, char **argv, mr_error *error) {
    mr_job_settings *settings = &arguments->settings;
    if (optind == argc)
        return mr_error_usage(error, "which plugin? mr run PLUGIN INPUT... ('mr list' shows the plugins)");
    settings->plugin = argv[optind];
    settings->inputs = (const char *const *)argv + optind + 1;
    settings->input_count = (size_t)(argc - optind - 1);
    if (settings->input_count || settings->from_bad) return true;
    return mr_error_usage(error, "no input: mr run %s INPUT...", settings->plugin);
}

/* Options that do not go together. */
static bool check_together(const mr_job_settings *settings, mr_error *error) {
    if (settings->from_bad && settings->input_count)
        return mr_error_usage(error, "--from-bad says what the input is; give no other (%s)", settings->inputs[0]);
    if (settings->from_bad && settings->only_length)
        return mr_error_usage(error, "--only is for an input; it does not go with --from-bad");
    if (settings->only_length && settings->input_count != 1)
        return mr_error_usage(error, "--only is for one input; there are %zu", settings->input_count);
    if (settings->header && settings->format != MR_FORMAT_TSV && settings->format != MR_FORMAT_CSV)
        return mr_error_usage(error, "--header is for --format tsv and csv, not %s", mr_format_name(settings->format));
    if (settings->alone && settings->timeout)
        return mr_error_usage(error, "--inline has no other process that could watch the time; leave --timeout out");
    if (settings->alone && settings->worker_memory)
        return mr_error_usage(error, "--inline has no worker that could be replaced; leave --worker-memory out");
    if (settings->alone && settings->pin)
        return mr_error_usage(error, "--inline has no worker that could be pinned; leave --pin out (see taskset)");
    return true;
}

/* Room for as many options of each kind as there are arguments. */
static bool make_room(mr_run_arguments *arguments, size_t count) {
    arguments->options = calloc(count, sizeof *arguments->options);
    arguments->sides = calloc(count, sizeof *arguments->sides);
    arguments->includes = calloc(count, sizeof *arguments->includes);
    arguments->excludes = calloc(count, sizeof *arguments->excludes);
    arguments->settings.settings = arguments->options;
    arguments->settings.sides = arguments->sides;
    arguments->settings.choice.includes = arguments->includes;
    arguments->settings.choice.excludes = arguments->excludes;
    return arguments->options && arguments->sides && arguments->includes && arguments->excludes;
}

/* Reads all options, up to --help. */
static bool read_options(mr_run_arguments *arguments, const char *program, int argc, char **argv, mr_error *error) {
    *arguments =
        (mr_run_arguments){.settings = {.program = program, .top = UINT64_MAX, .records = {.kind = MR_RECORDS_UNSAID}}};
    if (!make_room(arguments, (size_t)argc))
        return mr_error_memory(error, (size_t)argc * sizeof(mr_setting), "options");
    opterr = 0;
    optind = 0; /* this also forgets where an earlier call stopped */
    for (int option; (option = getopt_long(argc, argv, ":o:j:qv0", run_options, NULL)) != -1;) {
        if (option == '?' || option == ':') return wrong_option(option, argv, error);
        if (!read_option(arguments, option, error)) return false;
        if (arguments->help) return true;
    }
    /* The top of something is the largest of it, unless the user says otherwise. */
    if (arguments->settings.top != UINT64_MAX && !arguments->settings.ordered)
        arguments->settings.sort = MR_SORT_VALUE_DESCENDING;
    return true;
}

bool mr_run_arguments_read(mr_run_arguments *arguments, const char *program, int argc, char **argv, mr_error *error) {
    if (!read_options(arguments, program, argc, argv, error)) return false;
    return arguments->help ||
           (read_operands(arguments, argc, argv, error) && check_together(&arguments->settings, error));
}

enum mr_run_option mr_run_option_kind(const char *name) {
    for (const struct option *option = run_options; option->name; option++)
        if (!strcmp(option->name, name))
            return option->has_arg == no_argument ? MR_RUN_OPTION_FLAG : MR_RUN_OPTION_VALUE;
    return MR_RUN_OPTION_NONE;
}

bool mr_run_option_check(char *word, mr_error *error) {
    char run[] = "run", *words[] = {run, word, NULL};
    mr_run_arguments arguments;
    bool ok = read_options(&arguments, NULL, 2, words, error);
    mr_run_arguments_free(&arguments);
    return ok;
}

void mr_run_arguments_free(mr_run_arguments *arguments) {
    for (size_t i = 0; i < arguments->settings.setting_count; i++)
        free((char *)arguments->options[i].name);
    for (size_t i = 0; i < arguments->settings.side_count; i++)
        free((char *)arguments->sides[i].name);
    free(arguments->options);
    free(arguments->sides);
    free(arguments->includes);
    free(arguments->excludes);
    *arguments = (mr_run_arguments){0};
}
