/* A fast little HTTP server, the same for all peers: `http-server PORT FAMILY`. Answers every request with "ok", keeps the connection or closes it as asked. */
#define _GNU_SOURCE
#include <stdint.h>
#include "address.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define KEEP "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
#define CLOSE "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"

static void answer(int fd) {
  char request[8192];
  ssize_t n = recv(fd, request, sizeof request - 1, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n > 0) {
    request[n] = 0;
    int last = strcasestr(request, "connection: close") != NULL;
    if (send(fd, last ? CLOSE : KEEP, last ? sizeof CLOSE - 1 : sizeof KEEP - 1, MSG_NOSIGNAL) > 0 && !last) return;
  }
  close(fd);
}

int main(int argc, char **argv) {
  int one = 1, server = bound_socket(argc > 1 ? argv[1] : "8080", SOCK_STREAM, argc > 2 ? argv[2] : "4"), epoll = epoll_create1(0);
  checked(listen(server, 4096), "listen");
  struct epoll_event ev = {.events = EPOLLIN, .data.fd = server}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, server, &ev);
  puts("listening");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd != server) {
        answer(fd);
        continue;
      }
      if ((fd = accept4(server, NULL, NULL, SOCK_NONBLOCK)) < 0) continue;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      ev.data.fd = fd;
      epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
    }
  }
}
