/** What the control thread says to a worker, and what the worker answers. Addresses are of either family (`wire/ip-address.ts`). */
import type { CaptureFilterOptions } from "../dataplane/capture-filter.js";
import type { Bandwidth } from "../table/bandwidth.js";
import type { FlowFileOwner } from "../table/flow-file.js";
import type { LimitOptions } from "../table/limit-options.js";
import type { LinkPorts } from "../table/links.js";
import type { IpAddress, IpPrefix } from "../wire/ip-address.js";

/** Where a published port leads. */
export interface PublishedTarget {
  /** 1 and more; the same for as long as the port is published, and no other target's of it. */
  id: number;
  /** May be of the other family: then packets are translated (RFC 7915), and the client becomes `snatSource`. */
  address: IpAddress;
  /** Port of the target for `firstPort`; the others follow. */
  port: number;
  /** TAKES and so on (`table/selection.ts`). */
  duty: number;
  /** Own network that the target is an endpoint of; -1: the host's kernel reaches it. */
  network: number;
  /** Address, of the target's family, that the target sees instead of a client that it could not answer through us: the host's, next to the target. */
  snatSource: IpAddress;
  /** Network that the target shares with `snatSource`: clients in it would be answered directly. */
  onlink: IpPrefix;
}

/** A published port or range of them. Ports in host order. */
export interface PublishedRange {
  proto: number;
  /** 0.0.0.0 or ::: any of the host's addresses of that family. */
  hostIp: IpAddress;
  firstPort: number;
  lastPort: number;
  targets: readonly PublishedTarget[];
  /** Memory of `table/selection.ts`, for targets that may be several; null: there is one, and never more. */
  selection: SharedArrayBuffer | null;
  /** Place where the steering programs count what they carry of its flows (`steer/carried.ts`); default: 0. */
  carried?: number;
}

/** One family of an own network. */
export interface Subnet {
  prefix: IpPrefix;
  gateway: IpAddress;
  /** Address that what leaves is given instead of the route's; null: the route's. */
  outside: IpAddress | null;
}

/** What makes an overlay network of an own one. */
export interface Overlay {
  /** Port, of kind REMOTE, that stands for the network's other nodes. */
  port: number;
  /** VXLAN network identifier. */
  vni: number;
  /** The longest IP packet that goes to another node. */
  mtu: number;
  /** Frames between nodes are sealed. */
  encrypted: boolean;
}

/** A file that a former process left: its descriptor, and for how many flows it is. */
export interface FormerFile {
  fd: number;
  capacity: number;
}

/** What became of the flows of former processes, so far. */
export interface Adopted {
  taken: number;
  /** They wait for what they need. */
  left: number;
  /** Both ends kept them up, but they could not go on. */
  lost: number;
}

/** `workerData` of the worker. */
export interface WorkerData {
  counters: SharedArrayBuffer;
  /**
   * Int32 0: number of messages posted; the worker reads its messages when it changes. Int32 1: not 0 when the process ends. Int32 2: when the
   * worker has stopped, how many flows there were that both ends kept up.
   */
  mailbox: SharedArrayBuffer;
  /** eventfd that ends the worker's wait. */
  wakeFd: number;
}

/** The first message to the worker, which waits for it. */
export interface WorkerOptions {
  /** Which of how many workers it is. */
  worker: number;
  workers: number;
  conntrackMax: number;
  /** Seconds by state of conntrack. */
  timeouts: Int32Array;
  masqueradeFirst: number;
  masqueradeLast: number;
  /** What is for published ports comes before the host's firewall has seen it (`State.bypass`). */
  bypass: boolean;
  /** This worker's part of them. */
  limits: LimitOptions;
  /** What ports have sent of their bandwidth, the same memory for all workers (`dataplane/shaper.ts`). */
  buckets: SharedArrayBuffer;
  /** Descriptor of an empty file that its flows are to lie in (`table/flow-file.ts`); -1: they end with the process. */
  flowFile: number;
  /** Kind of instance and the like, which the file is to say; undefined without one. */
  owner: FlowFileOwner | undefined;
  /** Files of processes before this one, to go on with. */
  former: readonly FormerFile[];
  /** How long to look for frames after the last one, before sleeping. */
  spinNs: number;
}

/** What a worker can be asked for (`views.ts`). */
export type Query = "flows" | "fdb" | "summary" | "holders" | "nodes" | "strangers";

