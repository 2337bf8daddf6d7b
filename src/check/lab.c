#include "check/lab.h"

#include <alloca.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "check/surroundings.h"

/* The callbacks in the host's copy of the plugin's description are replaced by others, which fill the stack below with
 * the pattern and then call the plugin's own, a little deeper: whatever the plugin reads there without having written
 * it is the pattern. Each text is laid at the end of a mapping, so that a page that nobody can touch comes behind it; a
 * strict lab takes all access to it away when the callback has returned. */

enum {
    STACK_FILLED = 48 << 10, /* bytes of the stack below a callback */
    HEAP_MOVED = 1009,       /* bytes of a piece of memory that a moved lab takes first, and */
    HEAP_PIECES = 61,        /* how many of them */
    GAPS = 8,
    GAP_MOST = 4 << 20,
    GAP_LEAST = 16 << 10 /* holes of the address space that a moved lab fills */
};

static mr_lab *the_lab; /* for the callbacks below, which are handed nothing of the kind */

/* The first words that fill_memory has below its caller are its own: callbacks are called from below these. Volatile,
 * so that it is not made a part of the caller's frame. */
static volatile size_t own_words = 256;

/* ---- what is filled ---------------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void fill_memory(void) {
    unsigned char below[STACK_FILLED];
    if (!the_lab->variant.pattern) return;
    memset(below, the_lab->variant.pattern, sizeof below);
    __asm__ volatile("" : : "r"(below) : "memory");
}

/* To stand before the call of a callback. */
#define FILL_MEMORY()                                                                                                  \
    fill_memory();                                                                                                     \
    __asm__ volatile("" : : "r"(alloca(own_words)) : "memory")

static void map_filled(mr_ctx *ctx, char *record, size_t length) {
    FILL_MEMORY();
    the_lab->plugin.map(ctx, record, length);
}

static void map_chunk_filled(mr_ctx *ctx, char *bytes, size_t length) {
    FILL_MEMORY();
    the_lab->plugin.map_chunk(ctx, bytes, length);
}

static void fold_filled(mr_ctx *ctx, void *accumulator, const void *value) {
    FILL_MEMORY();
    the_lab->plugin.fold(ctx, accumulator, value);
}

static void finish_filled(mr_ctx *ctx, mr_slice key, const void *value) {
    FILL_MEMORY();
    the_lab->plugin.finish(ctx, key, value);
}

static void combine_filled(mr_ctx *ctx, mr_slice key, mr_values *values) {
    FILL_MEMORY();
    the_lab->plugin.combine(ctx, key, values);
}

static void reduce_filled(mr_ctx *ctx, mr_slice key, mr_values *values) {
    FILL_MEMORY();
    the_lab->plugin.reduce(ctx, key, values);
}

static uint32_t partition_filled(mr_ctx *ctx, mr_slice key) {
    FILL_MEMORY();
    return the_lab->plugin.partition(ctx, key);
}

static int compare_filled(mr_ctx *ctx, mr_slice a, mr_slice b) {
    FILL_MEMORY();
    return the_lab->plugin.compare(ctx, a, b);
}

static void replace_callbacks(mr_lab *lab) {
    mr_plugin *plugin = &lab->context.loaded.plugin;
    lab->plugin = *plugin;
    if (plugin->map) plugin->map = map_filled;
    if (plugin->map_chunk) plugin->map_chunk = map_chunk_filled;
    if (plugin->fold) plugin->fold = fold_filled;
    if (plugin->finish) plugin->finish = finish_filled;
    if (plugin->combine) plugin->combine = combine_filled;
    if (plugin->reduce) plugin->reduce = reduce_filled;
    if (plugin->partition) plugin->partition = partition_filled;
    if (plugin->compare) plugin->compare = compare_filled;
}

/* Gives libraries and heap other addresses; what it takes stays until the end of the process. A library may fit into a
 * hole of any size, so holes of all sizes are filled. */
static void move_addresses(void) {
    for (size_t size = GAP_MOST; size >= GAP_LEAST; size /= 4)
        for (int i = 0; i < GAPS; i++)
            (void)mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (int i = 0; i < HEAP_PIECES; i++) {
        char *volatile kept = malloc(HEAP_MOVED);
        (void)kept;
    }
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool take_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_lab *lab = receiver;
    while (pairs < end) {
        mr_slice key, value;
        pairs = mr_pair_read(pairs, &key, &value);
        if (lab->into && !mr_trace_add(lab->into, MR_TRACE_PAIR, key, value, error)) return false;
    }
    return true;
}

