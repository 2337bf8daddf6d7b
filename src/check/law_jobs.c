#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/job_trial.h"
#include "check/shrink.h"

/* Law: whole jobs print the same bytes, with one worker and with many, in large chunks and in small ones, with little
 * memory, and without other processes. This is what the user will see, and it finds what the other laws do not think
 * of; but it cannot name it, and chance decides whether it comes to light. So it is only made small, by leaving out
 * records as long as the two jobs still differ, if no other law is broken.
 */

enum {
    CHUNKS = 300,           /* at most about so many of the whole sample */
    LEAST_MEMORY = 4 << 20, /* of a job with little memory */
    MEMORY_OF_RECORD = 16,  /* and so many times the longest record */
    SHRINK_SECONDS = 6,
    SHRUNK_MOST = 200000 /* records of which as few as possible are looked for */
};

/* Two divisions under which a job does not print the same. */
typedef struct difference {
    mr_checker *self;
    mr_division one, other;
    uint64_t chunks;   /* how many the other one made of the sample; 0: it did not say */
    char failure[200]; /* what the other job said, if it failed; empty: it did not */
} difference;

static mr_division division_number(const mr_checker *self, int number) {
    uint64_t bytes = mr_larger(1, self->board->bytes), memory = MEMORY_OF_RECORD * self->board->longest;
    uint64_t small = mr_larger(1, bytes / CHUNKS), odd = mr_larger(1, bytes / (7 + self->bench.seed % 12));
    const mr_division divisions[] = {
        {.workers = 1},
        {.workers = 3, .chunk = small},
        {.workers = 1, .chunk = odd, .alone = true},
        {.workers = 2, .chunk = odd, .memory = mr_larger(LEAST_MEMORY, memory)},
        {.workers = 8, .chunk = mr_larger(1, small / 3)},
    };
    enum { COUNT = sizeof divisions / sizeof *divisions };
    return number < COUNT ? divisions[number] : (mr_division){.workers = 0};
}

/* ---- making it small --------------------------------------------------------------------------------------------- */

/* The other division for some records: in as many chunks as before. */
static mr_division scaled(const difference *of, const uint32_t *records, size_t count) {
    mr_division division = of->other;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += of->self->board->records[records[i]].bytes;
    if (of->chunks) division.chunk = mr_larger(1, bytes / of->chunks);
    return division;
}

static bool still_differs(void *receiver, const uint32_t *records, size_t count) {
    difference *of = receiver;
    mr_division other = scaled(of, records, count);
    mr_error failure = {0}, other_failure = {0};
    int a, b;
    uint64_t at;
    if (!mr_job_try(of->self, &of->one, records, count, &a, &failure)) return false;
    bool ran = mr_job_try(of->self, &other, records, count, &b, &other_failure);
    bool differs = *of->failure ? !ran : ran && !mr_files_same(a, b, &at);
    close(a);
    if (ran) close(b);
    return differs;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* The line of the output that holds a byte. */
static void show_line(FILE *to, const char *name, int file, uint64_t at) {
    enum { BEFORE = 60, MOST = 160 };
    char bytes[BEFORE + MOST];
    uint64_t first = at > BEFORE ? at - BEFORE : 0;
    size_t length = mr_file_bytes(file, first, bytes, sizeof bytes), begin = at - first;
    fprintf(to, "%s: ", name);
    if (begin >= length) {
        fputs("nothing more\n", to);
        return;
    }
    size_t end = begin;
    while (begin > 0 && bytes[begin - 1] != '\n')
        begin--;
    while (end < length && bytes[end] != '\n')
        end++;
    mr_show_bytes(to, mr_bytes(bytes + begin, end - begin), MOST);
    fputc('\n', to);
}

static void tell(difference *of, const uint32_t *records, size_t count) {
    mr_checker *self = of->self;
    char one_name[80], other_name[80];
    mr_division other = scaled(of, records, count);
    mr_error ignored = {0};
    int a = -1, b = -1;
    uint64_t at;
    mr_finding *finding = mr_finding_begin(self->board, MR_LAW_JOBS, "%s",
                                           *of->failure ? "the job fails when it is divided in another way"
                                                        : "the output changes with how the job is divided");
    FILE *to = mr_finding_text(finding);
    for (size_t i = 0; i < count; i++)
        mr_finding_add_record(finding, records[i]);
    bool own = self->job.description.records.kind == MR_RECORDS_OWN;
    mr_finding_advise(finding,
                      "No law of a single callback is broken on this sample, so it is something that happens only "
                      "when many of them come together. %sLook for variables that outlive a callback, and try a "
                      "larger --sample, or another --seed.",
                      own ? "Most likely find_record finds places at which no record begins, or record says "
                            "something else when more bytes follow. "
                          : "");
    if (!to) return;
    mr_division_name(&of->one, one_name);
    mr_division_name(&other, other_name);
    if (*of->failure)
        fprintf(to, "mr run %s ends well\nmr run %s: %s\n", one_name, other_name, of->failure);
    else if (mr_job_try(self, &of->one, records, count, &a, &ignored) &&
             mr_job_try(self, &other, records, count, &b, &ignored) && !mr_files_same(a, b, &at)) {
        show_line(to, one_name, a, at);
        show_line(to, other_name, b, at);
    }
    if (a >= 0) close(a);
    if (b >= 0) close(b);
    fclose(to);
}

static bool others_are_broken(const mr_board *board) {
    for (int law = 0; law < MR_LAWS; law++)
        if (law != MR_LAW_JOBS && board->verdicts[law].kind == MR_VERDICT_WRONG) return true;
    return false;
}

static void explain(difference *of) {
    mr_board *board = of->self->board;
    size_t count = mr_smaller(board->record_count, SHRUNK_MOST);
    uint32_t *records = malloc((count + 1) * sizeof *records);
    if (!records) return;
    for (size_t i = 0; i < count; i++)
        records[i] = (uint32_t)i;
    if (still_differs(of, records, count))
        count = mr_shrink(records, count, still_differs, of, mr_shrink_until(of->self->end, SHRINK_SECONDS));
    tell(of, records, count);
    free(records);
}

/* ---- trying ------------------------------------------------------------------------------------------------------ */

/* Runs one more job. false: it differs from the first. */
static bool try_division(difference *of, int first, mr_division division) {
    mr_error failure = {0};
    int file;
    uint64_t at;
    of->other = division;
    of->chunks = division.chunk ? mr_larger(1, of->self->board->bytes / division.chunk) : 0;
    if (!mr_job_try(of->self, &division, NULL, 0, &file, &failure)) {
        snprintf(of->failure, sizeof of->failure, "%.190s", failure.text);
        return false;
    }
    bool same = mr_files_same(first, file, &at);
    close(file);
    return same;
}

bool mr_first_job(mr_checker *self, mr_error *error) {
    mr_division division = division_number(self, 0);
    if (!mr_job_try_first(self, &division, &self->first_output, error)) return false;
    self->left_out = self->board->left_out;
    return true;
}

void mr_law_jobs(mr_checker *self) {
    difference *of = &(difference){.self = self, .one = division_number(self, 0)};
    mr_division division = division_number(self, 1);
    int jobs = 1;
    bool same = true;
    for (; same && division.workers && (jobs < 3 || mr_seconds() < self->end); division = division_number(self, ++jobs))
        same = try_division(of, self->first_output, division);
    if (same)
        mr_verdict_ok(self->board, MR_LAW_JOBS, "%d jobs, divided in different ways", jobs);
    else if (others_are_broken(self->board))
        mr_follows_from_others(self->board, MR_LAW_JOBS);
    else
        explain(of);
}
