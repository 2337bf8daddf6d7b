/* page_style.h - the style sheet of mr's pages: private to page.c. */
#ifndef MR_JOB_PAGE_STYLE_H
#define MR_JOB_PAGE_STYLE_H

/* Its rules in order, up to NULL: static texts, each with a newline at its end. */
const char *const *mr_page_style(void);

#endif
