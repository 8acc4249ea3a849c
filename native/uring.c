/* io_uring without a library: one thread submits, and every request is over when the system call returns (RWF_NOWAIT). */
#define _GNU_SOURCE
#include "uring.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

bool uring_open(struct uring *u) {
  struct io_uring_params p;
  memset(&p, 0, sizeof p);
  memset(u, 0, sizeof *u);
  u->fd = (int)syscall(SYS_io_uring_setup, URING_ENTRIES, &p);
  if (u->fd < 0) return false;
  size_t sq = p.sq_off.array + p.sq_entries * sizeof(uint32_t), cq = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
  u->rings_size = sq > cq ? sq : cq;
  u->sqes_size = p.sq_entries * sizeof(struct io_uring_sqe);
  u->rings = mmap(NULL, u->rings_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQ_RING);
  u->sqes = mmap(NULL, u->sqes_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQES);
  /* NODROP came with 5.5, RW_CUR_POS with 5.6; before SINGLE_MMAP (5.4) the rings are apart. */
  if (!(p.features & IORING_FEAT_SINGLE_MMAP) || !(p.features & IORING_FEAT_RW_CUR_POS) || u->rings == MAP_FAILED || u->sqes == MAP_FAILED) {
    uring_close(u);
    return false;
  }
  uint8_t *at = u->rings;
  u->sq_tail = (uint32_t *)(at + p.sq_off.tail), u->sq_mask = *(uint32_t *)(at + p.sq_off.ring_mask);
  u->cq_head = (uint32_t *)(at + p.cq_off.head), u->cq_tail = (uint32_t *)(at + p.cq_off.tail);
  u->cq_mask = *(uint32_t *)(at + p.cq_off.ring_mask), u->cqes = (struct io_uring_cqe *)(at + p.cq_off.cqes);
  uint32_t *array = (uint32_t *)(at + p.sq_off.array);
  for (uint32_t i = 0; i < p.sq_entries; i++) array[i] = i;
  return true;
}

void uring_close(struct uring *u) {
  if (u->fd < 0) return;
  if (u->rings != MAP_FAILED) munmap(u->rings, u->rings_size);
  if (u->sqes != MAP_FAILED) munmap(u->sqes, u->sqes_size);
  close(u->fd);
  u->fd = -1;
}

void uring_queue(struct uring *u, bool write, int fd, const struct iovec *iov, int parts, int32_t *result) {
  struct io_uring_sqe *sqe = &u->sqes[(*u->sq_tail + u->queued++) & u->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  sqe->fd = fd;
  if (parts == 1) {
    sqe->opcode = write ? IORING_OP_WRITE : IORING_OP_READ;
    sqe->addr = (uint64_t)(uintptr_t)iov->iov_base, sqe->len = (uint32_t)iov->iov_len;
  } else {
    sqe->opcode = write ? IORING_OP_WRITEV : IORING_OP_READV;
    sqe->addr = (uint64_t)(uintptr_t)iov, sqe->len = (uint32_t)parts;
  }
  sqe->rw_flags = RWF_NOWAIT;
  sqe->user_data = (uint64_t)(uintptr_t)result;
  *result = -EAGAIN;
}

void uring_run(struct uring *u) {
  uint32_t left = u->queued;
  __atomic_store_n(u->sq_tail, *u->sq_tail + left, __ATOMIC_RELEASE);
  for (uint32_t submit = left; left > 0;) {
    long done = syscall(SYS_io_uring_enter, u->fd, submit, left, IORING_ENTER_GETEVENTS, NULL, 0);
    if (done < 0 && errno != EINTR) { /* out of memory: give up those not begun */
      *u->sq_tail -= submit;
      left -= submit;
      submit = 0;
    } else if (done > 0) {
      submit -= (uint32_t)done;
    }
    uint32_t head = *u->cq_head, tail = __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++, left--) {
      const struct io_uring_cqe *cqe = &u->cqes[head & u->cq_mask];
      *(int32_t *)(uintptr_t)cqe->user_data = cqe->res;
    }
    __atomic_store_n(u->cq_head, head, __ATOMIC_RELEASE);
  }
  u->queued = 0;
}
