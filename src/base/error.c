#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/units.h"

static bool set_message(mr_error *error, bool usage, const char *format, va_list arguments) {
    if (error->set) return false;
    error->set = true;
    error->usage = usage;
    error->damage = false;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    return false;
}

/* Adds to the message as much as there is room for. */
static void append_text(mr_error *error, const char *text) {
    size_t used = strlen(error->text), length = strlen(text), room = sizeof error->text - 1 - used;
    if (length > room) length = room;
    memcpy(error->text + used, text, length);
    error->text[used + length] = 0;
}

bool mr_error_set(mr_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_message(error, false, format, arguments);
    va_end(arguments);
    return false;
}

bool mr_error_usage(mr_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set_message(error, true, format, arguments);
    va_end(arguments);
    return false;
}

bool mr_error_damage(mr_error *error, const char *format, ...) {
    if (error->set) return false;
    va_list arguments;
    va_start(arguments, format);
    set_message(error, false, format, arguments);
    va_end(arguments);
    error->damage = true;
    return false;
}

bool mr_error_system(mr_error *error, int code, const char *format, ...) {
    if (error->set) return false;
    va_list arguments;
    va_start(arguments, format);
    set_message(error, false, format, arguments);
    va_end(arguments);
    append_text(error, ": ");
    append_text(error, strerror(code));
    if (code == EMFILE || code == ENFILE) append_text(error, " (allow more of them: ulimit -n)");
    if (code == EFBIG) append_text(error, " (allow larger ones: ulimit -f)");
    return false;
}

bool mr_error_start(mr_error *error, int code) {
    mr_error_system(error, code, "could not start a process");
    return code == EAGAIN ? mr_error_add(error, " (allow more of them: ulimit -u, or pids.max of the cgroup)") : false;
}

bool mr_error_context(mr_error *error, const char *format, ...) {
    char text[MR_ERROR_TEXT];
    memcpy(text, error->text, sizeof text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    append_text(error, ": ");
    append_text(error, text);
    return false;
}

bool mr_error_add(mr_error *error, const char *text) {
    append_text(error, text);
    return false;
}

void mr_error_set_memory(mr_error *error, size_t bytes, const char *what) {
    char size[MR_SIZE_TEXT], all[MR_SIZE_TEXT];
    struct rlimit limit;
    mr_format_size(bytes, size);
    if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        mr_error_set(error, "out of memory: could not get %s for %s (give less --memory, or fewer --jobs)", size, what);
    else
        mr_error_set(error, "out of memory: could not get %s for %s (ulimit -v allows a process %s in all; allow more)",
                     size, what, mr_format_size(limit.rlim_cur, all));
}
