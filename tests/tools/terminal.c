/* terminal [OPTION]... COMMAND [ARGUMENT]... - runs a command in a terminal of its own, and prints what a user would
 * have seen there in the end: all rows that hold text, those that have been scrolled away, too.
 *
 *     --size COLUMNSxROWS   default 80x24
 *     --raw FILE            what the command wrote, byte for byte
 *     --expect TEXT         waits until TEXT has been written since the last --expect that was met
 *     --gone TEXT           waits until no row of the screen holds TEXT
 *     --send KEYS           types; \r, \n, \t, \\ and \xHH are known (\x03 is Ctrl-C)
 *     --signal NUMBER       sends a signal to the command, and to it alone
 *     --resize COLUMNS      makes the terminal so wide
 *     --do COMMAND          runs a command of the shell, outside of the terminal
 *     --screen              prints the screen as it is, with a line "----" behind it
 *     --pause MILLISECONDS  goes on later; what is written meanwhile is read
 *     --hold MILLISECONDS   the same, but nothing is read
 *
 * The last eight are steps that are done in the order in which they stand. A step that waits for more than a minute is
 * a failure. The exit status is that of the command, 128+n for signal n; 125 when something else has failed.
 *
 * The model of a terminal knows what mr writes: \r, \n, \b, text of one column per character that wraps at the right
 * border, and the sequences ESC [ ... K, J, A, m and those that switch modes (h, l). Any other sequence is a failure,
 * unless --lax is given, for shells.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROWS_MAX = 20000, COLUMNS_MAX = 512, FAILURE = 125, PATIENCE_MS = 60000 };

static char screen[ROWS_MAX][COLUMNS_MAX + 1];
static unsigned columns = 80, rows = 24; /* of the terminal */
static unsigned row, column, used;       /* the cursor; rows that have ever been reached */
static bool lax;
static char *written; /* all bytes */
static size_t length, room, met;
static int terminal;
static pid_t command;
static FILE *raw;

