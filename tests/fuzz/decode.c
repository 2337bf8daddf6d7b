/* Fuzzes decompression: any bytes are text, or an error, and the same however they come and go; when they have an index
 * of BGZF blocks, reading by it gives the same text, or says that a block is damaged. */
#include "fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "data/bgzf.h"
#include "data/decode.h"

enum { TEXT_MOST = 4 << 20 /* of what is decoded, that is looked at */ };

/* Bytes that are handed out some at a time. */
typedef struct portions {
    mr_slice bytes;
    size_t at;
    size_t each;
} portions;

static int64_t take_portion(void *receiver, char *bytes, size_t room) {
    portions *self = receiver;
    size_t count = mr_smaller(mr_smaller(self->each, room), self->bytes.length - self->at);
    memcpy(bytes, self->bytes.data + self->at, count);
    self->at += count;
    return (int64_t)count;
}

/* Decodes bytes that come each at a time, into room bytes at once. *length: as far as it went. */
static bool decode(mr_slice bytes, size_t each, size_t room, char *text, size_t *length) {
    portions source = {.bytes = bytes, .each = each};
    mr_decoder decoder;
    mr_error error = {0};
    enum mr_decoded state = MR_DECODED_SOME;
    bool ok = mr_decoder_open(&decoder, (mr_coded_source){take_portion, &source}, 1 << 20, &error);
    require(ok);
    for (*length = 0; ok && state == MR_DECODED_SOME && *length < TEXT_MOST;) {
        size_t count = 0;
        ok = mr_decode(&decoder, text + *length, mr_smaller(room, TEXT_MOST - *length), &count, &state, &error);
        require(ok != error.set && (!ok || (count > 0) == (state == MR_DECODED_SOME)));
        *length += ok ? count : 0;
    }
    require(!ok || state != MR_DECODED_NOTHING);
    mr_decoder_close(&decoder);
    return ok;
}

static void check_index(mr_slice bytes, const char *text, size_t length, bool whole) {
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    mr_bgzf_index index;
    mr_bgzf_reader reader = {0};
    mr_error error = {0};
    bool is_bgzf, changed;
    require(file >= 0 && mr_write_at(file, bytes.data, bytes.length, 0));
    require(mr_bgzf_index_make(&index, file, bytes.length, &is_bgzf));
    size_t size = is_bgzf ? mr_smaller(index.decoded, TEXT_MOST) : 0;
    char *read = fuzz_allocate(size);
    if (is_bgzf && mr_bgzf_read(&reader, &index, file, read, size, 0, &changed, &error)) {
        require(!whole || length == size);
        require(!memcmp(read, text, mr_smaller(length, size)));
    } else if (is_bgzf) {
        require(!whole && error.set && !changed);
    }
    free(read);
    mr_bgzf_reader_close(&reader);
    mr_bgzf_index_close(&index);
    close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[TEXT_MOST], again[TEXT_MOST];
    if (size < 2) return 0;
    size_t each = 1 + data[0], room = 1 + 16 * data[1], length, length_again;
    mr_slice bytes = mr_bytes((const char *)data + 2, size - 2);
    bool ok = decode(bytes, bytes.length + 1, TEXT_MOST, text, &length);
    require(decode(bytes, each, room, again, &length_again) == ok || length == TEXT_MOST);
    require(!memcmp(text, again, mr_smaller(length, length_again)));
    require(!ok || length == length_again || length_again == TEXT_MOST);
    check_index(bytes, text, length, ok && length < TEXT_MOST);
    return 0;
}
