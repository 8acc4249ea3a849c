/**
 * Links, addresses, routes, neighbors and tc filters of one network namespace (rtnetlink(7)).
 * IPv4 and IPv6 addresses are text. Changes throw TSP_ERR_SYSCALL with the kernel's own words when it refuses;
 * each `delete…` answers false when there was nothing to delete.
 */
import fs from "node:fs";
import os from "node:os";
import {
  attribute,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  nested,
  pack,
  parseAttributes,
  readI32,
  readString,
  readU16,
  readU32,
  requestError,
  text,
  u32,
} from "./netlink.js";
import * as entries from "./rtnetlink-entries.js";
import { AF_INET, AF_INET6, AF_UNSPEC, addressBytes, familyNumber, IFA, NDA, RTA } from "./rtnetlink-entries.js";
import { LinkSocket } from "./rtnetlink-link.js";

// biome-ignore format: a table
const RTM = {
  NEWADDR: 20, DELADDR: 21, GETADDR: 22, NEWROUTE: 24, DELROUTE: 25, GETROUTE: 26, NEWNEIGH: 28, DELNEIGH: 29, GETNEIGH: 30,
  GETRULE: 34, NEWQDISC: 36, DELQDISC: 37, NEWTFILTER: 44, DELTFILTER: 45, GETTFILTER: 46,
} as const;
const { EACCES, EADDRNOTAVAIL, EAFNOSUPPORT, EEXIST, EHOSTUNREACH, EINVAL, ENETUNREACH, ENODEV, ENOENT, EOPNOTSUPP, ESRCH } =
  os.constants.errno;

/** Skip duplicate address detection: the address would not work for its first second. */
const IFA_F_NODAD = 2;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;
const RT_SCOPE_NOWHERE = 255;
const RTN_UNICAST = 1;
const NTF_USE = 1;

/** FRA_* of linux/fib_rules.h. */
const FRA = { IP_PROTO: 22, SPORT_RANGE: 23, DPORT_RANGE: 24 } as const;

/** linux/pkt_sched.h, linux/pkt_cls.h. */
const TC_H_CLSACT = 0xfffffff1;
const CLSACT_HANDLE = 0xffff0000;
const FILTER_PARENTS = { ingress: 0xfffffff2, egress: 0xfffffff3 } as const;
const TCA = { KIND: 1, OPTIONS: 2, BPF_FD: 6, BPF_NAME: 7, BPF_FLAGS: 8, BPF_ID: 11, CHAIN: 11 } as const;
const TCA_BPF_FLAG_ACT_DIRECT = 1;
const ETH_P_ALL = Buffer.from([0x00, 0x03]);

/** `prefixLength` bits of `dst`. Without `gateway` the addresses are on the link itself. Goes to table main. */
export interface RouteSpec {
  dst: string;
  prefixLength: number;
  gateway?: string | undefined;
  oif?: number | undefined;
  prefSrc?: string | undefined;
  metric?: number | undefined;
}

export interface BpfFilter {
  name: string;
  priority: number;
  handle: number;
  chain: number;
  /** The kernel's number of the program. */
  program: number;
}
export type TcDirection = keyof typeof FILTER_PARENTS;

const rtmsg = (family: number, prefixLength: number, table: number, protocol: number, scope: number, type: number) =>
  pack("111111114", family, prefixLength, 0, 0, table, protocol, scope, type, 0);
const ndmsg = (family: number, ifindex: number, state: number) => pack("1124211", family, 0, 0, ifindex, state, 0, 0);
const tcmsg = (ifindex: number, handle: number, parent: number, info = 0) =>
  pack("1124444", AF_UNSPEC, 0, 0, ifindex, handle, parent, info);
/** Upper half the priority, lower half the protocol in network order. */
const filterInfo = (priority: number) => ((priority << 16) | readU16(ETH_P_ALL, 0)) >>> 0;

export class RouteSocket extends LinkSocket {
  addresses(): entries.Address[] {
    return this.dump("list addresses", RTM.GETADDR, pack("11114")).flatMap((m) => entries.parseAddress(m) ?? []);
  }

