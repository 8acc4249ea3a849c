/** Network devices of one namespace (rtnetlink(7)). The base of `RouteSocket`, whose error messages name devices. */
import os from "node:os";
import {
  attribute,
  type NetlinkMessage,
  NetlinkSocket,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nested,
  pack,
  parseAttributes,
  readU32,
  requestError,
  text,
  u32,
} from "./netlink.js";
import { AF_INET, AF_INET6, AF_UNSPEC, IFF_MULTICAST, IFF_UP, IFLA, type Link, macBytes, parseLink } from "./rtnetlink-entries.js";

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18 } as const;
const { EAFNOSUPPORT, ENODEV, EOPNOTSUPP, EPERM } = os.constants.errno;
const NLM_F_CREATE_NEW = NLM_F_CREATE | NLM_F_EXCL;

/** Keeps the counters, most of a link's message, out of the answer. */
const RTEXT_FILTER_SKIP_STATS = 8;
const IFNAMSIZ = 16,
  ALTIFNAMSIZ = 128;
/** Of devices: a number of 31 bits, so that nobody else has the one that is picked. */
const MIN_GROUP = 2 ** 16,
  MAX_GROUP = 2 ** 31;
const IFLA_INET_CONF = 1;
/** What is nested in IFLA_LINKINFO (linux/if_link.h, linux/veth.h). */
// biome-ignore format: a table
const INFO_KIND = 1, INFO_DATA = 2, VETH_INFO_PEER = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_MODES = ["eui64", "none", "stable-privacy", "random"] as const;

/** IPV4_DEVCONF_* of linux/ip.h: a device's net.ipv4.conf. */
// biome-ignore format: a table
const IPV4_DEVCONF = {
  forwarding: 1, proxyArp: 3, acceptRedirects: 4, sendRedirects: 6, rpFilter: 8, acceptSourceRoute: 9,
  arpFilter: 13, arpAnnounce: 18, arpIgnore: 19, acceptLocal: 23, routeLocalnet: 26,
} as const;
export type Ipv4Conf = Record<keyof typeof IPV4_DEVCONF, number>;
const IPV4_DEVCONF_ENTRIES = Object.entries(IPV4_DEVCONF) as [keyof Ipv4Conf, number][];

export interface LinkChange {
  up?: boolean;
  mtu?: number;
  mac?: string;
  name?: string;
  txQueueLen?: number;
  /** Whether it says that it takes multicast: without, the kernel has nothing to say of groups. */
  multicast?: boolean;
  /** How the device makes itself IPv6 addresses. Set before `up` takes effect. */
  addrGenMode?: (typeof ADDR_GEN_MODES)[number];
  /** Set through netlink, so a read-only /proc/sys does not matter. */
  ipv4Conf?: Partial<Ipv4Conf>;
}

export interface VethEnd {
  name: string;
  mac: string;
  mtu: number;
}

const ifinfomsg = (index: number, flags = 0, change = 0) => pack("112444", AF_UNSPEC, 0, 0, index, flags, change);

