/*
 * A bad disk, preloaded into a recording host: what is done to files whose path contains FAULTY_PATH is slow now and then
 * (FAULTY_SLOW, in 1/1000) or fails with EIO (FAULTY_FAIL, in 1/1000), as long as the file FAULTY_WHILE exists.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static unsigned int state = 0;

static int share(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : atoi(text);
}

static int chance(int in_a_thousand) {
  if (state == 0) state = (unsigned int)share("FAULTY_SEED") | 1u;
  return (int)(rand_r(&state) % 1000) < in_a_thousand;
}

/* Whether the operation fails; sleeps before it says so. */
static int fails(int descriptor) {
  char link[64], path[4096];
  const char *faulty = getenv("FAULTY_PATH"), *until = getenv("FAULTY_WHILE");
  if (faulty == NULL || until == NULL || access(until, F_OK) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (strstr(path, faulty) == NULL) return 0;
  if (chance(share("FAULTY_SLOW"))) usleep(1000u * (1u + (unsigned int)rand_r(&state) % 100u));
  if (!chance(share("FAULTY_FAIL"))) return 0;
  errno = EIO;
  return 1;
}

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return fails(fd) ? -1 : real(fd, from, size, at);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  return fails(fd) ? -1 : real(fd, from, size, at);
}

ssize_t pread64(int fd, void *to, size_t size, off64_t at) {
  REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
  return fails(fd) ? -1 : real(fd, to, size, at);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return fails(fd) ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return fails(fd) ? -1 : real(fd);
}

int ftruncate64(int fd, off64_t size) {
  REAL(int, "ftruncate64", int, off64_t);
  return fails(fd) ? -1 : real(fd, size);
}
