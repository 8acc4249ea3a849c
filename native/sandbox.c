/*
 * Namespaces and init of sandboxes, for front.c: they are made, or entered, and a program starts in them. This knows no network: the daemon gives
 * the network namespace its devices.
 *
 * Theory of operation. Three processes. The starter makes init in new mount, PID and host name namespaces, and a network namespace. Init waits there
 * for "go DIR" on its control stream: hosts, resolv.conf and hostname in DIR then take the places of the files in /etc, for this mount namespace
 * alone. It starts the program, says "ok" or "error CODE TEXT", and reaps what the program leaves behind. When the program ends, init writes its
 * exit code into DIR/exit and ends, and with it the kernel ends every process of the PID namespace: so nothing is left, whatever the program
 * started. In the foreground the starter stays, hands signals on and exits as the program did, and init is tied to it. Detached it ends once the
 * program runs, whose output goes to DIR/log.
 * Signals from a terminal reach the program by themselves, those that somebody sent are handed on.
 */
#define _GNU_SOURCE
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* linux/mount.h, which musl's headers contradict */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#define AT_RECURSIVE_ 0x8000
#define MOVE_MOUNT_F_EMPTY_PATH_ 4

/* Of init: where it is told to go on, and tells how it went. */
static int control_fd = -1;

static void say(const char *format, ...) {
  char text[PATH_MAX + 128];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (write(control_fd, text, strlen(text)) < 0) { /* nobody waits for it any more */
  }
}

static _Noreturn void fail(int code, const char *what) {
  int err = errno;
  if (control_fd >= 0) say("error %d %s: %s\n", code, what, strerror(err));
  else dprintf(2, "tsproxy: cannot start the program: %s: %s\n", what, strerror(err));
  _exit(code);
}

/* ---- signals ---- */

/* Those that are handed on; the rest stop or end a process whatever it does, or are about itself. */
static const int handed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH, SIGALRM};

static void block(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGCHLD);
  for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++) sigaddset(set, handed_on[i]);
  sigprocmask(SIG_BLOCK, set, NULL);
}

static int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int await(pid_t child, const sigset_t *set) {
  for (;;) {
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
      if (ended == child) return exit_code(status);
    siginfo_t info;
    int signal = sigwaitinfo(set, &info);
    if (signal > 0 && signal != SIGCHLD && info.si_code <= 0) kill(child, signal); /* SI_USER and its like: somebody sent it */
  }
}

/* ---- the program ---- */

/* In the process that becomes the program. Never returns; what goes wrong is told through `error_fd`. */
static _Noreturn void become(char **argv, int error_fd) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (size_t i = 0; i < sizeof handed_on / sizeof *handed_on; i++) signal(handed_on[i], SIG_DFL);
  execvp(argv[0], argv);
  int err = errno;
  if (write(error_fd, &err, sizeof err) < 0) { /* init is gone */
  }
  _exit(err == ENOENT ? NOT_FOUND : NOT_RUN);
}

/* Starts the program; its pid, or -1 with errno as execvp had it. */
static pid_t start(char **argv) {
  int pipe_fds[2], err = 0;
  if (pipe2(pipe_fds, O_CLOEXEC) < 0) return -1;
  pid_t child = fork();
  if (child == 0) become(argv, pipe_fds[1]);
  if (child < 0) err = errno;
  close(pipe_fds[1]);
  if (child > 0 && read(pipe_fds[0], &err, sizeof err) != sizeof err) err = 0;
  close(pipe_fds[0]);
  if (err == 0) return child;
  if (child > 0) waitpid(child, NULL, 0);
  errno = err;
  return -1;
}

/* ---- mounts ---- */

static void bind_file(const char *dir, const char *name, const char *target) {
  char source[PATH_MAX];
  snprintf(source, sizeof source, "%s/%s", dir, name);
  if (access(source, F_OK) < 0) return;
  /* A host without the file has none to be covered: the program then sees none. */
  if (mount(source, target, NULL, MS_BIND, NULL) < 0 && errno != ENOENT) fail(FAILED, target);
}

static void bind_files(const char *dir) {
  bind_file(dir, "hosts", "/etc/hosts");
  bind_file(dir, "resolv.conf", "/etc/resolv.conf");
  bind_file(dir, "hostname", "/etc/hostname");
}

/* Mounts of the host still come in, ours do not go out. */
static void own_mounts(void) {
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) fail(FAILED, "mount namespace");
}

/* /proc of this PID namespace and /sys of this network namespace. Where the kernel does not let us, the program sees the host's. */
static void own_proc_and_sys(bool own_network) {
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  if (!own_network) return;
  int cgroups = (int)syscall(SYS_open_tree, AT_FDCWD, "/sys/fs/cgroup", OPEN_TREE_CLONE | AT_RECURSIVE_ | O_CLOEXEC);
  if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 && cgroups >= 0)
    syscall(SYS_move_mount, cgroups, "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH_);
  if (cgroups >= 0) close(cgroups);
}

static void loopback_up(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) fail(FAILED, "lo");
  close(fd);
}

/* ---- run ---- */

