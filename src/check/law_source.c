#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"
#include "check/shrink.h"
#include "host/building.h"

/* Law: the compiler's sanitizers find nothing. When the plugin is given as a source file it is compiled once more, with
 * AddressSanitizer and UndefinedBehaviorSanitizer, and a job on the sample is run with it in one process (--inline).
 * This program has not been compiled in that way, so the sanitizer's library has to be there before everything else:
 * mr is started anew, with that library in LD_PRELOAD. When there is a report the records are made as few as possible,
 * by doing the same again with some of them. Leaks are no matter here.
 */

enum {
    FOUND = 99,        /* exit status of a job in which a sanitizer has found something */
    TIMES_SLOWER = 10, /* than without; beyond that a job is given up */
    SHRINK_SECONDS = 5,
    SHRUNK_MOST = 100000, /* records of which as few as possible are looked for */
    REPORT = 64 << 10,    /* bytes of the report that are read */
    LINES = 14            /* of it that are shown */
};

/* What is needed to run the job. */
typedef struct sanitizing {
    mr_checker *self;
    char library[512];    /* path of the sanitizer's */
    bool clang;           /* the compiler is clang, and the library is its */
    mr_compiled compiled; /* the plugin */
    char report[REPORT];  /* what was said last, with a zero byte behind it */
    const char *reason;   /* why the law is not tried; NULL: it is */
} sanitizing;

/* ---- processes --------------------------------------------------------------------------------------------------- */

/* A program to be started. */
typedef struct start {
    const char *program;
    char **words;        /* with its name; ends with NULL */
    const char *library; /* for LD_PRELOAD; NULL: none */
    int output;          /* where its standard output and error go */
} start;

static int start_program(void *argument) {
    const start *program = argument;
    int nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(program->output, STDOUT_FILENO) < 0 ||
        dup2(program->output, STDERR_FILENO) < 0)
        return 1;
    if (program->library) {
        char exit_code[96];
        snprintf(exit_code, sizeof exit_code, "exitcode=%d:detect_leaks=0:print_stacktrace=1:allow_addr2line=1", FOUND);
        setenv("LD_PRELOAD", program->library, 1);
        setenv("ASAN_OPTIONS", exit_code, 1);
        setenv("UBSAN_OPTIONS", exit_code, 1);
    }
    execv(program->program, program->words);
    return 1;
}

/* Runs a program and reads what it says into text, with a zero byte behind it. Its exit status; -1: it could not be
 * run, or did not end in time. */
static int run_program(const start *given, double seconds, char *text, size_t size) {
    mp_process *process;
    mp_process_options options = {.name = "mr-sanitize", .flags = MP_PROCESS_DAEMON};
    start program = *given;
    int code = -1;
    *text = 0;
    program.output = memfd_create("mr-check-report", MFD_CLOEXEC);
    if (program.output < 0) return -1;
    if (mp_process_start(&process, &options, start_program, &program) == 0) {
        if (mp_process_join(process, (int)(seconds * 1000)) == 0) mp_process_exit_code(process, &code);
        mp_process_free(process);
    }
    ssize_t length = pread(program.output, text, size - 1, 0);
    text[length > 0 ? length : 0] = 0;
    close(program.output);
    return code;
}

/* ---- the compiler ------------------------------------------------------------------------------------------------ */

/* Asks the compiler where one of its libraries is; false when it has none of that name. */
static bool find_library(sanitizing *self, const char *program, const char *name) {
    char question[96];
    snprintf(question, sizeof question, "-print-file-name=%s", name);
    char *words[] = {(char *)(uintptr_t)program, question, NULL};
    start asking = {.program = program, .words = words};
    if (run_program(&asking, 10, self->library, sizeof self->library) != 0) return false;
    self->library[strcspn(self->library, "\n")] = 0;
    return *self->library == '/' && access(self->library, R_OK) == 0;
}

/* clang also knows where the library of gcc is, which it does not use. */
static bool find_any_library(sanitizing *self, const char *program) {
    self->clang = find_library(self, program, "libclang_rt.asan-x86_64.so") ||
                  find_library(self, program, "libclang_rt.asan-aarch64.so");
    return self->clang || find_library(self, program, "libasan.so");
}

