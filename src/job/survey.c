#include "job/survey.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/units.h"
#include "flow/input.h"
#include "job/coordination.h"
#include "job/forecast.h"

/* The pieces are a stratified sample: the input is divided into as many equal parts as there are pieces, and of each
 * part there is one piece, at a place that looks like chance. (Equal distances would be in step with data that repeat
 * themselves.) They are taken in the order of their bit-reversed numbers, so that however many of them have been looked
 * at, these are spread over the whole input. */

#define MIB (1024ull * 1024)

enum {
    SHARE = 100,     /* one part in so many is looked at, */
    LEAST = 1 << 20, /* but at least so much, */
    MOST = 64 << 20, /* and at most so much */
    SMALL = 4 << 20, /* of an input up to this size all is looked at */
    USUAL_PIECE = 32 << 10,
    SMALLEST_PIECE = 4 << 10,
    SMALLEST_READ = 2 << 10,
    LEAST_BLOCKS = 16,       /* of streams, however small they are beside the rest */
    LEAST_PARTITIONS = 2,    /* so few that each has something to do, as those of the job */
    READ_PIECES = 256,       /* of streams, more or less */
    LEAST_KEYS = 256,        /* are noted of a piece, whatever the memory */
    LEAST_TABLE = 256 << 10, /* bytes for counting the keys of a piece */
    MOST_TABLE = 16 << 20,
    FIRST_SHARE = 16, /* of the pieces that show how fast it goes */
};

#define MOST_SECONDS 3.0 /* to spend with counting; mapping in earnest takes about the same */

/* ---- the pieces -------------------------------------------------------------------------------------------------- */

mr_survey_piece *mr_survey_piece_of(const mr_job *job, uint64_t unit) {
    const mr_survey *survey = job->settings->survey;
    uint64_t index = unit < survey->planned ? unit : unit - survey->streams;
    return index < MR_SURVEY_PIECES ? &survey->pieces[index] : NULL;
}

/* A number that looks like chance. */
static uint64_t scatter(uint64_t number) {
    return mr_hash_bytes(&number, sizeof number);
}

/* number, of so many bits, with the bits in the opposite order. */
static uint64_t reverse(uint64_t number, unsigned bits) {
    uint64_t reversed = 0;
    for (unsigned i = 0; i < bits; i++)
        reversed |= (number >> i & 1) << (bits - 1 - i);
    return reversed;
}

/* Where the next stream behind a position begins. */
static uint64_t end_of_plain(const mr_input *input, uint64_t position) {
    for (size_t i = mr_input_find(input, position); i < input->count; i++)
        if (mr_source_is_stream(&input->sources[i]) && input->sources[i].start >= position)
            return input->sources[i].start;
    return input->bytes;
}

static mr_chunk piece_at(const mr_job *job, uint64_t number, uint64_t count) {
    const mr_input *input = &job->input;
    const mr_survey *survey = job->settings->survey;
    double part = (double)input->plain / (double)count;
    uint64_t first = (uint64_t)(part * (double)number), behind = (uint64_t)(part * (double)(number + 1));
    if (number + 1 == count) behind = input->plain;
    if (!survey->whole && behind - first > survey->piece_bytes) {
        first += scatter(number) % (behind - first - survey->piece_bytes + 1);
        behind = first + survey->piece_bytes;
    }
    mr_chunk piece = {.begin = mr_input_position(input, first), .first_record = 1, .quotes = MR_QUOTES_OUTSIDE};
    piece.end = mr_smaller(piece.begin + (behind - first), end_of_plain(input, piece.begin));
    piece.last = survey->whole && piece.end == end_of_plain(input, piece.begin);
    return piece;
}

/* How many pieces there are, and how large. */
static uint64_t choose_pieces(mr_job *job) {
    mr_survey *survey = job->settings->survey;
    uint64_t plain = job->input.plain, size = survey->size;
    if (!size) size = plain <= SMALL ? plain : mr_between(LEAST, plain / SHARE, MOST);
    if (survey->divisor) size /= survey->divisor;
    survey->whole = size >= plain;
    size = mr_smaller(size, plain);
    uint64_t count = mr_between(mr_smaller(16, size / SMALLEST_PIECE), size / USUAL_PIECE, MR_SURVEY_PIECES);
    count = mr_larger(count, 1);
    survey->piece_bytes = mr_larger(size / count, 1);
    return count;
}

