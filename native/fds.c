/* Descriptors handed from process to process, many at a time: unix(7), SCM_RIGHTS. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <net/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_FDS 253 /* SCM_MAX_FD, include/net/scm.h */

union control {
  struct cmsghdr header;
  char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
};

/* unixOpen(path, type, listen) -> fd or -errno: connected to the socket at `path` ('@' first: an abstract name), or bound there and listening. */
static napi_value unix_open(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  if (!tsp_str(env, argv[0], sa.sun_path, sizeof sa.sun_path)) return NULL;
  socklen_t len = offsetof(struct sockaddr_un, sun_path) + (socklen_t)strlen(sa.sun_path);
  if (sa.sun_path[0] == '@') sa.sun_path[0] = 0;
  int fd = socket(AF_UNIX, tsp_i32(env, argv[1]) | SOCK_CLOEXEC, 0);
  if (fd < 0) return tsp_num(env, -errno);
  bool listens = tsp_i32(env, argv[2]) != 0;
  if ((listens ? bind(fd, (struct sockaddr *)&sa, len) : connect(fd, (struct sockaddr *)&sa, len)) < 0 || (listens && tsp_i32(env, argv[1]) != SOCK_DGRAM && listen(fd, 511 /* as Node.js */) < 0)) {
    int err = errno;
    close(fd);
    return tsp_num(env, -err);
  }
  return tsp_num(env, fd);
}

/* sendFds(fd, bytes, fds) -> 0 or -errno */
static napi_value send_fds(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  uint8_t *data, *fds;
  size_t len, fds_len;
  if (!tsp_bytes(env, argv[1], &data, &len) || !tsp_bytes(env, argv[2], &fds, &fds_len)) return NULL;
  if (fds_len > MAX_FDS * sizeof(int)) return tsp_num(env, -E2BIG);
  union control control;
  memset(&control, 0, sizeof control);
  struct iovec iov = {data, len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  if (fds_len > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(fds_len);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(fds_len);
    memcpy(CMSG_DATA(&control.header), fds, fds_len);
  }
  return tsp_num(env, sendmsg(tsp_i32(env, argv[0]), &message, MSG_NOSIGNAL) < 0 ? -errno : 0);
}

/* recvFds(fd, bytes, fds) -> [length or -errno, descriptors written to `fds`]; waits as long as the socket says. */
static napi_value recv_fds(napi_env env, napi_callback_info info) {
  napi_value argv[3], out;
  tsp_args(env, info, 3, argv);
  uint8_t *data, *fds;
  size_t len, fds_len;
  if (!tsp_bytes(env, argv[1], &data, &len) || !tsp_bytes(env, argv[2], &fds, &fds_len)) return NULL;
  union control control;
  struct iovec iov = {data, len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(tsp_i32(env, argv[0]), &message, MSG_CMSG_CLOEXEC);
  int64_t result = got < 0 ? -errno : got;
  size_t count = 0;
  for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t bytes = c->cmsg_len - CMSG_LEN(0);
    if (bytes > fds_len) bytes = fds_len;
    memcpy(fds, CMSG_DATA(c), bytes);
    count = bytes / sizeof(int);
  }
  napi_create_array_with_length(env, 2, &out);
  napi_set_element(env, out, 0, tsp_num(env, result));
  napi_set_element(env, out, 1, tsp_num(env, (int64_t)count));
  return out;
}

/* receiveTimeout(fd, ms): recvFds waits no longer; 0 or -errno. */
static napi_value receive_timeout(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  uint32_t ms = tsp_u32(env, argv[1]);
  struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
  return tsp_num(env, setsockopt(tsp_i32(env, argv[0]), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ? -errno : 0);
}

/* socketPair(type) -> [fd, fd] of unix sockets that are connected with each other */
static napi_value socket_pair(napi_env env, napi_callback_info info) {
  napi_value argv[1], out;
  tsp_args(env, info, 1, argv);
  int fds[2];
  if (socketpair(AF_UNIX, tsp_i32(env, argv[0]) | SOCK_CLOEXEC, 0, fds) < 0) return tsp_throw(env, "socketpair", errno);
  napi_create_array_with_length(env, 2, &out);
  napi_set_element(env, out, 0, tsp_num(env, fds[0]));
  napi_set_element(env, out, 1, tsp_num(env, fds[1]));
  return out;
}

/* tapName(fd) -> name that the device has in its namespace, "" for what is none */
static napi_value tap_name(napi_env env, napi_callback_info info) {
  napi_value argv[1], out;
  tsp_args(env, info, 1, argv);
  struct ifreq ifr;
  memset(&ifr, 0, sizeof ifr);
  if (ioctl(tsp_i32(env, argv[0]), TUNGETIFF, &ifr) < 0) ifr.ifr_name[0] = 0;
  napi_create_string_utf8(env, ifr.ifr_name, NAPI_AUTO_LENGTH, &out);
  return out;
}

void fds_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "unixOpen", unix_open);
  tsp_export(env, exports, "sendFds", send_fds);
  tsp_export(env, exports, "recvFds", recv_fds);
  tsp_export(env, exports, "receiveTimeout", receive_timeout);
  tsp_export(env, exports, "socketPair", socket_pair);
  tsp_export(env, exports, "tapName", tap_name);
}
