/* naive_startup - the least that a program with two workers can do: read a file in two forked children, and wait.
 *
 *     naive_startup INPUT
 *
 * What the start-up of mr is compared with.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "naive.h"

static int read_all(const char *path) {
    FILE *input = open_file(path, "r");
    char buffer[4096];
    while (fread(buffer, 1, sizeof buffer, input) > 0)
        continue;
    return close_file(input);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 2) return usage("naive_startup INPUT");
    int failed = 0, status;
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        if (child < 0) die("fork");
        if (child == 0) _exit(read_all(arguments[1]));
    }
    while (wait(&status) > 0)
        failed |= status != 0;
    return failed;
}
