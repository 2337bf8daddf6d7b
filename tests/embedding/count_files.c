/* count_files - the most frequent words of files, with the plugin wordcount. What is printed comes as pairs, one by
 * one; what mr would say goes to standard error. */
#include <inttypes.h>
#include <libmr.h>
#include <stdio.h>

static bool print_pair(void *context, const void *key, size_t key_length, const void *value, size_t value_length) {
    int *number = (int *)context; /* also for C++ */
    ++*number;
    return printf("%d. %.*s: %.*s\n", *number, (int)key_length, (const char *)key, (int)value_length,
                  (const char *)value) > 0;
}

static void print_message(void *context, const char *line) {
    (void)context;
    fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv) {
    int number = 0;
    mr_job *job = mr_job_new();
    if (!job) return 1;
    mr_job_plugin(job, "wordcount");
    for (int i = 1; i < argc; i++)
        mr_job_input(job, argv[i]);
    mr_job_set(job, "set", "words=letters");
    mr_job_set(job, "set", "case=lower");
    mr_job_set(job, "top", "3");
    mr_job_output_pairs(job, print_pair, &number);
    mr_job_messages(job, print_message, NULL);
    bool done = mr_job_perform(job);
    const mr_job_result *result = mr_job_result_of(job);
    if (done)
        printf("%" PRIu64 " lines, %" PRIu64 " bytes\n", result->records, result->input_bytes);
    else
        fprintf(stderr, "count_files: %s\n", result->error);
    mr_job_free(job);
    return done ? 0 : 1;
}
