/* Fuzzes the reading of runs: sealed blocks with hostile records, in shared memory and in a spill file, go through the
 * reading side of exchange and through reduce, as folds and as groups. Each block has the right checksum (or hardly any
 * would be looked at), but its header, the index of the run and the run itself may say anything. All of that may be an
 * error, or results in the order of their keys; never a read or write beyond what is there, and never no end. */
#include "fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "flow/exchange.h"
#include "flow/reduce.h"

enum { MOST_BLOCKS = 12, RUNS = 3, MOST_RESULTS = 100000, VALUE_SIZE = 12, PARTITIONED_SKIP = 4 };

/* A run while it is made. */
typedef struct made_run {
    char *bytes;     /* of the arena or of the file; owned */
    uint64_t length; /* of all of it */
    mr_run run;      /* as it is announced */
} made_run;

static mr_fold fold;
static mr_context context;
static _Alignas(8) char emitted[256];
static char *last_key; /* of the results so far; owned */
static size_t last_length;
static size_t results;
static bool sees_all; /* the plugin's reduce asks for all values */
static int files[RUNS + 1];

/* ---- making runs ------------------------------------------------------------------------------------------------- */

/* A number that is right, or now and then any. */
static uint64_t perhaps(fuzz_input *in, uint64_t right) {
    uint64_t choice = take_number(in, 31);
    if (choice > 1) return right;
    return choice ? take_number(in, UINT64_MAX) : right + take_number(in, 255) - 128;
}

/* The blocks of the run, from 64 on, as offset 0 means none, and behind them the index. */
static void make_run(made_run *made, fuzz_input *in, uint32_t worker, bool in_file) {
    enum { START = 64 };
    size_t room = START + fuzz_left(in) + MOST_BLOCKS * (sizeof(mr_block) + 8) + sizeof(mr_run_entry) + 8;
    size_t count = take_number(in, MOST_BLOCKS);
    char *bytes = calloc(1, room);
    require(bytes);
    uint64_t at = START;
    mr_run_entry entry = {.blocks.offset = START};
    for (size_t i = 0; i < count; i++) {
        mr_slice records = take_bytes(in, take_number(in, take_bool(in) ? 4095 : 63));
        mr_block block = {.used = records.length};
        uint64_t end = at + sizeof block + records.length;
        uint64_t next = in_file ? end : mr_round_up(end, 8);
        memcpy(bytes + at + sizeof block, records.data, records.length);
        block.checksum = mr_hash_bytes(bytes + at + sizeof block, records.length);
        block.next = perhaps(in, i + 1 < count && !in_file ? next : 0);
        block.used = perhaps(in, block.used);
        memcpy(bytes + at, &block, sizeof block);
        entry.blocks.length += sizeof block + records.length;
        entry.blocks.checksum = mr_block_chain(entry.blocks.checksum, &block);
        at = next;
    }
    entry.blocks.offset = perhaps(in, entry.blocks.offset);
    entry.blocks.length = perhaps(in, entry.blocks.length);
    entry.records = perhaps(in, count);
    entry.seal = mr_run_entry_seal(&entry, 0);
    at = mr_round_up(at, 8);
    memcpy(bytes + at, &entry, sizeof entry);
    *made = (made_run){.length = at + sizeof entry, .run = {.worker = worker, .in_file = in_file}};
    made->run.index_offset = perhaps(in, at);
    made->bytes = aligned_alloc(64, mr_round_up(made->length + MR_READ_SLACK, 64));
    require(made->bytes);
    /* The slack ends where the memory ends, so that a read beyond is noticed. */
    made->length = mr_round_up(made->length + MR_READ_SLACK, 64) - MR_READ_SLACK;
    memset(made->bytes, 0, made->length + MR_READ_SLACK);
    memcpy(made->bytes, bytes, at + sizeof entry);
    free(bytes);
}

static mr_spill write_file(int file, const made_run *made) {
    require(ftruncate(file, 0) == 0);
    require(!made || pwrite(file, made->bytes, made->length, 0) == (ssize_t)made->length);
    return (mr_spill){
        .file = file, .identity = mr_file_identify(file), .folder = "memory", .end = made ? made->length : 0};
}

/* ---- what comes out ---------------------------------------------------------------------------------------------- */

/* Reads all bytes, so that those that cannot be read are noticed. */
static void read_bytes(const void *from, size_t length) {
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += ((const unsigned char *)from)[i];
    __asm__ volatile("" : : "r"(sum)); /* it is needed, as far as the compiler knows */
}

static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    read_bytes(a.data, a.length);
    read_bytes(b.data, b.length);
    return (a.length > b.length) - (a.length < b.length);
}

