/* Work in a thread of its own, for calls in which the kernel lets their caller wait. */
#ifndef TSPROXY_APART_H
#define TSPROXY_APART_H

#include <node_api.h>

/* Node exports libuv, whose headers do not come with those of Node-API. On Linux it is a pthread_t. */
typedef unsigned long uv_thread_t;
int uv_thread_create(uv_thread_t *thread, void (*entry)(void *arg), void *arg);
int uv_thread_join(uv_thread_t *thread);

/* First member of what is given to `apart`, from malloc. */
struct apart {
  void (*work)(struct apart *);
  double result;
  uv_thread_t thread;
  napi_threadsafe_function done;
  napi_deferred deferred;
  napi_ref kept;
};

/*
 * Does `work` in a thread and frees `a`. A promise of `result`. `kept`, or NULL, holds the memory that the work uses. Where there are too many threads,
 * it takes its time here.
 */
napi_value apart(napi_env env, struct apart *a, void (*work)(struct apart *), napi_value kept);

#endif
