/** TUN/TAP devices with the virtio-net header and every segmentation offload that the kernel has (linux/if_tun.h). */
import { closeSync } from "node:fs";
import { log } from "../log.js";
import { native, systemError } from "../sys/native.js";
import { HEADER_SIZE } from "../wire/vnet.js";

const IFF_TUN = 0x1, IFF_TAP = 0x2, IFF_MULTI_QUEUE = 0x100, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000, IFF_TUN_EXCL = 0x8000;
const TUN_F_CSUM = 0x01, TUN_F_TSO4 = 0x02, TUN_F_TSO6 = 0x04, TUN_F_TSO_ECN = 0x08, TUN_F_USO4 = 0x20, TUN_F_USO6 = 0x40;
const TSO = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

export interface TapOptions {
  /** Device name; may hold `%d` for the first free number. */
  name: string;
  /** Descriptor of the namespace to make it in; default: the caller's. */
  nsFd?: number;
  /** Layer 3 without Ethernet header (TUN) instead of TAP. */
  layer3?: boolean;
  /** Lets further queues be opened under the same name. */
  multiQueue?: boolean;
}

export interface Tap {
  readonly fd: number;
  readonly name: string;
  /** UDP segmentation offload (Linux 6.2). */
  readonly uso: boolean;
  /** Closes the descriptor; the device goes with it. */
  close(): void;
}

/** Opens a new device. Throws TSP_ERR_SYSCALL: EBUSY or EEXIST for a name in use, EPERM, ENOENT without /dev/net/tun. */
export function openTap(options: TapOptions): Tap {
  const exclusive = options.multiQueue ? IFF_MULTI_QUEUE : IFF_TUN_EXCL;
  const [fd, name] = native.openTap(options.name, (options.layer3 ? IFF_TUN : IFF_TAP) | IFF_NO_PI | IFF_VNET_HDR | exclusive, options.nsFd ?? -1);
  try {
    native.tapVnetHdrSize(fd, HEADER_SIZE);
    const uso = native.tapOffload(fd, TSO | TUN_F_USO4 | TUN_F_USO6) === 0;
    if (!uso) {
      const result = native.tapOffload(fd, TSO);
      if (result < 0) throw systemError("ioctl(TUNSETOFFLOAD)", result);
      log.info(`${name}: the kernel has no UDP segmentation offload`);
    }
    return { fd, name, uso, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
