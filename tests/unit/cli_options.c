/* Tests of the tables of commands and options: what help, completion and proposals say of them has to be true. */
#include "engine_testing.h"

#include <ctype.h>

#include "cli/arguments.h"
#include "cli/commands.h"

/* The options of a command one by one, its own first: *at is 0 at first. NULL: no more. */
static const mr_command_option *next_option(const mr_command *command, size_t *at) {
    size_t own = 0, index;
    while (command->options && command->options[own].name)
        own++;
    for (;; ++*at) {
        if (*at < own) return &command->options[(*at)++];
        index = *at - own;
        if (!mr_run_options[index].name) return NULL;
        if (mr_option_is_shared(command, &mr_run_options[index])) {
            ++*at;
            return &mr_run_options[index];
        }
    }
}

static void options_are_told_apart(void **state) {
    (void)state;
    for (const mr_command *const *command = mr_commands; *command; command++) {
        const mr_command_option *one, *other;
        for (size_t i = 0; (one = next_option(*command, &i));) {
            for (size_t j = i; (other = next_option(*command, &j));) {
                if (!strcmp(one->name, other->name)) fail_msg("mr %s has --%s twice", (*command)->name, one->name);
                if (one->letter && one->letter == other->letter)
                    fail_msg("mr %s has -%c twice: --%s and --%s", (*command)->name, one->letter, one->name,
                             other->name);
            }
        }
    }
}

static void options_are_explained(void **state) {
    (void)state;
    for (const mr_command *const *command = mr_commands; *command; command++) {
        const mr_command_option *option;
        for (size_t i = 0; (option = next_option(*command, &i));) {
            assert_non_null(option->help);
            assert_true(*option->help && option->help[strlen(option->help) - 1] != '.');
            assert_true(option->group < MR_GROUPS);
            assert_true((option->kind == MR_VALUE_OTHER) == (option->read != NULL));
            if (option->kind == MR_VALUE_NONE)
                assert_null(option->argument);
            else
                assert_non_null(option->argument);
        }
    }
}

static void shared_options_exist(void **state) {
    (void)state;
    for (const mr_command *const *command = mr_commands; *command; command++) {
        char names[1024], *rest = names;
        snprintf(names, sizeof names, "%s", (*command)->shared ? (*command)->shared : "");
        for (char *name; (name = strsep(&rest, " "));)
            if (*name && *name != '*' && !mr_option_find(mr_run_options, name))
                fail_msg("mr %s shares --%s, which 'mr run' does not have", (*command)->name, name);
    }
}

/* What is proposed for a value is a value. */
static void words_are_values(void **state) {
    (void)state;
    for (const mr_command_option *option = mr_run_options; option->name; option++) {
        char words[512], *rest = words;
        snprintf(words, sizeof words, "%s", option->words ? option->words : "");
        for (char *word; (word = strsep(&rest, "|"));) {
            mr_error error = {0};
            size_t length = strlen(word);
            if (!length || word[length - 1] == ':') continue;
            if (!mr_run_option_check(option, word, &error)) fail_msg("--%s %s: %s", option->name, word, error.text);
        }
    }
}

static void commands_are_explained(void **state) {
    (void)state;
    for (const mr_command *const *command = mr_commands; *command; command++) {
        const mr_command *found = mr_command_find((*command)->name);
        assert_ptr_equal(found, *command);
        assert_true(islower((unsigned char)*(*command)->summary) && strlen((*command)->summary) <= 48);
        assert_non_null((*command)->run);
        assert_non_null((*command)->operands);
    }
    assert_null(mr_command_find("ru"));
    assert_null(mr_command_find(""));
}

/* Reads what a command line says to 'mr run'; the words are separated by blanks. */
static bool read_line(mr_run_arguments *arguments, const char *line, mr_error *error) {
    static char words[256], *list[32]; /* arguments point there */
    char *rest = words;
    int count = 0;
    snprintf(words, sizeof words, "run %s", line);
    for (char *word; (word = strsep(&rest, " "));)
        list[count++] = word;
    list[count] = NULL;
    *error = (mr_error){0};
    return mr_run_arguments_read(arguments, &mr_command_run, NULL, "mr", count, list, error);
}

static void command_lines_are_read(void **state) {
    (void)state;
    mr_run_arguments arguments;
    mr_error error;
    assert_true(read_line(&arguments, "a --top=5 b -j 3 --skip-bad 7 -- --c -qo", &error));
    assert_string_equal(arguments.settings.plugin, "a");
    assert_int_equal(arguments.settings.input_count, 3);
    assert_string_equal(arguments.settings.inputs[2], "-qo");
    assert_int_equal(arguments.settings.top, 5);
    assert_int_equal(arguments.settings.workers, 3);
    assert_int_equal(arguments.settings.skip_bad, 7);
    mr_run_arguments_free(&arguments);
    assert_true(read_line(&arguments, "a b -qvofile --memory=1M", &error));
    assert_true(arguments.settings.quiet && arguments.settings.verbose);
    assert_string_equal(arguments.settings.output, "file");
    assert_int_equal(arguments.settings.memory, 1 << 20);
    mr_run_arguments_free(&arguments);
    assert_true(read_line(&arguments, "--help plugin --nonsense", &error) && arguments.help);
    assert_string_equal(arguments.settings.plugin, "plugin");
    mr_run_arguments_free(&arguments);
    assert_true(read_line(&arguments, "--help", &error) && arguments.help);
    assert_null(arguments.settings.plugin);
    mr_run_arguments_free(&arguments);
}

static void names_are_written_out(void **state) {
    (void)state;
    static const char *const lines[] = {"a b --mem 1M", "a b --mem=1M", "a b --quie", "a b --top", "a b --quiet=yes",
                                        "a b -Z",       "a b -j",       "--he",       "a b --=3"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        mr_run_arguments arguments;
        mr_error error;
        bool ok = read_line(&arguments, lines[i], &error);
        mr_run_arguments_free(&arguments);
        if (ok || !error.usage) fail_msg("'%s' was taken: %s", lines[i], error.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_told_apart), cmocka_unit_test(options_are_explained),
        cmocka_unit_test(shared_options_exist),   cmocka_unit_test(words_are_values),
        cmocka_unit_test(commands_are_explained), cmocka_unit_test(command_lines_are_read),
        cmocka_unit_test(names_are_written_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
