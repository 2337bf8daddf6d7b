/* report_facts.h - the parts of the report that say what the job was, in words: private to report_page.c.
 * [coordinator] */
#ifndef MR_JOB_REPORT_FACTS_H
#define MR_JOB_REPORT_FACTS_H

#include "job/report_page.h"

/* The job and its settings, and the machine that it ran on. */
void mr_report_settings(mr_html *html, const mr_report_subject *subject);

/* "big.txt", "big.txt and 3 more": what the job reads, as text for a page. */
void mr_report_inputs(mr_html *html, const mr_job *job);

/* What it writes. */
const char *mr_report_output(const mr_job *job);

#endif
