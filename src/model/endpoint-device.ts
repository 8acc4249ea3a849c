/** Where an endpoint's device is when it is not ours yet: in its sandbox, under a name that it was given there, or back in the host's namespace. */
import { closeSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { openNetns } from "../sys/netns.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import type { Link } from "../sys/rtnetlink-entries.js";
import { parseIp, sameIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import type { Found, HostDevices } from "./mechanism.js";
import type { EndpointRecord } from "./records.js";

export const hostDevices: HostDevices = {
  find: findDevice,
  hasNamespace: ({ sandbox }) => sandbox === "" || isSandbox(sandbox),
  remove: removeHostDevice,
};

/** Null: it is nowhere. A device in the host's namespace after its sandbox ended is removed: nobody will ask for it again. */
function findDevice(endpoint: EndpointRecord): Found | null {
  const nsFd = endpoint.sandbox === "" ? -1 : openSandbox(endpoint.sandbox);
  if (endpoint.sandbox !== "" && nsFd === -1) {
    removeHostDevice(endpoint);
    return null;
  }
  const inside = nsFd === -1 ? null : withSocket(nsFd, (socket) => deviceWith(socket, endpoint));
  if (inside !== null) return { name: inside.name, nsFd };
  if (nsFd !== -1) closeSync(nsFd);
  return withSocket(-1, (socket) => hostDevice(socket, endpoint)) === null ? null : { name: endpoint.device, nsFd: -1 };
}

/** False when there was none. */
export function removeHostDevice(endpoint: EndpointRecord): boolean {
  return withSocket(-1, (socket) => {
    const link = hostDevice(socket, endpoint);
    return link !== null && socket.deleteLink(link.index);
  });
}

/** Whether the namespace at `path` is there. */
export function isSandbox(path: string): boolean {
  const fd = openSandbox(path);
  if (fd !== -1) closeSync(fd);
  return fd !== -1;
}

/** -1 when it ended: the file is gone, or is there still as the mount point that it was. */
function openSandbox(path: string): number {
  try {
    return openNetns(path).fd;
  } catch (error) {
    if (error instanceof TsproxyError && error.kind !== "permission") return -1;
    throw error;
  }
}

function withSocket<T>(nsFd: number, action: (socket: RouteSocket) => T): T {
  const socket = new RouteSocket(nsFd);
  try {
    return action(socket);
  } finally {
    socket.close();
  }
}

/** By its address, which no other device of the sandbox has; a MAC the user may have given twice. Before it has one, by that all the same. */
function deviceWith(socket: RouteSocket, endpoint: EndpointRecord): Link | null {
  const { addresses, mac } = endpoint;
  const wanted = eachFamily(addresses);
  const isOurs = (text: string): boolean => wanted.some((address) => sameIp(address, parseIp(text)!));
  const all = socket.addresses();
  const ifindex = all.find((a) => isOurs(a.address))?.ifindex;
  if (ifindex !== undefined) return socket.link(ifindex);
  const bare = (link: Link): boolean => link.kind === kindOf(endpoint) && link.mac === mac && !all.some((a) => a.ifindex === link.index);
  return socket.links().find(bare) ?? null;
}

function hostDevice(socket: RouteSocket, endpoint: EndpointRecord): Link | null {
  const link = socket.link(endpoint.device);
  return link?.kind === kindOf(endpoint) ? link : null;
}

/** As the kernel calls it. */
function kindOf({ attach }: EndpointRecord): string {
  return attach ?? "tun";
}