  /** `scope`: RT_SCOPE_*; 254 (host) for an address that is never a source for others. */
  addAddress(ifindex: number, address: string, prefixLength: number, scope = RT_SCOPE_UNIVERSE): void {
    const what = () => `add address ${address}/${prefixLength} to ${this.nameOf(ifindex)}`;
    this.request(what, RTM.NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ...addressBody(ifindex, address, prefixLength, scope));
  }

  deleteAddress(ifindex: number, address: string, prefixLength: number): boolean {
    const what = () => `delete address ${address}/${prefixLength} of ${this.nameOf(ifindex)}`;
    return this.remove(what, [EADDRNOTAVAIL, ENODEV], RTM.DELADDR, ...addressBody(ifindex, address, prefixLength));
  }

  /** Of all tables, or of one: 254 main, 255 local. */
  routes(table?: number): entries.Route[] {
    const filter = table === undefined ? [] : [attribute(RTA.TABLE, u32(table))];
    return this.dump("list routes", RTM.GETROUTE, rtmsg(AF_UNSPEC, 0, 0, 0, 0, 0), ...filter).flatMap((m) => entries.parseRoute(m) ?? []);
  }

  /** How the kernel would send to `address`, policy rules included; null when it would not (no route, unreachable, blackhole, prohibit). */
  routeTo(address: string): entries.Route | null {
    const dst = addressBytes(address);
    const header = rtmsg(familyNumber(dst), dst.length * 8, 0, 0, 0, 0);
    const { messages, errno, detail } = this.transact(RTM.GETROUTE, 0, header, attribute(RTA.DST, dst));
    // EACCES: prohibit. EINVAL: blackhole (IPv4), unless the kernel explains what is wrong with the request.
    if ([ENETUNREACH, EHOSTUNREACH, EACCES].includes(errno) || (errno === EINVAL && detail === "")) return null;
    const route = messages[0] && entries.parseRoute(messages[0]);
    if (errno !== 0 || !route) throw requestError(`look up the route to ${address}`, errno, detail);
    return ["blackhole", "unreachable", "prohibit", "throw"].includes(route.type) ? null : route;
  }

  /** Whether the way of packets may depend on protocol and ports: by a routing rule, or by how the next hops of a route are shared out. */
  routesByPorts(): boolean {
    return this.rulesByPorts(AF_INET) || this.rulesByPorts(AF_INET6) || multipathByPorts("ipv4") || multipathByPorts("ipv6");
  }

  private rulesByPorts(family: number): boolean {
    const { messages, errno, detail } = this.transact(RTM.GETRULE, NLM_F_DUMP, rtmsg(family, 0, 0, 0, 0, 0));
    if (errno !== 0 && errno !== EOPNOTSUPP && errno !== EAFNOSUPPORT) throw requestError("list routing rules", errno, detail); // a kernel without them
    return messages.some(({ payload }) => {
      const attrs = parseAttributes(payload, 12);
      return [FRA.IP_PROTO, FRA.SPORT_RANGE, FRA.DPORT_RANGE].some((type) => attrs.has(type));
    });
  }

  addRoute(route: RouteSpec): void {
    const dst = addressBytes(route.dst);
    const scope = route.gateway === undefined && dst.length === 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    const header = rtmsg(familyNumber(dst), route.prefixLength, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST);
    this.request(() => `add ${describeRoute(route)}`, RTM.NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header, ...routeAttributes(route, dst));
  }

  /** The first route that agrees with all that is given. */
  deleteRoute(route: RouteSpec): boolean {
    const dst = addressBytes(route.dst);
    const header = rtmsg(familyNumber(dst), route.prefixLength, RT_TABLE_MAIN, 0, RT_SCOPE_NOWHERE, 0);
    return this.remove(() => `delete ${describeRoute(route)}`, [ESRCH, ENODEV], RTM.DELROUTE, header, ...routeAttributes(route, dst));
  }

  neighbors(): entries.Neighbor[] {
    return this.dump("list neighbors", RTM.GETNEIGH, ndmsg(AF_UNSPEC, 0, 0)).flatMap((m) => entries.parseNeighbor(m) ?? []);
  }

