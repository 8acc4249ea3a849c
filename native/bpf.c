/* bpf(2). The caller lays out union bpf_attr (linux/bpf.h); pointers in it are filled in here. */
#define _GNU_SOURCE
#include "apart.h"
#include "parts.h"
#include "util.h"
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_POINTERS 8

struct call {
  struct apart apart;
  int32_t cmd;
  uint8_t *attr;
  size_t attr_len;
};

/* Reads the arguments, and writes the pointers into `attr`; false, with an error thrown, for wrong ones. */
static bool prepare(napi_env env, napi_value argv[3], struct call *c) {
  c->cmd = tsp_i32(env, argv[0]);
  if (!tsp_bytes(env, argv[1], &c->attr, &c->attr_len)) return false;
  uint32_t n = 0;
  bool is_array = false;
  napi_is_array(env, argv[2], &is_array);
  if (is_array) napi_get_array_length(env, argv[2], &n);
  for (uint32_t i = 0; i + 1 < n && i / 2 < MAX_POINTERS; i += 2) {
    napi_value off_v, view;
    uint8_t *data;
    size_t len;
    napi_get_element(env, argv[2], i, &off_v);
    napi_get_element(env, argv[2], i + 1, &view);
    uint32_t off = tsp_u32(env, off_v);
    if (!tsp_bytes(env, view, &data, &len)) return false;
    if (off + 8 > c->attr_len) {
      napi_throw_range_error(env, NULL, "pointer outside of attr");
      return false;
    }
    uint64_t address = (uint64_t)(uintptr_t)data;
    memcpy(c->attr + off, &address, 8);
  }
  return true;
}

static double carry_out(const struct call *c) {
  long r = syscall(SYS_bpf, c->cmd, c->attr, (unsigned)c->attr_len);
  return (double)(r < 0 ? -errno : r);
}

static void work(struct apart *a) { a->result = carry_out((struct call *)a); }

/*
 * bpf(cmd, attr, [offset, view, offset, view, …]) -> result, or -errno.
 * At each byte `offset` of `attr` the address of the following typed array is written (64 bits).
 */
static napi_value bpf_call(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  struct call c;
  tsp_args(env, info, 3, argv);
  return prepare(env, argv, &c) ? tsp_num(env, carry_out(&c)) : NULL;
}

/* bpfApart(cmd, attr, [offset, view, …]) -> promise of the same; nothing of it may be touched until then. */
static napi_value bpf_apart(napi_env env, napi_callback_info info) {
  napi_value argv[3], kept;
  tsp_args(env, info, 3, argv);
  struct call *c = malloc(sizeof *c);
  if (c == NULL) return tsp_throw(env, "malloc", ENOMEM);
  if (!prepare(env, argv, c)) {
    free(c);
    return NULL;
  }
  napi_create_array_with_length(env, 2, &kept);
  for (uint32_t i = 0; i < 2; i++) napi_set_element(env, kept, i, argv[i + 1]);
  return apart(env, &c->apart, work, kept);
}

void bpf_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "bpf", bpf_call);
  tsp_export(env, exports, "bpfApart", bpf_apart);
}
