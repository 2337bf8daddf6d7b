/* naive_queue - pass messages from one process to another through a pipe, one system call for each.
 *
 *     naive_queue LENGTH COUNT
 *
 * What mp_queue is compared with.
 */
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "naive.h"

/* Writes COUNT messages, each with its number in front. */
static int produce(int pipe_end, unsigned char *message, size_t length, uint64_t count) {
    for (uint64_t number = 0; number < count; number++) {
        memcpy(message, &number, sizeof number);
        for (size_t done = 0; done < length;) {
            ssize_t written = write(pipe_end, message + done, length - done);
            if (written < 0) die("write");
            done += (size_t)written;
        }
    }
    return 0;
}

static int consume(int pipe_end, unsigned char *message, size_t length, uint64_t count) {
    for (uint64_t expected = 0, number; expected < count; expected++) {
        for (size_t done = 0; done < length;) {
            ssize_t got = read(pipe_end, message + done, length - done);
            if (got <= 0) die("read");
            done += (size_t)got;
        }
        memcpy(&number, message, sizeof number);
        if (number != expected) return 1;
    }
    return 0;
}

int main(int argument_count, char **arguments) {
    if (argument_count != 3) return usage("naive_queue LENGTH COUNT");
    size_t length = strtoull(arguments[1], NULL, 10);
    uint64_t count = strtoull(arguments[2], NULL, 10);
    if (length < sizeof count) return usage("naive_queue: LENGTH has to be at least 8");
    unsigned char *message = allocate(length);
    int ends[2], status;
    if (pipe(ends) != 0) die("pipe");
    pid_t producer = fork();
    if (producer < 0) die("fork");
    if (producer == 0) {
        close(ends[0]);
        _exit(produce(ends[1], message, length, count));
    }
    close(ends[1]);
    int failed = consume(ends[0], message, length, count);
    close(ends[0]);
    if (waitpid(producer, &status, 0) != producer) die("waitpid");
    return failed || status != 0;
}
