/*
 * The table of src/table/conntrack.ts in C: the same 64-byte rows, open addressing, hash tags, timer wheel and closing list.
 * For the benchmark alone: it shows what the same work costs without JavaScript.
 */
#ifndef CONNTRACK_H
#define CONNTRACK_H
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_ORIGINAL, FIN_REPLY, CLOSING, RESET, UNREPLIED, ASSURED };
static const int32_t TIMEOUT[] = {30, 60, 7440, 240, 240, 240, 240, 120, 300};

#define WHEEL 8192
#define NIL -1
#define HEAD -2 /* `prev` of a bucket's first entry: HEAD - bucket */
#define CLOSING_LIST WHEEL

struct row {
  uint32_t tuple[2][3]; /* original and reply: source, destination, ports */
  uint32_t state;       /* protocol | state << 8 */
  int32_t deadline, next, prev;
  uint32_t timestamp; /* of a closed flow: what its target has heard last, or 0 */
  uint16_t egress[2], acked[2]; /* by direction; acked: upper half of the last acknowledgment number */
  uint32_t delta, packets[2];
};
_Static_assert(sizeof(struct row) == 64, "a row is one cache line");

struct conntrack {
  struct row *rows;
  uint32_t *slots, mask, seed, used, capacity;
  int32_t free, fresh, tick, last_closing, first[WHEEL + 1];
};

/* As src/engine/huge-pages.ts. */
static inline void huge_pages(void *at, size_t bytes) {
  uintptr_t from = (uintptr_t)at & ~4095ul;
  madvise((void *)from, (uintptr_t)at + bytes - from, MADV_HUGEPAGE);
}

static inline void ct_init(struct conntrack *t, uint32_t capacity, uint32_t seed) {
  uint32_t size = 1;
  while (size < capacity * 4) size <<= 1;
  t->rows = aligned_alloc(64, (size_t)capacity * sizeof(struct row));
  t->slots = aligned_alloc(64, size * sizeof *t->slots);
  huge_pages(t->rows, (size_t)capacity * sizeof(struct row)), huge_pages(t->slots, size * sizeof *t->slots);
  for (uint32_t i = 0; i < size; i++) t->slots[i] = 0;
  t->mask = size - 1, t->seed = seed, t->used = 0, t->capacity = capacity;
  t->free = NIL, t->fresh = 0, t->tick = NIL, t->last_closing = NIL;
  for (int i = 0; i <= WHEEL; i++) t->first[i] = NIL;
}

static inline uint32_t ct_hash(const struct conntrack *t, uint32_t src, uint32_t dst, uint32_t ports, uint32_t proto) {
  uint32_t h = (src ^ t->seed) * 0x9e3779b1u;
  h = (h ^ (h >> 15) ^ dst) * 0x85ebca6bu;
  h = (h ^ (h >> 13) ^ ports) * 0xc2b2ae35u;
  h = (h ^ (h >> 16) ^ proto) * 0x27d4eb2fu;
  return h ^ (h >> 15);
}

/* row * 2 + direction, or -1 */
static inline int32_t ct_find(const struct conntrack *t, uint32_t hash, uint32_t src, uint32_t dst, uint32_t ports, uint32_t proto) {
  uint32_t mask = t->mask, tag = hash & ~mask;
  for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
    uint32_t slot = t->slots[i];
    if (slot == 0) return -1;
    if ((slot & ~mask) != tag) continue;
    uint32_t ref = (slot & mask) - 1;
    const struct row *r = &t->rows[ref >> 1];
    const uint32_t *key = r->tuple[ref & 1];
    if (key[0] == src && key[1] == dst && key[2] == ports && (r->state & 0xff) == proto) return (int32_t)ref;
  }
}

static inline void ct_occupy(struct conntrack *t, uint32_t hash, uint32_t ref) {
  uint32_t i = hash & t->mask;
  while (t->slots[i] != 0) i = (i + 1) & t->mask;
  t->slots[i] = (hash & ~t->mask) | (ref + 1);
}

static inline uint32_t ct_home(const struct conntrack *t, uint32_t ref) {
  const struct row *r = &t->rows[ref >> 1];
  const uint32_t *k = r->tuple[ref & 1];
  return ct_hash(t, k[0], k[1], k[2], r->state & 0xff);
}

