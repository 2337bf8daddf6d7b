/* bgzf BYTES [SEED] <text >file: writes text as a BGZF file of blocks with up to so many bytes of text, and an empty
 * one at the end; with a seed blocks have random lengths, and some are empty. */
#include <stdio.h>

#include "gzip_members.h"

int main(int argc, char **argv) {
    static char text[BGZF_TEXT_MOST], block[2 * BGZF_TEXT_MOST];
    size_t most = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, length = 1;
    if (most < 1 || most > BGZF_TEXT_MOST) {
        fprintf(stderr, "usage: bgzf BYTES [SEED], with up to %d bytes\n", BGZF_TEXT_MOST);
        return 2;
    }
    if (argc > 2) srandom((unsigned)strtoul(argv[2], NULL, 10));
    while (!feof(stdin)) {
        size_t wanted = argc > 2 ? (size_t)random() % (most + 1) : most;
        length = fread(text, 1, wanted, stdin);
        if (length < wanted && !feof(stdin)) return 1;
        if (length || argc > 2) fwrite(block, 1, put_bgzf_block(block, text, length, 1), stdout);
    }
    fwrite(block, 1, put_bgzf_block(block, text, 0, 1), stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
