/* Fuzzes --only and the counting of lines: of a file the records are left that begin in a range of its bytes, and every
 * byte of them has the line number that a reference counts. */
#include "fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "flow/input.h"
#include "job/lines.h"

static int file; /* the input */
static char path[64];

/* Whether a record begins at a place. */
static bool begins_record(mr_slice text, uint64_t at) {
    return at < text.length && (at == 0 || text.data[at - 1] == '\n');
}

/* The bytes of the records that begin in a range, which lie one behind the other. */
static mr_slice find_records(mr_slice text, uint64_t offset, uint64_t length) {
    uint64_t begin = offset, end, limit = mr_smaller(text.length, mr_add_capped(offset, length));
    while (begin < limit && !begins_record(text, begin))
        begin++;
    if (begin >= limit) return mr_bytes(NULL, 0);
    for (end = limit; end < text.length && !begins_record(text, end);)
        end++;
    return mr_bytes(text.data + begin, end - begin);
}

static uint64_t line_of(mr_slice text, uint64_t at) {
    uint64_t line = 1;
    for (uint64_t i = 0; i < at; i++)
        line += text.data[i] == '\n';
    return line;
}

static void check_lines(const mr_input *input, mr_slice text, fuzz_input *in) {
    const mr_source *source = &input->sources[0];
    mr_line_counter counter = {.file = {.file = -1, .folder = input->folder}};
    for (int i = 0; i < 4; i++) {
        uint64_t at = take_number(in, source->size);
        require(mr_line_at(&counter, source, at) == line_of(text, source->base + at));
    }
    mr_line_counter_close(&counter);
}

static void check_content(const mr_input *input, mr_slice expected) {
    const mr_source *source = &input->sources[0];
    mr_source_file open = {.file = -1, .folder = input->folder};
    mr_error error = {0};
    char *content = fuzz_allocate(expected.length);
    require(source->size == expected.length && input->bytes == expected.length);
    require(mr_source_read(&open, source, content, source->size, 0, &error));
    require(mr_source_check(&open, source, &error));
    require(same_slice(expected, content, source->size));
    mr_source_close(&open);
    free(content);
}

static void prepare(void) {
    file = memfd_create("input", MFD_CLOEXEC);
    require(file > 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    mr_input input;
    mr_error error = {0};
    const char *const paths[] = {path};
    if (!file) prepare();
    bool near = take_bool(&in);
    uint64_t offset = take_number(&in, near ? 255 : UINT64_MAX), length = 1 + take_number(&in, near ? 255 : INT64_MAX);
    mr_slice places = take_bytes(&in, 8), text = take_bytes(&in, SIZE_MAX);
    fuzz_input chosen = {(const uint8_t *)places.data, (const uint8_t *)places.data + places.length};
    require(ftruncate(file, 0) == 0 && mr_write_at(file, text.data, text.length, 0));
    if (mr_input_open(&input, paths, NULL, 1, &error) && input.sources[0].form == MR_FORM_PLAIN) {
        mr_slice expected = find_records(text, offset, length);
        bool ok = mr_input_narrow(&input, &(mr_records){0}, offset, length, &error);
        require_told(ok, &error);
        require(ok == (expected.length > 0) && (ok || error.usage));
        if (ok) require(input.sources[0].base == (uint64_t)(expected.data - text.data));
        if (ok) check_content(&input, expected);
        if (ok) check_lines(&input, text, &chosen);
    }
    mr_input_close(&input);
    return 0;
}
