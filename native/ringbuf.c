/*
 * Reads a BPF ring buffer from mapped memory: looking for a record takes no system call.
 *
 * The kernel tells of a record, by an interrupt to its own CPU, when our position is that record's: when we have read all before it
 * (bpf_ringbuf_commit, kernel/bpf/ringbuf.c). A reader that looks by itself needs none of these. So while awake it states a position one byte
 * short of the true one, at which no record begins. Before it sleeps it states the true one, and looks once more: either it
 * sees the record then, or the kernel sees the position.
 */
#define _GNU_SOURCE
#include "ringbuf.h"
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A record: u32 length and flags, u32 of the kernel's own, then the bytes, the whole rounded up to 8. */
#define ROUND_UP_8(n) (((n) + 7) & ~(uint64_t)7)

static void state_position(struct ringbuf *r) {
  __atomic_store_n(r->consumer, r->asleep ? r->at : r->at - 1, __ATOMIC_RELEASE);
}

bool ringbuf_open(struct ringbuf *r, int fd, size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (consumer == MAP_FAILED) return false;
  void *producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
  if (producer == MAP_FAILED) {
    munmap(consumer, page);
    return false;
  }
  *r = (struct ringbuf){.fd = fd, .consumer = consumer, .producer = producer, .data = (uint8_t *)producer + page, .size = size};
  r->at = ROUND_UP_8(*r->consumer); /* a reader before us may have stated one byte less */
  state_position(r);
  return true;
}

void ringbuf_close(struct ringbuf *r) {
  if (r->fd < 0) return;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  munmap(r->consumer, page);
  munmap(r->producer, page + 2 * r->size);
  r->fd = -1;
}

static uint32_t header_at(const struct ringbuf *r, uint64_t at) {
  return __atomic_load_n((const uint32_t *)(r->data + (at & (r->size - 1))), __ATOMIC_ACQUIRE);
}

static uint64_t after(uint64_t at, uint32_t header) {
  return at + ROUND_UP_8((header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT)) + BPF_RINGBUF_HDR_SZ);
}

const uint8_t *ringbuf_peek(struct ringbuf *r) {
  if (r->fd < 0) return NULL;
  while (r->at < __atomic_load_n(r->producer, __ATOMIC_ACQUIRE)) {
    uint32_t header = header_at(r, r->at);
    if (header & BPF_RINGBUF_BUSY_BIT) return NULL; /* another CPU is still writing it */
    if (!(header & BPF_RINGBUF_DISCARD_BIT)) return r->data + (r->at & (r->size - 1)) + BPF_RINGBUF_HDR_SZ;
    ringbuf_release(r);
  }
  return NULL;
}

void ringbuf_release(struct ringbuf *r) {
  r->at = after(r->at, header_at(r, r->at));
  state_position(r);
}

bool ringbuf_sleep(struct ringbuf *r) {
  if (r->fd < 0) return true;
  r->asleep = true;
  state_position(r);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  return ringbuf_peek(r) == NULL;
}

void ringbuf_wake(struct ringbuf *r) {
  if (r->fd < 0) return;
  r->asleep = false;
  state_position(r);
}
