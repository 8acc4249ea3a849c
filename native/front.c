/*
 * tsproxy-sandbox front MAIN WORD…: `tsproxy run` and `tsproxy exec` without a Node.js of their own, which alone takes longer to start than a
 * sandbox does. The daemon, which runs anyway, understands the command line; this makes the namespaces, or enters them. Where there is no daemon, or
 * it leaves a command (help, wrong usage), MAIN carries it out, the `dist/cli/main.js` of this installation. `-`: that is what has started this, and
 * all ends with it.
 *
 * What is said, on RUN_DIR/run.sock (src/sandbox/front.ts). Sentences are lines.
 *
 *   here: "COUNT", then as many words, each with a zero behind it
 *   daemon: "node"                         it is left to main.js
 *           "error CODE TEXT"              it is over
 *           "exec WORD PID"                the program begins with word number WORD
 *           "enter WORD", then DIR and PATH, each in a line of its own: there may be blanks in them
 *           "run WORD d|f NETWORK"         d: detached; NETWORK: what init's option -n takes. Goes on:
 *   here: "pid N"                          of init
 *   daemon: "warning TEXT" any number, then "error CODE TEXT" or "go ID DIR"
 *
 * When the program of a sandbox has ended, a second conversation begins with "wait ID"; the daemon ends it when name, address and ports are free.
 */
#define _GNU_SOURCE
#include "sandbox.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE (3 * PATH_MAX)
#define PATIENCE_SEC 5 /* as api/client.ts */
#define FREE_SEC 3     /* for what the program had to be free */

/* What came and was not read yet. */
struct lines {
  int fd;
  size_t used;
  char text[LINE];
};

/* The next line, until the next call; NULL when there is none any more. */
static char *next_line(struct lines *in) {
  static char line[LINE];
  char *end;
  while ((end = memchr(in->text, '\n', in->used)) == NULL) {
    if (in->used == sizeof in->text) return NULL;
    ssize_t n = read(in->fd, in->text + in->used, sizeof in->text - in->used);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return NULL;
    in->used += (size_t)n;
  }
  size_t length = (size_t)(end - in->text);
  memcpy(line, in->text, length);
  line[length] = 0;
  in->used -= length + 1;
  memmove(in->text, end + 1, in->used);
  return line;
}

/* A connection to the daemon; -1 when there is none. As `runDirs` of src/api/paths.ts. */
static int dial(int seconds) {
  const char *own = getenv("TSPROXY_RUN_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");
  bool is_own = own != NULL && *own != 0, is_users = !is_own && geteuid() != 0 && xdg != NULL && *xdg != 0;
  for (int turn = is_users ? 0 : 1; turn < 2; turn++) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t room = sizeof at.sun_path;
    int length = turn == 0 ? snprintf(at.sun_path, room, "%s/tsproxy/run.sock", xdg)
                           : snprintf(at.sun_path, room, "%s/run.sock", is_own ? own : "/run/tsproxy");
    if (length < 0 || (size_t)length >= room) continue;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
      struct timeval patience = {.tv_sec = seconds};
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      return fd;
    }
    if (fd >= 0) close(fd);
  }
  return -1;
}

static bool say_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    length -= (size_t)n;
  }
  return true;
}

static bool say_line(int fd, const char *what, const char *value) {
  char line[LINE];
  int length = snprintf(line, sizeof line, "%s%s\n", what, value);
  return length > 0 && (size_t)length < sizeof line && say_all(fd, line, (size_t)length);
}

static bool say_words(int fd, char **words, int count) {
  char number[16];
  snprintf(number, sizeof number, "%d", count);
  if (!say_line(fd, "", number)) return false;
  for (int i = 0; i < count; i++)
    if (!say_all(fd, words[i], strlen(words[i]) + 1)) return false;
  return true;
}

static int broken(void) {
  dprintf(2, "tsproxy: the daemon does not answer: is it still running?\n");
  return FAILED;
}

/* "error CODE TEXT" */
static int refused(const char *line) {
  char *text;
  long code = strtol(line + strlen("error "), &text, 10);
  dprintf(2, "tsproxy:%s\n", text);
  return (int)code;
}

static bool begins(const char *line, const char *with) {
  return strncmp(line, with, strlen(with)) == 0;
}

