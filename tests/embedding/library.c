/* Tests of libmr: what it computes, and that it leaves the program alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "libmr.h"

/* ---- plugins ----------------------------------------------------------------------------------------------------- */

static void count_words(mr_ctx *ctx, char *line, size_t length) {
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
    mr_slice word;
    while (mr_next(&words, &word))
        mr_count(ctx, word);
    if (mr_side(ctx, "stop", &word) && word.length == length && !memcmp(word.data, line, length))
        *mr_counter(ctx, "stops") += 1;
}

MR_PLUGIN_LINKED(words, .name = "words", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = count_words)

static void crash(mr_ctx *ctx, char *line, size_t length) {
    (void)ctx;
    if (length == 4 && !memcmp(line, "boom", 4)) abort();
}

MR_PLUGIN_LINKED(crasher, .name = "crasher", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = crash)

static void leave(mr_ctx *ctx, char *line, size_t length) {
    (void)ctx;
    (void)line;
    (void)length;
    printf("leaving\n");
    exit(7);
}

MR_PLUGIN_LINKED(leaver, .name = "leaver", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = leave)

static int *started; /* shared: slow has been called */

static void wait_long(mr_ctx *ctx, char *line, size_t length) {
    (void)ctx;
    (void)line;
    (void)length;
    __atomic_store_n(started, 1, __ATOMIC_SEQ_CST);
    sleep(600);
}

MR_PLUGIN_LINKED(slow, .name = "slow", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = wait_long)

/* ---- tools ------------------------------------------------------------------------------------------------------- */

static mr_job *new_job(const mr_plugin *plugin) {
    mr_job *job = mr_job_new();
    assert_non_null(job);
    mr_job_plugin_linked(job, plugin);
    mr_job_set(job, "jobs", "2");
    return job;
}

static void expect_done(mr_job *job) {
    if (!mr_job_perform(job)) {
        fprintf(stderr, "%s\n", mr_job_result_of(job)->error);
        fail();
    }
    assert_int_equal(mr_job_result_of(job)->outcome, MR_JOB_DONE);
    assert_string_equal(mr_job_result_of(job)->error, "");
}

static void expect_output(mr_job *job, const char *expected) {
    size_t length;
    expect_done(job);
    const char *output = mr_job_output(job, &length);
    assert_non_null(output);
    assert_string_equal(output, expected);
    assert_int_equal(length, strlen(expected));
}

static void expect_failure(mr_job *job, bool usage, const char *text) {
    size_t length;
    assert_false(mr_job_perform(job));
    const mr_job_result *result = mr_job_result_of(job);
    assert_int_equal(result->outcome, MR_JOB_FAILED);
    if (!strstr(result->error, text)) fail_msg("\"%s\" does not say \"%s\"", result->error, text);
    assert_int_equal(result->usage, usage);
    assert_null(mr_job_output(job, &length));
}

/* How many descriptors are open. */
static int open_files(void) {
    int count = 0;
    DIR *list = opendir("/proc/self/fd");
    while (readdir(list))
        count++;
    closedir(list);
    return count;
}

/* Messages, one behind the other. */
typedef struct heard {
    char text[65536];
} heard;

static void hear(void *context, const char *line) {
    heard *heard = context;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%s\n", line);
}

/* A text with numbers below `most` as words, and what counting them gives, in the order of keys. */
enum { MOST = 1000 };

static char *make_text(size_t words, size_t *length) {
    char *text = malloc(words * 5 + 1), *at = text;
    uint64_t random = 1;
    for (size_t i = 0; i < words; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        at += sprintf(at, "%03d%c", (int)((random >> 33) % MOST), i % 10 == 9 ? '\n' : ' ');
    }
    *length = (size_t)(at - text);
    return text;
}

