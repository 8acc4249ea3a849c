/**
 * An endpoint's two ways in the host's namespace, where its own device is one end of a veth pair: the pair's other end, from which the steering programs
 * carry what is decided (`steer/endpoint-programs.ts`), and a TAP of the engine's, for all else.
 *
 * The TAP is `tspeN`, N being the first free number; the pair's end in the host's namespace is `tspvN`. A TAP ends with its descriptors, a pair stays: so one
 * without its TAP was left by a process that was killed, and serves nobody. It is removed by the next process that needs its name, and by `removeStalePairs`.
 *
 * Of a pair that is handed out, to outlive us, the endpoint's own end is called `tspID` until it is moved: then the others are `tspeID` and `tspvID`, so that
 * who knows the one finds the pair again. It is removed by whoever handed it out, or by the kernel with the namespace that it was moved to.
 *
 * The host's stack has no business with either device. What the endpoint sends is taken by a program before the stack sees it, and dropped by another one
 * where nobody is there to take it; should that be gone, the settings keep it out.
 */

import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { shutDevice } from "../../steer/device-filter.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import type { Link } from "../../sys/rtnetlink-entries.js";
import type { Ipv4Conf } from "../../sys/rtnetlink-link.js";
import { deleted, settingUp } from "../../sys/setting-up.js";
import { macText } from "../../wire/ethernet.js";
import { ORDER_QUEUE } from "../../wire/order.js";
import { closeToIpv6 } from "../device-conf.js";
import type { Undo } from "../undo.js";
import type { HandedOut } from "./live-device.js";
import { MAX_MTU } from "./mtu.js";
import type { Site } from "./site.js";
import { NO_VETH_HINT } from "./veth-support.js";

/** Name for the TAP; the kernel puts the number in. */
export const PAIR_TAP = "tspe%d";
const HANDED_OUT_END = /^tspv(?=[0-9A-Za-z]{11}$)/;
const HANDED_OUT_TAP = /^tspe(?=[0-9A-Za-z]{11}$)/;
const HANDED_OUT = /^tsp(?=[0-9A-Za-z]{11}$)/;
const TAP_NAME = /^tspe(?=\w+$)/,
  END_NAME = /^tspv(?=\d{1,10}$)/;
/** Strict reverse-path filter: no route leads there, so nothing comes from there. Nobody is answered for (arp(7): arp_ignore 8). */
const CLOSED: Partial<Ipv4Conf> = {
  forwarding: 0,
  rpFilter: 1,
  arpIgnore: 8,
  acceptRedirects: 0,
  acceptLocal: 0,
  routeLocalnet: 0,
  proxyArp: 0,
};

export interface PairSpec {
  /** Name of the TAP, in the host's namespace: `PAIR_TAP` with its number. */
  tap: string;
  /** The endpoint's own end: its name, in namespace `nsFd` (-1: the host's). */
  name: string;
  nsFd: number;
  mac: Uint8Array;
  mtu: number;
}

export interface VethPair {
  /** Name and interface index of the end in the host's namespace, and the latter of the TAP. */
  name: string;
  ifindex: number;
  tap: number;
}

/** Name of the pair's end in the host's namespace. */
export function endNameOf(tap: string): string {
  return tap.replace(TAP_NAME, "tspv");
}

export interface VethSpec extends Omit<PairSpec, "tap"> {
  /** Of one that is handed out: the name of the endpoint's own end before it is moved. */
  keepAs?: string | undefined;
  /** The pair is there already, from an earlier process. */
  existing?: object | undefined;
}

/**
 * Makes an endpoint's device, which stays down, and the two in the host's namespace; or takes them up again. `onGone`: the pair ended, with the endpoint's
 * namespace or since somebody has deleted one end. Throws TSP_ERR_ENDPOINT (not-found) when what is to be taken up is not there, and as `settingUp`.
 */
export function openVeth(site: Site, spec: VethSpec, undo: Undo, onGone: () => void): HandedOut {
  const { socket, taps, ends, host, remover } = site;
  const { keepAs, existing } = spec;
  let isLasting = existing !== undefined;
  let detach = (): void => {};
  let shut = (): void => {};
  // Last: what the endpoint sends until then, or until the next process is there, waits in the TAP's queue.
  undo.add(`programs of ${spec.name}`, () => {
    if (isLasting && taps.outliveEnd) return;
    if (isLasting) shut();
    detach();
  });
  const tap = taps.open({ name: keepAs?.replace(HANDED_OUT, "tspe") ?? PAIR_TAP, keepAs }, undo);
  const name = endNameOf(tap.name);
  const isThere = (): boolean => [name, tap.name].every((device) => socket.link(device) !== null);
  if (existing === undefined) makePair(socket, { ...spec, tap: tap.name });
  else if (socket.link(name) === null)
    throw new TsproxyError("TSP_ERR_ENDPOINT", "not-found", `the veth pair of ${spec.name} is not there any more`);
  let made = (): (Link | null)[] => [socket.link(name)]; // until it is known which they are
  const indices = (): number[] => made().flatMap((link) => link?.index ?? []);
  undo.add(`veth pair ${name}`, () => (isLasting ? undefined : remover.remove(...indices())));
  return settingUp(spec.name, isThere, () => {
    const [end, device] = [socket.link(name), socket.link(tap.name)];
    made = () => [end, device];
    if (end === null || device === null) throw deleted(spec.name);
    detach = ends.attach({ end: end.index, tap: device.index });
    shut = () => shutEnd(socket, end.index);
    setPairUp(socket, { name, ifindex: end.index, tap: device.index }, tap.name, spec.mac);
    undo.add(`watch of ${name}`, host.watch(end.index, onGone));
    undo.add(`watch of ${tap.name}`, host.watch(device.index)); // that it is gone its port tells
    return {
      tap,
      end: end.index,
      isThere,
      setLasting: (on) => {
        isLasting = on;
      },
    };
  });
}

