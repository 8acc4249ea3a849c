/*
 * The limit "C on the same TAPs": nat.h behind the receive and transmit loop of native/io.c, without Node. `bench/c-dataplane.ts` makes the
 * TAPs and the steering with tsproxy's own code, hands the descriptors over, and writes the configuration to standard input. Argument: how many
 * flows there may be.
 *
 *   port N FD KIND MAC ADDRESS      KIND: 1 uplink, 2 host, 3 endpoint
 *   local ADDRESS                   publish PROTO PORT TARGET TARGET_PORT
 *   network ADDRESS PREFIX GATEWAY_MAC OUTSIDE FIRST LAST
 *   go
 */
#define _GNU_SOURCE
#include "../../native/uring.c" /* the ring of native/io.c, used in the same way */
#include "nat.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_SIZE (33 * 64)
#define TAIL_SIZE 65536
#define HUGE_PAGE (2u << 20)
#define SPIN_NS 50000
#define SPIN_MOST 16
#define SPIN_AGAIN 64
#define DIRECT_PORTS 3
#define EPOLL_EVERY 64
#define RING_MIN 3

static struct nat nat;
static int fds[MAX_PORTS], open_ports[MAX_PORTS], nports, epoll;
static uint8_t (*heads)[HEAD_SIZE], (*tails)[TAIL_SIZE]; /* one block, in huge pages where there are any, as there */
static struct frame frames[SLOTS];
static struct uring ring;
static int burst[MAX_PORTS];

static void make_memory(void) {
  size_t size = SLOTS * (HEAD_SIZE + TAIL_SIZE);
  uint8_t *block = aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1));
  huge_pages(block, size);
  tails = (uint8_t (*)[TAIL_SIZE])block;
  heads = (uint8_t (*)[HEAD_SIZE])(block + (size_t)SLOTS * TAIL_SIZE);
}

static int64_t now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void received(int port, int n, int tail, ssize_t len) {
  frames[n] = (struct frame){.at = heads[n], .port = port, .len = (int32_t)len - VNET, .tail = len > HEAD_SIZE ? tail : -1};
}

static int drain_ring(int port, int n, int *tail, int ask) {
  struct iovec iov[SLOTS][2];
  int32_t result[SLOTS];
  int first = n, first_tail = *tail;
  for (int i = 0; i < ask; i++) {
    iov[i][0] = (struct iovec){heads[first + i], HEAD_SIZE}, iov[i][1] = (struct iovec){tails[first_tail + i], TAIL_SIZE};
    uring_queue(&ring, false, fds[port], iov[i], 2, &result[i]);
  }
  uring_run(&ring);
  for (int i = 0; i < ask; i++) {
    if (result[i] < VNET) continue;
    if (n < first + i) memcpy(heads[n], heads[first + i], HEAD_SIZE);
    received(port, n++, first_tail + i, result[i]);
    if (result[i] > HEAD_SIZE) *tail = first_tail + i + 1;
  }
  return n;
}

static int drain(int port, int n, int *tail, int end) {
  int start = n, ask = burst[port] + 1;
  if (ask > end - n) ask = end - n;
  if (ask > SLOTS - *tail) ask = SLOTS - *tail;
  if (ring.fd >= 0 && ask > RING_MIN) {
    n = drain_ring(port, n, tail, ask);
    if (n < start + ask) end = n;
  }
  while (n < end && *tail < SLOTS) {
    struct iovec iov[2] = {{heads[n], HEAD_SIZE}, {tails[*tail], TAIL_SIZE}};
    ssize_t len = readv(fds[port], iov, 2);
    if (len < VNET) break;
    received(port, n++, *tail, len);
    if (len > HEAD_SIZE) (*tail)++;
  }
  burst[port] = n - start;
  return n;
}

static int receive_direct(void) {
  static int next;
  int n = 0, tail = 0;
  for (int k = 0; k < nports && n < SLOTS; k++) n = drain(open_ports[(next + k) % nports], n, &tail, SLOTS);
  if (n > 0) next = (next + 1) % nports;
  return n;
}

static int receive_epoll(int timeout) {
  struct epoll_event ev[64];
  int n = 0, tail = 0, ready = epoll_wait(epoll, ev, 64, timeout), share = ready > 1 ? (SLOTS + ready - 1) / ready : SLOTS;
  for (int i = 0; i < ready && n < SLOTS; i++) {
    int end = n + (share < 4 ? 4 : share);
    n = drain((int)ev[i].data.u32, n, &tail, end < SLOTS ? end : SLOTS);
  }
  return n;
}

/* As src/engine/polling.ts: a look that finds a frame counts for polling, one in vain against it. */
static int spin_score = SPIN_MOST, spin_skipped;

static int spin_budget(int received) {
  if (received == 0) return 0;
  return spin_score > 0 || ++spin_skipped >= SPIN_AGAIN ? SPIN_NS : 0;
}

static void spin_learn(bool found) {
  spin_skipped = 0;
  if (!found) spin_score -= spin_score > 0;
  else if (spin_score == 0) spin_score = SPIN_MOST / 2;
  else if (spin_score < SPIN_MOST) spin_score++;
}

