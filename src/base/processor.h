/* processor.h - what the running processor can do. Decided when the program runs, never when it is built, so that one
 * binary runs everywhere and still uses the widest instructions there are. Any process. */
#ifndef MR_BASE_PROCESSOR_H
#define MR_BASE_PROCESSOR_H

#include "base/error.h"

/* Sets of instructions that some code exists in several forms for. Of the ones that a processor has, the last is the
 * best. */
typedef enum mr_processor {
    MR_PORTABLE, /* C and nothing else; every processor has it */
    MR_SSE2,     /* x86-64: every one */
    MR_AVX2,     /* x86-64: AVX2, BMI, BMI2, POPCNT */
    MR_AVX512,   /* x86-64: those, and AVX-512 F, BW, VL, VBMI2 */
    MR_NEON,     /* AArch64: every one */
    MR_PROCESSORS
} mr_processor;

/* Whether the running processor (and the system on it) has the instructions. */
bool mr_processor_has(mr_processor processor);

/* The name that MR_PROCESSOR knows it by: "avx2". Static text. */
const char *mr_processor_name(mr_processor processor);

/* The best that the running processor has or, where the environment variable MR_PROCESSOR is set and not empty, what it
 * names: for tests. A name that is unknown, or of instructions that the processor lacks, is an error. */
bool mr_processor_choose(mr_processor *chosen, mr_error *error);

#endif