/* Keys come in the plugin's order, then in that of their bytes, and only once. */
static void take_key(mr_slice key) {
    mr_slice last = mr_bytes(last_key, last_length);
    int order = last_key && context.loaded.plugin.compare ? compare(NULL, last, key) : 0;
    require(++results < MOST_RESULTS);
    require(!last_key || order < 0 || (order == 0 && mr_compare_bytes(last, key) < 0));
    free(last_key);
    last_key = fuzz_allocate(key.length + 1);
    if (key.length) memcpy(last_key, key.data, key.length);
    last_length = key.length;
}

static bool take_result(void *receiver, const mr_result *result, mr_error *error) {
    (void)error;
    const mr_reducer *reducer = receiver;
    read_bytes(result->key.data, result->key.length);
    read_bytes(result->value.data, result->value.length);
    if (reducer->fold && !reducer->order.skip) take_key(result->key);
    return true;
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    (void)ctx;
    mr_slice value;
    read_bytes(key.data, key.length);
    if (!mr_context_key_skip(&context)) take_key(key);
    while (mr_next_value(values, &value)) {
        read_bytes(value.data, value.length);
        if (!sees_all) return;
    }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    (void)ctx;
    read_bytes(key.data, key.length);
    read_bytes(value, fold.type == MR_FOLD_CUSTOM ? fold.emitted_size : 8);
    require((uintptr_t)value % 8 == 0);
}

static void fold_custom(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx;
    require((uintptr_t)accumulator % 8 == 0 && (uintptr_t)value % 8 == 0);
    for (size_t i = 0; i < VALUE_SIZE; i++)
        ((unsigned char *)accumulator)[i] ^= ((const unsigned char *)value)[i];
}

static uint32_t partition(mr_ctx *ctx, mr_slice key) {
    (void)ctx;
    (void)key;
    return 0;
}

/* ---- one input --------------------------------------------------------------------------------------------------- */

static void reduce_runs(made_run *made, size_t count, mr_reducer *reducer) {
    mr_arena arenas[RUNS] = {{0}};
    mr_spill spills[RUNS] = {{0}};
    mr_run runs[RUNS];
    mr_error error = {0};
    for (size_t i = 0; i < count; i++) {
        runs[i] = made[i].run;
        arenas[i] = (mr_arena){made[i].bytes, made[i].length};
        if (made[i].run.in_file) spills[i] = write_file(files[i], &made[i]);
    }
    mr_partition_reader reader;
    mr_partition_reader_open(&reader, runs, count, arenas, spills, 0);
    mr_block_stream stream = mr_partition_reader_stream(&reader);
    bool ok = mr_reducer_open(reducer, &error) && mr_reduce_partition(reducer, &stream, &error);
    require_told(ok, &error);
    mr_reducer_close(reducer);
    mr_partition_reader_close(&reader);
}

static void open_files(void) {
    for (int i = 0; i <= RUNS; i++)
        if (files[i] == 0) require((files[i] = memfd_create("fuzz", MFD_CLOEXEC)) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    uint32_t type = (uint32_t)take_number(&in, MR_FOLD_STATS_INT64 + 1);
    bool group = type > MR_FOLD_STATS_INT64, finishes = take_bool(&in);
    made_run made[RUNS];
    open_files();
    context = (mr_context){.loaded.plugin = {.name = "tester", .reduce = group ? reduce : NULL}};
    context.where = &context.own_where;
    context.levels[0].buffer = (mr_emit_buffer){.start = emitted, .size = sizeof emitted - MR_READ_SLACK};
    context.processor = take_processor(&in);
    if (take_bool(&in)) context.loaded.plugin.partition = partition;
    if (take_number(&in, 7) == 0) context.loaded.plugin.compare = compare;
    if (!group && finishes) context.loaded.plugin.finish = finish;
    sees_all = take_bool(&in);
    fold = mr_fold_of(group ? 0 : type, VALUE_SIZE, fold_custom, &context.ctx);
    mr_spill spill = write_file(files[RUNS], NULL);
    mr_reducer reducer = {.context = &context,
                          .fold = group ? NULL : &fold,
                          .order = {context.loaded.plugin.compare, &context.ctx, mr_context_key_skip(&context)},
                          .budget = take_bool(&in) ? 4096 : 1 << 20,
                          .spill = &spill,
                          .sink = take_result,
                          .receiver = &reducer};
    size_t count = 1 + take_number(&in, RUNS - 1);
    for (size_t i = 0; i < count; i++)
        make_run(&made[i], &in, (uint32_t)i, take_bool(&in));
    results = 0;
    reduce_runs(made, count, &reducer);
    free(last_key);
    last_key = NULL;
    for (size_t i = 0; i < count; i++)
        free(made[i].bytes);
    return 0;
}
