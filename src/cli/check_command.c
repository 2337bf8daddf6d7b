#include <sys/random.h>

#include "check/check.h"
#include "cli/arguments.h"
#include "cli/commands.h"

enum {
    SAMPLE = 8 << 20,     /* bytes of the input that are looked at, if nothing else is said */
    MILLISECONDS = 10000, /* that it may take */
    TIMEOUT = 5000,       /* milliseconds that a callback may take for a record */
    SEEDS = 1000000,
    SECONDS_MOST = 24 * 3600
};

/* What 'mr check' has beyond what it shares with 'mr run'. */
typedef struct check_arguments {
    uint64_t seed;    /* UINT64_MAX: any */
    uint64_t seconds; /* 0: as always */
    uint64_t sample;  /* bytes */
    const char *keep; /* NULL: nothing is kept */
} check_arguments;

static const mr_command_option check_options[] = {
    {.name = "seconds",
     .argument = "N",
     .help = "about how long it may take (default: 10)",
     .kind = MR_VALUE_COUNT,
     .at = offsetof(check_arguments, seconds),
     .least = 1,
     .most = SECONDS_MOST},
    {.name = "sample",
     .argument = "SIZE",
     .help = "how much of the input is looked at (default: 8M), in pieces that are spread over it",
     .kind = MR_VALUE_SIZE,
     .at = offsetof(check_arguments, sample)},
    {.name = "seed",
     .argument = "N",
     .help = "repeat a check: the number that it has shown",
     .kind = MR_VALUE_COUNT,
     .at = offsetof(check_arguments, seed),
     .most = UINT64_MAX - 1},
    {.name = "keep",
     .argument = "FILE",
     .help = "write the smallest input that shows the first fault to FILE",
     .kind = MR_VALUE_PATH,
     .at = offsetof(check_arguments, keep)},
    {0},
};

/* Any seed will do; one that is short is easier to type. */
static uint64_t choose_seed(void) {
    uint32_t bits = 1;
    (void)!getrandom(&bits, sizeof bits, 0);
    return bits % SEEDS;
}

static mr_exit check(const char *program, int argc, char **argv) {
    mr_run_arguments arguments;
    check_arguments own = {.seed = UINT64_MAX, .sample = SAMPLE};
    mr_error error = {0};
    bool wrong = false;
    bool ok = mr_run_arguments_read(&arguments, &mr_command_check, &own, program, argc, argv, &error);
    if (ok) {
        if (!arguments.settings.timeout) arguments.settings.timeout = TIMEOUT;
        arguments.settings.forgets_bad = true;
        mr_check_settings settings = {.job = &arguments.settings,
                                      .keep = own.keep,
                                      .seed = own.seed == UINT64_MAX ? choose_seed() : own.seed,
                                      .milliseconds = own.seconds ? own.seconds * 1000 : MILLISECONDS,
                                      .sample = own.sample};
        ok = mr_check(&settings, &wrong, &error);
    }
    mr_run_arguments_free(&arguments);
    if (!ok) return mr_exit_failed(&error);
    mr_exit end = mr_exit_printed();
    if (wrong) end.status = 1;
    return end;
}

const mr_command mr_command_check = {
    .name = "check",
    .run = check,
    .operands = "PLUGIN INPUT...",
    .summary = "look for mistakes in a plugin",
    .text = "Runs the callbacks of a plugin on a sample of the input, in ways that must not\n"
            "make a difference, and compares: is fold associative, does map remember what\n"
            "came before, are there bytes that nobody has set, and so on. What is wrong is\n"
            "shown with the smallest input that shows it. A plugin that is given as a source\n"
            "file is also run under the compiler's sanitizers.\n",
    .options = check_options,
    .shared = "set side records crlf include exclude null only timeout skip-bad sort top tmp",
    .notes = "Exit status: 0 nothing is wrong, 1 something is or the job fails, 2 wrong usage.\n",
};
