#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embed/job_embedded.h"
#include "host/describe.h"
#include "mp/mp.h"

/* The program waits in poll for what its job has to tell: bytes of the output and lines of messages, which come through
 * pipes, the wish that it may end, and its end. Functions of the program are called from there, and nowhere else. What
 * the job has come to lies in memory that it shares with the program; its output may lie in such memory, too, which the
 * workers write to in their own places. */

enum { ROOM = 64 << 10, /* bytes that are read at once */ LINE_MOST = 64 << 10, LENGTHS = 8 /* bytes before a pair */ };

/* The reading end of a pipe, and what has come and not been taken. */
typedef struct stream {
    int reader; /* -1: there is none, or it has come to its end */
    int writer; /* until the process has been forked; -1: none */
    char *bytes;
    size_t length;
    size_t room; /* allocated */
} stream;

/* A job at work. */
typedef struct performance {
    mr_job *job;
    mp_process *process;
    stream output;
    stream messages;
    stream progress;
    int memory;     /* a file in memory for the output; -1: none */
    int statistics; /* one for them; -1: none */
    bool refused;   /* a function of the program wants no more */
    bool cancelled; /* the process has been told to end */
    mr_error error;
} performance;

/* Takes the bytes at hand as far as it can: how many. */
typedef size_t taker(performance *self, const char *bytes, size_t length);

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static bool open_stream(stream *stream, mr_error *error) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return mr_error_system(error, errno, "could not make a pipe");
    stream->reader = ends[0];
    stream->writer = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 || mr_error_system(error, errno, "could not make a pipe");
}

