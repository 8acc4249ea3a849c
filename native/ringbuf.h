/* The reader's end of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF; layout: Documentation/bpf/ringbuf.rst, linux/bpf.h). */
#ifndef TSPROXY_RINGBUF_H
#define TSPROXY_RINGBUF_H
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

struct ringbuf {
  int fd; /* of the map; -1: there is none */
  uint64_t *consumer, *producer; /* positions in bytes since the start, as each side tells the other: ours, and the kernel's */
  uint64_t at;                   /* ours */
  bool asleep;                   /* the kernel is to tell of the next record */
  const uint8_t *data;           /* `size` bytes, mapped twice in a row, so that a record lies in one piece */
  size_t size;
};

/* Maps the ring of `size` bytes, a power of two; false with errno set. The descriptor stays the caller's. */
bool ringbuf_open(struct ringbuf *r, int fd, size_t size);
void ringbuf_close(struct ringbuf *r);
/* The oldest record that is there to be read, or NULL; it stays until ringbuf_release. */
const uint8_t *ringbuf_peek(struct ringbuf *r);
/* Gives the place of the record that ringbuf_peek answered back to the kernel. */
void ringbuf_release(struct ringbuf *r);
/* From here to ringbuf_wake the descriptor becomes readable with the next record. False: there is one already, so do not sleep. */
bool ringbuf_sleep(struct ringbuf *r);
void ringbuf_wake(struct ringbuf *r);

#endif
