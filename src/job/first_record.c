#include "job/first_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"

enum {
    WINDOW = 8 << 20, /* bytes of memory that a zstd frame may ask for at its beginning */
    STEP = 16 << 10   /* bytes that are looked at together */
};

/* ---- pipes ------------------------------------------------------------------------------------------------------- */

/* The copy for a source that is a pipe; NULL: there is none. */
static mr_first_copy *copy_of(const mr_first_records *first, size_t source) {
    size_t index = 0;
    for (size_t i = 0; i < source; i++)
        index += first->input->sources[i].form == MR_FORM_PIPE;
    return index < first->copy_count ? &first->copies[index] : NULL;
}

static bool share_copies(mr_first_records *first, mr_error *error) {
    size_t size = first->copy_count * sizeof *first->copies;
    if (!size) return true;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return mr_error_memory(error, size, "the first records of pipes");
    first->copies = memory;
    return true;
}

mr_first_records *mr_first_records_new(const mr_input *input, mr_error *error) {
    mr_first_records *first = calloc(1, sizeof *first);
    if (!first) {
        mr_error_memory(error, sizeof *first, "the first records of sources");
        return NULL;
    }
    first->input = input;
    for (size_t i = 0; i < input->count; i++)
        first->copy_count += input->sources[i].form == MR_FORM_PIPE;
    if (share_copies(first, error)) return first;
    mr_first_records_free(first);
    return NULL;
}

void mr_first_records_free(mr_first_records *first) {
    if (!first) return;
    if (first->copies) munmap(first->copies, first->copy_count * sizeof *first->copies);
    free(first->bytes);
    free(first);
}

void mr_first_record_keep(mr_first_records *first, const mr_records *records, size_t source, const char *bytes,
                          size_t length) {
    mr_first_copy *copy = copy_of(first, source);
    mr_record record = {.bytes = bytes};
    if (!copy || (length && !mr_record_next(records, bytes, bytes + length, &record))) return;
    if (record.length > sizeof copy->bytes) return;
    if (record.length) memcpy(copy->bytes, record.bytes, record.length);
    atomic_store_explicit(&copy->length, record.length + 1, memory_order_release);
}

static bool find_kept(const mr_first_records *first, size_t source, mr_slice *record) {
    mr_first_copy *copy = copy_of(first, source);
    uint64_t length = copy ? atomic_load_explicit(&copy->length, memory_order_acquire) : 0;
    if (length) *record = mr_bytes(copy->bytes, length - 1);
    return length > 0;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* A file, or text in memory, that is read from its beginning. */
typedef struct file_start {
    int file; /* -1: it is in memory */
    const mr_source *source;
    uint64_t at; /* bytes read so far */
} file_start;

static int64_t read_start(void *receiver, char *bytes, size_t room) {
    file_start *start = receiver;
    const mr_source *source = start->source;
    int64_t count = source->memory ? (int64_t)mr_smaller(room, source->file_size - start->at)
                                   : mr_read_at(start->file, bytes, room, start->at);
    if (source->memory) memcpy(bytes, source->memory + start->at, (size_t)count);
    if (count > 0) start->at += (uint64_t)count;
    return count < 0 ? MR_READ_FAILED : count;
}

/* Looks for a record at the beginning of what a decoder gives. found is false when it is longer. */
static bool decode_first(mr_decoder *decoder, const mr_records *records, char *bytes, mr_slice *record, bool *found,
                         mr_error *error) {
    size_t held = 0, whole = 0;
    bool last = false;
    mr_record_scan scan = {0};
    while (!whole && !last && held < MR_FIRST_RECORD_MOST) {
        enum mr_decoded state;
        size_t length;
        if (!mr_decode(decoder, bytes + held, mr_smaller(STEP, MR_FIRST_RECORD_MOST - held), &length, &state, error))
            return false;
        held += length;
        last = state == MR_DECODED_END;
        whole = mr_records_whole(records, &scan, bytes, held, 1, last);
    }
    mr_record first = {.bytes = bytes};
    *found = whole ? mr_record_next(records, bytes, bytes + whole, &first) : last;
    if (*found) *record = mr_bytes(first.bytes, first.length);
    return true;
}

/* The file that a source is in, from its beginning on: not what --only or --from-bad has left of it. -1 with errno set
 * when it cannot be opened. *borrowed: it is not to be closed. */
static int open_start(const mr_input *input, const mr_source *source, bool *borrowed) {
    int held = source->standard ? source->standard : source->held != input->held ? source->held : 0;
    *borrowed = held;
    return held ? held : openat(input->folder, source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static bool find_in_file(mr_first_records *first, const mr_records *records, const mr_source *source, mr_slice *record,
                         bool *found, mr_error *error) {
    bool borrowed = true;
    file_start start = {.source = source, .file = source->memory ? -1 : open_start(first->input, source, &borrowed)};
    if (start.file < 0 && !source->memory) return mr_error_system(error, errno, "could not read %s", source->path);
    mr_decoder decoder;
    bool ok = mr_decoder_open(&decoder, (mr_coded_source){read_start, &start}, WINDOW, error) &&
              decode_first(&decoder, records, first->bytes, record, found, error);
    mr_decoder_close(&decoder);
    if (!borrowed) close(start.file);
    return ok || mr_error_context(error, "%s", source->path);
}

bool mr_first_record_find(void *receiver, const mr_records *records, size_t source, mr_slice *record, bool *found,
                          mr_error *error) {
    mr_first_records *first = receiver;
    const mr_source *asked = &first->input->sources[source];
    *found = false;
    if (asked->form == MR_FORM_PIPE) {
        *found = find_kept(first, source, record);
        return true;
    }
    if (records->kind == MR_RECORDS_OWN || records->kind == MR_RECORDS_FIXED) return true;
    *found = first->asked == source + 1;
    if (*found) *record = first->record;
    if (*found) return true;
    first->asked = 0;
    if (!first->bytes) first->bytes = malloc(MR_FIRST_RECORD_MOST + MR_READ_SLACK);
    if (!first->bytes) return mr_error_memory(error, MR_FIRST_RECORD_MOST, "the first record of a source");
    if (!find_in_file(first, records, asked, record, found, error)) return false;
    first->record = *record;
    first->asked = *found ? source + 1 : 0;
    return true;
}
