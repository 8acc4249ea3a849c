/* A batch of reads or writes in one system call, by io_uring: Documentation: io_uring(7), io_uring_enter(2). */
#ifndef TSPROXY_URING_H
#define TSPROXY_URING_H
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define URING_ENTRIES 64 /* most that may be queued before uring_run; a power of two */

struct uring {
  int fd; /* -1: there is none */
  unsigned queued;
  struct io_uring_sqe *sqes;
  uint32_t *sq_tail, *cq_head, *cq_tail, sq_mask, cq_mask;
  struct io_uring_cqe *cqes;
  void *rings;
  size_t rings_size, sqes_size;
};

/* Makes a ring of one thread's own. False, and fd is -1: the kernel has none (before 5.6), or does not let us (seccomp, kernel.io_uring_disabled). */
bool uring_open(struct uring *u);
void uring_close(struct uring *u);
/*
 * Queues a readv or writev; `iov` must last until uring_run, which puts the bytes, or -errno, into `*result`. It never waits for the file:
 * -EAGAIN; -EOPNOTSUPP where the file cannot do that (TAPs before Linux 6.4).
 */
void uring_queue(struct uring *u, bool write, int fd, const struct iovec *iov, int parts, int32_t *result);
/* Carries out what is queued, in order. */
void uring_run(struct uring *u);

#endif
