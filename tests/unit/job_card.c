/* Tests of the crash card: its text for deaths that are made up here. */
#include "engine_testing.h"

#include "flow/input.h"
#include "job/card.h"

#include <fcntl.h>
#include <signal.h>

enum { LINES = 1000, LINE_BYTES = 10 };

static mr_job_settings settings;
static mr_job job;
static mr_death death;
static mr_card card; /* too large for the stack */
static char input_path[256];

/* A job over a file of LINES lines "line 0007\n". */
static int open_job(void **state) {
    (void)state;
    static const char *inputs[1];
    mr_error error = {0};
    snprintf(input_path, sizeof input_path, "%s/mr-card-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp",
             (int)getpid());
    FILE *file = fopen(input_path, "we");
    assert_non_null(file);
    for (int i = 1; i <= LINES; i++)
        fprintf(file, "line %04d\n", i);
    assert_int_equal(fclose(file), 0);
    inputs[0] = input_path;
    settings = (mr_job_settings){.program = "mr",
                                 .plugin = "./words.so",
                                 .inputs = inputs,
                                 .input_count = 1,
                                 .records = {.kind = MR_RECORDS_UNSAID}};
    job = (mr_job){.settings = &settings, .plugin_path = "./words.so", .description.name = "words"};
    assert_ok(mr_input_open(&job.input, inputs, NULL, 1, &error), &error);
    memset(&death, 0, sizeof death);
    death.cause = MR_DEATH_CRASH;
    death.callback = "map";
    death.attempts = 2;
    death.worker = 1;
    death.place = (mr_place){.kind = MR_PLACE_RECORD, .offset = 70, .length = LINE_BYTES};
    death.fault = (mr_fault){.told = 1, .signal = SIGSEGV, .code = SEGV_MAPERR, .address = 8};
    return 0;
}

static int close_job(void **state) {
    (void)state;
    mr_input_close(&job.input);
    unlink(input_path);
    return 0;
}

/* The text of the card for death, with the path of the input as FILE. */
static char *card_text(void) {
    mr_error error = {0};
    assert_ok(mr_card_open(&card, &job, &death, &error), &error);
    char *text = mr_card_text(&card, &error);
    assert_non_null(text);
    mr_card_close(&card);
    for (char *at; (at = strstr(text, input_path));) {
        memcpy(at, "FILE", 4);
        memmove(at + 4, at + strlen(input_path), strlen(at + strlen(input_path)) + 1);
    }
    return text;
}

static void expect_text(const char *expected) {
    char *text = card_text();
    assert_string_equal(text, expected);
    free(text);
}

static void expect_part(const char *expected) {
    char *text = card_text();
    if (!strstr(text, expected)) fail_msg("\"%s\" is not in\n%s", expected, text);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        assert_int_equal(strncmp(line, "mr: ", 4), 0);
    free(text);
}

static void a_crash_is_told(void **state) {
    (void)state;
    expect_text("mr: words crashed in map\n"
                "mr:   what      SIGSEGV, access to address 0x8: a NULL pointer, or something behind one\n"
                "mr:   plugin    ./words.so\n"
                "mr:   where     FILE:8, byte 70\n"
                "mr:   record    line 0008\n"
                "mr:   attempts  2, the last by worker 1\n"
                "mr:   debug     gdb --args mr run --inline ./words.so FILE --only 70:10\n");
}

static void a_stack_is_told(void **state) {
    (void)state;
    mr_fault *fault = &death.fault;
    fault->stack = 1;
    fault->module_count = 2;
    strcpy(fault->modules[0], "/nowhere/words.so");
    strcpy(fault->modules[1], "/nowhere/libc.so");
    fault->frames[0] = (mr_frame){.address = 0x99, .module = 1};
    for (int i = 1; i < 40; i++)
        fault->frames[i] = (mr_frame){.address = 0x1234, .module = 0};
    fault->frames[40] = (mr_frame){.address = 0x5678, .module = 0};
    fault->frames[41] = (mr_frame){.address = 0x7f00, .module = MR_FAULT_MODULES};
    fault->frame_count = 42;
    expect_part("SIGSEGV, the stack overflowed");
    expect_part("mr:   stack     ?  libc.so+0x99\n"
                "mr:             ?  words.so+0x1234 (39 times)\n"
                "mr:             ?  words.so+0x5678\n"
                "mr:   attempts");
}

