/*
 * The addon's packet input and output (native/io.c) over a ring that does what a test says, and sockets to stand for devices. io_uring's reads
 * of one batch run one after the other, so a frame can come between two of them, but no test can have that happen at will.
 */
#define _GNU_SOURCE
#include "../../../native/parts.h"
#include "../../../native/uring.h"
#include "../../../native/util.h"
#include <sys/socket.h>

static struct {
  bool write;
  int fd, parts;
  const struct iovec *iov;
  int32_t *result;
} queued[URING_ENTRIES];
static uint32_t batches;
static int32_t answers[URING_ENTRIES]; /* of the i-th read of a batch; 0: what the file says */

bool uring_open(struct uring *u) {
  *u = (struct uring){.fd = 0};
  return true;
}

void uring_close(struct uring *u) { u->fd = -1; }

void uring_queue(struct uring *u, bool write, int fd, const struct iovec *iov, int parts, int32_t *result) {
  queued[u->queued].write = write, queued[u->queued].fd = fd, queued[u->queued].parts = parts;
  queued[u->queued].iov = iov, queued[u->queued].result = result;
  u->queued++;
}

void uring_run(struct uring *u) {
  for (unsigned i = 0; i < u->queued; i++) {
    if (!queued[i].write && answers[i] != 0) {
      *queued[i].result = answers[i];
      continue;
    }
    ssize_t done = queued[i].write ? writev(queued[i].fd, queued[i].iov, queued[i].parts) : readv(queued[i].fd, queued[i].iov, queued[i].parts);
    *queued[i].result = done < 0 ? -errno : (int32_t)done;
  }
  batches++;
  u->queued = 0;
}

/* script([answer of read 0, of read 1, ...]): 0 reads, -errno is answered without reading. Answers the number of batches so far. */
static napi_value script(napi_env env, napi_callback_info info) {
  napi_value argv[1], item;
  tsp_args(env, info, 1, argv);
  uint32_t count = 0;
  napi_get_array_length(env, argv[0], &count);
  for (uint32_t i = 0; i < URING_ENTRIES; i++) {
    answers[i] = 0;
    if (i < count && napi_get_element(env, argv[0], i, &item) == napi_ok) answers[i] = tsp_i32(env, item);
  }
  return tsp_num(env, batches);
}

/* pair() -> [fd, fd]: what is written to one, message by message, is read from the other. */
static napi_value pair(napi_env env, napi_callback_info info) {
  (void)info;
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) return tsp_throw(env, "socketpair", errno);
  napi_value out;
  napi_create_array_with_length(env, 2, &out);
  for (uint32_t i = 0; i < 2; i++) napi_set_element(env, out, i, tsp_num(env, fds[i]));
  return out;
}

static napi_value init(napi_env env, napi_value exports) {
  io_init(env, exports);
  tsp_export(env, exports, "script", script);
  tsp_export(env, exports, "pair", pair);
  return exports;
}

NAPI_MODULE(scripted_ring, init)
