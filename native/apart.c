#include "apart.h"
#include <stdlib.h>

static void in_thread(void *arg) {
  struct apart *a = arg;
  a->work(a);
  napi_call_threadsafe_function(a->done, a, napi_tsfn_blocking);
}

static void resolve(napi_env env, struct apart *a) {
  napi_value result;
  napi_create_double(env, a->result, &result);
  napi_resolve_deferred(env, a->deferred, result);
  if (a->kept != NULL) napi_delete_reference(env, a->kept);
}

/* In the thread of JavaScript, or, with `env` NULL, while Node ends. */
static void when_done(napi_env env, napi_value callback, void *context, void *data) {
  (void)callback, (void)context;
  struct apart *a = data;
  uv_thread_join(&a->thread);
  if (env != NULL) resolve(env, a);
  napi_release_threadsafe_function(a->done, napi_tsfn_release);
  free(a);
}

napi_value apart(napi_env env, struct apart *a, void (*work)(struct apart *), napi_value kept) {
  napi_value promise, name;
  a->work = work;
  a->result = 0;
  a->kept = NULL;
  napi_create_promise(env, &a->deferred, &promise);
  if (kept != NULL) napi_create_reference(env, kept, 1, &a->kept);
  napi_create_string_utf8(env, "apart", NAPI_AUTO_LENGTH, &name);
  napi_status made = napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, when_done, &a->done);
  if (made == napi_ok && uv_thread_create(&a->thread, in_thread, a) == 0) return promise;
  work(a);
  resolve(env, a);
  if (made == napi_ok) napi_release_threadsafe_function(a->done, napi_tsfn_release);
  free(a);
  return promise;
}
