/* A plugin of the future, with fields that this host does not know but that are not used: runs. */
#include "frozen_v1.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_count(ctx, mr_bytes(record, length));
}

typedef struct future_plugin {
    mr_plugin known;
    char unknown[1024]; /* more than will ever be appended */
} future_plugin;

extern MR_EXPORT const future_plugin mr_plugin_entry;
const future_plugin mr_plugin_entry = {.known = {.magic = MR_MAGIC,
                                                 .abi_major = 1,
                                                 .pointer_size = sizeof(void *),
                                                 .struct_size = sizeof(future_plugin),
                                                 .name = "newer_zero_tail",
                                                 .kind = MR_FOLD,
                                                 .fold_type = MR_FOLD_COUNT,
                                                 .map = map},
                                       .unknown = {[1023] = 0}};
