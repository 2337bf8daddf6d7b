#include "flow/merge.h"

#include <stdlib.h>

#include "base/units.h"
#include "data/loser_tree.h"
#include "data/place.h"

/* Each result has a place in the order, a string of bytes (data/place.h): for values of built-in folds eight bytes from
 * the fold, for the order of keys that the job has anyway nothing at all. Equal places keep the order in which the
 * results came, which is that of their keys. In a part a record is two lengths (4 bytes each), the place and the line.
 *
 * When only the first N are wanted a partition need not be sorted for them: as soon as some more than N results have
 * come the first N of these are found, and the last of them is the worst that counts. What does not come before it is
 * dropped at once, and nearly all of it is. This is done whenever as many again have been added, as long as N results
 * take only a part of the memory. */

enum {
    RECORD_HEADER = 8,
    SELECT_LEAST = 1024, /* results: fewer are not worth the work */
    SELECT_SHARE = 8,    /* of the memory: what results may take among which the first are looked for */
};

/* ---- ordering one partition -------------------------------------------------------------------------------------- */

bool mr_orderer_open(mr_orderer *orderer, uint32_t sort, uint64_t top, const mr_format *format, size_t budget,
                     mr_spill *spill, mr_error *error) {
    *orderer = (mr_orderer){.sort = sort, .top = top, .format = format};
    orderer->select_at = top > UINT64_MAX / 2 ? UINT64_MAX : mr_larger(2 * top, SELECT_LEAST);
    orderer->select_bytes = budget / SELECT_SHARE;
    mr_key_order order = {0};
    return mr_sorter_open(&orderer->sorter, budget, &order, spill, error);
}

void mr_orderer_close(mr_orderer *orderer) {
    mr_sorter_close(&orderer->sorter);
    free(orderer->bytes);
    free(orderer->line);
    free(orderer->worst);
    *orderer = (mr_orderer){0};
}

/* What is in the first column of a text. */
static mr_slice first_column(mr_slice text) {
    const char *tab = text.length ? memchr(text.data, '\t', text.length) : NULL;
    return tab ? mr_bytes(text.data, (size_t)(tab - text.data)) : text;
}

/* Whether a result is ordered as a number: the user says so, or the plugin, of the first column of the value. */
static bool is_number(const mr_orderer *orderer, const mr_result *result) {
    const mr_format *format = orderer->format;
    if (orderer->sort & MR_SORT_NUMERIC) return true;
    if (!(orderer->sort & MR_SORT_VALUE) || format->columns != MR_COLUMNS_OF_ALL) return false;
    size_t column = 1;
    for (size_t i = 0; i < result->key.length; i++)
        column += result->key.data[i] == '\t';
    return column < format->count && format->list[column].number;
}

/* Writes the place of a result in the order; returns its end. */
static char *put_place(char *to, const mr_orderer *orderer, const mr_result *result) {
    char *start = to;
    bool by_value = orderer->sort & MR_SORT_VALUE;
    uint32_t columns = orderer->format->columns;
    mr_slice text = by_value ? result->value : result->key;
    if (orderer->sort == MR_SORT_KEY) return to;
    if (by_value && result->order) {
        memcpy(to, result->order, MR_FOLD_ORDER);
        to += MR_FOLD_ORDER;
    } else if (is_number(orderer, result)) {
        bool split = columns == MR_COLUMNS_OF_ALL || (by_value && columns == MR_COLUMNS_OF_VALUE);
        to = mr_place_of_number(to, split ? first_column(text) : text);
    } else {
        to = mr_place_of_bytes(to, text);
    }
    if (orderer->sort & MR_SORT_DESCENDING) mr_place_reverse(start, to);
    return to;
}

/* Room for length bytes in memory that grows; false when there is none. */
static bool make_room(char **bytes, size_t *size, size_t length, mr_error *error) {
    if (length <= *size) return true;
    free(*bytes);
    *size = 0;
    *bytes = malloc(2 * length);
    if (!*bytes) return mr_error_memory(error, 2 * length, "a result");
    *size = 2 * length;
    return true;
}

/* Takes the first results out of the sorter, copies them behind each other into kept, and remembers the place of the
 * last. */
static bool keep_first(mr_orderer *orderer, char *kept, mr_error *error) {
    mr_sorted record = {0};
    bool more = true;
    if (!mr_sorter_finish(&orderer->sorter, error)) return false;
    for (uint64_t i = 0; i < orderer->top; i++) {
        if (!mr_sorter_next(&orderer->sorter, &record, &more, error)) return false;
        const uint64_t header[] = {record.key.length, record.value.length, record.rank};
        memcpy(kept, header, sizeof header);
        kept += sizeof header;
        memcpy(kept, record.key.data, record.key.length);
        memcpy(kept + record.key.length, record.value.data, record.value.length);
        kept += record.key.length + record.value.length;
    }
    orderer->worst_length = record.key.length;
    if (!make_room(&orderer->worst, &orderer->worst_size, record.key.length, error)) return false;
    if (record.key.length) memcpy(orderer->worst, record.key.data, record.key.length);
    return true;
}

