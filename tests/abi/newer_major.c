/* Made for a later major version: not to be understood. */
#include "frozen_v1.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_count(ctx, mr_bytes(record, length));
}

extern MR_EXPORT const mr_plugin mr_plugin_entry;
const mr_plugin mr_plugin_entry = {.magic = MR_MAGIC,
                                   .abi_major = 2,
                                   .pointer_size = sizeof(void *),
                                   .struct_size = sizeof(mr_plugin),
                                   .name = "newer_major",
                                   .kind = MR_FOLD,
                                   .fold_type = MR_FOLD_COUNT,
                                   .needs = 0,
                                   .map = map};
