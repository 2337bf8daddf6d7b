/* Tests of the file of bad records: what is written is read back byte for byte, and what is no such file is refused. */
#include "engine_testing.h"

#include "flow/input.h"
#include "job/from_bad.h"
#include "job/quarantine.h"

#include <fcntl.h>
#include <signal.h>

enum { RECORDS_MOST = 40, VALUES_MOST = 30 };

static mr_job_settings settings;
static mr_job job;
static mr_bad_list bad;
static char folder[128], input_path[256], bad_path[256];

/* ---- a job with bad records -------------------------------------------------------------------------------------- */

/* Bytes of some kind: anything, text, or mostly text. Never a newline. */
static void fill_random(char *bytes, size_t length) {
    static const char *const letters[] = {"a", "\"", "\\", "\t", "\x01", "\xc3\xa9", "\xf0\x9f\x8e\xbb", "/", "\x7f"};
    uint64_t kind = below(3);
    for (size_t i = 0; i < length;) {
        const char *letter = letters[below(9)];
        size_t size = strlen(letter);
        if (kind == 0 || size > length - i || (kind == 2 && !below(200))) {
            bytes[i] = (char)next_random();
            if (bytes[i] == '\n' || kind == 1) bytes[i] = 'x';
            i++;
        } else {
            memcpy(bytes + i, letter, size);
            i += size;
        }
    }
}

static size_t random_length(void) {
    return below(20) ? skewed_below(300) : below(3) ? skewed_below(5000) : below(900 << 10);
}

