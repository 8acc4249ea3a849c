/*
 * UDP sockets that tell which of the host's addresses a datagram was sent to, and answer from that one (IP_PKTINFO, ip(7); IPV6_PKTINFO,
 * RFC 3542 §6). Node's own can do neither, nor can they read a socket of ours; so also: a watch on a descriptor in Node's event loop.
 */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Who sent a datagram, and where to. What is not used is zero, so equal bytes mean the same pair. */
struct peer {
  struct sockaddr_in6 from; /* or a sockaddr_in */
  struct in6_pktinfo to;    /* or an in_pktinfo */
};

union control {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static bool peer_bytes(napi_env env, napi_value v, uint8_t **bytes) {
  size_t len;
  if (!tsp_bytes(env, v, bytes, &len)) return false;
  if (len == sizeof(struct peer)) return true;
  napi_throw_range_error(env, NULL, "a peer has 48 bytes");
  return false;
}

/* udpBind(address, port) -> fd, or -errno. An IPv6 socket takes IPv6 alone; a link-local address has its interface behind it: fe80::1%eth0. */
static napi_value udp_bind(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  char address[INET6_ADDRSTRLEN + IF_NAMESIZE];
  if (!tsp_str(env, argv[0], address, sizeof address)) return NULL;
  char *zone = strchr(address, '%');
  if (zone != NULL) *zone++ = 0;
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)tsp_u32(env, argv[1]))};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v6.sin6_port};
  bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
  if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) return tsp_num(env, -EINVAL);
  if (zone != NULL && (v6.sin6_scope_id = if_nametoindex(zone)) == 0) return tsp_num(env, -ENODEV);
  int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) return tsp_num(env, -errno);
  if (is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof v4) < 0
            : setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0 || bind(fd, (struct sockaddr *)&v6, sizeof v6) < 0) {
    int err = errno;
    close(fd);
    return tsp_num(env, -err);
  }
  return tsp_num(env, fd);
}

/* udpTellTo(fd) -> 0 or -errno: from now on udpRecv says where a datagram was sent to. A socket for both families says it as IPv6 does. */
static napi_value udp_tell_to(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  int fd = tsp_i32(env, argv[0]), one = 1, domain = 0;
  socklen_t len = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0) return tsp_num(env, -errno);
  int r = domain == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one)
                             : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  return tsp_num(env, r < 0 ? -errno : 0);
}

/* udpRecv(fd, bytes, peer) -> length, or -errno: one datagram, without waiting; `peer` gets who sent it and where to. */
static napi_value udp_recv(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  uint8_t *data, *out;
  size_t len;
  if (!tsp_bytes(env, argv[1], &data, &len) || !peer_bytes(env, argv[2], &out)) return NULL;
  struct peer peer = {0};
  union control control;
  struct iovec iov = {data, len};
  struct msghdr message = {.msg_name = &peer.from, .msg_namelen = sizeof peer.from, .msg_iov = &iov, .msg_iovlen = 1,
                           .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(tsp_i32(env, argv[0]), &message, MSG_DONTWAIT);
  if (n < 0) return tsp_num(env, -errno);
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo to;
      memcpy(&to, CMSG_DATA(c), sizeof to);
      to.ipi_ifindex = 0; /* the answer's way out is the routing table's affair */
      memcpy(&peer.to, &to, sizeof to);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      memcpy(&peer.to, CMSG_DATA(c), sizeof peer.to);
      if (IN6_IS_ADDR_MULTICAST(&peer.to.ipi6_addr)) peer.to.ipi6_addr = in6addr_any; /* no source address; the kernel picks one */
      if (!IN6_IS_ADDR_LINKLOCAL(&peer.to.ipi6_addr)) peer.to.ipi6_ifindex = 0;
    }
  }
  memcpy(out, &peer, sizeof peer);
  return tsp_num(env, n);
}

/* udpSend(fd, bytes, peer) -> sent, or -errno, without waiting: to who sent the datagram that `peer` came with, from where that was sent to. */
static napi_value udp_send(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  uint8_t *data, *in;
  size_t len;
  if (!tsp_bytes(env, argv[1], &data, &len) || !peer_bytes(env, argv[2], &in)) return NULL;
  struct peer peer;
  memcpy(&peer, in, sizeof peer);
  bool is_v4 = peer.from.sin6_family == AF_INET;
  size_t to_len = is_v4 ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo);
  union control control = {0};
  struct iovec iov = {data, len};
  struct msghdr message = {.msg_name = &peer.from, .msg_namelen = is_v4 ? sizeof(struct sockaddr_in) : sizeof peer.from, .msg_iov = &iov,
                           .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(to_len)};
  control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(to_len), .cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                                    .cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO};
  memcpy(CMSG_DATA(&control.header), &peer.to, to_len);
  ssize_t n = sendmsg(tsp_i32(env, argv[0]), &message, MSG_DONTWAIT);
  return tsp_num(env, n < 0 ? -errno : n);
}