static char *count_text(const char *text, size_t length) {
    unsigned counts[MOST] = {0};
    char *lines = malloc(MOST * 20), *at = lines;
    for (size_t i = 0; i < length; i += 4)
        counts[atoi(text + i)]++;
    for (int i = 0; i < MOST; i++)
        if (counts[i]) at += sprintf(at, "%03d\t%u\n", i, counts[i]);
    return lines;
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

static void buffers_are_inputs(void **state) {
    (void)state;
    size_t length;
    char *text = make_text(1000000, &length), *expected = count_text(text, length);
    mr_job *job = new_job(&words);
    mr_job_set(job, "memory", "16M");
    size_t half = length / 2 / 40 * 40;
    mr_job_input_buffer(job, "first", text, half);
    mr_job_input_buffer(job, "nothing", NULL, 0);
    mr_job_input_buffer(job, "second", text + half, length - half);
    expect_output(job, expected);
    const mr_job_result *result = mr_job_result_of(job);
    assert_int_equal(result->input_bytes, length);
    assert_int_equal(result->records, 100000);
    assert_int_equal(result->results, MOST);
    assert_int_equal(result->output_bytes, strlen(expected));
    expect_output(job, expected); /* once more */
    mr_job_set(job, "inline", NULL);
    mr_job_set(job, "chunk", "64K");
    expect_output(job, expected);
    assert_null(mr_job_statistics(job));
    mr_job_keep_statistics(job);
    expect_output(job, expected);
    assert_non_null(strstr(mr_job_statistics(job), "\"records\":\t100000"));
    mr_job_free(job);
    free(expected);
    free(text);
}

static void compressed_buffers_are_inputs(void **state) {
    (void)state;
    static const char text[] = "a b a\n";
    unsigned char coded[200];
    z_stream stream = {
        .next_in = (unsigned char *)text, .avail_in = sizeof text - 1, .next_out = coded, .avail_out = sizeof coded};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "coded", coded, length);
    mr_job_input_buffer(job, "text", text, sizeof text - 1);
    expect_output(job, "a\t4\nb\t2\n");
    mr_job_free(job);
}

static void *write_words(void *context) {
    int *pipe = context;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(*pipe, "over and over\n", 14), 14);
    close(*pipe);
    return NULL;
}

/* The reader of a pipe comes to its end although this process, of which the job is a copy, had the other end open. */
static void descriptors_are_inputs(void **state) {
    (void)state;
    int ends[2];
    pthread_t writer;
    FILE *file = tmpfile();
    fputs("skip this\nfrom here\n", file);
    fflush(file);
    lseek(fileno(file), 10, SEEK_SET);
    assert_int_equal(pipe(ends), 0);
    mr_job *job = new_job(&words);
    mr_job_input_descriptor(job, "file", fileno(file));
    mr_job_input_descriptor(job, "pipe", ends[0]);
    assert_int_equal(pthread_create(&writer, NULL, write_words, &ends[1]), 0);
    expect_output(job, "and\t1000\nfrom\t1\nhere\t1\nover\t2000\n");
    pthread_join(writer, NULL);
    assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 10);
    mr_job_free(job);
    close(ends[0]);
    fclose(file);
}

static void side_files_may_be_buffers(void **state) {
    (void)state;
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", "a\nstop\nb\nstop\n", 14);
    mr_job_side_buffer(job, "stop", "stop", 4);
    expect_output(job, "a\t1\nb\t1\nstop\t2\n");
    assert_int_equal(mr_job_counter(job, "stops"), 2);
    assert_int_equal(mr_job_counter(job, "others"), 0);
    const char *name;
    assert_int_equal(mr_job_counter_at(job, 0, &name), 2);
    assert_string_equal(name, "stops");
    mr_job_counter_at(job, 1, &name);
    assert_null(name);
    mr_job_free(job);
}

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

typedef struct pairs {
    char text[MOST * 20];
    size_t most; /* after which no more are wanted */
    size_t count;
    pthread_t thread;
} pairs;

static bool take_pair(void *context, const void *key, size_t key_length, const void *value, size_t value_length) {
    pairs *pairs = context;
    size_t used = strlen(pairs->text);
    assert_true(pthread_equal(pairs->thread, pthread_self()));
    snprintf(pairs->text + used, sizeof pairs->text - used, "%.*s\t%.*s\n", (int)key_length, (const char *)key,
             (int)value_length, (const char *)value);
    return ++pairs->count < pairs->most;
}

