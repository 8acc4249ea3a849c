/* Sockets by numeric address of either family. Exit code 1 for what the kernel refuses, 2 for what is no address. */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static inline int checked(int result, const char *what) {
  if (result < 0) perror(what), exit(1);
  return result;
}

/* A socket of `type`; its other end in `to`. */
static inline int socket_to(const char *address, const char *port, int type, struct sockaddr_storage *to, socklen_t *len) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = type}, *found;
  if (getaddrinfo(address, port, &hints, &found) != 0) fprintf(stderr, "%s port %s: not an address\n", address, port), exit(2);
  memcpy(to, found->ai_addr, *len = found->ai_addrlen);
  int fd = checked(socket(found->ai_family, type, 0), "socket");
  freeaddrinfo(found);
  return fd;
}

/* A socket of `type` at every address of one family: "6", or any other text for IPv4. */
static inline int bound_socket(const char *port, int type, const char *family) {
  int one = 1, fd = checked(socket(strcmp(family, "6") == 0 ? AF_INET6 : AF_INET, type, 0), "socket");
  uint16_t number = htons((uint16_t)atoi(port));
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = number};
  struct sockaddr_in6 at6 = {.sin6_family = AF_INET6, .sin6_port = number};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (strcmp(family, "6") != 0) return checked(bind(fd, (struct sockaddr *)&at, sizeof at), "bind"), fd;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  return checked(bind(fd, (struct sockaddr *)&at6, sizeof at6), "bind"), fd;
}
