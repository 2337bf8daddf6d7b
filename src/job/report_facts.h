/* report_facts.h - the parts of a report that say in words what a job was and how it ended: private to the files of
 * pages. [coordinator] */
#ifndef MR_JOB_REPORT_FACTS_H
#define MR_JOB_REPORT_FACTS_H

#include "job/report_page.h"

/* The job and its settings, and the machine that it ran on. */
void mr_report_settings(mr_html *html, const mr_report_subject *subject);

/* "big.txt", "big.txt and 3 more": what the job reads, as text for a page. */
void mr_report_inputs(mr_html *html, const mr_job *job);

/* What it writes. */
const char *mr_report_output(const mr_job *job);

/* When this is written, and by which mr. */
void mr_report_dateline(mr_html *html);

/* The outcome, for titles and in the heading. signal: which one has ended the job, if one has. */
const char *mr_report_outcome_name(enum mr_outcome outcome);
void mr_report_badge(mr_html *html, enum mr_outcome outcome, int signal);

/* The tile that says whether something went wrong: workers died, records were left out, or it has not come to its end.
 */
void mr_report_trouble(mr_html *html, enum mr_outcome outcome, uint64_t retries, uint64_t bad);

/* Why a job has failed; nothing of one that has not. */
void mr_report_failure(mr_html *html, enum mr_outcome outcome, const mr_error *failure);

/* Writes a page that is complete to a file, which appears whole or not at all, and releases it. */
bool mr_report_save(mr_html *html, const char *path, mr_error *error);

#endif
