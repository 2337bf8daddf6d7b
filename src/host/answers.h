/* answers.h - what a plugin may ask for wherever it is: the functions of mr_host that only look something up. mr.h says
 * at the functions of the same names, mr_option_text and so on, what each of them gives and how long that lives; what
 * may not be asked fails the plugin. context.c puts them into its table. [worker] */
#ifndef MR_HOST_ANSWERS_H
#define MR_HOST_ANSWERS_H

#include "mr.h"

/* Of the job: options, counters, sources and files that all processes share. */
const char *mr_answer_option_text(mr_ctx *ctx, const char *name);
int64_t mr_answer_option_int(mr_ctx *ctx, const char *name);
double mr_answer_option_number(mr_ctx *ctx, const char *name);
uint64_t *mr_answer_counter(mr_ctx *ctx, const char *name);
const char *mr_answer_source_name(mr_ctx *ctx, uint64_t source);
int mr_answer_side(mr_ctx *ctx, const char *name, mr_slice *bytes);
int mr_answer_first_record(mr_ctx *ctx, uint64_t source, mr_slice *record);

/* Of a text: which number it is. */
int mr_answer_number(mr_slice text, double *number);

/* Strings to look for, the plugin's own or those of a regular expression. They live as long as the context. */
mr_needles *mr_answer_needles(mr_ctx *ctx, const mr_slice *strings, size_t count, uint32_t flags);
mr_needles *mr_answer_pattern_needles(mr_ctx *ctx, const char *pattern, uint32_t flags);
mr_slice mr_answer_pattern_of_lines(mr_ctx *ctx, const char *pattern);

#endif
