#include "job/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static bool grow(mr_texts *texts, mr_error *error) {
    if (texts->count < texts->room) return true;
    size_t room = texts->room ? 2 * texts->room : 16;
    mr_text_copy *larger = realloc(texts->list, room * sizeof *larger);
    if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of bad records");
    texts->list = larger;
    texts->room = room;
    return true;
}

const mr_text_copy *mr_texts_find(const mr_texts *texts, const mr_place *place) {
    for (size_t i = texts->count; i-- > 0;)
        if (texts->list[i].source == place->source && texts->list[i].offset == place->offset &&
            texts->list[i].length == place->length)
            return &texts->list[i];
    return NULL;
}

bool mr_texts_add(mr_texts *texts, const char *folder, const mr_text_copy *about, const char *bytes, mr_error *error) {
    if (!texts->file) {
        int file = mr_open_unnamed(folder);
        if (file < 0)
            return mr_error_system(error, errno,
                                   "could not make a temporary file in %s (choose another folder with --tmp)", folder);
        texts->file = file;
    }
    if (!grow(texts, error)) return false;
    if (!mr_write_at(texts->file, bytes, about->length, texts->end))
        return mr_error_system(error, errno,
                               "could not write to a temporary file in %s (choose another folder with --tmp)", folder);
    texts->list[texts->count] = *about;
    texts->list[texts->count++].at = texts->end;
    texts->end += about->length;
    return true;
}

bool mr_texts_read(const mr_texts *texts, mr_source_file *file, const mr_source *source, const mr_place *place,
                   char *bytes, size_t length, uint64_t from, mr_error *error) {
    if (!mr_source_is_stream(source)) return mr_source_read(file, source, bytes, length, place->offset + from, error);
    const mr_text_copy *copy = mr_texts_find(texts, place);
    if (!copy || from > copy->length || length > copy->length - from)
        return mr_error_set(error, "%s: the record at byte %llu is not known any more", source->path,
                            (unsigned long long)place->offset);
    return mr_read_at(texts->file, bytes, length, copy->at + from) == (int64_t)length ||
           mr_error_system(error, EIO, "could not read a bad record back from a temporary file");
}

void mr_texts_close(mr_texts *texts) {
    if (texts->file) close(texts->file);
    free(texts->list);
    *texts = (mr_texts){0};
}
