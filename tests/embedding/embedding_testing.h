/* embedding_testing.h - what the tests of libmr have in common: a plugin, jobs of it, and what has to come out. */
#ifndef EMBEDDING_TESTING_H
#define EMBEDDING_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libmr.h"

static void count_words(mr_ctx *ctx, char *line, size_t length) {
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
    mr_slice word;
    while (mr_next(&words, &word))
        mr_count(ctx, word);
    if (mr_side(ctx, "stop", &word) && word.length == length && !memcmp(word.data, line, length))
        *mr_counter(ctx, "stops") += 1;
}

MR_PLUGIN_LINKED(words, .name = "words", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = count_words)

/* What the program and the processes of its jobs both see. */
static struct shared {
    int exits;   /* how often the program's exit handler has run */
    int started; /* a plugin that waits has been called */
} * shared;

static inline void note_exit(void) {
    shared->exits++;
}

static inline int open_shared(void **state) {
    (void)state;
    const char *folder = getenv("TMPDIR"); /* files are made there */
    if (folder && chdir(folder) < 0) return -1;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED || atexit(note_exit) ? -1 : 0;
}

static inline mr_job *new_job(const mr_plugin *plugin) {
    mr_job *job = mr_job_new();
    assert_non_null(job);
    mr_job_plugin_linked(job, plugin);
    mr_job_set(job, "jobs", "2");
    return job;
}

static inline void expect_done(mr_job *job) {
    if (!mr_job_perform(job)) {
        fprintf(stderr, "%s\n", mr_job_result_of(job)->error);
        fail();
    }
    assert_int_equal(mr_job_result_of(job)->outcome, MR_JOB_DONE);
    assert_string_equal(mr_job_result_of(job)->error, "");
}

static inline void expect_output(mr_job *job, const char *expected) {
    size_t length;
    expect_done(job);
    const char *output = mr_job_output(job, &length);
    assert_non_null(output);
    assert_string_equal(output, expected);
    assert_int_equal(length, strlen(expected));
}

/* Messages, one behind the other. */
typedef struct heard {
    char text[65536];
} heard;

static inline void hear(void *context, const char *line) {
    heard *heard = context;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%s\n", line);
}

/* A text with numbers below `most` as words, and what counting them gives, in the order of keys. */
enum { MOST = 1000 };

static inline char *make_text(size_t words, size_t *length) {
    char *text = malloc(words * 5 + 1), *at = text;
    uint64_t random = 1;
    for (size_t i = 0; i < words; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        at += sprintf(at, "%03d%c", (int)((random >> 33) % MOST), i % 10 == 9 ? '\n' : ' ');
    }
    *length = (size_t)(at - text);
    return text;
}

static inline char *count_text(const char *text, size_t length) {
    unsigned counts[MOST] = {0};
    char *lines = malloc(MOST * 20), *at = lines;
    for (size_t i = 0; i < length; i += 4)
        counts[atoi(text + i)]++;
    for (int i = 0; i < MOST; i++)
        if (counts[i]) at += sprintf(at, "%03d\t%u\n", i, counts[i]);
    return lines;
}

#endif
