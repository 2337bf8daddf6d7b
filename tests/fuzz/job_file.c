/* Job files: any text. What comes out has to be a usage error that names the file, or stages whose order does what it
 * says: a stage comes behind all that it reads. And whatever place a value has, its text is found again there. */
#include "fuzzing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "base/json_place.h"
#include "cli/job_file.h"

/* Where a stage stands in the order. */
static size_t place_of(const mr_job_file *file, size_t stage) {
    size_t place = 0;
    while (place < file->count && file->order[place] != stage)
        place++;
    require(place < file->count);
    return place;
}

static void check_source(const mr_job_file *file, size_t stage, const mr_stage_source *source) {
    if (source->path) return;
    require(source->stage < file->count);
    require(place_of(file, source->stage) < place_of(file, stage));
    require(source->previous == MR_NO_STAGE || file->stages[source->previous].repeated);
}

static void check_file(const mr_job_file *file) {
    size_t repeated = 0;
    for (size_t i = 0; i < file->count; i++) {
        const mr_stage *stage = &file->stages[i];
        repeated += stage->repeated;
        require(stage->plugin && *stage->name && stage->line > 0);
        for (size_t j = 0; j < stage->input_count; j++)
            check_source(file, i, &stage->inputs[j]);
        for (size_t j = 0; j < stage->side_count; j++)
            check_source(file, i, &stage->sides[j]);
    }
    require(repeated == file->repetition.count);
}

/* Every value of what cJSON has read is found in the text, and looks like it. */
static void check_places(const char *text, size_t length, const cJSON *value, const mr_json_place *place,
                         unsigned depth) {
    const char *at = mr_json_find(text, length, place);
    require(at && at < text + length && mr_json_line(text, at) > 0);
    require(cJSON_IsObject(value) == (*at == '{') && cJSON_IsArray(value) == (*at == '['));
    require(cJSON_IsString(value) == (*at == '"'));
    size_t index = 0;
    for (const cJSON *child = value->child; child && depth < 20 && index < 50; child = child->next, index++) {
        mr_json_place below = {place, cJSON_IsObject(value) ? child->string : NULL, index};
        check_places(text, length, child, &below, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    mr_job_file file;
    mr_error error = {0}, ignored = {0};
    const mr_setting settings[] = {{"a", "1"}, {"b", "x"}};
    int memory = memfd_create("job", MFD_CLOEXEC);
    require(memory >= 0 && write(memory, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    size_t count = size ? data[size - 1] % 3 : 0;
    bool ok = mr_job_file_read(&file, path, settings, count, &error);
    require_told(ok, &error);
    if (ok)
        check_file(&file);
    else
        require(strstr(error.text, path) != NULL);
    mr_job_file_close(&file);
    close(memory);
    cJSON *root = mr_json_read((const char *)data, size, &ignored);
    mr_json_place place = {0};
    if (root) check_places((const char *)data, size, root, &place, 0);
    if (root) cJSON_Delete(root);
    return 0;
}
