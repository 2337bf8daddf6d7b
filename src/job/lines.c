#include "job/lines.h"

#include <signal.h>
#include <stdlib.h>

#include "base/units.h"

enum { BLOCK = 256 << 10 };

bool mr_signal_waits(void) {
    sigset_t waiting;
    if (sigpending(&waiting) < 0) return false;
    return sigismember(&waiting, SIGINT) || sigismember(&waiting, SIGTERM) || sigismember(&waiting, SIGHUP);
}

static uint64_t count_newlines(const char *bytes, size_t length) {
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += bytes[i] == '\n';
    return count;
}

/* Reads on up to an offset; false when that cannot be done. */
static bool count_up_to(mr_line_counter *counter, uint64_t offset) {
    mr_error ignored = {0}; /* a line that cannot be counted is left out */
    char *block = malloc(BLOCK);
    bool ok = block;
    while (ok && counter->offset < offset && !mr_signal_waits()) {
        size_t length = mr_smaller(BLOCK, offset - counter->offset);
        ok = mr_source_read(&counter->file, &counter->counted, block, length, counter->offset, &ignored);
        if (!ok) break;
        counter->newlines += count_newlines(block, length);
        counter->offset += length;
    }
    free(block);
    return ok && counter->offset == offset;
}

/* Starts at the beginning of the file, of which the source may be a part; of one whose bytes are held somewhere else at
 * the beginning of the source. */
static void start(mr_line_counter *counter, const mr_source *source) {
    mr_source_close(&counter->file);
    counter->source = source;
    counter->counted = *source;
    if (!source->held) {
        counter->counted.base = 0;
        counter->counted.size = source->file_size;
    }
    counter->offset = 0;
    counter->newlines = source->held ? source->lines_before : 0;
}

uint64_t mr_line_at(mr_line_counter *counter, const mr_source *source, uint64_t offset) {
    if (offset > source->size) return 0;
    if (!source->held) offset += source->base;
    if (counter->source != source || offset < counter->offset) start(counter, source);
    return count_up_to(counter, offset) ? counter->newlines + 1 : 0;
}

/* Counts the records in the first end bytes of a file, of which the last one ends there. */
static bool count_records(mr_source_file *file, const mr_source *whole, const mr_records *records, uint64_t end,
                          uint64_t *count, mr_error *error) {
    mr_record_scan scan = {0};
    size_t room = BLOCK, held = 0;
    char *block = malloc(room);
    bool ok = block || mr_error_memory(error, room, "counting records");
    for (uint64_t at = 0; ok && (at < end || held);) {
        size_t length = mr_smaller(room - held, end - at);
        ok = mr_source_read(file, whole, block + held, length, at, error);
        held += length;
        at += length;
        size_t done = ok ? mr_records_whole(records, &scan, block, held, SIZE_MAX, at == end) : 0;
        *count += mr_records_count(records, block, done);
        held -= done;
        memmove(block, block + done, held);
        mr_records_taken(&scan, done);
        if (!ok || done || held < room) continue;
        char *larger = realloc(block, 2 * room);
        ok = larger || mr_error_memory(error, 2 * room, "counting records");
        block = larger ? larger : block;
        room *= 2;
    }
    free(block);
    return ok;
}

bool mr_records_before(const mr_input *input, const mr_records *records, mr_source *source, mr_error *error) {
    mr_source_file file = {.file = -1, .folder = input->folder};
    mr_source whole = *source;
    source->records_before = 0;
    if (records->kind == MR_RECORDS_OWN || records->kind == MR_RECORDS_WHOLE) return true;
    whole.base -= source->origin;
    whole.size = source->origin + source->size;
    bool ok = count_records(&file, &whole, records, source->origin, &source->records_before, error);
    mr_source_close(&file);
    return ok;
}

const mr_source *mr_place_source(const mr_input *input, const mr_place *place) {
    if (place->kind != MR_PLACE_RECORD && place->kind != MR_PLACE_PIECE) return NULL;
    if (place->source >= input->count) return NULL;
    const mr_source *source = &input->sources[place->source];
    bool inside = place->offset <= source->size && place->length <= source->size - place->offset;
    return inside ? source : NULL;
}

void mr_line_counter_close(mr_line_counter *counter) {
    mr_source_close(&counter->file);
    counter->source = NULL;
}
