#include "flow/inject.h"

#include <stdlib.h>

/* A group comes from a file that somebody may have changed, so nothing is believed of it but that lengths lie within
 * its source: the reader of that file has written them. */

/* Where in a group reading is. */
typedef struct cursor {
    mr_injector *injector;
    const mr_source *source;
    uint64_t offset; /* of the next byte within the source */
} cursor;

/* Reads a length and as many bytes, which are allocated, with room behind them as tables read keys. */
static bool read_bytes(cursor *at, char **bytes, size_t *length, mr_error *error) {
    const mr_source_reader *reader = &at->injector->reader;
    uint64_t size;
    *bytes = NULL;
    if (!reader->read(reader->file, at->source, (char *)&size, sizeof size, at->offset, error)) return false;
    at->offset += sizeof size;
    *length = size;
    *bytes = malloc(size + MR_READ_SLACK);
    if (!*bytes) return mr_error_memory(error, size, "a group");
    if (!reader->read(reader->file, at->source, *bytes, size, at->offset, error)) return false;
    at->offset += size;
    return true;
}

static bool inject_values(cursor *at, mr_slice key, mr_error *error) {
    mr_context *context = at->injector->context;
    bool ok = true;
    while (ok && at->offset < at->source->size) {
        char *value;
        size_t length;
        ok = read_bytes(at, &value, &length, error);
        if (ok) mr_emit(&context->ctx, key, mr_bytes(value, length));
        free(value);
        ok = ok && mr_context_ok(context, error);
    }
    return ok;
}

static bool inject_accumulator(cursor *at, mr_slice key, mr_error *error) {
    const mr_fold *fold = at->injector->fold;
    char *coded;
    size_t length;
    bool ok = read_bytes(at, &coded, &length, error);
    void *accumulator = ok ? aligned_alloc(16, (fold->size + 15) & ~15u) : NULL;
    const char *from = coded;
    if (ok && !accumulator) ok = mr_error_memory(error, fold->size, "an accumulator");
    if (ok && (!mr_fold_decode(fold, &from, coded + length, accumulator) || from != coded + length))
        ok = mr_error_set(error, "the accumulator is none of the fold of plugin %s",
                          at->injector->context->loaded.plugin.name);
    ok = ok && at->injector->sink(at->injector->receiver, key, accumulator, error);
    free(accumulator);
    free(coded);
    return ok;
}

static bool inject_group(mr_injector *injector, const mr_source *source, mr_error *error) {
    static const uint32_t kinds[] = {[MR_FOLD] = MR_SOURCE_ACCUMULATOR, [MR_GROUP] = MR_SOURCE_VALUES, [MR_MAP] = 0};
    cursor at = {.injector = injector, .source = source};
    injector->context->where->callback = "partition"; /* no other is called */
    char *key;
    size_t length;
    if (source->kind != kinds[injector->context->loaded.plugin.kind])
        return mr_error_set(error, "this is a group of another kind of job than that of plugin %s",
                            injector->context->loaded.plugin.name);
    bool ok = read_bytes(&at, &key, &length, error);
    ok = ok && (source->kind == MR_SOURCE_VALUES ? inject_values(&at, mr_bytes(key, length), error)
                                                 : inject_accumulator(&at, mr_bytes(key, length), error));
    free(key);
    return ok;
}

bool mr_inject_chunk(mr_injector *injector, const mr_chunk *chunk, mr_error *error) {
    const mr_input *input = injector->input;
    if (!input->groups) return true;
    for (size_t i = mr_input_find(input, chunk->begin); i < input->count; i++) {
        const mr_source *source = &input->sources[i];
        if (source->start >= chunk->end) break;
        if (source->kind == MR_SOURCE_RECORDS || source->start < chunk->begin) continue;
        if (!inject_group(injector, source, error))
            return mr_error_context(error, "%s, byte %llu", source->path, (unsigned long long)source->origin);
    }
    return true;
}