export type ToWorker =
  /** `device`: interface index of a host port's device, or of an endpoint's that the kernel can carry packets to and from (`table/ports.ts`); else 0. */
  | {
      type: "add-port";
      port: number;
      kind: number;
      fd: number;
      mac: Uint8Array;
      /** Of an endpoint: at most one of each family. */
      addresses: readonly IpAddress[];
      network: number;
      device: number;
      /** As in `table/ports.ts`; default: 0. */
      owner?: number | undefined;
      /** Of an endpoint; none: as much as there is. */
      bandwidth?: Bandwidth | undefined;
    }
  | { type: "remove-port"; port: number }
  /** At most one subnet of each family; `flags` of `table/networks.ts`. */
  | { type: "add-network"; network: number; subnets: readonly Subnet[]; flags: number; overlay?: Overlay | undefined }
  /**
   * Of a network on a LAN: the device there, with which the host is on the LAN, has this MAC from now on. `device`: its interface index; 0: there is
   * none. `vlan`: of which VLAN on it, 0: none.
   */
  | { type: "parent-mac"; network: number; mac: Uint8Array; device: number; vlan: number }
  /** Descriptor of the map of what the kernel carries between stations of a network (`wire/station-pair.ts`); it stays open as long as the worker runs. */
  | { type: "station-pairs"; fd: number }
  /** Tells the LAN of that network where its endpoint with this MAC is; to one worker. */
  | { type: "announce"; network: number; mac: Uint8Array }
  /** Its ports must be removed before. */
  | { type: "remove-network"; network: number }
  /**
   * The device of the tunnels, its descriptor and interface index; `address`: this node's in the underlay; `udpPort` in host order; `segments`: it takes
   * frames that stand for several; `datagrams`: it takes several datagrams in one frame.
   */
  | {
      type: "add-tunnel";
      port: number;
      fd: number;
      mac: Uint8Array;
      device: number;
      address: IpAddress;
      udpPort: number;
      checksum: boolean;
      segments: boolean;
      datagrams: boolean;
    }
  /**
   * A key, which no other number has had; 32 bytes. `pair`: the numbers of the nodes' keys (`wire/sealed.ts`); `windows`: for a key that opens
   * (`table/replay-window.ts`), the same memory for all workers.
   */
  | { type: "set-seal"; key: number; pair: number; cipher: number; bytes: Uint8Array; windows: SharedArrayBuffer | null }
  /** Which of them are used for a node, in place of those before. `send` -1: none is known; `receive`: empty with it, the node is forgotten. */
  | { type: "seal-node"; node: IpAddress; send: number; receive: readonly number[]; workers: number }
  | { type: "drop-seal"; key: number }
  /** Adds an endpoint behind another node, or replaces the one with that MAC. `node`: the node's address in the underlay. */
  | { type: "set-remote"; network: number; mac: Uint8Array; addresses: readonly IpAddress[]; node: IpAddress }
  | { type: "remove-remote"; network: number; mac: Uint8Array }
  /** This node's own addresses in an overlay network, at most one a family, with the MAC that they have there; none: it has none. */
  | { type: "snat-address"; network: number; mac: Uint8Array; addresses: readonly IpAddress[] }
  /** The longest IP packet that goes to other nodes of an overlay network, from now on. */
  | { type: "remote-mtu"; network: number; mtu: number }
  /** What an endpoint may reach of another in a network without ICC, in place of what was said before; no ports: nothing. */
  | { type: "link"; client: IpAddress; server: IpAddress; ports: readonly LinkPorts[] }
  | { type: "publish"; id: number; rule: PublishedRange }
  /** Other targets for a rule with a selection, or other duties. Flows to a target that is not there any more end. */
  | { type: "targets"; id: number; targets: readonly PublishedTarget[] }
  /** Drops the rule's flows too. */
  | { type: "withdraw"; id: number }
  /** The host's own addresses, link-local ones too, and the broadcast addresses of its networks. */
  | { type: "locals"; addresses: readonly IpAddress[]; broadcasts: readonly IpAddress[] }
  /**
   * Ways out may have changed. Nothing may be sent out of the devices in `refused`; `exact`: ways depend on ports; `forwarding` and `forwarding6`:
   * devices of own networks that the host forwards from, by family.
   */
  | { type: "routes"; refused?: readonly number[]; exact?: boolean; forwarding?: readonly number[]; forwarding6?: readonly number[] }
  /** Clients that may open flows to published ports; none: all may. */
  | { type: "allow"; prefixes: readonly IpPrefix[] }
  /**
   * Descriptors of the steering's maps `flows` and `flows6` (-1: there is none), which are new or a former process's, and the interface index of
   * the worker's uplink.
   */
  | {
      type: "steering";
      flowsFd: number;
      flows6Fd: number;
      acrossFd: number;
      /** Of the map `order`; -1: there is none, and nothing keeps packets in order that change their way. */
      orderFd: number;
      uplinkDevice: number;
      isNew: boolean;
      /** The steering programs carry flows to published ports, of these families (`engine/offload.ts`). */
      offload: { ipv4: boolean; ipv6: boolean };
    }
  /** What of that has come true: what has not is not carried after all. */
  | { type: "offload"; ipv4: boolean; ipv6: boolean }
  /** A port whose frames the host's kernel has accepted for published ports: they come out of the BPF ring buffer `fd` of `size` bytes. */
  | { type: "add-held"; port: number; fd: number; size: number }
  /** Interface indices of devices whose packets the steering programs cannot carry. */
  | { type: "bare"; devices: readonly number[] }
  /** The control thread wants to know when `fd` becomes readable. */
  | { type: "watch"; fd: number }
  | { type: "query"; id: number; what: Query }
  /** Ends the flows that a client in the prefix (null: any) opened to `port` (0: any); answers how many. */
  | { type: "end-flows"; id: number; client: IpPrefix | null; port: number }
  /**
   * Of entries of the steering's map of that family: their keys, one after another, and of each the interface index of the device that it leads to. Those that lead here
   * and are of no flow are taken out, and those that lead to the tunnels' device and are of no node. Answers null.
   */
  | { type: "sweep-entries"; id: number; family: 4 | 6; keys: Int32Array; uplinks: Int32Array }
  /** Takes up flows of former processes; `last`: what waits still is given up. Answers what became of them. */
  | { type: "adopt"; id: number; last: boolean }
  /**
   * Packets that the filter lets through go into the ring (`table/capture-ring.ts`), at most `snap` bytes of each, until "end-capture". Answers when the kernel
   * carries none of them any more.
   */
  | { type: "capture"; id: number; capture: number; ring: SharedArrayBuffer; snap: number; filter: CaptureFilterOptions }
  | { type: "end-capture"; capture: number }
  | { type: "stop" };

export type FromWorker =
  | { type: "ready" }
  | { type: "port-gone"; port: number; errno: number }
  | { type: "readable" }
  | { type: "answer"; id: number; value: unknown }
  /** There is something in the ring of that capture; said once, until the reader has looked. */
  | { type: "captured"; id: number }
  | { type: "stopped" };
