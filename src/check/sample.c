#include "check/sample.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "flow/input.h"
#include "host/fault.h"
#include "job/watchdog.h"

enum {
    PIECES = 16,            /* of a file that is too large to be taken as a whole */
    SOURCES_MOST = 400,     /* of which something is taken */
    PIECE = 256 << 10,      /* bytes that are read at once */
    RECORD_MOST = 64 << 20, /* the longest record that is taken */
    WINDOW = 64 << 20,      /* memory that a zstd frame may ask for */
    TAKING_SECONDS = 600    /* for a pipe that nobody writes to */
};

/* Taking the sample, in a process of its own: the plugin may say where records end. */
typedef struct taking {
    mr_sample *sample;
    const mr_job *job;
    uint64_t wanted;     /* bytes of the whole sample */
    mr_context context;  /* the plugin */
    mr_records records;  /* what they are */
    mr_source_file file; /* being read */
    uint64_t used;       /* bytes of the sample */
    uint64_t held;       /* bytes that the source at hand has in it */
    uint64_t number;     /* of its records */
    size_t source;       /* index of the source at hand */
} taking;

/* ---- records ----------------------------------------------------------------------------------------------------- */

static bool add_record(taking *self, const mr_record *record, uint64_t offset) {
    mr_board *board = self->sample->board;
    uint64_t bytes = (uint64_t)(record->end - record->bytes);
    board->seen += bytes;
    if (bytes > RECORD_MOST || bytes > self->sample->size - self->used || board->record_count == MR_SAMPLE_RECORDS) {
        board->dropped++;
        return false;
    }
    memcpy(self->sample->bytes + self->used, record->bytes, bytes);
    board->records[board->record_count++] = (mr_sample_record){.at = self->used,
                                                               .offset = offset,
                                                               .held = self->held,
                                                               .number = ++self->number,
                                                               .source = (uint32_t)self->source,
                                                               .length = (uint32_t)record->length,
                                                               .bytes = (uint32_t)bytes};
    board->longest = mr_larger(board->longest, bytes);
    self->used += bytes;
    self->held += bytes;
    return true;
}

static void add_records(taking *self, const char *bytes, size_t length, uint64_t offset) {
    mr_record record = {.end = bytes};
    while (mr_record_next(&self->records, record.end, bytes + length, &record))
        if (!add_record(self, &record, offset + (uint64_t)(record.bytes - bytes))) self->sample->board->whole = 0;
}

static bool take_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    taking *self = receiver;
    (void)error;
    add_records(self, piece->bytes, piece->length, piece->source->origin + piece->offset);
    return true;
}

/* ---- files that can be read anywhere ----------------------------------------------------------------------------- */

/* Takes the records that begin in length bytes from offset on. */
static bool take_range(taking *self, mr_splitter *splitter, uint64_t offset, uint64_t length, mr_error *error) {
    uint64_t begin = self->job->input.sources[self->source].start + offset;
    mr_chunk chunk = {.begin = begin, .end = begin + length, .quotes = MR_QUOTES_OUTSIDE, .first_record = 1};
    return mr_split_chunk(splitter, &chunk, take_piece, self, error);
}

/* Whether records can be found from any place of a file on. */
static bool can_be_cut(const taking *self) {
    return self->records.kind != MR_RECORDS_CSV && !mr_records_sequential(&self->records);
}

static bool take_plain(taking *self, const mr_source *source, uint64_t share, mr_error *error) {
    mr_splitter splitter;
    mr_source_reader reader = {mr_source_read, mr_source_check, &self->file};
    bool whole = source->size <= share;
    uint64_t pieces = whole || !can_be_cut(self) ? 1 : PIECES;
    if (!whole) self->sample->board->whole = 0;
    if (!source->size) return true;
    bool ok = mr_splitter_open(&splitter, &self->job->input, &self->records, reader, PIECE, RECORD_MOST, error);
    for (uint64_t i = 0; i < pieces && ok; i++) {
        uint64_t offset = source->size / pieces * i;
        ok =
            take_range(self, &splitter, offset, mr_smaller(mr_larger(1, share / pieces), source->size - offset), error);
    }
    mr_splitter_close(&splitter);
    return ok;
}

/* ---- what is read from front to back ----------------------------------------------------------------------------- */

static int64_t read_stream(void *receiver, char *bytes, size_t room) {
    const int *file = receiver;
    for (;;) {
        ssize_t count = read(*file, bytes, room);
        if (count >= 0) return count;
        if (errno == EAGAIN)
            (void)poll(&(struct pollfd){.fd = *file, .events = POLLIN}, 1, -1);
        else if (errno != EINTR)
            return MR_READ_FAILED;
    }
}

