/*
 * TCP request and response, one at a time. `ping-pong serve PORT FAMILY` sends back what it gets. `ping-pong ask ADDRESS PORT BYTES SECONDS` prints
 * percentiles of the round-trip time in microseconds, after a tenth of a second that does not count.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include "address.h"
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
#define WARM_UP 0.1

static double now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void *echo(void *arg) {
  int fd = (int)(intptr_t)arg, one = 1;
  char buffer[MOST];
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    if (send(fd, buffer, (size_t)n, MSG_NOSIGNAL) != n) break;
  close(fd);
  return NULL;
}

static _Noreturn void serve(const char *port, const char *family) {
  int server = bound_socket(port, SOCK_STREAM, family);
  checked(listen(server, 64), "listen");
  for (;;) {
    int fd = accept(server, NULL, NULL);
    pthread_t thread;
    if (fd >= 0 && pthread_create(&thread, NULL, echo, (void *)(intptr_t)fd) == 0) pthread_detach(thread);
  }
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static int ask(const char *address, const char *port, size_t bytes, double seconds) {
  static const double PERCENTILES[] = {25, 50, 75, 90, 99, 99.9, 99.99, 99.999};
  struct sockaddr_storage to;
  socklen_t len;
  int fd = socket_to(address, port, SOCK_STREAM, &to, &len), one = 1;
  char buffer[MOST] = {0};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  checked(connect(fd, (struct sockaddr *)&to, len), "connect");
  size_t room = 1 << 20, count = 0;
  float *times = malloc(room * sizeof *times);
  double start = now() + WARM_UP, before = now();
  while (before - start < seconds) {
    if (send(fd, buffer, bytes, MSG_NOSIGNAL) != (ssize_t)bytes) return perror("send"), 1;
    for (size_t got = 0; got < bytes;) {
      ssize_t n = recv(fd, buffer, bytes - got, 0);
      if (n == 0) return fputs("the server has closed\n", stderr), 1;
      got += (size_t)checked((int)n, "recv");
    }
    double after = now();
    if (before >= start) times[count++] = (float)((after - before) * 1e6);
    if (count == room) times = realloc(times, (room *= 2) * sizeof *times);
    before = after;
  }
  if (count == 0) return fputs("no round trip\n", stderr), 1;
  qsort(times, count, sizeof *times, ascending);
  printf("%zu round trips\n", count);
  for (size_t i = 0; i < sizeof PERCENTILES / sizeof *PERCENTILES; i++)
    printf("percentile %g = %.3f\n", PERCENTILES[i], times[(size_t)((double)(count - 1) * PERCENTILES[i] / 100)]);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "serve") == 0) serve(argv[2], argv[3]);
  if (argc != 6 || strcmp(argv[1], "ask") != 0 || atoi(argv[4]) < 1 || atoi(argv[4]) > MOST) return fputs("usage: see ping-pong.c\n", stderr), 2;
  return ask(argv[2], argv[3], (size_t)atoi(argv[4]), atof(argv[5]));
}