  /** Adds or changes a neighbor. One that is not `permanent` starts as reachable and is then subject to the kernel's ageing. */
  setNeighbor(neighbor: { ifindex: number; address: string; mac: string; permanent: boolean }): void {
    const { ifindex, address, mac, permanent } = neighbor;
    const dst = addressBytes(address);
    const header = ndmsg(familyNumber(dst), ifindex, permanent ? entries.NUD_PERMANENT : entries.NUD_REACHABLE);
    const attrs = [attribute(NDA.DST, dst), attribute(NDA.LLADDR, entries.macBytes(mac))];
    this.request(() => `set neighbor ${address} on ${this.nameOf(ifindex)}`, RTM.NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header, ...attrs);
  }

  /** As if a packet had gone there: the kernel asks it again if it is not sure of it. */
  useNeighbor(ifindex: number, address: string): void {
    const dst = addressBytes(address);
    const what = () => `use neighbor ${address} on ${this.nameOf(ifindex)}`;
    const header = pack("1124211", familyNumber(dst), 0, 0, ifindex, 0, NTF_USE, 0);
    this.remove(what, [ENOENT, ENODEV], RTM.NEWNEIGH, header, attribute(NDA.DST, dst));
  }

  deleteNeighbor(ifindex: number, address: string): boolean {
    const dst = addressBytes(address);
    const what = () => `delete neighbor ${address} on ${this.nameOf(ifindex)}`;
    return this.remove(what, [ENOENT, ENODEV], RTM.DELNEIGH, ndmsg(familyNumber(dst), ifindex, 0), attribute(NDA.DST, dst));
  }

  /** Makes the device take tc filters. False when it did already (a `clsact` or `ingress` qdisc): then leave that to its owner. */
  addClsact(ifindex: number): boolean {
    const header = tcmsg(ifindex, CLSACT_HANDLE, TC_H_CLSACT);
    const { errno, detail } = this.transact(RTM.NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, header, attribute(TCA.KIND, text("clsact")));
    if (errno !== 0 && errno !== EEXIST) throw requestError(`add clsact to ${this.nameOf(ifindex)}`, errno, detail);
    return errno === 0;
  }

  /** Removes clsact with all its filters, other programs' too. */
  deleteClsact(ifindex: number): boolean {
    const what = () => `delete clsact of ${this.nameOf(ifindex)}`;
    // EINVAL: what is there is no clsact.
    return this.remove(what, [ENOENT, EINVAL, ENODEV], RTM.DELQDISC, tcmsg(ifindex, 0, TC_H_CLSACT), attribute(TCA.KIND, text("clsact")));
  }

  /** Attaches a program of type SCHED_CLS whose result is the verdict (direct action). Needs clsact. Returns the filter's handle. No packet comes to chains but 0 by itself. */
  addBpfFilter(ifindex: number, direction: TcDirection, progFd: number, name: string, priority: number, chain = 0): number {
    const options = [
      attribute(TCA.BPF_FD, u32(progFd)),
      attribute(TCA.BPF_NAME, text(name)),
      attribute(TCA.BPF_FLAGS, u32(TCA_BPF_FLAG_ACT_DIRECT)),
    ];
    const header = tcmsg(ifindex, 0, FILTER_PARENTS[direction], filterInfo(priority));
    const attrs = [attribute(TCA.KIND, text("bpf")), attribute(TCA.CHAIN, u32(chain)), nested(TCA.OPTIONS, ...options)];
    const what = () => `add ${direction} filter ${name} to ${this.nameOf(ifindex)}`;
    const [echo] = this.request(what, RTM.NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, header, ...attrs);
    return echo === undefined ? 0 : readU32(echo.payload, 8);
  }

  /** Whether there are filters of any kind. */
  hasFilters(ifindex: number, direction: TcDirection): boolean {
    return this.filters(ifindex, direction).some(({ payload }) => readI32(payload, 4) === ifindex);
  }

