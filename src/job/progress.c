#include "job/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "job/progress_json.h"
#include "job/progress_line.h"
#include "job/snapshot.h"
#include "job/terminal.h"

/* Nothing here may hold the job up: nothing is written to a terminal or a pipe that does not take it at once, but for
 * the last line for a program, which a signal puts an end to. Signals that come in a storm are answered ten times a
 * second. */

#define QUIET_SECONDS  0.5  /* short jobs show nothing */
#define TICK_SECONDS   0.09 /* between two lines in place */
#define LINE_SECONDS   1.0  /* between two lines that stay */
#define ANSWER_SECONDS 0.1  /* between two answers */

enum {
    PIECES_MOST = 64, /* of what plugins print that are passed on before the job goes on */
    PATIENCE_MS = 100 /* between two looks for signals, at the end */
};

static const char *title_of(const mr_progress *self, const mr_view *view) {
    return self->title ? self->title : view->job->settings->plugin;
}

/* ---- where it goes ----------------------------------------------------------------------------------------------- */

/* Whether a file takes something at once. */
static bool takes_more(int file) {
    struct pollfd ready = {.fd = file, .events = POLLOUT};
    return poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT);
}

/* Whether standard error does, behind what is kept for it. */
static bool can_tell(void) {
    return mr_messages_pass() && takes_more(STDERR_FILENO);
}

/* Waits until a file takes something; false: it never will, or nobody has the patience any more. */
static bool await(int file) {
    struct pollfd ready = {.fd = file, .events = POLLOUT};
    while (poll(&ready, 1, PATIENCE_MS) <= 0)
        if (mr_is_to_end()) return false;
    return ready.revents & POLLOUT;
}

/* ---- what plugins print ------------------------------------------------------------------------------------------ */

/* Writes what is left of the piece at hand; false when not all of it was taken. */
static bool pass_piece(mr_progress *self) {
    const char *rest = self->piece + self->passed;
    size_t length = self->piece_length - self->passed;
    mr_terminal_erase();
    ssize_t count = write(self->terminal, rest, length);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0) count = (ssize_t)length; /* nobody sees it any more */
    self->passed += (size_t)count;
    self->cut = rest[count - 1] != '\n';
    return (size_t)count == length;
}

/* Reads the next piece, when the one at hand has been passed on; false: there is nothing. */
static bool has_piece(mr_progress *self) {
    if (self->passed < self->piece_length) return true;
    ssize_t count = read(self->words[0], self->piece, sizeof self->piece);
    self->piece_length = count > 0 ? (size_t)count : 0;
    self->passed = 0;
    return count > 0;
}

/* Passes on what there is, or a part of it: a plugin may print without end, and the job has to go on. What the terminal
 * does not take at once stays where it is until the next turn. */
static void pass_words(mr_progress *self) {
    bool taken = true;
    for (int i = 0; i < PIECES_MOST && taken && has_piece(self); i++)
        taken = can_tell() && pass_piece(self);
    self->onlooker.descriptor = taken ? self->words[0] : -1;
}

/* Nobody writes there any more: what is left goes the way of messages. */
static void pass_last_words(mr_progress *self) {
    for (; has_piece(self); self->passed = self->piece_length)
        mr_message_bytes(self->piece + self->passed, self->piece_length - self->passed);
}

static void close_words(mr_progress *self) {
    for (int i = 0; i < 2; i++)
        if (self->words[i] >= 0) close(self->words[i]);
    self->words[0] = self->words[1] = self->onlooker.descriptor = -1;
    if (self->terminal >= 0 && self->terminal != STDERR_FILENO) close(self->terminal);
    self->terminal = -1;
}

/* The terminal, opened once more so that writing to it never waits: that holds for all who share an open file. Where it
 * belongs to another user it cannot be opened. */
static int open_terminal(void) {
    int file = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return file >= 0 ? file : STDERR_FILENO;
}

