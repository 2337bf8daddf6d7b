/* wording.h - what happened, in words for people and for programs. Any process. */
#ifndef MR_JOB_WORDING_H
#define MR_JOB_WORDING_H

#include "flow/flow.h"
#include "job/death.h"

enum { MR_DEATH_TEXT = 320, MR_SIGNAL_NAME = 16 };

/* What happened, in words: "SIGSEGV, access to address 0x8: a NULL pointer, or something behind one", or what the
 * plugin said. Written to text (MR_DEATH_TEXT bytes), which is returned. */
const char *mr_death_words(const mr_death *death, char *text);

/* The signal that ended the worker; 0: none did. */
int mr_death_signal(const mr_death *death);

/* "crash", "exit", "timeout" ...: a mr_death_cause as one word, for programs. Static text. */
const char *mr_death_cause_name(uint32_t cause);

/* "SIGSEGV". Written to text (MR_SIGNAL_NAME bytes), which is returned. */
const char *mr_signal_name(int number, char *text);

/* Says in front of an error which part of the output it is about. unit: of the part, from 0. */
void mr_name_damaged_part(const mr_part *part, uint64_t unit, mr_error *error);

#endif
