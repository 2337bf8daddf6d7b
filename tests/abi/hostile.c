/* Counts equal lines, and does its worst in one of its callbacks, the first time that this is called in a process: both
 * are options. */
#include "mr.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const mr_option options[] = {{"kind", MR_OPTION_CHOICE, 0, "fold", "fold|group|map", "of job"},
                                    {"where", MR_OPTION_CHOICE, 0, "nowhere",
                                     "nowhere|configure|open|close|map|fold|finish|combine|reduce|partition|compare",
                                     "the callback"},
                                    {"what", MR_OPTION_TEXT, 0, "nothing", NULL, "the misdeed"},
                                    {0}};

static int is(mr_ctx *ctx, const char *option, const char *value) {
    return !strcmp(mr_option_text(ctx, option), value);
}

/* Volatile: a compiler that saw these values would warn. */
static const char *volatile nowhere = (const char *)8; /* NULL would be a find for a sanitizer */
static const char *volatile letter = "x";
static volatile size_t huge = SIZE_MAX / 2;

/* Where a test has to wait until the process is ended by something else. */
static void wait_for_end(void) {
    for (;;)
        pause();
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static void close_all(mr_ctx *ctx) {
    (void)ctx;
    close_range(0, ~0u, 0);
}

static void close_high(mr_ctx *ctx) {
    (void)ctx;
    close_range(3, 1023, 0);
}

static void close_stderr(mr_ctx *ctx) {
    (void)ctx;
    close(2);
}

/* Every descriptor of the host is another file now: one that the test can look at. */
static void replace_all(mr_ctx *ctx) {
    int trap = open("trap", O_RDWR | O_CREAT | O_APPEND, 0600);
    (void)ctx;
    for (int file = 3; file < 128; file++)
        if (file != trap && fcntl(file, F_GETFD) >= 0) dup2(trap, file);
}

static void write_raw(mr_ctx *ctx) {
    (void)ctx;
    (void)!write(1, "mr: raw\n", 8);
}

static void write_much(mr_ctx *ctx) {
    (void)ctx;
    for (int i = 0; i < 20000; i++)
        (void)!write(2, "mr: a line of some length that a plugin has to say\n", 51);
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static void block_signals(mr_ctx *ctx) {
    sigset_t all;
    (void)ctx;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void do_nothing(int number) {
    (void)number;
}

static void set_all_handlers(void (*handler)(int)) {
    for (int number = 1; number < 32; number++)
        signal(number, handler);
}

static void ignore_signals(mr_ctx *ctx) {
    (void)ctx;
    set_all_handlers(SIG_IGN);
}

static void handle_signals(mr_ctx *ctx) {
    (void)ctx;
    set_all_handlers(do_nothing);
}

/* A fault cannot be ignored or blocked: the process ends by it all the same. */
static void ignore_and_crash(mr_ctx *ctx) {
    block_signals(ctx);
    ignore_signals(ctx);
    *(volatile char *)(uintptr_t)nowhere = 0;
}

static void ring_alarm(mr_ctx *ctx) {
    (void)ctx;
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 1000}, NULL);
    wait_for_end();
}

/* Says in a file that it has come so far. */
static void say_ready(void) {
    int file = open("ready", O_WRONLY | O_CREAT, 0600);
    if (file >= 0) close(file);
}

/* Does not want to be ended. */
static void stay_for_ever(mr_ctx *ctx) {
    block_signals(ctx);
    ignore_signals(ctx);
    if (fork() > 0) say_ready();
    wait_for_end();
}

/* Goes on when the coordinator has gone, of which the kernel is not to tell. */
static void outlive_mr(mr_ctx *ctx) {
    pid_t coordinator = getppid();
    block_signals(ctx);
    prctl(PR_SET_PDEATHSIG, 0);
    say_ready();
    while (getppid() == coordinator)
        usleep(10000);
}

/* ---- processes and threads --------------------------------------------------------------------------------------- */

static void fork_and_end(mr_ctx *ctx) {
    (void)ctx;
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
}

/* The child goes on as if it were the worker, and has more to say. */
static void fork_and_return(mr_ctx *ctx) {
    if (fork() == 0) mr_counter(ctx, "children")[0]++;
}

static void fork_and_emit(mr_ctx *ctx) {
    if (fork() != 0) return;
    for (int i = 0; i < 100000; i++)
        mr_emit(ctx, mr_text("said by a child"), mr_text("12345678"));
}

static void fork_and_stay(mr_ctx *ctx) {
    (void)ctx;
    if (fork() == 0) wait_for_end();
}

/* What a child crashes with is no matter of the worker's. */
static void fork_a_crash(mr_ctx *ctx) {
    (void)ctx;
    pid_t child = fork();
    if (child == 0) abort();
    waitpid(child, NULL, 0);
}

static void fork_daemon(mr_ctx *ctx) {
    block_signals(ctx);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() == 0) wait_for_end();
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void fork_and_crash(mr_ctx *ctx) {
    fork_and_stay(ctx);
    abort();
}

static void *stay(void *unused) {
    wait_for_end();
    return unused;
}

static void *crash(void *unused) {
    *(volatile char *)(uintptr_t)nowhere = 0;
    return unused;
}

static void start_threads(mr_ctx *ctx) {
    pthread_t thread;
    (void)ctx;
    for (int i = 0; i < 3; i++)
        if (pthread_create(&thread, NULL, stay, NULL) == 0) pthread_detach(thread);
}

static void crash_in_thread(mr_ctx *ctx) {
    pthread_t thread;
    (void)ctx;
    if (pthread_create(&thread, NULL, crash, NULL) == 0) pthread_join(thread, NULL);
}

/* ---- nonsense ---------------------------------------------------------------------------------------------------- */

static void emit_null(mr_ctx *ctx) {
    mr_emit(ctx, mr_bytes(nowhere, 100), mr_text("12345678"));
}

static void emit_huge(mr_ctx *ctx) {
    mr_emit(ctx, mr_bytes(letter, huge), mr_text("12345678"));
}

static void append_huge(mr_ctx *ctx) {
    mr_append(ctx, mr_text("x"));
    mr_append(ctx, mr_bytes(letter, huge + 1));
}

static void append_endless(mr_ctx *ctx) {
    mr_append(ctx, mr_text("x"));
    mr_append(ctx, mr_bytes(letter, 2 * huge + 1));
}

static void write_huge(mr_ctx *ctx) {
    mr_write(ctx, letter, huge);
}

static void scan_zeros(mr_ctx *ctx) {
    mr_scan scan;
    mr_slice slice;
    (void)ctx;
    memset(&scan, 0, sizeof scan);
    while (mr_next(&scan, &slice))
        continue;
}

/* ---- the state of the process ------------------------------------------------------------------------------------ */

static void change_folder(mr_ctx *ctx) {
    if (chdir("/") != 0) mr_fail(ctx, "could not go to /");
    umask(0);
}

static void become_nobody(mr_ctx *ctx) {
    if (setgid(65534) != 0 || setuid(65534) != 0) mr_fail(ctx, "could not become nobody");
}

static void forbid_files(mr_ctx *ctx) {
    (void)ctx;
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0});
}

