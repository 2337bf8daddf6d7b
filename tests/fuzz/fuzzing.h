/* fuzzing.h - what the fuzzers have in common: taking an input apart, and ending where something is wrong.
 *
 * A fuzzer is a function that libFuzzer calls with millions of inputs, which it varies so that they reach ever more of
 * the code. The first bytes of an input say how the code under test is set up, the rest is what it is given. Memory
 * that it reads is allocated to the byte, so that AddressSanitizer notices when it reads beyond.
 */
#ifndef FUZZING_H
#define FUZZING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/processor.h"
#include "mr.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Sizes that a hostile input claims are refused by malloc, as they would be for a user. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1:max_allocation_size_mb=256";
}

/* Ends the fuzzer, which keeps the input, unless the condition holds. */
#define require(condition) ((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
static inline _Noreturn void fuzz_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
    abort();
}

/* A call that can fail either succeeds or says why. */
#define require_told(ok, error) require((ok) != (error)->set)

/* What is left of an input. */
typedef struct fuzz_input {
    const uint8_t *next;
    const uint8_t *end;
} fuzz_input;

static inline size_t fuzz_left(const fuzz_input *input) {
    return (size_t)(input->end - input->next);
}

/* A number from 0 to most, of as many bytes as it needs; 0 when there are none left. */
static inline uint64_t take_number(fuzz_input *input, uint64_t most) {
    uint64_t value = 0;
    for (uint64_t bound = most; bound && input->next < input->end; bound >>= 8)
        value = value << 8 | *input->next++;
    return most == UINT64_MAX ? value : value % (most + 1);
}

static inline bool take_bool(fuzz_input *input) {
    return take_number(input, 1);
}

/* At most length bytes of the input, borrowed. */
static inline mr_slice take_bytes(fuzz_input *input, size_t length) {
    if (length > fuzz_left(input)) length = fuzz_left(input);
    mr_slice bytes = {(const char *)input->next, length};
    input->next += length;
    return bytes;
}

/* A copy, to the byte, of at most length bytes of the input with a zero behind them; to be freed. */
static inline char *take_text(fuzz_input *input, size_t length) {
    mr_slice bytes = take_bytes(input, length);
    char *text = strndup(bytes.data, bytes.length);
    require(text);
    return text;
}

static inline void *fuzz_allocate(size_t bytes) {
    void *memory = malloc(bytes);
    require(memory || !bytes);
    return memory;
}

/* A processor whose instructions there are here. */
static inline mr_processor take_processor(fuzz_input *input) {
    mr_processor processor = (mr_processor)take_number(input, MR_PROCESSORS - 1);
    return mr_processor_has(processor) ? processor : MR_PORTABLE;
}

static inline bool same_slice(mr_slice slice, const void *bytes, size_t length) {
    return slice.length == length && (!length || !memcmp(slice.data, bytes, length));
}

#endif
