/* bpf(2). The caller lays out union bpf_attr (linux/bpf.h); pointers in it are filled in here. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_POINTERS 8

/*
 * bpf(cmd, attr, [offset, view, offset, view, …]) -> result, or -errno.
 * At each byte `offset` of `attr` the address of the following typed array is written (64 bits).
 */
static napi_value bpf_call(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  uint8_t *attr;
  size_t attr_len;
  if (!tsp_bytes(env, argv[1], &attr, &attr_len)) return NULL;
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
    if (!tsp_bytes(env, view, &data, &len)) return NULL;
    if (off + 8 > attr_len) {
      napi_throw_range_error(env, NULL, "pointer outside of attr");
      return NULL;
    }
    uint64_t address = (uint64_t)(uintptr_t)data;
    memcpy(attr + off, &address, 8);
  }
  long r = syscall(SYS_bpf, tsp_i32(env, argv[0]), attr, (unsigned)attr_len);
  return tsp_num(env, r < 0 ? -errno : r);
}

void bpf_init(napi_env env, napi_value exports) { tsp_export(env, exports, "bpf", bpf_call); }
