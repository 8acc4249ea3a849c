/**
 * What rtnetlink tells of links, addresses, routes and neighbors, as plain objects: linux/if_link.h, if_addr.h, rtnetlink.h, neighbour.h.
 * IP addresses are text in their canonical form, MAC addresses as "02:42:ac:11:00:02".
 */
import { TsproxyError } from "../errors.js";
import { macText, parseMac } from "../wire/ethernet.js";
import { parseIp, toBytes } from "../wire/ip-address.js";
import { type NetlinkMessage, parseAttributes, readI32, readString, readU16, readU32 } from "./netlink.js";

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const IFF_UP = 0x1,
  IFF_MULTICAST = 0x1000;

// biome-ignore format: a table
export const IFLA = {
  ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, MASTER: 10, TXQLEN: 13, LINKINFO: 18,
  AF_SPEC: 26, GROUP: 27, NET_NS_FD: 28, EXT_MASK: 29, LINK_NETNSID: 37, EVENT: 44, ALT_IFNAME: 53,
} as const;
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, FLAGS: 8 } as const;
/** IFA_F_*: made for privacy, to be used for a while; not to be picked any more; another host may have it. */
export const IFA_F_TEMPORARY = 0x01,
  IFA_F_DEPRECATED = 0x20,
  IFA_F_TENTATIVE = 0x40;
// biome-ignore format: a table
export const RTA = {
  DST: 1, SRC: 2, IIF: 3, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, MULTIPATH: 9, TABLE: 15, VIA: 18,
  IP_PROTO: 27, SPORT: 28, DPORT: 29,
} as const;
export const NDA = { DST: 1, LLADDR: 2 } as const;
const NO_MAC = new Uint8Array(0);
const IFLA_INFO_KIND = 1;
const IFLA_EVENT_BONDING_FAILOVER = 3,
  IFLA_EVENT_NOTIFY_PEERS = 4;
const RTAX_MTU = 2;
const RTNEXTHOP_SIZE = 8;

const ROUTE_TYPES = [
  "unspec",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
  "nat",
  "xresolve",
] as const;
export type RouteType = (typeof ROUTE_TYPES)[number];

/** NUD_* bit to name. */
const NEIGHBOR_STATES = {
  1: "incomplete",
  2: "reachable",
  4: "stale",
  8: "delay",
  16: "probe",
  32: "failed",
  64: "noarp",
  128: "permanent",
} as const;
export type NeighborState = (typeof NEIGHBOR_STATES)[keyof typeof NEIGHBOR_STATES] | "none";
export const NUD_REACHABLE = 2;
export const NUD_PERMANENT = 128;

export type Family = "ipv4" | "ipv6";

export interface Link {
  index: number;
  name: string;
  /** "" for a device without one, such as a TUN. */
  mac: string;
  mtu: number;
  up: boolean;
  /** IFF_* bits. */
  flags: number;
  /** ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none (TUN). */
  type: number;
  /** Driver kind, as in `ip -d link`: "bridge", "veth", "tun" (TAP too); "" for hardware and lo. */
  kind: string;
  /** Index of the bridge or bond that the device is a port of, or 0. */
  master: number;
  /** Index of the device below or of the veth peer, or 0; in namespace `linkNetns` if that is given. */
  link: number;
  linkNetns?: number | undefined;
}

export interface Address {
  ifindex: number;
  family: Family;
  address: string;
  prefixLength: number;
  /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
  scope: number;
  /** "" for IPv6. */
  label: string;
  /** IFA_F_* bits. */
  flags: number;
}

/** Of a multipath route, `gateway` and `oif` are those of its first next hop, and `oifs` has the devices of all. */
export interface Route {
  family: Family;
  type: RouteType;
  /** Network address; "0.0.0.0" or "::" for the default route. */
  dst: string;
  prefixLength: number;
  gateway?: string | undefined;
  oif?: number | undefined;
  oifs?: number[] | undefined;
  prefSrc?: string | undefined;
  metric: number;
  /** 254 main, 255 local. */
  table: number;
  mtu?: number | undefined;
}

export interface Neighbor {
  ifindex: number;
  family: Family;
  address: string;
  /** "" while not known. */
  mac: string;
  state: NeighborState;
  permanent: boolean;
}

/** Bytes of an IPv4 (4) or IPv6 (16) address in network order. Throws TSP_ERR_ADDRESS. */
export function addressBytes(address: string): Uint8Array {
  const ip = parseIp(address);
  if (ip === null)
    throw new TsproxyError("TSP_ERR_ADDRESS", "invalid", `'${address}' is no IP address`, "write it like 172.17.0.4 or fd00::4");
  return toBytes(ip);
}

/** RFC 5952 text for 16 bytes, dotted text for 4. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

export const familyNumber = (address: Uint8Array): number => (address.length === 4 ? AF_INET : AF_INET6);

/** Throws TSP_ERR_ADDRESS. */
export function macBytes(mac: string): Uint8Array {
  const bytes = parseMac(mac);
  if (bytes === null) throw new TsproxyError("TSP_ERR_ADDRESS", "invalid", `'${mac}' is no MAC address`, "write it like 02:42:ac:11:00:02");
  return bytes;
}

const optionalAddress = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : addressText(bytes));
const optionalU32 = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : readU32(bytes, 0));

