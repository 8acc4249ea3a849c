/* Calls of bpf(2) one after another in a thread of their own, while the start goes on: the kernel clears a large map, 10 ms and more. */
#define _GNU_SOURCE
#include "apart.h"
#include "parts.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct calls {
  uv_thread_t thread;
  bool runs, taken;
  int32_t cmd;
  size_t attr_size, count;
  int32_t *fds; /* or -errno */
  uint8_t attrs[];
};

static void call_all(void *arg) {
  struct calls *c = arg;
  for (size_t i = 0; i < c->count; i++) {
    long r = syscall(SYS_bpf, c->cmd, c->attrs + i * c->attr_size, (unsigned)c->attr_size);
    c->fds[i] = (int32_t)(r < 0 ? -errno : r);
  }
}

static void wait_for(struct calls *c) {
  if (c->runs) uv_thread_join(&c->thread);
  c->runs = false;
}

static void free_calls(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct calls *c = data;
  wait_for(c);
  for (size_t i = 0; i < c->count && !c->taken; i++)
    if (c->fds[i] >= 0) close(c->fds[i]);
  free(c->fds);
  free(c);
}

/* callsStart(cmd, attrSize, attrs one after another) -> handle */
static napi_value calls_start(napi_env env, napi_callback_info info) {
  napi_value argv[3], out;
  uint8_t *attrs;
  size_t length;
  tsp_args(env, info, 3, argv);
  size_t attr_size = tsp_u32(env, argv[1]);
  if (!tsp_bytes(env, argv[2], &attrs, &length)) return NULL;
  if (attr_size == 0 || length % attr_size != 0) {
    napi_throw_range_error(env, NULL, "not a whole number of attrs");
    return NULL;
  }
  struct calls *c = calloc(1, sizeof *c + length);
  if (c == NULL || (c->fds = calloc(length / attr_size + 1, sizeof *c->fds)) == NULL) {
    free(c);
    return tsp_throw(env, "calloc", ENOMEM);
  }
  c->cmd = tsp_i32(env, argv[0]);
  c->attr_size = attr_size;
  c->count = length / attr_size;
  memcpy(c->attrs, attrs, length);
  c->runs = uv_thread_create(&c->thread, call_all, c) == 0;
  if (!c->runs) call_all(c); /* too many threads: then it takes its time here */
  napi_create_external(env, c, free_calls, NULL, &out);
  return out;
}

/* callsTake(handle) -> Int32Array of descriptors, or -errno, in the same order; once. Waits until all are done. */
static napi_value calls_take(napi_env env, napi_callback_info info) {
  napi_value argv[1], buffer, out;
  void *data, *bytes;
  tsp_args(env, info, 1, argv);
  if (napi_get_value_external(env, argv[0], &data) != napi_ok) return NULL;
  struct calls *c = data;
  wait_for(c);
  napi_create_arraybuffer(env, c->count * sizeof *c->fds, &bytes, &buffer);
  if (!c->taken) memcpy(bytes, c->fds, c->count * sizeof *c->fds);
  c->taken = true;
  napi_create_typedarray(env, napi_int32_array, c->count, buffer, 0, &out);
  return out;
}

void calls_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "callsStart", calls_start);
  tsp_export(env, exports, "callsTake", calls_take);
}
