#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "host/describe.h"
#include "job/coordinator.h"

static const char usage[] =
    "mr - map-reduce for one big machine\n"
    "\n"
    "  mr run PLUGIN INPUT... [OPTION]...   run a job\n"
    "  mr job FILE.json [OPTION]...         run several jobs that read what others make (mr job --help)\n"
    "  mr list                              show the plugins\n"
    "  mr help [PLUGIN]                     this text, or the options of a plugin\n"
    "  mr version                           the version\n"
    "\n"
    "Options of 'mr run' (they may stand anywhere; -- ends them):\n"
    "  -o, --output FILE   write the result to FILE, which appears whole or not at all\n"
    "                      (default: standard output)\n"
    "                      DIR/ with a slash at the end: part files in a directory, and _SUCCESS\n"
    "      --parts N       how many of them (default: one for each 128 MiB of input)\n"
    "  -j, --jobs N        worker processes (default: the CPUs that this process may use)\n"
    "      --memory SIZE   memory for everything together; beyond it the job spills to disk\n"
    "                      (default: half of what the machine or cgroup offers)\n"
    "      --set NAME=VALUE  set an option of the plugin; repeatable\n"
    "      --side NAME=FILE  a file that the plugin reads as a whole; repeatable\n"
    "      --sort ORDER    key (default) or value, with :num, :desc or :num:desc behind it\n"
    "      --top N         only the first N results; without --sort those with the largest values\n"
    "      --format FORMAT tsv (default), csv, jsonl, raw or binary: how results are written\n"
    "      --header        begin with the names of the columns (tsv, csv)\n"
    "      --compress gzip[:LEVEL]  the output in gzip, level 1 (fast) to 9 (small), default 6\n"
    "      --include GLOB  of directories only the files that match it; repeatable\n"
    "      --exclude GLOB  of directories not what matches it; repeatable\n"
    "  -0, --null          paths in lists (@LIST) end with a zero byte, not with a newline\n"
    "      --records KIND  what a record is: lines, nul, paragraphs, fixed:N, whole, csv, csv:X, jsonl, pairs\n"
    "                      (default: what the plugin says, mostly lines)\n"
    "      --crlf MODE     keep (default), or strip: carriage returns before newlines are no part of records\n"
    "      --chunk SIZE    input per task (default: chosen by the size of the input)\n"
    "      --tmp DIR       folder for spilling (default: TMPDIR, else /var/tmp or /tmp)\n"
    "      --pin           keep every worker on one CPU, in turn from each NUMA node\n"
    "      --skip-bad N    leave out up to N records that the plugin cannot digest, and keep them\n"
    "      --bad FILE      where they are kept (default: OUTPUT.bad.jsonl or PLUGIN.bad.jsonl)\n"
    "      --from-bad FILE the input is the records of such a file; there is no other INPUT\n"
    "      --only OFFSET:LENGTH  only the records that begin in these bytes of the one INPUT\n"
    "      --timeout TIME  what a callback may take for one record, such as 30s (default: any time)\n"
    "      --worker-memory SIZE  what the plugin may use in a worker (default: any)\n"
    "      --inline        no other processes: everything runs in this one, for debuggers;\n"
    "                      not with --timeout, --worker-memory or --pin\n"
    "      --stats FILE    write the summary, and how a plugin crashed, to FILE as JSON\n"
    "  -q, --quiet         no summary line\n"
    "  -v, --verbose       a line for each phase\n"
    "\n"
    "INPUT is a file, - for standard input, a directory with all files below it, or @LIST: a file with paths, one a\n"
    "line (a file of the name @x is ./@x). Of directories, what begins with . or _ is left out.\n"
    "PLUGIN is a name ('mr list') or a path with a slash. The folders of MR_PLUGIN_PATH come first.\n"
    "MR_PROCESSOR names the instructions to use (default: the best that the processor has): see mr(1).\n"
    "Sizes take K, M, G, T (powers of 1024), times ms, s, m, h. A result is a line \"key TAB value\"; backslash, tab,\n"
    "newline and carriage return in it are written as \\\\ \\t \\n \\r, without --format.\n"
    "Exit status: 0 done, 1 the job failed, 2 wrong usage, 128+n killed by signal n.\n";

static mr_exit failed(const mr_error *error) {
    mr_message("%s", error->text);
    return (mr_exit){.status = error->usage ? 2 : 1};
}

/* Data that did not reach stdout is a failure too. */
static mr_exit printed(void) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return (mr_exit){0};
    mr_message("could not write to standard output");
    return (mr_exit){.status = 1};
}

static mr_exit print_usage(void) {
    fputs(usage, stdout);
    return printed();
}