static int receive(int spin, int timeout) {
  static unsigned calls;
  bool direct = nports <= DIRECT_PORTS && ++calls % EPOLL_EVERY != 0;
  int n = direct ? receive_direct() : receive_epoll(0);
  if (n == 0 && spin > 0) {
    int64_t deadline = now_ns() + spin;
    do n = direct ? receive_direct() : receive_epoll(0);
    while (n == 0 && now_ns() < deadline);
    spin_learn(n > 0);
  }
  if (n == 0) n = receive_epoll(timeout);
  nat.now = (int32_t)(now_ns() / 1000000000);
  return n;
}

static int parts(const struct frame *f, struct iovec *iov) {
  size_t len = (size_t)f->len + VNET;
  iov[0] = (struct iovec){f->at, len > HEAD_SIZE ? HEAD_SIZE : len};
  if (len <= HEAD_SIZE) return 1;
  iov[1] = (struct iovec){tails[f->tail], len - HEAD_SIZE};
  return 2;
}

static void transmit(struct frame *f, int port) {
  struct iovec iov[2];
  if (writev(fds[port], iov, parts(f, iov)) < 0) errno = 0; /* full: dropped, as there */
}

static void transmit_all(int n) {
  struct iovec iov[SLOTS][2];
  int32_t result[SLOTS];
  for (int i = 0; i < n; i++)
    if (frames[i].egress >= 0) uring_queue(&ring, true, fds[frames[i].egress], iov[i], parts(&frames[i], iov[i]), &result[i]);
  uring_run(&ring);
}

static void flood(struct frame *f) {
  for (int k = 0; k < nports; k++)
    if (open_ports[k] != f->port && nat.kind[open_ports[k]] != UPLINK) transmit(f, open_ports[k]);
}

static void parse_mac(const char *text, uint8_t *mac) {
  sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5);
}

static void make_ring(unsigned first, unsigned last) {
  nat.ring_size = last - first + 1;
  nat.ring = malloc(nat.ring_size * sizeof *nat.ring);
  for (unsigned i = 0; i < nat.ring_size; i++) nat.ring[i] = swap16((uint16_t)(first + i));
  for (unsigned i = nat.ring_size - 1; i > 0; i--) {
    unsigned j = (unsigned)rand() % (i + 1);
    uint16_t port = nat.ring[i];
    nat.ring[i] = nat.ring[j], nat.ring[j] = port;
  }
}

static void configure(void) {
  char line[256], a[64], b[64], mac[64];
  unsigned n, fd, kind, x, y;
  while (fgets(line, sizeof line, stdin) && strcmp(line, "go\n") != 0) {
    if (sscanf(line, "port %u %u %u %63s %63s", &n, &fd, &kind, mac, a) == 5 && n < MAX_PORTS) {
      struct epoll_event ev = {.events = EPOLLIN, .data.u32 = n};
      epoll_ctl(epoll, EPOLL_CTL_ADD, (int)fd, &ev);
      fds[n] = (int)fd, nat.kind[n] = (uint8_t)kind, nat.address[n] = inet_addr(a), open_ports[nports++] = (int)n;
      parse_mac(mac, nat.mac[n]);
      if (kind == UPLINK) nat.uplink = (int)n;
      if (kind == HOST) nat.host = (int)n;
      if ((int)n >= nat.ports_end) nat.ports_end = (int)n + 1;
    } else if (sscanf(line, "local %63s", a) == 1) {
      if (nat.nlocals < 16) nat.locals[nat.nlocals++] = inet_addr(a);
    } else if (sscanf(line, "publish %u %u %63s %u", &n, &x, a, &y) == 4) {
      if (nat.nrules < MAX_RULES) nat.rules[nat.nrules++] = (struct rule){n, swap16((uint16_t)x), inet_addr(a), swap16((uint16_t)y)};
    } else if (sscanf(line, "network %63s %u %63s %63s %u %u", a, &n, mac, b, &x, &y) == 6) {
      nat.mask = htonl(~0u << (32 - n)), nat.network = inet_addr(a), nat.outside = inet_addr(b);
      parse_mac(mac, nat.gateway);
      make_ring(x, y);
    } else {
      fprintf(stderr, "nat-tap: cannot read: %s", line);
      exit(2);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: nat-tap FLOWS\n", stderr), 2;
  nat_init(&nat, (uint32_t)atoi(argv[1]));
  make_memory();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  uring_open(&ring);
  configure();
  puts("ready");
  fflush(stdout);
  for (int n = 0;;) {
    n = receive(spin_budget(n), 1000);
    nat_batch(&nat, frames, n);
    bool batch = ring.fd >= 0 && n >= RING_MIN;
    if (batch) transmit_all(n);
    for (int i = 0; i < n; i++) {
      if (frames[i].egress >= 0 && !batch) transmit(&frames[i], frames[i].egress);
      else if (frames[i].egress == FLOOD) flood(&frames[i]);
    }
    ct_expire(&nat.ct, nat.now, 1024);
  }
}
