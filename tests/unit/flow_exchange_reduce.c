/* Tests of the way from pairs to results: several writers with little memory, some of which die, and one reader that
 * reduces all partitions. What comes out has to be what a list of all pairs says, and every side path has to be taken:
 * runs in memory and in files, records larger than blocks, tables that are full, sorters that spill. */
#include "engine_testing.h"

#include <inttypes.h>

#include "flow/combine.h"
#include "flow/exchange.h"
#include "flow/reduce.h"

enum { WRITERS = 3, PAIRS = 20000, LONGEST_KEY = 400, RUNS = 40000, BATCH = 32 << 10, ALIGNMENT = 64 };

/* A pair that was emitted. */
typedef struct pair {
    char *key; /* owned; the full key, with the partition's number if there is one */
    size_t key_length;
    char *value; /* owned */
    size_t value_length;
    uint64_t position; /* of its chunk */
    size_t number;     /* order of emission */
    unsigned writer;
    bool committed; /* it counts */
} pair;

/* A worker in the map phase. */
typedef struct writer {
    mr_exchange exchange;
    mr_folder folder;
    mr_spill spill;
    mr_arena arena;
    uint64_t sealed;   /* bytes of the arena up to the last commit */
    size_t announced;  /* runs since the last commit */
    mr_run runs[RUNS]; /* these */
} writer;

/* What a round is like. */
typedef struct setting {
    bool fold;            /* fold job, otherwise group job */
    uint32_t fold_type;   /* MR_FOLD_COUNT or MR_FOLD_SUM_INT64 */
    bool partitioned;     /* the plugin partitions */
    size_t pairs;         /* to be emitted, about */
    uint32_t keys;        /* different ones, at most */
    size_t longest_key;   /* bytes */
    size_t longest_value; /* bytes, of a group job */
    uint64_t arena;       /* bytes each */
    uint64_t block;       /* bytes */
    size_t table;         /* budget of the map side's table */
    size_t reduce;        /* budget of the reducer */
    uint32_t partitions;  /* at most */
    bool deaths;          /* writers die now and then */
} setting;

/* What has happened in all rounds. */
static struct { uint64_t runs_in_memory, runs_in_files, reduce_spilled, deaths, results; } happened;

static pair pairs[PAIRS];
static size_t pair_count;
static writer writers[WRITERS];
static mr_arena arenas[WRITERS];
static mr_spill spills[WRITERS];
static mr_run runs[WRITERS * RUNS]; /* that count */
static size_t run_count;
static mr_context context;
static mr_fold fold;
static mr_key_order order;
static mr_splitters splitters;
static mr_splitter_index splitter_index;
static size_t next_pair; /* that is to come out next */

/* ---- the map side ------------------------------------------------------------------------------------------------ */

static bool announce(void *receiver, const mr_run *run, mr_error *error) {
    (void)error;
    writer *self = receiver;
    assert_true(self->announced < RUNS);
    self->runs[self->announced++] = *run;
    return true;
}

static void open_writer(writer *self, const setting *how) {
    mr_error error = {0};
    self->exchange = (mr_exchange){.context = &context,
                                   .fold = how->fold ? &fold : NULL,
                                   .index = &splitter_index,
                                   .arena = self->arena,
                                   .block_size = how->block,
                                   .spill = &self->spill,
                                   .worker = (uint32_t)(self - writers),
                                   .announce = announce,
                                   .receiver = self};
    assert_ok(mr_exchange_open(&self->exchange, self->sealed, &error), &error);
    if (how->fold)
        assert_ok(
            mr_folder_open(&self->folder, &context, &fold, how->table, mr_exchange_table, &self->exchange, &error),
            &error);
}

static void close_writer(writer *self, const setting *how) {
    if (how->fold) mr_folder_close(&self->folder);
    mr_exchange_close(&self->exchange);
}

