#define PCRE2_CODE_UNIT_WIDTH 8
#include "cli/library_versions.h"

#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <elfutils/version.h>
#include <microhttpd.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <xxhash.h>
#include <zlib.h>

#ifdef MR_ISAL
#include <isa-l.h>
#endif
#ifdef MR_ZSTD
#include <zstd.h>
#endif

#include "base/library.h"

/* Most libraries are loaded when a job needs them, and so the one that is here need not be the one that mr was built
 * with. */

enum { VERSION_TEXT = 64 };

static const char cannot_load[] = "cannot be loaded";

/* ---- versions of what is here ------------------------------------------------------------------------------------ */

/* Loads a library and the one function that tells its version. */
static bool load(const char *file, const char *name, void *pointer) {
    const mr_library_function function = {name, pointer};
    return mr_library_load(file, &function, 1);
}

static const char *cjson_version(char *text) {
    const char *(*version)(void);
    (void)text;
    return load("libcjson.so.1", "cJSON_Version", &version) ? version() : cannot_load;
}

static const char *microhttpd_version(char *text) {
    const char *(*version)(void);
    (void)text;
    return load("libmicrohttpd.so.12", "MHD_get_version", &version) ? version() : cannot_load;
}

static const char *elfutils_version(char *text) {
    const char *(*version)(Dwfl *);
    (void)text;
    return load("libdw.so.1", "dwfl_version", &version) ? version(NULL) : cannot_load;
}

static const char *pcre2_version(char *text) {
    int (*config)(uint32_t, void *);
    if (!load("libpcre2-8.so.0", "pcre2_config_8", &config)) return cannot_load;
    int length = config(PCRE2_CONFIG_VERSION, NULL);
    if (length < 0 || length > VERSION_TEXT) return "?";
    config(PCRE2_CONFIG_VERSION, text);
    text[strcspn(text, " ")] = 0; /* a date follows */
    return text;
}

static const char *utf8proc_here(char *text) {
    (void)text;
    return utf8proc_version();
}

static const char *zlib_here(char *text) {
    (void)text;
    return zlibVersion();
}

#ifdef MR_ZSTD
static const char *zstd_version(char *text) {
    const char *(*version)(void);
    (void)text;
    return load("libzstd.so.1", "ZSTD_versionString", &version) ? version() : cannot_load;
}
#endif

#if !defined(MR_ISAL) || !defined(MR_ZSTD)
static const char *not_used(char *text) {
    (void)text;
    return "not used";
}
#endif

#ifdef MR_ISAL
/* ISA-L has no function that tells; the name of its file does. */
static const char *isal_version(char *text) {
    void (*any)(void);
    void *address;
    Dl_info place;
    if (!load("libisal.so.2", "isal_inflate_init", &any)) return cannot_load;
    memcpy(&address, &any, sizeof address);
    char *path = dladdr(address, &place) ? realpath(place.dli_fname, NULL) : NULL;
    snprintf(text, VERSION_TEXT, "%s", path ? strrchr(path, '/') + 1 : "?");
    free(path);
    return text;
}
#endif

/* ---- all of them ------------------------------------------------------------------------------------------------- */

#define TEXT_OF(number)             #number
#define TEXT(number)                TEXT_OF(number)
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

/* A library. */
typedef struct library_row {
    const char *name;
    const char *built;               /* its version when mr was built */
    const char *(*here)(char *text); /* the version that is here; text has VERSION_TEXT bytes; NULL: it is part of mr */
    const char *use;
    uint32_t packed; /* instead of built: its version as hexadecimal digits MMmmppxx */
} library_row;

static const library_row rows[] = {
    {"zlib", ZLIB_VERSION, zlib_here, "gzip", 0},
#ifdef MR_ISAL
    {"ISA-L", DOTTED(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION), isal_version, "reading gzip", 0},
#else
    {"ISA-L", "without", not_used, "reading gzip", 0},
#endif
#ifdef MR_ZSTD
    {"zstd", ZSTD_VERSION_STRING, zstd_version, "reading zstd", 0},
#else
    {"zstd", "without", not_used, "reading zstd", 0},
#endif
    {"PCRE2", TEXT(PCRE2_MAJOR) "." TEXT(PCRE2_MINOR), pcre2_version, "the plugin grep", 0},
    {"cJSON", DOTTED(CJSON_VERSION_MAJOR, CJSON_VERSION_MINOR, CJSON_VERSION_PATCH), cjson_version,
     "job files, statistics, bad records", 0},
    {"microhttpd", NULL, microhttpd_version, "the page of a job that runs", MHD_VERSION},
    {"elfutils", "0." TEXT(_ELFUTILS_VERSION), elfutils_version, "names in backtraces", 0},
    {"utf8proc", DOTTED(UTF8PROC_VERSION_MAJOR, UTF8PROC_VERSION_MINOR, UTF8PROC_VERSION_PATCH), utf8proc_here,
     "letters and lower case", 0},
    {"xxHash", DOTTED(XXH_VERSION_MAJOR, XXH_VERSION_MINOR, XXH_VERSION_RELEASE), NULL, "checksums and hash tables", 0},
};

void mr_library_versions_print(void) {
    char text[VERSION_TEXT], packed[VERSION_TEXT];
    printf("libraries    built with   here\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(packed, sizeof packed, "%x.%x.%x", rows[i].packed >> 24, rows[i].packed >> 16 & 255,
                 rows[i].packed >> 8 & 255);
        printf("  %-10s %-12s %-19s %s\n", rows[i].name, rows[i].built ? rows[i].built : packed,
               rows[i].here ? rows[i].here(text) : "in mr", rows[i].use);
    }
}
