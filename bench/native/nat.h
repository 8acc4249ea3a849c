/*
 * The packet path of src/dataplane in C: bridge, published ports and masquerade on batches of frames, each with a 10-byte virtio-net
 * header before it. Addresses and ports are raw words, as there. What no benchmark sends (ICMP, ARP proxy, hairpin) is left out.
 */
#ifndef NAT_H
#define NAT_H
#include "conntrack.h"
#include <string.h>

#define VNET 10
#define ETH 14
#define SLOTS 32
#define MAX_PORTS 1024
#define MAX_RULES 64
#define FDB_SLOTS 8192
enum { NONE, UPLINK, HOST, ENDPOINT };
enum { DROPPED = -1, UNDECIDED = -2, FLOOD = -3, ROUTE = -4 };
#define RECORD (1u << 15)

struct frame {
  uint8_t *at, *l4; /* virtio-net header, layer 4 */
  int32_t port, len, tail, egress; /* len: from the Ethernet header on */
  uint32_t proto, ports, hash;
};

struct rule {
  uint32_t proto, port, target, target_port; /* ports raw */
};

struct nat {
  struct conntrack ct;
  int32_t now;
  uint8_t kind[MAX_PORTS], mac[MAX_PORTS][6];
  uint32_t address[MAX_PORTS];
  int uplink, host, ports_end;
  uint32_t locals[16], nlocals;
  struct rule rules[MAX_RULES];
  uint32_t nrules;
  uint32_t network, mask, outside; /* masquerade: from here, behind this address */
  uint8_t gateway[6];
  uint16_t *ring; /* raw masquerade ports */
  uint32_t ring_size, ring_next;
  uint64_t fdb_mac[FDB_SLOTS];
  int32_t fdb_port[FDB_SLOTS], fdb_seen[FDB_SLOTS];
};

static inline uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static inline uint16_t get16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static inline void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }
static inline void put16(uint8_t *p, uint16_t v) { memcpy(p, &v, 2); }
static inline uint16_t swap16(uint16_t v) { return (uint16_t)(v << 8 | v >> 8); }

/* The Internet checksum's deltas: see src/wire/checksum.ts. */
static inline uint32_t fold(uint32_t s) { s = (s & 0xffff) + (s >> 16); return (s & 0xffff) + (s >> 16); }
static inline uint32_t delta(uint32_t old, uint32_t new) { return fold((~old & 0xffff) + (~old >> 16) + (new & 0xffff) + (new >> 16)); }
static inline uint16_t update(uint16_t field, uint32_t d) { uint32_t s = (uint16_t)~field + d; return (uint16_t)~((s & 0xffff) + (s >> 16)); }
static inline uint16_t update_partial(uint16_t field, uint32_t d) { uint32_t s = field + d; return (uint16_t)((s & 0xffff) + (s >> 16)); }

static inline void nat_init(struct nat *n, uint32_t capacity) {
  memset(n, 0, sizeof *n);
  n->uplink = n->host = -1;
  n->network = 1, n->mask = ~0u;
  for (int i = 0; i < FDB_SLOTS; i++) n->fdb_port[i] = -1;
  ct_init(&n->ct, capacity, 0x5eed1234u);
}

static inline uint32_t fdb_find(struct nat *n, uint64_t mac) {
  uint32_t i = (uint32_t)((mac * 0x9e3779b97f4a7c15ull) >> 51);
  while (n->fdb_port[i] != -1 && n->fdb_mac[i] != mac) i = (i + 1) & (FDB_SLOTS - 1);
  return i;
}

static inline uint64_t mac48(const uint8_t *p) { return get32(p) | (uint64_t)get16(p + 4) << 32; }

static inline int32_t bridge(struct nat *n, struct frame *f, const uint8_t *eth, bool ipv4) {
  uint32_t slot = fdb_find(n, mac48(eth + 6));
  n->fdb_mac[slot] = mac48(eth + 6), n->fdb_port[slot] = f->port, n->fdb_seen[slot] = n->now;
  if (eth[0] & 1) return FLOOD;
  if (ipv4 && n->kind[f->port] != HOST && memcmp(eth, n->gateway, 6) == 0) return ROUTE;
  int32_t port = n->fdb_port[fdb_find(n, mac48(eth))];
  return port == -1 ? FLOOD : port == f->port ? DROPPED : port;
}

