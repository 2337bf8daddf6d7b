#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/templates.h"
#include "flow/output.h"

enum { NAME_MOST = 64 };

/* A kind of plugin to begin with. */
typedef struct start {
    const char *kind;
    const char *template;
} start;

static const start starts[] = {{"fold", mr_template_fold}, {"group", mr_template_group}, {"map", mr_template_map}, {0}};

/* The command line of 'mr new'. */
typedef struct new_arguments {
    const char *name;
    const char *output; /* NULL: NAME.c */
    const start *start;
    bool force; /* a file that is there is written over */
} new_arguments;

static bool read_kind(void *receiver, const char *text, mr_error *error) {
    new_arguments *arguments = receiver;
    for (const start *at = starts; at->kind; at++)
        if (!strcmp(at->kind, text)) arguments->start = at;
    if (arguments->start && !strcmp(arguments->start->kind, text)) return true;
    return mr_error_usage(error, "--kind wants fold, group or map, not '%s'", text);
}

static const mr_command_option new_options[] = {
    {.name = "kind",
     .argument = "KIND",
     .help =
         "what it does with the values of a key: fold them into one (default), group them; or map, only read and write",
     .words = "fold|group|map",
     .kind = MR_VALUE_OTHER,
     .read = read_kind},
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .help = "where it is written (default: NAME.c)",
     .kind = MR_VALUE_PATH,
     .at = offsetof(new_arguments, output)},
    {.name = "force", .help = "write over FILE if it is there", .at = offsetof(new_arguments, force)},
    {0},
};

static bool check_name(const char *name, mr_error *error) {
    size_t length = strlen(name), good = isalpha((unsigned char)*name) ? 1 : 0;
    while (good && (isalnum((unsigned char)name[good]) || name[good] == '_' || name[good] == '-'))
        good++;
    if (good && good == length && length <= NAME_MOST) return true;
    if (length > NAME_MOST) return mr_error_usage(error, "the name of a plugin has at most %d bytes", NAME_MOST);
    if (good && !strcmp(name + good, ".c"))
        return mr_error_usage(error, "'%s' is a file; say 'mr new %.*s' for a plugin of that name", name, (int)good,
                              name);
    return mr_error_usage(error,
                          "'%s' is no name for a plugin: letters, digits, - and _, beginning with a letter; another "
                          "folder or file is given by -o FILE",
                          name);
}

static bool read_arguments(new_arguments *arguments, int argc, char **argv, mr_error *error) {
    int first;
    *arguments = (new_arguments){.start = starts};
    if (!mr_command_options_read(&mr_command_new, arguments, argc, argv, &first, error)) return false;
    if (first == argc) return mr_error_usage(error, "what is the plugin to be called? mr new NAME");
    if (first + 1 < argc) return mr_error_usage(error, "'mr new' takes one name; what is '%s'?", argv[first + 1]);
    arguments->name = argv[first];
    return check_name(arguments->name, error);
}

/* A template with the name of the plugin in it; allocated. */
static char *fill_in(const new_arguments *arguments, size_t *length, mr_error *error) {
    char *text = NULL;
    FILE *to = open_memstream(&text, length);
    const char *at = arguments->start->template;
    for (const char *next; to && (next = strstr(at, MR_TEMPLATE_NAME)); at = next + strlen(MR_TEMPLATE_NAME)) {
        fwrite(at, 1, (size_t)(next - at), to);
        fputs(arguments->name, to);
    }
    if (to) fputs(at, to);
    if (to && fclose(to) == 0) return text;
    free(text);
    mr_error_memory(error, strlen(arguments->start->template), "a plugin");
    return NULL;
}

static bool write_file(const new_arguments *arguments, const char *path, mr_error *error) {
    struct stat status;
    mr_output output = {.file = -1};
    size_t length;
    if (!arguments->force && lstat(path, &status) == 0 && strcmp(path, "-") != 0)
        return mr_error_set(error, "%s is there already: give another name, or --force to write over it", path);
    char *text = fill_in(arguments, &length, error);
    bool ok = text && mr_output_open(&output, path, error) && mr_output_write(&output, text, length, 0, error) &&
              mr_output_commit(&output, length, error);
    mr_output_close(&output);
    free(text);
    return ok;
}

/* What to type next. A path with a slash in it also says to mr, and to people, that it is a file. */
static void print_next(const new_arguments *arguments, const char *path) {
    const char *folder = strchr(path, '/') ? "" : "./";
    printf("%s is there, a %s plugin that works as it is. Next:\n"
           "  mr run %s%s INPUT...    compile it and run it\n"
           "  mr check %s%s INPUT...  look for mistakes in it\n"
           "  mr help %s%s            what it does, and its options\n",
           path, arguments->start->kind, folder, path, folder, path, folder, path);
}

static mr_exit new (const char *program, int argc, char **argv) {
    new_arguments arguments;
    mr_error error = {0};
    char name[NAME_MOST + 3];
    (void)program;
    if (!read_arguments(&arguments, argc, argv, &error)) return mr_exit_failed(&error);
    snprintf(name, sizeof name, "%s.c", arguments.name);
    const char *path = arguments.output ? arguments.output : name;
    if (!write_file(&arguments, path, &error)) return mr_exit_failed(&error);
    if (strcmp(path, "-") != 0) print_next(&arguments, path);
    return mr_exit_printed();
}

const mr_command mr_command_new = {
    .name = "new",
    .run = new,
    .operands = "NAME",
    .summary = "begin a plugin of your own",
    .text = "Writes NAME.c, a plugin in C with comments that say what to change. It compiles\n"
            "and runs as it is, and a file that is there already is left alone.\n",
    .options = new_options,
};
