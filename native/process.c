/* Processes by descriptor (pidfd_open(2), Linux 5.3): one that ended is never taken for another that got its number. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <sys/syscall.h>
#include <unistd.h>

/* Not every libc has them; they are the same on x64 and arm64. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_send_signal 424
#define SYS_pidfd_open 434
#endif

/* pidfdOpen(pid) -> fd, readable once the process has ended, or -errno: -ESRCH where there is none. */
static napi_value pidfd_open_call(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  long fd = syscall(SYS_pidfd_open, tsp_i32(env, argv[0]), 0); /* close-on-exec by itself */
  return tsp_num(env, fd < 0 ? -errno : fd);
}

/* pidfdSignal(fd, signal) -> 0 or -errno: -ESRCH when it has ended. Signal 0 only asks. */
static napi_value pidfd_signal(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  long r = syscall(SYS_pidfd_send_signal, tsp_i32(env, argv[0]), tsp_i32(env, argv[1]), NULL, 0);
  return tsp_num(env, r < 0 ? -errno : 0);
}

void process_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "pidfdOpen", pidfd_open_call);
  tsp_export(env, exports, "pidfdSignal", pidfd_signal);
}
