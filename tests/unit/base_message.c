/* Tests of what mr says on standard error, to a pipe that takes nothing for a while. */
#include <fcntl.h>
#include <unistd.h>

#include "base/message.h"
#include "engine_testing.h"

enum { LINES = 5000, PIPE_SIZE = 4096 };

static int ends[2]; /* of the pipe that is standard error */
static unsigned calls;

static void count_calls(void *receiver) {
    (void)receiver;
    calls++;
}

/* Reads all that is in the pipe, behind what stands in text. */
static size_t drain(char *text, size_t length, size_t size) {
    ssize_t count;
    while ((count = read(ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)count;
    text[length] = 0;
    return length;
}

/* What is said while the pipe is full comes later, in order; of too much the first and the last lines, and the number
 * of those between them. */
static void too_much_is_said(void **state) {
    static char text[1 << 20], filling[PIPE_SIZE];
    (void)state;
    int stderr_before = dup(STDERR_FILENO);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) >= PIPE_SIZE);
    size_t size = (size_t)fcntl(ends[1], F_GETPIPE_SZ);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    memset(filling, '#', sizeof filling);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    mr_messages_hold();
    mr_message_first(count_calls, NULL);
    for (size_t filled = 0; filled < size; filled += PIPE_SIZE)
        assert_int_equal(write(ends[1], filling, PIPE_SIZE), PIPE_SIZE);
    for (int i = 0; i < LINES; i++)
        mr_message("line %d", i);
    bool all_taken = mr_messages_pass();
    unsigned calls_before = calls;
    size_t length = 0;
    for (bool done = false; !done;) {
        length = drain(text, length, sizeof text);
        done = mr_messages_pass();
    }
    length = drain(text, length, sizeof text);
    mr_message("at once");
    length = drain(text, length, sizeof text);
    mr_message_first(NULL, NULL);
    dup2(stderr_before, STDERR_FILENO);

    assert_false(all_taken);
    assert_int_equal(calls_before, 0);
    assert_true(calls > 0);
    char *at = text + strspn(text, "#"), line[64];
    int next = 0, left_out = 0;
    assert_int_equal(at - text, size);
    for (char *end; (end = strchr(at, '\n')) && next < LINES; at = end + 1) {
        if (sscanf(at, "mr: ... %d lines left out, which nobody took\n", &left_out) == 1) {
            next += left_out;
            continue;
        }
        snprintf(line, sizeof line, "mr: line %d\n", next++);
        assert_memory_equal(at, line, strlen(line));
    }
    assert_int_equal(next, LINES);
    assert_true(left_out > 100 && left_out < LINES - 1000);
    assert_string_equal(at, "mr: at once\n");
    close(ends[0]);
    close(ends[1]);
    close(stderr_before);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(too_much_is_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
