/* error.h - errors as values.
 *
 * A function that can fail takes a mr_error * as its last argument and returns false (or NULL) after filling it in. Who
 * calls it adds what it knows (mr_error_context) and passes it up; the one who can act prints it, once. Any process.
 */
#ifndef MR_BASE_ERROR_H
#define MR_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/message.h"

enum { MR_ERROR_TEXT = 2048 };

/* What went wrong, in words: what, where, what to do. Initialise with {0}. */
typedef struct mr_error {
    bool set;                 /* whether something went wrong */
    bool usage;               /* the user's command line is at fault: exit status 2 instead of 1 */
    bool damage;              /* something stored is not as it was written: when it is made again the work can go on */
    char text[MR_ERROR_TEXT]; /* one message without "mr: " and without a newline at its end; cut when too long */
} mr_error;

/* Sets the message (printf-like). The first error wins: a set error is left alone. Always returns false. */
bool mr_error_set(mr_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like mr_error_set, for a mistake in the command line. */
bool mr_error_usage(mr_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like mr_error_set, for something stored that is not as it was written. */
bool mr_error_damage(mr_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like mr_error_set, with ": " and the system's text for the errno value code behind the message, and advice
 * where there is some for any place where it comes from. */
bool mr_error_system(mr_error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same for a process that could not be started. */
bool mr_error_start(mr_error *error, int code);

/* Puts context and ": " in front of a set message. Always returns false. */
bool mr_error_context(mr_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts text behind a set message, such as a question or advice. Always returns false. */
bool mr_error_add(mr_error *error, const char *text);

/* Memory ran out while allocating bytes for what. Always returns false: inline, so that compilers know. */
void mr_error_set_memory(mr_error *error, size_t bytes, const char *what);
static inline bool mr_error_memory(mr_error *error, size_t bytes, const char *what) {
    mr_error_set_memory(error, bytes, what);
    return false;
}

#endif
