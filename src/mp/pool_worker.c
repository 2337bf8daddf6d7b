/* pool_worker.c - the side of a pool that runs in the workers: take an item, apply the function, send the result. */
#include "mp/pool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST_ERROR = 1024, /* bytes, with the NUL */
};

struct mp_pool_task {
    unsigned char *answer; /* a ResultHeader and behind it the result; NULL before the first one */
    size_t length;         /* bytes in the result */
    size_t room;           /* bytes allocated for the answer */
    char *error;           /* text of the error, NULL = none */
};

/* Makes room for a result of `length` bytes. */
static int make_room(mp_pool_task *task, size_t length) {
    size_t needed;
    if (__builtin_add_overflow(length, sizeof(ResultHeader), &needed)) return -ENOMEM;
    if (needed <= task->room) return 0;
    unsigned char *grown = realloc(task->answer, needed);
    if (grown == NULL) return -ENOMEM;
    task->answer = grown;
    task->room = needed;
    return 0;
}

int mp_pool_return(mp_pool_task *task, const void *data, size_t length) {
    int error = make_room(task, length);
    if (error != 0) return error;
    if (length > 0) memcpy(task->answer + sizeof(ResultHeader), data, length);
    task->length = length;
    return 0;
}

int mp_pool_error(mp_pool_task *task, const char *format, ...) {
    if (task->error == NULL) task->error = malloc(LONGEST_ERROR);
    if (task->error == NULL) return 1;
    va_list values;
    va_start(values, format);
    if (vsnprintf(task->error, LONGEST_ERROR, format, values) < 0) task->error[0] = '\0';
    va_end(values);
    return 1;
}

/* Puts the text of the error where the result was. */
static int return_error(mp_pool_task *task, int status) {
    if (task->error == NULL) mp_pool_error(task, "the function of the pool returned %d", status);
    const char *text = task->error != NULL ? task->error : "out of memory";
    return mp_pool_return(task, text, strlen(text));
}

/* Works on one item, which is a message of the creator, and sends the answer. Returns 0 or an error of the queue. */
static int work(const WorkerPlan *plan, const unsigned char *message, size_t length) {
    mp_pool_task task = {0};
    ResultHeader header = {0};
    memcpy(&header.task, message, sizeof header.task);
    int error = mp_pool_return(&task, NULL, 0);
    if (error == 0) {
        int status = plan->function(&task, message + sizeof header.task, length - sizeof header.task, plan->argument);
        header.status = status;
        if (status != 0) error = return_error(&task, status);
    }
    if (error == 0) {
        memcpy(task.answer, &header, sizeof header);
        error = mp_queue_put(plan->results, task.answer, sizeof header + task.length, -1);
    }
    free(task.answer);
    free(task.error);
    return error;
}

int mp_pool_worker(void *argument) {
    const WorkerPlan *plan = argument;
    for (unsigned done = 0; plan->tasks_per_worker == 0 || done < plan->tasks_per_worker; done++) {
        void *message;
        ssize_t length = mp_queue_get_alloc(plan->tasks, &message, -1);
        if (length == -EPIPE) return 0;
        if (length < (ssize_t)sizeof(TaskHeader)) return 1;
        int error = work(plan, message, (size_t)length);
        free(message);
        if (error != 0) return 1;
    }
    return 0;
}
