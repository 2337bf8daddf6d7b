#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/processor.h"
#include "cli/commands.h"
#include "cli/library_versions.h"
#include "host/cache.h"
#include "host/compiler.h"
#include "host/plugin.h"
#include "job/job.h"

/* The options of the command. */
typedef struct version_arguments {
    bool verbose;
} version_arguments;

static const mr_command_option version_options[] = {
    {.name = "verbose",
     .letter = 'v',
     .help = "also what mr was built with and what is here: compiler, libraries, instructions of the processor, "
             "temporary files, folders of plugins, and what compiles them from source",
     .at = offsetof(version_arguments, verbose)},
    {0},
};

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void print_processor(void) {
    mr_processor chosen;
    mr_error error = {0};
    printf("processor   ");
    if (mr_processor_choose(&chosen, &error))
        printf("%s, of:", mr_processor_name(chosen));
    else
        printf("%s; it has:", error.text);
    for (mr_processor one = 0; one < MR_PROCESSORS; one++)
        if (mr_processor_has(one)) printf(" %s", mr_processor_name(one));
    putchar('\n');
}

/* Whether files without a name can be made where a job would spill to. */
static void print_temporary(void) {
    const char *folder = mr_job_temporary(&(mr_job_settings){0});
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    printf(
        "temporary   %s, %s%s\n", folder,
        file >= 0 ? "files without a name (O_TMPFILE)" : "no files without a name: ", file >= 0 ? "" : strerror(errno));
    if (file >= 0) close(file);
}

static bool print_folder(void *context, const char *folder, mr_error *error) {
    (void)context;
    (void)error;
    printf("  %s%s\n", folder, access(folder, R_OK) == 0 ? "" : errno == ENOENT ? " (not there)" : " (cannot be read)");
    return true;
}

/* What compiles plugins from source, and where that is kept. */
static void print_compiling(void) {
    mr_compiler compiler;
    mr_error error = {0};
    char *folder = mr_cache_folder();
    if (mr_compiler_choose(&compiler, "plugin.c", (mr_slice){0}, NULL, &error)) {
        printf("sources     compiled by %s, %s%s\n", compiler.program, folder ? "kept in " : "not kept",
               folder ? folder : ": neither XDG_CACHE_HOME nor HOME names a folder");
        mr_compiler_free(&compiler);
    } else {
        puts("sources     cannot be compiled: there is no compiler of C; install gcc, or set CC to another one");
    }
    free(folder);
}

static bool print_all(mr_error *error) {
    struct utsname system;
    printf("plugins     version %u of mr.h\n", MR_ABI_MAJOR);
    printf("compiler    %s\n", COMPILER);
    if (uname(&system) == 0) printf("system      %s %s, %s\n", system.sysname, system.release, system.machine);
    print_processor();
    print_temporary();
    print_compiling();
    mr_library_versions_print();
    puts("folders of plugins");
    return mr_plugin_each_folder(print_folder, NULL, error);
}

static mr_exit version(const char *program, int argc, char **argv) {
    version_arguments arguments = {0};
    int first;
    mr_error error = {0};
    (void)program;
    if (!mr_command_options_read(&mr_command_version, &arguments, argc, argv, &first, &error))
        return mr_exit_failed(&error);
    if (first < argc) return mr_exit_too_many("version", argv[first]);
    puts("mr " MR_VERSION);
    if (arguments.verbose && !print_all(&error)) return mr_exit_failed(&error);
    return mr_exit_printed();
}

const mr_command mr_command_version = {
    .name = "version", .run = version, .operands = "", .summary = "show the version", .options = version_options};
