/* Fuzzes the way of a fold job from emitted pairs to results: keys of any bytes, with small tables, small arenas and
 * ranges of keys chosen from some of them, are folded, exchanged, sealed, and reduced; what comes out has to be what a
 * sorted list of all pairs says. */
#include "fuzzing.h"

#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "flow/combine.h"
#include "flow/exchange.h"
#include "flow/reduce.h"

enum { MOST_PAIRS = 6000, LONGEST_KEY = 72, RUNS = 4000, SAMPLE = 32, ARENA = 256 << 10, BATCH = 8 << 10 };

/* A pair that was emitted. */
typedef struct pair {
    uint32_t key_length; /* first, as sorting wants it */
    char key[LONGEST_KEY];
    int64_t value;
} pair;

/* What has been emitted and not handed on yet: pairs in the form for short keys, and others. */
typedef struct batch {
    _Alignas(8) char shorts[BATCH + 64];
    size_t short_count;
    _Alignas(8) char pairs[BATCH + 256];
    char *end; /* of pairs */
} batch;

static pair pairs[MOST_PAIRS];
static size_t pair_count;
static size_t next_pair; /* that is to come out next */
static batch pending;
static mr_context context;
static mr_fold fold;
static mr_splitters splitters;
static mr_splitter_index splitter_index;
static mr_run runs[RUNS];
static size_t run_count;
static char *arena_memory;
static int files[2]; /* of runs, and of the reducer */

/* ---- emitting ---------------------------------------------------------------------------------------------------- */

static void hand_on(mr_folder *folder) {
    mr_error error = {0};
    require(mr_fold_pairs(folder, pending.pairs, pending.end, &error));
    require(mr_fold_shorts(folder, pending.shorts, pending.short_count, &error));
    pending.end = pending.pairs;
    pending.short_count = 0;
}

static void emit(mr_folder *folder, const pair *made, bool short_form) {
    mr_slice value = mr_bytes(&made->value, fold.emitted_size);
    size_t short_size = sizeof(mr_short_pair) + mr_padded(value.length);
    if (short_form && made->key_length <= MR_SHORT_KEY) {
        mr_short_key key = mr_short_key_of(made->key, made->key_length);
        char *to = pending.shorts + pending.short_count++ * short_size;
        memcpy(to, &key, sizeof key);
        mr_put_padded(to + sizeof key, value.data, value.length);
    } else {
        mr_pair header = {made->key_length, (uint32_t)value.length};
        memcpy(pending.end, &header, sizeof header);
        pending.end = mr_put_padded(pending.end + sizeof header, made->key, made->key_length);
        pending.end = mr_put_padded(pending.end, value.data, value.length);
    }
    if (pending.short_count * short_size >= BATCH || pending.end >= pending.pairs + BATCH) hand_on(folder);
}

/* Emits the same key some times, or many that differ in two bytes. */
static void emit_keys(mr_folder *folder, fuzz_input *in) {
    bool short_form = take_bool(in), differ = take_bool(in);
    mr_slice key = take_bytes(in, take_number(in, LONGEST_KEY - 2));
    uint64_t count = take_number(in, differ ? 1023 : 3);
    int64_t value = (int8_t)take_number(in, 255);
    size_t at = take_number(in, key.length);
    for (uint64_t i = 0; i <= count && pair_count < MOST_PAIRS; i++) {
        pair *made = &pairs[pair_count++];
        *made = (pair){.key_length = (uint32_t)key.length, .value = value + (int64_t)i};
        if (key.length) memcpy(made->key, key.data, key.length);
        if (differ) {
            made->key[at] = (char)i;
            made->key[at + 1] = (char)(i >> 8);
            made->key_length = (uint32_t)(at + 2 > key.length ? at + 2 : key.length);
        }
        emit(folder, made, short_form);
    }
}

/* ---- what has to come out ---------------------------------------------------------------------------------------- */

static mr_slice key_of(const pair *of) {
    return mr_bytes(of->key, of->key_length);
}

static int compare_pairs(const void *a, const void *b) {
    return mr_compare_bytes(key_of(a), key_of(b));
}

