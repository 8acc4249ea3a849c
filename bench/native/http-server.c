/* A fast little HTTP server, the same for all peers: `http-server PORT`. Answers every request with "ok", keeps the connection or closes it as asked. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
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
  int one = 1, server = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "8080"))};
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(server, (struct sockaddr *)&at, sizeof at) < 0 || listen(server, 4096) < 0) return perror("http-server"), 1;
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
