/**
 * Bridges of this namespace's kernel, for who wants to send to a container past its bridge: ports, the bridges' forwarding entries, and whoever
 * would see or change a packet on its way through. And a monitor that tells of changes to them.
 *
 *     tcmsg   u8 family, 3 bytes, s32 ifindex, …      (linux/rtnetlink.h)
 *     ndmsg   u8 family, 3 bytes, s32 ifindex, u16 state, u8 flags, u8 type      (linux/neighbour.h)
 */
import fs from "node:fs";
import os from "node:os";
import { macText } from "../wire/ethernet.js";
import { native, systemError } from "./native.js";
import {
  type Attributes,
  attribute,
  DatagramReader,
  NETLINK_ROUTE,
  type NetlinkMessage,
  NetlinkSocket,
  pack,
  parseAttributes,
  parseMessages,
  readI32,
  readString,
  readU16,
  readU32,
  u32,
} from "./netlink.js";
import { AF_UNSPEC, IFF_UP, IFLA, macBytes, type Neighbor, parseNeighbor } from "./rtnetlink-entries.js";

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, NEWNEIGH: 28, DELNEIGH: 29, GETNEIGH: 30, GETQDISC: 38 } as const;
/** RTM_NEWQDISC to RTM_DELTFILTER. */
const FIRST_TC = 36,
  LAST_TC = 45;
const GROUP_LINK = 0x1,
  GROUP_NEIGHBOR = 0x4,
  GROUP_TC = 0x8;
const AF_BRIDGE = 7;
const IFF_LOWER_UP = 0x10000;
/** IFLA_* and what is nested in IFLA_LINKINFO (linux/if_link.h), NDA_*, TCA_KIND. */
// biome-ignore format: a table
const IFLA_XDP = 43, IFLA_TARGET_NETNSID = 46, XDP_ATTACHED = 2, INFO_KIND = 1, INFO_DATA = 2, INFO_SLAVE_DATA = 5,
  BR_VLAN_FILTERING = 7, BRPORT_STATE = 1, NDA_LLADDR = 2, NDA_MASTER = 9, TCA_KIND = 1;
const BR_STATE_FORWARDING = 3;
const NUD_PERMANENT = 0x80;
const RTEXT_FILTER_SKIP_STATS = 8;
/** nfnetlink: NFT_MSG_GETTABLE of subsystem NFTABLES; struct nfgenmsg of NFPROTO_BRIDGE and NFPROTO_NETDEV. */
const NETLINK_NETFILTER = 12,
  NFT_GETTABLE = (10 << 8) | 1,
  NFPROTO_NETDEV = 5,
  NFPROTO_BRIDGE = 7;
const MSG_DONTWAIT = 0x40;
const { EAGAIN, ENOBUFS } = os.constants.errno;
/** Of /proc/net/packet: gets packets of every protocol, those that leave among them. */
const ETH_P_ALL = "0003";

export interface BridgeLink {
  index: number;
  name: string;
  /** "bridge", "veth", … */
  kind: string;
  mac: string;
  mtu: number;
  /** It is set up, and so is what it is plugged into. */
  up: boolean;
  /** Interface index of the bridge that it is a port of, or 0. */
  master: number;
  /** It is a port, and passes frames on (spanning tree). */
  forwards: boolean;
  /** A bridge that sorts frames by VLAN. */
  vlanFiltering: boolean;
  /** Interface index of the veth's other end, and the number of its namespace here; undefined: it is in this one. */
  link: number;
  linkNetns: number | undefined;
  hasXdp: boolean;
}

/** A bridge has learned, or was told, that the MAC is behind the port. */
export interface BridgeEntry {
  bridge: number;
  mac: string;
  port: number;
}

export type BridgeEvent =
  /** Anything about the device: it has come, changed or gone; its queueing or its filters have. */
  | { kind: "device"; ifindex: number }
  | { kind: "entry"; gone: boolean; entry: BridgeEntry }
  | { kind: "neighbor"; gone: boolean; neighbor: Neighbor }
  /** Events were lost: reread everything. */
  | { kind: "overrun" };

const NO_BYTES = new Uint8Array(0);
const within = (attrs: Attributes | undefined, type: number): Attributes | undefined => {
  const bytes = attrs?.get(type);
  return bytes === undefined ? undefined : parseAttributes(bytes);
};

function parseLink({ payload }: NetlinkMessage): BridgeLink {
  const attrs = parseAttributes(payload, 16);
  const info = within(attrs, IFLA.LINKINFO);
  const flags = readU32(payload, 8);
  const number = (type: number): number | undefined => {
    const bytes = attrs.get(type);
    return bytes === undefined ? undefined : readU32(bytes, 0);
  };
  return {
    index: readI32(payload, 4),
    name: readString(attrs.get(IFLA.IFNAME)),
    kind: readString(info?.get(INFO_KIND)),
    mac: macText(attrs.get(IFLA.ADDRESS) ?? NO_BYTES),
    mtu: number(IFLA.MTU) ?? 0,
    up: (flags & IFF_UP) !== 0 && (flags & IFF_LOWER_UP) !== 0,
    master: number(IFLA.MASTER) ?? 0,
    forwards: within(info, INFO_SLAVE_DATA)?.get(BRPORT_STATE)?.[0] === BR_STATE_FORWARDING,
    vlanFiltering: (within(info, INFO_DATA)?.get(BR_VLAN_FILTERING)?.[0] ?? 0) !== 0,
    link: number(IFLA.LINK) ?? 0,
    linkNetns: number(IFLA.LINK_NETNSID),
    hasXdp: (within(attrs, IFLA_XDP)?.get(XDP_ATTACHED)?.[0] ?? 0) !== 0,
  };
}