static void close_end(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

static void close_stream(stream *stream) {
    close_end(&stream->reader);
    close_end(&stream->writer);
    free(stream->bytes);
    *stream = (struct stream){-1, -1, NULL, 0, 0};
}

static bool make_room(stream *stream, mr_error *error) {
    if (stream->room - stream->length >= ROOM) return true;
    size_t room = stream->room + (stream->room > ROOM ? stream->room : ROOM);
    char *larger = realloc(stream->bytes, room);
    if (!larger) return mr_error_memory(error, room, "results");
    stream->bytes = larger;
    stream->room = room;
    return true;
}

/* Reads what has come and lets it be taken: a part of it, since more may come as long as the process is there, and it
 * has to hear that it is to end; or all of it. */
static bool pump(performance *self, stream *stream, taker *take, bool all, mr_error *error) {
    for (bool first = true; stream->reader >= 0 && (first || all); first = false) {
        if (!make_room(stream, error)) return false;
        ssize_t count = read(stream->reader, stream->bytes + stream->length, stream->room - stream->length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return true;
        if (count < 0) return mr_error_system(error, errno, "could not read from a pipe");
        if (count == 0) close_end(&stream->reader);
        stream->length += (size_t)count;
        size_t taken = take(self, stream->bytes, stream->length);
        stream->length -= taken;
        memmove(stream->bytes, stream->bytes + taken, stream->length);
    }
    return true;
}

/* ---- what comes through them ------------------------------------------------------------------------------------- */

/* A line that is too long, or the last one without an end, is taken as it is. */
static size_t take_lines(performance *self, const char *bytes, size_t length) {
    size_t taken = 0;
    bool last = self->messages.reader < 0;
    while (taken < length) {
        const char *line = bytes + taken, *end = memchr(line, '\n', length - taken);
        size_t line_length = end ? (size_t)(end - line) : length - taken;
        if (!end && !last && line_length < LINE_MOST) break;
        char *text = strndup(line, line_length);
        if (text) self->job->tell(self->job->tell_context, text);
        free(text);
        taken += line_length + !!end;
    }
    return taken;
}

/* Of what is at hand only the last is news. */
static size_t take_progress(performance *self, const char *bytes, size_t length) {
    mr_embedded_progress told;
    size_t count = length / sizeof told;
    if (!count) return 0;
    memcpy(&told, bytes + (count - 1) * sizeof told, sizeof told);
    const mr_job_progress progress = {.phase = told.phase,
                                      .fraction = told.fraction,
                                      .seconds = told.seconds,
                                      .seconds_left = told.seconds_left,
                                      .rate = told.rate,
                                      .input_bytes = told.input_bytes,
                                      .output_bytes = told.output_bytes,
                                      .memory = told.memory,
                                      .spilled = told.spilled,
                                      .retries = told.retries};
    self->job->watch(self->job->watch_context, &progress);
    return count * sizeof told;
}

static size_t take_bytes(performance *self, const char *bytes, size_t length) {
    const mr_job *job = self->job;
    if (length && !self->refused) self->refused = !job->take_bytes(job->take_context, bytes, length);
    return length;
}

static size_t length_at(const char *bytes) {
    const unsigned char *at = (const unsigned char *)bytes;
    return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

/* Pairs are in the format "binary". */
static size_t take_pairs(performance *self, const char *bytes, size_t length) {
    const mr_job *job = self->job;
    size_t taken = 0;
    while (!self->refused && length - taken >= LENGTHS) {
        const char *pair = bytes + taken, *key = pair + LENGTHS;
        size_t key_length = length_at(pair), value_length = length_at(pair + LENGTHS / 2);
        if (length - taken - LENGTHS < key_length + value_length) break;
        self->refused = !job->take_pair(job->take_context, key, key_length, key + key_length, value_length);
        taken += LENGTHS + key_length + value_length;
    }
    return self->refused ? length : taken;
}

static bool pump_all(performance *self, bool ended) {
    taker *take = self->job->to == MR_EMBEDDED_PAIRS ? take_pairs : take_bytes;
    return pump(self, &self->messages, take_lines, ended, &self->error) &&
           pump(self, &self->progress, take_progress, ended, &self->error) &&
           pump(self, &self->output, take, ended, &self->error);
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

static bool open_memory(int *file, mr_error *error) {
    *file = memfd_create("mr-output", MFD_CLOEXEC);
    return *file >= 0 || mr_error_system(error, errno, "could not make memory for the output");
}

static bool open_channels(performance *self) {
    mr_job *job = self->job;
    mr_error *error = &self->error;
    job->report = mmap(NULL, sizeof *job->report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (job->report == MAP_FAILED) {
        job->report = NULL;
        return mr_error_memory(error, sizeof *job->report, "the result of a job");
    }
    if (job->tell && !open_stream(&self->messages, error)) return false;
    if (job->watch && !open_stream(&self->progress, error)) return false;
    if ((job->to == MR_EMBEDDED_BYTES || job->to == MR_EMBEDDED_PAIRS) && !open_stream(&self->output, error))
        return false;
    return (job->to != MR_EMBEDDED_MEMORY || open_memory(&self->memory, error)) &&
           (!job->wants_statistics || open_memory(&self->statistics, error));
}

static void close_channels(performance *self) {
    mp_process_free(self->process);
    close_stream(&self->output);
    close_stream(&self->messages);
    close_stream(&self->progress);
    close_end(&self->memory);
    close_end(&self->statistics);
}

/* Handlers of the program must not run in the process before that has let go of them: no signal comes meanwhile. */
static bool start(performance *self) {
    mr_job *job = self->job;
    mr_embedding embedding = {.plugin = job->plugin,
                              .linked = job->linked,
                              .options = job->options,
                              .option_count = job->option_count,
                              .inputs = job->inputs,
                              .sides = job->sides,
                              .to = job->to,
                              .output = job->to == MR_EMBEDDED_MEMORY       ? self->memory
                                        : job->to == MR_EMBEDDED_DESCRIPTOR ? job->output
                                                                            : self->output.writer,
                              .statistics = self->statistics,
                              .messages = self->messages.writer,
                              .progress = self->progress.writer,
                              .report = job->report};
    mp_process_options options = {.name = "mr-job", .flags = MP_PROCESS_DAEMON | MP_PROCESS_KEEP_BUFFERS};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int code = mp_process_start(&self->process, &options, mr_embedded_main, &embedding);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close_end(&self->output.writer);
    close_end(&self->messages.writer);
    close_end(&self->progress.writer);
    return code == 0 || mr_error_system(&self->error, -code, "could not start the process of a job");
}

static void end_process(performance *self) {
    if (!self->cancelled) mp_process_terminate(self->process);
    self->cancelled = true;
}

/* Waits for something to happen, and deals with it. *ended: the process has. */
static bool turn(performance *self, bool *ended) {
    struct pollfd polled[] = {
        {mp_process_fd(self->process), POLLIN, 0}, {self->cancelled ? -1 : self->job->cancel, POLLIN, 0},
        {self->messages.reader, POLLIN, 0},        {self->progress.reader, POLLIN, 0},
        {self->output.reader, POLLIN, 0},
    };
    if (poll(polled, sizeof polled / sizeof *polled, -1) < 0) {
        if (errno == EINTR) return true;
        return mr_error_system(&self->error, errno, "could not wait for a job");
    }
    if (polled[1].revents || self->refused) end_process(self);
    *ended = polled[0].revents && !mp_process_alive(self->process);
    /* What the process has said before its end is in the pipes by now. */
    return pump_all(self, *ended);
}

/* ---- the result -------------------------------------------------------------------------------------------------- */

/* Why there is no result of a process that has ended. */
static bool tell_death(performance *self) {
    char end[96];
    int code = 0;
    if (mp_process_exit_code(self->process, &code) < 0)
        return mr_error_set(&self->error, "the process of the job has gone without a result");
    return mr_error_set(&self->error, "the process of the job %s", mr_describe_end(code, end, sizeof end));
}

/* Takes what lies in memory, with a zero behind it. */
static bool take_text(int file, mr_embedded_text *text, mr_error *error) {
    struct stat status;
    if (file < 0) return true;
    if (fstat(file, &status) < 0 || ftruncate(file, status.st_size + 1) < 0)
        return mr_error_system(error, errno, "could not take the output");
    size_t length = (size_t)status.st_size;
    void *bytes = mmap(NULL, length + 1, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) return mr_error_memory(error, length, "the output");
    *text = (mr_embedded_text){.bytes = bytes, .length = length};
    return true;
}

static void fill_result(mr_job_result *result, const mr_embedded_report *report) {
    result->input_bytes = report->input_bytes;
    result->records = report->records;
    result->results = report->results;
    result->output_bytes = report->output_bytes;
    result->spilled = report->spilled;
    result->retries = report->retries;
    result->bad_records = report->bad_records;
    result->peak_memory = report->peak_memory;
    result->workers = report->workers;
    result->seconds = report->seconds;
}

/* Says how it went, in this order: what the program wanted, what the job says, what has become of its process. */
static void conclude(performance *self, bool ended) {
    mr_job *job = self->job;
    const mr_embedded_report *report = job->report;
    mr_job_result *result = &job->result;
    bool complete = ended && report->complete, done = complete && report->done && !self->refused && !self->error.set;
    if (complete) fill_result(result, report);
    if (complete) take_text(self->statistics, &job->figures, &self->error);
    if (done) done = take_text(self->memory, &job->kept, &self->error);
    if (ended && !self->error.set && !complete) tell_death(self);
    if (complete && !report->signal && !self->error.set) self->error = report->error;
    self->error.text[sizeof self->error.text - 1] = 0;
    bool gone = complete && report->signal == SIGPIPE && !self->cancelled;
    if (gone) mr_error_set(&self->error, "the reader of the output has gone");
    bool cancelled = !done && !gone && ended && (self->refused || self->cancelled || (complete && report->signal));
    result->outcome = done ? MR_JOB_DONE : cancelled ? MR_JOB_CANCELLED : MR_JOB_FAILED;
    if (done) return;
    if (cancelled) self->error = (mr_error){0};
    if (cancelled) mr_error_set(&self->error, "the job was cancelled");
    result->usage = self->error.usage;
    job->failure = self->error;
}

bool mr_job_perform(mr_job *job) {
    performance self = {.job = job,
                        .memory = -1,
                        .statistics = -1,
                        .output = {.reader = -1, .writer = -1},
                        .messages = {.reader = -1, .writer = -1},
                        .progress = {.reader = -1, .writer = -1},
                        .error = job->mistake};
    bool ended = false, ok = !self.error.set;
    mr_embedded_forget(job);
    ok = ok && open_channels(&self) && start(&self);
    while (ok && !ended)
        ok = turn(&self, &ended);
    conclude(&self, ended);
    close_channels(&self);
    uint64_t wishes;
    if (ended) (void)!read(job->cancel, &wishes, sizeof wishes);
    return job->result.outcome == MR_JOB_DONE;
}
