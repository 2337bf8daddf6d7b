/* Has the symbol, but not the number that belongs there. */
#include "frozen_v1.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_count(ctx, mr_bytes(record, length));
}

extern MR_EXPORT const mr_plugin mr_plugin_entry;
const mr_plugin mr_plugin_entry = {.magic = 0x3172706e,
                                   .abi_major = 1,
                                   .pointer_size = sizeof(void *),
                                   .struct_size = sizeof(mr_plugin),
                                   .name = "wrong_magic",
                                   .kind = MR_FOLD,
                                   .fold_type = MR_FOLD_COUNT,
                                   .needs = 0,
                                   .map = map};
