/* Sockets that Node cannot make: netlink ones, ones in another namespace, and those that only hold a port. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h, Linux 5.14 */
#endif
#define MAX_PASSED 8 /* descriptors in one message that are taken, to be closed again but for one; the kernel drops the others */

/* socket(domain, type, protocol, nsFd) -> fd */
static napi_value make_socket(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  tsp_args(env, info, 4, argv);
  int saved, err = ns_enter(tsp_i32(env, argv[3]), &saved);
  if (err < 0) return tsp_throw(env, "setns", -err);
  int fd = socket(tsp_i32(env, argv[0]), tsp_i32(env, argv[1]) | SOCK_CLOEXEC, tsp_i32(env, argv[2]));
  err = errno;
  ns_leave(saved);
  return fd < 0 ? tsp_throw(env, "socket", err) : tsp_num(env, fd);
}

/*
 * bindIn(nsFd, type, address, port) -> fd, or -errno: a socket of namespace nsFd (-1: the caller's) bound to an IPv4 address in text; one of type
 * SOCK_STREAM listens.
 */
static napi_value bind_in(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  tsp_args(env, info, 4, argv);
  char address[INET_ADDRSTRLEN];
  if (!tsp_str(env, argv[2], address, sizeof address)) return NULL;
  int type = tsp_i32(env, argv[1]), saved, one = 1, err;
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)tsp_u32(env, argv[3]))};
  if (inet_pton(AF_INET, address, &sa.sin_addr) != 1) return tsp_num(env, -EINVAL);
  if ((err = ns_enter(tsp_i32(env, argv[0]), &saved)) < 0) return tsp_num(env, err);
  int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  err = errno;
  ns_leave(saved);
  if (fd < 0) return tsp_num(env, -err);
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && (type != SOCK_STREAM || listen(fd, SOMAXCONN) == 0)) return tsp_num(env, fd);
  err = errno;
  close(fd);
  return tsp_num(env, -err);
}

/* openNetlink(groups, nsFd, protocol) -> fd of a bound netlink socket; `groups` is the mask of its multicast groups, `protocol` NETLINK_*. */
static napi_value open_netlink(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  int saved, err = ns_enter(tsp_i32(env, argv[1]), &saved);
  if (err < 0) return tsp_throw(env, "setns", -err);
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, tsp_i32(env, argv[2]));
  err = errno;
  ns_leave(saved);
  if (fd < 0) return tsp_throw(env, "socket(AF_NETLINK)", err);
  struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = tsp_u32(env, argv[0])};
  int one = 1, buf = 1 << 20;
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buf, sizeof buf);
  if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0) {
    err = errno;
    close(fd);
    return tsp_throw(env, "bind(AF_NETLINK)", err);
  }
  return tsp_num(env, fd);
}

/* send(fd, bytes) -> sent, or -errno */
static napi_value send_bytes(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  uint8_t *data;
  size_t len;
  if (!tsp_bytes(env, argv[1], &data, &len)) return NULL;
  ssize_t n = send(tsp_i32(env, argv[0]), data, len, 0);
  return tsp_num(env, n < 0 ? -errno : n);
}

/* recv(fd, bytes, MSG_* flags) -> length of the whole message (with MSG_TRUNC), or -errno */
static napi_value recv_bytes(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  uint8_t *data;
  size_t len;
  if (!tsp_bytes(env, argv[1], &data, &len)) return NULL;
  ssize_t n = recv(tsp_i32(env, argv[0]), data, len, tsp_i32(env, argv[2]));
  return tsp_num(env, n < 0 ? -errno : n);
}

/* Has the socket filter `prog_fd`, or one that drops all (-1), see all that comes in to a socket. */
static int set_filter(int fd, int prog_fd) {
  if (prog_fd >= 0) return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &prog_fd, sizeof prog_fd);
  struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog prog = {.len = 1, .filter = &code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
}

