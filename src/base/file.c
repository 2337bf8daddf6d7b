#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int64_t mr_read_at(int file, void *buffer, size_t length, uint64_t offset) {
    size_t done = 0;
    while (done < length) {
        ssize_t count = pread(file, (char *)buffer + done, length - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        done += (size_t)count;
    }
    return (int64_t)done;
}

bool mr_write_at(int file, const void *bytes, size_t length, uint64_t offset) {
    size_t done = 0;
    while (done < length) {
        ssize_t count = pwrite(file, (const char *)bytes + done, length - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        if (count == 0) {
            errno = ENOSPC;
            return false;
        }
        done += (size_t)count;
    }
    return true;
}

int mr_open_unnamed(const char *folder) {
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
    /* A file system without O_TMPFILE: the name exists only between these two calls. */
    char *path;
    if (asprintf(&path, "%s/.mr-XXXXXX", folder) < 0) {
        errno = ENOMEM;
        return -1;
    }
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0 && unlink(path) < 0) {
        int code = errno;
        close(file);
        errno = code;
        file = -1;
    }
    free(path);
    return file;
}

mr_file_identity mr_file_identify(int file) {
    struct stat status;
    if (fstat(file, &status) < 0) return (mr_file_identity){0};
    return (mr_file_identity){.device = status.st_dev, .inode = status.st_ino};
}

bool mr_file_is(int file, mr_file_identity identity) {
    struct stat status;
    if (!identity.device && !identity.inode) return true;
    if (fstat(file, &status) < 0) return errno != EBADF; /* a disk that fails has not changed the descriptor */
    return status.st_dev == identity.device && status.st_ino == identity.inode;
}

/* Opened the wrong way round: reading from a closed stdin stays an error, and so does writing to a closed stdout. */
bool mr_hold_standard_streams(void) {
    int file = fcntl(STDIN_FILENO, F_GETFD) < 0 ? open("/dev/null", O_WRONLY) : STDIN_FILENO;
    while (file >= 0 && file <= STDERR_FILENO)
        file = open("/dev/null", O_RDONLY);
    if (file >= 0) close(file);
    return file >= 0;
}

void mr_bear_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) signal(SIGXFSZ, SIG_IGN);
}
