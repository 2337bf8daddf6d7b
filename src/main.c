/* main.c - parse, run, exit. */
#include <signal.h>

#include "cli/commands.h"

int main(int argc, char **argv) {
    mr_exit end = mr_command(argc, argv);
    if (end.signal) {
        /* Ends as if the signal had not been held back, so that the shell sees what happened. */
        signal(end.signal, SIG_DFL);
        raise(end.signal);
        return 128 + end.signal;
    }
    return end.status;
}
