/** What the control thread says to a worker, and what the worker answers. Addresses are of either family (`wire/ip-address.ts`). */
import type { Bandwidth } from "../table/bandwidth.js";
import type { FlowFileOwner } from "../table/flow-file.js";
import type { LimitOptions } from "../table/limit-options.js";
import type { IpAddress, IpPrefix } from "../wire/ip-address.js";

/** A published port or range of them. Ports in host order. */
export interface PublishedRange {
  proto: number;
  /** 0.0.0.0 or ::: any of the host's addresses of that family. */
  hostIp: IpAddress;
  firstPort: number;
  lastPort: number;
  /** May be of the other family: then packets are translated (RFC 7915), and the client becomes `snatSource`. */
  target: IpAddress;
  /** Port of the target for `firstPort`; the others follow. */
  targetPort: number;
  /** Own network that the target is an endpoint of; -1: the host's kernel reaches it. */
  network: number;
  /** Address, of the target's family, that the target sees instead of a client that it could not answer through us: the host's, next to the target. */
  snatSource: IpAddress;
  /** Network that the target shares with `snatSource`: clients in it would be answered directly. */
  onlink: IpPrefix;
}

/** One family of an own network. */
export interface Subnet {
  prefix: IpPrefix;
  gateway: IpAddress;
  /** Address that what leaves is given instead of the route's; null: the route's. */
  outside: IpAddress | null;
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
export interface WorkerOptions {
  counters: SharedArrayBuffer;
  /**
   * Int32 0: number of messages posted; the worker reads its messages when it changes. Int32 1: not 0 when the process ends. Int32 2: when the
   * worker has stopped, how many flows there were that both ends kept up.
   */
  mailbox: SharedArrayBuffer;
  /** eventfd that ends the worker's wait. */
  wakeFd: number;
  /** Which of how many workers it is. */
  worker: number;
  workers: number;
  conntrackMax: number;
  /** Seconds by state of conntrack. */
  timeouts: Int32Array;
  masqueradeFirst: number;
  masqueradeLast: number;
  /** The steering programs carry flows to published ports (`engine/offload.ts`). */
  offload: boolean;
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
export type Query = "flows" | "fdb" | "summary" | "holders";

export type ToWorker =
  /** `device`: interface index of a host port's device; else 0. */
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
      /** Of an endpoint; none: as much as there is. */
      bandwidth?: Bandwidth | undefined;
    }
  | { type: "remove-port"; port: number }
  /** At most one subnet of each family; `flags` of `table/networks.ts`. */
  | { type: "add-network"; network: number; subnets: readonly Subnet[]; flags: number }
  /** Its ports must be removed before. */
  | { type: "remove-network"; network: number }
  | { type: "publish"; id: number; rule: PublishedRange }
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
  | { type: "steering"; flowsFd: number; flows6Fd: number; uplinkDevice: number; isNew: boolean }
  /** A port whose frames the host's kernel has accepted for published ports: they come out of the BPF ring buffer `fd` of `size` bytes. */
  | { type: "add-held"; port: number; fd: number; size: number }
  /** The control thread wants to know when `fd` becomes readable. */
  | { type: "watch"; fd: number }
  | { type: "query"; id: number; what: Query }
  /** Ends the flows that a client in the prefix (null: any) opened to `port` (0: any); answers how many. */
  | { type: "end-flows"; id: number; client: IpPrefix | null; port: number }
  /** Takes up flows of former processes; `last`: what waits still is given up. Answers what became of them. */
  | { type: "adopt"; id: number; last: boolean }
  | { type: "stop" };

export type FromWorker =
  | { type: "ready" }
  | { type: "port-gone"; port: number; errno: number }
  | { type: "readable" }
  | { type: "answer"; id: number; value: unknown }
  | { type: "stopped" };
