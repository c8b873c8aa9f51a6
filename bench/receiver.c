/*
 * Counts frames that arrive over TCP: `receiver PORT EXPECTED [SAVE_PREFIX]`, which keeps what
 * connection N sends in SAVE_PREFIX.N.
 *
 * A frame ends with a NUL byte (GELF/TCP). Prints "listening", then "done" once EXPECTED frames have come, and goes on
 * answering, so that whoever waits for our FIN gets it. Ends at the end of stdin, with one line of JSON: frames, and
 * the times in milliseconds since the epoch of the first, 10 %, 90 % and last frame. receiver.ts does the same in Node.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (1 << 20)

static uint64_t frames, bytes, expected, connections;
static double first_ms, tenth_ms, ninety_ms, last_ms;
static FILE *saves[1024]; /* by file descriptor */

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static uint64_t count_nuls(const unsigned char *data, size_t length) {
  uint64_t n = 0;
  for (size_t i = 0; i < length; i++) n += data[i] == 0;
  return n;
}

static void take(int fd, const unsigned char *data, size_t length) {
  uint64_t before = frames;
  frames += count_nuls(data, length);
  bytes += length;
  if (saves[fd]) fwrite(data, 1, length, saves[fd]);
  double now = now_ms();
  if (first_ms == 0) first_ms = now;
  if (frames > before) last_ms = now;
  if (tenth_ms == 0 && frames * 10 >= expected) tenth_ms = now;
  if (ninety_ms == 0 && frames * 10 >= expected * 9) ninety_ms = now;
  if (before < expected && frames >= expected) {
    puts("done");
    fflush(stdout);
  }
}

static void report(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  fflush(NULL);
  printf("{\"frames\":%llu,\"bytes\":%llu,\"connections\":%llu,\"first\":%.3f,\"tenth\":%.3f,\"ninety\":%.3f,"
         "\"last\":%.3f,\"cpu\":%.3f}\n",
         (unsigned long long)frames, (unsigned long long)bytes, (unsigned long long)connections, first_ms, tenth_ms,
         ninety_ms, last_ms, cpu);
  fflush(stdout);
  exit(0);
}

static int listen_on(int port) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 64)) {
    perror("receiver");
    exit(1);
  }
  return fd;
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

static void welcome(int poll, int fd, const char *prefix) {
  char path[4096];
  connections++;
  if (fd < 0 || fd >= 1024) exit(1);
  snprintf(path, sizeof path, "%s.%llu", prefix ? prefix : "", (unsigned long long)connections);
  if (prefix) saves[fd] = fopen(path, "w");
  watch(poll, fd);
}

static void goodbye(int fd) {
  if (saves[fd]) fclose(saves[fd]);
  saves[fd] = NULL;
  close(fd);
}

int main(int argc, char **argv) {
  static unsigned char buffer[BUFFER_SIZE];
  struct epoll_event events[64];
  if (argc < 3) return 2;
  expected = strtoull(argv[2], NULL, 10);
  int listener = listen_on(atoi(argv[1]));
  int poll = epoll_create1(0);
  watch(poll, listener);
  watch(poll, STDIN_FILENO);
  puts("listening");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        welcome(poll, accept(listener, NULL, NULL), argc > 3 ? argv[3] : NULL);
        continue;
      }
      ssize_t got = read(fd, buffer, sizeof buffer);
      if (fd == STDIN_FILENO && got <= 0) report();
      if (fd == STDIN_FILENO) continue;
      if (got > 0) take(fd, buffer, got);
      else if (got == 0 || errno != EINTR) goodbye(fd);
    }
  }
}