/** Null for what is no bridge's own entry of another one's MAC. */
function parseEntry({ payload }: NetlinkMessage): BridgeEntry | null {
  const attrs = parseAttributes(payload, 12);
  const bridge = attrs.get(NDA_MASTER);
  const mac = attrs.get(NDA_LLADDR);
  if (bridge === undefined || mac === undefined || (readU16(payload, 8) & NUD_PERMANENT) !== 0) return null;
  return { bridge: readU32(bridge, 0), mac: macText(mac), port: readI32(payload, 4) };
}

function parseEvent(m: NetlinkMessage): BridgeEvent | null {
  const ifindex = m.payload.length < 8 ? 0 : readI32(m.payload, 4);
  if (m.type === RTM.NEWLINK || m.type === RTM.DELLINK || (m.type >= FIRST_TC && m.type <= LAST_TC)) return { kind: "device", ifindex };
  if (m.type !== RTM.NEWNEIGH && m.type !== RTM.DELNEIGH) return null;
  const gone = m.type === RTM.DELNEIGH;
  if (m.payload[0] === AF_BRIDGE) {
    const entry = parseEntry(m);
    return entry && { kind: "entry", gone, entry };
  }
  const neighbor = parseNeighbor(m);
  return neighbor && { kind: "neighbor", gone, neighbor };
}

export class BridgeSocket extends NetlinkSocket {
  links(): BridgeLink[] {
    const all = attribute(IFLA.EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS));
    const found = this.dump("list links", RTM.GETLINK, pack("112444", AF_UNSPEC), all);
    return found.filter(({ payload }) => payload[0] === AF_UNSPEC).map(parseLink);
  }

  /** Null when the bridge does not know the MAC, or it is its own. One by one, as a bridge may have learned any number of others. */
  entry(bridge: number, mac: string): BridgeEntry | null {
    const attrs = [attribute(NDA_LLADDR, macBytes(mac)), attribute(NDA_MASTER, u32(bridge))];
    const { messages, errno } = this.transact(RTM.GETNEIGH, 0, pack("1124211", AF_BRIDGE), ...attrs);
    return errno !== 0 || messages[0] === undefined ? null : parseEntry(messages[0]);
  }

  /** The other end of a veth, in its namespace; null when it is not there. */
  otherEnd({ link, linkNetns = -1 }: BridgeLink): BridgeLink | null {
    const attrs = [attribute(IFLA_TARGET_NETNSID, u32(linkNetns)), attribute(IFLA.EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS))];
    const { messages, errno } = this.transact(RTM.GETLINK, 0, pack("112444", AF_UNSPEC, 0, 0, link), ...attrs);
    return errno !== 0 || messages[0] === undefined ? null : parseLink(messages[0]);
  }

  /** Interface indices of devices that have a queueing discipline; of those that take filters alone (a `clsact`). */
  queueing(): { disciplines: Set<number>; filtered: Set<number> } {
    const [disciplines, filtered] = [new Set<number>(), new Set<number>()];
    for (const { payload } of this.dump("list queueing disciplines", RTM.GETQDISC, pack("1124444", AF_UNSPEC))) {
      const kind = readString(parseAttributes(payload, 20).get(TCA_KIND));
      if (kind !== "noqueue") (kind === "clsact" ? filtered : disciplines).add(readI32(payload, 4));
    }
    return { disciplines, filtered };
  }
}

export class BridgeMonitor {
  /** Readable (poll) when there are events. */
  readonly fd = native.openNetlink(GROUP_LINK | GROUP_NEIGHBOR | GROUP_TC, -1, NETLINK_ROUTE);
  private readonly reader = new DatagramReader(this.fd);

  /** The events since the last call, in order; does not wait. Stops once there are `enough`. */
  drain(enough: number): BridgeEvent[] {
    const events: BridgeEvent[] = [];
    while (events.length < enough) {
      const datagram = this.reader.next(MSG_DONTWAIT);
      if (datagram === -EAGAIN) return events;
      if (datagram === -ENOBUFS) events.push({ kind: "overrun" });
      else if (typeof datagram === "number") throw systemError("recv(NETLINK_ROUTE)", datagram);
      else events.push(...parseMessages(datagram).flatMap((m) => parseEvent(m) ?? []));
    }
    return events;
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}

/** Interface indices of devices whose packets somebody captures; 0: those of all. */
export function captured(): Set<number> {
  const found = new Set<number>();
  for (const line of fs.readFileSync("/proc/net/packet", "utf8").split("\n").slice(1)) {
    const [, , , protocol, ifindex] = line.trim().split(/\s+/);
    if (protocol === ETH_P_ALL) found.add(Number(ifindex));
  }
  return found;
}

/** Whether there are rules about frames of bridges or of single devices: nftables, or the modules of ebtables. */
export function hasFrameRules(): boolean {
  const modules = fs.existsSync("/proc/modules") ? fs.readFileSync("/proc/modules", "utf8") : "";
  if (/^ebtable_/m.test(modules)) return true;
  const socket = new NetlinkSocket(-1, NETLINK_NETFILTER);
  try {
    return [NFPROTO_BRIDGE, NFPROTO_NETDEV].some((family) => socket.hasAny(NFT_GETTABLE, pack("112", family)));
  } finally {
    socket.close();
  }
}