static inline void ct_vacate(struct conntrack *t, uint32_t ref) {
  uint32_t mask = t->mask, hole = ct_home(t, ref) & mask;
  while ((t->slots[hole] & mask) != ref + 1) hole = (hole + 1) & mask;
  for (uint32_t i = (hole + 1) & mask; t->slots[i] != 0; i = (i + 1) & mask) {
    uint32_t home = ct_home(t, (t->slots[i] & mask) - 1) & mask;
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    t->slots[hole] = t->slots[i];
    hole = i;
  }
  t->slots[hole] = 0;
}

static inline void ct_link(struct conntrack *t, int32_t id) {
  struct row *r = &t->rows[id];
  int32_t bucket = r->deadline & (WHEEL - 1);
  r->next = t->first[bucket], r->prev = HEAD - bucket;
  if (r->next != NIL) t->rows[r->next].prev = id;
  t->first[bucket] = id;
}

static inline void ct_link_closing(struct conntrack *t, int32_t id) {
  struct row *r = &t->rows[id];
  r->next = NIL, r->prev = t->last_closing == NIL ? HEAD - CLOSING_LIST : t->last_closing;
  if (t->last_closing == NIL) t->first[CLOSING_LIST] = id;
  else t->rows[t->last_closing].next = id;
  t->last_closing = id;
}

static inline void ct_unlink(struct conntrack *t, int32_t id) {
  struct row *r = &t->rows[id];
  if (r->prev <= HEAD) t->first[HEAD - r->prev] = r->next;
  else t->rows[r->prev].next = r->next;
  if (r->next != NIL) t->rows[r->next].prev = r->prev;
  else if (t->last_closing == id) t->last_closing = r->prev <= HEAD ? NIL : r->prev;
}

static inline int32_t ct_insert(struct conntrack *t, uint32_t proto, uint32_t state, const uint32_t tuple[2][3], int32_t now) {
  int32_t id = t->free;
  if (id != NIL) t->free = t->rows[id].next;
  else if ((uint32_t)t->fresh < t->capacity) id = t->fresh++;
  else return -1;
  struct row *r = &t->rows[id];
  *r = (struct row){.state = proto | state << 8, .deadline = now + TIMEOUT[state]};
  for (uint32_t dir = 0; dir < 2; dir++) {
    for (int k = 0; k < 3; k++) r->tuple[dir][k] = tuple[dir][k];
    ct_occupy(t, ct_home(t, (uint32_t)id << 1 | dir), (uint32_t)id << 1 | dir);
  }
  ct_link(t, id);
  t->used++;
  return id;
}

static inline void ct_remove(struct conntrack *t, int32_t id) {
  struct row *r = &t->rows[id];
  ct_vacate(t, (uint32_t)id << 1);
  ct_vacate(t, (uint32_t)id << 1 | 1);
  ct_unlink(t, id);
  r->state = 0, r->next = t->free, t->free = id, t->used--;
}

static inline void ct_set_state(struct conntrack *t, int32_t id, uint32_t state, int32_t now) {
  struct row *r = &t->rows[id];
  r->state = (r->state & ~0xff00u) | state << 8;
  r->deadline = now + TIMEOUT[state];
  ct_unlink(t, id);
  if (state == CLOSING || state == RESET) ct_link_closing(t, id);
  else ct_link(t, id);
}

/* Removes what is due by `now`, looking at `budget` entries at most; returns how many were removed. */
static inline uint32_t ct_expire(struct conntrack *t, int32_t now, int budget) {
  uint32_t removed = 0;
  if (t->tick == NIL) t->tick = now - 1;
  while (t->first[CLOSING_LIST] != NIL && budget > 0 && t->rows[t->first[CLOSING_LIST]].deadline <= now) {
    ct_remove(t, t->first[CLOSING_LIST]);
    removed++, budget--;
  }
  while (t->tick < now && budget > 0) {
    int32_t id = t->first[(t->tick + 1) & (WHEEL - 1)];
    while (id != NIL && budget > 0) {
      int32_t next = t->rows[id].next;
      budget--;
      if (t->rows[id].deadline <= now) {
        ct_remove(t, id);
        removed++;
      } else {
        ct_unlink(t, id);
        ct_link(t, id);
      }
      id = next;
    }
    if (id != NIL) break;
    t->tick++;
  }
  return removed;
}
#endif