/* setFilter(fd, progFd): gives a socket the filter that holdPort gives its own. 0 or -errno. */
static napi_value set_filter_call(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  return tsp_num(env, set_filter(tsp_i32(env, argv[0]), tsp_i32(env, argv[1])) < 0 ? -errno : 0);
}

/* clearFilter(fd): the socket gets what comes in again. 0 or -errno. */
static napi_value clear_filter(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  int none = 0, r = setsockopt(tsp_i32(env, argv[0]), SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
  return tsp_num(env, r < 0 && errno != ENOENT ? -errno : 0);
}

/* udpNoCheck6(fd): takes IPv6 datagrams without a checksum, as tunnels may send them (RFC 6935 §5; UDP_NO_CHECK6_RX). 0 or -errno. */
static napi_value udp_no_check6(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  int one = 1;
  return tsp_num(env, setsockopt(tsp_i32(env, argv[0]), IPPROTO_UDP, UDP_NO_CHECK6_RX, &one, sizeof one) < 0 ? -errno : 0);
}

/*
 * promiscuous(ifindex, groups) -> fd, or -errno: the device takes frames for any MAC, or with `groups` for any group's alone, as long as the
 * descriptor is open. The kernel counts who asks (PACKET_MR_PROMISC, PACKET_MR_ALLMULTI, packet(7)). The socket itself gets no frames: it has no
 * protocol.
 */
static napi_value promiscuous(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  struct packet_mreq wish = {
      .mr_ifindex = tsp_i32(env, argv[0]),
      .mr_type = tsp_i32(env, argv[1]) ? PACKET_MR_ALLMULTI : PACKET_MR_PROMISC,
  };
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) return tsp_num(env, -errno);
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &wish, sizeof wish) < 0) {
    int err = errno;
    close(fd);
    return tsp_num(env, -err);
  }
  return tsp_num(env, fd);
}

/*
 * recvFd(fd, bytes) -> [length or -errno, descriptor or -1]. Reads what is there, without waiting, and the one descriptor that came with it
 * (SCM_RIGHTS); more than one are closed, and the length is -EINVAL.
 */
static napi_value recv_fd(napi_env env, napi_callback_info info) {
  napi_value argv[2], out;
  tsp_args(env, info, 2, argv);
  uint8_t *data;
  size_t len;
  if (!tsp_bytes(env, argv[1], &data, &len)) return NULL;
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(MAX_PASSED * sizeof(int))];
  } control;
  struct iovec iov = {data, len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(tsp_i32(env, argv[0]), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  int64_t result = n < 0 ? -errno : n;
  int passed = -1;
  for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      if (passed < 0) passed = fd;
      else close(fd), result = -EINVAL;
    }
  }
  if (result < 0 && passed >= 0) close(passed), passed = -1;
  napi_create_array_with_length(env, 2, &out);
  napi_set_element(env, out, 0, tsp_num(env, result));
  napi_set_element(env, out, 1, tsp_num(env, passed));
  return out;
}

/*
 * Where the kernel has no SCTP sockets, nothing can hold a port of it but a name that programs agree on: an abstract unix socket, which is per
 * network namespace, as ports are. The launcher does the same (docker-proxy.c).
 */
static socklen_t sctp_name(struct sockaddr_un *sa, int family, const void *address, uint16_t port) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family, address, text, sizeof text);
  *sa = (struct sockaddr_un){.sun_family = AF_UNIX};
  int n = snprintf(sa->sun_path + 1, sizeof sa->sun_path - 1, "tsproxy/sctp/%s/%u", text, port);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static bool no_sctp(int err) {
  return err == EPROTONOSUPPORT || err == ESOCKTNOSUPPORT;
}

/* hasSctp() -> whether the kernel has sockets of it */
static napi_value has_sctp(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value out;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
  bool has = fd >= 0 || !no_sctp(errno);
  if (fd >= 0) close(fd);
  napi_get_boolean(env, has, &out);
  return out;
}

