#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "flow/output.h"
#include "host/building.h"

/* The command line of 'mr build'. */
typedef struct build_arguments {
    const char *source;
    const char *output; /* NULL: the source with another ending */
    bool verbose;       /* show the command */
} build_arguments;

static const mr_command_option build_options[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .help = "the plugin, which appears whole or not at all (default: SOURCE with the ending .so)",
     .kind = MR_VALUE_PATH,
     .at = offsetof(build_arguments, output)},
    {.name = "verbose", .letter = 'v', .help = "show the command", .at = offsetof(build_arguments, verbose)},
    {0},
};

static bool is_same_file(const char *path, const char *other) {
    struct stat one, two;
    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

static bool read_arguments(build_arguments *arguments, int argc, char **argv, mr_error *error) {
    int first;
    *arguments = (build_arguments){0};
    if (!mr_command_options_read(&mr_command_build, arguments, argc, argv, &first, error)) return false;
    if (first == argc) return mr_error_usage(error, "which source file? mr build SOURCE.c");
    if (first + 1 < argc)
        return mr_error_usage(error, "'mr build' takes one source file; what is '%s'?", argv[first + 1]);
    arguments->source = argv[first];
    if (!mr_is_source(arguments->source))
        return mr_error_usage(error, "%s is no source file: its name ends in neither .c nor .cc, .cpp or .cxx",
                              arguments->source);
    if (arguments->output && is_same_file(arguments->output, arguments->source))
        return mr_error_usage(error, "--output %s is the source itself: give the plugin another name",
                              arguments->output);
    return true;
}

/* Writes what a file in memory holds. */
static bool write_image(const char *path, int image, mr_error *error) {
    struct stat status;
    mr_output output = {.file = -1};
    if (fstat(image, &status) < 0) return mr_error_system(error, errno, "could not look at what was compiled");
    size_t length = (size_t)status.st_size;
    void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, image, 0);
    if (bytes == MAP_FAILED) return mr_error_system(error, errno, "could not read what was compiled");
    bool ok = mr_output_open(&output, path, error) && mr_output_write(&output, bytes, length, 0, error) &&
              mr_output_commit(&output, length, error);
    mr_output_close(&output);
    munmap(bytes, length);
    return ok;
}

static bool compile(const build_arguments *arguments, const mr_compiler *compiler, mr_error *error) {
    mr_compiled compiled;
    char *path = NULL;
    int stem = (int)(strrchr(arguments->source, '.') - arguments->source);
    if (asprintf(&path, "%.*s.so", stem, arguments->source) < 0)
        return mr_error_memory(error, strlen(arguments->source), "a path");
    const char *output = arguments->output ? arguments->output : path;
    if (arguments->verbose) mr_compile_show(compiler, output);
    bool ok = mr_compile(compiler, &compiled, error) && write_image(output, compiled.image, error);
    mr_compiled_close(&compiled);
    free(path);
    return ok;
}

static mr_exit build(const char *program, int argc, char **argv) {
    build_arguments arguments;
    mr_compiler compiler;
    mr_slice text = {0};
    mr_error error = {0};
    (void)program;
    bool ok = read_arguments(&arguments, argc, argv, &error) && mr_building_read(arguments.source, &text, &error) &&
              mr_compiler_choose(&compiler, arguments.source, text, NULL, &error);
    if (ok) {
        compile(&arguments, &compiler, &error);
        mr_compiler_free(&compiler);
    }
    free((char *)text.data);
    return error.set ? mr_exit_failed(&error) : mr_exit_printed();
}

const mr_command mr_command_build = {
    .name = "build",
    .run = build,
    .operands = "SOURCE.c",
    .summary = "compile a plugin: SOURCE.so",
    .text = "Compiles the plugin as 'mr run ./SOURCE.c' does. Prints nothing but what the\n"
            "compiler says.\n",
    .options = build_options,
    .notes = "The compiler is that of the variable CC, or cc, gcc or clang; flags are those of\n"
             "MR_CFLAGS, or else -O3 -g -Wall -Wl,-z,defs. For C++ (.cc, .cpp, .cxx) the\n"
             "variables are CXX and MR_CXXFLAGS. A line '// mr: -lm -Ifolder -DNAME=VALUE' in\n"
             "the source adds libraries, folders of headers and macros.\n",
};
