#include "check/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "data/bytes.h"

/* An entry: this, the key, the value. */
typedef struct entry_head {
    uint32_t kind;         /* enum mr_trace_kind */
    uint32_t key_length;   /* bytes */
    uint32_t value_length; /* bytes */
} entry_head;

enum { SHOWN = 160 /* bytes of a key or value that are shown */ };

static bool make_room(mr_trace *trace, size_t need, mr_error *error) {
    if (trace->used + need <= trace->size) return true;
    size_t size = 2 * (trace->used + need) + 256;
    char *larger = realloc(trace->bytes, size);
    if (!larger) return mr_error_memory(error, size, "what the plugin emits");
    trace->bytes = larger;
    trace->size = size;
    return true;
}

static void put_bytes(mr_trace *trace, const void *bytes, size_t length) {
    if (length) memcpy(trace->bytes + trace->used, bytes, length);
    trace->used += length;
}

/* Adds to the last entry when that is of bytes that were written, too. */
static bool continue_writing(mr_trace *trace, mr_slice value) {
    entry_head head;
    if (!trace->used) return false;
    memcpy(&head, trace->bytes + trace->last, sizeof head);
    if (head.kind != MR_TRACE_WRITTEN || value.length > UINT32_MAX - head.value_length) return false;
    head.value_length += (uint32_t)value.length;
    memcpy(trace->bytes + trace->last, &head, sizeof head);
    put_bytes(trace, value.data, value.length);
    return true;
}

bool mr_trace_add(mr_trace *trace, uint32_t kind, mr_slice key, mr_slice value, mr_error *error) {
    entry_head head = {kind, (uint32_t)key.length, (uint32_t)value.length};
    if (!make_room(trace, sizeof head + key.length + value.length, error)) return false;
    if (kind == MR_TRACE_WRITTEN && continue_writing(trace, value)) return true;
    trace->last = trace->used;
    put_bytes(trace, &head, sizeof head);
    put_bytes(trace, key.data, key.length);
    put_bytes(trace, value.data, value.length);
    return true;
}

void mr_trace_free(mr_trace *trace) {
    free(trace->bytes);
    *trace = (mr_trace){0};
}

bool mr_trace_next(const mr_trace *trace, size_t *at, mr_trace_entry *entry) {
    entry_head head;
    if (trace->used - *at < sizeof head) return false;
    memcpy(&head, trace->bytes + *at, sizeof head);
    const char *key = trace->bytes + *at + sizeof head;
    uint64_t length = (uint64_t)head.key_length + head.value_length;
    if (length > trace->used - *at - sizeof head) return false;
    *entry =
        (mr_trace_entry){head.kind, mr_bytes(key, head.key_length), mr_bytes(key + head.key_length, head.value_length)};
    *at += sizeof head + length;
    return true;
}

uint64_t mr_trace_hash(const mr_trace *trace) {
    return mr_hash_bytes(trace->bytes ? trace->bytes : "", trace->used);
}

bool mr_trace_same(const mr_trace *a, const mr_trace *b) {
    return a->used == b->used && (!a->used || !memcmp(a->bytes, b->bytes, a->used));
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

void mr_show_bytes(FILE *to, mr_slice bytes, size_t most) {
    size_t shown = mr_smaller(bytes.length, most);
    char text[MR_UTF8_SHOWN];
    for (size_t i = 0; i < shown;) {
        i += mr_utf8_show(bytes.data + i, shown - i, text);
        fputs(text, to);
    }
    if (shown < bytes.length) fprintf(to, "... (%zu bytes)", bytes.length);
}

static void show_entry(FILE *to, const char *name, const mr_trace_entry *entry) {
    fprintf(to, "%s: ", name);
    if (!entry) fputs("nothing more", to);
    if (entry && entry->kind == MR_TRACE_WRITTEN) fputs("it writes ", to);
    if (entry && entry->kind == MR_TRACE_REJECTED) fputs("it rejects the record: ", to);
    if (entry && entry->kind == MR_TRACE_FAILED) fputs("it fails: ", to);
    if (entry && entry->kind == MR_TRACE_PAIR) {
        fputs("key ", to);
        mr_show_bytes(to, entry->key, SHOWN);
        fputs(", value ", to);
    }
    if (entry) mr_show_bytes(to, entry->value, SHOWN);
    fputc('\n', to);
}

/* Names the bytes that differ, up to the last one. */
static void show_range(FILE *to, const char *what, mr_slice a, mr_slice b) {
    size_t first = 0, last = a.length;
    if (a.length != b.length || mr_same_bytes(a.data, b.data, a.length)) return;
    while (a.data[first] == b.data[first])
        first++;
    while (a.data[last - 1] == b.data[last - 1])
        last--;
    if (last - first == 1)
        fprintf(to, "byte %zu of the %s differs\n", first, what);
    else
        fprintf(to, "bytes %zu to %zu of the %s differ\n", first, last - 1, what);
}

static bool same_entry(const mr_trace_entry *a, const mr_trace_entry *b) {
    return a->kind == b->kind && a->key.length == b->key.length && a->value.length == b->value.length &&
           mr_same_bytes(a->key.data, b->key.data, a->key.length) &&
           mr_same_bytes(a->value.data, b->value.data, a->value.length);
}

void mr_trace_show_difference(FILE *to, const mr_trace *a, const char *a_name, const mr_trace *b, const char *b_name) {
    mr_trace_entry in_a, in_b;
    size_t at_a = 0, at_b = 0;
    for (size_t number = 1;; number++) {
        bool more_a = mr_trace_next(a, &at_a, &in_a), more_b = mr_trace_next(b, &at_b, &in_b);
        if (!more_a && !more_b) return;
        if (more_a && more_b && same_entry(&in_a, &in_b)) continue;
        if (number == 2) fputs("the first is the same, then\n", to);
        if (number > 2) fprintf(to, "the first %zu are the same, then\n", number - 1);
        show_entry(to, a_name, more_a ? &in_a : NULL);
        show_entry(to, b_name, more_b ? &in_b : NULL);
        if (!more_a || !more_b || in_a.kind != in_b.kind) return;
        show_range(to, "key", in_a.key, in_b.key);
        show_range(to, in_a.kind == MR_TRACE_PAIR ? "value" : "text", in_a.value, in_b.value);
        return;
    }
}
