/* value.c - shared numbers and bytes. A value is an array of one element with a shorter way to it. */
#include "mp/memory.h"
#include "mp/mp.h"

#include <errno.h>
#include <stdlib.h>

struct mp_array {
    mp_type type;
    size_t count;   /* elements */
    size_t size;    /* bytes in all */
    void *elements; /* in shared memory; anyone may write them */
    mp_lock *lock;  /* for compound operations */
};

struct mp_value {
    mp_array *array; /* with the only element, or the bytes */
};

int mp_array_create(mp_array **array, mp_type type, size_t count) {
    if (type > MP_BYTES || count == 0) return -EINVAL;
    size_t size;
    if (__builtin_mul_overflow(count, type == MP_BYTES ? sizeof(char) : sizeof(int64_t), &size)) return -EOVERFLOW;
    mp_array *created = calloc(1, sizeof *created);
    if (created == NULL) return -ENOMEM;
    *created = (mp_array){.type = type, .count = count, .size = size};
    int error = mp_memory_map(&created->elements, size);
    if (error == 0) error = mp_lock_create(&created->lock);
    if (error != 0) {
        mp_array_free(created);
        return error;
    }
    *array = created;
    return 0;
}

size_t mp_array_count(const mp_array *array) {
    return array->count;
}

/* The element at `index`, NULL if it is not there or not of this type. */
static void *element(mp_array *array, mp_type type, size_t index) {
    if (array->type != type || index >= array->count) return NULL;
    return (char *)array->elements + index * (array->size / array->count);
}

int64_t *mp_array_int64(mp_array *array, size_t index) {
    return element(array, MP_INT64, index);
}

uint64_t *mp_array_uint64(mp_array *array, size_t index) {
    return element(array, MP_UINT64, index);
}

double *mp_array_double(mp_array *array, size_t index) {
    return element(array, MP_DOUBLE, index);
}

unsigned char *mp_array_bytes(mp_array *array, size_t index) {
    return element(array, MP_BYTES, index);
}

int mp_array_lock(mp_array *array, int timeout_ms) {
    return mp_lock_acquire(array->lock, timeout_ms);
}

int mp_array_unlock(mp_array *array) {
    return mp_lock_release(array->lock);
}

void mp_array_free(mp_array *array) {
    if (array == NULL) return;
    mp_memory_unmap(array->elements, array->size);
    mp_lock_free(array->lock);
    free(array);
}

int mp_value_create(mp_value **value, mp_type type, size_t size) {
    if (type != MP_BYTES && size != 1) return -EINVAL;
    mp_value *created = malloc(sizeof *created);
    if (created == NULL) return -ENOMEM;
    int error = mp_array_create(&created->array, type, size);
    if (error != 0) {
        free(created);
        return error;
    }
    *value = created;
    return 0;
}

int64_t *mp_value_int64(mp_value *value) {
    return mp_array_int64(value->array, 0);
}

uint64_t *mp_value_uint64(mp_value *value) {
    return mp_array_uint64(value->array, 0);
}

double *mp_value_double(mp_value *value) {
    return mp_array_double(value->array, 0);
}

unsigned char *mp_value_bytes(mp_value *value) {
    return mp_array_bytes(value->array, 0);
}

int mp_value_lock(mp_value *value, int timeout_ms) {
    return mp_array_lock(value->array, timeout_ms);
}

int mp_value_unlock(mp_value *value) {
    return mp_array_unlock(value->array);
}

void mp_value_free(mp_value *value) {
    if (value == NULL) return;
    mp_array_free(value->array);
    free(value);
}