/* A job over a file of random lines, of which some are bad. */
static void open_job(void) {
    static const char *inputs[1];
    mr_error error = {0};
    uint64_t end = 0;
    int file = open(input_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    uint64_t lines = 1 + below(RECORDS_MOST);
    bad.records = calloc(lines, sizeof *bad.records);
    bad.count = 0;
    for (uint64_t i = 0; i < lines; i++) {
        size_t length = random_length();
        char *line = allocate(length + 1);
        fill_random(line, length);
        if (i + 1 < lines || below(2)) line[length++] = '\n';
        assert_true(mr_write_at(file, line, length, end));
        if (below(2) && length)
            bad.records[bad.count++] = (mr_bad_record){
                .place = {.kind = MR_PLACE_RECORD, .offset = end, .length = length},
                .cause = 1 + (uint32_t)below(7),
                .signal = below(2) ? SIGSEGV : 0,
                .callback = "map",
                .reason = "because \xff of \"this\"",
            };
        end += length;
        free(line);
    }
    close(file);
    inputs[0] = input_path;
    settings = (mr_job_settings){.inputs = inputs, .input_count = 1, .skip_bad = 100};
    job = (mr_job){.settings = &settings, .description.name = "words", .bad_file = mr_open_unnamed(folder)};
    assert_true(job.bad_file >= 0);
    job.temporary = folder;
    assert_ok(mr_input_open(&job.input, inputs, NULL, 1, &error), &error);
}

static void close_job(void) {
    mr_input_close(&job.input);
    close(job.bad_file);
    free(bad.records);
    unlink(input_path);
    unlink(bad_path);
}

static void write_file(void) {
    mr_error error = {0};
    assert_ok(mr_quarantine_write(&job, &bad, bad_path, &error), &error);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static uint64_t line_of(uint64_t offset) {
    char *bytes = allocate(offset);
    int file = open(input_path, O_RDONLY | O_CLOEXEC);
    uint64_t line = 1;
    assert_int_equal(mr_read_at(file, bytes, offset, 0), offset);
    for (uint64_t i = 0; i < offset; i++)
        line += bytes[i] == '\n';
    close(file);
    free(bytes);
    return line;
}

/* That two places of two sources hold the same bytes. */
static void assert_same_bytes(const mr_source *a, uint64_t offset, const mr_source *b, uint64_t length) {
    mr_error error = {0};
    mr_source_file file_a = {.file = -1, .folder = AT_FDCWD}, file_b = file_a;
    char *left = allocate(length), *right = allocate(length);
    assert_ok(mr_source_read(&file_a, a, left, length, offset, &error), &error);
    assert_ok(mr_source_read(&file_b, b, right, length, 0, &error), &error);
    assert_memory_equal(left, right, length);
    mr_source_close(&file_a);
    mr_source_close(&file_b);
    free(left);
    free(right);
}

static void records_are_read_back(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(60); round++) {
        mr_error error = {0};
        mr_input again;
        open_job();
        write_file();
        bool ok = mr_from_bad_open(&again, bad_path, folder, &error);
        if (!bad.count) {
            assert_refused(ok, &error, "holds no bad records");
        } else {
            assert_ok(ok, &error);
            assert_int_equal(again.count, bad.count);
        }
        for (size_t i = 0; i < again.count; i++) {
            const mr_place *place = &bad.records[i].place;
            const mr_source *source = &again.sources[i];
            assert_string_equal(source->path, input_path);
            assert_int_equal(source->kind, MR_SOURCE_RECORDS);
            assert_int_equal(source->origin, place->offset);
            assert_int_equal(source->records_before + 1, line_of(place->offset));
            assert_int_equal(source->size, place->length);
            assert_same_bytes(&job.input.sources[0], place->offset, source, place->length);
        }
        mr_input_close(&again);
        close_job();
    }
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* What a source of a group is to hold. */
typedef struct expected_group {
    char *bytes;
    size_t length;
} expected_group;

static void expect_piece(expected_group *group, const char *bytes, size_t length) {
    uint64_t size = length;
    group->bytes = realloc(group->bytes, group->length + sizeof size + length);
    assert_non_null(group->bytes);
    memcpy(group->bytes + group->length, &size, sizeof size);
    if (length) memcpy(group->bytes + group->length + sizeof size, bytes, length);
    group->length += sizeof size + length;
}

static void write_group(mr_quarantine_writer *writer, bool fold, expected_group *expected) {
    static const mr_bad_record about = {.cause = MR_DEATH_CRASH, .signal = SIGABRT, .callback = "reduce"};
    mr_error error = {0};
    size_t length = skewed_below(300);
    char *bytes = allocate(1 << 20);
    fill_random(bytes, length);
    assert_ok(mr_quarantine_begin_group(writer, &about, mr_bytes(bytes, length), &error), &error);
    expect_piece(expected, bytes, length);
    for (uint64_t count = fold ? 1 : 1 + below(VALUES_MOST); count; count--) {
        length = random_length();
        fill_random(bytes, length);
        assert_ok(fold ? mr_quarantine_accumulator(writer, mr_bytes(bytes, length), &error)
                       : mr_quarantine_value(writer, mr_bytes(bytes, length), &error),
                  &error);
        expect_piece(expected, bytes, length);
    }
    assert_ok(mr_quarantine_end_group(writer, &error), &error);
    free(bytes);
}

static void groups_are_read_back(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30); round++) {
        expected_group expected[8] = {{0}};
        size_t count = 1 + below(8);
        mr_error error = {0};
        mr_input again;
        open_job();
        bad.count = below(2) ? bad.count : 0;
        mr_quarantine_writer writer = {.file = job.bad_file, .plugin = "words"};
        bool fold = below(2);
        for (size_t i = 0; i < count; i++)
            write_group(&writer, fold, &expected[i]);
        job.bad_bytes = writer.end;
        write_file();
        assert_ok(mr_from_bad_open(&again, bad_path, folder, &error), &error);
        assert_int_equal(again.count, count + bad.count);
        assert_int_equal(again.groups, count);
        mr_source_file file = {.file = -1};
        for (size_t i = 0; i < count; i++) {
            const mr_source *source = &again.sources[i];
            assert_int_equal(source->kind, fold ? MR_SOURCE_ACCUMULATOR : MR_SOURCE_VALUES);
            assert_int_equal(source->size, expected[i].length);
            char *bytes = allocate(source->size);
            assert_ok(mr_source_read(&file, source, bytes, source->size, 0, &error), &error);
            assert_memory_equal(bytes, expected[i].bytes, source->size);
            free(bytes);
            free(expected[i].bytes);
        }
        mr_input_close(&again);
        close_job();
    }
}

/* ---- other files ------------------------------------------------------------------------------------------------- */

static bool read_text(const char *text, size_t length, mr_error *error) {
    mr_input input;
    int file = open(bad_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0 && mr_write_at(file, text, length, 0));
    close(file);
    bool ok = mr_from_bad_open(&input, bad_path, folder, error);
    mr_input_close(&input);
    unlink(bad_path);
    return ok;
}

