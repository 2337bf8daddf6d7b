/* Fuzzes what is found out about regular expressions, with hostile ones: whatever is read, nothing behind its end, and
 * what is written keeps to its room. */
#include "fuzzing.h"

#include "host/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    char *pattern = take_text(&in, SIZE_MAX);
    mr_literals literals;
    if (mr_pattern_literals(pattern, &literals)) {
        require(literals.count > 0 && literals.count <= MR_LITERALS_MAX);
        for (size_t i = 0; i < literals.count; i++)
            require(literals.list[i].length > 0 && literals.list[i].length <= MR_LITERAL_LENGTH);
    }
    size_t room = mr_pattern_room(strlen(pattern));
    char *translated = fuzz_allocate(room);
    require(mr_pattern_for_lines(pattern, translated) <= room);
    free(translated);
    free(pattern);
    return 0;
}