static bool take_bytes(void *context, const void *bytes, size_t length) {
    return fwrite(bytes, 1, length, context) == length;
}

static void functions_take_results(void **state) {
    (void)state;
    static pairs taken;
    taken = (pairs){.most = SIZE_MAX, .thread = pthread_self()};
    size_t length, size;
    char *text = make_text(50000, &length), *expected = count_text(text, length), *bytes;
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", text, length);
    mr_job_output_pairs(job, take_pair, &taken);
    expect_done(job);
    assert_string_equal(taken.text, expected);
    FILE *stream = open_memstream(&bytes, &size);
    mr_job_output_bytes(job, take_bytes, stream);
    mr_job_set(job, "format", "csv");
    mr_job_set(job, "header", NULL);
    expect_done(job);
    fclose(stream);
    for (char *at = expected; *at; at++)
        if (*at == '\t') *at = ',';
    assert_memory_equal(bytes, "key,value\n", 10);
    assert_string_equal(bytes + 10, expected);
    free(bytes);
    mr_job_free(job);
    free(expected);
    free(text);
}

static void note_progress(void *context, const mr_job_progress *progress) {
    mr_job_progress *last = (mr_job_progress *)context;
    assert_true((progress->fraction < 0 || progress->fraction >= last->fraction) && progress->fraction <= 1);
    assert_true(progress->seconds >= last->seconds);
    assert_true(strlen(progress->phase) > 0);
    double most = last->fraction > progress->fraction ? last->fraction : progress->fraction;
    *last = *progress;
    last->fraction = most;
}

static void functions_hear_of_progress(void **state) {
    (void)state;
    mr_job_progress last = {.fraction = -1};
    size_t length;
    char *text = make_text(1000000, &length), *expected = count_text(text, length);
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", text, length);
    mr_job_watch(job, note_progress, &last);
    expect_output(job, expected);
    assert_int_equal(last.input_bytes, length);
    assert_true(last.fraction == 1);
    mr_job_free(job);
    free(expected);
    free(text);
}

static void functions_may_refuse(void **state) {
    (void)state;
    static pairs taken;
    taken = (pairs){.most = 3, .thread = pthread_self()};
    size_t length;
    char *text = make_text(50000, &length);
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", text, length);
    mr_job_output_pairs(job, take_pair, &taken);
    assert_false(mr_job_perform(job));
    assert_int_equal(mr_job_result_of(job)->outcome, MR_JOB_CANCELLED);
    assert_int_equal(taken.count, 3);
    mr_job_free(job);
    free(text);
}

