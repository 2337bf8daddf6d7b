/* compiler.h - which compiler makes a plugin of a source file, and what it is called with. Runs nothing. [coordinator]
 */
#ifndef MR_HOST_COMPILER_H
#define MR_HOST_COMPILER_H

#include "host/words.h"
#include "mr.h"

/* Whether a name is that of a source file: it ends in .c, .cc, .cpp or .cxx. */
bool mr_is_source(const char *name);

/* The command that compiles a source file, without its outputs. Nothing of it ever goes through a shell. */
typedef struct mr_compiler {
    const char *source;     /* the source file, as the user named it; borrowed */
    char *program;          /* path of the compiler's executable; owned */
    mr_words_list flags;    /* its name, its flags and ours */
    mr_words_list behind;   /* what stands behind the source: libraries */
    mr_words_list includes; /* folders of the user's (-I) */
} mr_compiler;

/* Puts together the command for a source file whose text is given.
 *
 * The compiler is what the variable CC says (which may have flags), or the first of cc, gcc and clang that PATH leads
 * to; for C++ it is CXX, or c++, g++ and clang++. The flags are those of MR_CFLAGS, or MR_CXXFLAGS, or else -O3 -g
 * -Wall and that functions which are nowhere are errors. A line of the source that begins with a comment such as
 *
 *     // mr: -lm -Ivendor -DLIMIT=5
 *
 * (or the same in a comment of the other kind) adds libraries, folders, as seen from that of the source, and macros;
 * nothing else may stand there. more: flags behind those; NULL: none. False with error set when there is no compiler,
 * or a wrong word in such a comment. */
bool mr_compiler_choose(mr_compiler *compiler, const char *source, mr_slice text, const mr_words_list *more,
                        mr_error *error);
void mr_compiler_free(mr_compiler *compiler);

/* The path of a program, in the folders of PATH if its name has no slash; allocated. NULL when there is none, or with
 * error set when there is no memory. */
char *mr_program_find(const char *name, mr_error *error);

#endif