/* Sum of the halves of a header of `size` bytes, folded: 0xffff if its checksum is right. */
static inline uint32_t header_sum(const uint8_t *ip, int32_t size) {
  uint64_t sum = (uint64_t)get32(ip) + get32(ip + 4) + get32(ip + 8) + get32(ip + 12) + get32(ip + 16);
  for (int32_t k = 20; k < size; k += 4) sum += get32(ip + k);
  sum = (sum & 0xffffffff) + (sum >> 32);
  return fold((uint32_t)((sum & 0xffff) + (sum >> 16)));
}

/* Whether the virtio-net header is true of the frame, as src/wire/vnet.ts asks: neither flags nor segmentation, or both meant for this layer 4. */
static inline bool virtio_ok(const struct frame *f) {
  const uint8_t *v = f->at;
  if (get16(v + 2) > f->len) return false;
  if (get16(v) == 0) return true;
  uint32_t gso = v[1] & 0x7f, start = get16(v + 6), field = get16(v + 8);
  if (v[1] != 0 && (get16(v + 4) == 0 || gso != (f->proto == 6 ? 1 : 5))) return false;
  return !(v[0] & 1) || (f->at + VNET + start == f->l4 && field == (f->proto == 6 ? 16 : 6));
}

/* What a frame is, where it goes if the bridge decides that, and its hash if NAT does. */
static inline void parse(struct nat *n, struct frame *f) {
  const uint8_t *eth = f->at + VNET, *ip = eth + ETH;
  bool ipv4 = f->len >= ETH + 20 && get16(eth + 12) == 0x0008;
  f->egress = f->len < ETH ? DROPPED : n->kind[f->port] != UPLINK ? bridge(n, f, eth, ipv4) : ipv4 ? ROUTE : DROPPED;
  if (f->egress != ROUTE) return;
  int32_t size = (ip[0] & 15) << 2, total = ip[2] << 8 | ip[3], rest = total - size;
  f->proto = ip[9];
  f->l4 = f->at + VNET + ETH + size;
  bool ok = ip[0] >> 4 == 4 && size >= 20 && rest >= 0 && total <= f->len - ETH && (get16(ip + 6) & 0xff3f) == 0;
  if (f->proto == 6) ok = ok && rest >= 20 && (f->l4[12] >> 4) >= 5 && (f->l4[12] >> 4) << 2 <= rest;
  else ok = ok && f->proto == 17 && rest >= 8 && swap16(get16(f->l4 + 4)) >= 8 && swap16(get16(f->l4 + 4)) <= rest;
  ok = ok && header_sum(ip, size) == 0xffff && virtio_ok(f);
  if (!ok) {
    f->egress = DROPPED;
    return;
  }
  f->ports = get32(f->l4);
  f->hash = ct_hash(&n->ct, get32(ip + 12), get32(ip + 16), f->ports, f->proto);
}

static inline bool is_local(const struct nat *n, uint32_t address) {
  for (uint32_t i = 0; i < n->nlocals; i++)
    if (n->locals[i] == address) return true;
  return (address & 0xff) == 127;
}

/* Where the timestamps of a TCP header are, as in src/wire/l4.ts, or NULL. */
static inline const uint8_t *timestamps(const uint8_t *l4) {
  const uint8_t *end = l4 + ((l4[12] >> 4) << 2), *at = l4 + 20;
  while (at + 10 <= end) {
    if (*at == 1) at++;
    else if (at[0] == 8 && at[1] == 10) return at + 2;
    else if (at[0] == 0 || at[1] < 2) return NULL;
    else at += at[1];
  }
  return NULL;
}

static inline uint32_t host32(const uint8_t *p) { return __builtin_bswap32(get32(p)); }

/* Whether a flow that is closed may give its port to this one: its target takes the SYN for new (src/dataplane/time-wait.ts). */
static inline bool gives_way(const struct row *r, const struct frame *f) {
  uint32_t state = (r->state >> 8) & 0xff;
  if (state == RESET) return true;
  if (state != CLOSING) return false;
  const uint8_t *at = timestamps(f->l4);
  return r->timestamp == 0 || (at != NULL && (int32_t)(host32(at) - r->timestamp) > 0);
}

