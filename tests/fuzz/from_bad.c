/* Fuzzes quarantine files: a hostile one is an error, or becomes an input whose records are single lines and whose
 * groups can be read to their ends, and be injected into jobs of every kind; one that the writer has made of any keys
 * and values is read as just these. */
#include "fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include "data/bytes.h"
#include "flow/inject.h"
#include "flow/input.h"
#include "job/from_bad.h"
#include "job/quarantine.h"

enum { MOST_GROUPS = 8, MOST_VALUES = 8, LARGE_VALUE = 260 << 10, PAGE = 4096, GUARDED = 16 * PAGE };

/* A group that has been written: its content as it has to be read again. */
typedef struct written_group {
    char *content; /* lengths and bytes, one behind the other; owned */
    size_t length; /* in bytes */
    uint32_t kind; /* enum mr_source_kind */
} written_group;

static int quarantine;           /* the file */
static char quarantine_path[64]; /* its path */
static char *guarded;            /* GUARDED bytes, behind which nothing can be read */
static mr_context context;

/* ---- what has been read ------------------------------------------------------------------------------------------ */

/* The content of a source, to be freed. */
static char *read_content(const mr_input *input, const mr_source *source) {
    mr_source_file file = {.file = -1, .folder = input->folder};
    mr_error error = {0};
    char *content = fuzz_allocate(source->size + 1);
    require(mr_source_read(&file, source, content, source->size, 0, &error));
    mr_source_close(&file);
    return content;
}

/* Moves behind a length and as many bytes. */
static size_t skip_bytes(const char *content, size_t size, size_t at) {
    require(size - at >= sizeof(uint64_t));
    uint64_t length = mr_load_u64(content + at);
    at += sizeof length;
    require(length <= size - at);
    return at + length;
}

static void check_source(const mr_input *input, const mr_source *source) {
    char *content = read_content(input, source);
    if (source->kind == MR_SOURCE_RECORDS) {
        char *newline = memchr(content, '\n', source->size);
        require(!newline || newline == content + source->size - 1);
        require(*source->path);
    } else {
        size_t at = skip_bytes(content, source->size, 0), parts = 0;
        for (; at < source->size; parts++)
            at = skip_bytes(content, source->size, at);
        require(source->kind == MR_SOURCE_VALUES || (source->kind == MR_SOURCE_ACCUMULATOR && parts == 1));
    }
    free(content);
}

/* ---- injecting --------------------------------------------------------------------------------------------------- */

/* Forgets what was emitted, and makes room. */
static void flush(mr_ctx *ctx, size_t need) {
    mr_emit_buffer *buffer = &context.levels[0].buffer;
    if (need > buffer->size) {
        buffer->start = realloc(buffer->start, need + MR_READ_SLACK);
        require(buffer->start);
        buffer->size = need;
    }
    ctx->emit_next = buffer->start;
    ctx->emit_end = buffer->start + buffer->size;
}

static const mr_host host = {.size = sizeof host, .flush = flush};

static bool take_accumulator(void *receiver, mr_slice key, const void *accumulator, mr_error *error) {
    (void)key;
    (void)error;
    uint64_t count;
    memcpy(&count, accumulator, sizeof count);
    *(uint64_t *)receiver += count;
    return true;
}

/* Injects everything into a job of a kind, which may refuse it. */
static void inject(const mr_input *input, uint32_t kind) {
    uint64_t sum = 0;
    mr_fold fold = mr_fold_of(MR_FOLD_COUNT, 0, NULL, NULL);
    mr_source_file file = {.file = -1, .folder = input->folder};
    mr_error error = {0};
    mr_chunk whole = {.end = input->bytes, .last = true};
    context = (mr_context){.ctx.host = &host, .loaded.plugin = {.name = "tester", .kind = kind}};
    context.where = &context.own_where;
    context.ctx.short_value = SIZE_MAX;
    mr_injector injector = {.context = &context,
                            .input = input,
                            .reader = {.read = mr_source_read, .check = mr_source_check, .file = &file},
                            .fold = kind == MR_FOLD ? &fold : NULL,
                            .sink = take_accumulator,
                            .receiver = &sum};
    bool ok = mr_inject_chunk(&injector, &whole, &error);
    require_told(ok, &error);
    mr_source_close(&file);
    free(context.levels[0].buffer.start);
}

/* ---- reading what is hostile ------------------------------------------------------------------------------------- */

