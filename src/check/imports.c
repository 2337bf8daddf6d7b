#include "check/imports.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

/* A shared library calls functions of others through slots in its own memory. The dynamic linker has written the
 * address of each into its slot when the library was loaded, as a table of relocations told it to, which says for each
 * slot the name of the function. The table stays in memory: so the slots of a name can be found and written once more.
 */

/* The kinds of relocations that put the address of a function into a slot. */
#if defined(__x86_64__)
static const uint32_t slot_kinds[] = {R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT, R_X86_64_64};
#elif defined(__aarch64__)
static const uint32_t slot_kinds[] = {R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT, R_AARCH64_ABS64};
#else
static const uint32_t slot_kinds[] = {UINT32_MAX};
#endif
enum { SLOT_KINDS = sizeof slot_kinds / sizeof *slot_kinds };

/* Relocations in a row. */
typedef struct relocations {
    const Elf64_Rela *first;
    size_t count;
} relocations;

/* What the dynamic linker knows of a library. */
typedef struct library {
    uintptr_t base; /* what addresses in its file are moved by */
    const Elf64_Sym *symbols;
    const char *names; /* of the symbols */
    relocations tables[2];
    size_t constructors; /* how many */
} library;

/* The address that an entry of the dynamic section means: the linker has turned most of them into addresses. */
static uintptr_t address_of(const library *of, Elf64_Addr value) {
    return value < of->base ? of->base + value : value;
}

static bool read_library(uintptr_t base, const Elf64_Dyn *entry, library *found) {
    *found = (library){.base = base};
    bool readable = true;
    for (; entry->d_tag != DT_NULL; entry++) {
        uintptr_t address = address_of(found, entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB) found->symbols = (const void *)address;
        if (entry->d_tag == DT_STRTAB) found->names = (const void *)address;
        if (entry->d_tag == DT_RELA) found->tables[0].first = (const void *)address;
        if (entry->d_tag == DT_JMPREL) found->tables[1].first = (const void *)address;
        if (entry->d_tag == DT_RELASZ) found->tables[0].count = entry->d_un.d_val / sizeof(Elf64_Rela);
        if (entry->d_tag == DT_PLTRELSZ) found->tables[1].count = entry->d_un.d_val / sizeof(Elf64_Rela);
        if (entry->d_tag == DT_INIT_ARRAYSZ) found->constructors = entry->d_un.d_val / sizeof(Elf64_Addr);
        if (entry->d_tag == DT_PLTREL) readable = entry->d_un.d_val == DT_RELA;
    }
    return readable && found->symbols && found->names;
}

/* The name of the function whose address a relocation puts into a slot; NULL when it does something else. */
static const char *slot_name(const library *of, const Elf64_Rela *relocation) {
    for (size_t i = 0; i < SLOT_KINDS; i++)
        if (ELF64_R_TYPE(relocation->r_info) == slot_kinds[i])
            return of->names + of->symbols[ELF64_R_SYM(relocation->r_info)].st_name;
    return NULL;
}

/* Slots may have been made read-only when all of them were filled. */
static void write_slot(uintptr_t slot, const void *address) {
    uintptr_t page = slot / MR_PAGE * MR_PAGE;
    if (mprotect((void *)page, MR_PAGE, PROT_READ | PROT_WRITE) == 0) memcpy((void *)slot, &address, sizeof address);
}

static void replace_in(const library *in, const mr_import *list, size_t count) {
    for (size_t table = 0; table < 2; table++)
        for (size_t i = 0; in->tables[table].first && i < in->tables[table].count; i++) {
            const Elf64_Rela *relocation = &in->tables[table].first[i];
            const char *name = slot_name(in, relocation);
            for (size_t j = 0; name && j < count; j++)
                if (!strcmp(name, list[j].name)) write_slot(in->base + relocation->r_offset, list[j].instead);
        }
}

/* Libraries that are left as they are: what the others are to be kept from, and sanitizers, which take the place of
 * that. The program itself has no name. */
static bool is_left_alone(const char *path) {
    static const char *const names[] = {"libc.so", "ld-linux", "linux-vdso", "libasan", "libubsan", "libclang_rt"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(name, names[i], strlen(names[i]))) return true;
    return !*path;
}

/* What mr_imports_replace is asked for. */
typedef struct replacing {
    const mr_import *list;
    size_t count;
} replacing;

static int replace_in_next(struct dl_phdr_info *info, size_t size, void *argument) {
    const replacing *wanted = argument;
    library next;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum && !is_left_alone(info->dlpi_name); i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC &&
            read_library(info->dlpi_addr, (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), &next))
            replace_in(&next, wanted->list, wanted->count);
    return 0;
}

bool mr_imports_replace(const mr_import *list, size_t count) {
    if (slot_kinds[0] == UINT32_MAX) return false;
    dl_iterate_phdr(replace_in_next, &(replacing){list, count});
    return true;
}

static bool find_library(void *handle, library *found) {
    struct link_map *map = NULL;
    return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && read_library(map->l_addr, map->l_ld, found);
}

bool mr_imports_has(void *handle, const char *name) {
    library of;
    if (!find_library(handle, &of)) return false;
    for (size_t table = 0; table < 2; table++)
        for (size_t i = 0; of.tables[table].first && i < of.tables[table].count; i++) {
            const char *imported = slot_name(&of, &of.tables[table].first[i]);
            if (imported && !strcmp(imported, name)) return true;
        }
    return false;
}

bool mr_imports_runs_early(void *handle) {
    enum { OF_COMPILERS = 1 /* constructors that every library has */ };
    library of;
    return !find_library(handle, &of) || of.constructors > OF_COMPILERS;
}
