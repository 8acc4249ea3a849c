/*
 * Room in the table of descriptors. Where several threads share it, the kernel waits for a grace period of RCU each time that it has to be larger: `expand_fdtable`
 * in fs/file.c, for more than 64, 128, 256, … That is 12 to 20 ms in which who opens the descriptor does nothing.
 */
#define _GNU_SOURCE
#include "apart.h"
#include "parts.h"
#include "util.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

struct room {
  struct apart apart;
  uint32_t count;
};

static void make_room(struct apart *a) {
  rlim_t count = ((struct room *)a)->count;
  struct rlimit limit;
  int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0 || count == 0) {
    a->result = -errno;
    if (fd >= 0) close(fd);
    return;
  }
  int highest = fcntl(fd, F_DUPFD_CLOEXEC, (int)((count < limit.rlim_cur ? count : limit.rlim_cur) - 1));
  a->result = highest < 0 ? -errno : 0;
  if (highest >= 0) close(highest);
  close(fd);
}

/* descriptorRoom(count) -> promise of 0 or -errno; for as many as the process may have, if that is less. */
static napi_value descriptor_room(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  tsp_args(env, info, 1, argv);
  struct room *r = malloc(sizeof *r);
  if (r == NULL) return tsp_throw(env, "malloc", ENOMEM);
  r->count = tsp_u32(env, argv[0]);
  return apart(env, &r->apart, make_room, NULL);
}

void fd_table_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "descriptorRoom", descriptor_room);
}
