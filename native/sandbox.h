/* Sandboxes as front.c makes and enters them. */
#ifndef TSPROXY_SANDBOX_H
#define TSPROXY_SANDBOX_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define NOT_FOUND 127 /* as shells and Docker have it */
#define NOT_RUN 126
#define FAILED 125 /* of tsproxy itself */

struct sandbox {
  const char *network; /* "new", "host" or a path */
  bool detached;
  char **argv; /* of the program */
};

/*
 * Makes init, which waits on `control` for "go DIR"; its pid. What goes wrong is told there, and ends the process. `tied`: all ends with the process
 * that started this one. `ours`: two descriptors that init is not to have, or -1. `set` gets the signals that are blocked from now on, for `await`.
 */
pid_t start_init(const struct sandbox *s, int control, bool tied, const int ours[2], sigset_t *set);
/* Reaps and hands on signals until `child` has ended; its exit code. */
int await(pid_t child, const sigset_t *set);
/* PID PROGRAM ARGUMENT…: in all namespaces of a sandbox; the exit code. `tied` as above. */
int exec_in(char **argv, bool tied);
/* PATH DIR PROGRAM ARGUMENT…: in a network namespace that somebody else made, with the files in DIR; the exit code. */
int enter(char **argv, bool tied);

#endif