/* Seals; from now on the runs and pairs of the writer count. */
static void commit(writer *self, const setting *how) {
    mr_error error = {0};
    if (how->fold) assert_ok(mr_folder_flush(&self->folder, &error), &error);
    assert_ok(mr_exchange_seal(&self->exchange, &error), &error);
    self->sealed = self->exchange.sealed;
    for (size_t i = 0; i < self->announced; i++) {
        runs[run_count++] = self->runs[i];
        happened.runs_in_memory += !self->runs[i].in_file;
        happened.runs_in_files += self->runs[i].in_file;
    }
    self->announced = 0;
    for (size_t i = 0; i < pair_count; i++)
        if (pairs[i].writer == (unsigned)(self - writers)) pairs[i].committed = true;
}

/* The writer is gone with all that it has not committed; another takes its place. */
static void die(writer *self, const setting *how) {
    size_t kept = 0;
    for (size_t i = 0; i < pair_count; i++) {
        if (pairs[i].committed || pairs[i].writer != (unsigned)(self - writers)) {
            pairs[kept++] = pairs[i];
        } else {
            free(pairs[i].key);
            free(pairs[i].value);
        }
    }
    pair_count = kept;
    close_writer(self, how);
    self->announced = 0;
    happened.deaths++;
    open_writer(self, how);
}

static uint32_t choose_partition(mr_ctx *ctx, mr_slice key) {
    (void)ctx;
    return key.length % 3;
}

/* Makes a key: short ones are common, the number is in it. Its bytes depend on nothing but the number. */
static size_t make_key(char *key, uint32_t number, size_t longest) {
    uint64_t again = random_state;
    random_state = number * 77777 + 1;
    size_t length = skewed_below(longest + 1);
    for (size_t i = 0; i < length; i++)
        key[i] = (char)(below(2) ? 'a' + below(3) : below(256));
    random_state = again;
    return length;
}

static void remember(unsigned w, mr_slice key, mr_slice value, uint64_t position) {
    static size_t number;
    mr_slice full = mr_context_full_key(&context, key);
    pair *made = &pairs[pair_count++];
    *made = (pair){
        .key_length = full.length, .value_length = value.length, .position = position, .number = number++, .writer = w};
    made->key = allocate(full.length);
    made->value = allocate(value.length);
    if (full.length) memcpy(made->key, full.data, full.length);
    if (value.length) memcpy(made->value, value.data, value.length);
}

/* What has been emitted and not handed on yet. */
static _Alignas(8) char batch[BATCH + 2 * 70000];
static char *batch_end = batch;
static _Alignas(8) char shorts[BATCH];
static size_t short_count;

static void hand_on(writer *self, const setting *how) {
    mr_error error = {0};
    bool ok = how->fold ? mr_fold_pairs(&self->folder, batch, batch_end, &error)
                        : mr_exchange_pairs(&self->exchange, batch, batch_end, &error);
    assert_ok(ok && (!how->fold || mr_fold_shorts(&self->folder, shorts, short_count, &error)), &error);
    batch_end = batch;
    short_count = 0;
}

static void emit_short(mr_slice key, mr_slice value) {
    size_t size = sizeof(mr_short_pair) + mr_padded(value.length);
    char *to = shorts + short_count++ * size, padded[MR_SHORT_KEY + 1] = {0};
    if (key.length) memcpy(padded, key.data, key.length);
    mr_short_key short_key = mr_short_key_of(padded, key.length);
    memcpy(to, &short_key, sizeof short_key);
    mr_put_padded(to + sizeof short_key, value.data, value.length);
}

static void emit(const setting *how, mr_slice key, mr_slice value) {
    bool fits = key.length <= MR_SHORT_KEY && value.length == fold.emitted_size;
    if (how->fold && !how->partitioned && fits && below(4) && short_count < BATCH / 32) {
        emit_short(key, value);
        return;
    }
    mr_pair header = {(uint32_t)key.length, (uint32_t)value.length};
    memcpy(batch_end, &header, sizeof header);
    batch_end = mr_put_padded(mr_put_padded(batch_end + sizeof header, key.data, key.length), value.data, value.length);
}