static _Noreturn void fail(const char *what, const char *detail) {
    fprintf(stderr, "terminal: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
    if (command > 0) kill(-command, SIGKILL);
    exit(FAILURE);
}

/* ---- what a terminal shows --------------------------------------------------------------------------------------- */

static void next_row(void) {
    if (++row >= ROWS_MAX) fail("too many rows", NULL);
    if (row >= used) used = row + 1;
}

static void put(char byte) {
    if (column >= columns) { /* text goes on in the next row */
        column = 0;
        next_row();
    }
    for (size_t at = strlen(screen[row]); at < column; at++)
        screen[row][at] = ' ';
    screen[row][column++] = byte;
}

static void erase_line(int what) {
    size_t end = strlen(screen[row]);
    if (what == 0 && column < end) memset(screen[row] + column, 0, end - column);
    if (what == 2) memset(screen[row], 0, end);
    if (what == 1) memset(screen[row], ' ', column < end ? column : end);
}

/* Does what a sequence ESC [ parameters, final says. */
static void control(const char *parameters, char final) {
    int number = atoi(parameters);
    if (final == 'K') {
        erase_line(number);
    } else if (final == 'J') {
        erase_line(0);
        for (unsigned i = row + 1; i < used; i++)
            memset(screen[i], 0, sizeof screen[i]);
    } else if (final == 'A') {
        unsigned up = number ? (unsigned)number : 1;
        row = up < row ? row - up : 0;
    } else if (final != 'm' && final != 'h' && final != 'l' && !lax) {
        char text[64];
        snprintf(text, sizeof text, "ESC [ %s %c", parameters, final);
        fail("a sequence that is not known", text);
    }
}

/* Takes one byte of output. */
static void show(unsigned char byte) {
    static char parameters[32];
    static size_t count;
    static enum { TEXT, ESCAPE, SEQUENCE } state;
    if (state == ESCAPE) {
        if (byte != '[' && !lax) fail("an escape that is no sequence", NULL);
        state = byte == '[' ? SEQUENCE : TEXT;
        count = 0;
    } else if (state == SEQUENCE && byte < 0x40) {
        if (count < sizeof parameters - 1) parameters[count++] = (char)byte;
    } else if (state == SEQUENCE) {
        parameters[count] = 0;
        state = TEXT;
        control(parameters, (char)byte);
    } else if (byte == 27) {
        state = ESCAPE;
    } else if (byte == '\r') {
        column = 0;
    } else if (byte == '\n') {
        next_row();
    } else if (byte == '\b') {
        column -= column > 0;
    } else if (byte >= ' ' && (byte & 0xc0) != 0x80) { /* of a character of several bytes, one */
        put(byte < 0x7f ? (char)byte : '?');
    }
}

static void print_screen(void) {
    unsigned end = used;
    while (end > 0 && !*screen[end - 1])
        end--;
    for (unsigned i = 0; i < end; i++) {
        size_t width = strlen(screen[i]);
        while (width > 0 && screen[i][width - 1] == ' ')
            width--;
        printf("%.*s\n", (int)width, screen[i]);
    }
    fflush(stdout);
}

/* Whether a row of the part that is on the screen holds a text. */
static bool on_screen(const char *text) {
    for (unsigned i = used > rows ? used - rows : 0; i < used; i++)
        if (strstr(screen[i], text)) return true;
    return false;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static void keep(const char *bytes, size_t count) {
    if (length + count + 1 > room) {
        room = 2 * (length + count + 1);
        written = realloc(written, room);
        if (!written) fail("no memory", NULL);
    }
    memcpy(written + length, bytes, count);
    length += count;
    written[length] = 0;
    if (raw && fwrite(bytes, 1, count, raw) != count) fail("could not write", "--raw");
    for (size_t i = 0; i < count; i++)
        show((unsigned char)bytes[i]);
}

/* Reads what there is within some time; false when the command has let go of the terminal. */
static bool read_some(int timeout_ms) {
    char bytes[4096];
    struct pollfd polled = {terminal, POLLIN, 0};
    if (poll(&polled, 1, timeout_ms) <= 0) return true;
    ssize_t count = read(terminal, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    keep(bytes, (size_t)count);
    return true;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Text with escapes, in place; returns its length. */
static size_t unescape(char *text) {
    size_t count = 0;
    for (const char *at = text; *at; at++) {
        if (*at != '\\') {
            text[count++] = *at;
            continue;
        }
        at++;
        if (*at == 'x' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
            text[count++] = (char)strtol((char[]){at[1], at[2], 0}, NULL, 16);
            at += 2;
        } else {
            text[count++] = (char)(*at == 'n' ? '\n' : *at == 'r' ? '\r' : *at == 't' ? '\t' : *at);
        }
    }
    return count;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static bool has_come(const char *text) {
    const char *found = written && length > met ? memmem(written + met, length - met, text, strlen(text)) : NULL;
    if (found) met = (size_t)(found - written) + strlen(text);
    return found;
}

/* Waits until text has come, or has gone from the screen. */
static void await(const char *text, bool gone) {
    int64_t deadline = now_ms() + PATIENCE_MS;
    for (bool open = true;;) {
        if (gone ? !on_screen(text) : has_come(text)) return;
        if (!open) fail(gone ? "at the end there still is" : "at the end there has not been", text);
        if (now_ms() > deadline) fail(gone ? "this does not go" : "this does not come", text);
        open = read_some(100);
    }
}

static void pause_for(int milliseconds, bool reading) {
    int64_t deadline = now_ms() + milliseconds;
    for (int64_t left; (left = deadline - now_ms()) > 0;) {
        if (!reading || !read_some((int)left)) usleep((useconds_t)(left > 20 ? 20 : left) * 1000);
    }
}

static void resize(unsigned width) {
    columns = width;
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (ioctl(terminal, TIOCSWINSZ, &size) < 0) fail("could not resize", strerror(errno));
}

static void do_step(const char *name, char *value) {
    if (!strcmp(name, "--expect")) {
        await(value, false);
    } else if (!strcmp(name, "--gone")) {
        await(value, true);
    } else if (!strcmp(name, "--send")) {
        size_t count = unescape(value);
        if (write(terminal, value, count) != (ssize_t)count) fail("could not type", strerror(errno));
    } else if (!strcmp(name, "--signal")) {
        if (kill(command, atoi(value)) < 0) fail("could not send a signal", strerror(errno));
    } else if (!strcmp(name, "--resize")) {
        resize((unsigned)atoi(value));
    } else if (!strcmp(name, "--do")) {
        /* NOLINTNEXTLINE(cert-env33-c): a command of the shell is what the test wants */
        if (system(value) != 0) fail("a command has failed", value);
    } else if (!strcmp(name, "--screen")) {
        print_screen();
        puts("----");
    } else {
        pause_for(atoi(value), !strcmp(name, "--pause"));
    }
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

static bool takes_value(const char *name) {
    return strcmp(name, "--screen") && strcmp(name, "--lax");
}

/* Options that are no steps. */
static bool is_setting(const char *name, const char *value) {
    if (!strcmp(name, "--lax")) return lax = true;
    if (!strcmp(name, "--size")) {
        if (sscanf(value, "%ux%u", &columns, &rows) != 2 || columns > COLUMNS_MAX) fail("a wrong size", value);
        return true;
    }
    if (strcmp(name, "--raw")) return false;
    if (!(raw = fopen(value, "wb"))) fail(value, strerror(errno));
    return true;
}

static void start(char **words) {
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    command = forkpty(&terminal, NULL, NULL, &size);
    if (command < 0) fail("could not open a terminal", strerror(errno));
    if (command > 0) return;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL); /* scripts have jobs in the background ignore some */
    execvp(words[0], words);
    fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
    _exit(127);
}

int main(int argc, char **argv) {
    char none[] = "";
    int end = 1, status;
    used = 1;
    while (end < argc && !strncmp(argv[end], "--", 2)) {
        char *name = argv[end++];
        if (end == argc) fail("a value is missing behind", name);
        bool has_value = takes_value(name);
        if (!is_setting(name, has_value ? argv[end] : "")) name[1] = '+'; /* a step */
        end += has_value;
    }
    if (end >= argc) fail("which command?", NULL);
    start(argv + end);
    for (int i = 1; i < end; i++) {
        bool has_value = takes_value(argv[i]) && strcmp(argv[i], "-+screen");
        if (argv[i][1] == '+') {
            argv[i][1] = '-';
            do_step(argv[i], has_value ? argv[i + 1] : none);
        }
        i += has_value;
    }
    while (read_some(-1)) {
    }
    if (waitpid(command, &status, 0) < 0) fail("could not wait", strerror(errno));
    print_screen();
    if (raw && fclose(raw) != 0) fail("could not write", "--raw");
    free(written);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
