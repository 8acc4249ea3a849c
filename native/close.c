/*
 * Closing descriptors apart. Closing a network device's last descriptor ends the device, and the kernel then waits for everybody who may still look
 * at it (rcu_barrier in net/core/dev.c): 10 to 20 ms in which the thread does nothing. Those waits overlap if they are of several threads, so each
 * call has one of its own.
 */
#define _GNU_SOURCE
#include "apart.h"
#include "parts.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct closing {
  struct apart apart;
  size_t count;
  int32_t fds[];
};

static void close_all(struct apart *a) {
  struct closing *c = (struct closing *)a;
  for (size_t i = 0; i < c->count; i++) close(c->fds[i]);
}

/* closeApart(Int32Array) -> promise: resolves when all are closed. */
static napi_value close_apart(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  uint8_t *bytes;
  size_t length;
  tsp_args(env, info, 1, argv);
  if (!tsp_bytes(env, argv[0], &bytes, &length)) return NULL;
  struct closing *c = malloc(sizeof *c + length);
  if (c == NULL) return tsp_throw(env, "malloc", ENOMEM);
  c->count = length / sizeof *c->fds;
  memcpy(c->fds, bytes, length);
  return apart(env, &c->apart, close_all, NULL);
}

void close_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "closeApart", close_apart);
}
