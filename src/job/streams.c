#include "job/streams.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "job/wording.h"

/* Readers must never wait for each other, nor for a unit that waits for them. A ring is never full of text that nobody
 * will map: its blocks are units, and units of streams are handed out before others. It may be full of text that has
 * been mapped and not been committed: mr_streams_pressing says so, and workers are told to seal. And it may be full
 * with a record that is longer than the ring: then all before it has been released, and the reader says what is wrong.
 *
 * Nor does a slow reader of the output hold everything up: the next part that it needs is a block of the first stream
 * that has not been mapped to its end, and that stream has a reader, since streams are read in the order of the input,
 * and the ring of that reader has room, since what came before has been mapped, delivered and released. */

enum {
    READ_AHEAD = 16 << 20,    /* text of a stream for a sample of its keys */
    STEADY_AHEAD = 512 << 10, /* the same where the sample shows in the output */
    CRASHES_MAX = 3,          /* of a reader in a row that end the job */
    KILLS_MAX = 50            /* the same, by somebody else */
};

bool mr_streams_open(mr_streams *streams, mr_job *job, mr_crew *crew, mr_error *error) {
    const mr_input *input = &job->input;
    *streams = (mr_streams){.job = job, .crew = crew, .planned = job->chunks.count};
    streams->list = calloc(input->streams + 1, sizeof *streams->list);
    streams->rings = calloc(job->plan.readers + 1, sizeof *streams->rings);
    if (!streams->list || !streams->rings)
        return mr_error_memory(error, input->streams * sizeof *streams->list, "the list of streams");
    for (size_t i = 0; i < input->count; i++) {
        const mr_source *source = &input->sources[i];
        if (!mr_source_is_stream(source)) continue;
        if (job->settings->survey && source->form == MR_FORM_PIPE) continue; /* it could not be read again */
        mr_chunk end = {.begin = source->start + source->size, .end = source->start + source->size};
        streams->list[streams->count++] =
            (mr_stream){.source = i, .unit = job->chunks.count, .last = MR_NO_UNIT, .next = {.record = 1, .line = 1}};
        if (!mr_chunks_add(&job->chunks, &end, error)) return false;
    }
    streams->first_block = job->chunks.count;
    return true;
}

