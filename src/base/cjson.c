/* cJSON, loaded when JSON is first read or written: few jobs do, and loading a library makes every process of every job
 * start later. These functions stand in for the library's, as far as they are used; mr_json_new and mr_json_read load
 * it before any of them is called.
 */
#include "base/json.h"
#include "base/library.h"

#define CJSON_FUNCTIONS(name)                                                                                          \
    name(Delete) name(ParseWithLengthOpts) name(Print) name(PrintUnformatted) name(GetObjectItemCaseSensitive)         \
        name(IsArray) name(IsBool) name(IsNumber) name(IsObject) name(IsString) name(IsTrue) name(CreateNull)          \
            name(CreateObject) name(CreateRaw) name(CreateString) name(AddItemToArray) name(AddItemToObject)           \
                name(AddArrayToObject) name(AddBoolToObject) name(AddNullToObject) name(AddNumberToObject)             \
                    name(AddObjectToObject) name(AddTrueToObject)

static struct {
#define DECLARE(function) __typeof__(cJSON_##function) *function;
    CJSON_FUNCTIONS(DECLARE)
#undef DECLARE
} library;

bool mr_json_load(mr_error *error) {
    static bool loaded;
#define PLACE(function) {"cJSON_" #function, &library.function},
    static const mr_library_function functions[] = {CJSON_FUNCTIONS(PLACE)};
#undef PLACE
    loaded = loaded || mr_library_load("libcjson.so.1", functions, sizeof functions / sizeof *functions);
    return loaded || mr_error_set(error, "JSON needs the library cJSON (libcjson.so.1), which could not be loaded: "
                                         "install it (libcjson1 on Debian)");
}

void cJSON_Delete(cJSON *item) {
    if (item) library.Delete(item);
}

cJSON *cJSON_ParseWithLengthOpts(const char *value, size_t buffer_length, const char **return_parse_end,
                                 cJSON_bool require_null_terminated) {
    return library.ParseWithLengthOpts(value, buffer_length, return_parse_end, require_null_terminated);
}

char *cJSON_Print(const cJSON *item) {
    return library.Print(item);
}

char *cJSON_PrintUnformatted(const cJSON *item) {
    return library.PrintUnformatted(item);
}

cJSON *cJSON_GetObjectItemCaseSensitive(const cJSON *object, const char *string) {
    return library.GetObjectItemCaseSensitive(object, string);
}

cJSON_bool cJSON_IsArray(const cJSON *item) {
    return library.IsArray(item);
}

cJSON_bool cJSON_IsBool(const cJSON *item) {
    return library.IsBool(item);
}

cJSON_bool cJSON_IsNumber(const cJSON *item) {
    return library.IsNumber(item);
}

cJSON_bool cJSON_IsObject(const cJSON *item) {
    return library.IsObject(item);
}

cJSON_bool cJSON_IsString(const cJSON *item) {
    return library.IsString(item);
}

cJSON_bool cJSON_IsTrue(const cJSON *item) {
    return library.IsTrue(item);
}

cJSON *cJSON_CreateNull(void) {
    return library.CreateNull();
}

cJSON *cJSON_CreateObject(void) {
    return library.CreateObject();
}

cJSON *cJSON_CreateRaw(const char *raw) {
    return library.CreateRaw(raw);
}

cJSON *cJSON_CreateString(const char *string) {
    return library.CreateString(string);
}

cJSON_bool cJSON_AddItemToArray(cJSON *array, cJSON *item) {
    return library.AddItemToArray(array, item);
}

cJSON_bool cJSON_AddItemToObject(cJSON *object, const char *string, cJSON *item) {
    return library.AddItemToObject(object, string, item);
}

cJSON *cJSON_AddArrayToObject(cJSON *object, const char *name) {
    return library.AddArrayToObject(object, name);
}

cJSON *cJSON_AddBoolToObject(cJSON *object, const char *name, cJSON_bool boolean) {
    return library.AddBoolToObject(object, name, boolean);
}

cJSON *cJSON_AddNullToObject(cJSON *object, const char *name) {
    return library.AddNullToObject(object, name);
}

cJSON *cJSON_AddNumberToObject(cJSON *object, const char *name, double number) {
    return library.AddNumberToObject(object, name, number);
}

cJSON *cJSON_AddObjectToObject(cJSON *object, const char *name) {
    return library.AddObjectToObject(object, name);
}

cJSON *cJSON_AddTrueToObject(cJSON *object, const char *name) {
    return library.AddTrueToObject(object, name);
}
