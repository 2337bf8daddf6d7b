#include "check/finding.h"

#include <stdarg.h>
#include <stdlib.h>

void mr_verdict_ok(mr_board *board, enum mr_law law, const char *format, ...) {
    mr_verdict *verdict = &board->verdicts[law];
    if (verdict->kind == MR_VERDICT_WRONG) return;
    verdict->kind = MR_VERDICT_OK;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->note, sizeof verdict->note, format, arguments);
    va_end(arguments);
}

void mr_verdict_none(mr_board *board, enum mr_law law, const char *format, ...) {
    mr_verdict *verdict = &board->verdicts[law];
    if (verdict->kind != MR_VERDICT_NONE) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->note, sizeof verdict->note, format, arguments);
    va_end(arguments);
}

mr_finding *mr_finding_begin(mr_board *board, enum mr_law law, const char *format, ...) {
    mr_finding *finding = &board->findings[law];
    *finding = (mr_finding){.law = law};
    board->verdicts[law] = (mr_verdict){.kind = MR_VERDICT_WRONG};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->title, sizeof finding->title, format, arguments);
    va_end(arguments);
    return finding;
}

void mr_follows_from_others(mr_board *board, enum mr_law law) {
    mr_finding_begin(board, law, "%s", "");
    snprintf(board->verdicts[law].note, sizeof board->verdicts[law].note, "it follows from what else is wrong");
}

FILE *mr_finding_text(mr_finding *finding) {
    return fmemopen(finding->text, sizeof finding->text, "w");
}

void mr_finding_advise(mr_finding *finding, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->advice, sizeof finding->advice, format, arguments);
    va_end(arguments);
}

void mr_finding_add_record(mr_finding *finding, uint32_t record) {
    for (uint32_t i = 0; i < finding->record_count; i++)
        if (finding->records[i] == record) return;
    if (finding->record_count < MR_FINDING_RECORDS)
        finding->records[finding->record_count++] = record;
    else
        finding->left_out++;
}

static int compare_numbers(const void *a, const void *b) {
    const uint32_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

void mr_finding_sort_records(mr_finding *finding) {
    qsort(finding->records, finding->record_count, sizeof *finding->records, compare_numbers);
}