/*
 * The part of libuv that a watch needs. Node exports it, but not every installation has uv.h; this much of it has been the same in all of
 * libuv 1 (docs.libuv.org: handle.html, poll.html).
 */
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_pipe_s uv_pipe_t;
enum { UV_NAMED_PIPE = 7, UV_POLL = 8, UV_READABLE = 1 };
int uv_pipe_init(struct uv_loop_s *loop, uv_pipe_t *handle, int ipc);
size_t uv_handle_size(int type);
void *uv_handle_get_data(const uv_poll_t *handle);
void uv_handle_set_data(uv_poll_t *handle, void *data);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *handle, int status, int events));
void uv_close(void *handle, void (*callback)(void *handle));

struct watch {
  napi_env env;
  napi_ref callback;
  napi_async_context context;
};

static void on_readable(uv_poll_t *handle, int status, int events) {
  (void)events;
  struct watch *watch = uv_handle_get_data(handle);
  napi_env env = watch->env;
  napi_handle_scope scope;
  napi_value callback, global, error;
  bool pending = false;
  if (status < 0) uv_poll_start(handle, UV_READABLE, on_readable); /* stopped by a socket error, which the next read takes away */
  napi_open_handle_scope(env, &scope);
  napi_get_reference_value(env, watch->callback, &callback);
  napi_get_global(env, &global);
  napi_make_callback(env, watch->context, global, callback, 0, NULL, NULL); /* may end the watch */
  napi_is_exception_pending(env, &pending);
  if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  napi_close_handle_scope(env, scope);
}

static void free_watch(void *handle) {
  free(uv_handle_get_data(handle));
  free(handle);
}

/* watch(fd, callback) -> handle. Calls back as long as `fd` has something to read, and keeps the process alive, until unwatch. */
static napi_value watch_fd(napi_env env, napi_callback_info info) {
  napi_value argv[2], name, out;
  tsp_args(env, info, 2, argv);
  struct uv_loop_s *loop;
  napi_get_uv_event_loop(env, &loop);
  uv_poll_t *handle = malloc(uv_handle_size(UV_POLL));
  struct watch *watch = malloc(sizeof *watch);
  int err = handle == NULL || watch == NULL ? -ENOMEM : uv_poll_init(loop, handle, tsp_i32(env, argv[0]));
  if (err < 0) {
    free(handle);
    free(watch);
    return tsp_throw(env, "epoll_ctl", -err);
  }
  watch->env = env;
  napi_create_reference(env, argv[1], 1, &watch->callback);
  napi_create_string_utf8(env, "tsproxy.watch", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &watch->context);
  uv_handle_set_data(handle, watch);
  uv_poll_start(handle, UV_READABLE, on_readable);
  napi_create_external(env, handle, NULL, NULL, &out);
  return out;
}

/* unwatch(handle), once. The descriptor may then be closed. */
static napi_value unwatch_fd(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  void *handle;
  if (napi_get_value_external(env, argv[0], &handle) != napi_ok) return NULL;
  struct watch *watch = uv_handle_get_data(handle);
  napi_delete_reference(env, watch->callback);
  napi_async_destroy(env, watch->context);
  uv_close(handle, free_watch);
  return NULL;
}

/*
 * spareDescriptor(): has libuv open the descriptor by which it ends connections that there is none for (uv__emfile_trick, src/unix/stream.c), as it does
 * for the first stream. Without it whoever connects would wait, and the loop turn without end.
 */
static napi_value spare_descriptor(napi_env env, napi_callback_info info) {
  (void)info;
  struct uv_loop_s *loop;
  napi_get_uv_event_loop(env, &loop);
  uv_pipe_t *handle = malloc(uv_handle_size(UV_NAMED_PIPE));
  if (handle == NULL) return tsp_throw(env, "malloc", ENOMEM);
  uv_pipe_init(loop, handle, 0);
  uv_close(handle, free);
  return NULL;
}

void udp_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "udpBind", udp_bind);
  tsp_export(env, exports, "udpTellTo", udp_tell_to);
  tsp_export(env, exports, "udpRecv", udp_recv);
  tsp_export(env, exports, "udpSend", udp_send);
  tsp_export(env, exports, "spareDescriptor", spare_descriptor);
  tsp_export(env, exports, "watch", watch_fd);
  tsp_export(env, exports, "unwatch", unwatch_fd);
}