/* The address and port that such a name stands for. False: it is none. */
static bool parse_sctp_name(const struct sockaddr_un *sa, socklen_t len, char *address, uint32_t *port) {
  char text[sizeof sa->sun_path + 1] = {0};
  size_t n = len - offsetof(struct sockaddr_un, sun_path);
  if (len <= offsetof(struct sockaddr_un, sun_path) + 1 || sa->sun_path[0] != 0) return false;
  memcpy(text, sa->sun_path + 1, n - 1);
  return sscanf(text, "tsproxy/sctp/%45[0-9a-f.:]/%u", address, port) == 2 && *port > 0 && *port < 65536;
}

/*
 * boundTo(fd) -> [protocol, port, address, both] of an IPv4 or IPv6 socket that is bound, or of a name that stands for a port of SCTP; the address
 * in the kernel's spelling, a link-local one with its interface (fe80::1%eth0); `both` is 1 for one of IPv6 that takes IPv4 too. Null for any other.
 */
static napi_value bound_to(napi_env env, napi_callback_info info) {
  napi_value argv[1], out, address;
  tsp_args(env, info, 1, argv);
  napi_get_null(env, &out);
  int fd = tsp_i32(env, argv[0]), protocol = 0, only = 1;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un name;
  } sa;
  socklen_t len = sizeof protocol, sa_len = sizeof sa;
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE], zone[IF_NAMESIZE];
  uint32_t port = 0;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 || getsockname(fd, &sa.any, &sa_len) < 0) return out;
  if (sa.any.sa_family == AF_UNIX) {
    if (!parse_sctp_name(&sa.name, sa_len, text, &port)) return out;
    protocol = IPPROTO_SCTP;
  } else if (sa.any.sa_family == AF_INET || sa.any.sa_family == AF_INET6) {
    port = ntohs(sa.v4.sin_port); /* at the same place in both */
    inet_ntop(sa.any.sa_family, sa.any.sa_family == AF_INET ? (void *)&sa.v4.sin_addr : (void *)&sa.v6.sin6_addr, text, INET6_ADDRSTRLEN);
    if (sa.any.sa_family == AF_INET6 && sa.v6.sin6_scope_id != 0 && if_indextoname(sa.v6.sin6_scope_id, zone) != NULL)
      snprintf(text + strlen(text), IF_NAMESIZE + 1, "%%%s", zone);
    len = sizeof only;
    if (sa.any.sa_family == AF_INET6) getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len);
  }
  if (port == 0) return out;
  napi_create_array_with_length(env, 4, &out);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &address);
  napi_set_element(env, out, 0, tsp_num(env, protocol));
  napi_set_element(env, out, 1, tsp_num(env, port));
  napi_set_element(env, out, 2, address);
  napi_set_element(env, out, 3, tsp_num(env, only == 0));
  return out;
}

#define FIRST_PICKED 49152 /* RFC 6335 section 6 */

/* Takes a name for a port of SCTP, of a free one for port 0. */
static int hold_sctp_name(int family, const void *address, uint16_t port) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  uint32_t tries = port == 0 ? 65536 - FIRST_PICKED : 1, first = (uint32_t)getpid();
  for (uint32_t n = 0; n < tries; n++) {
    struct sockaddr_un sa;
    socklen_t len = sctp_name(&sa, family, address, port == 0 ? (uint16_t)(FIRST_PICKED + (first + n) % tries) : port);
    if (bind(fd, (struct sockaddr *)&sa, len) == 0) return fd;
    if (errno != EADDRINUSE) break;
  }
  int err = errno;
  close(fd);
  return -err;
}

/*
 * holdPort(protocol, address, port, progFd, zone) -> fd, or -errno.
 * `protocol` 6, 17 or 132; `address` 4 or 16 bytes as in a packet (all zero: any of the family); `zone` the interface index that a link-local
 * address belongs to, else 0. Binds the port for as long as the fd is open, so that nobody else can; an IPv6 one for IPv6 alone.
 * The socket takes no packet itself, so that what comes is neither answered nor refused: the filter `progFd`, or one that drops all (-1), is
 * there before the port is bound.
 * A TCP socket listens, with SO_REUSEADDR, so that old connections in TIME_WAIT do not stand in the way but a second server does. So does one of
 * SCTP; where the kernel has none, the descriptor is that of a name (`sctp_name`).
 */