/* The next port, raw, at which the target takes the flow, in `tuple`, the reply's; false: there is none. */
static inline bool masquerade(struct nat *n, const struct frame *f, uint32_t tuple[3]) {
  for (uint32_t k = 0; k < n->ring_size; k++) {
    tuple[2] = f->ports >> 16 | (uint32_t)n->ring[n->ring_next] << 16;
    if (++n->ring_next == n->ring_size) n->ring_next = 0;
    int32_t ref = ct_find(&n->ct, ct_hash(&n->ct, tuple[0], tuple[1], tuple[2], f->proto), tuple[0], tuple[1], tuple[2], f->proto);
    if (ref >= 0 && !gives_way(&n->ct.rows[ref >> 1], f)) continue;
    if (ref >= 0) ct_remove(&n->ct, ref >> 1);
    return true;
  }
  return false;
}

/* Opens a flow: id << 1, or -1 when the packet is nobody's. */
static inline int32_t admit(struct nat *n, struct frame *f, uint32_t src, uint32_t dst) {
  uint32_t tuple[2][3] = {{src, dst, f->ports}}, egress[2] = {0, (uint32_t)f->port};
  uint32_t opening = f->proto == 17 ? UNREPLIED : SYN_SENT;
  if (f->proto == 6 && (f->l4[13] & 0x16) != 0x02) return -1;
  if (is_local(n, dst)) {
    const struct rule *r = n->rules;
    while (r < n->rules + n->nrules && (r->proto != f->proto || r->port != f->ports >> 16)) r++;
    if (r == n->rules + n->nrules) return -1;
    tuple[1][0] = r->target, tuple[1][1] = src, tuple[1][2] = r->target_port | f->ports << 16;
    egress[0] = (uint32_t)n->uplink | RECORD;
    for (int p = 0; p < n->ports_end; p++)
      if (n->kind[p] == ENDPOINT && n->address[p] == r->target) egress[0] = (uint32_t)p;
  } else {
    tuple[1][0] = dst, tuple[1][1] = n->outside;
    if ((src & n->mask) != n->network || !masquerade(n, f, tuple[1])) return -1;
    egress[0] = (uint32_t)n->uplink | RECORD;
  }
  if (n->ct.used == n->ct.capacity && n->ct.first[CLOSING_LIST] != NIL) ct_remove(&n->ct, n->ct.first[CLOSING_LIST]);
  int32_t id = ct_insert(&n->ct, f->proto, opening, tuple, n->now);
  if (id < 0) return -1;
  uint32_t addresses = fold(delta(src, tuple[1][1]) + delta(dst, tuple[1][0]));
  uint32_t swapped = tuple[1][2] << 16 | tuple[1][2] >> 16;
  struct row *r = &n->ct.rows[id];
  r->delta = addresses | fold(addresses + delta(f->ports, swapped)) << 16;
  r->egress[0] = (uint16_t)egress[0], r->egress[1] = (uint16_t)egress[1];
  return id << 1;
}

static inline uint32_t tcp_next(uint32_t state, uint32_t flags, int dir) {
  if (flags & 0x04) return RESET;
  switch (state) {
    case SYN_SENT: return dir == 1 && (flags & 0x02) ? SYN_RECEIVED : state;
    case SYN_RECEIVED:
      if (flags & 0x01) return dir == 0 ? FIN_ORIGINAL : FIN_REPLY;
      return dir == 0 && (flags & 0x12) == 0x10 ? ESTABLISHED : state;
    case ESTABLISHED: return !(flags & 0x01) ? state : dir == 0 ? FIN_ORIGINAL : FIN_REPLY;
    case FIN_ORIGINAL: return (flags & 0x01) && dir == 1 ? CLOSING : state;
    case FIN_REPLY: return (flags & 0x01) && dir == 0 ? CLOSING : state;
    default: return dir == 0 && (flags & 0x12) == 0x02 ? SYN_SENT : state;
  }
}

