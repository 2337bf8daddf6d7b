#include "job/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/units.h"

/* Who is stopped by Ctrl-Z leaves the terminal to the shell, which writes its prompt where the cursor is. So the line
 * is erased by the handler of SIGTSTP, which then stops the process as the signal would have done by itself. Signals
 * that end a job in an orderly way are no matter of this file: the line is erased when the job has ended. */

static const char erasure[] = "\r\033[K";

/* There is one per process: signal handlers take no argument. */
static struct {
    int file;                      /* -1: not open */
    volatile sig_atomic_t shown;   /* the line stands there, or is about to */
    struct sigaction before[NSIG]; /* what signals did before, as far as they are handled */
    bool handled[NSIG];            /* these are */
} line = {.file = -1};

bool mr_terminal_can_erase(int file) {
    const char *kind = getenv("TERM");
    return isatty(file) && kind && *kind && strcmp(kind, "dumb") != 0;
}

unsigned mr_terminal_columns(int file) {
    struct winsize size;
    uint64_t columns;
    if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col) return size.ws_col;
    const char *text = getenv("COLUMNS");
    return text && mr_parse_count(text, 1, MR_TERMINAL_COLUMNS, &columns) ? (unsigned)columns : 80;
}

bool mr_terminal_same(int file, int other) {
    struct stat one, two;
    return isatty(file) && isatty(other) && fstat(file, &one) == 0 && fstat(other, &two) == 0 &&
           one.st_rdev == two.st_rdev;
}

/* Writes to the terminal; that it could not be done does not matter. For signal handlers, too. */
static void put(const char *text, size_t length) {
    while (length > 0) {
        ssize_t count = write(line.file, text, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        text += count;
        length -= (size_t)count;
    }
}

bool mr_terminal_stands(void) {
    return line.shown;
}

void mr_terminal_erase(void) {
    if (!line.shown) return;
    put(erasure, sizeof erasure - 1);
    line.shown = 0;
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

/* Erases the line and lets the signal do what it does by itself; if that is to stop the process, all is as it was when
 * that goes on. */
static void step_aside(int number) {
    int failure = errno;
    struct sigaction own, usual = {.sa_handler = SIG_DFL};
    sigset_t set, before;
    mr_terminal_erase();
    sigaction(number, &usual, &own);
    raise(number);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, &before); /* here it happens */
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(number, &own, NULL);
    errno = failure;
}

/* Unless the user wants the signal to be ignored, or somebody handles it already. */
static void handle(int number) {
    struct sigaction action = {.sa_handler = step_aside, .sa_flags = SA_RESTART};
    if (sigaction(number, NULL, &line.before[number]) < 0 || line.before[number].sa_handler != SIG_DFL) return;
    sigemptyset(&action.sa_mask);
    line.handled[number] = sigaction(number, &action, NULL) == 0;
}

static void restore_signals(void) {
    for (int i = 1; i < NSIG; i++) {
        if (line.handled[i]) sigaction(i, &line.before[i], NULL);
        line.handled[i] = false;
    }
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

void mr_terminal_open(int file) {
    if (line.file == file) return; /* the line of the job before stands there, because the terminal has been stopped */
    line.file = file;
    line.shown = 0;
    handle(SIGTSTP);
    handle(SIGQUIT);
}

void mr_terminal_close(void) {
    if (line.file < 0) return;
    mr_terminal_erase();
    restore_signals();
    line.file = -1;
}

void mr_terminal_forget(void) {
    line.shown = 0;
    restore_signals();
    line.file = -1;
}

bool mr_terminal_free(void) {
    struct termios mode;
    struct pollfd ready = {.fd = line.file, .events = POLLOUT};
    return line.file >= 0 && tcgetpgrp(line.file) == getpgrp() && tcgetattr(line.file, &mode) == 0 &&
           (mode.c_lflag & ICANON) && poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT);
}

void mr_terminal_show(const char *text) {
    char bytes[MR_TERMINAL_COLUMNS + 16];
    unsigned columns = mr_terminal_columns(line.file);
    size_t width = mr_smaller(columns > 1 ? columns - 1 : 1, MR_TERMINAL_COLUMNS);
    int length = snprintf(bytes, sizeof bytes, "\r%.*s\033[K", (int)width, text);
    line.shown = 1;
    put(bytes, (size_t)length);
}