export class LinkSocket extends NetlinkSocket {
  links(): Link[] {
    const found = this.dump("list links", RTM.GETLINK, ifinfomsg(0), attribute(IFLA.EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS)));
    return found.flatMap((m) => parseLink(m) ?? []);
  }

  /** By index or name (alternative names too); null when there is none. */
  link(nameOrIndex: string | number): Link | null {
    const m = this.linkMessage(nameOrIndex);
    return m && parseLink(m);
  }

  /** net.ipv4.conf of a device; null when it has none, as for a device that does not exist. */
  ipv4Conf(index: number): Ipv4Conf | null {
    const m = this.linkMessage(index);
    const spec = m && parseAttributes(m.payload, 16).get(IFLA.AF_SPEC);
    const inet = spec && parseAttributes(spec).get(AF_INET);
    const conf = inet && parseAttributes(inet).get(IFLA_INET_CONF);
    if (!conf) return null;
    return Object.fromEntries(IPV4_DEVCONF_ENTRIES.map(([name, n]) => [name, readU32(conf, (n - 1) * 4)])) as Ipv4Conf;
  }

  setLink(index: number, change: LinkChange): void {
    const what = () => `set ${Object.keys(change).join(", ")} of ${this.nameOf(index)}`;
    // The kernel applies IFLA_AF_SPEC after the flags, too late for a device that `up` lets make its IPv6 address: so it goes first.
    if (change.addrGenMode !== undefined) {
      const mode = pack("1", ADDR_GEN_MODES.indexOf(change.addrGenMode));
      const spec = nested(IFLA.AF_SPEC, nested(AF_INET6, attribute(IFLA_INET6_ADDR_GEN_MODE, mode)));
      const { errno, detail } = this.transact(RTM.NEWLINK, 0, ifinfomsg(index), spec);
      // Where there is no IPv6 (kernel without it, small MTU), no address is made.
      if (errno !== 0 && !(errno === EAFNOSUPPORT && change.addrGenMode === "none")) throw requestError(what(), errno, detail);
    }
    const attrs: Uint8Array[] = [];
    if (change.mtu !== undefined) attrs.push(attribute(IFLA.MTU, u32(change.mtu)));
    if (change.mac !== undefined) attrs.push(attribute(IFLA.ADDRESS, macBytes(change.mac)));
    if (change.name !== undefined) attrs.push(attribute(IFLA.IFNAME, text(change.name)));
    if (change.txQueueLen !== undefined) attrs.push(attribute(IFLA.TXQLEN, u32(change.txQueueLen)));
    if (change.ipv4Conf !== undefined) {
      const values = Object.entries(change.ipv4Conf) as [keyof Ipv4Conf, number][];
      const conf = nested(IFLA_INET_CONF, ...values.map(([name, value]) => attribute(IPV4_DEVCONF[name], u32(value))));
      attrs.push(nested(IFLA.AF_SPEC, nested(AF_INET, conf)));
    }
    const flags: [number, boolean | undefined][] = [
      [IFF_UP, change.up],
      [IFF_MULTICAST, change.multicast],
    ];
    const bits = (of: (on: boolean | undefined) => boolean): number => flags.reduce((sum, [bit, on]) => (of(on) ? sum | bit : sum), 0);
    const header = ifinfomsg(
      index,
      bits((on) => on === true),
      bits((on) => on !== undefined),
    );
    this.request(what, RTM.NEWLINK, 0, header, ...attrs);
  }

  /** Makes a veth pair, both ends down: one in this namespace, the peer in namespace `nsFd` (-1: this one). */
  addVeth(end: VethEnd, peer: VethEnd, nsFd: number): void {
    const attributesOf = ({ name, mac, mtu }: VethEnd): Uint8Array[] => [
      attribute(IFLA.IFNAME, text(name)),
      attribute(IFLA.ADDRESS, macBytes(mac)),
      attribute(IFLA.MTU, u32(mtu)),
    ];
    const elsewhere = nsFd === -1 ? [] : [attribute(IFLA.NET_NS_FD, u32(nsFd))];
    const peerInfo = nested(VETH_INFO_PEER, ifinfomsg(0), ...attributesOf(peer), ...elsewhere);
    const info = nested(IFLA.LINKINFO, attribute(INFO_KIND, text("veth")), nested(INFO_DATA, peerInfo));
    const what = (): string => `add the veth pair ${end.name}, ${peer.name}`;
    this.request(what, RTM.NEWLINK, NLM_F_CREATE_NEW, ifinfomsg(0), ...attributesOf(end), info);
  }

  /**
   * Whether the kernel has veth pairs; loads their module, if there is one. It is asked for one with a MAC that no device may have, so none is made.
   * Undefined: who asks may not make devices, so the kernel does not say.
   */
  hasVeth(): boolean | undefined {
    const info = nested(IFLA.LINKINFO, attribute(INFO_KIND, text("veth")));
    const mac = attribute(IFLA.ADDRESS, new Uint8Array(6));
    const { errno } = this.transact(RTM.NEWLINK, NLM_F_CREATE_NEW, ifinfomsg(0), attribute(IFLA.IFNAME, text("tspprobe")), mac, info);
    return errno === EPERM ? undefined : errno !== EOPNOTSUPP;
  }

  deleteLink(index: number): boolean {
    return this.remove(() => `delete ${this.nameOf(index)}`, [ENODEV], RTM.DELLINK, ifinfomsg(index));
  }

  /**
   * All of them in one step, which takes hardly longer than one: before a device is gone the kernel waits until no processor uses it any more, for 20 ms or so.
   * Those that are gone already are passed over. Not for devices whose end the kernel does not leave to us, like `lo`.
   */
  deleteLinks(indices: readonly number[]): void {
    try {
      if (indices.length > 1) {
        this.deleteTogether(indices);
        return;
      }
    } catch {
      // one by one what is left of them
    }
    for (const index of indices) this.deleteLink(index);
  }

  private deleteTogether(indices: readonly number[]): void {
    const group = attribute(IFLA.GROUP, u32(MIN_GROUP + Math.floor(Math.random() * (MAX_GROUP - MIN_GROUP))));
    for (const index of indices) {
      const { errno, detail } = this.transact(RTM.NEWLINK, 0, ifinfomsg(index), group);
      if (errno !== 0 && errno !== ENODEV) throw requestError(`delete ${this.nameOf(index)}`, errno, detail);
    }
    this.remove(() => `delete ${indices.length} devices`, [ENODEV], RTM.DELLINK, ifinfomsg(0), group);
  }

  private linkMessage(nameOrIndex: string | number): NetlinkMessage | null {
    const byName = typeof nameOrIndex === "string";
    if (byName && Buffer.byteLength(nameOrIndex) >= ALTIFNAMSIZ) return null; // the kernel would not even look
    const attrs = [attribute(IFLA.EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS))];
    if (byName) attrs.push(attribute(Buffer.byteLength(nameOrIndex) < IFNAMSIZ ? IFLA.IFNAME : IFLA.ALT_IFNAME, text(nameOrIndex)));
    const { messages, errno, detail } = this.transact(RTM.GETLINK, 0, ifinfomsg(byName ? 0 : nameOrIndex), ...attrs);
    if (errno === ENODEV) return null;
    if (errno !== 0) throw requestError(`look up link '${nameOrIndex}'`, errno, detail);
    return messages[0] ?? null;
  }

  protected nameOf(index: number): string {
    return this.link(index)?.name ?? `interface ${index}`;
  }
}
