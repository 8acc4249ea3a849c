/*
 * Batched packet input and output: one crossing from JavaScript moves up to a batch of frames.
 *
 * Packet memory (one block, made by JavaScript, see src/mem/packet-memory.ts): `slots` heads, each HEADROOM and then HEAD bytes, then `slots` tails
 * of TAIL bytes. Frame i of a batch is received into head i, behind the headroom; what does not fit goes on in the next free tail. One that is
 * sent may start anywhere in its head. So headers of small frames lie
 * dense in the cache, and 64 KiB segmentation-offload frames still arrive in one piece.
 *
 * Frames come out of TAP devices, and out of one BPF ring buffer, which is a port like them.
 *
 * Receive descriptors, int32 x 4 per frame: port, length or -errno, tail index or -1, interface index (of ring frames; else 0).
 * Transmit descriptors, int32 x 4 per frame: port, length, byte offset in packet memory, tail index or -1; `length` becomes the result, bytes or -errno.
 */
#define _GNU_SOURCE
#include "parts.h"
#include "ringbuf.h"
#include "uring.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS 2048
#define DIRECT_PORTS 3 /* up to so many ports reading each is cheaper than asking epoll first */
#define MAX_EVENTS 64
#define WAKE_TAG 0xffffffffu
#define WATCH_TAG 0xfffffffeu
#define RING_TAG 0xfffffffdu
#define RING_MIN 3 /* from so many frames the ring is cheaper than a system call each */
#define RINGBUF_SHARE 2 /* of a batch, one in so many may come out of the ring buffer while ports have frames: else a flood of new flows would starve them */
#define SLEPT_NS 3000 /* who waited longer in epoll_wait has slept: being woken alone takes as long */
#define EPOLL_EVERY 64 /* under load, ask epoll (and so the wake and watched descriptors) every so many calls */

struct io {
  uint8_t *heads, *tails;
  int32_t *rx, *tx, *clock;
  uint32_t slots, headroom, head_size, tail_size;
  int epoll, wake;
  bool fresh; /* a look just before has found nothing, so a frame that is there now is likely the only one */
  bool woken; /* the wake descriptor or a watched one became readable in this call: the caller must look at it before we sleep */
  uint32_t nports, next, calls; /* open ports; where the next round of direct reads starts; ioReceive calls so far */
  int fd[MAX_PORTS];
  int32_t open[MAX_PORTS]; /* ids of open ports, dense */
  uint16_t burst[MAX_PORTS]; /* frames that the port had when last drained */
  struct uring ring;
  struct ringbuf ringbuf;
  int32_t ringbuf_port;
  napi_ref keep[4];
};

/* A record of the ring buffer (src/steer/accept-program.ts): a frame in two parts, each of which has room of a fixed size. */
struct record {
  uint32_t ifindex, head_len, rest_len, unused;
  uint8_t head[84], rest[]; /* up to and with the IP header; what follows it */
};

static struct io *get_io(napi_env env, napi_value v) {
  void *p = NULL;
  napi_get_value_external(env, v, &p);
  return p;
}

static void free_io(napi_env env, void *data, void *hint) {
  (void)hint;
  struct io *io = data;
  for (int i = 0; i < 4; i++) napi_delete_reference(env, io->keep[i]);
  close(io->epoll);
  uring_close(&io->ring);
  ringbuf_close(&io->ringbuf);
  free(io);
}