static void commands_are_quoted(void **state) {
    (void)state;
    static const mr_setting options[] = {{"pattern", "it's $HOME"}, {"bell", "a\ab'\\"}};
    settings.settings = options;
    settings.setting_count = 2;
    settings.program = "my builds/mr";
    settings.plugin = "-x/words.so";
    expect_part("gdb --args 'my builds/mr' run --inline ./-x/words.so FILE --only 70:10 "
                "--set 'pattern=it'\\''s $HOME' --set $'bell=a\\007b\\'\\\\'\n");
}

static void records_cannot_play_with_the_terminal(void **state) {
    (void)state;
    static const char text[] = "a\tb\\c\x1b[2Jd\xff\xc3\xa9\xc2\x85"; /* an e with acute accent; a control character */
    int file = open(input_path, O_WRONLY | O_CLOEXEC);
    assert_true(file >= 0 && mr_write_at(file, text, sizeof text - 1, 70));
    close(file);
    death.place.length = sizeof text - 1;
    expect_part("record    a\\tb\\\\c\\x1b[2Jd\\xff\xc3\xa9\\xc2\\x85\n");
    death.place.length = 400;
    expect_part("... (400 bytes)\n");
}

static void parts_of_files_are_named_by_the_file(void **state) {
    (void)state;
    mr_error error = {0};
    assert_ok(mr_input_narrow(&job.input, &(mr_records){0}, 5000, 100, &error), &error);
    expect_part("where     FILE:508, byte 5070\n");
    expect_part("--only 5070:10\n");
}

static void every_cause_has_words(void **state) {
    (void)state;
    strcpy(death.reason, "17 is no name");
    death.cause = MR_DEATH_REJECTED;
    expect_part("mr: words rejected its record in map\nmr:   what      17 is no name\n");
    death.cause = MR_DEATH_TIMEOUT;
    strcpy(death.reason, "30 s");
    expect_part("what      it took longer than 30 s (--timeout)\n");
    death.cause = MR_DEATH_EXIT;
    death.fault.signal = 0;
    death.fault.code = 7;
    expect_part("what      it ended the process with status 7\n");
    death.cause = MR_DEATH_KILLED;
    death.fault.told = 0;
    death.code = -SIGKILL;
    expect_part("what      killed from outside by SIGKILL\n");
    death.callback = NULL;
    death.place.kind = MR_PLACE_NONE;
    expect_part("mr: words was killed while it was loaded\n");
    expect_part("debug     gdb --args mr run --inline ./words.so FILE\n");
}

static void groups_are_told(void **state) {
    (void)state;
    death.callback = "reduce";
    death.place = (mr_place){.kind = MR_PLACE_GROUP, .partition = 3, .offset = 16};
    death.fault.key_length = 3;
    memcpy(death.fault.key, "a\nb", 3);
    expect_part("where     a key and its values, group 17 of partition 3\n"
                "mr:   key       a\\nb\n");
    expect_part("debug     mr run ./words.so FILE --skip-bad 1 --bad group.bad.jsonl -o /dev/null\n"
                "mr:             gdb --args mr run --inline ./words.so --from-bad group.bad.jsonl\n");
}

/* A plugin that writes where it may not can make anything of the place. */
static void nonsense_is_survived(void **state) {
    (void)state;
    for (unsigned i = 0; i < rounds(2000); i++) {
        death.place = (mr_place){.kind = (uint32_t)below(5),
                                 .partition = (uint32_t)next_random(),
                                 .source = skewed_below(UINT64_MAX),
                                 .offset = skewed_below(UINT64_MAX),
                                 .length = skewed_below(UINT64_MAX)};
        death.fault.key_length = (uint32_t)next_random();
        free(card_text());
    }
}

#define CARD_TEST(function) cmocka_unit_test_setup_teardown(function, open_job, close_job)

int main(void) {
    const struct CMUnitTest tests[] = {
        CARD_TEST(a_crash_is_told),
        CARD_TEST(a_stack_is_told),
        CARD_TEST(commands_are_quoted),
        CARD_TEST(records_cannot_play_with_the_terminal),
        CARD_TEST(parts_of_files_are_named_by_the_file),
        CARD_TEST(every_cause_has_words),
        CARD_TEST(groups_are_told),
        CARD_TEST(nonsense_is_survived),
    };
    start_seed();
    random_state = test_seed;
    return run_all_tests(tests);
}