static bool open_words(mr_progress *self) {
    if (pipe2(self->words, O_CLOEXEC) < 0) {
        self->words[0] = self->words[1] = -1;
        return false;
    }
    self->onlooker.descriptor = self->words[0];
    self->terminal = open_terminal();
    self->piece_length = self->passed = 0;
    return fcntl(self->words[0], F_SETFL, O_NONBLOCK) == 0;
}

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static const char *line_of(const mr_progress *self, const mr_view *view, unsigned width, char *text) {
    const mr_observation *observation = view->observation;
    const mr_phase *phase = mr_phase_now(observation), *map = mr_phase_map(observation);
    bool sampled = observation->sample_count;
    mr_progress_facts facts = {.title = title_of(self, view),
                               .phase = phase ? phase->name : NULL,
                               .fraction = self->outlook.fraction,
                               .left = self->outlook.left,
                               .rate = self->outlook.rate,
                               .bytes = map ? map->bytes_done : 0,
                               .memory = sampled ? observation->samples[observation->sample_count - 1].memory : 0,
                               .retries = view->summary->retries};
    return mr_progress_line(&facts, width, text);
}

static void write_line(int file, char *text) {
    size_t length = strlen(text);
    text[length++] = '\n'; /* in place of the zero byte */
    if (file == STDERR_FILENO) {
        mr_message_bytes(text, length);
        return;
    }
    for (size_t written = 0; written < length;) {
        ssize_t count = write(file, text + written, length - written);
        if (count < 0 && errno == EAGAIN && await(file)) continue;
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return; /* nobody wants to know any more */
        written += (size_t)count;
    }
}

static void tell_json(const mr_progress *self, const mr_view *view, bool ended) {
    mr_error error = {0};
    bool among_messages = self->file == STDERR_FILENO;
    if (among_messages ? !ended && !can_tell() : !(ended ? await : takes_more)(self->file)) return;
    char *text = mr_progress_json(view, &self->outlook, self->title, ended, false, &error);
    if (text) write_line(self->file, text);
    free(text);
}

static void tell_line(const mr_progress *self, const mr_view *view) {
    char text[MR_PROGRESS_LINE + 1];
    if (!can_tell()) return;
    line_of(self, view, MR_PROGRESS_LINE - 1, text);
    mr_message("%s", text + sizeof "mr: " - 1);
}

static void show_line(const mr_progress *self, const mr_view *view) {
    char text[MR_PROGRESS_LINE];
    if (self->cut || self->hidden || !mr_messages_pass() || !mr_terminal_free()) return;
    mr_terminal_show(line_of(self, view, mr_terminal_columns(STDERR_FILENO) - 1, text));
}

static void answer(mr_progress *self, const mr_view *view) {
    double now = view->observation->at;
    self->asked = (self->answered >= 0 && now - self->answered < ANSWER_SECONDS) || !can_tell();
    if (self->asked) return; /* a little later */
    self->answered = now;
    char *text = mr_snapshot_text(view, &self->outlook, title_of(self, view));
    if (text) mr_message_lines(text);
    free(text);
}

/* Some time has passed. */
static void tell(mr_progress *self, const mr_view *view) {
    double now = view->observation->at;
    bool stays = !self->line;
    if (self->line) pass_words(self);
    if (self->asked) answer(self, view);
    if (now < (stays ? LINE_SECONDS : QUIET_SECONDS) || now - self->told < (stays ? LINE_SECONDS : TICK_SECONDS))
        return;
    self->told = now;
    if (self->line)
        show_line(self, view);
    else if (self->mode == MR_PROGRESS_ALWAYS)
        tell_line(self, view);
    else if (self->mode == MR_PROGRESS_JSON)
        tell_json(self, view, false);
}

/* ---- from begin to end ------------------------------------------------------------------------------------------- */

static bool wants_line(const mr_progress *self, const mr_job_settings *settings) {
    bool wanted = self->mode == MR_PROGRESS_ALWAYS || (self->mode == MR_PROGRESS_AUTO && !settings->quiet);
    /* In a job that runs alone what the plugin prints cannot be kept apart, and there may be a debugger. */
    return wanted && !settings->alone && mr_terminal_can_erase(STDERR_FILENO);
}

