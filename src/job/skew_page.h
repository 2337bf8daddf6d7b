/* skew_page.h - the part of pages that says which keys are hot, and how evenly all keys are spread over the partitions.
 * For the C locale: call mr_numerics_begin before. [coordinator] */
#ifndef MR_JOB_SKEW_PAGE_H
#define MR_JOB_SKEW_PAGE_H

#include "base/html.h"
#include "job/observation.h"

/* Frequent keys with their shares, and the partitions: a chart of all, the largest by name. What is not known is left
 * out. splitters: from which the names come; NULL: there are none. */
void mr_report_skew(mr_html *html, const mr_observation *observation, const mr_splitters *splitters);

/* The frequent keys alone, of a job that is going on. */
void mr_report_hot_keys(mr_html *html, const mr_observation *observation);

#endif