static napi_value hold_port(napi_env env, napi_callback_info info) {
  napi_value argv[5];
  tsp_args(env, info, 5, argv);
  int protocol = tsp_i32(env, argv[0]);
  bool listens = protocol != IPPROTO_UDP;
  uint8_t *address;
  size_t len;
  if (!tsp_bytes(env, argv[1], &address, &len)) return NULL;
  if (len != 4 && len != 16) return tsp_num(env, -EINVAL);
  bool v6 = len == 16;
  uint16_t port = (uint16_t)tsp_u32(env, argv[2]);
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = tsp_u32(env, argv[4])};
  memcpy(v6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr, address, len);
  int fd = socket(v6 ? AF_INET6 : AF_INET, (listens ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0 && protocol == IPPROTO_SCTP && no_sctp(errno)) return tsp_num(env, hold_sctp_name(v6 ? AF_INET6 : AF_INET, address, port));
  if (fd < 0) return tsp_num(env, -errno);
  int one = 1;
  if (set_filter(fd, tsp_i32(env, argv[3])) < 0 || (listens && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0) ||
      (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0) ||
      bind(fd, v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in, v6 ? sizeof in6 : sizeof in) < 0 || (listens && listen(fd, 1) < 0)) {
    int err = errno;
    close(fd);
    return tsp_num(env, -err);
  }
  return tsp_num(env, fd);
}

union peer_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* Reads an address of either family, without zone; its length as a sockaddr, or 0 for what is none. */
static socklen_t read_peer(napi_env env, napi_value v, uint16_t port, union peer_address *peer) {
  char address[INET6_ADDRSTRLEN];
  memset(peer, 0, sizeof *peer);
  if (!tsp_str(env, v, address, sizeof address)) return 0;
  if (inet_pton(AF_INET, address, &peer->v4.sin_addr) == 1) {
    peer->v4.sin_family = AF_INET;
    peer->v4.sin_port = htons(port);
    return sizeof peer->v4;
  }
  if (inet_pton(AF_INET6, address, &peer->v6.sin6_addr) != 1) return 0;
  peer->v6.sin6_family = AF_INET6;
  peer->v6.sin6_port = htons(port);
  return sizeof peer->v6;
}

/* writeIn(path, text, nsFd) -> 0 or -errno: writes a file, as network namespace `nsFd` (-1: the caller's) has it: a setting in /proc/sys/net. */
static napi_value write_in(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  char path[256], text[64];
  if (!tsp_str(env, argv[0], path, sizeof path) || !tsp_str(env, argv[1], text, sizeof text)) return NULL;
  int saved, err = ns_enter(tsp_i32(env, argv[2]), &saved);
  if (err < 0) return tsp_num(env, err);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  err = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
  if (fd >= 0) close(fd);
  ns_leave(saved);
  return tsp_num(env, err);
}

/*
 * icmpConnect(address) -> fd, or -errno: an ICMP or ICMPv6 socket that exchanges packets with one address. A raw one needs CAP_NET_RAW; one for
 * pings alone takes the group to be in net.ipv4.ping_group_range, which root need not be (icmp(7), net/ipv4/ping.c).
 */
static napi_value icmp_connect(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  union peer_address peer;
  socklen_t len = read_peer(env, argv[0], 0, &peer);
  if (len == 0) return tsp_num(env, -EINVAL);
  int family = peer.any.sa_family, protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0) fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (fd < 0) return tsp_num(env, -errno);
  if (connect(fd, &peer.any, len) < 0) {
    int err = errno;
    close(fd);
    return tsp_num(env, -err);
  }
  return tsp_num(env, fd);
}

