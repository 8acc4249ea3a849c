/** TUN/TAP devices with the virtio-net header and every segmentation offload that the kernel has (linux/if_tun.h). */
import { closeSync } from "node:fs";
import { log } from "../log.js";
import { native, systemError } from "../sys/native.js";
import { HEADER_SIZE } from "../wire/vnet.js";

const IFF_TUN = 0x1,
  IFF_TAP = 0x2,
  IFF_MULTI_QUEUE = 0x100,
  IFF_NO_PI = 0x1000,
  IFF_VNET_HDR = 0x4000,
  IFF_TUN_EXCL = 0x8000;
const TUN_F_CSUM = 0x01,
  TUN_F_TSO4 = 0x02,
  TUN_F_TSO6 = 0x04,
  TUN_F_TSO_ECN = 0x08,
  TUN_F_USO4 = 0x20,
  TUN_F_USO6 = 0x40;
const TSO = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

export interface TapOptions {
  /** Device name; may hold `%d` for the first free number. */
  name: string;
  /** Descriptor of the namespace to make it in; default: the caller's. */
  nsFd?: number;
  /** Layer 3 without Ethernet header (TUN) instead of TAP. */
  layer3?: boolean;
  /** Descriptors that share the device, each with a queue; default 1. */
  queues?: number;
  /** Attach to this persistent device of an earlier process instead of making one; `multiQueue` as it was made. */
  existing?: { multiQueue: boolean } | undefined;
}

export interface Tap {
  /** One descriptor a queue. */
  readonly fds: readonly number[];
  readonly name: string;
  /** UDP segmentation offload (Linux 6.2). */
  readonly uso: boolean;
  /** Closes the descriptors; the device goes with the last. */
  close(): void;
}

/** Opens a new device, or an existing one. Throws TSP_ERR_SYSCALL: EBUSY or EEXIST for a name in use, EPERM, ENOENT without /dev/net/tun. */
export function openTap(options: TapOptions): Tap {
  const queues = options.queues ?? 1;
  const flags =
    (options.layer3 ? IFF_TUN : IFF_TAP) | IFF_NO_PI | IFF_VNET_HDR | (queues > 1 || options.existing?.multiQueue ? IFF_MULTI_QUEUE : 0);
  const fds: number[] = [];
  const close = (): void => {
    for (const fd of fds.splice(0)) closeSync(fd);
  };
  try {
    let { name } = options;
    let uso = true;
    for (let queue = 0; queue < queues; queue++) {
      // Only the first may make the device; it must not be somebody else's.
      const make = queue === 0 && options.existing === undefined;
      const [fd, made] = native.openTap(name, make ? flags | IFF_TUN_EXCL : flags, options.nsFd ?? -1);
      fds.push(fd);
      name = made;
      native.tapVnetHdrSize(fd, HEADER_SIZE);
      uso = native.tapOffload(fd, TSO | TUN_F_USO4 | TUN_F_USO6) === 0;
      const result = uso ? 0 : native.tapOffload(fd, TSO);
      if (result < 0) throw systemError("ioctl(TUNSETOFFLOAD)", result);
    }
    if (!uso) log.info(`${name}: the kernel has no UDP segmentation offload`);
    return { fds, name, uso, close };
  } catch (error) {
    close();
    throw error;
  }
}
