/* Of a kind of job that does not exist yet. */
#include "frozen_v1.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_count(ctx, mr_bytes(record, length));
}

extern MR_EXPORT const mr_plugin mr_plugin_entry;
const mr_plugin mr_plugin_entry = {.magic = MR_MAGIC,
                                   .abi_major = 1,
                                   .pointer_size = sizeof(void *),
                                   .struct_size = sizeof(mr_plugin),
                                   .name = "unknown_kind",
                                   .kind = 4,
                                   .fold_type = 0,
                                   .needs = 0,
                                   .map = map};
