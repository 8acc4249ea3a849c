/** A worker's device in the host's namespace: what the steering programs take from the host comes in by it, what the worker routes leaves by it. */
import { closeSync } from "node:fs";
import { openTap, type Tap } from "../device/tap.js";
import { log } from "../log.js";
import { UPLINK_ADDRESS, UPLINK_CONF, UPLINK_IPV6_CONF } from "../steer/uplink-conf.js";
import type { FdStore } from "../sys/fd-store.js";
import { hasIpv6, setIpv6Conf } from "../sys/ipv6-conf.js";
import { native } from "../sys/native.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { linkThere, settingUp } from "../sys/setting-up.js";
import { parseMac } from "../wire/ethernet.js";
import { ORDER_QUEUE } from "../wire/order.js";
import { closeToIpv6 } from "./device-conf.js";
import { MAX_MTU } from "./network/mtu.js";
import type { Undo } from "./undo.js";

const RT_SCOPE_HOST = 254;

export interface Uplink {
  fd: number;
  name: string;
  ifindex: number;
  mac: Uint8Array;
  /** Whether it carries IPv6: the kernel has it, and lets us set what is needed. */
  ipv6: boolean;
}

/** All uplinks that a former process with as many workers left, or new ones. What came for them meanwhile waits in them. */
export function openUplinks(count: number, socket: RouteSocket, undo: Undo, store?: FdStore): { uplinks: Uplink[]; areFormer: boolean } {
  const name = `uplinks-${count}`;
  const former = store?.take(name) ?? [];
  const areFormer = former.length === count && former.every((fd) => isHere(fd, socket));
  if (!areFormer) {
    for (const fd of former) closeSync(fd);
    if (former.length > 0) store?.remove(name);
  }
  const uplinks = Array.from({ length: count }, (_, i) => openUplink(socket, undo, areFormer ? former[i] : undefined));
  if (!areFormer)
    store?.put(
      name,
      uplinks.map(({ fd }) => fd),
    );
  return { uplinks, areFormer };
}

/** Somebody may have deleted the device. */
function isHere(fd: number, socket: RouteSocket): boolean {
  const name = native.tapName(fd);
  return name !== "" && socket.link(name)?.kind === "tun";
}

/** It carries what other devices let through, so its own MTU must be no limit. `former`: descriptor of one that is set up. */
function openUplink(socket: RouteSocket, undo: Undo, former?: number): Uplink {
  const tap = openTap({ name: "tspup%d", kept: former === undefined ? undefined : [former] });
  undo.add(`device ${tap.name}`, () => tap.close());
  return { fd: tap.fds[0]!, ...setUpUplink(tap, socket, former === undefined) };
}

/** Makes of a new device, or one of a former process, one that the engine can send by. */
export function setUpUplink({ name }: Tap, socket: RouteSocket, isNew: boolean): Omit<Uplink, "fd"> {
  return settingUp(
    name,
    () => socket.link(name) !== null,
    () => setUp(name, socket, isNew),
  );
}

function setUp(name: string, socket: RouteSocket, isNew: boolean): Omit<Uplink, "fd"> {
  const { index, mac } = linkThere(socket, name);
  socket.setLink(index, { mtu: MAX_MTU, txQueueLen: ORDER_QUEUE, multicast: false, addrGenMode: "none", ipv4Conf: UPLINK_CONF });
  const ipv6 = hasIpv6() && setIpv6Conf(name, UPLINK_IPV6_CONF);
  if (!ipv6) {
    if (hasIpv6()) log.warn(`net.ipv6.conf of ${name} cannot be written: no IPv6 is served`);
    closeToIpv6(name);
  }
  if (isNew) addUplinkAddress(socket, index);
  socket.setLink(index, { up: true });
  return { name, ifindex: index, mac: parseMac(mac)!, ipv6 };
}

export function addUplinkAddress(socket: RouteSocket, ifindex: number): void {
  socket.addAddress(ifindex, UPLINK_ADDRESS, 32, RT_SCOPE_HOST);
}
