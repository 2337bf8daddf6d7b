/* Fuzzes what a plugin says of itself: a description of any size with hostile numbers in it, and callbacks that are
 * there or not, which must not be called. What is accepted keeps to the rules of mr.h. */
#include "fuzzing.h"

#include "host/plugin.h"

enum { LONGEST = sizeof(mr_plugin) + 64, FIRST_CALLBACK = offsetof(mr_plugin, configure) };

/* What a pointer to a callback points to: nothing that could be called. */
static const char no_code[1];

/* The pointers of the description: wherever a whole one lies in it. */
static void put_pointers(char *description, size_t size, fuzz_input *in) {
    static const char *const names[] = {"tester", "", NULL};
    const char *name = names[take_number(in, 2)];
    if (size >= offsetof(mr_plugin, name) + sizeof name)
        memcpy(description + offsetof(mr_plugin, name), &name, sizeof name);
    for (size_t at = FIRST_CALLBACK; at + sizeof(void *) <= size && at < sizeof(mr_plugin); at += sizeof(void *)) {
        const void *callback = take_bool(in) ? no_code : NULL;
        memcpy(description + at, &callback, sizeof callback);
    }
}

static void check_accepted(const mr_plugin *plugin) {
    require(plugin->name && *plugin->name && plugin->magic == MR_MAGIC && plugin->abi_major == MR_ABI_MAJOR);
    require(!plugin->map != !plugin->map_chunk);
    require(!plugin->reserved && !(plugin->needs & ~(uint32_t)MR_NEEDS_RECORD_NUMBERS));
    require(!plugin->partition == !plugin->partitions && plugin->partitions <= 1u << 31);
    require(plugin->kind >= MR_FOLD && plugin->kind <= MR_MAP);
    require((plugin->kind == MR_GROUP) == (plugin->reduce != NULL));
    require(plugin->kind == MR_GROUP || !plugin->combine);
    require(plugin->kind == MR_FOLD || (!plugin->fold && !plugin->finish));
    if (plugin->kind != MR_FOLD) return;
    require(plugin->fold_type <= MR_FOLD_STATS_INT64 &&
            (plugin->fold_type == MR_FOLD_CUSTOM) == (plugin->fold != NULL));
    require(plugin->fold_type != MR_FOLD_CUSTOM || (plugin->value_size >= 1 && plugin->value_size <= 65536));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    mr_error error = {0};
    mr_plugin plugin;
    uint32_t handshake[] = {MR_MAGIC, MR_ABI_MAJOR, sizeof(void *), (uint32_t)take_number(&in, LONGEST)};
    size_t described = handshake[3] < sizeof handshake ? sizeof handshake : handshake[3];
    bool wrong_handshake = take_bool(&in);
    uint8_t pointer_bytes[16];
    for (size_t i = 0; i < sizeof pointer_bytes; i++)
        pointer_bytes[i] = (uint8_t)take_number(&in, 255);
    fuzz_input pointers = {pointer_bytes, pointer_bytes + sizeof pointer_bytes};
    if (wrong_handshake) handshake[take_number(&in, 2)] = (uint32_t)take_number(&in, UINT32_MAX);
    mr_slice rest = take_bytes(&in, described - sizeof handshake);
    char *description = calloc(1, described);
    require(description);
    memcpy(description, handshake, sizeof handshake);
    if (rest.length) memcpy(description + sizeof handshake, rest.data, rest.length);
    put_pointers(description, described, &pointers);
    bool ok = mr_plugin_accept(&plugin, (const mr_plugin *)(const void *)description, "tester.so", &error);
    require_told(ok, &error);
    if (ok) check_accepted(&plugin);
    free(description);
    return 0;
}
