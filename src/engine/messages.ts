/** What the control thread says to a worker, and what the worker answers. Addresses are raw words (`wire/raw.ts`). */

import type { PublishRule } from "../dataplane/state.js";
import type { FlowFileOwner } from "../table/flow-file.js";
import type { LimitOptions } from "../table/limit-options.js";
import type { RouteEntry } from "../table/route.js";

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
  /** Int32 0: number of messages posted; the worker reads its messages when it changes. Int32 1: not 0 when the process ends. */
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
  | { type: "add-port"; port: number; kind: number; fd: number; mac: Uint8Array; address: number; network: number; device: number }
  | { type: "remove-port"; port: number }
  /** `flags` of `table/networks.ts`; `outside` 0: what leaves has the route's source address. */
  | { type: "add-network"; network: number; address: number; prefixLength: number; gateway: number; flags: number; outside: number }
  /** Its ports must be removed before. */
  | { type: "remove-network"; network: number }
  | { type: "publish"; id: number; rule: PublishRule }
  /** Drops the rule's flows too. */
  | { type: "withdraw"; id: number }
  /** The host's own addresses, and the broadcast addresses of its networks. */
  | { type: "locals"; addresses: Int32Array<ArrayBuffer>; broadcasts: Int32Array<ArrayBuffer> }
  | { type: "routes"; routes: RouteEntry[] }
  /** Pairs of network and mask. */
  | { type: "allow"; pairs: Int32Array<ArrayBuffer> }
  /** Descriptor of the steering's `flows` map, which is new or a former process's, and the interface index of the worker's uplink. */
  | { type: "steering"; flowsFd: number; uplinkDevice: number; isNew: boolean }
  /** A port whose frames the host's kernel has accepted for published ports: they come out of the BPF ring buffer `fd` of `size` bytes. */
  | { type: "add-held"; port: number; fd: number; size: number }
  /** The control thread wants to know when `fd` becomes readable. */
  | { type: "watch"; fd: number }
  | { type: "query"; id: number; what: Query }
  /** Ends the flows that a client in the network (raw words) opened to `port` (0: any); answers how many. */
  | { type: "end-flows"; id: number; network: number; mask: number; port: number }
  /** Takes up flows of former processes; `last`: what waits still is given up. Answers what became of them. */
  | { type: "adopt"; id: number; last: boolean }
  | { type: "stop" };

export type FromWorker =
  | { type: "ready" }
  | { type: "port-gone"; port: number; errno: number }
  | { type: "readable" }
  | { type: "answer"; id: number; value: unknown }
  /** `held`: flows that both ends keep up. */
  | { type: "stopped"; held: number };
