/* pass_message - passes a message to a child process through a queue. */
#include "mp/mp.h"

#include <stdio.h>
#include <string.h>

/* Runs in the child, which has inherited the queue. */
static int receive(void *argument) {
    mp_queue *queue = argument;
    char text[64];
    ssize_t length = mp_queue_get(queue, text, sizeof text, -1);
    if (length < 0) return 1;
    printf("the child received: %.*s\n", (int)length, text);
    return 0;
}

/* Starts the child, sends it the message, and waits until it has ended. Returns its exit code or an error. */
static int pass(mp_queue *queue, const char *text) {
    mp_process *process;
    int error = mp_process_start(&process, NULL, receive, queue);
    if (error != 0) return error;
    int code = 0;
    error = mp_queue_put(queue, text, strlen(text), -1);
    if (error == 0) error = mp_process_join(process, -1);
    if (error == 0) error = mp_process_exit_code(process, &code);
    mp_process_free(process);
    return error != 0 ? error : code;
}

int main(void) {
    mp_queue *queue;
    int error = mp_queue_create(&queue, 4096, 0);
    if (error == 0) {
        error = pass(queue, "hello from the parent");
        mp_queue_free(queue);
    }
    if (error < 0) fprintf(stderr, "pass_message: %s\n", strerror(-error));
    return error == 0 ? 0 : 1;
}