/* What the compiler has to say was said when the plugin was compiled for itself. */
static bool compile_quietly(sanitizing *self, const mr_compiler *compiler, mr_error *error) {
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (kept >= 0 && nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    bool ok = mr_compile(compiler, &self->compiled, error);
    if (kept >= 0) dup2(kept, STDERR_FILENO);
    if (kept >= 0) close(kept);
    if (nowhere >= 0) close(nowhere);
    return ok;
}

static bool compile(sanitizing *self, const char *source, mr_error *error) {
    static const char flags[] = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all";
    static const char shared[] = " -shared-libsan";
    mr_slice text = {0};
    mr_words_list more = {0};
    mr_compiler compiler = {0};
    bool ok = mr_building_read(source, &text, error) && mr_compiler_choose(&compiler, source, text, NULL, error);
    if (ok && !find_any_library(self, compiler.program)) {
        self->reason = "the compiler comes without the library of its address sanitizer";
        ok = false;
    }
    mr_compiler_free(&compiler);
    ok = ok && mr_words_split(&more, flags, sizeof flags - 1, error) &&
         (!self->clang || mr_words_split(&more, shared, sizeof shared - 1, error)) &&
         mr_compiler_choose(&compiler, source, text, &more, error);
    ok = ok && compile_quietly(self, &compiler, error);
    mr_compiler_free(&compiler);
    mr_words_free(&more);
    free((char *)(uintptr_t)text.data);
    return ok;
}

/* ---- the job ----------------------------------------------------------------------------------------------------- */

static bool add_options(const mr_job_settings *settings, mr_words_list *words, mr_error *error) {
    char records[MR_RECORDS_NAME];
    bool ok = true;
    for (size_t i = 0; i < settings->setting_count && ok; i++)
        ok = mr_words_add(words, error, "--set=%s=%s", settings->settings[i].name, settings->settings[i].value);
    for (size_t i = 0; i < settings->side_count && ok; i++)
        ok = mr_words_add(words, error, "--side=%s=%s", settings->sides[i].name, settings->sides[i].path);
    if (settings->records.kind != MR_RECORDS_UNSAID)
        ok = ok && mr_words_add(words, error, "--records=%s", mr_records_name(&settings->records, records));
    if (settings->skip_bad)
        ok = ok && mr_words_add(words, error, "--bad=/dev/null") &&
             mr_words_add(words, error, "--skip-bad=%llu", (unsigned long long)settings->skip_bad);
    if (settings->records.strip) ok = ok && mr_words_add(words, error, "--crlf=strip");
    return ok;
}

/* Adds a file in memory for each source, whose name is a path that the new mr can open, since it inherits the
 * descriptor. files: these descriptors, *count of them, to be closed also when this fails. */
static bool add_inputs(const mr_checker *self, const mr_held *held, mr_words_list *words, int *files, size_t *count,
                       mr_error *error) {
    for (size_t i = 0; i < self->sample.source_count; i++) {
        mr_slice bytes = held[i].bytes;
        int file = bytes.length ? memfd_create("mr-check-input", 0) : -1;
        if (file >= 0) files[(*count)++] = file;
        if (bytes.length && (file < 0 || !mr_write_at(file, bytes.data, bytes.length, 0)))
            return mr_error_system(error, errno, "could not make a file in memory");
        bool ok =
            file < 0 ? mr_words_add(words, error, "/dev/null") : mr_words_add(words, error, "/proc/self/fd/%d", file);
        if (!ok) return false;
    }
    return true;
}

/* Runs the job on what is held; its exit status. */
static int run_job(sanitizing *self, const mr_held *held, mr_error *error) {
    mr_checker *checker = self->self;
    mr_words_list words = {0};
    size_t count = 0;
    int *files = calloc(checker->sample.source_count + 1, sizeof *files), status = -1;
    bool ok = files && mr_words_add(&words, error, "mr") && mr_words_add(&words, error, "run") &&
              mr_words_add(&words, error, "--inline") && mr_words_add(&words, error, "--quiet") &&
              mr_words_add(&words, error, "--output=/dev/null") && add_options(checker->settings->job, &words, error) &&
              mr_words_add(&words, error, "--") &&
              mr_words_add(&words, error, "/proc/%d/fd/%d", (int)getpid(), self->compiled.image) &&
              add_inputs(checker, held, &words, files, &count, error);
    start program = {.program = "/proc/self/exe", .words = words.words, .library = self->library};
    if (ok) status = run_program(&program, TIMES_SLOWER * checker->seconds, self->report, sizeof self->report);
    for (size_t i = 0; i < count; i++)
        close(files[i]);
    free(files);
    mr_words_free(&words);
    return status;
}

static bool still_finds(void *receiver, const uint32_t *records, size_t count) {
    sanitizing *self = receiver;
    mr_sample_part part = {0};
    mr_error ignored = {0};
    int status = -1;
    if (mr_sample_part_of(&part, &self->self->sample, records, count, &ignored))
        status = run_job(self, part.held, &ignored);
    mr_sample_part_free(&part);
    return status == FOUND;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* Whether a line of a report names the source of the plugin. Compilers leave ./ out. */
static bool is_of_plugin(const char *line, size_t length, const char *source) {
    while (source[0] == '.' && source[1] == '/')
        source += 2 + strspn(source + 2, "/");
    return memmem(line, length, source, strlen(source));
}

/* Whether a line of a report is about this program and not about the plugin. */
static bool is_of_host(const char *line, size_t length, const char *source) {
    static const char *const places[] = {" src/",  "/src/flow/", "/src/job/", "/src/cli/",       "/src/main.c",
                                         "/mr+0x", "/libc.so",   "/sysdeps/", "/csu/libc-start", " in _start"};
    if (!memmem(line, length, "    #", 5) || is_of_plugin(line, length, source)) return false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (memmem(line, length, places[i], strlen(places[i]))) return true;
    return false;
}

/* Writes the first lines of the report that say something of the plugin. */
static void show_report(FILE *to, const char *report, const char *source) {
    int shown = 0;
    for (const char *line = report, *end; *line && shown < LINES; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        size_t length = (size_t)(end - line);
        if (!strncmp(line, "Shadow bytes", 12)) return;
        if (!length || *line == '=' || is_of_host(line, length, source) || memmem(line, length, "SUMMARY", 7) ||
            !strncmp(line, "LLVMSymbolizer", 14))
            continue;
        fprintf(to, "%.*s\n", (int)mr_smaller(length, 160), line);
        shown++;
    }
}

/* What the report calls the fault, in text. */
static const char *name_fault(const char *report, char *text, size_t size) {
    static const char address[] = "ERROR: AddressSanitizer: ", undefined[] = "runtime error: ";
    const char *found = strstr(report, address), *other = strstr(report, undefined);
    const char *begin = found ? found + strlen(address) : other ? other + strlen(undefined) : "something";
    size_t length = found ? strcspn(begin, " \n") : strcspn(begin, "\n");
    snprintf(text, size, "%.*s", (int)mr_smaller(length, 100), begin);
    return text;
}

static void tell(sanitizing *self, const uint32_t *records, size_t count) {
    char fault[128];
    mr_finding *finding = mr_finding_begin(self->self->board, MR_LAW_SOURCE, "a sanitizer finds: %s",
                                           name_fault(self->report, fault, sizeof fault));
    FILE *to = mr_finding_text(finding);
    for (size_t i = 0; i < count; i++)
        mr_finding_add_record(finding, records[i]);
    mr_finding_advise(finding,
                      "The first line of the plugin's source that is named is where it happens. It may go well for "
                      "long, and then change results or crash elsewhere.");
    if (!to) return;
    show_report(to, self->report, self->self->settings->job->plugin);
    fclose(to);
}

static void explain(sanitizing *self) {
    size_t count = self->self->board->record_count;
    uint32_t *records = count <= SHRUNK_MOST ? malloc(count * sizeof *records) : NULL;
    for (size_t i = 0; records && i < count; i++)
        records[i] = (uint32_t)i;
    if (records) count = mr_shrink(records, count, still_finds, self, mr_shrink_until(self->self->end, SHRINK_SECONDS));
    /* What was said last need not have been said of the records that are left. */
    if (records && !still_finds(self, records, count)) count = 0;
    tell(self, records, records ? count : 0);
    free(records);
}

static void judge(sanitizing *self, int status) {
    mr_board *board = self->self->board;
    if (status == FOUND)
        explain(self);
    else if (status == 0)
        mr_verdict_ok(board, MR_LAW_SOURCE, "AddressSanitizer, UndefinedBehaviorSanitizer");
    else if (status < 0)
        mr_verdict_none(board, MR_LAW_SOURCE, "the job took too long under sanitizers, or crashed");
    else
        mr_verdict_none(board, MR_LAW_SOURCE, "under sanitizers: %.90s", self->report);
}

void mr_law_source(mr_checker *checker) {
    mr_error error = {0};
    const char *source = checker->settings->job->plugin;
    if (!mr_is_source(source)) {
        mr_verdict_none(checker->board, MR_LAW_SOURCE, "no source file was given, such as ./mine.c");
        return;
    }
    sanitizing *self = calloc(1, sizeof *self);
    if (!self) {
        mr_verdict_none(checker->board, MR_LAW_SOURCE, "no memory");
        return;
    }
    *self = (sanitizing){.self = checker, .compiled = {.image = -1, .needs = -1}};
    if (compile(self, source, &error) && fcntl(self->compiled.image, F_SETFD, 0) == 0)
        judge(self, run_job(self, checker->sample.held, &error));
    else
        mr_verdict_none(checker->board, MR_LAW_SOURCE, "%.100s", self->reason ? self->reason : error.text);
    mr_compiled_close(&self->compiled);
    free(self);
}