/* JSON in memory behind which nothing can be read. */
static void check_json(mr_slice text) {
    mr_error error = {0};
    if (text.length > GUARDED) return;
    char *at = guarded + GUARDED - text.length;
    if (text.length) memcpy(at, text.data, text.length);
    cJSON *object = mr_json_read(at, text.length, &error);
    require_told(object != NULL, &error);
    cJSON_Delete(object);
}

static void read_hostile(mr_slice text) {
    mr_input input;
    mr_error error = {0};
    require(ftruncate(quarantine, 0) == 0 && mr_write_at(quarantine, text.data, text.length, 0));
    bool ok = mr_from_bad_open(&input, quarantine_path, "/dev/shm", &error);
    require_told(ok, &error);
    for (size_t i = 0; ok && i < input.count; i++)
        check_source(&input, &input.sources[i]);
    for (uint32_t kind = MR_FOLD; ok && kind <= MR_MAP; kind++)
        inject(&input, kind);
    mr_input_close(&input);
}

/* ---- writing and reading ----------------------------------------------------------------------------------------- */

static void remember(written_group *group, mr_slice bytes) {
    uint64_t length = bytes.length;
    group->content = realloc(group->content, group->length + sizeof length + bytes.length);
    require(group->content);
    memcpy(group->content + group->length, &length, sizeof length);
    if (bytes.length) memcpy(group->content + group->length + sizeof length, bytes.data, bytes.length);
    group->length += sizeof length + bytes.length;
}

/* Writes a group, of values or of an accumulator; large: one of the values is larger than a line. */
static void write_group(mr_quarantine_writer *writer, written_group *group, fuzz_input *in, bool large) {
    mr_bad_record about = {.cause = MR_DEATH_CRASH, .callback = "reduce", .reason = "fuzzing"};
    mr_error error = {0};
    mr_slice key = take_bytes(in, take_number(in, 31));
    bool values = large || take_bool(in);
    *group = (written_group){.kind = values ? MR_SOURCE_VALUES : MR_SOURCE_ACCUMULATOR};
    require(mr_quarantine_begin_group(writer, &about, key, &error));
    remember(group, key);
    size_t count = values ? take_number(in, MOST_VALUES - 1) + 1 : 1;
    for (size_t i = 0; i < count; i++) {
        mr_slice value = take_bytes(in, take_number(in, 63));
        char *repeated = NULL;
        if (large && i == 0 && value.length) {
            repeated = fuzz_allocate(LARGE_VALUE);
            for (size_t j = 0; j < LARGE_VALUE; j++)
                repeated[j] = value.data[j % value.length];
            value = mr_bytes(repeated, LARGE_VALUE);
        }
        require(values ? mr_quarantine_value(writer, value, &error) : mr_quarantine_accumulator(writer, value, &error));
        remember(group, value);
        free(repeated);
    }
    require(mr_quarantine_end_group(writer, &error));
}

static void write_and_read(fuzz_input *in) {
    written_group groups[MOST_GROUPS];
    mr_input input;
    mr_error error = {0};
    mr_quarantine_writer writer = {.file = quarantine, .plugin = "tester"};
    bool large = take_number(in, UINT16_MAX) == UINT16_MAX;
    size_t count = 1 + take_number(in, MOST_GROUPS - 1);
    require(ftruncate(quarantine, 0) == 0);
    for (size_t i = 0; i < count; i++)
        write_group(&writer, &groups[i], in, large && i == 0);
    mr_quarantine_close(&writer);
    require(mr_from_bad_open(&input, quarantine_path, "/dev/shm", &error));
    require(input.count == count && input.groups == count);
    for (size_t i = 0; i < count; i++) {
        const mr_source *source = &input.sources[i];
        char *content = read_content(&input, source);
        require(source->kind == groups[i].kind);
        require(same_slice(mr_bytes(content, source->size), groups[i].content, groups[i].length));
        free(content);
        free(groups[i].content);
    }
    mr_input_close(&input);
}

static void prepare(void) {
    quarantine = memfd_create("quarantine", MFD_CLOEXEC);
    require(quarantine > 0);
    snprintf(quarantine_path, sizeof quarantine_path, "/proc/self/fd/%d", quarantine);
    guarded = mmap(NULL, GUARDED + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(guarded != MAP_FAILED && mprotect(guarded + GUARDED, PAGE, PROT_NONE) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    if (!guarded) prepare();
    if (take_number(&in, 3) == 0) {
        write_and_read(&in);
        return 0;
    }
    mr_slice text = take_bytes(&in, SIZE_MAX);
    check_json(text);
    read_hostile(text);
    return 0;
}