static void forbid_writing(mr_ctx *ctx) {
    (void)ctx;
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){0});
}

/* ---- the plugin -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*act)(mr_ctx *ctx);
} misdeeds[] = {
    {"close-all", close_all},
    {"close-high", close_high},
    {"close-stderr", close_stderr},
    {"replace-all", replace_all},
    {"write-raw", write_raw},
    {"write-much", write_much},
    {"block-signals", block_signals},
    {"ignore-signals", ignore_signals},
    {"handle-signals", handle_signals},
    {"ignore-and-crash", ignore_and_crash},
    {"alarm", ring_alarm},
    {"stay", stay_for_ever},
    {"outlive", outlive_mr},
    {"fork-and-end", fork_and_end},
    {"fork-and-return", fork_and_return},
    {"fork-and-emit", fork_and_emit},
    {"fork-and-stay", fork_and_stay},
    {"fork-a-crash", fork_a_crash},
    {"fork-daemon", fork_daemon},
    {"fork-and-crash", fork_and_crash},
    {"threads", start_threads},
    {"crash-in-thread", crash_in_thread},
    {"emit-null", emit_null},
    {"emit-huge", emit_huge},
    {"append-huge", append_huge},
    {"append-endless", append_endless},
    {"write-huge", write_huge},
    {"scan-zeros", scan_zeros},
    {"change-folder", change_folder},
    {"become-nobody", become_nobody},
    {"forbid-files", forbid_files},
    {"forbid-writing", forbid_writing},
};

/* To be called in every callback. */
static void misbehave(mr_ctx *ctx, const char *callback) {
    static int done;
    if (done || !is(ctx, "where", callback)) return;
    done = 1;
    for (size_t i = 0; i < sizeof misdeeds / sizeof *misdeeds; i++)
        if (is(ctx, "what", misdeeds[i].name)) misdeeds[i].act(ctx);
}

static void emit_count(mr_ctx *ctx, mr_slice key, uint64_t count) {
    char digits[24], *digit = digits + sizeof digits;
    do
        *--digit = (char)('0' + count % 10);
    while (count /= 10);
    mr_emit(ctx, key, mr_bytes(digit, (size_t)(digits + sizeof digits - digit)));
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    misbehave(ctx, "fold");
    *(uint64_t *)accumulator += *(const uint64_t *)value;
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    misbehave(ctx, "finish");
    emit_count(ctx, key, *(const uint64_t *)value);
}

static void combine(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    misbehave(ctx, "combine");
    while (mr_next_value(values, &value))
        mr_emit(ctx, key, value);
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    uint64_t count = 0;
    misbehave(ctx, "reduce");
    while (mr_next_value(values, &value))
        count += (uint64_t)mr_int64_of(value);
    emit_count(ctx, key, count);
}

static uint32_t partition(mr_ctx *ctx, mr_slice key) {
    (void)key;
    misbehave(ctx, "partition");
    return 0;
}

/* With the misdeed "inconsistent" it answers at random. */
static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    misbehave(ctx, "compare");
    if (is(ctx, "what", "inconsistent")) return rand() % 3 - 1;
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.data, b.data, shorter);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    self->kind = (uint32_t)mr_option_int(ctx, "kind") + 1;
    if (self->kind == MR_FOLD) {
        self->finish = finish;
    } else {
        self->fold = NULL;
    }
    if (self->kind == MR_GROUP) {
        self->combine = combine;
        self->reduce = reduce;
    }
    if (is(ctx, "where", "partition")) {
        self->partition = partition;
        self->partitions = 3;
    }
    if (is(ctx, "where", "compare")) self->compare = compare;
    misbehave(ctx, "configure");
}

static void at_start(mr_ctx *ctx) {
    misbehave(ctx, "open");
}

static void at_end(mr_ctx *ctx) {
    misbehave(ctx, "close");
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    const uint64_t one = 1;
    misbehave(ctx, "map");
    if (is(ctx, "kind", "map"))
        emit_count(ctx, mr_bytes(record, length), 1);
    else
        mr_emit(ctx, mr_bytes(record, length), mr_bytes(&one, sizeof one));
}

MR_PLUGIN(.name = "hostile", .options = options, .kind = MR_FOLD, .value_size = 8, .fold = fold, .configure = configure,
          .open = at_start, .close = at_end, .map = map)
