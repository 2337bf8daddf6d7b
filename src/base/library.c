#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

bool mr_library_load(const char *file, const mr_library_function *functions, size_t count) {
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; handle && i < count; i++) {
        void *address = dlsym(handle, functions[i].name);
        if (!address) return false;
        memcpy(functions[i].pointer, &address, sizeof address); /* ISO C knows no cast from an object to a function */
    }
    return handle;
}