void mr_streams_close(mr_streams *streams) {
    for (uint32_t i = 0; streams->rings && i < streams->job->plan.readers; i++)
        free(streams->rings[i].units);
    free(streams->rings);
    free(streams->blocks);
    free(streams->list);
    *streams = (mr_streams){0};
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Whether there is something to be read into a ring. */
static bool has_more(const mr_streams *streams, const mr_text_ring *ring) {
    return ring->stream || streams->begun < streams->count;
}

/* Whether the reader of a ring is not at work, because there is too little room. */
static bool waits_for_room(const mr_streams *streams, const mr_text_ring *ring) {
    uint64_t room = streams->job->plan.ring - (ring->head + ring->partial - ring->released);
    return !ring->reading && room < streams->job->plan.ring / 4 && ring->first < ring->count;
}

bool mr_streams_read(mr_streams *streams, bool idle, mr_error *error) {
    const mr_plan *plan = &streams->job->plan;
    if (streams->job->alone && !idle) return true;
    for (uint32_t i = 0; i < plan->readers; i++) {
        mr_text_ring *ring = &streams->rings[i];
        if (ring->reading || !has_more(streams, ring) || waits_for_room(streams, ring)) continue;
        mr_stream *stream = ring->stream ? ring->stream : &streams->list[streams->begun];
        mr_task task = {.kind = MR_TASK_READ, .unit = stream->source, .offset = stream->blocks, .block = stream->next};
        task.block.start = ring->head;
        bool taken;
        if (!mr_crew_assign(streams->crew, plan->workers + i, &task, &taken, error)) return false;
        if (!taken) continue;
        if (!stream->begun) streams->begun++;
        stream->begun = true;
        ring->stream = stream;
        ring->reading = true;
        ring->partial = 0;
    }
    return true;
}

/* Puts a unit behind the others of a ring. */
static bool add_to_ring(mr_text_ring *ring, uint64_t unit, mr_error *error) {
    if (ring->count == ring->room && ring->first > ring->room / 2) {
        memmove(ring->units, ring->units + ring->first, (ring->count - ring->first) * sizeof *ring->units);
        ring->count -= ring->first;
        ring->first = 0;
    }
    if (ring->count == ring->room) {
        size_t room = ring->room ? 2 * ring->room : 64;
        uint64_t *larger = realloc(ring->units, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the blocks of a stream");
        ring->units = larger;
        ring->room = room;
    }
    ring->units[ring->count++] = unit;
    return true;
}

static bool add_block(mr_streams *streams, const mr_ring_block *block, mr_error *error) {
    if (streams->block_count == streams->block_room) {
        uint64_t room = streams->block_room ? 2 * streams->block_room : 64;
        mr_ring_block *larger = realloc(streams->blocks, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the blocks of a stream");
        streams->blocks = larger;
        streams->block_room = room;
    }
    streams->blocks[streams->block_count++] = *block;
    return true;
}

bool mr_streams_take_block(mr_streams *streams, const mr_report *report, mr_stream **stream, mr_error *error) {
    mr_job *job = streams->job;
    uint32_t index = report->worker - job->plan.workers;
    mr_text_ring *ring = &streams->rings[index];
    const mr_text_block *block = &report->block;
    *stream = ring->stream;
    const mr_source *source = &job->input.sources[ring->stream->source];
    mr_chunk chunk = {.begin = source->start + block->offset,
                      .end = source->start + block->offset + block->length,
                      .first_record = block->record,
                      .at_record = true,
                      .text = job->rings[index].base + block->start % job->plan.ring,
                      .text_length = block->length,
                      .source = ring->stream->source};
    if (block->offset == 0)
        mr_first_record_keep(job->first, &job->description.records, chunk.source, chunk.text, chunk.text_length);
    ring->head = block->start + block->length;
    ring->stream->blocks++;
    ring->stream->next = (mr_text_block){.offset = block->offset + block->length,
                                         .record = block->record + block->records,
                                         .line = block->line + block->lines};
    ring->stream->coded = report->coded;
    job->input.read += block->length;
    streams->crew->members[report->worker].failed_errands = 0;
    return add_to_ring(ring, job->chunks.count, error) &&
           add_block(streams, &(mr_ring_block){.end = ring->head, .line = block->line, .ring = index}, error) &&
           mr_chunks_add(&job->chunks, &chunk, error);
}

void mr_streams_take_done(mr_streams *streams, const mr_report *report, mr_stream **ended) {
    mr_text_ring *ring = &streams->rings[report->worker - streams->job->plan.workers];
    ring->reading = false;
    ring->partial = report->more ? report->partial : 0;
    *ended = NULL;
    if (report->more) return;
    *ended = ring->stream;
    ring->stream->ended = true;
    ring->stream = NULL;
    streams->ended++;
}

bool mr_streams_lose_reader(mr_streams *streams, uint32_t index, int code, mr_error *error) {
    mr_member *member = &streams->crew->members[index];
    mr_text_ring *ring = &streams->rings[index - streams->job->plan.workers];
    const mr_source *source = ring->stream ? &streams->job->input.sources[ring->stream->source] : NULL;
    char end[96];
    unsigned most = code == -SIGKILL || code == -SIGTERM ? KILLS_MAX : CRASHES_MAX;
    mr_describe_end(code, end, sizeof end);
    ring->reading = false;
    ring->partial = 0;
    member->assignment_count = 0;
    member->busy = 0;
    if (source && source->form == MR_FORM_PIPE)
        return mr_error_set(error, "%s: the process that reads it %s, and what it had read is lost; run again",
                            source->path, end);
    if (++member->failed_errands < most) return true;
    return mr_error_set(error, "%s: the process that reads it %s, %u times in a row",
                        source ? source->path : "the input", end, member->failed_errands);
}

/* ---- releasing --------------------------------------------------------------------------------------------------- */

/* The block of a unit; NULL: the unit is none. */
static mr_ring_block *block_of(const mr_streams *streams, uint64_t unit) {
    return unit >= streams->first_block ? &streams->blocks[unit - streams->first_block] : NULL;
}

void mr_streams_commit(mr_streams *streams, uint64_t unit) {
    mr_ring_block *block = block_of(streams, unit);
    if (!block) return;
    block->committed = true;
    mr_text_ring *ring = &streams->rings[block->ring];
    uint64_t before = ring->released;
    for (; ring->first < ring->count; ring->first++) {
        mr_ring_block *oldest = block_of(streams, ring->units[ring->first]);
        if (!oldest->committed) break;
        oldest->released = true;
        ring->released = oldest->end;
    }
    mr_slot *slot = &streams->job->shared->slots[streams->job->plan.workers + block->ring];
    if (ring->released != before) atomic_store_explicit(&slot->released, ring->released, memory_order_release);
}

bool mr_streams_has_text(const mr_streams *streams, uint64_t unit) {
    const mr_ring_block *block = block_of(streams, unit);
    return !block || !block->released;
}

/* Bytes of blocks in each ring that have been mapped and not been committed. */
static uint64_t uncommitted(const mr_streams *streams, uint32_t ring) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < streams->job->plan.workers; i++) {
        const mr_member *member = &streams->crew->members[i];
        for (size_t j = 0; j < member->assignment_count; j++) {
            const mr_assignment *assignment = &member->assignments[j];
            if (assignment->kind != MR_TASK_MAP || !assignment->done || assignment->committed) continue;
            const mr_ring_block *block = block_of(streams, assignment->unit);
            if (block && block->ring == ring) bytes += streams->job->chunks.list[assignment->unit].text_length;
        }
    }
    return bytes;
}

bool mr_streams_pressing(const mr_streams *streams, bool starving) {
    for (uint32_t i = 0; i < streams->job->plan.readers; i++) {
        const mr_text_ring *ring = &streams->rings[i];
        if (!has_more(streams, ring)) continue;
        if (starving && waits_for_room(streams, ring)) return true;
        if (uncommitted(streams, i) > streams->job->plan.ring / 2) return true;
    }
    return false;
}

/* ---- looking ahead ----------------------------------------------------------------------------------------------- */

/* How much is read until a sample is taken is a matter of chance. Where that shows in the output the sample is of the
 * beginning of the first stream only, which is read in any case. */
static bool first_is_ahead(const mr_streams *streams) {
    const mr_stream *first = &streams->list[0];
    bool waits = false;
    for (uint32_t i = 0; i < streams->job->plan.readers; i++)
        waits |= streams->rings[i].stream == first && waits_for_room(streams, &streams->rings[i]);
    return first->ended || first->next.offset > STEADY_AHEAD || waits;
}

bool mr_streams_are_ahead(const mr_streams *streams) {
    if (streams->ended == streams->count) return true;
    if (streams->job->plan.steady) return first_is_ahead(streams);
    for (uint32_t i = 0; i < streams->job->plan.readers; i++) {
        const mr_text_ring *ring = &streams->rings[i];
        uint64_t enough = mr_smaller(READ_AHEAD, streams->job->plan.ring / 2);
        if (has_more(streams, ring) && !waits_for_room(streams, ring) && ring->head < enough) return false;
    }
    return true;
}

bool mr_streams_ring_rests(const mr_streams *streams, uint32_t ring) {
    const mr_text_ring *rests = &streams->rings[ring];
    return !rests->reading && (!has_more(streams, rests) || waits_for_room(streams, rests));
}

void mr_streams_stop(mr_streams *streams) {
    for (size_t i = 0; i < streams->count; i++)
        streams->list[i].begun = streams->list[i].ended = true;
    for (uint32_t i = 0; i < streams->job->plan.readers; i++)
        streams->rings[i].stream = NULL;
    streams->begun = streams->ended = streams->count;
}

/* The guess, unless there is but one stream and it is short: what else is known is a matter of chance. */
static uint64_t guess_steadily(const mr_streams *streams) {
    const mr_input *input = &streams->job->input;
    const mr_stream *first = &streams->list[0];
    bool known = streams->count == 1 && first->ended && first->next.offset <= STEADY_AHEAD;
    return streams->count && !known ? input->guess : input->plain + input->read;
}

/* Whether a block may be sampled. */
static bool is_sampled(const mr_streams *streams, const mr_chunk *block) {
    const mr_stream *first = &streams->list[0];
    uint64_t start = streams->job->input.sources[first->source].start;
    return !streams->job->plan.steady || (block->source == first->source && block->begin - start <= STEADY_AHEAD);
}

const mr_chunk *mr_streams_sample(const mr_streams *streams, uint64_t index, uint64_t count) {
    const mr_chunk *blocks = streams->job->chunks.list + streams->first_block, *found = blocks;
    uint64_t sampled = 0, seen = 0;
    for (uint64_t i = 0; i < streams->block_count; i++)
        sampled += is_sampled(streams, &blocks[i]);
    uint64_t wanted = (uint64_t)((double)sampled * (double)index / (double)count);
    for (uint64_t i = 0; i < streams->block_count && seen <= wanted; i++)
        if (is_sampled(streams, &blocks[i]) && seen++ == wanted) found = &blocks[i];
    return found;
}

uint64_t mr_streams_guess(const mr_streams *streams) {
    const mr_input *input = &streams->job->input;
    if (streams->job->plan.steady) return guess_steadily(streams);
    if (streams->ended == streams->count) return input->plain + input->read;
    return mr_larger(input->guess, input->plain + input->read);
}

/* What a stream that has not ended will come to: as many bytes of text for each of its bytes as it has had so far, or,
 * when it has not begun, as all streams have had (text, coded). */
static uint64_t expected_text(const mr_streams *streams, const mr_stream *stream, double text, double coded) {
    const mr_source *source = &streams->job->input.sources[stream->source];
    if (stream->coded) {
        text = (double)stream->next.offset;
        coded = (double)stream->coded;
    }
    double expected = coded > 0 ? (double)source->file_size * text / coded : (double)source->file_size;
    return mr_larger(stream->next.offset, (uint64_t)expected);
}

uint64_t mr_streams_text(const mr_streams *streams, bool *known) {
    const mr_input *input = &streams->job->input;
    double text = 0, coded = 0;
    uint64_t bytes = input->plain;
    *known = true;
    for (size_t i = 0; i < streams->count; i++) {
        text += (double)streams->list[i].next.offset;
        coded += (double)streams->list[i].coded;
    }
    for (size_t i = 0; i < streams->count; i++) {
        const mr_stream *stream = &streams->list[i];
        if (stream->ended)
            bytes += stream->next.offset;
        else if (input->sources[stream->source].form == MR_FORM_PIPE)
            *known = false;
        else
            bytes += expected_text(streams, stream, text, coded);
    }
    return bytes;
}

uint64_t *mr_streams_order(const mr_streams *streams, mr_error *error) {
    const mr_chunk *chunks = streams->job->chunks.list;
    uint64_t count = streams->job->chunks.count, filled = 0, chunk = 0;
    uint64_t *order = calloc(count + 1, sizeof *order);
    if (!order) {
        mr_error_memory(error, count * sizeof *order, "the parts of the output");
        return NULL;
    }
    for (size_t i = 0; i < streams->count; i++) {
        mr_stream *stream = &streams->list[i];
        uint64_t start = streams->job->input.sources[stream->source].start;
        while (chunk < streams->planned && chunks[chunk].end <= start)
            order[filled++] = chunk++;
        stream->last = filled ? order[filled - 1] : MR_NO_UNIT;
        order[filled++] = stream->unit;
    }
    while (chunk < streams->planned)
        order[filled++] = chunk++;
    for (chunk = streams->first_block; chunk < count; chunk++)
        order[filled++] = chunk;
    return order;
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static uint64_t count_newlines(const char *text, const char *end) {
    uint64_t count = 0;
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        count++;
    return count;
}

bool mr_streams_keep_text(mr_streams *streams, const mr_place *place, uint64_t unit, mr_error *error) {
    const mr_job *job = streams->job;
    bool somewhere = place->kind == MR_PLACE_RECORD || place->kind == MR_PLACE_PIECE;
    if (!somewhere || !block_of(streams, unit) || mr_texts_find(&job->texts, place)) return true;
    const mr_chunk *chunk = &job->chunks.list[unit];
    uint64_t begin = chunk->begin - job->input.sources[chunk->source].start;
    /* The place may have come through memory that a plugin has written to. */
    if (place->source != chunk->source || place->offset < begin || place->offset - begin > chunk->text_length)
        return true;
    const char *text = chunk->text + (place->offset - begin);
    mr_text_copy about = {.source = place->source,
                          .offset = place->offset,
                          .length = mr_smaller(place->length, chunk->text_length - (place->offset - begin)),
                          .line = block_of(streams, unit)->line + count_newlines(chunk->text, text)};
    return mr_texts_add(&streams->job->texts, job->temporary, &about, text, error);
}
