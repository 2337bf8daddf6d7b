/* main.c - parse, run, exit. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/commands.h"

/* Takes the places of closed standard streams, so that no file of ours gets one of their numbers by chance. Opened the
 * wrong way round: reading from a closed stdin stays an error, and so does writing to a closed stdout. */
static int hold_standard_streams(void) {
    int file = fcntl(STDIN_FILENO, F_GETFD) < 0 ? open("/dev/null", O_WRONLY) : STDIN_FILENO;
    while (file >= 0 && file <= STDERR_FILENO)
        file = open("/dev/null", O_RDONLY);
    if (file >= 0) close(file);
    return file;
}

int main(int argc, char **argv) {
    if (hold_standard_streams() < 0) {
        mr_message("could not open /dev/null: %s", strerror(errno));
        return 1;
    }
    signal(SIGCHLD, SIG_DFL); /* who ignores it, as the parent may have done, never hears how a child ended */
    mr_exit end = mr_command_line(argc, argv);
    if (end.signal) {
        /* Ends as if the signal had not been held back, so that the shell sees what happened. */
        signal(end.signal, SIG_DFL);
        raise(end.signal);
        return 128 + end.signal;
    }
    return end.status;
}
