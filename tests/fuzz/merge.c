/* Fuzzes ordered results. Hostile parts, in shared memory and in files (where they have the right checksum), are
 * merged: an error, or lines that lie within them. And results that are ordered, written as parts and merged come out
 * as a reference sorts them. */
#include "fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include "data/escape.h"
#include "flow/merge.h"

enum { PARTS = 4, RESULTS = 64, SORT_MEMORY = 64 << 10 };

/* Bytes that are collected; a mr_byte_sink. */
typedef struct collected {
    char *bytes;   /* owned */
    size_t length; /* in bytes */
} collected;

/* A result with its place among the others. */
typedef struct ranked_result {
    mr_result result;
    size_t number; /* in the order of keys */
} ranked_result;

static int files[PARTS + 1]; /* of parts; the last one for sorting */
static uint32_t sort;        /* enum mr_sort, for compare_results */

static char *reserve(void *receiver, size_t length, mr_error *error) {
    (void)error;
    collected *self = receiver;
    self->bytes = realloc(self->bytes, self->length + length + 1);
    require(self->bytes);
    return self->bytes + self->length;
}

static void commit(void *receiver, size_t length) {
    ((collected *)receiver)->length += length;
}

static mr_byte_sink sink_of(collected *self) {
    return (mr_byte_sink){.reserve = reserve, .commit = commit, .receiver = self};
}

static mr_spill open_file(int i) {
    if (!files[i]) files[i] = memfd_create("part", MFD_CLOEXEC);
    require(files[i] > 0 && ftruncate(files[i], 0) == 0);
    return (mr_spill){.file = files[i], .identity = mr_file_identify(files[i]), .folder = "memory"};
}

/* How a part is kept. */
typedef struct storage {
    uint32_t in_file; /* bit i: part i is in a file */
    size_t block;     /* there in blocks of so many bytes */
    uint64_t top;     /* results that are wanted */
} storage;

/* Stores a part to the byte: in memory of its own, or as blocks in a file. */
static void store(mr_part *part, mr_slice bytes, const storage *how, mr_arena *region, mr_spill *spill) {
    mr_error error = {0};
    part->bytes = bytes.length;
    part->in_file = how->in_file >> part->worker & 1;
    if (!part->in_file) {
        *region = (mr_arena){fuzz_allocate(bytes.length + (bytes.length == 0)), bytes.length};
        if (bytes.length) memcpy(region->base, bytes.data, bytes.length);
        part->place = (mr_extent){.length = bytes.length, .checksum = mr_hash_bytes(bytes.data, bytes.length)};
        return;
    }
    *spill = open_file((int)part->worker);
    for (size_t at = 0, step; at < bytes.length; at += step) {
        step = bytes.length - at < how->block ? bytes.length - at : how->block;
        require(mr_spill_append_block(spill, bytes.data + at, step, &part->place, &error));
    }
}

/* Merges parts of which the bytes are given; false: they are damaged. */
static bool merge(const mr_slice *bytes, size_t count, const storage *how, collected *output) {
    mr_part parts[PARTS];
    mr_arena regions[PARTS] = {{0}};
    mr_spill spills[PARTS] = {{0}};
    mr_error error = {0};
    mr_byte_sink sink = sink_of(output);
    uint64_t results, at;
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = (mr_part){.worker = i};
        store(&parts[i], bytes[i], how, &regions[i], &spills[i]);
    }
    bool ok = mr_merge_parts(parts, count, regions, spills, how->top, &sink, &results, &at, &error);
    require_told(ok, &error);
    require(ok ? results <= how->top : at < count);
    for (size_t i = 0; i < count; i++)
        free(regions[i].base);
    return ok;
}

static void merge_hostile(fuzz_input *in) {
    mr_slice bytes[PARTS];
    collected output = {0};
    size_t count = take_number(in, PARTS);
    storage how = {.in_file = (uint32_t)take_number(in, 15), .block = 1 + take_number(in, 255), .top = UINT64_MAX};
    for (size_t i = 0; i < count; i++)
        bytes[i] = take_bytes(in, take_number(in, 255));
    merge(bytes, count, &how, &output);
    free(output.bytes);
}

/* ---- results in order -------------------------------------------------------------------------------------------- */

static int compare_results(const void *a, const void *b) {
    const ranked_result *left = a, *right = b;
    mr_slice x = left->result.value, y = right->result.value;
    if (left->result.order) x = mr_bytes(left->result.order, MR_FOLD_ORDER);
    if (left->result.order) y = mr_bytes(right->result.order, MR_FOLD_ORDER);
    int order = 0;
    if (sort & MR_SORT_VALUE) order = mr_compare_bytes(x, y);
    if (sort == MR_SORT_DESCENDING) order = mr_compare_bytes(left->result.key, right->result.key);
    if (order) return sort & MR_SORT_DESCENDING ? -order : order;
    return (left->number > right->number) - (left->number < right->number);
}

static void put_line(collected *output, const mr_format *format, const mr_result *result) {
    size_t most = mr_formatted_max(format, result->key, result->value);
    char *to = mr_format_result(format, reserve(output, most, NULL), result->key, result->value);
    output->length = (size_t)(to - output->bytes);
}

static void order_and_merge(fuzz_input *in) {
    static ranked_result all[RESULTS];
    collected parts[PARTS] = {{0}}, output = {0}, expected = {0};
    mr_slice bytes[PARTS];
    mr_orderer orderer;
    mr_error error = {0};
    sort = (uint32_t)take_number(in, MR_SORT_VALUE_DESCENDING);
    storage how = {.top = take_bool(in) ? take_number(in, RESULTS) : UINT64_MAX};
    bool by_number = take_bool(in);
    mr_format format = {.columns = take_bool(in) ? MR_COLUMNS_OF_VALUE : MR_COLUMNS_NONE};
    how.in_file = (uint32_t)take_number(in, 15);
    how.block = 1 + take_number(in, 255);
    size_t count = 1 + take_number(in, PARTS - 1), all_count = 0;
    mr_spill spill = open_file(PARTS);
    require(mr_orderer_open(&orderer, sort, how.top, &format, SORT_MEMORY, &spill, &error));
    for (size_t i = 0; i < count; i++) {
        mr_byte_sink sink = sink_of(&parts[i]);
        uint64_t results;
        for (size_t left = take_number(in, RESULTS / PARTS); left; left--) {
            mr_result result = {.key = take_bytes(in, take_number(in, 15))};
            result.value = take_bytes(in, take_number(in, 31));
            if (by_number && fuzz_left(in) >= MR_FOLD_ORDER) result.order = take_bytes(in, MR_FOLD_ORDER).data;
            if (by_number && !result.order) break;
            require(mr_order_result(&orderer, &result, &error));
            all[all_count] = (ranked_result){result, all_count};
            all_count++;
        }
        require(mr_orderer_finish(&orderer, &sink, &results, &error));
        bytes[i] = mr_bytes(parts[i].bytes ? parts[i].bytes : "", parts[i].length);
    }
    require(merge(bytes, count, &how, &output));
    qsort(all, all_count, sizeof *all, compare_results);
    for (size_t i = 0; i < all_count && i < how.top; i++)
        put_line(&expected, &format, &all[i].result);
    require(same_slice(mr_bytes(output.bytes, output.length), expected.bytes, expected.length));
    mr_orderer_close(&orderer);
    for (size_t i = 0; i < PARTS; i++)
        free(parts[i].bytes);
    free(output.bytes);
    free(expected.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    if (take_bool(&in))
        merge_hostile(&in);
    else
        order_and_merge(&in);
    return 0;
}