static bool add_pieces(mr_job *job, mr_error *error) {
    uint64_t count = choose_pieces(job);
    unsigned bits = 0;
    if (!job->input.plain && job->input.streams) return true;
    while (1ull << bits < count)
        bits++;
    for (uint64_t i = 0; i < 1ull << bits; i++) {
        uint64_t number = reverse(i, bits);
        if (number >= count) continue;
        mr_chunk piece = piece_at(job, number, count);
        if (!mr_chunks_add(&job->chunks, &piece, error)) return false;
    }
    return true;
}

bool mr_survey_plan(mr_job *job, mr_error *error) {
    mr_survey *survey = job->settings->survey;
    survey->plan = job->plan;
    survey->chunks = job->chunks.count;
    survey->begun = mr_seconds();
    mr_chunks_close(&job->chunks);
    if (!add_pieces(job, error)) return false;
    survey->planned = job->chunks.count;
    for (size_t i = 0; i < job->input.count; i++)
        survey->streams += job->input.sources[i].form == MR_FORM_STREAM;
    if (job->input.streams) survey->whole = false;
    if (!survey->planned) survey->piece_bytes = USUAL_PIECE;
    job->plan.least_partitions = LEAST_PARTITIONS;
    uint64_t room = job->plan.memory / 8 / mr_larger(survey->planned, READ_PIECES) / sizeof(mr_survey_key);
    survey->piece_keys = (uint32_t)mr_between(LEAST_KEYS, room, MR_SURVEY_PIECE_KEYS);
    survey->table = mr_between(LEAST_TABLE, job->plan.memory / 16, MOST_TABLE);
    job->plan.piece = mr_between(SMALLEST_READ, survey->piece_bytes / 2, job->plan.piece);
    job->plan.text_block = mr_smaller(job->plan.text_block, survey->piece_bytes);
    survey->stream = calloc(survey->streams + 1, sizeof *survey->stream);
    uint64_t bytes = sizeof *survey->totals + MR_SURVEY_PIECES * sizeof *survey->pieces;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!survey->stream || memory == MAP_FAILED) return mr_error_memory(error, bytes, "a survey");
    survey->totals = memory;
    survey->pieces = (mr_survey_piece *)(survey->totals + 1);
    return true;
}

uint64_t mr_survey_bytes(const mr_job *job) {
    const mr_survey *survey = job->settings->survey;
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < job->chunks.count; i++) {
        bool wanted =
            i < survey->planned ? i < survey->wanted : i - survey->planned < survey->streams + survey->wanted_blocks;
        if (wanted) bytes += job->chunks.list[i].end - job->chunks.list[i].begin;
    }
    return bytes;
}

void mr_survey_close(mr_survey *survey) {
    if (survey->totals) munmap(survey->totals, sizeof *survey->totals + MR_SURVEY_PIECES * sizeof *survey->pieces);
    free(survey->stream);
    survey->totals = NULL;
    survey->stream = NULL;
}

/* ---- the phases -------------------------------------------------------------------------------------------------- */

/* Whether there is nothing more to be read than is wanted: each ring is full, or there is no stream left for it. */
static bool have_read_enough(const mr_streams *streams) {
    for (uint32_t i = 0; i < streams->job->plan.readers; i++)
        if (!mr_streams_ring_rests(streams, i)) return false;
    return true;
}

/* Notes how far streams have been read, and that they are not to be read any further. */
static void end_streams(mr_coordinator *self) {
    mr_survey *survey = self->job.settings->survey;
    for (size_t i = 0; i < self->streams.count; i++) {
        const mr_stream *stream = &self->streams.list[i];
        survey->stream[i] = (mr_survey_stream){
            .source = stream->source, .text = stream->next.offset, .coded = stream->coded, .ended = stream->ended};
    }
    mr_streams_stop(&self->streams);
    survey->blocks = self->streams.block_count;
}

/* Reads the beginnings of streams, but for pipes. */
static bool read_beginnings(mr_coordinator *self, mr_error *error) {
    if (!self->streams.count) return true;
    double start = mr_seconds();
    if (!mr_begin_phase(self, MR_TASK_READ, 0, error)) return false;
    while (!have_read_enough(&self->streams))
        if (!mr_streams_read(&self->streams, true, error) || !mr_turn(self, error)) return false;
    self->job.settings->survey->read_seconds = mr_seconds() - start;
    end_streams(self);
    return true;
}