/* Decodes until there is so much of it. */
static bool decode_front(taking *self, mr_decoder *decoder, char *bytes, size_t room, mr_error *error) {
    size_t held = 0;
    bool last = false;
    while (!last && held < room) {
        enum mr_decoded state;
        size_t length;
        if (!mr_decode(decoder, bytes + held, room - held, &length, &state, error)) return false;
        held += length;
        last = state == MR_DECODED_END;
    }
    mr_record_scan scan = {0};
    add_records(self, bytes, mr_records_whole(&self->records, &scan, bytes, held, SIZE_MAX, last), 0);
    if (!last) self->sample->board->whole = 0;
    return true;
}

static bool take_stream(taking *self, const mr_source *source, uint64_t share, mr_error *error) {
    mr_decoder decoder;
    size_t room = mr_larger(share, 64 << 10);
    char *bytes = malloc(room + MR_READ_SLACK);
    if (!bytes) return mr_error_memory(error, room, "a sample");
    bool ok = mr_source_open(&self->file, source, error) &&
              mr_decoder_open(&decoder, (mr_coded_source){read_stream, &self->file.file}, WINDOW, error);
    if (ok) {
        ok = decode_front(self, &decoder, bytes, room, error);
        mr_decoder_close(&decoder);
    }
    free(bytes);
    return ok || mr_error_context(error, "%s", source->path);
}

/* ---- all sources ------------------------------------------------------------------------------------------------- */

/* The bytes that a source may contribute: by its size, or the same for all streams. */
static uint64_t share_of(const taking *self, const mr_source *source) {
    const mr_input *input = &self->job->input;
    uint64_t for_streams = input->streams ? self->wanted / (input->plain ? 2 : 1) : 0;
    if (mr_source_is_stream(source)) return for_streams / mr_larger(1, input->streams);
    uint64_t for_plain = self->wanted - for_streams;
    if (input->plain <= for_plain) return source->size;
    return (uint64_t)((double)source->size / (double)input->plain * (double)for_plain);
}

static bool take_all(taking *self, mr_error *error) {
    const mr_input *input = &self->job->input;
    size_t step = (input->count + SOURCES_MOST - 1) / SOURCES_MOST;
    if (step > 1) self->sample->board->whole = 0;
    for (size_t i = 0; i < input->count; i += step) {
        const mr_source *source = &input->sources[i];
        self->source = i;
        self->held = self->number = 0;
        bool stream = mr_source_is_stream(source);
        if (!(stream ? take_stream : take_plain)(self, source, share_of(self, source), error)) return false;
    }
    return true;
}

/* For who looks whether a callback ends: each call is another place. */
static void say_place(taking *self) {
    mr_place *place = &self->context.where->place;
    *place = (mr_place){.kind = MR_PLACE_PIECE, .source = self->source, .offset = place->offset + 1};
}

static size_t divide_record(void *receiver, const char *bytes, size_t length, bool last) {
    taking *self = receiver;
    say_place(self);
    return mr_context_record(&self->context, bytes, length, last);
}

static size_t find_record(void *receiver, const char *bytes, size_t length, bool last) {
    taking *self = receiver;
    say_place(self);
    return mr_context_find_record(&self->context, bytes, length, last);
}

static bool divide_failed(void *receiver, mr_error *error) {
    taking *self = receiver;
    mr_context_ok(&self->context, error);
    return false;
}

/* Only a plugin that divides records itself has to be loaded. */
static bool open_records(taking *self, mr_error *error) {
    mr_setup setup = mr_job_setup(self->job);
    setup.where = &self->job->shared->slots[0].where;
    self->records = self->job->description.records;
    if (self->records.kind != MR_RECORDS_OWN) return true;
    if (!mr_context_open(&self->context, &setup, error) || !mr_context_start(&self->context, error)) return false;
    self->records.first = divide_record;
    self->records.begin = self->context.loaded.plugin.find_record ? find_record : NULL;
    self->records.failure = divide_failed;
    self->records.receiver = self;
    return true;
}

static int take_in_child(void *argument) {
    taking *self = argument;
    mr_board *board = self->sample->board;
    self->file = (mr_source_file){.file = -1, .folder = self->job->input.folder};
    board->whole = 1;
    bool ok =
        dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 && open_records(self, &board->error) && take_all(self, &board->error);
    board->bytes = self->used;
    board->finished = 1 + ok;
    return 0;
}

/* ---- inputs in memory -------------------------------------------------------------------------------------------- */

/* Lays records down from *to on, and says what each source has of them. records NULL: all, which lie there already. */
static void hold(const mr_sample *sample, const uint32_t *records, size_t count, char *bytes, mr_held *held) {
    for (size_t i = 0; i < sample->source_count; i++)
        held[i] = (mr_held){.bytes = mr_bytes(bytes, 0)};
    for (size_t i = 0; i < count; i++) {
        const mr_sample_record *record = &sample->board->records[records ? records[i] : i];
        mr_slice *source = &held[record->source].bytes;
        if (!source->length) source->data = bytes;
        if (records) memcpy(bytes, sample->bytes + record->at, record->bytes);
        source->length += record->bytes;
        bytes += record->bytes;
    }
}

