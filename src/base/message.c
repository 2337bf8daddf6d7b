#include "base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/units.h"
#include "base/utf8.h"

/* What is kept are two texts. The first is written from its front. When it has no room for what is said next that goes
 * into the second, which drops its oldest lines when it is full; when the first has been written the number of these
 * lines and the second take its place. So the first lines stay, and the last ones, which say how the job has ended.
 *
 * Standard error itself stays as it is: that it does not wait is a property of the open file, which others share. A
 * pipe or a terminal is opened once more instead; where that is refused, as little is written at a time as is taken for
 * certain when there is room at all, or nearly so. Files are written to directly: they do not wait for anybody. */

enum {
    FIRST = 32 << 10,   /* bytes of the first text */
    LAST = 32 << 10,    /* bytes of the second */
    PIECE = 8 << 10,    /* bytes that are kept at a time */
    NOTE = 128,         /* room for the line between them */
    CAUTIOUS = 256,     /* bytes that are written at a time to a terminal that may have to be waited for */
    PATIENCE_MS = 100,  /* between two looks for signals */
    UNREAD_SECONDS = 5, /* how long a pipe is waited for that takes nothing */
};

static struct {
    pid_t owner;    /* the process that does not wait; 0: none */
    int file;       /* where it writes to */
    bool socket;    /* that is one */
    size_t most;    /* bytes that are written there at a time */
    bool impatient; /* a reader that takes nothing is given up some time */
    char first[FIRST + NOTE];
    size_t begin; /* bytes of the first text that have been written */
    size_t end;   /* bytes of it */
    char last[LAST];
    size_t last_length;
    unsigned long dropped; /* lines that stood between the two */
} held;

/* What is called before anything is printed. */
static struct {
    void (*call)(void *receiver);
    void *receiver;
} first;

void mr_message_first(void (*call)(void *receiver), void *receiver) {
    first.call = call;
    first.receiver = receiver;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

/* Drops lines from the front of the second text until length more bytes fit in. */
static void make_room(size_t length) {
    size_t cut = 0;
    while (cut < held.last_length && held.last_length - cut + length > LAST) {
        const char *newline = memchr(held.last + cut, '\n', held.last_length - cut);
        cut = newline ? (size_t)(newline + 1 - held.last) : held.last_length;
        held.dropped++;
    }
    held.last_length -= cut;
    memmove(held.last, held.last + cut, held.last_length);
}

/* How much of a text is kept at a time: whole lines, unless one is longer. */
static size_t piece_of(const char *text, size_t length) {
    if (length <= PIECE) return length;
    const char *newline = memrchr(text, '\n', PIECE);
    return newline ? (size_t)(newline + 1 - text) : PIECE;
}

/* Keeps a piece. */
static void keep(const char *text, size_t length) {
    /* Where the second text has taken the place of the first, that may be longer than usual. */
    if (!held.dropped && !held.last_length && held.end + length <= FIRST) {
        memcpy(held.first + held.end, text, length);
        held.end += length;
        return;
    }
    make_room(length);
    memcpy(held.last + held.last_length, text, length);
    held.last_length += length;
}

/* The first text has been written: the second takes its place. */
static void go_on(void) {
    held.begin = held.end = 0;
    if (held.dropped)
        held.end = (size_t)snprintf(held.first, NOTE, "mr: ... %lu line%s left out, which nobody took\n", held.dropped,
                                    held.dropped == 1 ? "" : "s");
    memcpy(held.first + held.end, held.last, held.last_length);
    held.end += held.last_length;
    held.last_length = held.dropped = 0;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool await(int timeout_ms) {
    struct pollfd ready = {.fd = held.file, .events = POLLOUT};
    return poll(&ready, 1, timeout_ms) == 1;
}

/* Writes what is taken at once; -1 with errno set. */
static ssize_t write_some(const char *text, size_t length) {
    length = mr_smaller(length, held.most);
    return held.socket ? send(held.file, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) : write(held.file, text, length);
}

bool mr_messages_pass(void) {
    if (held.owner != getpid()) return true;
    while (held.begin < held.end) {
        if (!await(0)) return false;
        if (first.call) first.call(first.receiver);
        ssize_t count = write_some(held.first + held.begin, held.end - held.begin);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return false;
        held.begin = count > 0 ? held.begin + (size_t)count : held.end; /* else nobody sees it any more */
        if (held.begin == held.end) go_on();
    }
    return true;
}

static void write_all(const char *text, size_t length) {
    if (first.call) first.call(first.receiver);
    for (size_t written = 0; written < length;) {
        ssize_t count = write(STDERR_FILENO, text + written, length - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return; /* nowhere left to say it */
        written += (size_t)count;
    }
}

void mr_message_bytes(const char *bytes, size_t length) {
    if (held.owner != getpid()) {
        write_all(bytes, length);
        return;
    }
    mr_messages_pass();
    for (size_t kept = 0, piece; kept < length; kept += piece) {
        piece = piece_of(bytes + kept, length - kept);
        keep(bytes + kept, piece);
        mr_messages_pass();
    }
}

void mr_message(const char *format, ...) {
    char text[MR_ERROR_TEXT + 64], line[4 * sizeof text + 8] = "mr: ";
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    size_t used = 4 + mr_utf8_print(text, line + 4, sizeof line - 5);
    line[used++] = '\n';
    mr_message_bytes(line, used);
}

void mr_message_lines(const char *text) {
    mr_message_bytes(text, strlen(text));
}

/* ---- from begin to end ------------------------------------------------------------------------------------------- */

/* Whether results go to the same pipe: who reads these takes the time that he wants. */
static bool shares_results(const struct stat *status) {
    struct stat results;
    return fstat(STDOUT_FILENO, &results) == 0 && results.st_dev == status->st_dev && results.st_ino == status->st_ino;
}

void mr_messages_hold(void) {
    struct stat status;
    if (held.owner == getpid() || fstat(STDERR_FILENO, &status) < 0) return;
    bool pipe = S_ISFIFO(status.st_mode), terminal = isatty(STDERR_FILENO);
    held.socket = S_ISSOCK(status.st_mode);
    if (!pipe && !terminal && !held.socket) return;
    int file = held.socket ? -1 : open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    held.file = file >= 0 ? file : STDERR_FILENO;
    held.most = file >= 0 || held.socket ? SIZE_MAX : pipe ? PIPE_BUF : CAUTIOUS;
    held.impatient = !terminal && !shares_results(&status);
    held.begin = held.end = held.last_length = held.dropped = 0;
    held.owner = getpid();
}

bool mr_is_to_end(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP));
}

void mr_messages_finish(void) {
    if (held.owner != getpid() || held.begin == held.end) return;
    signal(SIGPIPE, SIG_IGN); /* a reader who goes now does not change how the process ends */
    double taken = mr_seconds();
    while (!mr_messages_pass()) {
        if (mr_is_to_end() || (held.impatient && mr_seconds() - taken > UNREAD_SECONDS)) return;
        if (await(PATIENCE_MS)) taken = mr_seconds();
    }
}
