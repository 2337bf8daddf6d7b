/* Tests of backtraces: names, files and lines of this program's own functions, and of damaged copies of it. */
#include "engine_testing.h"

#include "host/symbols.h"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>

static mr_fault fault; /* too large for the stack of a test */
static mr_backtrace backtrace;
static uint64_t load_address;
static char own_path[MR_FAULT_MODULE_PATH];

static int first_object(struct dl_phdr_info *info, size_t size, void *address) {
    (void)size;
    *(uint64_t *)address = info->dlpi_addr;
    return 1;
}

static void add_frame(uint32_t module, uint64_t address) {
    fault.frames[fault.frame_count++] = (mr_frame){.address = address, .module = module};
}

/* Notes where it was called. */
static __attribute__((noinline)) void capture(void) {
    add_frame(0, (uint64_t)(uintptr_t)__builtin_return_address(0) - load_address - 1);
}

enum { LINE_OF_CAPTURE = __LINE__ + 2 };
static inline __attribute__((always_inline)) void inlined_function(void) {
    capture();
    fault.told = 1;
}

enum { LINE_OF_CALL = __LINE__ + 2 };
static __attribute__((noinline)) void outer_function(void) {
    inlined_function();
    fault.signal = 11;
}

static void begin_fault(void) {
    memset(&fault, 0, sizeof fault);
    fault.module_count = 1;
    memcpy(fault.modules[0], own_path, sizeof own_path);
    outer_function();
}

static void functions_and_lines_are_found(void **state) {
    (void)state;
    char place[MR_SYMBOL_PLACE];
    begin_fault();
    mr_backtrace_of(&fault, &backtrace);
    if (backtrace.count == 1 && !*backtrace.symbols[0].function) skip(); /* libdw is not here */
    assert_int_equal(backtrace.count, 2);
    assert_string_equal(backtrace.symbols[0].function, "inlined_function");
    assert_true(backtrace.symbols[0].inlined);
    assert_int_equal(backtrace.symbols[0].line, LINE_OF_CAPTURE);
    assert_string_equal(backtrace.symbols[1].function, "outer_function");
    assert_false(backtrace.symbols[1].inlined);
    assert_int_equal(backtrace.symbols[1].line, LINE_OF_CALL);
    assert_int_equal(backtrace.symbols[1].frame, 0);
    mr_symbol_place(&backtrace.symbols[1], &fault, place, sizeof place);
    const char *expected = "tests/unit/host_symbols.c:";
    assert_non_null(strstr(place, expected));
}

static void frames_without_symbols_keep_their_addresses(void **state) {
    (void)state;
    char place[MR_SYMBOL_PLACE];
    begin_fault();
    snprintf(fault.modules[1], sizeof fault.modules[1], "/nowhere/words.so");
    fault.module_count = 2;
    fault.frame_count = 0;
    add_frame(1, 0x1234);
    add_frame(MR_FAULT_MODULES, 0x7fff0000);
    add_frame(7, 0x10);
    mr_backtrace_of(&fault, &backtrace);
    assert_int_equal(backtrace.count, 3);
    assert_string_equal(mr_symbol_place(&backtrace.symbols[0], &fault, place, sizeof place), "words.so+0x1234");
    assert_string_equal(mr_symbol_place(&backtrace.symbols[1], &fault, place, sizeof place), "0x7fff0000");
    assert_string_equal(mr_symbol_place(&backtrace.symbols[2], &fault, place, sizeof place), "0x10");
}

static void frames_of_the_host_are_told_apart(void **state) {
    (void)state;
    memset(&fault, 0, sizeof fault);
    backtrace.count = 0;
    static const uint32_t modules[] = {1, 0, 1, 0, 2, 2};
    for (uint32_t i = 0; i < 6; i++) {
        add_frame(modules[i], i);
        backtrace.symbols[backtrace.count++] = (mr_symbol){.frame = i};
    }
    assert_int_equal(mr_backtrace_of_plugin(&backtrace, &fault), 4);
    fault.frames[1].module = fault.frames[3].module = 3;
    assert_int_equal(mr_backtrace_of_plugin(&backtrace, &fault), 6);
}

static void nonsense_is_survived(void **state) {
    (void)state;
    begin_fault();
    fault.frame_count = UINT32_MAX;
    fault.module_count = UINT32_MAX;
    memset(fault.modules, 'x', sizeof fault.modules);
    mr_backtrace_of(&fault, &backtrace);
    assert_int_equal(backtrace.count, MR_FAULT_FRAMES);
    fault.told = 0;
    mr_backtrace_of(&fault, &backtrace);
    assert_int_equal(backtrace.count, 0);
}

/* Writes a copy of this program with some bytes changed, and maybe without its end. */
static void write_damaged(const char *path, const char *original, size_t size) {
    char *copy = allocate(size);
    memcpy(copy, original, size);
    for (uint64_t changes = 1 + skewed_below(2000); changes; changes--) {
        /* Half of them in the headers, at the front and at the end. */
        uint64_t at = below(2) ? below(size) : below(2) ? below(512) : size - 1 - below(4096);
        copy[at] = (char)next_random();
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_true(mr_write_at(file, copy, below(4) ? size : below(size), 0));
    close(file);
    free(copy);
}

static void damaged_files_do_no_harm(void **state) {
    (void)state;
    char path[MR_FAULT_MODULE_PATH];
    int file = open(own_path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    assert_true(file >= 0 && fstat(file, &status) == 0);
    char *original = allocate((size_t)status.st_size);
    assert_int_equal(mr_read_at(file, original, (size_t)status.st_size, 0), status.st_size);
    close(file);
    snprintf(path, sizeof path, "%s/mr-damaged-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
    unsigned named = 0, count = rounds(60);
    for (unsigned i = 0; i < count; i++) {
        begin_fault();
        write_damaged(path, original, (size_t)status.st_size);
        memcpy(fault.modules[0], path, sizeof path);
        mr_backtrace_of(&fault, &backtrace);
        assert_true(backtrace.count >= 1 && backtrace.count <= MR_BACKTRACE_MAX);
        named += *backtrace.symbols[0].function != 0;
    }
    unlink(path);
    free(original);
    print_message("%u of %u damaged files still had names\n", named, count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(functions_and_lines_are_found),     RANDOM_TEST(frames_without_symbols_keep_their_addresses),
        RANDOM_TEST(frames_of_the_host_are_told_apart), RANDOM_TEST(nonsense_is_survived),
        RANDOM_TEST(damaged_files_do_no_harm),
    };
    start_seed();
    dl_iterate_phdr(first_object, &load_address);
    if (readlink("/proc/self/exe", own_path, sizeof own_path - 1) < 0) return 1;
    return run_all_tests(tests);
}