/* Something is about to be printed. */
static void make_room(void *unused) {
    (void)unused;
    mr_terminal_erase();
}

static void begin(mr_progress *self, const mr_view *view) {
    self->outlook = (mr_outlook){.fraction = -1, .left = -1};
    self->told = self->answered = -1;
    self->asked = self->cut = self->hidden = false;
    self->line = wants_line(self, view->job->settings) && open_words(self);
    if (!self->line) return;
    mr_terminal_open(STDERR_FILENO);
    mr_message_first(make_room, NULL);
}

/* Results are about to go to the terminal: they are what the user wants to see. */
static void give_way(mr_progress *self, const mr_view *view) {
    if (!self->line || self->hidden || !mr_terminal_same(STDERR_FILENO, view->job->outputs[0].file)) return;
    if (!can_tell()) return; /* nor does the terminal take results */
    mr_terminal_erase();
    self->hidden = true;
}

/* The line goes: at once, or when a terminal that has been stopped goes on, before anything else is written there. A
 * process that ends by a signal does not wait for that. */
static void leave_terminal(bool patient) {
    bool free = can_tell();
    if (!free && patient && mr_terminal_stands()) {
        mr_message_bytes("\r", 1); /* so that something is */
        return;
    }
    if (!free && !patient) mr_terminal_forget();
    mr_terminal_close();
    mr_message_first(NULL, NULL);
}

static void end_line(mr_progress *self, bool patient) {
    if (!self->line) return;
    pass_last_words(self);
    close_words(self);
    leave_terminal(patient);
    self->line = false;
}

static void end(mr_progress *self, const mr_view *view) {
    end_line(self, view->summary->outcome != MR_OUTCOME_SIGNAL);
    if (self->asked) {
        self->answered = -1;
        answer(self, view);
    }
    if (self->mode == MR_PROGRESS_JSON) tell_json(self, view, true);
}

/* The job could not begin. */
static void say_failure(mr_progress *self, const mr_view *view) {
    self->outlook = (mr_outlook){.fraction = -1, .left = -1};
    if (self->mode == MR_PROGRESS_JSON) tell_json(self, view, true);
}

static void look(void *receiver, const mr_view *view, enum mr_moment_kind moment) {
    mr_progress *self = receiver;
    if (moment == MR_MOMENT_FAILED) {
        say_failure(self, view);
        return;
    }
    if (moment == MR_MOMENT_BEGIN) begin(self, view);
    if (moment == MR_MOMENT_READY) pass_words(self);
    if (moment == MR_MOMENT_RESULTS) give_way(self, view);
    if (moment == MR_MOMENT_READY || moment == MR_MOMENT_RESULTS) return;
    mr_outlook_update(&self->outlook, view);
    if (moment == MR_MOMENT_ASKED) answer(self, view);
    if (moment == MR_MOMENT_TURN || moment == MR_MOMENT_PHASE) tell(self, view);
    if (moment == MR_MOMENT_END) end(self, view);
}

/* In a worker: what the plugin prints goes to the coordinator, if there is a line to be kept apart from it. */
static void leave(void *receiver) {
    mr_progress *self = receiver;
    mr_message_first(NULL, NULL);
    mr_terminal_forget();
    if (self->words[1] >= 0) (void)!dup2(self->words[1], STDERR_FILENO); /* otherwise it stands beside the line */
    close_words(self);
}

bool mr_progress_open(mr_progress *progress, enum mr_progress_mode mode, int file, mr_error *error) {
    *progress = (mr_progress){.onlooker = {.look = look, .self = progress, .leave = leave, .descriptor = -1},
                              .mode = mode,
                              .file = file,
                              .words = {-1, -1},
                              .terminal = -1};
    return mode != MR_PROGRESS_JSON || mr_json_load(error);
}
