/* Memory: hints for tables that JavaScript has made, files that outlive the process (src/table/flow-file.ts), and code that is not needed now. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
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

static void unmap(napi_env env, void *data, void *size) {
  (void)env;
  munmap(data, *(size_t *)size);
  free(size);
}

/* mmap below 2 GiB, where the processor and the kernel can do that and there is room, else anywhere: V8 puts such an address into the instruction. */
static void *map_low(size_t size, int flags, int fd) {
#ifdef MAP_32BIT
  void *low = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_32BIT, fd, 0);
  if (low != MAP_FAILED) return low;
#endif
  return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
}

/* An ArrayBuffer over `size` bytes of memory that `map_low` makes. */
static napi_value mapped(napi_env env, size_t size, int flags, int fd) {
  napi_value out;
  size_t *kept = malloc(sizeof *kept);
  if (kept == NULL) return tsp_throw(env, "malloc", ENOMEM);
  *kept = size;
  void *data = map_low(size, flags, fd);
  if (data == MAP_FAILED) {
    int err = errno;
    free(kept);
    return tsp_throw(env, "mmap", err);
  }
  if (napi_create_external_arraybuffer(env, data, *kept, unmap, kept, &out) != napi_ok) {
    unmap(env, data, kept);
    return tsp_throw(env, "napi_create_external_arraybuffer", ENOMEM);
  }
  return out;
}

/* allocate(size) -> ArrayBuffer of zeros that begins with a page. */
static napi_value allocate(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  int64_t size = 0;
  napi_get_value_int64(env, argv[0], &size);
  return mapped(env, (size_t)size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* mapFile(fd, size) -> ArrayBuffer: the file's first `size` bytes, shared with it. What the file has no room for must not be touched (SIGBUS). */
static napi_value map_file(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  int64_t size = 0;
  napi_get_value_int64(env, argv[1], &size);
  return mapped(env, (size_t)size, MAP_SHARED, tsp_i32(env, argv[0]));
}

/* reserveFile(fd, offset, len) -> 0 or -errno: makes room for these bytes, so that writing them cannot fail. */
static napi_value reserve_file(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  int64_t offset = 0, len = 0;
  napi_get_value_int64(env, argv[1], &offset);
  napi_get_value_int64(env, argv[2], &len);
  return tsp_num(env, -posix_fallocate(tsp_i32(env, argv[0]), offset, len));
}

/* lockFile(fd) -> 0, or -EWOULDBLOCK: somebody else has it. The lock ends with the last descriptor of this opening, so with the process. */
static napi_value lock_file(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  return tsp_num(env, flock(tsp_i32(env, argv[0]), LOCK_EX | LOCK_NB) < 0 ? -errno : 0);
}

/* A mapping that smaps describes. */
struct mapping {
  uintptr_t from, to;
  bool is_code; /* or constants: private, of a file, not writable */
  unsigned long resident_kb, changed_kb, swapped_kb; /* swapped: they were changed, too */
};

/* Gives the mapping's pages back, unless some were written: those are nowhere else (a debugger's breakpoints, say). Answers how many KiB. */
static unsigned long forget_mapping(const struct mapping *m) {
  if (!m->is_code || m->changed_kb > 0 || m->swapped_kb > 0 || m->resident_kb == 0) return 0;
  return madvise((void *)m->from, m->to - m->from, MADV_DONTNEED) < 0 ? 0 : m->resident_kb;
}

/*
 * forgetCode() -> KiB, or -errno: gives back the pages of code and constants, of Node.js and of libraries, that are resident and as in their files.
 * What is touched again comes back from the page cache, 16 pages at a time. Format of smaps: proc_pid_smaps(5).
 */
static napi_value forget_code(napi_env env, napi_callback_info info) {
  (void)info;
  FILE *smaps = fopen("/proc/self/smaps", "re");
  if (smaps == NULL) return tsp_num(env, -errno);
  char line[512], mode[5];
  struct mapping m = {0};
  unsigned long forgotten = 0, inode;
  while (fgets(line, sizeof line, smaps) != NULL) {
    unsigned long from, to;
    if (sscanf(line, "%lx-%lx %4s %*s %*s %lu", &from, &to, mode, &inode) == 4) {
      forgotten += forget_mapping(&m);
      m = (struct mapping){.from = from, .to = to, .is_code = inode != 0 && mode[1] == '-' && mode[3] == 'p'};
    } else if (sscanf(line, "Rss: %lu", &m.resident_kb) != 1 && sscanf(line, "Anonymous: %lu", &m.changed_kb) != 1) {
      sscanf(line, "Swap: %lu", &m.swapped_kb);
    }
  }
  forgotten += forget_mapping(&m);
  fclose(smaps);
  return tsp_num(env, (int64_t)forgotten);
}

/* random(typed array) -> 0 or -errno: filled by getrandom(2), which may be interrupted before it has all. */
static napi_value random_bytes(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  uint8_t *bytes;
  size_t length;
  tsp_args(env, info, 1, argv);
  if (!tsp_bytes(env, argv[0], &bytes, &length)) return NULL;
  while (length > 0) {
    ssize_t got = getrandom(bytes, length, 0);
    if (got < 0 && errno != EINTR) return tsp_num(env, -errno);
    if (got > 0) bytes += got, length -= (size_t)got;
  }
  return tsp_num(env, 0);
}

/* sum(typed array) -> uint32: FNV-1a (draft-eastlake-fnv) by words of 8 bytes instead of bytes, its halves in one. What is behind the last word does not count. */
static napi_value sum_bytes(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  uint8_t *bytes;
  size_t length;
  tsp_args(env, info, 1, argv);
  if (!tsp_bytes(env, argv[0], &bytes, &length)) return NULL;
  uint64_t sum = 0xcbf29ce484222325, word;
  for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    sum = (sum ^ word) * 0x100000001b3;
  }
  return tsp_num(env, (uint32_t)(sum ^ sum >> 32));
}

void memory_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "random", random_bytes);
  tsp_export(env, exports, "sum", sum_bytes);
  tsp_export(env, exports, "adviseHugePages", advise_huge_pages);
  tsp_export(env, exports, "allocate", allocate);
  tsp_export(env, exports, "mapFile", map_file);
  tsp_export(env, exports, "reserveFile", reserve_file);
  tsp_export(env, exports, "lockFile", lock_file);
  tsp_export(env, exports, "forgetCode", forget_code);
}
