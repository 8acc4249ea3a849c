/* TUN/TAP devices: Documentation/networking/tuntap.rst, linux/if_tun.h. */
#define _GNU_SOURCE
#include "parts.h"
#include "util.h"
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* openTap(name, flags, nsFd) -> [fd, name]. The device is made in the namespace in which /dev/net/tun is opened. */
static napi_value open_tap(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  tsp_args(env, info, 3, argv);
  char name[IFNAMSIZ];
  if (!tsp_str(env, argv[0], name, sizeof name)) return NULL;
  int flags = tsp_i32(env, argv[1]), ns = tsp_i32(env, argv[2]), saved;

  int err = ns_enter(ns, &saved);
  if (err < 0) return tsp_throw(env, "setns", -err);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    err = errno;
    ns_leave(saved);
    return tsp_throw(env, "open(/dev/net/tun)", err);
  }
  struct ifreq ifr;
  memset(&ifr, 0, sizeof ifr);
  strcpy(ifr.ifr_name, name);
  ifr.ifr_flags = (short)flags;
  if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
    err = errno;
    close(fd);
    ns_leave(saved);
    return tsp_throw(env, "ioctl(TUNSETIFF)", err);
  }
  ns_leave(saved);

  napi_value out, str;
  napi_create_array_with_length(env, 2, &out);
  napi_create_string_utf8(env, ifr.ifr_name, NAPI_AUTO_LENGTH, &str);
  napi_set_element(env, out, 0, tsp_num(env, fd));
  napi_set_element(env, out, 1, str);
  return out;
}

/* tapOffload(fd, TUN_F_* bits) -> 0 or -errno (EINVAL: the kernel does not know one of the bits). */
static napi_value tap_offload(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  int r = ioctl(tsp_i32(env, argv[0]), TUNSETOFFLOAD, (unsigned long)tsp_u32(env, argv[1]));
  return tsp_num(env, r < 0 ? -errno : 0);
}

/* tapVnetHdrSize(fd, bytes) */
static napi_value tap_vnet_hdr_size(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  int size = tsp_i32(env, argv[1]);
  if (ioctl(tsp_i32(env, argv[0]), TUNSETVNETHDRSZ, &size) < 0) return tsp_throw(env, "ioctl(TUNSETVNETHDRSZ)", errno);
  return NULL;
}

/* tapPersist(fd, on): whether the device outlives its last descriptor. */
static napi_value tap_persist(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  if (ioctl(tsp_i32(env, argv[0]), TUNSETPERSIST, (unsigned long)tsp_u32(env, argv[1])) < 0)
    return tsp_throw(env, "ioctl(TUNSETPERSIST)", errno);
  return NULL;
}

/* tapSteering(fd, progFd): TUNSETSTEERINGEBPF, the program that picks the queue; progFd -1 takes it away. */
static napi_value tap_steering(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  tsp_args(env, info, 2, argv);
  int prog = tsp_i32(env, argv[1]);
  if (ioctl(tsp_i32(env, argv[0]), TUNSETSTEERINGEBPF, &prog) < 0) return tsp_throw(env, "ioctl(TUNSETSTEERINGEBPF)", errno);
  return NULL;
}

void tap_init(napi_env env, napi_value exports) {
  tsp_export(env, exports, "openTap", open_tap);
  tsp_export(env, exports, "tapOffload", tap_offload);
  tsp_export(env, exports, "tapVnetHdrSize", tap_vnet_hdr_size);
  tsp_export(env, exports, "tapPersist", tap_persist);
  tsp_export(env, exports, "tapSteering", tap_steering);
}
