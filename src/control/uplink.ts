/** A worker's device in the host's namespace: what the steering programs take from the host comes in by it, what the worker routes leaves by it. */
import { openTap } from "../device/tap.js";
import { UPLINK_ADDRESS, UPLINK_CONF } from "../steer/steering.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { parseMac } from "../wire/ethernet.js";
import { closeToIpv6 } from "./device-conf.js";
import { MAX_MTU } from "./network/mtu.js";
import type { Undo } from "./undo.js";

/** Frames that may wait in an uplink: enough for a burst while the worker wakes. */
const UPLINK_QUEUE = 2000;
const RT_SCOPE_HOST = 254;

export interface Uplink {
  fd: number;
  name: string;
  ifindex: number;
  mac: Uint8Array;
}

/** It carries what other devices let through, so its own MTU must be no limit. */
export function openUplink(socket: RouteSocket, undo: Undo): Uplink {
  const tap = openTap({ name: "tspup%d" });
  undo.add(`device ${tap.name}`, () => tap.close());
  const { index, mac } = socket.link(tap.name)!;
  closeToIpv6(tap.name);
  socket.setLink(index, { mtu: MAX_MTU, txQueueLen: UPLINK_QUEUE, addrGenMode: "none", ipv4Conf: UPLINK_CONF });
  addUplinkAddress(socket, index);
  socket.setLink(index, { up: true });
  return { fd: tap.fds[0]!, name: tap.name, ifindex: index, mac: parseMac(mac)! };
}

export function addUplinkAddress(socket: RouteSocket, ifindex: number): void {
  socket.addAddress(ifindex, UPLINK_ADDRESS, 32, RT_SCOPE_HOST);
}