/* ioCreate(memory, slots, headroom, headSize, tailSize, rx, tx, clock, wakeFd) -> handle */
static napi_value io_create(napi_env env, napi_callback_info info) {
  napi_value argv[9], out;
  tsp_args(env, info, 9, argv);
  uint8_t *mem, *rx, *tx, *clock;
  size_t mem_len, rx_len, tx_len, clock_len;
  if (!tsp_bytes(env, argv[0], &mem, &mem_len) || !tsp_bytes(env, argv[5], &rx, &rx_len) || !tsp_bytes(env, argv[6], &tx, &tx_len) ||
      !tsp_bytes(env, argv[7], &clock, &clock_len))
    return NULL;
  uint32_t slots = tsp_u32(env, argv[1]), room = tsp_u32(env, argv[2]), head = tsp_u32(env, argv[3]), tail = tsp_u32(env, argv[4]);
  if (mem_len < (size_t)slots * (room + head + tail) || rx_len < slots * 16u || tx_len < 16 || clock_len < 16) {
    napi_throw_range_error(env, NULL, "ioCreate: memory or descriptors too small");
    return NULL;
  }
  struct io *io = calloc(1, sizeof *io);
  io->heads = mem;
  io->tails = mem + (size_t)slots * (room + head);
  io->slots = slots, io->headroom = room, io->head_size = head, io->tail_size = tail;
  io->rx = (int32_t *)rx, io->tx = (int32_t *)tx, io->clock = (int32_t *)clock;
  io->wake = tsp_i32(env, argv[8]);
  io->ringbuf.fd = -1;
  memset(io->fd, -1, sizeof io->fd); /* a port that is not open must not write to whatever has its number now */
  io->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (io->epoll < 0) {
    int err = errno;
    free(io);
    return tsp_throw(env, "epoll_create1", err);
  }
  uring_open(&io->ring);
  struct epoll_event ev = {.events = EPOLLIN, .data.u32 = WAKE_TAG};
  epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->wake, &ev);
  /* The arrays must outlive the handle. */
  int keep[4] = {0, 5, 6, 7};
  for (int i = 0; i < 4; i++) napi_create_reference(env, argv[keep[i]], 1, &io->keep[i]);
  napi_create_external(env, io, free_io, NULL, &out);
  return out;
}

/* ioAddPort(handle, port, fd) */
static napi_value io_add_port(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  struct io *io = get_io(env, argv[0]);
  uint32_t port = tsp_u32(env, argv[1]);
  int fd = tsp_i32(env, argv[2]);
  if (port >= MAX_PORTS) return tsp_throw(env, "ioAddPort", ENOSPC);
  struct epoll_event ev = {.events = EPOLLIN, .data.u32 = port};
  if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) return tsp_throw(env, "epoll_ctl", errno);
  io->fd[port] = fd;
  io->open[io->nports++] = (int32_t)port;
  return NULL;
}

/* ioAddRing(handle, port, fd, size): one BPF ring buffer, of `size` bytes, whose frames come as those of `port`. */
static napi_value io_add_ring(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  tsp_args(env, info, 4, argv);
  struct io *io = get_io(env, argv[0]);
  int fd = tsp_i32(env, argv[2]);
  if (io->ringbuf.fd >= 0) return tsp_throw(env, "ioAddRing", EBUSY);
  if (!ringbuf_open(&io->ringbuf, fd, tsp_u32(env, argv[3]))) return tsp_throw(env, "mmap of a BPF ring buffer", errno);
  io->ringbuf_port = tsp_i32(env, argv[1]);
  /* Each batch looks for records anyway: epoll is only to end our sleep. */
  struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = RING_TAG};
  if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &ev) == 0) return NULL;
  int err = errno;
  ringbuf_close(&io->ringbuf);
  return tsp_throw(env, "epoll_ctl", err);
}

/* ioRemovePort(handle, port): stops reading it; closing the descriptor stays with the caller. */
static napi_value io_remove_port(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  struct io *io = get_io(env, argv[0]);
  int32_t port = tsp_i32(env, argv[1]);
  if (io->ringbuf.fd >= 0 && port == io->ringbuf_port) {
    epoll_ctl(io->epoll, EPOLL_CTL_DEL, io->ringbuf.fd, NULL);
    ringbuf_close(&io->ringbuf);
  }
  for (uint32_t i = 0; i < io->nports; i++) {
    if (io->open[i] != port) continue;
    epoll_ctl(io->epoll, EPOLL_CTL_DEL, io->fd[port], NULL);
    io->fd[port] = -1;
    io->open[i] = io->open[--io->nports];
    break;
  }
  return NULL;
}