static void wrong_lines_are_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } lines[] = {
        {"", "holds no bad records"},
        {"\n\n", "holds no bad records"},
        {"{\"file\":\"a\",\"record\":\"b\"}\nhello\n", "line 2: this is no JSON"},
        {"[]", "line 1: this is no JSON object"},
        {"{} {}", "line 1: something follows the object"},
        {"{}", "there is no \"record\""},
        {"{\"record\":\"b\"}", "there is no \"file\""},
        {"{\"record\":7,\"file\":\"a\"}", "\"record\" is no string"},
        {"{\"record_hex\":\"0\",\"file\":\"a\"}", "odd number"},
        {"{\"record_hex\":\"0g\",\"file\":\"a\"}", "something else than hexadecimal"},
        {"{\"record\":\"b\",\"record_hex\":\"00\",\"file\":\"a\"}", "both \"record\" and \"record_hex\""},
        {"{\"record\":\"b\\u0000\",\"file\":\"a\"}", "zero byte"},
        {"{\"record\":\"b\\n\",\"file\":\"a\"}", "holds a newline"},
        {"{\"record\":\"b\",\"file\":\"\"}", "\"file\" is no path"},
        {"{\"record\":\"b\",\"file_hex\":\"6100\"}", "\"file\" is no path"},
        {"{\"record\":\"b\",\"file\":\"a\",\"offset\":-1}", "\"offset\" is no whole number"},
        {"{\"record\":\"b\",\"file\":\"a\",\"offset\":1.5}", "\"offset\" is no whole number"},
        {"{\"record\":\"b\",\"file\":\"a\",\"offset\":1e300}", "\"offset\" is no whole number"},
        {"{\"record\":\"b\",\"file\":\"a\",\"line\":\"7\"}", "\"line\" is no whole number"},
        {"{\"record\":\"b\",\"file\":\"a\",\"length\":3}", "\"length\" is neither"},
        {"{\"record\":\"b\",\"file\":\"a\",\"more\":1}", "\"more\" is neither true nor false"},
        {"{\"record\":\"b\",\"file\":\"a\",\"more\":true}", "is the last one"},
        {"{\"record\":\"b\",\"continues\":true}", "continues a line that says nothing"},
        {"{\"record\":\"b\",\"file\":\"a\",\"more\":true}\n{\"record\":\"b\",\"file\":\"a\"}", "does not continue"},
        {"{\"record\":\"b\",\"key\":\"k\",\"file\":\"a\"}", "both a record and a group"},
        {"{\"values\":[]}", "there is no \"key\""},
        {"{\"key\":\"k\"}", "not one of \"values\""},
        {"{\"key\":\"k\",\"values\":[],\"accumulator_hex\":\"\"}", "not one of \"values\""},
        {"{\"key\":\"k\",\"values\":7}", "\"values\" is no array"},
        {"{\"key\":\"k\",\"values\":[7]}", "something else than strings"},
        {"{\"key\":\"k\",\"values\":[{\"text\":\"v\",\"hex\":\"00\"}]}", "something else than strings"},
        {"{\"key\":\"k\",\"values\":[{\"text\":\"v\",\"more\":true}]}", "but no line follows"},
        {"{\"key\":\"k\",\"values\":[],\"more\":true}\n{\"continues\":true,\"record\":\"r\"}", "continues a group"},
        {"{\"key\":\"k\",\"values\":[],\"more\":true}\n{\"continues\":true,\"accumulator_hex\":\"\"}",
         "does not go on"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        mr_error error = {0};
        assert_refused(read_text(lines[i].text, strlen(lines[i].text), &error), &error, lines[i].message);
    }
}

static void damaged_files_do_no_harm(void **state) {
    (void)state;
    static const char original[] =
        "{\"plugin\":\"p\",\"callback\":\"map\",\"cause\":\"crash\",\"signal\":\"SIGSEGV\",\"reason\":null,"
        "\"file\":\"a/b\",\"line\":7,\"offset\":100,\"length\":6,\"record\":\"a \\u00e9 b\"}\n"
        "{\"file_hex\":\"61\",\"record_hex\":\"00ff\",\"more\":true}\n{\"continues\":true,\"record\":\"rest\"}\n"
        "{\"key\":\"k\",\"values\":[\"a\",{\"hex\":\"ff\"},{\"text\":\"x\",\"more\":true}],\"more\":true}\n"
        "{\"continues\":true,\"values\":[\"y\",\"z\"]}\n{\"key_hex\":\"00\",\"accumulator_hex\":\"05\"}\n";
    static const char letters[] = "{}[]\",:\\u0ntf1 9e-\n";
    unsigned taken = 0, count = rounds(5000);
    char copy[sizeof original];
    mr_error none = {0};
    assert_ok(read_text(original, sizeof original - 1, &none), &none);
    for (unsigned i = 0; i < count; i++) {
        mr_error error = {0};
        memcpy(copy, original, sizeof original);
        for (uint64_t changes = 1 + below(4); changes; changes--)
            copy[below(sizeof original - 1)] = below(2) ? letters[below(sizeof letters)] : (char)next_random();
        bool ok = read_text(copy, below(3) ? sizeof original - 1 : below(sizeof original), &error);
        assert_true(ok != error.set);
        taken += ok;
    }
    print_message("%u of %u damaged files were taken\n", taken, count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(records_are_read_back),
        RANDOM_TEST(groups_are_read_back),
        RANDOM_TEST(wrong_lines_are_named),
        RANDOM_TEST(damaged_files_do_no_harm),
    };
    const char *temporary = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s", temporary && *temporary ? temporary : "/tmp");
    snprintf(input_path, sizeof input_path, "%s/mr-quarantine-%d", folder, (int)getpid());
    snprintf(bad_path, sizeof bad_path, "%s/mr-quarantine-%d.bad", folder, (int)getpid());
    start_seed();
    return run_all_tests(tests);
}
