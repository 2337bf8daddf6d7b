/* Tests of libmr: the program that performs jobs is left alone, whatever it has in memory, in threads and in children.
 */
#include "embedding_testing.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* How many descriptors are open. */
static int open_files(void) {
    int count = 0;
    DIR *list = opendir("/proc/self/fd");
    while (readdir(list))
        count++;
    closedir(list);
    return count;
}

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
    assert_int_equal(shared->exits, 0);
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
#ifdef __SANITIZE_ADDRESS__
    skip(); /* a process that is forked beside threads may wait for ever for a lock that one of them has in the
               sanitizer */
#endif
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
        cmocka_unit_test(the_program_is_left_alone),
        cmocka_unit_test(any_treatment_of_children_will_do),
        cmocka_unit_test(threads_may_perform_jobs),
        cmocka_unit_test(memory_of_the_program_does_not_count),
    };
    return cmocka_run_group_tests(tests, open_shared, NULL);
}
