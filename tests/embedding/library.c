/* Tests of libmr: what it reads, what it computes, where results go, and what it says when it fails. */
#include "embedding_testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <zlib.h>

/* ---- plugins that do their worst --------------------------------------------------------------------------------- */

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

static void wait_long(mr_ctx *ctx, char *line, size_t length) {
    (void)ctx;
    (void)line;
    (void)length;
    __atomic_store_n(&shared->started, 1, __ATOMIC_SEQ_CST);
    sleep(600);
}

MR_PLUGIN_LINKED(slow, .name = "slow", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = wait_long)

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

/* As much as a pipe takes without a reader. */
static void write_words(int pipe) {
    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(pipe, "over and over\n", 14), 14);
    close(pipe);
}

/* The reader of a pipe comes to its end although this process, of which the job is a copy, had the other end open. */
static void descriptors_are_inputs(void **state) {
    (void)state;
    int ends[2];
    FILE *file = tmpfile();
    fputs("skip this\nfrom here\n", file);
    fflush(file);
    lseek(fileno(file), 10, SEEK_SET);
    assert_int_equal(pipe(ends), 0);
    mr_job *job = new_job(&words);
    mr_job_input_descriptor(job, "file", fileno(file));
    mr_job_input_descriptor(job, "pipe", ends[0]);
    write_words(ends[1]);
    expect_output(job, "and\t1000\nfrom\t1\nhere\t1\nover\t2000\n");
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

static void expect_failure(mr_job *job, bool usage, const char *text) {
    size_t length;
    assert_false(mr_job_perform(job));
    const mr_job_result *result = mr_job_result_of(job);
    assert_int_equal(result->outcome, MR_JOB_FAILED);
    if (!strstr(result->error, text)) fail_msg("\"%s\" does not say \"%s\"", result->error, text);
    assert_int_equal(result->usage, usage);
    assert_null(mr_job_output(job, &length));
}

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
    assert_int_equal(shared->exits, 0);
    mr_job_free(job);
}

static int canceller_runs;

static void *cancel_soon(void *job) {
    __atomic_store_n(&canceller_runs, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&shared->started, __ATOMIC_SEQ_CST))
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
    /* A sanitizer has locks while a thread begins, which a process that is forked just then never gets. */
    while (!__atomic_load_n(&canceller_runs, __ATOMIC_SEQ_CST))
        usleep(1000);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_are_inputs),         cmocka_unit_test(compressed_buffers_are_inputs),
        cmocka_unit_test(descriptors_are_inputs),     cmocka_unit_test(side_files_may_be_buffers),
        cmocka_unit_test(functions_take_results),     cmocka_unit_test(functions_may_refuse),
        cmocka_unit_test(functions_hear_of_progress), cmocka_unit_test(output_goes_to_descriptors_and_files),
        cmocka_unit_test(mistakes_are_told),          cmocka_unit_test(crashes_are_told),
        cmocka_unit_test(jobs_can_be_cancelled),      cmocka_unit_test(a_job_that_never_stops_talking_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, open_shared, NULL);
}
