/* What every file of the addon uses: arguments, results, errors, and another network namespace for a while. */
#define _GNU_SOURCE
#include "util.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tsp_args(napi_env env, napi_callback_info info, size_t want, napi_value *argv) {
  size_t argc = want;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL); /* fills missing ones with undefined */
}

int32_t tsp_i32(napi_env env, napi_value v) {
  int32_t n = 0;
  napi_get_value_int32(env, v, &n);
  return n;
}

uint32_t tsp_u32(napi_env env, napi_value v) {
  uint32_t n = 0;
  napi_get_value_uint32(env, v, &n);
  return n;
}

bool tsp_str(napi_env env, napi_value v, char *out, size_t size) {
  size_t len = 0;
  if (napi_get_value_string_utf8(env, v, NULL, 0, &len) != napi_ok || len >= size) {
    napi_throw_type_error(env, NULL, "expected a (shorter) string");
    return false;
  }
  napi_get_value_string_utf8(env, v, out, size, &len);
  return true;
}

bool tsp_bytes(napi_env env, napi_value v, uint8_t **data, size_t *len) {
  napi_typedarray_type type;
  size_t count = 0;
  void *p = NULL;
  static const size_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  if (napi_get_typedarray_info(env, v, &type, &count, &p, NULL, NULL) != napi_ok) {
    napi_throw_type_error(env, NULL, "expected a typed array");
    return false;
  }
  *data = p;
  *len = count * width[type];
  return true;
}

napi_value tsp_num(napi_env env, int64_t n) {
  napi_value v;
  napi_create_int64(env, n, &v);
  return v;
}

napi_value tsp_throw(napi_env env, const char *syscall, int err) {
  napi_value msg, error, num, call;
  char text[256];
  snprintf(text, sizeof text, "%s: %s", syscall, strerror(err));
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &msg);
  napi_create_error(env, NULL, msg, &error);
  napi_create_int32(env, err, &num);
  napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &call);
  napi_set_named_property(env, error, "errno", num);
  napi_set_named_property(env, error, "syscall", call);
  napi_throw(env, error);
  return NULL;
}

void tsp_export(napi_env env, napi_value exports, const char *name, napi_callback fn) {
  napi_value f;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, fn, NULL, &f);
  napi_set_named_property(env, exports, name, f);
}

/* setns(2) changes the calling thread alone, so the rest of the process stays where it is. */
int ns_enter(int ns_fd, int *saved) {
  *saved = -1;
  if (ns_fd < 0) return 0;
  int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (own < 0) return -errno;
  if (setns(ns_fd, CLONE_NEWNET) < 0) {
    int err = errno;
    close(own);
    return -err;
  }
  *saved = own;
  return 0;
}

void ns_leave(int saved) {
  if (saved < 0) return;
  /* Staying in a foreign namespace would send later traffic astray: better to stop at once. */
  if (setns(saved, CLONE_NEWNET) < 0) napi_fatal_error("ns_leave", NAPI_AUTO_LENGTH, "cannot return to own network namespace", NAPI_AUTO_LENGTH);
  close(saved);
}