/* Puts them back into the sorter. */
static bool put_back(mr_orderer *orderer, const char *kept, mr_error *error) {
    mr_sorter_reset(&orderer->sorter);
    orderer->held_bytes = 0;
    for (orderer->held = 0; orderer->held < orderer->top; orderer->held++) {
        uint64_t header[3];
        memcpy(header, kept, sizeof header);
        kept += sizeof header;
        mr_slice place = mr_bytes(kept, header[0]), line = mr_bytes(kept + header[0], header[1]);
        if (!mr_sorter_add(&orderer->sorter, place, line, header[2], error)) return false;
        kept += header[0] + header[1];
        orderer->held_bytes += header[0] + header[1];
    }
    return true;
}

/* Drops all but the first results. */
static bool drop_others(mr_orderer *orderer, mr_error *error) {
    char *kept = malloc(orderer->held_bytes + orderer->top * 3 * sizeof(uint64_t));
    if (!kept) return mr_error_memory(error, orderer->held_bytes, "the first results");
    bool ok = keep_first(orderer, kept, error) && put_back(orderer, kept, error);
    free(kept);
    return ok;
}

/* Whether a result does not come before the last of as many others as are wanted. */
static bool comes_too_late(const mr_orderer *orderer, mr_slice place) {
    if (orderer->sort == MR_SORT_KEY) return orderer->taken > orderer->top;
    return orderer->worst_length && mr_compare_bytes(place, mr_bytes(orderer->worst, orderer->worst_length)) >= 0;
}

bool mr_order_result(void *receiver, const mr_result *result, mr_error *error) {
    mr_orderer *orderer = receiver;
    size_t most = mr_place_max(orderer->sort & MR_SORT_VALUE ? result->value.length : result->key.length);
    if (!make_room(&orderer->bytes, &orderer->size, most, error)) return false;
    char *end = put_place(orderer->bytes, orderer, result);
    mr_slice place = mr_bytes(orderer->bytes, (size_t)(end - orderer->bytes));
    uint64_t rank = orderer->taken++;
    if (orderer->top != UINT64_MAX && comes_too_late(orderer, place)) return true;
    size_t line_most = mr_formatted_max(orderer->format, result->key, result->value);
    if (!make_room(&orderer->line, &orderer->line_size, line_most, error)) return false;
    end = mr_format_result(orderer->format, orderer->line, result->key, result->value);
    mr_slice line = mr_bytes(orderer->line, (size_t)(end - orderer->line));
    if (!mr_sorter_add(&orderer->sorter, place, line, rank, error)) return false;
    orderer->held++;
    orderer->held_bytes += place.length + line.length;
    bool selects = orderer->sort != MR_SORT_KEY && orderer->held_bytes <= orderer->select_bytes;
    return !selects || orderer->held < orderer->select_at || drop_others(orderer, error);
}

bool mr_orderer_finish(mr_orderer *orderer, const mr_byte_sink *sink, uint64_t *results, mr_error *error) {
    mr_sorted record;
    bool more = true;
    if (!mr_sorter_finish(&orderer->sorter, error)) return false;
    for (*results = 0; *results < orderer->top; ++*results) {
        if (!mr_sorter_next(&orderer->sorter, &record, &more, error)) return false;
        if (!more) break;
        size_t length = RECORD_HEADER + record.key.length + record.value.length;
        char *to = sink->reserve(sink->receiver, length, error);
        if (!to) return false;
        mr_store_u32(to, (uint32_t)record.key.length);
        mr_store_u32(to + 4, (uint32_t)record.value.length);
        if (record.key.length) memcpy(to + RECORD_HEADER, record.key.data, record.key.length);
        memcpy(to + RECORD_HEADER + record.key.length, record.value.data, record.value.length);
        sink->commit(sink->receiver, length);
    }
    mr_sorter_reset(&orderer->sorter);
    orderer->taken = orderer->held = orderer->held_bytes = orderer->worst_length = 0;
    return true;
}

/* ---- merging the parts ------------------------------------------------------------------------------------------- */

/* A part while it is read. */
typedef struct part_source {
    const mr_part *part;
    const char *memory;   /* its bytes, when they are in a region */
    mr_run_reader reader; /* of its blocks otherwise */
    char *buffer;         /* of these, what has not been given out yet; owned */
    size_t buffer_size;   /* bytes allocated */
    size_t held;          /* bytes in the buffer */
    size_t used;          /* of these, bytes that have been given out */
    uint64_t taken;       /* bytes of the part that have been given out */
    mr_slice place;       /* of the record at hand */
    mr_slice line;        /* of the record at hand */
} part_source;

/* All that is merged; what the loser tree compares by. */
typedef struct part_merge {
    part_source *sources;
    size_t count;
} part_merge;