static mr_exit run(const char *program, int argc, char **argv) {
    mr_run_arguments arguments;
    mr_result_summary summary;
    mr_error error = {0};
    mr_exit end = {0};
    if (!mr_run_arguments_read(&arguments, program, argc, argv, &error)) {
        end = failed(&error);
    } else if (arguments.help) {
        end = print_usage();
    } else {
        mr_job_run(&arguments.settings, &summary, &error);
        if (summary.outcome == MR_OUTCOME_FAILED) end = failed(&error);
        if (summary.outcome == MR_OUTCOME_SIGNAL) end.signal = summary.signal;
        if (summary.outcome == MR_OUTCOME_DONE && !arguments.settings.quiet)
            mr_summary_print(&summary, arguments.settings.plugin);
        mr_bad_close(&summary.bad);
    }
    mr_run_arguments_free(&arguments);
    return end;
}

/* What 'mr list' has shown so far: a name that comes again is hidden by the first. */
typedef struct shown_names {
    char **names;
    size_t count;
} shown_names;

/* Adds a name that has not been shown. */
static bool remember_name(shown_names *shown, const char *name, mr_error *error) {
    char **larger = realloc(shown->names, (shown->count + 1) * sizeof *larger);
    if (larger) shown->names = larger;
    char *copy = larger ? strdup(name) : NULL;
    if (!copy) return mr_error_memory(error, sizeof *larger + strlen(name), "the list of plugins");
    shown->names[shown->count++] = copy;
    return true;
}

static bool show_plugin(void *context, const char *name, const char *path, mr_error *error) {
    shown_names *shown = context;
    mr_description description;
    mr_error failure = {0};
    for (size_t i = 0; i < shown->count; i++)
        if (!strcmp(shown->names[i], name)) return true;
    if (!remember_name(shown, name, error)) return false;
    if (mr_describe(&(mr_setup){.path = path}, &description, &failure))
        printf("%-16s %s\n", name, description.summary);
    else
        printf("%-16s (%s)\n", name, failure.text);
    return true;
}

static mr_exit list(void) {
    shown_names shown = {0};
    mr_error error = {0};
    bool ok = mr_plugin_each(show_plugin, &shown, &error);
    for (size_t i = 0; i < shown.count; i++)
        free(shown.names[i]);
    free(shown.names);
    return ok ? printed() : failed(&error);
}

static mr_exit help_plugin(const char *name) {
    static const char *const kinds[] = {"", "a fold", "a group", "a map"};
    mr_description description;
    mr_error error = {0};
    char *path = mr_plugin_find(name, &error);
    bool ok = path && mr_describe(&(mr_setup){.path = path}, &description, &error);
    free(path);
    if (!ok) return failed(&error);
    printf("%s - %s\n\nmr run %s INPUT... [--set NAME=VALUE]...   (%s job)\n", description.name, description.summary,
           name, description.has_configure ? "the options decide what kind of" : kinds[description.kind]);
    if (*description.help) printf("\nOptions:\n%s", description.help);
    return printed();
}

static mr_exit version(void) {
    puts("mr " MR_VERSION);
    return printed();
}

static mr_exit wrong_command(const char *name) {
    mr_message(
        "there is no command '%s'; there are run, job, list, help and version (a plugin: mr run PLUGIN INPUT...)",
        name);
    return (mr_exit){.status = 2};
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c) {
    return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c);
}

/* Help on a command or on a plugin. */
static mr_exit help_on(const char *program, const char *name) {
    if (!strcmp(name, "run")) return print_usage();
    if (!strcmp(name, "job")) return mr_job_command(program, 2, (char *[]){"job", "--help", NULL});
    return help_plugin(name);
}

mr_exit mr_command(int argc, char **argv) {
    if (argc < 2) {
        fputs(usage, stderr);
        return (mr_exit){.status = 2};
    }
    const char *name = argv[1];
    if (!strcmp(name, "run")) return run(argv[0], argc - 1, argv + 1);
    if (!strcmp(name, "job")) return mr_job_command(argv[0], argc - 1, argv + 1);
    bool help = is_one_of(name, "help", "--help", "-h");
    bool list_plugins = !strcmp(name, "list"), show_version = is_one_of(name, "version", "--version", "-V");
    if (!help && !list_plugins && !show_version) return wrong_command(name);
    if (argc > (help ? 3 : 2)) {
        mr_message("too many arguments for 'mr %s'", name);
        return (mr_exit){.status = 2};
    }
    if (help) return argc == 3 ? help_on(argv[0], argv[2]) : print_usage();
    return list_plugins ? list() : version();
}
