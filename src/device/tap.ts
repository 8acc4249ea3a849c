/** TAP devices with the virtio-net header and every segmentation offload that the kernel has. */
import { closeSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { IFF_MULTI_QUEUE, IFF_TUN_EXCL, OFFLOAD_TCP, OFFLOAD_TCP_UDP, OFFLOAD_TUNNELS, TAP_FLAGS } from "../sys/if-tun.js";
import { native, systemError } from "../sys/native.js";
import { deleted } from "../sys/setting-up.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { HEADER_SIZE as TUNNEL_HEADER_SIZE } from "../wire/vnet-tunnel.js";

export interface TapOptions {
  /** Device name; may hold `%d` for the first free number. */
  name: string;
  /** Descriptor of the namespace to make it in; default: the caller's. */
  nsFd?: number;
  /** Descriptors that share the device, each with a queue; default 1. */
  queues?: number;
  /** Descriptors of the device, one a queue, which a former process left: they are used instead. */
  kept?: readonly number[] | undefined;
  /** Attach to this persistent device of an earlier process instead of making one; `multiQueue` as it was made. */
  existing?: { multiQueue: boolean } | undefined;
  /** Its frames are tunnels' packets: they have the longer virtio-net header (`wire/vnet-tunnel.ts`). */
  tunnels?: boolean;
}

export interface Tap {
  /** One descriptor a queue. */
  readonly fds: readonly number[];
  readonly name: string;
  /** UDP segmentation offload (Linux 6.2). */
  readonly uso: boolean;
  /** Segmentation offload of what is inside UDP tunnels (Linux 6.17), where it was asked for. */
  readonly tunnelGso: boolean;
  /** Closes the descriptors; the device goes with the last. What is closed at once does not wait for each other. */
  close(): Promise<void>;
}

/**
 * Opens a new device, or an existing one. Throws TSP_ERR_DEVICE for a name in use, or a device that another process holds; TSP_ERR_SYSCALL: EPERM,
 * ENOENT without /dev/net/tun; TSP_ERR_NO_DEVICE when somebody deletes it meanwhile.
 */
export function openTap(options: TapOptions): Tap {
  const queues = options.queues ?? 1;
  const flags = TAP_FLAGS | (queues > 1 || options.existing?.multiQueue ? IFF_MULTI_QUEUE : 0);
  const fds: number[] = [];
  const close = async (): Promise<void> => {
    if (fds.length > 0) await native.closeApart(Int32Array.from(fds.splice(0)));
  };
  try {
    let { name } = options;
    let uso = true;
    let tunnelGso = options.tunnels === true;
    for (let queue = 0; queue < queues; queue++) {
      // Only the first may make the device; it must not be somebody else's.
      const make = queue === 0 && options.existing === undefined;
      const former = options.kept?.[queue];
      const [fd, made] =
        former === undefined
          ? native.openTap(name, make ? flags | IFF_TUN_EXCL : flags, options.nsFd ?? -1)
          : ([former, native.tapName(former)] as const);
      fds.push(fd);
      name = made;
      native.tapVnetHdrSize(fd, options.tunnels === true ? TUNNEL_HEADER_SIZE : HEADER_SIZE);
      tunnelGso &&= native.tapOffload(fd, OFFLOAD_TUNNELS) === 0;
      if (tunnelGso) continue;
      uso = native.tapOffload(fd, OFFLOAD_TCP_UDP) === 0;
      const result = uso ? 0 : native.tapOffload(fd, OFFLOAD_TCP);
      if (result < 0) throw systemError("ioctl(TUNSETOFFLOAD)", result);
    }
    if (!uso) log.info(`${name}: the kernel has no UDP segmentation offload`);
    return { fds, name, uso, tunnelGso, close };
  } catch (error) {
    const isGone = fds.length > 0 && native.tapName(fds[0]!) === "";
    for (const fd of fds) closeSync(fd);
    throw isGone ? deleted(options.name, error) : busy(options, error);
  }
}

/** TUNSETIFF fails with EBUSY for a name that is in use, and for a device whose queues are all held (drivers/net/tun.c). */
function busy({ name, existing }: TapOptions, error: unknown): unknown {
  if (!(error instanceof TsproxyError) || error.kind !== "conflict") return error;
  if (existing === undefined) {
    const hint = `choose another name, or remove it: 'ip link delete ${name}'`;
    return new TsproxyError("TSP_ERR_DEVICE", "conflict", `there is a network device '${name}' already`, hint, error);
  }
  return new TsproxyError(
    "TSP_ERR_DEVICE",
    "conflict",
    `network device '${name}' is held by another process`,
    "is another tsproxy running?",
    error,
  );
}