function family(number: number | undefined): Family | null {
  return number === AF_INET ? "ipv4" : number === AF_INET6 ? "ipv6" : null;
}

/** From an ifinfomsg; null for one that tells of something else, as a bridge does of its ports. */
export function parseLink({ payload }: NetlinkMessage): Link | null {
  if (payload[0] !== AF_UNSPEC) return null;
  const attrs = parseAttributes(payload, 16);
  const flags = readU32(payload, 8);
  return {
    index: readI32(payload, 4),
    name: readString(attrs.get(IFLA.IFNAME)),
    mac: macText(attrs.get(IFLA.ADDRESS) ?? NO_MAC),
    mtu: optionalU32(attrs.get(IFLA.MTU)) ?? 0,
    up: (flags & IFF_UP) !== 0,
    flags,
    type: readU16(payload, 2),
    kind: readString(parseAttributes(attrs.get(IFLA.LINKINFO) ?? payload.subarray(payload.length)).get(IFLA_INFO_KIND)),
    master: optionalU32(attrs.get(IFLA.MASTER)) ?? 0,
    link: optionalU32(attrs.get(IFLA.LINK)) ?? 0,
    linkNetns: optionalU32(attrs.get(IFLA.LINK_NETNSID)),
  };
}

/** Whether the kernel says of a link that its neighbors are to be told where it is (NETDEV_BONDING_FAILOVER, NETDEV_NOTIFY_PEERS). */
export function linkMoved({ payload }: NetlinkMessage): boolean {
  const event = optionalU32(parseAttributes(payload, 16).get(IFLA.EVENT)) ?? 0;
  return event === IFLA_EVENT_BONDING_FAILOVER || event === IFLA_EVENT_NOTIFY_PEERS;
}

/** From an ifaddrmsg. */
export function parseAddress({ payload }: NetlinkMessage): Address | null {
  const [familyId, prefixLength = 0, flags = 0, scope = 0] = payload;
  const attrs = parseAttributes(payload, 8);
  // On a point-to-point device IFA_ADDRESS is the peer's address.
  const address = attrs.get(IFA.LOCAL) ?? attrs.get(IFA.ADDRESS);
  const name = family(familyId);
  if (name === null || address === undefined) return null;
  return {
    ifindex: readU32(payload, 4),
    family: name,
    address: addressText(address),
    prefixLength,
    scope,
    label: readString(attrs.get(IFA.LABEL)),
    flags: optionalU32(attrs.get(IFA.FLAGS)) ?? flags,
  };
}

/** From an rtmsg; null for multicast routing and the like. */
export function parseRoute({ payload }: NetlinkMessage): Route | null {
  const [familyId, prefixLength = 0, , , tableByte = 0, , , type = 0] = payload;
  const name = family(familyId);
  if (name === null) return null;
  const attrs = parseAttributes(payload, 12);
  const multipath = attrs.get(RTA.MULTIPATH);
  // struct rtnexthop: u16 length, u8 flags, u8 weight, s32 ifindex, attributes.
  const hop = multipath === undefined ? attrs : parseAttributes(multipath.subarray(0, readU16(multipath, 0)), 8);
  const metrics = attrs.get(RTA.METRICS);
  return {
    family: name,
    type: ROUTE_TYPES[type] ?? "unspec",
    dst: optionalAddress(attrs.get(RTA.DST)) ?? (name === "ipv4" ? "0.0.0.0" : "::"),
    prefixLength,
    // RTA_VIA: u16 family, then an address of that other family.
    gateway: optionalAddress(hop.get(RTA.GATEWAY) ?? hop.get(RTA.VIA)?.subarray(2)),
    oif: multipath === undefined ? optionalU32(attrs.get(RTA.OIF)) : readI32(multipath, 4),
    ...(multipath === undefined ? {} : { oifs: nextHopDevices(multipath) }),
    prefSrc: optionalAddress(attrs.get(RTA.PREFSRC)),
    metric: optionalU32(attrs.get(RTA.PRIORITY)) ?? 0,
    table: optionalU32(attrs.get(RTA.TABLE)) ?? tableByte,
    mtu: metrics && optionalU32(parseAttributes(metrics).get(RTAX_MTU)),
  };
}

/** Interface indices of the next hops in RTA_MULTIPATH, each a struct rtnexthop. */
function nextHopDevices(multipath: Uint8Array): number[] {
  const devices: number[] = [];
  for (let at = 0; at + RTNEXTHOP_SIZE <= multipath.length; at += Math.max(RTNEXTHOP_SIZE, (readU16(multipath, at) + 3) & ~3))
    devices.push(readI32(multipath, at + 4));
  return devices;
}

/** From an ndmsg; null for a bridge's forwarding entries. */
export function parseNeighbor({ payload }: NetlinkMessage): Neighbor | null {
  const attrs = parseAttributes(payload, 12);
  const address = attrs.get(NDA.DST);
  const name = family(payload[0]);
  if (name === null || address === undefined) return null;
  const state = NEIGHBOR_STATES[readU16(payload, 8) as keyof typeof NEIGHBOR_STATES] ?? "none";
  const mac = macText(attrs.get(NDA.LLADDR) ?? NO_MAC);
  return { ifindex: readI32(payload, 4), family: name, address: addressText(address), mac, state, permanent: state === "permanent" };
}