/* Maps one chunk: emits some pairs in batches. */
static void map_chunk(unsigned w, const setting *how, uint64_t position) {
    char key[LONGEST_KEY];
    static char value[70000];
    writer *self = &writers[w];
    size_t count = skewed_below(300);
    self->exchange.position = position;
    for (size_t i = 0; i < count && pair_count < PAIRS; i++) {
        size_t key_length = make_key(key, (uint32_t)skewed_below(how->keys), how->longest_key), value_length = 8;
        if (!how->fold) value_length = skewed_below(how->longest_value + 1);
        if (how->fold && how->fold_type == MR_FOLD_COUNT && below(2)) value_length = 0;
        for (size_t j = 0; j < value_length; j++)
            value[j] = (char)next_random();
        if (how->fold && value_length) mr_store_u64(value, below(1000));
        remember(w, mr_bytes(key, key_length), mr_bytes(value, value_length), position);
        emit(how, mr_bytes(key, key_length), mr_bytes(value, value_length));
        if (batch_end - batch >= BATCH || !below(50)) hand_on(self, how);
    }
    hand_on(self, how);
}

static void map_all(const setting *how) {
    uint64_t position = 0;
    for (unsigned chunk = 0; pair_count < how->pairs && chunk < 3000; chunk++) {
        unsigned w = (unsigned)below(WRITERS);
        map_chunk(w, how, position += 1 + below(1000));
        if (below(10) == 0) commit(&writers[w], how);
        if (how->deaths && below(20) == 0) die(&writers[w], how);
    }
    for (unsigned w = 0; w < WRITERS; w++)
        commit(&writers[w], how);
}

/* ---- the reduce side --------------------------------------------------------------------------------------------- */

