/**
 * Who would notice that packets go past a bridge of the host's kernel, or would have done something about them on it. For `past-bridge.ts`, which asks
 * of what is in use, and for `tsproxy doctor`, which says it.
 */
import { isOwnFilter } from "../steer/filter-names.js";
import { programName, tcxPrograms } from "../sys/bpf.js";
import { type BridgeLink, BridgeSocket, captured, hasFrameRules } from "../sys/bridges.js";
import { RouteSocket } from "../sys/rtnetlink.js";

/** Why packets go over a bridge. */
export interface InWay {
  /** As in "docker0 sorts VLANs"; of all devices a sentence. */
  why: string;
  /** What to do, where it is not wanted. */
  fix: string;
}

const FRAME_RULES: InWay = {
  why: "there are rules about frames (nftables of family bridge or netdev, or ebtables)",
  fix: "delete tables of these families ('nft list tables'), and unload modules ebtable_*",
};
const ALL_CAPTURED: InWay = { why: "somebody captures on all devices", fix: "end the capture" };
const CAPTURED: InWay = { why: "is captured on", fix: "end the capture" };
const QUEUEING: InWay = { why: "has a queueing discipline or filters", fix: "tc qdisc del dev NAME root" };
const TCX: InWay = { why: "has a TCX program of somebody else", fix: "detach it" };
const VLANS: InWay = { why: "sorts VLANs", fix: "ip link set NAME type bridge vlan_filtering 0" };
const NARROW: InWay = { why: "takes less than its bridge", fix: "ip link set NAME mtu …, as its bridge has" };
const END: InWay = { why: "has an end in its container that is down or has an XDP program", fix: "set that end up, or detach the program" };

/** What is in the way now: looked at once, when it is made. */
export class BridgeWatch {
  /** In that of all packets. */
  readonly everywhere: InWay | undefined;
  private readonly queueing: ReturnType<BridgeSocket["queueing"]>;
  private readonly watched: ReadonlySet<number>;

  /** `isOurs`: a TCX program, by its number, is tsproxy's own. */
  constructor(
    private readonly socket: Pick<BridgeSocket, "queueing" | "otherEnd">,
    private readonly filters: Pick<RouteSocket, "filterNames">,
    private readonly isOurs: (program: number) => boolean,
  ) {
    const hasRules = hasFrameRules();
    this.watched = captured();
    this.everywhere = hasRules ? FRAME_RULES : this.watched.has(0) ? ALL_CAPTURED : undefined;
    this.queueing = this.everywhere === undefined ? socket.queueing() : { disciplines: new Set(), filtered: new Set() };
  }

  /** In that of what leaves by this device: a bridge, or a port of one. */
  of(ifindex: number): InWay | undefined {
    const { disciplines, filtered } = this.queueing;
    if (disciplines.has(ifindex)) return QUEUEING;
    if (filtered.has(ifindex) && !this.filters.filterNames(ifindex).every(isOwnFilter)) return QUEUEING;
    if (this.watched.has(ifindex)) return CAPTURED;
    return tcxPrograms(ifindex, "egress")?.every(this.isOurs) === true ? undefined : TCX;
  }

  /** In that of what goes to the container behind this port: the container's end does not take packets as the kernel would deliver them. */
  ofEnd(port: BridgeLink): InWay | undefined {
    const end = this.socket.otherEnd(port);
    return end === null || !end.up || end.hasXdp ? END : undefined;
  }
}

/** The way past the host's bridges, as `tsproxy doctor` says it. */
export interface BridgeWays {
  /** How many containers there are behind bridges that are up: ports that lead into another namespace. */
  containers: number;
  /** What is in the way of all packets, or of those for or behind a device; `device` "": all. */
  inWay: (InWay & { device: string })[];
}

/** Takes CAP_NET_ADMIN and CAP_SYS_ADMIN. Programs with a name that begins as ours do are ours, of whatever instance. */
export function bridgeWays(): BridgeWays {
  const socket = new BridgeSocket();
  const filters = new RouteSocket();
  try {
    const links = socket.links();
    const bridges = links.filter(({ kind, up }) => kind === "bridge" && up);
    const watch = new BridgeWatch(socket, filters, (id) => programName(id)?.startsWith("tsproxy_") === true);
    const inWay: BridgeWays["inWay"] = [];
    const note = (device: string, found: InWay | undefined): void => {
      if (found !== undefined) inWay.push({ device, why: found.why, fix: found.fix.replace("NAME", device) });
    };
    note("", watch.everywhere);
    let containers = 0;
    for (const bridge of bridges) {
      const ports = links.filter((link) => link.master === bridge.index && isContainers(link));
      containers += ports.length;
      if (ports.length === 0 || watch.everywhere !== undefined) continue;
      const ofAll = bridge.vlanFiltering ? VLANS : watch.of(bridge.index);
      note(bridge.name, ofAll);
      if (ofAll === undefined)
        for (const port of ports) note(port.name, port.mtu < bridge.mtu ? NARROW : (watch.of(port.index) ?? watch.ofEnd(port)));
    }
    return { containers, inWay };
  } finally {
    socket.close();
    filters.close();
  }
}

/** A port that may lead to a container: frames pass on to a veth whose other end is in another namespace. */
export function isContainers({ kind, linkNetns, up, forwards }: BridgeLink): boolean {
  return kind === "veth" && linkNetns !== undefined && up && forwards;
}
