#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job_run.h"
#include "host/plugin.h"

static const char usage[] =
    "mr job FILE.json [--set NAME=VALUE]... [OPTION]...\n"
    "\n"
    "Runs the stages of a job file, one after the other. FILE is a path with a slash or ending in .json, or the name "
    "of a\n"
    "job that comes with mr.\n"
    "\n"
    "      --set NAME=VALUE  set a parameter of the job file; repeatable\n"
    "      --help            with FILE: what it is about, and its parameters\n"
    "      --check           only look whether everything is right, and show what would be run\n"
    "  -j, --jobs N, --memory SIZE, --tmp DIR, --chunk SIZE, --timeout TIME, --worker-memory SIZE, --pin,\n"
    "  -q, --quiet, -v, --verbose   as for 'mr run', for every stage\n";

enum { OPTION_SET = 256, OPTION_CHECK, OPTION_HELP, OPTION_COMMON };

static const struct option job_options[] = {{"set", required_argument, NULL, OPTION_SET},
                                            {"check", no_argument, NULL, OPTION_CHECK},
                                            {"dry-run", no_argument, NULL, OPTION_CHECK},
                                            {"help", no_argument, NULL, OPTION_HELP},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"memory", required_argument, NULL, OPTION_COMMON},
                                            {"tmp", required_argument, NULL, OPTION_COMMON},
                                            {"chunk", required_argument, NULL, OPTION_COMMON},
                                            {"timeout", required_argument, NULL, OPTION_COMMON},
                                            {"worker-memory", required_argument, NULL, OPTION_COMMON},
                                            {"pin", no_argument, NULL, OPTION_COMMON},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"verbose", no_argument, NULL, 'v'},
                                            {0}};

/* The command line of 'mr job'. */
typedef struct job_arguments {
    const char *name;     /* of the job file, as typed */
    mr_setting *settings; /* owned, and so are the names */
    size_t setting_count;
    char **words; /* options for all stages; owned, and so is each */
    size_t word_count;
    bool check; /* nothing is to be run */
    bool help;  /* --help was given: nothing else matters but the name, NULL if there is none */
} job_arguments;

static bool add_setting(job_arguments *arguments, const char *text, mr_error *error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return mr_error_usage(error, "--set wants name=value, not '%s'", text);
    char *name = strndup(text, (size_t)(equals - text));
    if (!name) return mr_error_memory(error, strlen(text), "an option");
    arguments->settings[arguments->setting_count++] = (mr_setting){name, equals + 1};
    return true;
}

/* Adds an option for all stages; value NULL: it has none. */
static bool add_common(job_arguments *arguments, const char *name, const char *value, mr_error *error) {
    char *word;
    if (asprintf(&word, "--%s%s%s", name, value ? "=" : "", value ? value : "") < 0)
        return mr_error_memory(error, strlen(name), "an option");
    arguments->words[arguments->word_count++] = word;
    return true;
}

static bool read_option(job_arguments *arguments, int option, int index, mr_error *error) {
    switch (option) {
    case OPTION_SET:
        return add_setting(arguments, optarg, error);
    case OPTION_CHECK:
        arguments->check = true;
        return true;
    case OPTION_HELP:
        arguments->help = true;
        return true;
    case 'j':
        return add_common(arguments, "jobs", optarg, error);
    case 'q':
        return add_common(arguments, "quiet", NULL, error);
    case 'v':
        return add_common(arguments, "verbose", NULL, error);
    default:
        return add_common(arguments, job_options[index].name, optarg, error);
    }
}

/* Not while getopt is at work, which would forget where it is. */
static bool check_common(const job_arguments *arguments, mr_error *error) {
    for (size_t i = 0; i < arguments->word_count; i++)
        if (!mr_run_option_check(arguments->words[i], error)) return false;
    return true;
}

static bool read_arguments(job_arguments *arguments, int argc, char **argv, mr_error *error) {
    *arguments = (job_arguments){.settings = calloc((size_t)argc, sizeof(mr_setting)),
                                 .words = calloc((size_t)argc, sizeof(char *))};
    if (!arguments->settings || !arguments->words)
        return mr_error_memory(error, (size_t)argc * sizeof(mr_setting), "options");
    opterr = 0;
    optind = 0; /* this also forgets where an earlier call stopped */
    int index = 0;
    for (int option; (option = getopt_long(argc, argv, ":j:qv", job_options, &index)) != -1;) {
        if (option == ':')
            return mr_error_usage(error, "the option %s wants a value (see 'mr job --help')", argv[optind - 1]);
        if (option == '?')
            return mr_error_usage(error, "'mr job' has no option %s, or it takes no value (see 'mr job --help')",
                                  argv[optind - 1]);
        if (!read_option(arguments, option, index, error)) return false;
    }
    if (arguments->help) {
        arguments->name = argv[optind]; /* NULL when there is none */
        return true;
    }
    if (optind == argc) return mr_error_usage(error, "which job file? mr job FILE.json");
    arguments->name = argv[optind];
    if (optind + 1 == argc) return check_common(arguments, error);
    return mr_error_usage(error, "'mr job' takes one job file; its parameters are given by --set NAME=VALUE (%s)",
                          argv[optind + 1]);
}

static void free_arguments(job_arguments *arguments) {
    for (size_t i = 0; i < arguments->setting_count; i++)
        free((char *)arguments->settings[i].name);
    for (size_t i = 0; i < arguments->word_count; i++)
        free(arguments->words[i]);
    free(arguments->settings);
    free(arguments->words);
}

/* The path of a job file, allocated; NULL with error set when there is none of that name. */
static char *find_file(const char *name, mr_error *error) {
    size_t length = strlen(name);
    bool is_path = strchr(name, '/') || (length >= 5 && !strcmp(name + length - 5, ".json"));
    if (!is_path) return mr_job_file_find(name, error);
    char *path = strdup(name);
    if (!path) mr_error_memory(error, length, "a path");
    return path;
}

static mr_exit do_job(const job_arguments *arguments, const mr_job_file *file, const char *program, mr_error *error) {
    mr_job_request request = {.program = program,
                              .file = file,
                              .words = (const char *const *)arguments->words,
                              .word_count = arguments->word_count};
    if (!mr_job_check(&request, error)) return (mr_exit){0};
    if (!arguments->check) return mr_job_run_all(&request);
    mr_job_show(&request);
    return (mr_exit){0};
}

mr_exit mr_job_command(const char *program, int argc, char **argv) {
    job_arguments arguments;
    mr_job_file file = {0};
    mr_error error = {0};
    mr_exit end = {0};
    bool ok = read_arguments(&arguments, argc, argv, &error);
    char *path = ok && arguments.name ? find_file(arguments.name, &error) : NULL;
    if (ok && !arguments.name)
        fputs(usage, stdout);
    else if (path && arguments.help)
        mr_job_file_show(path, arguments.name, &error);
    else if (path && mr_job_file_read(&file, path, arguments.settings, arguments.setting_count, &error))
        end = do_job(&arguments, &file, program, &error);
    if (error.set) {
        mr_message("%s", error.text);
        end.status = error.usage ? 2 : 1;
    } else if (!end.status && !end.signal && (fflush(stdout) != 0 || ferror(stdout))) {
        mr_message("could not write to standard output");
        end.status = 1;
    }
    mr_job_file_close(&file);
    free_arguments(&arguments);
    free(path);
    return end;
}
