/* card.h - the crash card: what is known of the crash that ended a job, and how to look at it in a debugger.
 * [coordinator]
 */
#ifndef MR_JOB_CARD_H
#define MR_JOB_CARD_H

#include "host/symbols.h"
#include "job/job.h"
#include "job/wording.h"

enum {
    MR_CARD_RECORD = 200, /* bytes of the record that are shown */
    MR_CARD_LABEL = 6,    /* where in a line of the text its label begins */
    MR_CARD_VALUE = 16    /* where what it is about begins */
};

/* All that a card says. Texts that are not marked as owned are borrowed from the job. */
typedef struct mr_card {
    const mr_job *job;            /* borrowed */
    const mr_death *death;        /* borrowed */
    const mr_source *source;      /* the place is in it; NULL: it is in no source */
    uint64_t line;                /* in the file: of the record, or of the first of several; 0: unknown */
    uint64_t offset;              /* in the file, in bytes */
    char record[MR_CARD_RECORD];  /* the first bytes of the record (without its newline), or of the key of a group */
    size_t record_length;         /* bytes in record */
    bool record_known;            /* it could be read */
    bool record_cut;              /* it is longer */
    char happened[MR_DEATH_TEXT]; /* mr_death_words */
    mr_backtrace backtrace;       /* all of it */
    uint32_t frames;              /* of the backtrace that are the plugin's business */
    char *prepare;                /* a command to be run before debug; NULL: none; owned */
    char *debug;                  /* the command that repeats the crash in a debugger; NULL: there is none; owned */
} mr_card;

/* Collects what there is to say of a death. Reads the input up to the record, to count its lines, and the debug
 * information of the plugin; both may take a while, and are given up when a signal comes. False with error set when
 * there is no memory; mr_card_close in any case. */
bool mr_card_open(mr_card *card, const mr_job *job, const mr_death *death, mr_error *error);
void mr_card_close(mr_card *card);

/* The card as text: about 20 lines, each of which begins with "mr:". Behind the first, which is the title,
 * lines have a label, or none when they go on with the one before, and a value, at fixed places. Allocated; NULL with
 * error set. */
char *mr_card_text(const mr_card *card, mr_error *error);

#endif
