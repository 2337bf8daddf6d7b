/* without_fork COMMAND... - runs a command that may not start processes or threads: SIGSYS kills it when it tries. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* System calls of another architecture are not looked for: mr makes none. */
static int forbid_forks(void) {
    static const unsigned forbidden[] = {
        SYS_clone,
        SYS_clone3,
#ifdef SYS_fork
        SYS_fork,
        SYS_vfork,
#endif
    };
    enum { COUNT = sizeof forbidden / sizeof *forbidden };
    struct sock_filter rules[COUNT + 3] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned char others = (unsigned char)(COUNT - i); /* rules to jump over, to the one that kills */
        rules[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], others, 0);
    }
    rules[COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    rules[COUNT + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = {.len = COUNT + 3, .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: without_fork COMMAND...\n");
        return 2;
    }
    if (forbid_forks() == 0) execvp(argv[1], argv + 1);
    fprintf(stderr, "without_fork: %s\n", strerror(errno));
    return 77;
}
