/*
 * Bursts of numbered datagrams (test/integration/order.test.ts).
 *
 * `burst serve PORT`: answers each datagram as many times as it says, with numbers of its own for each client; for a line on standard input it prints
 * how many came, and how many of them after a later one.
 * `burst send ADDRESS PORT FLOWS COUNT ANSWERS WAIT`: opens so many flows one after another, sends COUNT datagrams by each as fast as it goes and asks
 * for ANSWERS to each, for which it waits up to WAIT ms before the next flow; prints what came back, and how many of that after a later one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PEERS (1 << 20)
#define BUFFER (16 << 20)
#define QUIET_MS 500
#define MAX_FLOWS 8192

struct datagram {
  uint32_t flow, number, answers;
};
static uint32_t highest[PEERS], answered[PEERS];
static struct pollfd flows[MAX_FLOWS];
static uint32_t heard[MAX_FLOWS];
static uint64_t came, late;

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void note(uint32_t *last, uint32_t number) {
  came++;
  if (number < *last) late++;
  else *last = number;
}

static void with_room(int fd) {
  int size = BUFFER;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static int serve(int port) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)}, from;
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), off = 0;
  char line[64];
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0) return perror("bind"), 1;
  with_room(fd);
  puts("ready");
  fflush(stdout);
  struct pollfd both[2] = {{fd, POLLIN, 0}, {0, POLLIN, 0}};
  while (poll(both, 2, -1) > 0) {
    struct datagram d;
    socklen_t size = sizeof from;
    while (recvfrom(fd, &d, sizeof d, MSG_DONTWAIT, (struct sockaddr *)&from, &size) == sizeof d) {
      uint32_t peer = d.flow % PEERS;
      note(&highest[peer], d.number);
      for (uint32_t n = 0; n < d.answers; n++) {
        struct datagram answer = {d.flow, ++answered[peer], 0};
        sendto(fd, &answer, sizeof answer, 0, (struct sockaddr *)&from, size);
      }
    }
    if (both[1].revents == 0) continue;
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    printf("{\"came\":%lu,\"late\":%lu}\n", came, late);
    fflush(stdout);
    came = late = 0;
  }
  return 0;
}

static void hear(int flow) {
  struct datagram d;
  while (recv(flows[flow].fd, &d, sizeof d, MSG_DONTWAIT) == sizeof d) note(&heard[flow], d.number);
}

static int talk(char **argv) {
  struct addrinfo *to, hints = {.ai_socktype = SOCK_DGRAM};
  if (getaddrinfo(argv[0], argv[1], &hints, &to) != 0) return 1;
  int count = atoi(argv[3]), opened = atoi(argv[2]), wait = atoi(argv[5]);
  uint32_t answers = (uint32_t)atoi(argv[4]), first = (uint32_t)now_us();
  struct rlimit files = {MAX_FLOWS + 64, MAX_FLOWS + 64};
  setrlimit(RLIMIT_NOFILE, &files);
  uint64_t sent = 0;
  for (int i = 0; i < opened; i++) {
    int fd = socket(to->ai_family, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0) return perror("connect"), 1;
    with_room(fd);
    flows[i] = (struct pollfd){fd, POLLIN, 0};
    for (int n = 1; n <= count; n++) {
      struct datagram d = {first + (uint32_t)i, (uint32_t)n, answers};
      sent += send(fd, &d, sizeof d, 0) == sizeof d;
    }
    do hear(i);
    while (wait > 0 && came < sent * answers && poll(&flows[i], 1, wait) > 0);
  }
  while (came < sent * answers && poll(flows, (nfds_t)opened, QUIET_MS) > 0)
    for (int i = 0; i < opened; i++)
      if (flows[i].revents != 0) hear(i);
  printf("{\"sent\":%lu,\"came\":%lu,\"late\":%lu}\n", sent, came, late);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3) return serve(atoi(argv[2]));
  return argc == 8 ? talk(argv + 2) : 2;
}
