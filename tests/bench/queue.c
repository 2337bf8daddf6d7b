/* queue - how fast one producer and one consumer pass messages through an mp_queue, one at a time.
 *
 *     queue [PRODUCERS CONSUMERS [LENGTH COUNT]]
 *
 * Prints a line per message length: messages and bytes per second, the best of three runs. With LENGTH and COUNT it
 * passes so many messages of that length once, and prints nothing: for a clock outside. Every message is written by the
 * producer and read by the consumer, which checks its number when there is only one of each.
 */
#include "mp/mp.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CAPACITY = 1 << 20, /* bytes in the queue */
    RUNS = 3,
    MAX_PROCESSES = 64,
    MAX_LENGTH = 1 << 20, /* bytes */
};

/* What a child needs to know. */
typedef struct {
    mp_queue *queue;
    size_t length;    /* bytes per message */
    uint64_t count;   /* messages that this child puts or gets */
    bool check_order; /* there is only one producer and one consumer */
} Share;

static unsigned char message[MAX_LENGTH];

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int produce(void *argument) {
    const Share *share = argument;
    memset(message, 7, sizeof message);
    for (uint64_t number = 0; number < share->count; number++) {
        memcpy(message, &number, sizeof number);
        if (mp_queue_put(share->queue, message, share->length, -1) != 0) return 1;
    }
    return 0;
}

static int consume(void *argument) {
    const Share *share = argument;
    for (uint64_t expected = 0; expected < share->count; expected++) {
        uint64_t number;
        if (mp_queue_get(share->queue, message, sizeof message, -1) != (ssize_t)share->length) return 1;
        memcpy(&number, message, sizeof number);
        if (share->check_order && number != expected) return 1;
    }
    return 0;
}

/* Starts the children, waits for them, and returns the seconds that it took, or -1 when something went wrong. */
static double run(int producers, int consumers, size_t length, uint64_t count) {
    mp_queue *queue;
    mp_process *process[2 * MAX_PROCESSES];
    if (mp_queue_create(&queue, CAPACITY, 0) != 0) return -1;
    bool check_order = producers == 1 && consumers == 1;
    Share put = {queue, length, count / (uint64_t)producers, check_order};
    Share get = {queue, length, count / (uint64_t)consumers, check_order};
    mp_process_options options = {.flags = MP_PROCESS_DAEMON};
    double start = seconds();
    int started = 0, failed = 0;
    while (started < producers + consumers && !failed) {
        bool producer = started < producers;
        failed = mp_process_start(&process[started], &options, producer ? produce : consume, producer ? &put : &get);
        if (!failed) started++;
    }
    for (int i = 0; i < started; i++) {
        int code = 1;
        if (!failed) mp_process_join(process[i], -1);
        if (!failed) mp_process_exit_code(process[i], &code);
        if (code != 0) failed = 1;
        mp_process_free(process[i]);
    }
    double taken = seconds() - start;
    mp_queue_free(queue);
    return failed ? -1 : taken;
}

static int report_failure(size_t length) {
    fprintf(stderr, "queue: messages of %zu bytes were not passed on\n", length);
    return 1;
}

/* Passes messages of several lengths, and prints how fast. Returns the exit status. */
static int print_speeds(int producers, int consumers) {
    static const struct {
        size_t length;  /* bytes */
        uint64_t count; /* messages */
    } size[] = {{16, 12000000}, {64, 12000000}, {1024, 4000000}, {65536, 200000}, {1 << 20, 2000}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        uint64_t processes = (uint64_t)(producers * consumers), count = size[i].count / processes * processes;
        double best = -1;
        for (int attempt = 0; attempt < RUNS; attempt++) {
            double taken = run(producers, consumers, size[i].length, count);
            if (taken < 0) return report_failure(size[i].length);
            if (best < 0 || taken < best) best = taken;
        }
        printf("%7zu bytes %2d to %2d: %10.0f messages/s %7.2f GB/s\n", size[i].length, producers, consumers,
               (double)count / best, (double)count * (double)size[i].length / best / 1e9);
    }
    return 0;
}

int main(int argument_count, char **arguments) {
    int producers = argument_count > 2 ? atoi(arguments[1]) : 1,
        consumers = argument_count > 2 ? atoi(arguments[2]) : 1;
    size_t length = argument_count == 5 ? strtoull(arguments[3], NULL, 10) : MAX_LENGTH;
    uint64_t count = argument_count == 5 ? strtoull(arguments[4], NULL, 10) : 0;
    bool right_arguments = argument_count == 1 || argument_count == 3 || argument_count == 5;
    if (!right_arguments || producers < 1 || producers > MAX_PROCESSES || consumers < 1 || consumers > MAX_PROCESSES ||
        length < sizeof count || length > MAX_LENGTH) {
        fprintf(stderr, "usage: queue [PRODUCERS CONSUMERS [LENGTH COUNT]]\n");
        return 2;
    }
    if (argument_count < 5) return print_speeds(producers, consumers);
    return run(producers, consumers, length, count) < 0 ? report_failure(length) : 0;
}
