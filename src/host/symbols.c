#include "host/symbols.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mp/mp.h"

/* The child writes one symbol after the other into shared memory. When it crashes, hangs or finds no libdw, what it has
 * not come to is filled in by the parent, as bare addresses. The parent believes nothing that it finds there but the
 * count of whole symbols, which it bounds, and that texts end. */

enum { TIMEOUT_MS = 10000, MEMORY_MOST = 2000 << 20 };

/* What is used of libdw: name(field) for each function. */
#define LIBDW_FUNCTIONS(name)                                                                                          \
    name(dwfl_begin) name(dwfl_end) name(dwfl_report_begin) name(dwfl_report_offline) name(dwfl_report_end)            \
        name(dwfl_module_getelf) name(dwfl_module_addrinfo) name(dwfl_module_getsrc) name(dwfl_lineinfo)               \
            name(dwfl_module_addrdie) name(dwfl_standard_find_debuginfo) name(dwfl_offline_section_address)            \
                name(dwarf_getscopes) name(dwarf_getscopes_die) name(dwarf_diename) name(dwarf_tag)                    \
                    name(dwarf_attr_integrate) name(dwarf_formudata) name(dwarf_getsrcfiles) name(dwarf_filesrc)

typedef struct libdw {
#define DECLARE(function) __typeof__(function) *function;
    LIBDW_FUNCTIONS(DECLARE)
#undef DECLARE
} libdw;

