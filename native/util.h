/*
 * Shared by the addon's files: argument access and errors.
 *
 * Conventions of the whole addon:
 * - set-up calls throw a JavaScript Error with `.errno` (positive number) and `.syscall` (string);
 * - packet calls (io.c) return a count, or -errno, and never throw.
 */
#ifndef TSPROXY_UTIL_H
#define TSPROXY_UTIL_H

#include <node_api.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/* Reads up to `want` arguments into `argv`; missing ones are `undefined`. */
void tsp_args(napi_env env, napi_callback_info info, size_t want, napi_value *argv);
int32_t tsp_i32(napi_env env, napi_value v);
uint32_t tsp_u32(napi_env env, napi_value v);
/* Copies a string, always terminated; false (and a pending TypeError) when it is none or too long. */
bool tsp_str(napi_env env, napi_value v, char *out, size_t size);
/* Memory behind any typed array; false (and a pending TypeError) when `v` is none. */
bool tsp_bytes(napi_env env, napi_value v, uint8_t **data, size_t *len);
napi_value tsp_num(napi_env env, int64_t n);
/* Throws Error(`syscall`) carrying errno `err`; returns NULL so that callers can `return tsp_throw(…)`. */
napi_value tsp_throw(napi_env env, const char *syscall, int err);
void tsp_export(napi_env env, napi_value exports, const char *name, napi_callback fn);

/* Enters the network namespace `ns_fd` (-1: stay); `*saved` gets what ns_leave needs. 0 or -errno. */
int ns_enter(int ns_fd, int *saved);
void ns_leave(int saved);

#endif