/* ioWatch(handle, fd): counts in clock[2] when `fd` gets something to read (edge-triggered); the reading is the caller's. */
static napi_value io_watch(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = WATCH_TAG};
  if (epoll_ctl(get_io(env, argv[0])->epoll, EPOLL_CTL_ADD, tsp_i32(env, argv[1]), &ev) < 0) return tsp_throw(env, "epoll_ctl", errno);
  return NULL;
}

static uint8_t *head_of(const struct io *io, uint32_t slot) {
  return io->heads + (size_t)slot * (io->headroom + io->head_size) + io->headroom;
}

static void slot_iov(const struct io *io, struct iovec *iov, uint32_t slot, uint32_t tail) {
  iov[0] = (struct iovec){head_of(io, slot), io->head_size};
  iov[1] = (struct iovec){io->tails + (size_t)tail * io->tail_size, io->tail_size};
}

static void received(struct io *io, int32_t port, uint32_t n, uint32_t tail, int32_t result) {
  int32_t *d = io->rx + n * 4;
  d[0] = port;
  d[1] = result;
  d[2] = result > (int32_t)io->head_size ? (int32_t)tail : -1;
  d[3] = 0;
}

/* Asks one port for `ask` frames, up to URING_ENTRIES, with one system call; returns the number of frames in the batch now. */
static uint32_t drain_ring(struct io *io, int32_t port, uint32_t n, uint32_t *tail, uint32_t ask) {
  struct iovec iov[URING_ENTRIES][2];
  int32_t result[URING_ENTRIES];
  uint32_t first = n, first_tail = *tail;
  for (uint32_t i = 0; i < ask; i++) {
    slot_iov(io, iov[i], first + i, first_tail + i);
    uring_queue(&io->ring, false, io->fd[port], iov[i], 2, &result[i]);
  }
  uring_run(&io->ring);
  if (result[0] == -EOPNOTSUPP) uring_close(&io->ring);
  for (uint32_t i = 0; i < ask; i++) {
    if (result[i] == -EAGAIN || result[i] == -EINTR || result[i] == -EOPNOTSUPP) continue;
    /* One that came after an earlier read had found nothing: the batch must stay dense. */
    if (n < first + i) memcpy(head_of(io, n), iov[i][0].iov_base, io->head_size);
    received(io, port, n++, first_tail + i, result[i]);
    if (result[i] > (int32_t)io->head_size) *tail = first_tail + i + 1;
    if (result[i] < 0 && result[i] != -EINVAL) break; /* the device is gone, as each read would say */
  }
  return n;
}

/* Reads one port until it is empty or `budget` frames came; returns the number of frames in the batch now. */
static uint32_t drain(struct io *io, int32_t port, uint32_t n, uint32_t *tail, uint32_t budget) {
  uint32_t start = n, end = n + budget < io->slots ? n + budget : io->slots;
  if (io->fresh && io->burst[port] <= 1) end = start + 1; /* should there be more, the next look finds it */
  uint32_t ask = io->burst[port] + 1u; /* one more shows whether that was all */
  if (ask > end - n) ask = end - n;
  if (ask > io->slots - *tail) ask = io->slots - *tail;
  if (ask > URING_ENTRIES) ask = URING_ENTRIES;
  if (io->ring.fd >= 0 && ask > RING_MIN) {
    n = drain_ring(io, port, n, tail, ask);
    if (n < start + ask && io->ring.fd >= 0) end = n;
  }
  while (n < end && *tail < io->slots) {
    struct iovec iov[2];
    slot_iov(io, iov, n, *tail);
    ssize_t len = readv(io->fd[port], iov, 2);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) break;
    received(io, port, n++, *tail, len < 0 ? -errno : (int32_t)len);
    if (len > (ssize_t)io->head_size) (*tail)++;
    if (len < 0) break; /* EINVAL: one frame that virtio cannot describe; EBADFD: the device is gone. JavaScript decides. */
  }
  io->burst[port] = (uint16_t)(n - start);
  return n;
}

