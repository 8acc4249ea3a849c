/*
 * TCX links, made in a thread of their own. For each the kernel waits until nobody looks at the device's programs any more (synchronize_rcu in
 * tcx_link_attach), some 8 ms in which the caller does nothing; meanwhile the start goes on.
 */
#define _GNU_SOURCE
#include "apart.h"
#include "parts.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK_CREATE 28 /* enum bpf_cmd; headers may be older than the kernel */

struct place {
  int32_t ifindex, attach_type;
};

struct links {
  uv_thread_t thread;
  bool runs, taken;
  int32_t prog_fd;
  size_t count;
  int32_t *fds; /* or -errno */
  struct place places[];
};

static void make_links(void *arg) {
  struct links *l = arg;
  for (size_t i = 0; i < l->count; i++) {
    struct {
      uint32_t prog_fd, ifindex, attach_type, flags;
      uint64_t more[2];
    } attr = {.prog_fd = (uint32_t)l->prog_fd, .ifindex = (uint32_t)l->places[i].ifindex, .attach_type = (uint32_t)l->places[i].attach_type};
    long r = syscall(SYS_bpf, LINK_CREATE, &attr, (unsigned)sizeof attr);
    l->fds[i] = (int32_t)(r < 0 ? -errno : r);
  }
}

static void wait_for(struct links *l) {
  if (l->runs) uv_thread_join(&l->thread);
  l->runs = false;
}

static void free_links(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  struct links *l = data;
  wait_for(l);
  for (size_t i = 0; i < l->count && !l->taken; i++)
    if (l->fds[i] >= 0) close(l->fds[i]);
  free(l->fds);
  free(l);
}

/* linksStart(progFd, Int32Array [ifindex, attachType, …]) -> handle */
static napi_value links_start(napi_env env, napi_callback_info info) {
  napi_value argv[2], out;
  uint8_t *places;
  size_t length;
  tsp_args(env, info, 2, argv);
  if (!tsp_bytes(env, argv[1], &places, &length)) return NULL;
  struct links *l = calloc(1, sizeof *l + length);
  if (l == NULL || (l->fds = calloc(length / sizeof *l->places + 1, sizeof *l->fds)) == NULL) {
    free(l);
    return tsp_throw(env, "calloc", ENOMEM);
  }
  l->prog_fd = tsp_i32(env, argv[0]);
  l->count = length / sizeof *l->places;
  memcpy(l->places, places, length);
  l->runs = uv_thread_create(&l->thread, make_links, l) == 0;
  if (!l->runs) make_links(l); /* too many threads: then it takes its time here */
  napi_create_external(env, l, free_links, NULL, &out);
  return out;
}

/* linksTake(handle) -> Int32Array of descriptors, or -errno, in the same order; once. Waits until all are made. */
static napi_value links_take(napi_env env, napi_callback_info info) {
  napi_value argv[1], buffer, out;
  void *data, *bytes;
  tsp_args(env, info, 1, argv);
  if (napi_get_value_external(env, argv[0], &data) != napi_ok) return NULL;
  struct links *l = data;
  wait_for(l);
  napi_create_arraybuffer(env, l->count * sizeof *l->fds, &bytes, &buffer);
  if (!l->taken) memcpy(bytes, l->fds, l->count * sizeof *l->fds);
  l->taken = true;
  napi_create_typedarray(env, napi_int32_array, l->count, buffer, 0, &out);
  return out;
}

void links_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "linksStart", links_start);
  tsp_export(env, exports, "linksTake", links_take);
}