static int compare_places(const void *context, uint32_t a, uint32_t b) {
    const part_merge *merge = context;
    return mr_compare_bytes(merge->sources[a].place, merge->sources[b].place);
}

static bool damaged(mr_error *error) {
    return mr_error_damage(error, "it is damaged: a plugin has written where it may not, before it was complete");
}

/* Appends the next block of a part in a file to what is in the buffer. */
static bool read_block(part_source *source, mr_error *error) {
    bool more;
    if (!mr_run_next_block(&source->reader, &more, error)) return false;
    if (!more) return damaged(error);
    size_t length = source->reader.block.used;
    if (source->used) memmove(source->buffer, source->buffer + source->used, source->held - source->used);
    source->held -= source->used;
    source->used = 0;
    if (length > source->buffer_size - source->held) {
        char *larger = realloc(source->buffer, source->held + length);
        if (!larger) return mr_error_memory(error, source->held + length, "merging");
        source->buffer = larger;
        source->buffer_size = source->held + length;
    }
    memcpy(source->buffer + source->held, source->reader.records, length);
    source->held += length;
    return true;
}

/* Gives the next length bytes of a part; those given before are no longer valid. */
static const char *next_bytes(part_source *source, size_t length, mr_error *error) {
    if (length > source->part->bytes - source->taken) {
        damaged(error);
        return NULL;
    }
    source->taken += length;
    if (source->memory) return source->memory + source->taken - length;
    while (source->held - source->used < length)
        if (!read_block(source, error)) return NULL;
    source->used += length;
    return source->buffer + source->used - length;
}

/* Moves to the next record; *more is false at the end of the part. */
static bool next_record(part_source *source, bool *more, mr_error *error) {
    *more = source->taken < source->part->bytes;
    if (!*more) return true;
    const char *header = next_bytes(source, RECORD_HEADER, error);
    if (!header) return false;
    size_t place_length = mr_load_u32(header), line_length = mr_load_u32(header + 4);
    const char *bytes = next_bytes(source, place_length + line_length, error);
    if (!bytes) return false;
    source->place = mr_bytes(bytes, place_length);
    source->line = mr_bytes(bytes + place_length, line_length);
    return true;
}

static bool open_source(part_source *source, const mr_part *part, const mr_arena *regions, const mr_spill *files,
                        mr_error *error) {
    *source = (part_source){.part = part};
    if (part->in_file)
        mr_run_reader_open(&source->reader, &files[part->worker], part->place);
    else
        source->memory = regions[part->worker].base + part->place.offset;
    return mr_part_verify(part, regions, error);
}

static bool hand_on_line(const mr_byte_sink *sink, mr_slice line, mr_error *error) {
    char *to = sink->reserve(sink->receiver, line.length, error);
    if (!to) return false;
    memcpy(to, line.data, line.length);
    sink->commit(sink->receiver, line.length);
    return true;
}

/* *at is the source that is being read. */
static bool merge_sources(part_merge *merge, const bool *alive, uint64_t top, const mr_byte_sink *sink,
                          uint64_t *results, uint64_t *at, mr_error *error) {
    mr_loser_tree tree;
    if (!mr_loser_tree_open(&tree, (uint32_t)merge->count, alive, compare_places, merge, error)) return false;
    bool ok = true;
    uint32_t winner;
    for (*results = 0; ok && *results < top && mr_loser_tree_winner(&tree, &winner); ++*results) {
        bool more = false;
        *at = winner;
        ok = hand_on_line(sink, merge->sources[winner].line, error) &&
             next_record(&merge->sources[winner], &more, error);
        if (ok) mr_loser_tree_advance(&tree, more); /* otherwise there is nothing to compare by */
    }
    mr_loser_tree_close(&tree);
    return ok;
}

bool mr_merge_parts(const mr_part *parts, size_t part_count, const mr_arena *regions, const mr_spill *files,
                    uint64_t top, const mr_byte_sink *sink, uint64_t *results, uint64_t *at, mr_error *error) {
    part_merge merge = {.sources = calloc(part_count + 1, sizeof *merge.sources)};
    bool *alive = calloc(part_count + 1, sizeof *alive);
    bool ok = (merge.sources && alive) || mr_error_memory(error, part_count * sizeof *merge.sources, "merging");
    for (*at = 0; ok && merge.count < part_count; *at = merge.count)
        ok = open_source(&merge.sources[merge.count], &parts[merge.count], regions, files, error) &&
             next_record(&merge.sources[merge.count], &alive[merge.count], error) && ++merge.count;
    ok = ok && merge_sources(&merge, alive, top, sink, results, at, error);
    for (size_t i = 0; merge.sources && i < part_count; i++) {
        free(merge.sources[i].buffer);
        mr_run_reader_close(&merge.sources[i].reader);
    }
    free(merge.sources);
    free(alive);
    return ok;
}
