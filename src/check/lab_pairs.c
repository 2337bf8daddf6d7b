#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "check/lab.h"

/* Pairs that map has emitted, gathered and sorted as the job would sort them. */

enum { PAIRS_MOST = 200 << 10, BYTES_MOST = 64 << 20 /* of all pairs that are gathered */ };

static char *copy_bytes(const char *bytes, size_t length) {
    char *copy = malloc(length + 8); /* aligned to 8, as values of folds are */
    if (copy && length) memcpy(copy, bytes, length);
    return copy;
}

static bool add_pair(mr_lab_pairs *pairs, mr_slice key, mr_slice value, uint32_t record, mr_error *error) {
    if (pairs->count == pairs->room) {
        size_t room = 2 * pairs->room + 64;
        mr_lab_pair *larger = realloc(pairs->list, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "pairs");
        pairs->list = larger;
        pairs->room = room;
    }
    char *key_copy = copy_bytes(key.data, key.length), *value_copy = copy_bytes(value.data, value.length);
    pairs->list[pairs->count] = (mr_lab_pair){.key = mr_bytes(key_copy, key.length),
                                              .value = mr_bytes(value_copy, value.length),
                                              .record = record,
                                              .number = (uint32_t)pairs->count};
    pairs->count++;
    pairs->bytes += key.length + value.length;
    return (key_copy && value_copy) || mr_error_memory(error, key.length + value.length, "a pair");
}

bool mr_lab_take(mr_lab *lab, const mr_trace *trace, uint32_t record, mr_lab_pairs *pairs, mr_error *error) {
    mr_trace_entry entry;
    for (size_t at = 0; mr_trace_next(trace, &at, &entry);) {
        if (entry.kind != MR_TRACE_PAIR) continue;
        mr_slice key = mr_context_full_key(&lab->context, entry.key);
        if (!mr_context_ok(&lab->context, error) || !add_pair(pairs, key, entry.value, record, error)) return false;
    }
    return true;
}

void mr_lab_pairs_free(mr_lab_pairs *pairs) {
    for (size_t i = 0; i < pairs->count; i++) {
        free((char *)(uintptr_t)pairs->list[i].key.data);
        free((char *)(uintptr_t)pairs->list[i].value.data);
    }
    free(pairs->list);
    *pairs = (mr_lab_pairs){0};
}

bool mr_lab_gather(mr_lab *lab, size_t records, double seconds, mr_lab_pairs *pairs, mr_error *error) {
    uint64_t count = lab->board->record_count, step = mr_larger(1, count / mr_larger(1, records));
    double deadline = mr_seconds() + seconds;
    mr_trace trace = {0};
    bool ok = true;
    for (uint64_t i = 0; i < count && ok; i += step) {
        mr_trace_clear(&trace);
        ok = mr_lab_map_one(lab, (uint32_t)i, &trace, error) && mr_lab_take(lab, &trace, (uint32_t)i, pairs, error);
        if (pairs->count > PAIRS_MOST || pairs->bytes > BYTES_MOST || mr_seconds() > deadline) break;
    }
    mr_trace_free(&trace);
    return ok;
}

static int compare_slices(mr_slice a, mr_slice b) {
    size_t shorter = mr_smaller(a.length, b.length);
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_pairs(const void *a, const void *b) {
    const mr_lab_pair *first = a, *second = b;
    int order = compare_slices(first->key, second->key);
    return order ? order : (first->number > second->number) - (first->number < second->number);
}

void mr_lab_sort(mr_lab_pairs *pairs) {
    if (pairs->count) qsort(pairs->list, pairs->count, sizeof *pairs->list, compare_pairs);
}

size_t mr_lab_key_end(const mr_lab_pairs *pairs, size_t first) {
    size_t end = first + 1;
    while (end < pairs->count && !compare_slices(pairs->list[end].key, pairs->list[first].key))
        end++;
    return end;
}

mr_slice mr_lab_plain_key(const mr_lab *lab, const mr_lab_pair *pair) {
    size_t skip = lab->plugin.partition ? mr_smaller(4, pair->key.length) : 0;
    return mr_bytes(pair->key.data + skip, pair->key.length - skip);
}

bool mr_lab_output(mr_lab *lab, const mr_lab_pairs *pairs, mr_trace *trace, mr_error *error) {
    if (!mr_lab_begin(lab, error)) return false;
    for (size_t first = 0, end; first < pairs->count; first = end) {
        end = mr_lab_key_end(pairs, first);
        if (!mr_lab_reduce(lab, &pairs->list[first], end - first, trace, error)) return false;
    }
    return mr_lab_end(lab, trace, error);
}