uint64_t mr_sample_find(const mr_board *board, const mr_place *place) {
    uint64_t i = 0;
    while (i < board->record_count &&
           (board->records[i].source != place->source || board->records[i].held != place->offset))
        i++;
    return i;
}

bool mr_sample_part_of(mr_sample_part *part, const mr_sample *sample, const uint32_t *records, size_t count,
                       mr_error *error) {
    size_t length = 1;
    for (size_t i = 0; i < count; i++)
        length += sample->board->records[records[i]].bytes;
    *part = (mr_sample_part){.held = calloc(sample->source_count, sizeof *part->held), .bytes = malloc(length)};
    if (!part->held || !part->bytes) return mr_error_memory(error, length, "a part of the sample");
    hold(sample, records, count, part->bytes, part->held);
    return true;
}

void mr_sample_part_free(mr_sample_part *part) {
    free(part->held);
    free(part->bytes);
    *part = (mr_sample_part){0};
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

/* Waits for the child. false, with error set: it takes too long, and has been ended. */
static bool await_child(const taking *self, mp_process *process, mr_error *error) {
    const mr_where *where = &self->job->shared->slots[0].where;
    uint64_t timeout = self->job->settings->timeout;
    double deadline = mr_seconds() + TAKING_SECONDS;
    mr_watchdog watchdog = {0};
    while (mp_process_join(process, mr_watchdog_pause(timeout)) < 0) {
        bool stuck = mr_watchdog_look(&watchdog, mp_process_id(process), where, 0, timeout);
        if (!stuck && mr_seconds() < deadline) continue;
        mp_process_kill(process);
        mp_process_join(process, -1);
        if (!stuck)
            return mr_error_set(
                error, "it takes too long to read a sample of the input (more than %d s): give less with --sample",
                TAKING_SECONDS);
        const char *callback = mr_told_callback(where->callback);
        return mr_error_set(error, "plugin %s, in %s: it took longer than %g s (--timeout) to say where a record is",
                            self->job->description.name, callback ? callback : "record", (double)timeout * 1e-3);
    }
    return true;
}

static bool ask_child(taking *self, mr_error *error) {
    mp_process *process;
    mp_process_options options = {.name = "mr-sample", .flags = MP_PROCESS_DAEMON};
    mr_board *board = self->sample->board;
    int code = mp_process_start(&process, &options, take_in_child, self);
    if (code < 0) return mr_error_start(error, -code);
    bool ended = await_child(self, process, error);
    code = 0;
    mp_process_exit_code(process, &code);
    mp_process_free(process);
    if (!ended) return false;
    if (code || !board->finished)
        return mr_error_set(error, "the plugin crashes while it says where records end; mr run shows where");
    if (board->finished == 2) return true;
    *error = board->error;
    error->text[sizeof error->text - 1] = 0; /* it comes from a process with a plugin */
    return false;
}

/* Nothing that the child has left is to lead beyond the sample. */
static bool is_sound(const mr_sample *sample) {
    const mr_board *board = sample->board;
    if (board->record_count > MR_SAMPLE_RECORDS) return false;
    for (uint64_t i = 0; i < board->record_count; i++) {
        const mr_sample_record *record = &board->records[i];
        if (record->at > sample->size || record->bytes > sample->size - record->at || record->length > record->bytes ||
            record->source >= sample->source_count)
            return false;
    }
    return true;
}

bool mr_sample_take(mr_sample *sample, const mr_job *job, uint64_t bytes, mr_error *error) {
    sample->source_count = job->input.count;
    sample->size = bytes + 2 * (size_t)RECORD_MOST;
    sample->held = calloc(sample->source_count, sizeof *sample->held);
    sample->bytes = mmap(NULL, sample->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!sample->held || sample->bytes == MAP_FAILED) return mr_error_memory(error, sample->size, "a sample");
    taking *self = calloc(1, sizeof *self);
    if (!self) return mr_error_memory(error, sizeof *self, "a sample");
    *self = (taking){.sample = sample, .job = job, .wanted = bytes};
    bool ok = ask_child(self, error);
    free(self);
    if (!ok) return false;
    if (!is_sound(sample)) return mr_error_set(error, "the plugin has written where it may not");
    hold(sample, NULL, sample->board->record_count, sample->bytes, sample->held);
    return true;
}

void mr_sample_close(mr_sample *sample) {
    if (sample->bytes && sample->bytes != MAP_FAILED) munmap(sample->bytes, sample->size);
    free(sample->held);
}
