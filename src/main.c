/* main.c - parse, run, exit. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"

int main(int argc, char **argv) {
    if (!mr_hold_standard_streams()) {
        mr_message("could not open /dev/null: %s", strerror(errno));
        return 1;
    }
    signal(SIGCHLD, SIG_DFL); /* who ignores it, as the parent may have done, never hears how a child ended */
    mr_bear_file_limit();
    mr_exit end = mr_command_line(argc, argv);
    if (end.signal) {
        (void)mr_messages_pass(); /* who is to end does not wait */
        /* Ends as if the signal had not been held back, so that the shell sees what happened. */
        signal(end.signal, SIG_DFL);
        raise(end.signal);
        return 128 + end.signal;
    }
    mr_messages_finish();
    return end.status;
}
