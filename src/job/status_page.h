/* status_page.h - how a job stands while it runs, as a page to look at. [coordinator] */
#ifndef MR_JOB_STATUS_PAGE_H
#define MR_JOB_STATUS_PAGE_H

#include "base/html.h"
#include "job/outlook.h"

/* Puts the page together. title: what is run. refresh: seconds after which a browser asks for it again; 0: it does not.
 */
void mr_status_page(mr_html *html, const mr_view *view, const mr_outlook *outlook, const char *title, unsigned refresh);

#endif