static bool take_result(void *receiver, const mr_result *result, mr_error *error) {
    (void)receiver;
    (void)error;
    require(next_pair < pair_count);
    mr_slice key = key_of(&pairs[next_pair]);
    require(same_slice(result->key, key.data, key.length));
    int64_t sum = 0, count = 0, least = INT64_MAX, greatest = INT64_MIN;
    for (; next_pair < pair_count && mr_compare_bytes(key_of(&pairs[next_pair]), key) == 0; next_pair++) {
        int64_t value = pairs[next_pair].value;
        sum += value;
        count++;
        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    char text[100];
    int length = fold.type == MR_FOLD_STATS_INT64
                     ? sprintf(text, "%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64, count, sum, least, greatest)
                     : sprintf(text, "%" PRId64,
                               fold.type == MR_FOLD_COUNT       ? count
                               : fold.type == MR_FOLD_SUM_INT64 ? sum
                               : fold.type == MR_FOLD_MIN_INT64 ? least
                                                                : greatest);
    require(same_slice(result->value, text, (size_t)length));
    return true;
}

/* ---- the job ----------------------------------------------------------------------------------------------------- */

/* Ranges of keys, from a few keys of the input. */
static void choose_splitters(fuzz_input *in) {
    static pair sample[SAMPLE];
    mr_key_order order = {0};
    mr_sort_item items[2 * SAMPLE];
    size_t count = take_number(in, SAMPLE);
    for (size_t i = 0; i < count; i++) {
        mr_slice key = take_bytes(in, take_number(in, 15));
        sample[i] = (pair){.key_length = (uint32_t)key.length};
        if (key.length) memcpy(sample[i].key, key.data, key.length);
        items[i] = (mr_sort_item){mr_prefix_at(sample[i].key, key.length, 0), (const char *)&sample[i]};
    }
    mr_sort_items(items, items + SAMPLE, count, offsetof(pair, key), &order);
    mr_splitters_choose(&splitters, items, count, offsetof(pair, key), 1 + (uint32_t)take_number(in, 15), &order);
    mr_splitter_index_build(&splitter_index, &splitters, &order);
}

static bool announce(void *receiver, const mr_run *run, mr_error *error) {
    (void)receiver;
    (void)error;
    require(run_count < RUNS);
    runs[run_count++] = *run;
    return true;
}

static mr_spill open_file(int i) {
    if (!files[i]) files[i] = memfd_create("spill", MFD_CLOEXEC);
    require(files[i] > 0 && ftruncate(files[i], 0) == 0);
    return (mr_spill){.file = files[i], .identity = mr_file_identify(files[i]), .folder = "memory"};
}

static void map_all(fuzz_input *in, mr_arena arena, mr_spill *spill) {
    mr_error error = {0};
    mr_folder folder;
    mr_exchange exchange = {.context = &context,
                            .fold = &fold,
                            .index = &splitter_index,
                            .arena = arena,
                            .block_size = 64 * (2 + take_number(in, 31)),
                            .spill = spill,
                            .announce = announce};
    size_t budget = 4096 + take_number(in, 65535);
    require(mr_exchange_open(&exchange, 0, &error));
    require(mr_folder_open(&folder, &context, &fold, budget, mr_exchange_table, &exchange, &error));
    while (fuzz_left(in)) {
        emit_keys(&folder, in);
        if (take_number(in, 15)) continue;
        hand_on(&folder);
        require(mr_folder_flush(&folder, &error) && mr_exchange_seal(&exchange, &error));
    }
    hand_on(&folder);
    require(mr_folder_flush(&folder, &error) && mr_exchange_seal(&exchange, &error));
    mr_folder_close(&folder);
    mr_exchange_close(&exchange);
}

static void reduce_all(mr_arena arena, const mr_spill *run_file, size_t budget) {
    mr_error error = {0};
    mr_spill spill = open_file(1);
    mr_reducer reducer = {.context = &context, .fold = &fold, .budget = budget, .spill = &spill, .sink = take_result};
    require(mr_reducer_open(&reducer, &error));
    for (uint32_t partition = 0; partition < splitters.partitions; partition++) {
        mr_partition_reader reader;
        mr_partition_reader_open(&reader, runs, run_count, &arena, run_file, partition);
        mr_block_stream stream = mr_partition_reader_stream(&reader);
        require(mr_reduce_partition(&reducer, &stream, &error));
        mr_partition_reader_close(&reader);
    }
    require(next_pair == pair_count);
    mr_reducer_close(&reducer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t types[] = {MR_FOLD_COUNT, MR_FOLD_SUM_INT64, MR_FOLD_MIN_INT64, MR_FOLD_MAX_INT64,
                                     MR_FOLD_STATS_INT64};
    static _Alignas(8) char emitted[256];
    fuzz_input in = {data, data + size};
    if (!arena_memory) arena_memory = aligned_alloc(4096, ARENA);
    require(arena_memory);
    fold = mr_fold_of(types[take_number(&in, 4)], 0, NULL, NULL);
    context = (mr_context){.loaded.plugin = {.name = "tester"}, .processor = take_processor(&in)};
    context.where = &context.own_where;
    context.levels[0].buffer = (mr_emit_buffer){.start = emitted, .size = sizeof emitted - MR_READ_SLACK};
    pair_count = next_pair = run_count = 0;
    pending.end = pending.pairs;
    pending.short_count = 0;
    mr_arena arena = {.base = arena_memory, .size = ARENA - MR_READ_SLACK};
    mr_spill spill = open_file(0);
    size_t budget = 4096 + take_number(&in, 65535);
    choose_splitters(&in);
    map_all(&in, arena, &spill);
    qsort(pairs, pair_count, sizeof *pairs, compare_pairs);
    reduce_all(arena, &spill, budget);
    return 0;
}
