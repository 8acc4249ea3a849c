/*
 * tsproxy-docker-proxy: what dockerd starts in place of docker-proxy ("userland-proxy-path"), one process a port. It takes docker-proxy's flags
 * and its protocol on descriptor 3 (cmd/docker-proxy/main_linux.go of moby), but forwards nothing: it holds the port's socket, hands it to
 * `tsproxy daemon` over a unix socket and waits. When it ends, its connection ends, and the daemon takes the port back.
 *
 * Theory of operation: the request is one line, "publish PROTO TARGET-IP TARGET-PORT", with the socket as SCM_RIGHTS; the daemon reads the
 * host's address and port off the socket. The answer is "ok" or "error TEXT". A daemon that goes away is awaited and told again, so the port
 * survives its restart; the socket's filter (a packet that nobody steers is dropped, not refused) keeps clients trying meanwhile. Where no
 * daemon runs one is started, under a lock, so that of many launchers one does it; it says so to its successor (TSPROXY_LAUNCHED). A daemon that
 * stops in order removes its socket and is only awaited; one that crashed leaves it, and is replaced after RESTART_MS. Where systemd holds the
 * socket, connecting is all it takes: systemd starts the daemon, with the options of its unit.
 */
#define _GNU_SOURCE
#include "docker-proxy.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_FD 3 /* dockerd's pipe */
#define LISTEN_FD 4 /* the socket, with -use-listen-fd */
#define START_MS 10000 /* dockerd waits 16 s */
#define RESTART_MS 3000
#define RETRY_MAX_MS 1000
#define BACKLOG 4096
#define PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path) /* of a file in the run folder */

static const char *run_dir;
static char error[512]; /* why the last thing failed, for dockerd */
static int status_fd = -1;

static int64_t now_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The system's word for errno as Go writes it (syscall/zerrors_linux_*.go): "address already in use". Not every libc has the same ones. */
static const char *reason(void) {
  static char text[128];
  switch (errno) {
    case EADDRINUSE: return "address already in use";
    case EADDRNOTAVAIL: return "cannot assign requested address";
    case EMFILE: return "too many open files";
    case ENOMEM: return "cannot allocate memory";
  }
  snprintf(text, sizeof text, "%s", strerror(errno));
  text[0] = (char)tolower((unsigned char)text[0]);
  return text;
}

/* ---- descriptor 3 ---- */

/* One write: dockerd reads once. */
static void report(const char *text) {
  if (status_fd < 0) return;
  if (write(status_fd, text, strlen(text)) < 0) { /* dockerd is gone, and we follow */
  }
  close(status_fd);
  status_fd = -1;
}

static void fail(void) {
  char text[sizeof error + 2];
  snprintf(text, sizeof text, "1\n%s", error);
  report(text);
  dprintf(2, "docker-proxy: %s\n", error);
  exit(1);
}

/* ---- the socket ---- */

/* What reaches the port without being steered is dropped in silence, until the daemon says otherwise: no answer, no refusal. */
static void drop_all(int fd) {
  struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog prog = {.len = 1, .filter = &code};
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
}

/*
 * Where the kernel has no SCTP sockets, nothing can hold a port of it but a name that programs agree on: an abstract unix socket, which is per
 * network namespace, as ports are. tsproxy itself does the same (socket.c), and the daemon reads address and port off the name.
 */
static int hold_name(int family, const void *address) {
  char text[INET6_ADDRSTRLEN];
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  inet_ntop(family, address, text, sizeof text);
  int n = snprintf(sa.sun_path + 1, sizeof sa.sun_path - 1, "tsproxy/sctp/%s/%ld", text, flags.host_port);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0) return fd;
  close(fd);
  return -1;
}

/* Binds as Go's net.ListenTCP and ListenUDP do, with their error texts. */
static int bind_own(int protocol) {
  bool listens = protocol != IPPROTO_UDP;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } sa = {.any.sa_family = (sa_family_t)address_family(flags.host_ip)};
  bool v6 = sa.any.sa_family == AF_INET6;
  if (v6) {
    inet_pton(AF_INET6, flags.host_ip, &sa.v6.sin6_addr);
    sa.v6.sin6_port = htons((uint16_t)flags.host_port);
  } else {
    inet_pton(AF_INET, flags.host_ip, &sa.v4.sin_addr);
    sa.v4.sin_port = htons((uint16_t)flags.host_port);
  }
  const char *step = "socket";
  bool valid = flags.host_port >= 0 && flags.host_port <= 65535;
  int one = 1, fd = socket(sa.any.sa_family, (listens ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, protocol);
  if (fd < 0 && protocol == IPPROTO_SCTP && valid && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)) {
    step = "bind";
    fd = hold_name(sa.any.sa_family, v6 ? (void *)&sa.v6.sin6_addr : (void *)&sa.v4.sin_addr);
    if (fd >= 0) return fd;
  } else if (fd >= 0) {
    if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (listens) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    drop_all(fd);
    step = "bind";
    errno = EINVAL;
    if (valid && bind(fd, &sa.any, v6 ? sizeof sa.v6 : sizeof sa.v4) == 0) {
      step = "listen";
      if (!listens || listen(fd, BACKLOG) == 0) return fd;
    }
  }
  snprintf(error, sizeof error, v6 ? "listen %s6 [%s]:%ld: %s: %s" : "listen %s4 %s:%ld: %s: %s", flags.proto, flags.host_ip,
           flags.host_port, step, reason());
  return -1;
}

