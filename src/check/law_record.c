#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/units.h"
#include "check/finding.h"
#include "check/laws.h"

/* Law: where a plugin divides records itself, they are cut at the same places, however the input is divided among
 * workers and read in pieces. record is asked for each record of the sample with other records behind it, with nothing
 * behind it, and with a part of the record alone: it says the length that the record had when the sample was taken, or
 * 0 when there are too few bytes to tell, and never more than it was given. find_record is given texts that begin
 * somewhere in a record: it says where the next one begins. Each question is asked again, and with other bytes in the
 * memory behind what is given, which must not change the answer. What is given can only be read.
 *
 * Questions about one record come first, then those about more, so that the input that shows a fault is small.
 */

enum {
    RECORDS = 400,        /* that are tried at first, spread over the sample */
    BEHIND_MOST = 4,      /* records that stand behind the one that is asked for */
    TEXT_MOST = 64 << 10, /* bytes of records in a question, if one record is not longer */
    PARTS = 6,            /* of a record that are tried */
    ANSWERS_SHOWN = 60    /* bytes of the text that are shown */
};

/* What is given to record or find_record. */
typedef struct question {
    uint32_t first; /* record that the text begins in */
    uint32_t count; /* records that it comes from */
    size_t skip;    /* bytes of the first one that are left out */
    size_t length;  /* bytes of the text */
    bool last;      /* nothing is to follow */
} question;

typedef struct dividing {
    mr_lab *lab;
    size_t (*ask)(mr_context *context, const char *bytes, size_t length, bool last);
    const char *name; /* of the callback */
    uint64_t asked;
} dividing;

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static const mr_sample_record *record_at(const dividing *self, uint32_t record) {
    return &self->lab->board->records[record];
}

/* Lays the text down before memory that cannot be touched, with bytes behind it that may be read and mean nothing. */
static const char *lay_down(dividing *self, const question *about, char behind) {
    mr_lab *lab = self->lab;
    char *place = lab->texts[0], *text = place + lab->text_size - MR_READ_SLACK - about->length;
    if (mprotect(place, lab->text_size, PROT_READ | PROT_WRITE) < 0) return NULL;
    memcpy(text, lab->sample + record_at(self, about->first)->at + about->skip, about->length);
    memset(text + about->length, behind, MR_READ_SLACK);
    lab->board->given_begin = (uintptr_t)text;
    lab->board->given_end = (uintptr_t)text + about->length;
    return mprotect(place, lab->text_size, PROT_READ) == 0 ? text : NULL;
}

