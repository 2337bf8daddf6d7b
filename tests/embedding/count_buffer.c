/* count_buffer - counts the words of a text in memory, with a plugin that is part of the program. */
#include <libmr.h>
#include <stdio.h>
#include <string.h>

static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_LETTERS | MR_LOWER);
    mr_slice word;
    while (mr_next(&words, &word))
        mr_count(ctx, word);
}

MR_PLUGIN_LINKED(words, .name = "words", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)

int main(void) {
    static const char text[] = "One fish, two fish,\nred fish, blue fish.\n";
    size_t length;
    mr_job *job = mr_job_new();
    if (!job) return 1;
    mr_job_plugin_linked(job, &words);
    mr_job_input_buffer(job, "text", text, strlen(text));
    mr_job_set(job, "memory", "64M");
    mr_job_set(job, "sort", "value:desc");
    bool done = mr_job_perform(job);
    if (done)
        fputs(mr_job_output(job, &length), stdout);
    else
        fprintf(stderr, "count_buffer: %s\n", mr_job_result_of(job)->error);
    mr_job_free(job);
    return done ? 0 : 1;
}