/* The socket on descriptor 4, if it is one for the protocol. */
static int take_passed(int protocol) {
  int type, domain;
  socklen_t len = sizeof type;
  if (getsockopt(LISTEN_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || getsockopt(LISTEN_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0) {
    snprintf(error, sizeof error, "listener fd: %s", reason());
    return -1;
  }
  if ((domain != AF_INET && domain != AF_INET6) || type != (protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM)) {
    const char *what = domain == AF_UNIX ? "unix" : type == SOCK_STREAM ? "tcp" : type == SOCK_DGRAM ? "udp" : "unknown";
    snprintf(error, sizeof error, "unexpected socket type for listener fd: %s", what);
    return -1;
  }
  fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC);
  drop_all(LISTEN_FD);
  return LISTEN_FD;
}

/* ---- the daemon ---- */

static int connect_daemon(void) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  snprintf(sa.sun_path, sizeof sa.sun_path, "%s/docker-proxy.sock", run_dir);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0) return fd;
  int err = errno;
  if (fd >= 0) close(fd);
  errno = err;
  return -1;
}

/* Turns this forked process into the daemon, of its own session: neither dockerd's end nor ours is its end. */
static void become_daemon(void) {
  char log[PATH_SIZE], self[PATH_MAX], program[PATH_MAX + 32];
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  setsid();
  snprintf(log, sizeof log, "%s/daemon.log", run_dir);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  dup2(null, 0);
  dup2(out < 0 ? null : out, 1);
  dup2(out < 0 ? null : out, 2);
  if (chdir("/") < 0 || setenv("TSPROXY_LAUNCHED", "1", 1) < 0) _exit(127);
  const char *command = getenv("TSPROXY_DAEMON");
  if (command != NULL) {
    snprintf(program, sizeof program, "exec %s", command);
    execl("/bin/sh", "sh", "-c", program, (char *)NULL);
    _exit(127);
  }
  /* Beside us as packages install it, then as the source tree has it, then anywhere. */
  static const char *const places[] = {"tsproxy", "../../dist/cli/main.js" /* a clone */, "../../../dist/cli/main.js" /* a package */};
  ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
  self[len < 0 ? 0 : len] = 0;
  char *slash = strrchr(self, '/');
  for (size_t i = 0; slash != NULL && i < sizeof places / sizeof *places; i++) {
    snprintf(program, sizeof program, "%.*s/%s", (int)(slash - self), self, places[i]);
    execl(program, "tsproxy", "daemon", (char *)NULL);
  }
  execlp("tsproxy", "tsproxy", "daemon", (char *)NULL);
  dprintf(2, "cannot run 'tsproxy daemon': %s\n", reason());
  _exit(127);
}

static int start_daemon(int64_t deadline) {
  pid_t child = fork();
  if (child == 0) become_daemon();
  if (child < 0) return -1;
  for (int wait = 2; now_ms() < deadline; wait = wait < 20 ? wait * 2 : 20) {
    poll(NULL, 0, wait);
    int fd = connect_daemon();
    if (fd >= 0) return fd;
    /* It may have lost against another one that is about to listen. */
    if (child > 0 && waitpid(child, NULL, WNOHANG) == child) child = 0, deadline = now_ms() + 500 < deadline ? now_ms() + 500 : deadline;
  }
  errno = child == 0 ? ECHILD : ETIMEDOUT;
  return -1;
}

/* A connection to the daemon, which is started if there is none; -1 with `error`. */
static int reach_daemon(int64_t deadline) {
  char path[PATH_SIZE];
  int fd = connect_daemon();
  if (fd >= 0) return fd;
  mkdir(run_dir, 0755);
  snprintf(path, sizeof path, "%s/docker-proxy.lock", run_dir);
  int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 && errno != EACCES) {
    snprintf(error, sizeof error, "cannot open %s: %s", path, reason());
    return -1;
  }
  if (lock >= 0) flock(lock, LOCK_EX);
  fd = connect_daemon(); /* somebody may have started it while we waited */
  if (fd < 0 && lock >= 0) fd = start_daemon(deadline);
  if (fd < 0 && errno == ECHILD) snprintf(error, sizeof error, "'tsproxy daemon' ends as soon as it is started: see %s/daemon.log", run_dir);
  else if (fd < 0) snprintf(error, sizeof error, "no tsproxy daemon at %s/docker-proxy.sock: %s", run_dir, reason());
  if (lock >= 0) close(lock);
  return fd;
}