static bool take_written(void *receiver, const void *bytes, size_t length, mr_error *error) {
    mr_lab *lab = receiver;
    return !lab->into || mr_trace_add(lab->into, MR_TRACE_WRITTEN, mr_bytes(NULL, 0), mr_bytes(bytes, length), error);
}

static bool take_rejected(void *receiver, const mr_place *place, const char *reason, bool undone, mr_error *error) {
    mr_lab *lab = receiver;
    (void)place, (void)undone;
    return !lab->into || mr_trace_add(lab->into, MR_TRACE_REJECTED, mr_bytes(NULL, 0), mr_text(reason), error);
}

/* What is emitted from now on, and what is written if that is allowed, goes to a trace. */
static void listen(mr_lab *lab, mr_trace *trace, bool writing) {
    lab->into = trace;
    mr_context_emit_to(&lab->context, trace ? take_pairs : NULL, lab);
    mr_context_write_to(&lab->context, writing ? take_written : NULL, lab, NULL);
}

/* A callback has returned, and the host's part is ok or not: puts a failure of the plugin down in the trace. */
static bool settle(mr_lab *lab, bool ok, const mr_error *failure, mr_error *error) {
    mr_context *context = &lab->context;
    mr_error own = *failure;
    if (ok) ok = mr_context_flush(context, &own);
    mr_context_forget_words(context);
    mr_trace *trace = lab->into;
    context->error.set = context->rejected = false;
    listen(lab, NULL, false);
    return ok || !trace || mr_trace_add(trace, MR_TRACE_FAILED, mr_bytes(NULL, 0), mr_text(own.text), error);
}

static size_t divide_record(void *receiver, const char *bytes, size_t length, bool last) {
    mr_lab *lab = receiver;
    return mr_context_record(&lab->context, bytes, length, last);
}

static bool divide_failed(void *receiver, mr_error *error) {
    mr_lab *lab = receiver;
    mr_context_ok(&lab->context, error);
    return false;
}