static void output_goes_to_descriptors_and_files(void **state) {
    (void)state;
    char text[100] = "";
    FILE *file = tmpfile();
    fputs("waiting in a buffer, ", file);
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", "b a\n", 4);
    fflush(file);
    fputs("never twice", file);
    mr_job_output_descriptor(job, fileno(file));
    expect_done(job);
    fflush(file);
    assert_int_equal(pread(fileno(file), text, sizeof text - 1, 0), 40);
    assert_string_equal(text, "waiting in a buffer, a\t1\nb\t1\nnever twice");
    fclose(file);
    mr_job_set(job, "output", "result.tsv");
    expect_done(job);
    file = fopen("result.tsv", "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text, file), 8);
    fclose(file);
    unlink("result.tsv");
    mr_job_output_buffer(job);
    expect_output(job, "a\t1\nb\t1\n");
    mr_job_free(job);
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

static void mistakes_are_told(void **state) {
    (void)state;
    mr_job *job = mr_job_new();
    expect_failure(job, true, "no plugin");
    mr_job_plugin(job, "nosuch");
    mr_job_input_buffer(job, "text", "a\n", 2);
    expect_failure(job, true, "nosuch");
    mr_job_plugin_linked(job, &words);
    mr_job_set(job, "memory", "little");
    expect_failure(job, true, "little");
    mr_job_free(job);
    job = new_job(&words);
    mr_job_input_buffer(job, "text", "a\n", 2);
    expect_output(job, "a\t1\n");
    mr_job_set(job, "nosuch", NULL);
    expect_failure(job, true, "nosuch");
    mr_job_free(job);
    job = new_job(&words);
    mr_job_input_descriptor(job, "file", 999);
    expect_failure(job, false, "999");
    mr_job_free(job);
    job = new_job(&words);
    mr_job_input_descriptor(job, "file", -1);
    mr_job_output_descriptor(job, -2);
    expect_failure(job, true, "descriptor -1");
    mr_job_free(job);
    mr_job_free(NULL);
}

static int *exits; /* shared: how often the program's exit handler has run */

static void note_exit(void) {
    ++*exits;
}

static void crashes_are_told(void **state) {
    (void)state;
    static heard heard;
    mr_job *job = new_job(&crasher);
    mr_job_keep_statistics(job);
    mr_job_messages(job, hear, &heard);
    mr_job_input_buffer(job, "text", "fine\nboom\nfine\n", 15);
    expect_failure(job, false, "crasher");
    assert_non_null(strstr(heard.text, "SIGABRT"));
    assert_non_null(strstr(heard.text, "boom"));
    assert_null(strstr(heard.text, "--inline"));
    assert_non_null(strstr(mr_job_statistics(job), "SIGABRT"));
    mr_job_plugin_linked(job, &leaver);
    heard.text[0] = 0;
    expect_failure(job, false, "leaver");
    assert_non_null(strstr(heard.text, "leaving"));
    assert_int_equal(*exits, 0);
    mr_job_free(job);
}

static void *cancel_soon(void *job) {
    while (!__atomic_load_n(started, __ATOMIC_SEQ_CST))
        usleep(1000);
    mr_job_cancel(job);
    return NULL;
}

static void jobs_can_be_cancelled(void **state) {
    (void)state;
    pthread_t thread;
    mr_job *job = new_job(&slow);
    mr_job_input_buffer(job, "text", "a\n", 2);
    pthread_create(&thread, NULL, cancel_soon, job);
    assert_false(mr_job_perform(job));
    pthread_join(thread, NULL);
    assert_int_equal(mr_job_result_of(job)->outcome, MR_JOB_CANCELLED);
    mr_job_plugin_linked(job, &words);
    expect_output(job, "a\t1\n");
    mr_job_cancel(job); /* before it begins */
    mr_job_plugin_linked(job, &slow);
    assert_false(mr_job_perform(job));
    assert_int_equal(mr_job_result_of(job)->outcome, MR_JOB_CANCELLED);
    mr_job_free(job);
}

/* ---- the program ------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t struck;

static void strike(int number) {
    struck = number;
}

static void collect_children(int number) {
    int before = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = before;
}

static void talk(mr_ctx *ctx, char *line, size_t length) {
    (void)ctx;
    for (;;)
        fprintf(stderr, "%.*s\n", (int)length, line);
}

MR_PLUGIN_LINKED(talker, .name = "talker", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = talk)

enum { ENOUGH = 50000 };

typedef struct listener {
    mr_job *job;
    int lines; /* that have come */
} listener;

/* Slower than the plugin prints. A test that fails is to come to an end. */
static void have_enough(void *context, const char *line) {
    listener *self = context;
    (void)line;
    if (++self->lines == 1) mr_job_cancel(self->job);
    if (self->lines < ENOUGH) usleep(20);
    if (self->lines == ENOUGH) abort();
}

static void a_job_that_never_stops_talking_can_be_cancelled(void **state) {
    (void)state;
    listener listener = {.job = new_job(&talker)};
    mr_job_messages(listener.job, have_enough, &listener);
    mr_job_input_buffer(listener.job, "text", "a\n", 2);
    assert_false(mr_job_perform(listener.job));
    assert_int_equal(mr_job_result_of(listener.job)->outcome, MR_JOB_CANCELLED);
    mr_job_free(listener.job);
}

static void the_program_is_left_alone(void **state) {
    (void)state;
    char folder[4096], other[4096];
    sigset_t mask, after;
    struct sigaction action, handlers[3];
    const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    for (int i = 0; i < 3; i++)
        signal(numbers[i], strike);
    for (int i = 0; i < 3; i++)
        sigaction(numbers[i], NULL, &handlers[i]);
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_non_null(getcwd(folder, sizeof folder));
    int files = open_files();
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", "a b a\n", 6);
    expect_output(job, "a\t2\nb\t1\n");
    mr_job_free(job);
    assert_int_equal(open_files(), files);
    assert_string_equal(getcwd(other, sizeof other), folder);
    for (int i = 0; i < 3; i++) {
        sigaction(numbers[i], NULL, &action);
        assert_ptr_equal(action.sa_handler, handlers[i].sa_handler);
        signal(numbers[i], SIG_DFL);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int i = 1; i < 32; i++)
        assert_int_equal(sigismember(&after, i), sigismember(&mask, i));
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(struck, 0);
    assert_int_equal(*exits, 0);
}

static void any_treatment_of_children_will_do(void **state) {
    (void)state;
    void (*const treatments[])(int) = {SIG_IGN, collect_children};
    mr_job *job = new_job(&words);
    mr_job_input_buffer(job, "text", "a b a\n", 6);
    for (int i = 0; i < 2; i++) {
        signal(SIGCHLD, treatments[i]);
        expect_output(job, "a\t2\nb\t1\n");
    }
    signal(SIGCHLD, SIG_DFL);
    mr_job_free(job);
}

static void *perform_some(void *context) {
    size_t length;
    char *text = make_text(20000, &length), *expected = count_text(text, length);
    (void)context;
    for (int i = 0; i < 5; i++) {
        mr_job *job = new_job(&words);
        mr_job_input_buffer(job, "text", text, length);
        expect_output(job, expected);
        mr_job_free(job);
    }
    free(expected);
    free(text);
    return NULL;
}

static void *read_for_ever(void *context) {
    char line[10];
    return fgets(line, sizeof line, context);
}

/* Some jobs at a time, beside a thread that waits within the C library and holds a lock there. */
static void threads_may_perform_jobs(void **state) {
    (void)state;
    int ends[2];
    pthread_t threads[3], reader;
    assert_int_equal(pipe(ends), 0);
    FILE *stream = fdopen(ends[0], "r");
    pthread_create(&reader, NULL, read_for_ever, stream);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, perform_some, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    close(ends[1]);
    pthread_join(reader, NULL);
    fclose(stream);
}

static void memory_of_the_program_does_not_count(void **state) {
    (void)state;
    static heard heard;
    size_t size = 100 << 20;
    char *memory = malloc(size);
    memset(memory, 1, size);
    mr_job *job = new_job(&words);
    mr_job_set(job, "memory", "8M");
    mr_job_messages(job, hear, &heard);
    mr_job_input_buffer(job, "text", "a b a\n", 6);
    expect_output(job, "a\t2\nb\t1\n");
    assert_string_equal(heard.text, "");
    assert_true(mr_job_result_of(job)->peak_memory < 64 << 20);
    mr_job_free(job);
    free(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_are_inputs),         cmocka_unit_test(compressed_buffers_are_inputs),
        cmocka_unit_test(descriptors_are_inputs),     cmocka_unit_test(side_files_may_be_buffers),
        cmocka_unit_test(functions_take_results),     cmocka_unit_test(functions_may_refuse),
        cmocka_unit_test(functions_hear_of_progress), cmocka_unit_test(output_goes_to_descriptors_and_files),
        cmocka_unit_test(mistakes_are_told),          cmocka_unit_test(crashes_are_told),
        cmocka_unit_test(jobs_can_be_cancelled),      cmocka_unit_test(a_job_that_never_stops_talking_can_be_cancelled),
        cmocka_unit_test(the_program_is_left_alone),  cmocka_unit_test(any_treatment_of_children_will_do),
        cmocka_unit_test(threads_may_perform_jobs),   cmocka_unit_test(memory_of_the_program_does_not_count),
    };
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    exits = &shared[0];
    started = &shared[1];
    atexit(note_exit);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
