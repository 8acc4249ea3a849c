/*
 * UDP by the batch. `udp recv PORT FAMILY` counts datagrams by the run number in their first word, and answers a run number on standard input with
 * that count and the longest time between two of that run. `udp send ADDRESS PORT BYTES PER_SECOND SECONDS RUN` (PER_SECOND 0: as fast as it goes)
 * prints how many it sent in which time.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include "address.h"
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define RUNS 65536
#define BUFFER (8 << 20)
static uint8_t payload[BATCH][65536];
static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];

static double now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void prepare(size_t bytes) {
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){payload[i], bytes};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
  }
}

static int receive(int fd) {
  static uint64_t count[RUNS];
  static double last[RUNS], longest[RUNS];
  char line[64];
  int size = BUFFER;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  prepare(65536);
  puts("listening");
  fflush(stdout);
  struct pollfd polled[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
  while (poll(polled, 2, -1) >= 0) {
    if (polled[0].revents) {
      int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
      double t = now();
      for (int i = 0; i < n; i++) {
        uint32_t run;
        memcpy(&run, payload[i], 4);
        run %= RUNS;
        if (count[run]++ > 0 && t - last[run] > longest[run]) longest[run] = t - last[run];
        last[run] = t;
      }
    } else if (polled[1].revents) {
      ssize_t n = read(0, line, sizeof line - 1);
      if (n <= 0) return 0;
      line[n] = 0;
      int run = atoi(line) % RUNS;
      printf("run %d received %llu\nrun %d longest %.6f\n", run, (unsigned long long)count[run], run, longest[run]);
      fflush(stdout);
    }
  }
  return 1;
}

static int send_all(int fd, struct sockaddr_storage *to, socklen_t len, size_t bytes, double rate, double seconds, uint32_t run) {
  checked(connect(fd, (struct sockaddr *)to, len), "connect");
  prepare(bytes);
  for (int i = 0; i < BATCH; i++) memcpy(payload[i], &run, 4);
  uint64_t sent = 0;
  double start = now(), t = start;
  for (; t - start < seconds; t = now()) {
    unsigned burst = BATCH;
    if (rate > 0) {
      double due = (t - start) * rate - (double)sent;
      if (due < 1) continue;
      burst = due < BATCH ? (unsigned)due : BATCH;
    }
    int n = sendmmsg(fd, messages, burst, 0);
    if (n > 0) sent += (uint64_t)n;
    else if (errno != ECONNREFUSED && errno != ENOBUFS) return perror("udp"), 1;
  }
  printf("sent %llu in %.6f\n", (unsigned long long)sent, t - start);
  return 0;
}

int main(int argc, char **argv) {
  struct sockaddr_storage to;
  socklen_t len;
  if (argc == 4 && strcmp(argv[1], "recv") == 0) return receive(bound_socket(argv[2], SOCK_DGRAM, argv[3]));
  if (argc != 8 || strcmp(argv[1], "send") != 0) return fputs("usage: see udp.c\n", stderr), 2;
  int fd = socket_to(argv[2], argv[3], SOCK_DGRAM, &to, &len);
  return send_all(fd, &to, len, (size_t)atoi(argv[4]), atof(argv[5]), atof(argv[6]), (uint32_t)atoi(argv[7]));
}
