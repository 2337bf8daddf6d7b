/* heavy_input - write input that is heavy on memory, and of which one can tell what has to come out.
 *
 *     heavy_input distinct COUNT         COUNT lines "key number", each key once, in an order that looks random
 *     heavy_input skewed COUNT           COUNT such lines, nine of ten with the key "hot", the others each with its own
 *     heavy_input large COUNT BYTES      COUNT lines "key number xxx...", values of BYTES bytes, for four keys in turn
 *
 * Numbers count the lines from 0. Keys of the first two kinds are eight hexadecimal digits.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Different for different numbers below 2^32. */
static uint32_t scramble(uint32_t number) {
    number *= 0x9e3779b1u;
    number ^= number >> 15;
    return number * 0x85ebca77u;
}

static void put_distinct(uint64_t number) {
    printf("%08x %llu\n", scramble((uint32_t)number), (unsigned long long)number);
}

static void put_skewed(uint64_t number) {
    if (number % 10)
        printf("hot %llu\n", (unsigned long long)number);
    else
        put_distinct(number);
}

static void put_large(uint64_t number, size_t size) {
    static const char *const keys[] = {"north", "east", "south", "west"};
    char *value = malloc(size + 32);
    if (!value) exit(1);
    int digits = sprintf(value, "%llu ", (unsigned long long)number);
    memset(value + digits, 'x', size);
    printf("%s ", keys[number % 4]);
    if (fwrite(value, 1, size, stdout) != size) exit(1);
    putchar('\n');
    free(value);
}

int main(int argc, char **argv) {
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t size = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    if (argc < 3) return 2;
    for (uint64_t number = 0; number < count; number++) {
        if (strcmp(argv[1], "distinct") == 0)
            put_distinct(number);
        else if (strcmp(argv[1], "skewed") == 0)
            put_skewed(number);
        else if (strcmp(argv[1], "large") == 0)
            put_large(number, size);
        else
            return 2;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
