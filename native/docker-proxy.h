/* The launcher's command line (docker-proxy-flags.c). */
#ifndef TSPROXY_DOCKER_PROXY_H
#define TSPROXY_DOCKER_PROXY_H

#include <stdbool.h>

extern struct flags {
  const char *proto, *host_ip, *container_ip;
  long host_port, container_port;
  bool use_listen_fd, version;
} flags;

/* Fills `flags`; exits with usage: 2 for a wrong one, 0 for -h. The arguments stay as they were. */
void parse_flags(int argc, char **argv);

/* Keeps descriptors for the daemon (docker-proxy-keeper.c); never returns. */
void keep_descriptors(int seconds) __attribute__((noreturn));

/* AF_INET or AF_INET6 for an address in text, AF_UNSPEC for what is none. */
int address_family(const char *ip);

#endif