/* Copies up to `budget` frames out of the ring buffer; returns the number of frames in the batch now. */
static uint32_t drain_ringbuf(struct io *io, uint32_t n, uint32_t *tail, uint32_t budget) {
  uint32_t end = n + budget < io->slots ? n + budget : io->slots;
  const struct record *r;
  while (n < end && *tail < io->slots && (r = (const struct record *)ringbuf_peek(&io->ringbuf)) != NULL) {
    uint8_t *head = head_of(io, n);
    uint32_t room = io->head_size - r->head_len, first = r->rest_len < room ? r->rest_len : room;
    memcpy(head, r->head, r->head_len);
    memcpy(head + r->head_len, r->rest, first);
    memcpy(io->tails + (size_t)*tail * io->tail_size, r->rest + first, r->rest_len - first);
    received(io, io->ringbuf_port, n, *tail, (int32_t)(r->head_len + r->rest_len));
    io->rx[n++ * 4 + 3] = (int32_t)r->ifindex;
    if (r->rest_len > room) (*tail)++;
    ringbuf_release(&io->ringbuf);
  }
  return n;
}

static uint32_t receive_direct(struct io *io) {
  uint32_t tail = 0, ports = io->nports, n = drain_ringbuf(io, 0, &tail, io->slots / RINGBUF_SHARE);
  for (uint32_t k = 0; k < ports && n < io->slots; k++) n = drain(io, io->open[(io->next + k) % ports], n, &tail, io->slots);
  if (n > 0 && ports > 0) io->next = (io->next + 1) % ports; /* so that no port starves the others */
  return n;
}

static int64_t now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static uint32_t receive_epoll(struct io *io, int timeout_ms) {
  struct epoll_event ev[MAX_EVENTS];
  if (timeout_ms != 0 && !ringbuf_sleep(&io->ringbuf)) timeout_ms = 0;
  int64_t before = timeout_ms == 0 ? 0 : now_ns();
  int ready = epoll_wait(io->epoll, ev, MAX_EVENTS, timeout_ms);
  if (timeout_ms != 0) io->fresh = now_ns() - before > SLEPT_NS;
  ringbuf_wake(&io->ringbuf);
  uint32_t tail = 0, n = drain_ringbuf(io, 0, &tail, io->slots / RINGBUF_SHARE);
  uint32_t share = ready > 1 ? (io->slots + (uint32_t)ready - 1) / (uint32_t)ready : io->slots;
  for (int i = 0; i < ready && n < io->slots; i++) {
    if (ev[i].data.u32 == WAKE_TAG) {
      uint64_t count;
      io->woken = true;
      if (read(io->wake, &count, sizeof count) < 0) continue;
    } else if (ev[i].data.u32 == WATCH_TAG) {
      io->woken = true;
      io->clock[2]++;
    } else if (ev[i].data.u32 != RING_TAG) {
      n = drain(io, (int32_t)ev[i].data.u32, n, &tail, share < 4 ? 4 : share);
    }
  }
  return n;
}

/*
 * ioReceive(handle, spinNs, timeoutMs) -> frames received. While there are none it polls for `spinNs`, then sleeps up to `timeoutMs` (-1: until
 * a frame comes or the wake descriptor is signalled). Writes the monotonic clock to clock[0] (seconds) and clock[1] (ns); clock[2] counts
 * the times that a watched descriptor became readable; clock[3] says how it waited: 0 not at all, 1 by polling, 2 by sleeping.
 */
