#include "cli/arguments.h"

#include <getopt.h>
#include <stdlib.h>

#include "base/units.h"

enum { OPTION_MEMORY = 256, OPTION_CHUNK, OPTION_SET, OPTION_SORT, OPTION_TOP, OPTION_TMP, OPTION_PIN, OPTION_HELP };

static const struct option run_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"jobs", required_argument, NULL, 'j'},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"chunk", required_argument, NULL, OPTION_CHUNK},
    {"set", required_argument, NULL, OPTION_SET},
    {"sort", required_argument, NULL, OPTION_SORT},
    {"top", required_argument, NULL, OPTION_TOP},
    {"tmp", required_argument, NULL, OPTION_TMP},
    {"pin", no_argument, NULL, OPTION_PIN},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static bool read_setting(mr_run_arguments *arguments, const char *text, mr_error *error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return mr_error_usage(error, "--set wants name=value, not '%s'", text);
    char *name = strndup(text, (size_t)(equals - text));
    if (!name) return mr_error_memory(error, strlen(text), "an option");
    arguments->options[arguments->settings.setting_count++] = (mr_setting){.name = name, .value = equals + 1};
    return true;
}

static bool read_sort(mr_job_settings *settings, const char *text, mr_error *error) {
    static const char *const names[] = {
        [MR_SORT_KEY] = "key", [MR_SORT_VALUE] = "value", [MR_SORT_VALUE_DESCENDING] = "value:desc"};
    for (uint32_t i = 0; i < 3; i++)
        if (!strcmp(text, names[i])) {
            settings->sort = i;
            return true;
        }
    return mr_error_usage(error, "--sort wants key, value or value:desc, not '%s'", text);
}

static bool read_size(const char *option, const char *text, uint64_t *bytes, mr_error *error) {
    if (mr_parse_size(text, bytes) && *bytes > 0) return true;
    return mr_error_usage(error, "%s wants a size above zero such as 64M or 1.5G, not '%s'", option, text);
}

static bool read_count(const char *option, const char *text, uint64_t most, uint64_t *count, mr_error *error) {
    if (mr_parse_count(text, 1, most, count)) return true;
    return mr_error_usage(error, "%s wants a whole number from 1 to %llu, not '%s'", option, (unsigned long long)most,
                          text);
}

/* Deals with one option; sorted tells whether --sort was given. */
static bool read_option(mr_run_arguments *arguments, int option, bool *sorted, mr_error *error) {
    mr_job_settings *settings = &arguments->settings;
    switch (option) {
    case 'o':
        settings->output = optarg;
        return *optarg || mr_error_usage(error, "--output wants a path");
    case 'j':
        return read_count("--jobs", optarg, MR_WORKERS_MAX, &settings->workers, error);
    case OPTION_MEMORY:
        return read_size("--memory", optarg, &settings->memory, error);
    case OPTION_CHUNK:
        return read_size("--chunk", optarg, &settings->chunk, error);
    case OPTION_SET:
        return read_setting(arguments, optarg, error);
    case OPTION_SORT:
        *sorted = true;
        return read_sort(settings, optarg, error);
    case OPTION_TOP:
        return read_count("--top", optarg, UINT64_MAX - 1, &settings->top, error);
    case OPTION_TMP:
        settings->temporary = optarg;
        return *optarg || mr_error_usage(error, "--tmp wants a folder");
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
    return mr_error_usage(error, "there is no option %s, or it takes no value (see 'mr run --help')", text);
}

static bool read_operands(mr_run_arguments *arguments, int argc, char **argv, mr_error *error) {
    mr_job_settings *settings = &arguments->settings;
    if (optind == argc)
        return mr_error_usage(error, "which plugin? mr run PLUGIN INPUT... ('mr list' shows the plugins)");
    settings->plugin = argv[optind];
    settings->inputs = (const char *const *)argv + optind + 1;
    settings->input_count = (size_t)(argc - optind - 1);
    if (settings->input_count) return true;
    return mr_error_usage(error, "no input: mr run %s INPUT...", settings->plugin);
}

bool mr_run_arguments_read(mr_run_arguments *arguments, int argc, char **argv, mr_error *error) {
    *arguments = (mr_run_arguments){.settings.top = UINT64_MAX};
    arguments->options = calloc((size_t)argc, sizeof *arguments->options);
    if (!arguments->options) return mr_error_memory(error, (size_t)argc * sizeof(mr_setting), "options");
    arguments->settings.settings = arguments->options;
    bool sorted = false;
    opterr = 0;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, ":o:j:qv", run_options, NULL)) != -1;) {
        if (option == '?' || option == ':') return wrong_option(option, argv, error);
        if (!read_option(arguments, option, &sorted, error)) return false;
        if (arguments->help) return true;
    }
    /* The top of something is the largest of it, unless the user says otherwise. */
    if (arguments->settings.top != UINT64_MAX && !sorted) arguments->settings.sort = MR_SORT_VALUE_DESCENDING;
    return read_operands(arguments, argc, argv, error);
}

void mr_run_arguments_free(mr_run_arguments *arguments) {
    for (size_t i = 0; i < arguments->settings.setting_count; i++)
        free((char *)arguments->options[i].name);
    free(arguments->options);
    *arguments = (mr_run_arguments){0};
}