/** Makes a pair for the TAP, which stays down. Throws as netlink, and TSP_ERR_ENDPOINT (conflict) if a device of others has its name. */
export function makePair(socket: RouteSocket, { tap, name, nsFd, mac, mtu }: PairSpec): void {
  const end = endNameOf(tap);
  removeFormer(socket, end);
  // The host's end takes what the endpoint sends, whatever MTU the endpoint gives its own, as a TAP does. Its own MAC is nobody's.
  const endMac = Uint8Array.from(mac, (byte, i) => (i === 0 ? byte ^ 0x04 : byte));
  try {
    socket.addVeth({ name: end, mac: macText(endMac), mtu: MAX_MTU }, { name, mac: macText(mac), mtu }, nsFd);
  } catch (error) {
    if (socket.hasVeth() !== false) throw error;
    throw new TsproxyError(
      "TSP_ERR_ENDPOINT",
      "unavailable",
      "the kernel has no veth pairs, by which endpoints of this network were to hang",
      `${NO_VETH_HINT}, or choose 'auto' or 'tap'`,
      error as Error,
    );
  }
}

/** Closes both devices in the host's namespace to its stack, and sets them up: once the programs are on them. `mac`: the endpoint's. */
export function setPairUp(socket: RouteSocket, { name, ifindex, tap }: VethPair, tapName: string, mac: Uint8Array): void {
  // With the endpoint's MAC the kernel sees what is for the endpoint as such.
  socket.setLink(tap, {
    mac: macText(mac),
    mtu: MAX_MTU,
    txQueueLen: ORDER_QUEUE,
    multicast: false,
    addrGenMode: "none",
    ipv4Conf: CLOSED,
  });
  socket.setLink(ifindex, { multicast: false, addrGenMode: "none", ipv4Conf: CLOSED });
  for (const device of [tapName, name]) closeToIpv6(device);
  for (const index of [tap, ifindex]) socket.setLink(index, { up: true });
}

/** Removes pairs that killed processes left; answers the names of their ends. */
export function removeStalePairs(socket: RouteSocket): string[] {
  const links = socket.links();
  const names = new Set(links.map(({ name }) => name));
  const stale = links.filter(({ name, kind }) => kind === "veth" && END_NAME.test(name) && !names.has(name.replace(END_NAME, "tspe")));
  return stale.filter(({ index }) => socket.deleteLink(index)).map(({ name }) => name);
}

/** Names of the TAPs that are there beside pairs that were handed out. */
export function keptTaps(socket: RouteSocket): string[] {
  return socket.links().flatMap(({ name }) => (HANDED_OUT_TAP.test(name) ? [name] : []));
}

/** What killed processes' programs would go on to carry ends: of pairs that wait for one that takes them up. */
export function quietPairs(socket: RouteSocket): void {
  const links = socket.links();
  const names = new Set(links.map(({ name }) => name));
  for (const { name, kind, index } of links) {
    const tap = name.replace(HANDED_OUT_END, "tspe");
    if (kind !== "veth" || tap === name || names.has(tap)) continue;
    shutEnd(socket, index, () => socket.link(tap) !== null); // who takes it up opens its TAP first
  }
}

/** Of an endpoint that lives on without us: the host hears nothing of it, whatever the host's settings are. */
function shutEnd(socket: RouteSocket, index: number, isTaken?: () => boolean): void {
  try {
    if (socket.link(index) !== null) shutDevice(socket, index, isTaken);
  } catch (error) {
    if (isTaken?.() === true) return;
    socket.deleteClsact(index); // who may not do that either is told so, and not this
    log.warn(`what comes by ${socket.link(index)?.name ?? index} is kept out by its settings alone: ${(error as Error).message}`);
  }
}

/** The TAP that it belonged to is gone, since its name was free. */
function removeFormer(socket: RouteSocket, end: string): void {
  const former = socket.link(end);
  if (former === null) return;
  if (former.kind !== "veth")
    throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${end} is a device of somebody else`, `rename it, or 'ip link delete ${end}'`);
  socket.deleteLink(former.index);
}
