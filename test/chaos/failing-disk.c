/*
 * A disk that fails, for one program: preloaded (LD_PRELOAD), it lets calls on files below $FAILING_DIR fail with EIO as the
 * file $FAILING_NOW says: `sync` (fsync, fdatasync), `write` (all kinds of writes), `short` (writes take half of the bytes).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether the file behind a descriptor is concerned, and the fault is the one of now. */
static int fails(int fd, const char *fault) {
  const char *dir = getenv("FAILING_DIR"), *control = getenv("FAILING_NOW");
  if (dir == NULL || control == NULL) return 0;
  int saved = errno;
  char now[16] = "", link[32], path[4096];
  int file = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    ssize_t length = syscall(SYS_read, file, now, sizeof now - 1);
    now[length > 0 ? length : 0] = 0;
    syscall(SYS_close, file);
  }
  int concerned = 0;
  if (strcmp(now, fault) == 0) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    concerned = strncmp(path, dir, strlen(dir)) == 0;
  }
  errno = saved;
  return concerned;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define EIO_IF(fd, fault) do { if (fails(fd, fault)) { errno = EIO; return -1; } } while (0)
/* Never nothing: that would be no short write, but none. */
#define HALF(fd, count) ((count) > 1 && fails(fd, "short") ? (count) / 2 : (count))

int fsync(int fd) { REAL(fsync); EIO_IF(fd, "sync"); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); EIO_IF(fd, "sync"); return real(fd); }

ssize_t write(int fd, const void *data, size_t count) {
  REAL(write);
  EIO_IF(fd, "write");
  return real(fd, data, HALF(fd, count));
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t at) {
  REAL(pwrite);
  EIO_IF(fd, "write");
  return real(fd, data, HALF(fd, count), at);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) {
  REAL(pwrite64);
  EIO_IF(fd, "write");
  return real(fd, data, HALF(fd, count), at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  EIO_IF(fd, "write");
  return real(fd, parts, HALF(fd, count));
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  REAL(pwritev);
  EIO_IF(fd, "write");
  return real(fd, parts, HALF(fd, count), at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  REAL(pwritev64);
  EIO_IF(fd, "write");
  return real(fd, parts, HALF(fd, count), at);
}