/* Asks once. SIZE_MAX: the plugin has failed, or memory could not be protected. */
static size_t ask_once(dividing *self, const question *about, char behind) {
    mr_lab *lab = self->lab;
    const mr_sample_record *record = record_at(self, about->first);
    const char *text = lay_down(self, about, behind);
    if (!text) return SIZE_MAX;
    lab->context.where->place =
        (mr_place){.kind = MR_PLACE_RECORD, .source = record->source, .offset = record->held, .length = record->bytes};
    self->asked++;
    return self->ask(&lab->context, text, about->length, about->last);
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void show_answer(FILE *to, const char *name, size_t answer) {
    if (answer == SIZE_MAX)
        fprintf(to, "%s: it fails\n", name);
    else
        fprintf(to, "%s: %zu\n", name, answer);
}

/* Puts a fault down; right: what should have been said. Always false. */
static bool tell(dividing *self, const question *about, const char *title, const char *first_name, size_t first,
                 const char *second_name, size_t second, const char *advice) {
    const char *text = self->lab->sample + record_at(self, about->first)->at + about->skip;
    mr_finding *finding = mr_finding_begin(self->lab->board, MR_LAW_RECORD, "%s %s", self->name, title);
    FILE *to = mr_finding_text(finding);
    for (uint32_t i = 0; i < about->count; i++)
        mr_finding_add_record(finding, about->first + i);
    mr_finding_advise(finding, "%s", advice);
    if (!to) return false;
    fprintf(to, "%s is given %zu byte%s", self->name, about->length, about->length == 1 ? "" : "s");
    if (about->skip) fprintf(to, ", from byte %zu of the first record on", about->skip);
    fprintf(to, "%s: ", about->last ? ", and last" : "");
    mr_show_bytes(to, mr_bytes(text, about->length), ANSWERS_SHOWN);
    fputc('\n', to);
    show_answer(to, first_name, first);
    show_answer(to, second_name, second);
    fclose(to);
    return false;
}

static bool tell_failure(dividing *self, const question *about) {
    mr_finding *finding =
        mr_finding_begin(self->lab->board, MR_LAW_RECORD, "%s fails, though it does not in a job", self->name);
    for (uint32_t i = 0; i < about->count; i++)
        mr_finding_add_record(finding, about->first + i);
    FILE *to = mr_finding_text(finding);
    if (!to) return false;
    fprintf(to, "%s\n", self->lab->context.error.text);
    fclose(to);
    mr_finding_advise(finding, "It is asked for parts of records, too: what is not whole yet is no error. Nothing may "
                               "be emitted there.");
    return false;
}

/* ---- what has to be right for every question --------------------------------------------------------------------- */

static const char beyond_advice[] =
    "What is given has so many bytes and no end that could be found by looking for it: a function for strings "
    "(strchr, strlen, strstr) goes on behind it. Take memchr and memmem.";

/* Asks, and looks whether the answer is one. false: it is not, which has been told. */
static bool ask(dividing *self, const question *about, size_t *answer) {
    *answer = ask_once(self, about, 0);
    size_t again = ask_once(self, about, 0);
    if (*answer == SIZE_MAX || again == SIZE_MAX) return tell_failure(self, about);
    if (again != *answer)
        return tell(self, about, "gives another answer when it is asked again", "the first time ", *answer,
                    "the second time", again,
                    "It is asked for the same bytes again and again, by any worker. Most likely something stays from "
                    "one call to the next, in a static variable or ctx->state.");
    size_t newline = ask_once(self, about, '\n'), other = ask_once(self, about, '>');
    if (newline != *answer)
        return tell(self, about, "reads beyond the bytes that it is given", "with zero bytes behind them", *answer,
                    "with newlines behind them  ", newline, beyond_advice);
    if (other != *answer)
        return tell(self, about, "reads beyond the bytes that it is given", "with zero bytes behind them ", *answer,
                    "with other bytes behind them", other, beyond_advice);
    if (*answer <= about->length) return true;
    return tell(self, about, "says more bytes than it is given", "it says          ", *answer, "it may say at most",
                about->length,
                "When the record is not there as a whole say 0: then it is asked again with more bytes, or, with last, "
                "all that there is becomes the record.");
}

/* ---- record ------------------------------------------------------------------------------------------------------ */

static const char length_advice[] =
    "It is asked for the same record with any bytes of the records behind it, and has to say the same. When what it "
    "has "
    "is not enough to tell it says 0, and is asked again with more; what looks like an end in a part of a record is "
    "none.";

/* The whole record with others behind it, or with nothing. */
static bool try_whole(dividing *self, uint32_t record, uint32_t count, size_t length) {
    size_t bytes = record_at(self, record)->bytes, answer;
    question about = {.first = record, .count = count, .length = length};
    for (int last = 0; last < 2; last++) {
        about.last = last;
        if (!ask(self, &about, &answer)) return false;
        bool enough = last && length > bytes; /* 0 would join all that there is */
        if (answer == bytes || (!answer && !enough)) continue;
        return tell(self, &about,
                    count > 1 ? "says something else, depending on what follows the record"
                              : "says something else when nothing follows the record",
                    "it says             ", answer, "the record's length ", bytes, length_advice);
    }
    return true;
}

/* A part of it that begins where it begins. */
static bool try_part(dividing *self, uint32_t record, size_t length) {
    size_t bytes = record_at(self, record)->bytes, answer;
    question about = {.first = record, .count = 1, .length = length, .last = true};
    if (!ask(self, &about, &answer)) return false; /* as if the file ended there: it may say anything that fits */
    about.last = false;
    if (!ask(self, &about, &answer)) return false;
    return !answer || tell(self, &about, "finds an end in a part of a record", "it says                 ", answer,
                           "the record's length, when there is all of it", bytes, length_advice);
}

static bool try_parts(dividing *self, uint32_t record) {
    size_t bytes = record_at(self, record)->bytes;
    for (int i = 0; bytes > 1 && i < PARTS; i++) {
        size_t length = i == 0 ? bytes - 1 : i == 1 ? 1 : 1 + mr_lab_random(self->lab, bytes - 1);
        if (!try_part(self, record, length)) return false;
    }
    return true;
}

/* ---- find_record ------------------------------------------------------------------------------------------------- */

static const char find_advice[] =
    "The input is cut anywhere, and each worker looks for the first record that begins behind the cut. What it is "
    "given need not begin with a record; the place that it says has to be the first one above 0 where record would "
    "begin, seen from the start of the file, and 0 when there is none.";

/* A text of some records, without the first bytes. */
static bool try_find(dividing *self, uint32_t record, uint32_t count, size_t skip, size_t length) {
    size_t bytes = record_at(self, record)->bytes, answer;
    size_t right = count > 1 ? bytes - skip : 0;
    question about = {.first = record, .count = count, .skip = skip, .length = length - skip, .last = true};
    if (!ask(self, &about, &answer)) return false;
    if (answer == about.length) answer = 0; /* nothing begins there */
    if (answer == right) return true;
    bool misses = right && (!answer || answer > right);
    return tell(self, &about, misses ? "misses a place where a record begins" : "finds a place where no record begins",
                "it says                     ", answer, "where the next record begins", right, find_advice);
}

static bool try_finds(dividing *self, uint32_t record, uint32_t count, size_t length) {
    size_t bytes = record_at(self, record)->bytes;
    for (int i = 0; i < PARTS; i++) {
        size_t skip = i == 0 ? 0 : i == 1 ? bytes - 1 : mr_lab_random(self->lab, bytes);
        if (!try_find(self, record, count, skip, length)) return false;
    }
    return true;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* Bytes of count records of one source from a record on; 0: there are not so many, or they are too long. */
static size_t length_of(const dividing *self, uint32_t record, uint32_t count) {
    const mr_board *board = self->lab->board;
    size_t length = 0;
    for (uint32_t i = record; i < record + count; i++) {
        if (i >= board->record_count || board->records[i].source != board->records[record].source) return 0;
        length += board->records[i].bytes;
    }
    return count > 1 && length > mr_smaller(TEXT_MOST, self->lab->longest) ? 0 : length;
}

/* All questions about a record with count - 1 others behind it. false: found, or failed. */
static bool try_record(dividing *self, uint32_t record, uint32_t count) {
    size_t length = length_of(self, record, count);
    if (!length) return true;
    self->ask = mr_context_record;
    self->name = "record";
    if (!try_whole(self, record, count, length) || (count == 1 && !try_parts(self, record))) return false;
    if (!self->lab->plugin.find_record) return true;
    self->ask = mr_context_find_record;
    self->name = "find_record";
    return try_finds(self, record, count, length);
}

/* Some records, spread over the sample; as long as there is time also any others. */
static bool try_records(dividing *self) {
    uint64_t all = self->lab->board->record_count, step = mr_larger(1, all / RECORDS);
    for (uint32_t count = 1; count <= 1 + BEHIND_MOST; count++)
        for (uint64_t i = 0; i < all; i += step) {
            if (!try_record(self, (uint32_t)i, count)) return false;
            if (count > 2 && mr_seconds() > self->lab->deadline) return true;
        }
    return true;
}

bool mr_law_record(mr_lab *lab, void *argument, mr_error *error) {
    dividing self = {.lab = lab};
    (void)argument, (void)error;
    if (lab->records.kind != MR_RECORDS_OWN) {
        mr_verdict_none(lab->board, MR_LAW_RECORD, "the plugin does not divide records itself");
        return true;
    }
    if (try_records(&self))
        mr_verdict_ok(lab->board, MR_LAW_RECORD, "%llu questions to record%s", (unsigned long long)self.asked,
                      lab->plugin.find_record ? " and find_record" : "");
    return true;
}