/* Waits for "go DIR"; ends when nobody will say it any more. */
static const char *await_go(void) {
  static char line[PATH_MAX];
  size_t used = 0;
  while (used < sizeof line - 1 && memchr(line, '\n', used) == NULL) {
    ssize_t n = read(control_fd, line + used, sizeof line - 1 - used);
    if (n <= 0) _exit(FAILED);
    used += (size_t)n;
  }
  line[strcspn(line, "\n")] = 0;
  if (strncmp(line, "go ", 3) != 0) _exit(FAILED);
  return line + 3;
}

static int open_in(const char *dir, const char *name, int flags) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, flags | O_CLOEXEC, 0600);
  if (fd < 0) fail(FAILED, path);
  return fd;
}

static void to_log(const char *dir) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = open_in(dir, "log", O_WRONLY | O_APPEND | O_CREAT);
  dup2(null, 0);
  dup2(log, 1);
  dup2(log, 2);
}

static void own_hostname(const char *dir) {
  char path[PATH_MAX], name[65]; /* HOST_NAME_MAX */
  snprintf(path, sizeof path, "%s/hostname", dir);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return; /* it keeps the host's */
  ssize_t n = read(fd, name, sizeof name - 1);
  close(fd);
  name[n < 0 ? 0 : n] = 0;
  if (sethostname(name, strcspn(name, "\n")) < 0) fail(FAILED, "host name");
}

static _Noreturn void init(char **argv, bool detached, bool own_network, bool new_network) {
  sigset_t set;
  block(&set);
  if (!detached) prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (new_network) loopback_up();
  const char *dir = await_go();
  int exit_fd = open_in(dir, "exit", O_WRONLY | O_CREAT | O_TRUNC);
  own_mounts();
  bind_files(dir);
  own_proc_and_sys(own_network);
  own_hostname(dir);
  if (detached) {
    setsid();
    to_log(dir);
  }
  pid_t child = start(argv);
  if (child < 0) {
    int code = errno == ENOENT ? NOT_FOUND : NOT_RUN;
    say("error %d %s: %s\n", code, argv[0], errno == ENOENT ? "executable file not found in $PATH" : strerror(errno));
    dprintf(exit_fd, "%d\n", code);
    _exit(code);
  }
  say("ok\n");
  close(control_fd);
  prctl(PR_SET_NAME, "tsproxy-init");
  int code = await(child, &set);
  dprintf(exit_fd, "%d\n", code);
  _exit(code);
}

pid_t start_init(const struct sandbox *s, int control, bool tied, const int ours[2], sigset_t *set) {
  fcntl(control, F_SETFD, FD_CLOEXEC);
  bool new_network = strcmp(s->network, "new") == 0, host = strcmp(s->network, "host") == 0;
  if (!new_network && !host) {
    int fd = open(s->network, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) fail(FAILED, s->network);
    close(fd);
  }
  block(set);
  pid_t parent = getppid();
  if (tied) prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (tied && getppid() != parent) _exit(FAILED); /* it ended before that */
  int flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | (new_network ? CLONE_NEWNET : 0);
  /* As fork does it, with a stack of its own by copy on write. */
  pid_t child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) fail(FAILED, "namespaces");
  if (child > 0) return child;
  for (int i = 0; i < 2; i++)
    if (ours[i] >= 0) close(ours[i]);
  control_fd = control;
  init(s->argv, s->detached, !host, new_network);
}

/* ---- exec and enter ---- */

static void join(const char *path, int type) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, type) < 0) fail(FAILED, path);
  close(fd);
}

static int run_here(char **argv, bool tied) {
  sigset_t set;
  block(&set);
  if (tied) prctl(PR_SET_PDEATHSIG, SIGKILL);
  pid_t child = start(argv);
  if (child > 0) return await(child, &set);
  int code = errno == ENOENT ? NOT_FOUND : NOT_RUN;
  dprintf(2, "tsproxy: %s: %s\n", argv[0], errno == ENOENT ? "executable file not found in $PATH" : strerror(errno));
  return code;
}

int exec_in(char **argv, bool tied) {
  static const struct {
    const char *name;
    int type;
  } kinds[] = {{"net", CLONE_NEWNET}, {"uts", CLONE_NEWUTS}, {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS}};
  char path[64], cwd[PATH_MAX];
  int fds[4];
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "/proc/%.20s/ns/%s", argv[0], kinds[i].name);
    fds[i] = open(path, O_RDONLY | O_CLOEXEC);
    if (fds[i] < 0) fail(FAILED, path);
  }
  const char *back = getcwd(cwd, sizeof cwd);
  for (int i = 0; i < 4; i++)
    if (setns(fds[i], kinds[i].type) < 0) fail(FAILED, kinds[i].name);
  if (back == NULL || chdir(back) < 0)
    if (chdir("/") < 0) fail(FAILED, "/");
  return run_here(argv + 1, tied);
}

int enter(char **argv, bool tied) {
  join(argv[0], CLONE_NEWNET);
  if (unshare(CLONE_NEWNS) < 0) fail(FAILED, "mount namespace");
  own_mounts();
  bind_files(argv[1]);
  return run_here(argv + 2, tied);
}