static bool load_libdw(libdw *dw) {
    void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    void *address;
#define FIND(function)                                                                                                 \
    if (!(address = dlsym(library, #function))) return false;                                                          \
    memcpy(&dw->function, &address, sizeof address);
    LIBDW_FUNCTIONS(FIND)
#undef FIND
    return true;
}

/* What passes between asker and child. */
typedef struct exchange {
    const mr_fault *fault;  /* the question */
    mr_backtrace backtrace; /* the answer; count is increased when a symbol is complete */
} exchange;

/* ---- in the child ------------------------------------------------------------------------------------------------ */

/* One file that frames lie in, opened for its symbols. */
typedef struct module {
    Dwfl *dwfl;        /* NULL: it could not be opened */
    Dwfl_Module *file; /* the only one in dwfl */
    uint64_t bias;     /* to be added to addresses in the file */
} module;

static void copy_text(char *to, size_t size, const char *text) {
    snprintf(to, size, "%s", text ? text : "");
}

/* A source file, seen from the working folder. */
static void copy_path(char *to, size_t size, const char *path) {
    char folder[4096];
    if (!path) return;
    size_t length = getcwd(folder, sizeof folder) ? strlen(folder) : 0;
    bool inside = length > 1 && !strncmp(path, folder, length) && path[length] == '/';
    copy_text(to, size, inside ? path + length + 1 : path);
}

static module open_module(const libdw *dw, const Dwfl_Callbacks *callbacks, const char *path) {
    module opened = {.dwfl = dw->dwfl_begin(callbacks)};
    if (!opened.dwfl) return opened;
    dw->dwfl_report_begin(opened.dwfl);
    opened.file = dw->dwfl_report_offline(opened.dwfl, "", path, -1);
    dw->dwfl_report_end(opened.dwfl, NULL, NULL);
    GElf_Addr bias = 0;
    if (opened.file && dw->dwfl_module_getelf(opened.file, &bias)) {
        opened.bias = bias;
        return opened;
    }
    dw->dwfl_end(opened.dwfl);
    return (module){0};
}

static mr_symbol *next_symbol(exchange *shared, uint32_t frame) {
    mr_backtrace *backtrace = &shared->backtrace;
    if (backtrace->count == MR_BACKTRACE_MAX) return NULL;
    mr_symbol *symbol = &backtrace->symbols[backtrace->count];
    *symbol = (mr_symbol){.frame = frame};
    return symbol;
}

/* The file and line that an inlined function was called from. */
static void find_call(const libdw *dw, Dwarf_Die *unit, Dwarf_Die *inlined, const char **file, int *line) {
    Dwarf_Attribute attribute;
    Dwarf_Files *files;
    Dwarf_Word number;
    *file = NULL;
    *line = 0;
    if (!dw->dwarf_formudata(dw->dwarf_attr_integrate(inlined, DW_AT_call_line, &attribute), &number))
        *line = (int)number;
    if (!dw->dwarf_formudata(dw->dwarf_attr_integrate(inlined, DW_AT_call_file, &attribute), &number) &&
        !dw->dwarf_getsrcfiles(unit, &files, NULL))
        *file = dw->dwarf_filesrc(files, number, NULL, NULL);
}

/* Adds the functions that were inlined at an address, innermost first, and returns the name of the one that they are
 * in; NULL: unknown. *file and *line come in as those of the address and go out as those in the function that is left.
 */
static const char *add_inlined(const libdw *dw, exchange *shared, const module *module, uint32_t frame,
                               uint64_t address, const char **file, int *line) {
    Dwarf_Addr bias;
    Dwarf_Die *unit = dw->dwfl_module_addrdie(module->file, address, &bias), *scopes, *chain;
    if (!unit || dw->dwarf_getscopes(unit, address - bias, &scopes) <= 0) return NULL;
    /* Behind an inlined function come the scopes of where it was written; what is wanted is where it was put. */
    int count = dw->dwarf_getscopes_die(&scopes[0], &chain), i;
    for (i = 0; i < count && dw->dwarf_tag(&chain[i]) != DW_TAG_subprogram; i++) {
        if (dw->dwarf_tag(&chain[i]) != DW_TAG_inlined_subroutine) continue;
        mr_symbol *symbol = next_symbol(shared, frame);
        if (!symbol) break;
        copy_text(symbol->function, sizeof symbol->function, dw->dwarf_diename(&chain[i]));
        copy_path(symbol->file, sizeof symbol->file, *file);
        symbol->line = (uint32_t)*line;
        symbol->inlined = true;
        shared->backtrace.count++;
        find_call(dw, unit, &chain[i], file, line);
    }
    const char *name = i < count ? dw->dwarf_diename(&chain[i]) : NULL; /* stays with the module */
    if (count > 0) free(chain);
    free(scopes);
    return name;
}

static void name_frame(const libdw *dw, exchange *shared, const module *module, uint32_t frame) {
    uint64_t address = shared->fault->frames[frame].address + module->bias;
    const char *file = NULL, *name = NULL;
    int line = 0;
    GElf_Sym found;
    GElf_Off offset;
    if (module->file) {
        Dwfl_Line *at = dw->dwfl_module_getsrc(module->file, address);
        if (at) file = dw->dwfl_lineinfo(at, NULL, &line, NULL, NULL, NULL);
        name = add_inlined(dw, shared, module, frame, address, &file, &line);
        /* Without debug information there may still be a table of symbols. */
        if (!name) name = dw->dwfl_module_addrinfo(module->file, address, &offset, &found, NULL, NULL, NULL);
    }
    mr_symbol *symbol = next_symbol(shared, frame);
    if (!symbol) return;
    if (module->file) {
        copy_text(symbol->function, sizeof symbol->function, name);
        copy_path(symbol->file, sizeof symbol->file, file);
        symbol->line = file ? (uint32_t)line : 0;
    }
    shared->backtrace.count++;
}

/* A broken file may ask for any amount of memory, or make libdw crash. Memory that is shared with others does not
 * count.
 */
static void set_limits(void) {
    struct rlimit core = {0, 0};
    (void)!setrlimit(RLIMIT_CORE, &core);
#ifndef __SANITIZE_ADDRESS__ /* which has terabytes of its own */
    struct rlimit memory = {MEMORY_MOST, MEMORY_MOST};
    (void)!setrlimit(RLIMIT_DATA, &memory);
#endif
}

static int name_in_child(void *argument) {
    exchange *shared = argument;
    const mr_fault *fault = shared->fault;
    char *no_path = NULL;
    libdw dw;
    if (!load_libdw(&dw)) return 1;
    set_limits();
    unsetenv("DEBUGINFOD_URLS"); /* nothing is to be fetched from elsewhere */
    const Dwfl_Callbacks callbacks = {.find_debuginfo = dw.dwfl_standard_find_debuginfo,
                                      .section_address = dw.dwfl_offline_section_address,
                                      .debuginfo_path = &no_path};
    module modules[MR_FAULT_MODULES] = {0};
    bool tried[MR_FAULT_MODULES] = {false};
    for (uint32_t i = 0; i < fault->frame_count && i < MR_FAULT_FRAMES; i++) {
        uint32_t number = fault->frames[i].module;
        bool known = number < MR_FAULT_MODULES && number < fault->module_count;
        if (known && !tried[number]) modules[number] = open_module(&dw, &callbacks, fault->modules[number]);
        if (known) tried[number] = true;
        name_frame(&dw, shared, known ? &modules[number] : &(module){0}, i);
    }
    return 0; /* the system releases the modules */
}

/* ---- in the parent ----------------------------------------------------------------------------------------------- */

/* Lets the child do what it can. */
static void ask_child(exchange *shared) {
    mp_process *process;
    mp_process_options options = {.name = "mr-symbols", .flags = MP_PROCESS_DAEMON};
    if (mp_process_start(&process, &options, name_in_child, shared) < 0) return;
    mp_process_join(process, TIMEOUT_MS);
    mp_process_free(process); /* kills it when it hangs */
}

/* Takes over what the child has written, as far as it can be believed. */
static void take_answer(const mr_backtrace *answer, uint32_t frame_count, mr_backtrace *backtrace) {
    uint32_t count = answer->count < MR_BACKTRACE_MAX ? answer->count : MR_BACKTRACE_MAX;
    for (uint32_t i = 0; i < count; i++) {
        mr_symbol *symbol = &backtrace->symbols[backtrace->count];
        *symbol = answer->symbols[i];
        symbol->function[sizeof symbol->function - 1] = symbol->file[sizeof symbol->file - 1] = 0;
        if (symbol->frame < frame_count) backtrace->count++;
    }
}

void mr_backtrace_of(const mr_fault *fault, mr_backtrace *backtrace) {
    static mr_fault copy; /* of what the child is asked about: the fault may be in memory that others write to */
    backtrace->count = 0;
    copy = *fault;
    if (!copy.told || !copy.frame_count) return;
    if (copy.frame_count > MR_FAULT_FRAMES) copy.frame_count = MR_FAULT_FRAMES;
    for (uint32_t i = 0; i < MR_FAULT_MODULES; i++)
        copy.modules[i][MR_FAULT_MODULE_PATH - 1] = 0;
    exchange *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) {
        shared->fault = &copy;
        ask_child(shared);
        take_answer(&shared->backtrace, copy.frame_count, backtrace);
        munmap(shared, sizeof *shared);
    }
    uint32_t named = 0; /* frames before this one have been dealt with */
    for (uint32_t i = 0; i < backtrace->count; i++)
        if (!backtrace->symbols[i].inlined) named = backtrace->symbols[i].frame + 1;
    for (; named < copy.frame_count && backtrace->count < MR_BACKTRACE_MAX; named++)
        backtrace->symbols[backtrace->count++] = (mr_symbol){.frame = named};
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *mr_symbol_place(const mr_symbol *symbol, const mr_fault *fault, char *text, size_t size) {
    const mr_frame *frame = &fault->frames[symbol->frame];
    bool known = frame->module < MR_FAULT_MODULES && frame->module < fault->module_count;
    if (symbol->file[0] && symbol->line)
        snprintf(text, size, "%s:%u", symbol->file, symbol->line);
    else if (known)
        snprintf(text, size, "%s+%#llx", base_name(fault->modules[frame->module]), (unsigned long long)frame->address);
    else
        snprintf(text, size, "%#llx", (unsigned long long)frame->address);
    return text;
}

uint32_t mr_backtrace_of_plugin(const mr_backtrace *backtrace, const mr_fault *fault) {
    for (uint32_t i = backtrace->count; i > 0; i--)
        if (fault->frames[backtrace->symbols[i - 1].frame].module == 0) return i;
    return backtrace->count;
}
