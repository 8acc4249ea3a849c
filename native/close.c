/*
 * Closing descriptors apart. Closing a network device's last descriptor ends the device, and the kernel then waits for everybody who may still look
 * at it (rcu_barrier in net/core/dev.c): 10 to 20 ms in which the thread does nothing. Those waits overlap if they are of several threads, so each
 * call has one of its own.
 */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Node exports libuv, whose headers do not come with those of Node-API. On Linux it is a pthread_t. */
typedef unsigned long uv_thread_t;
int uv_thread_create(uv_thread_t *thread, void (*entry)(void *arg), void *arg);
int uv_thread_join(uv_thread_t *thread);

struct closing {
  uv_thread_t thread;
  napi_threadsafe_function done;
  napi_deferred deferred;
  size_t count;
  int32_t fds[];
};

static void close_all(struct closing *c) {
  for (size_t i = 0; i < c->count; i++) close(c->fds[i]);
}

static void in_thread(void *arg) {
  struct closing *c = arg;
  close_all(c);
  napi_call_threadsafe_function(c->done, c, napi_tsfn_blocking);
}

static void resolve(napi_env env, struct closing *c) {
  napi_value undefined;
  napi_get_undefined(env, &undefined);
  napi_resolve_deferred(env, c->deferred, undefined);
}

/* In the thread of JavaScript, or, with `env` NULL, while Node ends. */
static void when_done(napi_env env, napi_value callback, void *context, void *data) {
  (void)callback, (void)context;
  struct closing *c = data;
  uv_thread_join(&c->thread);
  if (env != NULL) resolve(env, c);
  napi_release_threadsafe_function(c->done, napi_tsfn_release);
  free(c);
}

/* closeApart(Int32Array) -> promise: resolves when all are closed. */
static napi_value close_apart(napi_env env, napi_callback_info info) {
  napi_value argv[1], promise, name;
  uint8_t *bytes;
  size_t length;
  tsp_args(env, info, 1, argv);
  if (!tsp_bytes(env, argv[0], &bytes, &length)) return NULL;
  struct closing *c = malloc(sizeof *c + length);
  if (c == NULL) return tsp_throw(env, "malloc", ENOMEM);
  c->count = length / sizeof *c->fds;
  memcpy(c->fds, bytes, length);
  napi_create_promise(env, &c->deferred, &promise);
  napi_create_string_utf8(env, "closeApart", NAPI_AUTO_LENGTH, &name);
  napi_status made = napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, when_done, &c->done);
  if (made == napi_ok && uv_thread_create(&c->thread, in_thread, c) == 0) return promise;
  /* Too many threads: then it takes its time here. */
  close_all(c);
  resolve(env, c);
  if (made == napi_ok) napi_release_threadsafe_function(c->done, napi_tsfn_release);
  free(c);
  return promise;
}

void close_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "closeApart", close_apart);
}
