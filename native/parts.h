/* The addon's parts: each adds its functions to `exports`, whose types are in src/sys/native.ts. */
#ifndef TSPROXY_PARTS_H
#define TSPROXY_PARTS_H

#include <node_api.h>

void tap_init(napi_env env, napi_value exports);
void io_init(napi_env env, napi_value exports);
void memory_init(napi_env env, napi_value exports);
void socket_init(napi_env env, napi_value exports);
void udp_init(napi_env env, napi_value exports);
void process_init(napi_env env, napi_value exports);
void bpf_init(napi_env env, napi_value exports);
void close_init(napi_env env, napi_value exports);
void calls_init(napi_env env, napi_value exports);
void fds_init(napi_env env, napi_value exports);
void fd_table_init(napi_env env, napi_value exports);
void seal_init(napi_env env, napi_value exports);
void wake_init(napi_env env, napi_value exports);

#endif
