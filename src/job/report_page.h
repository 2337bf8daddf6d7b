/* report_page.h - what is known of a job when it has ended, as one page to look at: "--report". [coordinator] */
#ifndef MR_JOB_REPORT_PAGE_H
#define MR_JOB_REPORT_PAGE_H

#include "base/html.h"
#include "job/card.h"
#include "job/coordinator.h"
#include "job/observation.h"

/* What the page is about; all borrowed. */
typedef struct mr_report_subject {
    const mr_job *job;                 /* as far as it was planned */
    const mr_result_summary *summary;  /* complete */
    const mr_observation *observation; /* how it went; NULL: it did not come that far */
    const mr_card *card;               /* of the crash that ended the job; NULL: none did */
    const mr_error *failure;           /* why the job has failed, if it has */
} mr_report_subject;

/* Puts the page together. */
void mr_report_page(mr_html *html, const mr_report_subject *subject);

/* Writes it to a file, which appears whole or not at all. */
bool mr_report_write(const char *path, const mr_report_subject *subject, mr_error *error);

#endif