bool mr_survey_open_units(mr_coordinator *self, uint32_t kind, mr_error *error) {
    const mr_survey *survey = self->job.settings->survey;
    mr_streams *streams = &self->streams;
    mr_units_close(&self->units);
    self->kind = kind;
    self->suspicion_count = 0;
    if (!mr_units_open(&self->units, streams->first_block, survey->wanted, error)) return false;
    for (uint64_t i = survey->wanted; i < streams->first_block; i++)
        mr_units_commit(&self->units);
    for (uint64_t i = 0; i < survey->wanted_blocks; i++)
        if (!mr_units_add(&self->units, error)) return false;
    if (!self->delivering) return true;
    for (uint64_t i = survey->wanted; i < self->job.chunks.count; i++)
        if (i < streams->first_block || i >= streams->first_block + survey->wanted_blocks)
            if (!mr_delivery_skip(&self->delivery, i, error)) return false;
    return true;
}

/* How much text all streams hold, if they go on as they begin. */
static double guess_streamed(const mr_coordinator *self) {
    const mr_survey *survey = self->job.settings->survey;
    double text = 0, coded = 0, size = 0;
    for (uint64_t i = 0; i < survey->streams; i++) {
        text += (double)survey->stream[i].text;
        coded += (double)survey->stream[i].coded;
        size += (double)self->job.input.sources[survey->stream[i].source].file_size;
    }
    return coded > 0 ? size * text / coded : 0;
}

/* So many blocks of streams that they weigh as much beside other pieces as streams do beside other input. */
static uint64_t fair_blocks(const mr_coordinator *self) {
    const mr_input *input = &self->job.input;
    double streamed = guess_streamed(self), plain = (double)mr_larger(input->plain, 1);
    return mr_larger(LEAST_BLOCKS, (uint64_t)((double)self->job.settings->survey->planned * streamed / plain));
}

/* Counts what comes of part of the pieces, at least one. */
static bool count_pieces(mr_coordinator *self, double share, mr_error *error) {
    mr_survey *survey = self->job.settings->survey;
    uint64_t room = MR_SURVEY_PIECES - survey->planned;
    if (survey->planned) room = mr_smaller(room, fair_blocks(self));
    uint64_t blocks = mr_smaller(survey->blocks, room), least = mr_larger(2ull * self->job.plan.workers, 4);
    uint64_t pieces = mr_larger((uint64_t)(share * (double)survey->planned), least);
    survey->wanted = mr_smaller(pieces, survey->planned);
    survey->wanted_blocks = mr_smaller(mr_larger((uint64_t)(share * (double)blocks), least), blocks);
    survey->cut = survey->wanted < survey->planned || survey->wanted_blocks < blocks;
    return mr_survey_open_units(self, MR_TASK_SURVEY, error) && mr_do_units(self, error);
}

/* Tells each piece of CSV how it has to be read from its begin on, by what is in it: to know it for sure all of the
 * input would have to be read. */
static bool guess_quotes(mr_coordinator *self, mr_error *error) {
    const mr_job *job = &self->job;
    uint64_t pieces = self->streams.planned;
    if (job->description.records.kind != MR_RECORDS_CSV || !pieces) return true;
    self->quotes = calloc(pieces, sizeof *self->quotes);
    if (!self->quotes) return mr_error_memory(error, pieces * sizeof *self->quotes, "quotes of pieces");
    if (!mr_begin_phase(self, MR_TASK_QUOTES, pieces, error) || !mr_do_units(self, error)) return false;
    for (uint64_t i = 0; i < pieces; i++)
        job->chunks.list[i].quotes = self->quotes[i].behind[MR_QUOTES_OUTSIDE] % MR_QUOTES_STATES;
    return true;
}

/* How long the counting of all wanted pieces has taken, without what other programs have taken. */
static double seconds_of_counting(const mr_coordinator *self) {
    const mr_survey *survey = self->job.settings->survey;
    uint64_t pieces = mr_larger(survey->wanted + survey->wanted_blocks, 1);
    double sum = 1e-9 * (double)atomic_load(&survey->totals->count_nanoseconds);
    return sum / (double)mr_smaller(self->job.plan.workers, pieces);
}

bool mr_survey_count(mr_coordinator *self, mr_error *error) {
    mr_survey *survey = self->job.settings->survey;
    double share = 1.0 / FIRST_SHARE;
    if (!read_beginnings(self, error) || !guess_quotes(self, error)) return false;
    if (!count_pieces(self, share, error)) return false;
    double possible = share * MOST_SECONDS / fmax(seconds_of_counting(self), 1e-9);
    if (survey->cut && !count_pieces(self, fmin(1, fmax(share, possible)), error)) return false;
    if (survey->cut) survey->whole = false;
    return true;
}
