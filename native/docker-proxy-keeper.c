/*
 * `tsproxy-docker-proxy --keep SECONDS`: keeps descriptors for a daemon that no service manager does this for, while it is restarted. What they
 * stand for (devices, BPF programs on interfaces, bound ports) goes on meanwhile, and ends when nobody comes for it: so also when this ends.
 *
 * Descriptor 3 is a listening SOCK_SEQPACKET socket, on which one daemon at a time says: "+NAME" with descriptors, to be kept; "-NAME", to be
 * closed, answered by "-"; "?", answered by "NAME" with descriptors, as often as there are any, then "."; "!", to end. Whoever comes
 * meanwhile is sent away. When the daemon's connection ends, the next one must come within SECONDS.
 */
#define _GNU_SOURCE
#include "docker-proxy.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FD 3
#define MAX_FDS 253 /* SCM_MAX_FD, include/net/scm.h */
#define MAX_NAME 256

struct kept {
  struct kept *next;
  char name[MAX_NAME];
  size_t count;
  int fds[];
};

static struct kept *all;

union control {
  struct cmsghdr header;
  char space[CMSG_SPACE(MAX_FDS * sizeof(int))];
};

static bool answer(int peer, const char *text, const int *fds, size_t count) {
  union control control = {0};
  struct iovec iov = {(void *)text, strlen(text)};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof *fds);
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof *fds);
  }
  return sendmsg(peer, &message, MSG_NOSIGNAL) >= 0;
}

static void keep(const char *name, const int *fds, size_t count) {
  struct kept *one = malloc(sizeof *one + count * sizeof *fds);
  if (one == NULL) return;
  strcpy(one->name, name);
  one->count = count;
  memcpy(one->fds, fds, count * sizeof *fds);
  struct kept **end = &all;
  while (*end != NULL) end = &(*end)->next;
  one->next = NULL;
  *end = one;
}

static void drop(const char *name) {
  for (struct kept **at = &all; *at != NULL;) {
    struct kept *one = *at;
    if (strcmp(one->name, name) != 0) {
      at = &one->next;
      continue;
    }
    for (size_t i = 0; i < one->count; i++) close(one->fds[i]);
    *at = one->next;
    free(one);
  }
}

/* One message; false: the daemon is gone. */
static bool serve(int peer) {
  char text[MAX_NAME + 1];
  union control control;
  struct iovec iov = {text, sizeof text - 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t len = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
  if (len < 0 && errno == EINTR) return true;
  if (len <= 0) return false;
  text[len] = 0;
  int fds[MAX_FDS];
  size_t count = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    count = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
    memcpy(fds, CMSG_DATA(c), count * sizeof *fds);
  }
  switch (text[0]) {
  case '+':
    keep(text + 1, fds, count);
    return true;
  case '-':
    drop(text + 1);
    return answer(peer, "-", NULL, 0);
  case '?':
    for (struct kept *one = all; one != NULL; one = one->next)
      if (!answer(peer, one->name, one->fds, one->count)) return false;
    return answer(peer, ".", NULL, 0);
  case '!':
    exit(0);
  default:
    return false;
  }
}

/* Its file, which the next daemon would find in vain. */
static void remove_socket(void) {
  struct sockaddr_un sa;
  socklen_t len = sizeof sa;
  if (getsockname(LISTEN_FD, (struct sockaddr *)&sa, &len) == 0 && len > sizeof sa.sun_family && sa.sun_path[0] == '/') unlink(sa.sun_path);
}

void keep_descriptors(int seconds) {
  signal(SIGINT, SIG_IGN); /* of the terminal's, meant for the daemon */
  signal(SIGPIPE, SIG_IGN);
  atexit(remove_socket);
  int peer = -1;
  for (;;) {
    struct pollfd wait[] = {{.fd = peer, .events = POLLIN}, {.fd = LISTEN_FD, .events = POLLIN}};
    int ready = poll(wait, 2, peer < 0 ? seconds * 1000 : -1);
    if (ready == 0) exit(0);
    if (ready < 0) continue;
    if (wait[0].revents != 0) {
      if (serve(peer)) continue;
      close(peer);
      peer = -1;
    } else if (wait[1].revents != 0) {
      int next = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
      if (peer < 0) peer = next;
      else if (next >= 0) close(next); /* one at a time */
    }
  }
}
