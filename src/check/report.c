#include "check/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* A line for each law, then a paragraph for each that is broken: what is wrong, the smallest input that shows it, what
 * came out in both ways, and what to do. */

enum { WIDTH = 100, RECORDS_SHOWN = 8, RECORD_SHOWN = 120 };

static const char *const law_names[MR_LAWS] = {
    [MR_LAW_SAME] = "a record gives the same every time",
    [MR_LAW_STATE] = "whatever other records came before",
    [MR_LAW_BORDERS] = "wherever texts of map_chunk are cut",
    [MR_LAW_RECORD] = "records are cut at the same places",
    [MR_LAW_FOLD] = "fold in any order and grouping",
    [MR_LAW_COMBINE] = "combine however often",
    [MR_LAW_COMPARE] = "compare is an order",
    [MR_LAW_PARTITION] = "partition goes with it",
    [MR_LAW_RESULT] = "a key gives the same among others",
    [MR_LAW_JOBS] = "whole jobs print the same bytes",
    [MR_LAW_SOURCE] = "sanitizers find nothing",
};

static const char *verdict_word(uint32_t kind) {
    return kind == MR_VERDICT_OK ? "ok" : kind == MR_VERDICT_WRONG ? "WRONG" : "-";
}

static void print_head(const mr_checker *self) {
    const mr_board *board = self->board;
    char taken[MR_SIZE_TEXT], all[MR_SIZE_TEXT];
    printf("%s, %s, ", self->job.description.name, mr_format_size(board->bytes, taken));
    if (board->whole)
        printf("all of the input");
    else if (self->original.input.streams)
        printf("a part of the input");
    else
        printf("a part of %s", mr_format_size(self->original.input.bytes, all));
    printf(", %llu record%s, --seed %llu\n", (unsigned long long)board->record_count,
           board->record_count == 1 ? "" : "s", (unsigned long long)self->settings->seed);
    if (self->left_out)
        printf("(without %llu bad record%s)\n", (unsigned long long)self->left_out, self->left_out == 1 ? "" : "s");
    if (board->dropped) printf("(%u records were too long to be looked at)\n", board->dropped);
}

static void print_verdicts(const mr_board *board) {
    for (int law = 0; law < MR_LAWS; law++) {
        const mr_verdict *verdict = &board->verdicts[law];
        printf("  %-37s %s", law_names[law], verdict_word(verdict->kind));
        int used = (int)strlen(verdict_word(verdict->kind));
        if (*verdict->note) printf("%*s%.*s", 7 - used, "", (int)sizeof verdict->note - 1, verdict->note);
        putchar('\n');
    }
}

/* Prints text with every line behind an indent; what is longer than a line is broken at spaces, if wrap. */
static void print_indented(const char *text, size_t most, bool wrap) {
    const char *end = text + strnlen(text, most);
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        if (wrap && line_end - text > WIDTH)
            for (const char *at = text; at < text + WIDTH; at++)
                if (*at == ' ') line_end = at;
        printf("    %.*s\n", (int)(line_end - text), text);
        text = line_end < end ? line_end + 1 : end;
    }
}

/* Where a record stands in the input. */
static void print_place(const mr_checker *self, const mr_sample_record *record) {
    const mr_input *input = &self->original.input;
    const char *path = record->source < input->count ? input->sources[record->source].path : "?";
    printf("    ");
    mr_show_bytes(stdout, mr_text(path), 200);
    printf(", byte %llu: ", (unsigned long long)record->offset);
    mr_show_bytes(stdout, mr_bytes(self->sample.bytes + record->at, record->length), RECORD_SHOWN);
    if (!record->length) printf("(empty)");
    putchar('\n');
}

static uint32_t records_of(const mr_checker *self, const mr_finding *finding) {
    uint32_t count = (uint32_t)mr_smaller(finding->record_count, MR_FINDING_RECORDS);
    for (uint32_t i = 0; i < count; i++)
        if (finding->records[i] >= self->board->record_count) return i;
    return count;
}

static void print_records(const mr_checker *self, const mr_finding *finding) {
    uint32_t count = records_of(self, finding);
    if (!count) return;
    uint64_t all = (uint64_t)count + finding->left_out;
    if (all == 1)
        printf("  this record shows it:\n");
    else
        printf("  these %llu records show it:\n", (unsigned long long)all);
    for (uint32_t i = 0; i < count && i < RECORDS_SHOWN; i++)
        print_place(self, &self->board->records[finding->records[i]]);
    if (all > RECORDS_SHOWN) printf("    and %llu more\n", (unsigned long long)(all - RECORDS_SHOWN));
}

static void print_finding(const mr_checker *self, const mr_finding *finding) {
    if (!*finding->title) return;
    printf("\nWRONG: %.*s\n", (int)sizeof finding->title - 1, finding->title);
    print_records(self, finding);
    if (*finding->text) printf("  what came out:\n");
    print_indented(finding->text, sizeof finding->text, false);
    if (*finding->advice) printf("  what to do:\n");
    print_indented(finding->advice, sizeof finding->advice, true);
}

void mr_check_report(const mr_checker *self) {
    print_head(self);
    print_verdicts(self->board);
    for (int law = 0; law < MR_LAWS; law++)
        if (self->board->verdicts[law].kind == MR_VERDICT_WRONG) print_finding(self, &self->board->findings[law]);
}

static const mr_finding *first_with_records(const mr_checker *self) {
    for (int law = 0; law < MR_LAWS; law++) {
        const mr_finding *finding = &self->board->findings[law];
        if (self->board->verdicts[law].kind == MR_VERDICT_WRONG && records_of(self, finding)) return finding;
    }
    return NULL;
}

/* The record that the names of columns stand in belongs to the input as well. */
static const mr_sample_record *header_of(const mr_checker *self, const mr_sample_record *record) {
    if (self->job.description.records.kind != MR_RECORDS_CSV || record->number == 1) return NULL;
    return record - (record->number - 1);
}

bool mr_check_keep(const mr_checker *self, const char *path, mr_error *error) {
    const mr_finding *finding = first_with_records(self);
    if (!finding) return true;
    FILE *to = fopen(path, "we");
    if (!to) return mr_error_system(error, errno, "could not write %s", path);
    for (uint32_t i = 0; i < records_of(self, finding); i++) {
        const mr_sample_record *record = &self->board->records[finding->records[i]];
        const mr_sample_record *header = i ? NULL : header_of(self, record);
        if (header) fwrite(self->sample.bytes + header->at, 1, header->bytes, to);
        fwrite(self->sample.bytes + record->at, 1, record->bytes, to);
    }
    bool failed = ferror(to);
    failed |= fclose(to) != 0;
    return !failed || mr_error_system(error, errno, "could not write %s", path);
}
