/* Tests of what mr says on standard error, to a pipe that takes nothing for a while. */
#include <fcntl.h>
#include <unistd.h>

#include "base/message.h"
#include "engine_testing.h"

enum { LINES = 20000, PIPE_SIZE = 4096 };

static int ends[2]; /* of the pipe that messages go to */
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

/* Makes the pipe, and messages go there. */
static int open_pipe(void **state) {
    (void)state;
    int stderr_before = dup(STDERR_FILENO);
    if (stderr_before < 0 || pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) < 0) return -1;
    if (dup2(ends[1], STDERR_FILENO) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) return -1;
    mr_messages_hold();
    mr_message_first(count_calls, NULL);
    return dup2(stderr_before, STDERR_FILENO) < 0 || close(stderr_before) < 0 ? -1 : 0;
}

/* Fills the pipe, and returns how many bytes that takes. */
static size_t fill(void) {
    static char filling[PIPE_SIZE];
    size_t size = (size_t)fcntl(ends[1], F_GETPIPE_SZ);
    memset(filling, '#', sizeof filling);
    for (size_t filled = 0; filled < size; filled += PIPE_SIZE)
        assert_int_equal(write(ends[1], filling, PIPE_SIZE), PIPE_SIZE);
    return size;
}

/* Reads until nothing is left, behind what stands in text, and then what comes at once. */
static void read_rest(char *text, size_t length, size_t size) {
    for (bool done = false; !done;) {
        length = drain(text, length, size);
        done = mr_messages_pass();
    }
    length = drain(text, length, size);
    mr_message("at once");
    drain(text, length, size);
}

/* Makes sure that all lines stand in text, in order, or how many of them have been left out; returns how many those
 * are. */
static int check_lines(const char *text, size_t filled) {
    const char *at = text + strspn(text, "#");
    char line[64];
    int next = 0, left_out = 0, all_left_out = 0;
    assert_int_equal(at - text, filled);
    for (char *end; (end = strchr(at, '\n')) && next < LINES; at = end + 1) {
        if (sscanf(at, "mr: ... %d line%*[s] left out, which nobody took\n", &left_out) == 1) {
            next += left_out;
            all_left_out += left_out;
            continue;
        }
        snprintf(line, sizeof line, "mr: line %d\n", next++);
        assert_memory_equal(at, line, strlen(line));
    }
    assert_int_equal(next, LINES);
    assert_string_equal(at, "mr: at once\n");
    return all_left_out;
}

/* What is said while the pipe is full comes later, in order; of too much the first and the last lines, and the number
 * of those between them. */
static void too_much_is_said(void **state) {
    static char text[1 << 20];
    (void)state;
    size_t size = fill();
    for (int i = 0; i < LINES; i++)
        mr_message("line %d", i);
    bool all_taken = mr_messages_pass();
    unsigned calls_before = calls;
    read_rest(text, 0, sizeof text);

    assert_false(all_taken);
    assert_int_equal(calls_before, 0);
    assert_true(calls > 0);
    int left_out = check_lines(text, size);
    assert_true(left_out > 100 && left_out < LINES - 1000);
}

/* The same to a reader who is too slow, so that more is said at any time. */
static void reader_is_slow(void **state) {
    static char text[1 << 20];
    (void)state;
    size_t size = fill(), length = 0;
    for (int i = 0; i < LINES; i++) {
        mr_message("line %d", i);
        if (i > LINES / 2 && i % 100 == 0) length = drain(text, length, sizeof text);
    }
    read_rest(text, length, sizeof text);
    assert_in_range(check_lines(text, size), 1, LINES);
}

/* The same as one text, as of what a thousand workers do. */
static void text_is_long(void **state) {
    static char text[1 << 20], lines[LINES * 16];
    (void)state;
    size_t size = fill(), length = 0;
    for (int i = 0; i < LINES; i++)
        length += (size_t)snprintf(lines + length, sizeof lines - length, "mr: line %d\n", i);
    mr_message_lines(lines);
    read_rest(text, 0, sizeof text);
    int left_out = check_lines(text, size);
    assert_true(left_out > 100 && left_out < LINES - 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(too_much_is_said), cmocka_unit_test(reader_is_slow),
                                       cmocka_unit_test(text_is_long)};
    return cmocka_run_group_tests(tests, open_pipe, NULL);
}
