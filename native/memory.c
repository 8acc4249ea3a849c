/* Memory that JavaScript has made. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <sys/mman.h>
#include <unistd.h>

/* adviseHugePages(view): MADV_HUGEPAGE for the pages that the view lies in, before they are first written; 0 or -errno. A hint, no more. */
static napi_value advise_huge_pages(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  uint8_t *data;
  size_t len;
  if (!tsp_bytes(env, argv[0], &data, &len)) return NULL;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)data & ~(page - 1), to = ((uintptr_t)data + len + page - 1) & ~(page - 1);
  return tsp_num(env, madvise((void *)from, to - from, MADV_HUGEPAGE) < 0 ? -errno : 0);
}

void memory_init(napi_env env, napi_value exports) { tsp_export(env, exports, "adviseHugePages", advise_huge_pages); }
