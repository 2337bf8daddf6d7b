#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"
#include "check/shrink.h"

/* Law: map_chunk may be handed any number of records at a time. What it emits for them together may be less than for
 * each of them alone (it may count before it emits), but it has to come to the same output. Windows of consecutive
 * records are handed over as one text, each record alone, and cut at random; what is emitted is folded or reduced, and
 * the results are compared. Plugins with map have no borders.
 */

enum { WINDOW = 60, WINDOWS = 400, LARGE = 3000 /* records of one window that is tried, too */ };

/* How a window is handed over. */
enum cut { TOGETHER, ALONE, AT_RANDOM };

typedef struct borders {
    mr_lab *lab;
    enum cut other; /* what is compared with TOGETHER */
    uint64_t cuts;  /* AT_RANDOM: bit i: a text ends behind record i */
    mr_error *error;
} borders;

static bool ends_text(const borders *self, enum cut cut, size_t i, size_t count) {
    return i + 1 == count || cut == ALONE || (cut == AT_RANDOM && (self->cuts >> i % 64 & 1));
}

/* Maps a window and gathers what is emitted: as pairs, or in a map job as a trace. */
static bool map_window(borders *self, enum cut cut, const uint32_t *items, size_t count, mr_lab_pairs *pairs,
                       mr_trace *output) {
    mr_lab *lab = self->lab;
    const mr_sample_record *list = lab->board->records;
    uint64_t offset = list[items[0]].held, behind = offset;
    mr_trace trace = {0};
    bool ok = true, is_map = lab->plugin.kind == MR_MAP;
    for (size_t first = 0, i = 0; i < count && ok; i++) {
        behind += list[items[i]].bytes;
        if (!ends_text(self, cut, i, count)) continue;
        mr_trace_clear(&trace);
        ok = mr_lab_map(lab, &items[first], i + 1 - first, list[items[0]].number + first, offset,
                        is_map ? output : &trace, self->error) &&
             (is_map || mr_lab_take(lab, &trace, items[first], pairs, self->error));
        offset = behind;
        first = i + 1;
    }
    mr_trace_free(&trace);
    return ok;
}

/* What the job would print for a window. */
static bool output_of(borders *self, enum cut cut, const uint32_t *items, size_t count, mr_trace *output) {
    mr_lab_pairs pairs = {0};
    bool ok = map_window(self, cut, items, count, &pairs, output);
    if (ok && self->lab->plugin.kind != MR_MAP) {
        mr_lab_sort(&pairs);
        ok = mr_lab_output(self->lab, &pairs, output, self->error);
    }
    mr_lab_pairs_free(&pairs);
    return ok;
}

static bool differs(void *receiver, const uint32_t *items, size_t count) {
    borders *self = receiver;
    mr_trace together = {0}, other = {0};
    bool result = output_of(self, TOGETHER, items, count, &together) &&
                  output_of(self, self->other, items, count, &other) && !mr_trace_same(&together, &other);
    mr_trace_free(&together);
    mr_trace_free(&other);
    return result;
}

static void tell(borders *self, const uint32_t *items, size_t count) {
    mr_trace together = {0}, other = {0};
    mr_finding *finding =
        mr_finding_begin(self->lab->board, MR_LAW_BORDERS, "map_chunk depends on where its text begins and ends");
    FILE *to = mr_finding_text(finding);
    for (size_t i = 0; i < count; i++)
        mr_finding_add_record(finding, items[i]);
    mr_finding_advise(finding,
                      "Where the input is cut depends on its size and on the workers. Most likely something goes "
                      "from one record into the next (a line before, a sum so far), is done once for each text, "
                      "or the last line is treated in another way. What belongs to several records is for fold "
                      "or reduce.");
    if (!to) return;
    if (output_of(self, TOGETHER, items, count, &together) && output_of(self, self->other, items, count, &other))
        mr_trace_show_difference(to, &together, "as one text   ", &other,
                                 self->other == ALONE ? "one by one    " : "cut elsewhere ");
    fclose(to);
    mr_trace_free(&together);
    mr_trace_free(&other);
}

/* Tries up to count records from first on that are in the same source. false: found, or failed. */
static bool try_window(borders *self, uint64_t first, size_t count, uint32_t *items) {
    const mr_board *board = self->lab->board;
    size_t length = 0, bytes = 0;
    while (length < count && first + length < board->record_count) {
        const mr_sample_record *record = &board->records[first + length];
        if (record->source != board->records[first].source || bytes + record->bytes > self->lab->longest) break;
        bytes += record->bytes;
        items[length] = (uint32_t)(first + length);
        length++;
    }
    self->cuts = mr_lab_random(self->lab, UINT64_MAX);
    for (self->other = ALONE; self->other <= AT_RANDOM; self->other++) {
        if (length < 2 || !differs(self, items, length)) continue;
        length = mr_shrink(items, length, differs, self, self->lab->deadline);
        tell(self, items, length);
        return false;
    }
    return !self->error->set;
}

bool mr_law_borders(mr_lab *lab, void *argument, mr_error *error) {
    borders self = {.lab = lab, .error = error};
    const mr_board *board = lab->board;
    if (!lab->plugin.map_chunk) {
        mr_verdict_none(lab->board, MR_LAW_BORDERS, "map gets records one by one");
        return true;
    }
    if (*(const bool *)argument) {
        mr_verdict_none(lab->board, MR_LAW_BORDERS, "not tried, since something else is wrong");
        return true;
    }
    if (board->record_count < 2) {
        mr_verdict_none(lab->board, MR_LAW_BORDERS, "there is one record");
        return true;
    }
    uint32_t *items = malloc(LARGE * sizeof *items);
    if (!items) return mr_error_memory(error, LARGE * sizeof *items, "records");
    bool ok = try_window(&self, 0, WINDOW, items) && try_window(&self, 0, LARGE, items);
    uint64_t windows = 2;
    while (ok && windows < WINDOWS && mr_seconds() < lab->deadline) {
        ok = try_window(&self, mr_lab_random(lab, board->record_count), 2 + mr_lab_random(lab, WINDOW - 1), items);
        windows++;
    }
    if (ok) mr_verdict_ok(lab->board, MR_LAW_BORDERS, "%llu texts, cut in three ways", (unsigned long long)windows);
    free(items);
    return !error->set;
}