static inline void track(struct nat *n, struct frame *f, int32_t id, int dir) {
  struct row *r = &n->ct.rows[id];
  uint32_t old = (r->state >> 8) & 0xff;
  r->packets[dir]++;
  if (f->proto == 6) r->acked[dir] = get16(f->l4 + 8);
  r->deadline = n->now + TIMEOUT[old];
  if (f->proto != 6) {
    if (old == UNREPLIED && dir == 1) ct_set_state(&n->ct, id, ASSURED, n->now);
    return;
  }
  uint32_t flags = f->l4[13];
  if (old == ESTABLISHED && !(flags & 0x07)) return;
  uint32_t next = tcp_next(old, flags, dir);
  if (next == CLOSING && old != CLOSING) {
    const uint8_t *at = timestamps(f->l4);
    r->timestamp = at == NULL ? 0 : host32(at + 4 * dir);
  }
  if (next != old || old == CLOSING || old == RESET) ct_set_state(&n->ct, id, next, n->now);
}

static inline void rewrite(struct nat *n, struct frame *f, int32_t id, int dir) {
  const struct row *r = &n->ct.rows[id];
  uint8_t *eth = f->at + VNET, *ip = eth + ETH, *l4 = f->l4;
  const uint32_t *other = r->tuple[dir ^ 1];
  uint32_t d = r->delta ^ (uint32_t)-dir, addresses = d & 0xffff, all = d >> 16, swapped = other[2] << 16 | other[2] >> 16;
  bool partial = f->at[0] & 1;
  put32(ip + 12, other[1]);
  put32(ip + 16, other[0]);
  ip[8]--;
  put16(ip + 10, update(update(get16(ip + 10), 0xfffe), addresses));
  put32(l4, swapped);
  if (f->proto == 6) {
    put16(l4 + 16, partial ? update_partial(get16(l4 + 16), addresses) : update(get16(l4 + 16), all));
    if (f->at[1]) put16(f->at + 2, (uint16_t)(l4 - eth + ((l4[12] >> 4) << 2)));
  } else {
    uint16_t sum = get16(l4 + 6);
    if (partial) put16(l4 + 6, update_partial(sum, addresses));
    else if (sum) put16(l4 + 6, update(sum, all) ?: 0xffff);
  }
  uint32_t egress = r->egress[dir];
  f->egress = (int32_t)(egress & ~RECORD);
  memcpy(eth, n->mac[f->egress], 6);
  if (n->kind[f->egress] == UPLINK) {
    static const uint8_t source[6] = {0x02, 0x74, 0x73};
    memcpy(eth + 6, source, 6);
    eth[11] = egress & RECORD ? 1 : 0;
  } else {
    memcpy(eth + 6, n->gateway, 6);
  }
}

/* All frames of a batch: hashes first, then look-ups, so that cache misses overlap. */
static inline void nat_batch(struct nat *n, struct frame *f, int count) {
  for (int i = 0; i < count; i++) parse(n, &f[i]);
  int32_t ref[SLOTS];
  for (int i = 0; i < count; i++) {
    const uint8_t *ip = f[i].at + VNET + ETH;
    ref[i] = f[i].egress == ROUTE ? ct_find(&n->ct, f[i].hash, get32(ip + 12), get32(ip + 16), f[i].ports, f[i].proto) : -1;
  }
  for (int i = 0; i < count; i++) {
    if (f[i].egress != ROUTE) continue;
    const uint8_t *ip = f[i].at + VNET + ETH;
    uint32_t src = get32(ip + 12), dst = get32(ip + 16);
    if (ref[i] < 0) ref[i] = ct_find(&n->ct, f[i].hash, src, dst, f[i].ports, f[i].proto); /* opened by this very batch? */
    if (ref[i] < 0) ref[i] = admit(n, &f[i], src, dst);
    bool mine = ref[i] >= 0 && (n->ct.rows[ref[i] >> 1].egress[(ref[i] & 1) ^ 1] & ~RECORD) == (uint32_t)f[i].port;
    if (!mine || ip[8] <= 1) { /* not from where the other direction goes */
      f[i].egress = DROPPED;
      continue;
    }
    track(n, &f[i], ref[i] >> 1, ref[i] & 1);
    rewrite(n, &f[i], ref[i] >> 1, ref[i] & 1);
  }
}
#endif
