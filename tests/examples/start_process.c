/* start_process - starts a worker process and waits for it. */
#include "mp/mp.h"

#include <stdio.h>
#include <string.h>

/* Runs in the child: its value becomes the exit code of the process. */
static int work(void *argument) {
    const int *number = argument;
    return *number * *number;
}

int main(void) {
    int number = 6, code = 0;
    mp_process *process;
    int error = mp_process_start(&process, NULL, work, &number);
    if (error != 0) {
        fprintf(stderr, "start_process: the process did not start: %s\n", strerror(-error));
        return 1;
    }
    error = mp_process_join(process, -1);
    if (error == 0) error = mp_process_exit_code(process, &code);
    mp_process_free(process);
    if (error != 0) {
        fprintf(stderr, "start_process: the process was lost: %s\n", strerror(-error));
        return 1;
    }
    printf("the process ended with %d\n", code);
    return code == 36 ? 0 : 1;
}
