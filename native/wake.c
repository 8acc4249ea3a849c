/* eventfd(2), by which one thread wakes another. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <sys/eventfd.h>
#include <unistd.h>

static napi_value make_eventfd(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? tsp_throw(env, "eventfd", errno) : tsp_num(env, fd);
}

/* signalEventfd(fd): wakes who waits for it. */
static napi_value signal_eventfd(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  uint64_t one = 1;
  return tsp_num(env, write(tsp_i32(env, argv[0]), &one, sizeof one) < 0 ? -errno : 0);
}

void wake_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "eventfd", make_eventfd);
  tsp_export(env, exports, "signalEventfd", signal_eventfd);
}