/* Sends the request with the socket, and awaits the answer. False with `error`. */
static bool ask(int daemon, int sock, int64_t deadline) {
  char text[256], answer[sizeof error] = "";
  int len = snprintf(text, sizeof text, "publish %s %s %ld\n", flags.proto, flags.container_ip, flags.container_port);
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.header), &sock, sizeof sock);
  struct iovec iov = {text, (size_t)len};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
  if (sendmsg(daemon, &message, MSG_NOSIGNAL) == len) {
    struct pollfd ready = {.fd = daemon, .events = POLLIN};
    for (size_t used = 0; used < sizeof answer - 1 && strchr(answer, '\n') == NULL;) {
      int64_t left = deadline - now_ms();
      ssize_t n = left > 0 && poll(&ready, 1, (int)left) > 0 ? read(daemon, answer + used, sizeof answer - 1 - used) : 0;
      if (n <= 0) break;
      used += (size_t)n;
    }
  }
  answer[strcspn(answer, "\n")] = 0;
  if (strcmp(answer, "ok") == 0) return true;
  snprintf(error, sizeof error, "%s", strncmp(answer, "error ", 6) == 0 ? answer + 6 : "the tsproxy daemon does not answer: see 'systemctl status tsproxy'");
  return false;
}

/* The daemon went away: comes back when another one serves our port. */
static int reconnect(int sock) {
  int64_t crashed = 0; /* since when a socket without a process is all there is */
  for (int wait = 10;; wait = wait * 2 < RETRY_MAX_MS ? wait * 2 : RETRY_MAX_MS) {
    poll(NULL, 0, wait);
    int64_t now = now_ms();
    int fd = connect_daemon();
    if (fd < 0 && errno == ECONNREFUSED) {
      if (crashed == 0) crashed = now;
      else if (now - crashed >= RESTART_MS) fd = reach_daemon(now + START_MS), crashed = 0;
    } else {
      crashed = 0;
    }
    if (fd < 0) continue;
    if (ask(fd, sock, now + START_MS)) return fd;
    close(fd);
  }
}

/* ---- */

/*
 * Gives back the pages of code and constants that starting took: what waits needs few of them, and each launcher's resident memory counts.
 * They come back from the file when they are touched.
 */
static void forget_pages(void) {
  const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
  uintptr_t page = (uintptr_t)getpagesize() - 1;
  for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
    if (ph[i].p_type != PT_LOAD || (ph[i].p_flags & PF_W) != 0) continue;
    uintptr_t start = ph[i].p_vaddr & ~page;
    madvise((void *)start, (ph[i].p_vaddr + ph[i].p_memsz - start + page) & ~page, MADV_DONTNEED);
  }
}

static void stop(int signal) {
  (void)signal;
  _exit(0);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--keep") == 0) keep_descriptors(atoi(argv[2]));
  if (fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC) == 0) status_fd = STATUS_FD;
  parse_flags(argc, argv);
  if (flags.version) {
    dprintf(1, "docker-proxy (commit tsproxy) version %s\n", VERSION);
    return 0;
  }
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  run_dir = getenv("TSPROXY_RUN_DIR");
  if (run_dir == NULL) run_dir = "/run/tsproxy";
  if (strlen(run_dir) + sizeof "/docker-proxy.sock" > PATH_SIZE) {
    snprintf(error, sizeof error, "TSPROXY_RUN_DIR is too long");
    fail();
  }
  int protocol = strcmp(flags.proto, "tcp") == 0 ? IPPROTO_TCP : strcmp(flags.proto, "udp") == 0 ? IPPROTO_UDP : strcmp(flags.proto, "sctp") == 0 ? IPPROTO_SCTP : -1;
  if (protocol < 0) {
    snprintf(error, sizeof error, "unsupported protocol %.64s", flags.proto);
    fail();
  }
  int sock = flags.use_listen_fd ? take_passed(protocol) : bind_own(protocol);
  if (sock < 0) fail();
  int64_t deadline = now_ms() + START_MS;
  int daemon = reach_daemon(deadline);
  if (daemon < 0 || !ask(daemon, sock, deadline)) fail();
  report("0\n");
  signal(SIGCHLD, SIG_IGN); /* a daemon that we started and that ends */
  for (;;) {
    forget_pages();
    char rest[64];
    while (read(daemon, rest, sizeof rest) > 0) {
    }
    close(daemon);
    daemon = reconnect(sock);
  }
}
