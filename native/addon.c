/* Registers what the addon's parts export. */
#include "parts.h"

static napi_value init(napi_env env, napi_value exports) {
  tap_init(env, exports);
  io_init(env, exports);
  memory_init(env, exports);
  socket_init(env, exports);
  udp_init(env, exports);
  process_init(env, exports);
  bpf_init(env, exports);
  close_init(env, exports);
  calls_init(env, exports);
  fds_init(env, exports);
  fd_table_init(env, exports);
  seal_init(env, exports);
  wake_init(env, exports);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
