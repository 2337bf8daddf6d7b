/* Folds in a way that does not exist yet. */
#include "frozen_v1.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_count(ctx, mr_bytes(record, length));
}

extern MR_EXPORT const mr_plugin mr_plugin_entry;
const mr_plugin mr_plugin_entry = {.magic = MR_MAGIC,
                                   .abi_major = 1,
                                   .pointer_size = sizeof(void *),
                                   .struct_size = sizeof(mr_plugin),
                                   .name = "unknown_fold",
                                   .kind = MR_FOLD,
                                   .fold_type = 9,
                                   .needs = 0,
                                   .map = map};