  /** Names of all filters on a clsact, of both directions; of one that is no BPF program "". */
  filterNames(ifindex: number): string[] {
    return (["ingress", "egress"] as const).flatMap((direction) =>
      this.filters(ifindex, direction).flatMap(({ payload }) => {
        const attrs = parseAttributes(payload, 20);
        const options = attrs.get(TCA.OPTIONS);
        if (readI32(payload, 4) !== ifindex) return [];
        if (readString(attrs.get(TCA.KIND)) !== "bpf") return "";
        return options === undefined ? [] : readString(parseAttributes(options).get(TCA.BPF_NAME)); // each priority is listed once more, without
      }),
    );
  }

  private filters(ifindex: number, direction: TcDirection): NetlinkMessage[] {
    return this.dump("list tc filters", RTM.GETTFILTER, tcmsg(ifindex, 0, FILTER_PARENTS[direction]));
  }

  bpfFilters(ifindex: number, direction: TcDirection = "ingress"): BpfFilter[] {
    return this.filters(ifindex, direction).flatMap(({ payload }) => {
      const attrs = parseAttributes(payload, 20);
      const options = attrs.get(TCA.OPTIONS);
      // The kernel lists each priority once more, without options.
      if (readI32(payload, 4) !== ifindex || readString(attrs.get(TCA.KIND)) !== "bpf" || options === undefined) return [];
      const bpf = parseAttributes(options);
      return {
        name: readString(bpf.get(TCA.BPF_NAME)),
        priority: readU32(payload, 16) >>> 16,
        handle: readU32(payload, 8),
        chain: readU32(attrs.get(TCA.CHAIN) ?? u32(0), 0),
        program: readU32(bpf.get(TCA.BPF_ID) ?? u32(0), 0),
      };
    });
  }

  deleteBpfFilter(ifindex: number, priority: number, handle: number, direction: TcDirection = "ingress", chain = 0): boolean {
    const header = tcmsg(ifindex, handle, FILTER_PARENTS[direction], filterInfo(priority));
    const what = () => `delete ${direction} filter ${priority} of ${this.nameOf(ifindex)}`;
    // EINVAL: no clsact.
    return this.remove(
      what,
      [ENOENT, EINVAL, ENODEV],
      RTM.DELTFILTER,
      header,
      attribute(TCA.KIND, text("bpf")),
      attribute(TCA.CHAIN, u32(chain)),
    );
  }
}

function addressBody(ifindex: number, address: string, prefixLength: number, scope = RT_SCOPE_UNIVERSE): Uint8Array[] {
  const bytes = addressBytes(address);
  const header = pack("11114", familyNumber(bytes), prefixLength, IFA_F_NODAD, scope, ifindex);
  return [header, attribute(IFA.LOCAL, bytes), attribute(IFA.ADDRESS, bytes)];
}

function routeAttributes(route: RouteSpec, dst: Uint8Array): Uint8Array[] {
  const attrs = route.prefixLength === 0 ? [] : [attribute(RTA.DST, dst)];
  if (route.gateway !== undefined) attrs.push(attribute(RTA.GATEWAY, addressBytes(route.gateway)));
  if (route.oif !== undefined) attrs.push(attribute(RTA.OIF, u32(route.oif)));
  if (route.prefSrc !== undefined) attrs.push(attribute(RTA.PREFSRC, addressBytes(route.prefSrc)));
  if (route.metric !== undefined) attrs.push(attribute(RTA.PRIORITY, u32(route.metric)));
  return attrs;
}

/** fib_multipath_hash_policy of this namespace: 0 is by addresses alone, and of IPv6 by the protocol. */
function multipathByPorts(family: "ipv4" | "ipv6"): boolean {
  try {
    return fs.readFileSync(`/proc/sys/net/${family}/fib_multipath_hash_policy`, "utf8").trim() !== "0";
  } catch {
    return false; // a kernel without multipath
  }
}

const describeRoute = ({ dst, prefixLength, gateway }: RouteSpec): string =>
  `route to ${dst}/${prefixLength}${gateway === undefined ? "" : ` by way of ${gateway}`}`;