static napi_value io_receive(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  struct io *io = get_io(env, argv[0]);
  int32_t spin = tsp_i32(env, argv[1]), timeout = tsp_i32(env, argv[2]);
  bool direct = io->nports <= DIRECT_PORTS && ++io->calls % EPOLL_EVERY != 0;
  io->woken = io->fresh = false;
  uint32_t n = 0;
  if (direct) n = receive_direct(io);
  else if (spin > 0 || timeout == 0) n = receive_epoll(io, 0); /* else the sleep below finds what is there as well */
  io->clock[3] = 0;
  if (n == 0 && spin > 0) {
    io->clock[3] = 1;
    io->fresh = true;
    int64_t deadline = now_ns() + spin;
    do {
      n = direct ? receive_direct(io) : receive_epoll(io, 0);
    } while (n == 0 && !io->woken && now_ns() < deadline);
  }
  if (n == 0 && !io->woken && timeout != 0) {
    io->clock[3] = 2;
    n = receive_epoll(io, timeout);
  }
  int64_t t = now_ns();
  io->clock[0] = (int32_t)(t / 1000000000);
  io->clock[1] = (int32_t)(t % 1000000000);
  return tsp_num(env, n);
}

/* The parts of the frame that a transmit descriptor names; returns how many. */
static int frame_iov(const struct io *io, const int32_t *d, struct iovec *iov) {
  size_t len = (size_t)d[1], stride = io->headroom + io->head_size, in_head = stride - (size_t)d[2] % stride;
  iov[0] = (struct iovec){io->heads + d[2], len};
  if (d[3] < 0 || len <= in_head) return 1; /* what goes on in no tail lies in one piece, in its head or behind all tails */
  iov[0].iov_len = in_head;
  iov[1] = (struct iovec){io->tails + (size_t)d[3] * io->tail_size, len - in_head};
  return 2;
}

/* Up to URING_ENTRIES frames with one system call. False: not possible with these files; nothing was sent. */
static bool transmit_ring(struct io *io, int32_t *tx, uint32_t count) {
  struct iovec iov[URING_ENTRIES][2];
  int32_t result[URING_ENTRIES];
  for (uint32_t i = 0; i < count; i++) {
    int32_t *d = tx + i * 4;
    uring_queue(&io->ring, true, io->fd[d[0]], iov[i], frame_iov(io, d, iov[i]), &result[i]);
  }
  uring_run(&io->ring);
  if (result[0] == -EOPNOTSUPP) {
    uring_close(&io->ring);
    return false;
  }
  for (uint32_t i = 0; i < count; i++) tx[i * 4 + 1] = result[i];
  return true;
}

/* ioTransmit(handle, count) -> frames that could not be written. */
static napi_value io_transmit(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  struct io *io = get_io(env, argv[0]);
  uint32_t count = tsp_u32(env, argv[1]), failed = 0, i = 0;
  while (io->ring.fd >= 0 && count - i >= RING_MIN) {
    uint32_t some = count - i < URING_ENTRIES ? count - i : URING_ENTRIES;
    if (transmit_ring(io, io->tx + i * 4, some)) i += some;
  }
  for (; i < count; i++) {
    int32_t *d = io->tx + i * 4;
    struct iovec iov[2];
    ssize_t sent = writev(io->fd[d[0]], iov, frame_iov(io, d, iov));
    d[1] = sent < 0 ? -errno : (int32_t)sent;
  }
  for (i = 0; i < count; i++) failed += io->tx[i * 4 + 1] < 0;
  return tsp_num(env, failed);
}

void io_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "ioCreate", io_create);
  tsp_export(env, exports, "ioAddPort", io_add_port);
  tsp_export(env, exports, "ioAddRing", io_add_ring);
  tsp_export(env, exports, "ioRemovePort", io_remove_port);
  tsp_export(env, exports, "ioWatch", io_watch);
  tsp_export(env, exports, "ioReceive", io_receive);
  tsp_export(env, exports, "ioTransmit", io_transmit);
}