/* Until what the sandbox had is free. */
static void until_free(const char *id) {
  int fd = dial(FREE_SEC);
  char byte;
  if (fd < 0) return;
  if (say_line(fd, "wait ", id))
    while (read(fd, &byte, 1) > 0) {
    }
  close(fd);
}

/* From "run …" on. */
static int run_sandbox(struct lines *daemon, const struct sandbox *s, bool tied) {
  int control[2];
  sigset_t set;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0) return broken();
  pid_t child = start_init(s, control[1], tied, (const int[]){control[0], daemon->fd}, &set); /* ends if it is not told to go on */
  close(control[1]);
  char number[16], id[80] = "", *line;
  snprintf(number, sizeof number, "%d", (int)child);
  if (!say_line(daemon->fd, "pid ", number)) return broken();
  while ((line = next_line(daemon)) != NULL && begins(line, "warning ")) dprintf(2, "WARNING: %s\n", line + strlen("warning "));
  if (line == NULL) return broken();
  if (begins(line, "error ")) return refused(line);
  char *dir = strchr(line + strlen("go "), ' ');
  if (!begins(line, "go ") || dir == NULL) return broken();
  *dir++ = 0;
  snprintf(id, sizeof id, "%s", line + strlen("go "));
  close(daemon->fd);
  struct lines init = {.fd = control[0]};
  if (!say_line(init.fd, "go ", dir) || (line = next_line(&init)) == NULL) {
    int code = await(child, &set);
    dprintf(2, "tsproxy: the sandbox ended before its program ran (exit code %d): run as root\n", code);
    return FAILED;
  }
  if (begins(line, "error ")) {
    char *text;
    long code = strtol(line + strlen("error "), &text, 10);
    dprintf(2, "tsproxy: cannot start the program:%s%s\n", text, code == FAILED ? ": run as root" : "");
    until_free(id);
    return (int)code;
  }
  if (s->detached) {
    dprintf(1, "%s\n", id);
    return 0;
  }
  close(init.fd);
  int code = await(child, &set);
  until_free(id);
  return code;
}

static int to_node(char **argv, bool tied) {
  if (tied) return broken();
  execv(argv[0], argv); /* with the Node.js that its first line names */
  argv[-1] = "node";
  execvp("node", argv - 1);
  dprintf(2, "tsproxy: cannot run Node.js: %s\n", strerror(errno));
  return FAILED;
}

/* The next line, as a path of PATH_MAX bytes. */
static bool next_path(struct lines *daemon, char *path) {
  const char *line = next_line(daemon);
  return line != NULL && snprintf(path, PATH_MAX, "%s", line) < PATH_MAX;
}

/* argv: MAIN WORD… */
static int front(char **argv) {
  char **words = argv + 1;
  bool tied = strcmp(argv[0], "-") == 0;
  int count = 0;
  while (words[count] != NULL) count++;
  struct lines daemon = {.fd = dial(PATIENCE_SEC)};
  char *line = daemon.fd >= 0 && say_words(daemon.fd, words, count) ? next_line(&daemon) : NULL;
  if (line == NULL || strcmp(line, "node") == 0) return to_node(argv, tied);
  if (begins(line, "error ")) return refused(line);
  char kind[8], first[PATH_MAX], second[PATH_MAX] = "";
  int program = 0;
  if (sscanf(line, "%7s %d %4095s %4095[^\n]", kind, &program, first, second) < 2 || program < 1 || program >= count) return broken();
  if (strcmp(kind, "run") == 0) return run_sandbox(&daemon, &(struct sandbox){.network = second, .detached = *first == 'd', .argv = words + program}, tied);
  if (strcmp(kind, "enter") == 0 && (!next_path(&daemon, first) || !next_path(&daemon, second))) return broken();
  close(daemon.fd);
  /* Into the place of the words before the program. */
  words[program - 1] = first;
  if (strcmp(kind, "exec") == 0) return exec_in(words + program - 1, tied);
  words[program - 2] = second;
  return enter(words + program - 2, tied);
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "front") == 0) return front(argv + 2);
  dprintf(2, "tsproxy-sandbox is started by 'tsproxy run' and 'tsproxy exec'\n");
  return 2;
}