/*
 * knock(address, port) -> fd, or -errno: asks a host for a TCP connection and takes none. The filter lets a reset alone through, so the
 * handshake is never finished: a server's program does not see it, and the kernel refuses the server's next try once the fd is closed.
 */
static napi_value knock(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  union peer_address peer;
  socklen_t len = read_peer(env, argv[0], (uint16_t)tsp_u32(env, argv[1]), &peer);
  if (len == 0) return tsp_num(env, -EINVAL);
  enum { FLAGS = 13, RST = 4 }; /* RFC 9293 section 3.1 */
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, RST, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  int fd = socket(peer.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return tsp_num(env, -errno);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ||
      (connect(fd, &peer.any, len) < 0 && errno != EINPROGRESS)) {
    int err = errno;
    close(fd);
    return tsp_num(env, -err);
  }
  return tsp_num(env, fd);
}

/* knocked(fd) -> 1: it answered, 0: not yet, -errno: why it will not (ECONNREFUSED). */
static napi_value knocked(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  int fd = tsp_i32(env, argv[0]), err = 0;
  uint32_t memory[SK_MEMINFO_VARS] = {0};
  socklen_t len = sizeof err, memory_len = sizeof memory;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0) return tsp_num(env, -errno);
  if (err != 0) return tsp_num(env, -err);
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &memory_len) < 0) return tsp_num(env, -errno);
  return tsp_num(env, memory[SK_MEMINFO_DROPS] > 0); /* what the filter has dropped */
}

/* localPort(fd) -> the port that an IPv4 or IPv6 socket is bound to, or that a name stands for; or -errno */
static napi_value local_port(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6; /* the port is at the same place in both */
    struct sockaddr_un name;
  } sa;
  char address[INET6_ADDRSTRLEN];
  uint32_t port;
  socklen_t len = sizeof sa;
  if (getsockname(tsp_i32(env, argv[0]), &sa.any, &len) < 0) return tsp_num(env, -errno);
  if (sa.any.sa_family != AF_UNIX) return tsp_num(env, ntohs(sa.v4.sin_port));
  return tsp_num(env, parse_sctp_name(&sa.name, len, address, &port) ? (int64_t)port : -EINVAL);
}

/*
 * netnsCookie(nsFd) -> the number of a network namespace (-1: the caller's), which no other one has as long as the machine runs; 0: the kernel does not say (before
 * Linux 5.14).
 */
static napi_value netns_cookie(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  uint64_t cookie = 0;
  socklen_t len = sizeof cookie;
  int saved;
  int err = ns_enter(tsp_i32(env, argv[0]), &saved);
  if (err < 0) return tsp_throw(env, "setns", -err);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  err = errno;
  ns_leave(saved);
  if (fd < 0) return tsp_throw(env, "socket", err);
  if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0) cookie = 0;
  close(fd);
  return tsp_num(env, (int64_t)cookie);
}

void socket_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "socket", make_socket);
  tsp_export(env, exports, "bindIn", bind_in);
  tsp_export(env, exports, "openNetlink", open_netlink);
  tsp_export(env, exports, "send", send_bytes);
  tsp_export(env, exports, "recv", recv_bytes);
  tsp_export(env, exports, "holdPort", hold_port);
  tsp_export(env, exports, "writeIn", write_in);
  tsp_export(env, exports, "setFilter", set_filter_call);
  tsp_export(env, exports, "clearFilter", clear_filter);
  tsp_export(env, exports, "udpNoCheck6", udp_no_check6);
  tsp_export(env, exports, "promiscuous", promiscuous);
  tsp_export(env, exports, "recvFd", recv_fd);
  tsp_export(env, exports, "hasSctp", has_sctp);
  tsp_export(env, exports, "boundTo", bound_to);
  tsp_export(env, exports, "icmpConnect", icmp_connect);
  tsp_export(env, exports, "knock", knock);
  tsp_export(env, exports, "knocked", knocked);
  tsp_export(env, exports, "localPort", local_port);
  tsp_export(env, exports, "netnsCookie", netns_cookie);
}