/* The text places: each ends with a page that cannot be touched. */
static bool open_texts(mr_lab *lab, mr_error *error) {
    lab->longest = mr_larger(lab->board->longest, 64 << 10);
    lab->text_size = mr_round_up(lab->longest + MR_READ_SLACK, MR_PAGE);
    size_t one = lab->text_size + MR_PAGE;
    char *memory = mmap(NULL, 2 * one, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return mr_error_memory(error, 2 * one, "texts");
    for (int i = 0; i < 2; i++) {
        lab->texts[i] = memory + (size_t)i * one;
        if (mprotect(lab->texts[i] + lab->text_size, MR_PAGE, PROT_NONE) < 0)
            return mr_error_set(error, "could not protect memory");
    }
    lab->board->text_begin = (uintptr_t)memory;
    lab->board->text_end = (uintptr_t)memory + 2 * one;
    return true;
}

/* Before the plugin is asked anything: it is loaded for this, and stays until the end of the process. */
static bool take_surroundings(mr_lab *lab, mr_error *error) {
    mr_loaded early;
    if (!mr_plugin_load(&early, lab->job->plugin_path, NULL, error)) return false;
    lab->board->clock_moves = mr_surroundings_take(early.handle);
    mr_surroundings_later(lab->variant.later);
    mr_surroundings_fill(lab->variant.pattern);
    return true;
}

bool mr_lab_open(mr_lab *lab, mr_error *error) {
    mr_context *context = &lab->context;
    mr_setup setup = mr_job_setup(lab->job);
    setup.where = &lab->job->shared->slots[0].where;
    the_lab = lab;
    if (lab->variant.pattern) mallopt(M_PERTURB, lab->variant.pattern);
    if (lab->variant.moved) move_addresses();
    if (!take_surroundings(lab, error)) return false;
    if (!mr_context_open(context, &setup, error)) return false;
    if (!mr_fault_catch(&lab->job->shared->slots[0].fault, context->where, &context->loaded, lab->job->plugin_path,
                        error))
        return false;
    replace_callbacks(lab);
    context->reject = take_rejected;
    context->reject_receiver = lab;
    const mr_plugin *plugin = &context->loaded.plugin;
    lab->fold = mr_fold_of(plugin->fold_type, plugin->value_size, plugin->fold, &context->ctx);
    lab->records = context->records;
    if (lab->records.kind == MR_RECORDS_OWN) {
        lab->records.first = divide_record;
        lab->records.failure = divide_failed;
        lab->records.receiver = lab;
    }
    lab->mapper = (mr_mapper){.context = context, .input = &lab->job->input, .records = &lab->records};
    lab->accumulator = calloc(1, lab->fold.size + 8);
    if (!lab->accumulator) return mr_error_memory(error, lab->fold.size, "a result");
    return open_texts(lab, error) && mr_context_start(context, error);
}

uint64_t mr_lab_random(mr_lab *lab, uint64_t limit) {
    /* splitmix64 */
    uint64_t bits = lab->random += 0x9e3779b97f4a7c15;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    return (bits ^ bits >> 31) % limit;
}

/* ---- mapping ----------------------------------------------------------------------------------------------------- */

/* Whether what ends a record can be left out: map is not told of it, and an empty text is no record. */
static bool comes_bare(const mr_lab *lab, const mr_sample_record *record) {
    return lab->variant.strict && lab->plugin.map && record->length && mr_records_terminator(&lab->records) >= 0;
}

/* Lays records down one behind the other, right before what cannot be touched; returns where, and how many bytes. */
static char *lay_down(mr_lab *lab, const uint32_t *records, size_t count, size_t *length, mr_error *error) {
    const mr_sample_record *list = lab->board->records, *last = &list[records[count - 1]];
    char *place = lab->texts[lab->turn];
    *length = 0;
    for (size_t i = 0; i < count; i++)
        *length += list[records[i]].bytes;
    if (comes_bare(lab, last)) *length -= last->bytes - last->length;
    if (*length > lab->longest) {
        mr_error_set(error, "%zu bytes of records are more than there is room for", *length);
        return NULL;
    }
    if (lab->variant.strict && mprotect(place, lab->text_size, PROT_READ | PROT_WRITE) < 0) {
        mr_error_set(error, "could not make memory writable again");
        return NULL;
    }
    char *begin = place + lab->text_size - MR_READ_SLACK - *length, *to = begin;
    memset(place + lab->text_size - MR_READ_SLACK, 0, MR_READ_SLACK);
    if (lab->variant.strict) memset(place + lab->text_size - MR_READ_SLACK, '9', MR_READ_SLACK / 2);
    for (size_t i = 0; i < count; i++) {
        const mr_sample_record *record = &list[records[i]];
        size_t bytes = mr_smaller(record->bytes, (size_t)(begin + *length - to));
        memcpy(to, lab->sample + record->at, bytes);
        to += bytes;
    }
    return begin;
}

static bool take_back(mr_lab *lab, mr_error *error) {
    if (!lab->variant.strict) return true;
    if (mprotect(lab->texts[lab->turn], lab->text_size, PROT_NONE) < 0)
        return mr_error_set(error, "could not protect memory");
    lab->turn = !lab->turn;
    return true;
}

bool mr_lab_map(mr_lab *lab, const uint32_t *records, size_t count, uint64_t first_number, uint64_t offset,
                mr_trace *trace, mr_error *error) {
    const mr_source *source = &lab->job->input.sources[lab->board->records[records[0]].source];
    size_t length;
    mr_error failure = {0};
    char *bytes = lay_down(lab, records, count, &length, error);
    if (!bytes) return false;
    mr_piece piece = {.bytes = bytes, .length = length, .source = source, .offset = offset, .first_of_source = !offset};
    listen(lab, trace, lab->plugin.kind == MR_MAP);
    mr_map_begin(&lab->mapper, &(mr_chunk){.first_record = first_number});
    bool ok = mr_map_piece(&lab->mapper, &piece, &failure);
    return settle(lab, ok, &failure, error) && take_back(lab, error);
}

bool mr_lab_map_one(mr_lab *lab, uint32_t record, mr_trace *trace, mr_error *error) {
    const mr_sample_record *list = lab->board->records;
    return mr_lab_map(lab, &record, 1, list[record].number, list[record].held, trace, error);
}

/* ---- other callbacks --------------------------------------------------------------------------------------------- */

void mr_lab_enter(mr_lab *lab, const char *callback, mr_slice key) {
    mr_where *where = lab->context.where;
    where->callback = callback;
    where->place = (mr_place){.kind = MR_PLACE_GROUP, .offset = where->place.offset + 1};
    where->key = key.data;
    where->key_length = key.length;
    where->inside = 1;
}

void mr_lab_leave(mr_lab *lab) {
    mr_end_if_forked();
    lab->context.where->inside = 0;
}

bool mr_lab_begin(mr_lab *lab, mr_error *error) {
    mr_error none = {0};
    if (!lab->plugin.begin) return true;
    listen(lab, NULL, false);
    lab->context.where->callback = "begin";
    FILL_MEMORY();
    lab->plugin.begin(&lab->context.ctx);
    return settle(lab, true, &none, error);
}

bool mr_lab_end(mr_lab *lab, mr_trace *trace, mr_error *error) {
    mr_error none = {0};
    if (!lab->plugin.end) return true;
    listen(lab, trace, true);
    lab->context.where->callback = "end";
    FILL_MEMORY();
    lab->plugin.end(&lab->context.ctx);
    return settle(lab, true, &none, error);
}

bool mr_lab_finish(mr_lab *lab, mr_slice key, const void *accumulator, mr_trace *trace, mr_error *error) {
    mr_folded result;
    const void *value;
    mr_error failure = {0};
    char text[MR_FOLD_TEXT];
    if (!mr_fold_result(&lab->fold, accumulator, &result, &value, &failure))
        return mr_trace_add(trace, MR_TRACE_FAILED, key, mr_text(failure.text), error);
    if (!lab->plugin.finish) {
        bool custom = lab->fold.type == MR_FOLD_CUSTOM;
        mr_slice bytes =
            custom ? mr_bytes(value, lab->fold.emitted_size) : mr_bytes(text, mr_fold_text(&lab->fold, &result, text));
        return mr_trace_add(trace, MR_TRACE_PAIR, key, bytes, error);
    }
    listen(lab, trace, true);
    mr_lab_enter(lab, "finish", key);
    lab->context.loaded.plugin.finish(&lab->context.ctx, key, value);
    mr_lab_leave(lab);
    return settle(lab, true, &failure, error);
}

/* What reduce and combine see as their mr_values. They are handed copies: of all values at once, which stay, or if the
 * lab is strict of each value alone, until the next one is asked for. */
typedef struct lab_values {
    mr_values values; /* first, so that its address is the whole's */
    mr_lab *lab;
    const mr_lab_pair *pairs;
    size_t count;
    size_t next;
    char **copies; /* of the values, as far as they have been handed out; owned, and so is each */
} lab_values;

/* Makes sure that nobody reads a value any more without noticing. */
static void withdraw(lab_values *list, size_t i) {
    const mr_slice *value = &list->pairs[i].value;
    if (!list->copies[i]) return;
    if (!mr_same_bytes(list->copies[i], value->data, value->length)) list->lab->board->touched = 1;
    memset(list->copies[i], list->lab->variant.pattern, value->length);
    __asm__ volatile("" : : "r"(list->copies[i]) : "memory");
    free(list->copies[i]);
    list->copies[i] = NULL;
}

static int next_value(mr_values *values, mr_slice *value) {
    lab_values *list = (lab_values *)(void *)values;
    if (list->lab->variant.strict && list->next > 0) withdraw(list, list->next - 1);
    if (list->next == list->count) return 0;
    *value = list->pairs[list->next].value;
    char *copy = malloc(value->length + MR_READ_SLACK);
    if (copy && value->length) memcpy(copy, value->data, value->length);
    list->copies[list->next++] = copy;
    if (copy) value->data = copy; /* without memory a value is handed out as it is */
    return 1;
}

/* Calls reduce or combine for pairs of one key. */
static bool call_with_values(mr_lab *lab, const char *name, void (*callback)(mr_ctx *, mr_slice, mr_values *),
                             const mr_lab_pair *pairs, size_t count, mr_trace *trace, mr_error *error) {
    lab_values list = {.values.next = next_value, .lab = lab, .pairs = pairs, .count = count};
    mr_slice key = mr_lab_plain_key(lab, &pairs[0]);
    mr_error none = {0};
    char *copy = malloc(key.length + MR_READ_SLACK);
    list.copies = calloc(count, sizeof *list.copies);
    if (!copy || !list.copies) {
        free(copy);
        free(list.copies);
        return mr_error_memory(error, key.length + count * sizeof *list.copies, "the values of a key");
    }
    if (key.length) memcpy(copy, key.data, key.length);
    listen(lab, trace, callback == lab->context.loaded.plugin.reduce);
    mr_lab_enter(lab, name, mr_bytes(copy, key.length));
    callback(&lab->context.ctx, mr_bytes(copy, key.length), &list.values);
    mr_lab_leave(lab);
    for (size_t i = 0; i < list.next; i++)
        withdraw(&list, i);
    if (!mr_same_bytes(copy, key.data, key.length)) lab->board->touched = 1;
    free(copy);
    free(list.copies);
    return settle(lab, true, &none, error);
}

bool mr_lab_combine(mr_lab *lab, const mr_lab_pair *pairs, size_t count, mr_trace *trace, mr_error *error) {
    return call_with_values(lab, "combine", lab->context.loaded.plugin.combine, pairs, count, trace, error);
}

bool mr_lab_reduce(mr_lab *lab, const mr_lab_pair *pairs, size_t count, mr_trace *trace, mr_error *error) {
    const mr_plugin *plugin = &lab->context.loaded.plugin;
    if (plugin->kind == MR_GROUP) return call_with_values(lab, "reduce", plugin->reduce, pairs, count, trace, error);
    mr_slice key = mr_lab_plain_key(lab, &pairs[0]);
    mr_lab_enter(lab, "fold", key);
    for (size_t i = 0; i < count; i++) {
        mr_slice value = pairs[i].value;
        if (!mr_fold_accepts(&lab->fold, value.length))
            return mr_trace_add(trace, MR_TRACE_FAILED, key, mr_text("a value of the wrong size"), error);
        (i ? mr_fold_add : mr_fold_start)(&lab->fold, lab->accumulator, value.data, value.length);
    }
    mr_lab_leave(lab);
    return mr_lab_finish(lab, key, lab->accumulator, trace, error);
}

/* ---- apart ------------------------------------------------------------------------------------------------------- */

/* In the process of its own: leaves the trace on the board. */
static _Noreturn void run_and_leave(mr_lab *lab, pid_t parent, bool (*run)(void *receiver, mr_trace *trace),
                                    void *receiver) {
    mr_board *board = lab->board;
    mr_trace trace = {0};
    mr_watch_forks(); /* this process is meant to run on */
    mr_fault_catch_again();
    /* The parent may have died before the kernel knew about our wish. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(1);
    bool ok = run(receiver, &trace);
    board->result_length = mr_smaller(trace.used, sizeof board->result);
    if (trace.used) memcpy(board->result, trace.bytes, board->result_length);
    mr_fault_release();
    _exit(ok ? 0 : 1);
}

bool mr_lab_apart(mr_lab *lab, bool (*run)(void *receiver, mr_trace *trace), void *receiver, mr_trace *trace,
                  mr_error *error) {
    mr_board *board = lab->board;
    int status = 0;
    pid_t parent = getpid(), child = fork(), ended;
    if (child < 0) return mr_error_start(error, errno);
    if (child == 0) run_and_leave(lab, parent, run, receiver);
    while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
        continue;
    if (ended < 0) return mr_error_system(error, errno, "could not wait for a process");
    if (WIFSIGNALED(status)) {
        /* As it has died, and its last words are those that count. */
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    if (WEXITSTATUS(status)) return mr_error_set(error, "an experiment could not be done");
    size_t length = mr_smaller(board->result_length, sizeof board->result);
    *trace = (mr_trace){.bytes = malloc(length + 1), .used = length, .size = length + 1};
    if (!trace->bytes) return mr_error_memory(error, length, "what a plugin emits");
    memcpy(trace->bytes, board->result, length);
    return true;
}