/* The order in which pairs have to come out. */
static int compare_pairs(const void *a, const void *b) {
    const pair *left = a, *right = b;
    int result = mr_compare_bytes(mr_bytes(left->key, left->key_length), mr_bytes(right->key, right->key_length));
    if (result) return result;
    if (left->position != right->position) return left->position < right->position ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static bool same_key(const pair *a, const pair *b) {
    return a->key_length == b->key_length && !memcmp(a->key, b->key, a->key_length);
}

/* The key that comes next, without its partition. */
static void expect_key(mr_slice key) {
    assert_true(next_pair < pair_count);
    const pair *first = &pairs[next_pair];
    assert_slice(key, first->key + order.skip, first->key_length - order.skip);
    happened.results++;
}

/* The sink of a fold job. */
static bool take_result(void *receiver, const mr_result *result, mr_error *error) {
    (void)receiver;
    (void)error;
    expect_key(result->key);
    const pair *first = &pairs[next_pair];
    uint64_t sum = 0, count = 0, least = UINT64_MAX, greatest = 0;
    for (; next_pair < pair_count && same_key(first, &pairs[next_pair]); next_pair++, count++) {
        uint64_t value = pairs[next_pair].value_length ? mr_load_u64(pairs[next_pair].value) : 1;
        sum += value;
        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    char text[100];
    int length = fold.type == MR_FOLD_STATS_INT64
                     ? sprintf(text, "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, count, sum, least, greatest)
                     : sprintf(text, "%" PRIu64, sum);
    assert_slice(result->value, text, (size_t)length);
    return true;
}

/* The reduce of a group job; sometimes it does not want to see all values. */
static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    (void)ctx;
    expect_key(key);
    const pair *first = &pairs[next_pair];
    bool bored = below(5) == 0;
    mr_slice value;
    while (!(bored && below(3) == 0) && mr_next_value(values, &value)) {
        assert_true(next_pair < pair_count && same_key(first, &pairs[next_pair]));
        assert_slice(value, pairs[next_pair].value, pairs[next_pair].value_length);
        assert_slice(key, first->key + order.skip, first->key_length - order.skip);
        next_pair++;
    }
    if (!bored) {
        assert_int_equal(mr_next_value(values, &value), 0); /* the end stays the end */
        assert_true(next_pair == pair_count || !same_key(first, &pairs[next_pair]));
    }
    while (next_pair < pair_count && same_key(first, &pairs[next_pair]))
        next_pair++;
}

static void reduce_all(const setting *how) {
    mr_error error = {0};
    mr_spill spill = open_test_spill();
    mr_reducer reducer = {.context = &context,
                          .fold = how->fold ? &fold : NULL,
                          .order = order,
                          .budget = how->reduce,
                          .spill = &spill,
                          .sink = take_result};
    qsort(pairs, pair_count, sizeof *pairs, compare_pairs);
    next_pair = 0;
    assert_ok(mr_reducer_open(&reducer, &error), &error);
    for (uint32_t partition = 0; partition < splitters.partitions; partition++) {
        mr_partition_reader reader;
        mr_partition_reader_open(&reader, runs, run_count, arenas, spills, partition);
        mr_block_stream stream = mr_partition_reader_stream(&reader);
        assert_ok(mr_reduce_partition(&reducer, &stream, &error), &error);
        mr_partition_reader_close(&reader);
    }
    assert_int_equal(next_pair, pair_count);
    mr_reducer_close(&reducer);
    happened.reduce_spilled += spill.written;
    close_test_spill(&spill);
}

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

/* Splitters from a few of the keys, as the sample would give them. */
static void choose_splitters(const setting *how) {
    enum { SAMPLE = 200 };
    static struct {
        uint32_t key_length;
        char key[LONGEST_KEY + 4];
    } sample[SAMPLE];
    mr_sort_item items[2 * SAMPLE];
    size_t count = below(SAMPLE + 1);
    for (size_t i = 0; i < count; i++) {
        char key[LONGEST_KEY];
        size_t length = make_key(key, (uint32_t)below(how->keys), how->longest_key);
        mr_slice full = mr_context_full_key(&context, mr_bytes(key, length));
        if (full.length) memcpy(sample[i].key, full.data, full.length);
        sample[i].key_length = (uint32_t)full.length;
        items[i] = (mr_sort_item){mr_prefix_at(full.data, full.length, 0), (const char *)&sample[i]};
    }
    mr_sort_items(items, items + SAMPLE, count, 4, &order);
    mr_splitters_choose(&splitters, items, count, 4, how->partitions, &order);
    mr_splitter_index_build(&splitter_index, &splitters, &order);
}

static void begin_round(const setting *how) {
    context = (mr_context){.loaded.plugin = {.name = "tester", .reduce = reduce}};
    context.where = &context.own_where;
    if (how->partitioned) {
        context.loaded.plugin.partition = choose_partition;
        context.loaded.plugin.partitions = 3;
    }
    do
        context.processor = (mr_processor)below(MR_PROCESSORS);
    while (!mr_processor_has(context.processor));
    fold = mr_fold_of(how->fold_type, 0, NULL, NULL);
    order = (mr_key_order){.skip = mr_context_key_skip(&context)};
    pair_count = run_count = 0;
    choose_splitters(how);
    for (unsigned w = 0; w < WRITERS; w++) {
        writer *self = &writers[w];
        self->arena = arenas[w] = (mr_arena){aligned_alloc(ALIGNMENT, how->arena), how->arena};
        assert_non_null(self->arena.base);
        memset(self->arena.base, 0x55, how->arena);
        self->spill = open_test_spill();
        self->sealed = self->announced = 0;
        open_writer(self, how);
    }
}

static void end_round(const setting *how) {
    for (unsigned w = 0; w < WRITERS; w++) {
        close_writer(&writers[w], how);
        close_test_spill(&writers[w].spill);
        free(writers[w].arena.base);
    }
    for (size_t i = 0; i < pair_count; i++) {
        free(pairs[i].key);
        free(pairs[i].value);
    }
    free(context.full_key);
}

static void do_round(const setting *how) {
    begin_round(how);
    map_all(how);
    for (unsigned w = 0; w < WRITERS; w++)
        spills[w] = writers[w].spill;
    reduce_all(how);
    end_round(how);
}

static uint32_t random_fold(void) {
    static const uint32_t types[] = {MR_FOLD_COUNT, MR_FOLD_SUM_INT64, MR_FOLD_STATS_INT64};
    return types[below(3)];
}

static setting random_setting(bool fold_job) {
    return (setting){.fold = fold_job,
                     .fold_type = random_fold(),
                     .partitioned = below(3) == 0,
                     .pairs = skewed_below(5000),
                     .keys = 1 + (uint32_t)skewed_below(below(2) ? 50 : 5000),
                     .longest_key = 1 + below(LONGEST_KEY - 1),
                     .longest_value = 1 + skewed_below(below(8) ? 300 : 60000),
                     .arena = 64 * (2500 + skewed_below(20000)),
                     .block = 64 * (2 + below(32)),
                     .table = 4096 + skewed_below(100000),
                     .reduce = 4096 + skewed_below(300000),
                     .partitions = 1 + (uint32_t)skewed_below(40),
                     .deaths = below(2)};
}

/* A few rounds may leave out what is to be tested: then more of them. */
static void random_rounds(bool fold_job, unsigned count) {
    memset(&happened, 0, sizeof happened);
    for (unsigned round = 0; round < count || (round < 100 * count && !happened.deaths); round++) {
        setting how = random_setting(fold_job);
        do_round(&how);
    }
    assert_true(happened.runs_in_memory > 0);
    assert_true(happened.deaths > 0);
    assert_true(happened.results > 0);
}

static void random_folds(void **state) {
    (void)state;
    random_rounds(true, rounds(60));
}

static void random_groups(void **state) {
    (void)state;
    random_rounds(false, rounds(60));
}

/* The narrowest memory: everything spills everywhere. */
static void narrow_folds(void **state) {
    (void)state;
    memset(&happened, 0, sizeof happened);
    setting how = {.fold = true,
                   .fold_type = MR_FOLD_SUM_INT64,
                   .pairs = PAIRS - 1000,
                   .keys = 20000,
                   .longest_key = LONGEST_KEY - 1,
                   .arena = 20 << 10,
                   .block = 512,
                   .table = 4096,
                   .reduce = 8192,
                   .partitions = 1};
    do_round(&how);
    assert_true(happened.runs_in_files > 0);
    assert_true(happened.reduce_spilled > 0); /* so the table was full, and the sorter took over */
    how.reduce = 16 << 20;
    uint64_t before = happened.reduce_spilled;
    do_round(&how);
    assert_true(happened.reduce_spilled == before); /* and here the table sufficed */
}

static void narrow_groups(void **state) {
    (void)state;
    memset(&happened, 0, sizeof happened);
    setting how = {.pairs = PAIRS - 1000,
                   .keys = 500,
                   .longest_key = 50,
                   .longest_value = 2000, /* more than a block */
                   .arena = 20 << 10,
                   .block = 512,
                   .reduce = 4096,
                   .partitions = 4,
                   .partitioned = true,
                   .deaths = true};
    /* With few writers and many deaths too little may be left to spill: then once more. */
    for (int round = 0; round < 10 && !(happened.runs_in_files && happened.reduce_spilled); round++)
        do_round(&how);
    assert_true(happened.runs_in_files > 0);
    assert_true(happened.reduce_spilled > 0);
}

/* Keys that are larger than a whole table are folded all the same. */
static void giant_keys_are_folded(void **state) {
    (void)state;
    setting how = {.fold = true,
                   .fold_type = MR_FOLD_COUNT,
                   .keys = 1,
                   .longest_key = 1,
                   .arena = 4 << 20,
                   .block = 512,
                   .table = 4096,
                   .reduce = 8192,
                   .partitions = 1};
    enum { GIANT = 100000 };
    char *batch = allocate(sizeof(mr_pair) + GIANT + 8), *key = allocate(GIANT);
    mr_error error = {0};
    begin_round(&how);
    for (unsigned i = 0; i < 60; i++) {
        unsigned w = i % WRITERS;
        memset(key, 'a' + (int)(i % 5), GIANT);
        mr_pair header = {GIANT, 0};
        memcpy(batch, &header, sizeof header);
        char *end = mr_put_padded(batch + sizeof header, key, GIANT);
        assert_ok(mr_fold_pairs(&writers[w].folder, batch, end, &error), &error);
        remember(w, mr_bytes(key, GIANT), mr_bytes(NULL, 0), 0);
    }
    map_all(&how);
    for (unsigned w = 0; w < WRITERS; w++)
        spills[w] = writers[w].spill;
    reduce_all(&how);
    end_round(&how);
    free(batch);
    free(key);
}

static void records_larger_than_an_arena_are_refused(void **state) {
    (void)state;
    setting how = {.keys = 1, .longest_key = 1, .arena = 8 << 10, .block = 512, .partitions = 1};
    enum { LENGTH = 9000 };
    static _Alignas(8) char batch[sizeof(mr_pair) + LENGTH + 8], value[LENGTH];
    mr_error error = {0};
    begin_round(&how);
    mr_pair header = {0, LENGTH};
    memcpy(batch, &header, sizeof header);
    char *end = mr_put_padded(batch + sizeof header, value, LENGTH);
    assert_refused(mr_exchange_pairs(&writers[0].exchange, batch, end, &error), &error, "--memory");
    end_round(&how);
}

static void values_of_the_wrong_size_are_refused(void **state) {
    (void)state;
    setting how = {.fold = true,
                   .fold_type = MR_FOLD_SUM_INT64,
                   .keys = 1,
                   .longest_key = 1,
                   .arena = 8 << 10,
                   .block = 512,
                   .table = 4096,
                   .partitions = 1};
    _Alignas(8) char batch[64];
    mr_error error = {0};
    for (int partitioned = 0; partitioned < 2; partitioned++) {
        how.partitioned = partitioned;
        begin_round(&how);
        context.where->callback = "map";
        mr_pair header = {1, 4};
        memcpy(batch, &header, sizeof header);
        char *end = mr_put_padded(mr_put_padded(batch + sizeof header, "k", 1), "four", 4);
        assert_refused(mr_fold_pairs(&writers[0].folder, batch, end, &error), &error, "a value of 4 bytes in map");
        end_round(&how);
    }
}

/* Reads partition 0 of all runs; false with error set when something is damaged. */
static bool read_all(mr_error *error) {
    mr_partition_reader reader;
    mr_partition_reader_open(&reader, runs, run_count, arenas, spills, 0);
    mr_block_stream stream = mr_partition_reader_stream(&reader);
    mr_slice records;
    bool more = true, ok;
    while ((ok = stream.next(stream.source, &records, &more, error)) && more)
        continue;
    assert_int_equal(reader.ended, ok);
    mr_partition_reader_close(&reader);
    return ok;
}

/* Sealed records that somebody has written to are noticed, and so are entries, and blocks that are intact but no longer
 * in their chain. */
static void damage_is_noticed(void **state) {
    (void)state;
    setting how = {.pairs = 500,
                   .keys = 50,
                   .longest_key = 20,
                   .longest_value = 20,
                   .arena = 1 << 20,
                   .block = 1024,
                   .reduce = 1 << 20,
                   .partitions = 1};
    begin_round(&how);
    map_all(&how);
    mr_run *run = &runs[below(run_count)];
    assert_int_equal(run->in_file, 0);
    mr_run_entry entry;
    memcpy(&entry, arenas[run->worker].base + run->index_offset, sizeof entry);
    mr_block *block = (mr_block *)(void *)(arenas[run->worker].base + entry.blocks.offset);
    char *damages[] = {mr_block_records(block) + below(block->used), (char *)block, (char *)&block->checksum,
                       (char *)&block->next + 1, arenas[run->worker].base + run->index_offset + below(sizeof entry)};
    mr_error error = {0};
    assert_ok(read_all(&error), &error);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        *damages[i] ^= 4;
        assert_refused(read_all(&error), &error, "damaged");
        assert_true(error.damage);
        *damages[i] ^= 4;
    }
    end_round(&how);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(random_folds),
        RANDOM_TEST(random_groups),
        RANDOM_TEST(narrow_folds),
        RANDOM_TEST(narrow_groups),
        RANDOM_TEST(giant_keys_are_folded),
        RANDOM_TEST(records_larger_than_an_arena_are_refused),
        RANDOM_TEST(values_of_the_wrong_size_are_refused),
        RANDOM_TEST(damage_is_noticed),
    };
    start_seed();
    return run_all_tests(tests);
}
