/*
 * The whole NAT path in memory, without system calls: `nat-path FLOWS FRAME_BYTES SECONDS [insert|expire]`. Batches of 32 resident frames
 * whose tuples are set anew for each batch, as bench/memory/traffic.ts does it. Prints one line of JSON, nanoseconds a packet (or an entry).
 */
#define _GNU_SOURCE
#include "nat.h"
#include <stdio.h>
#include <time.h>

#define HEAD_SIZE (33 * 64)
#define STRIDE 7919
static struct nat nat;
static uint8_t heads[SLOTS][HEAD_SIZE] __attribute__((aligned(64)));
static struct frame frames[SLOTS];
static double rx_packets[MAX_PORTS], rx_bytes[MAX_PORTS], tx_packets[MAX_PORTS], tx_bytes[MAX_PORTS];
static volatile uint32_t sink;

static double now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* Client k: 10.a.b.c with a port; 256 flows an address, so that both vary. */
static uint32_t client(uint32_t k) { return __builtin_bswap32(0x0a000001u + (k >> 8)); }
static uint32_t client_port(uint32_t k) { return swap16((uint16_t)(1024 + (k & 255))); }
static const uint32_t HOST_IP = 0x010200c0u, TARGET = 0x040011acu; /* 192.0.2.1, 172.17.0.4 */
#define HOST_PORT swap16(8999)
#define TARGET_PORT swap16(8080)

static void prepare(int i, int len) {
  uint8_t *ip = heads[i] + VNET + ETH;
  memset(heads[i], 0, HEAD_SIZE);
  put16(heads[i] + VNET + 12, 0x0008);
  ip[0] = 0x45, ip[8] = 64, ip[9] = 6;
  put16(ip + 2, swap16((uint16_t)(len - ETH)));
  ip[20 + 12] = 0x50, ip[20 + 13] = 0x10;
  frames[i] = (struct frame){.at = heads[i], .port = 0, .len = len, .tail = -1};
}

static uint32_t next_flow;
static void refill(uint32_t flows) {
  for (int i = 0; i < SLOTS; i++) {
    uint8_t *ip = heads[i] + VNET + ETH;
    uint32_t k = next_flow, out = i & 1;
    next_flow += STRIDE;
    if (next_flow >= flows) next_flow %= flows;
    put16(ip + 8, 64 | 6 << 8), put16(ip + 10, 0);
    put32(ip + 12, out ? TARGET : client(k));
    put32(ip + 16, out ? client(k) : HOST_IP);
    put16(ip + 10, (uint16_t)~header_sum(ip, 20));
    put32(ip + 20, out ? TARGET_PORT | client_port(k) << 16 : client_port(k) | (uint32_t)HOST_PORT << 16);
  }
}

static void fill(uint32_t flows) {
  for (uint32_t k = 0; k < flows; k++) {
    uint32_t tuple[2][3] = {{client(k), HOST_IP, client_port(k) | (uint32_t)HOST_PORT << 16}, {TARGET, client(k), TARGET_PORT | client_port(k) << 16}};
    int32_t id = ct_insert(&nat.ct, 6, ESTABLISHED, tuple, nat.now);
    struct row *r = &nat.ct.rows[id];
    uint32_t addresses = fold(delta(client(k), client(k)) + delta(HOST_IP, TARGET));
    r->delta = addresses | fold(addresses + delta(HOST_PORT, TARGET_PORT)) << 16;
    r->egress[0] = RECORD, r->egress[1] = 0;
  }
}

/* What any program has to do around the packets: counters, and time-outs. Descriptors for another language it has not. */
static void turn(void) {
  int64_t in = 0, out = 0;
  for (int i = 0; i < SLOTS; i++) in += frames[i].len;
  rx_packets[0] += SLOTS, rx_bytes[0] += (double)in;
  nat_batch(&nat, frames, SLOTS);
  int32_t first = frames[0].egress;
  bool alike = true;
  for (int i = 0; i < SLOTS; i++) alike = alike && frames[i].egress == first, out += frames[i].len;
  if (alike && first >= 0) tx_packets[first] += SLOTS, tx_bytes[first] += (double)out;
  ct_expire(&nat.ct, nat.now, 1024);
}

static double measure(uint32_t flows, double seconds, bool work) {
  uint64_t batches = 0;
  double start = now(), end;
  do {
    for (int k = 0; k < 256; k++, batches++) {
      refill(flows);
      if (work) turn();
      else __asm__ volatile("" ::: "memory");
    }
    end = now();
  } while (end - start < seconds);
  for (int i = 0; i < SLOTS; i++) sink += (uint32_t)frames[i].egress;
  return (end - start) * 1e9 / (double)(batches * SLOTS);
}

int main(int argc, char **argv) {
  uint32_t flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000;
  int len = argc > 2 ? atoi(argv[2]) : 64;
  double seconds = argc > 3 ? atof(argv[3]) : 1;
  nat_init(&nat, flows > 1024 ? flows : 1024);
  nat.kind[0] = UPLINK, nat.uplink = 0, nat.ports_end = 1, nat.now = 1000;
  double start = now();
  fill(flows);
  double filled = now();
  if (argc > 4 && strcmp(argv[4], "insert") == 0) {
    printf("{\"ns\":%.2f}\n", (filled - start) * 1e9 / flows);
    return 0;
  }
  if (argc > 4 && strcmp(argv[4], "expire") == 0) {
    nat.ct.tick = nat.now, nat.now += TIMEOUT[ESTABLISHED] + 1;
    start = now();
    while (nat.ct.used > 0) ct_expire(&nat.ct, nat.now, 1024);
    printf("{\"ns\":%.2f}\n", (now() - start) * 1e9 / flows);
    return 0;
  }
  for (int i = 0; i < SLOTS; i++) prepare(i, len);
  measure(flows, seconds / 4, true);
  double harness = measure(flows, seconds / 4, false), total = measure(flows, seconds, true);
  for (int i = 0; i < SLOTS; i++)
    if (frames[i].egress != 0) return fprintf(stderr, "nat-path: frame %d was not translated\n", i), 1;
  printf("{\"ns\":%.2f,\"harness\":%.2f}\n", total, harness);
  return 0;
}
