/** What the control thread says to a worker, and what the worker answers. Addresses are raw words (`wire/raw.ts`). */

import type { PublishRule } from "../dataplane/state.js";
import type { LimitOptions } from "../table/limit-options.js";

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
  /** Ways out may have changed. Nothing may be sent out of the devices in `refused`; `exact`: they depend on ports. */
  | { type: "routes"; refused: number[]; exact: boolean }
  /** Pairs of network and mask. */
  | { type: "allow"; pairs: Int32Array<ArrayBuffer> }
  /** Descriptor of the steering's `flows` map, and the interface index of the worker's uplink, port number `uplink`. */
  | { type: "steering"; flowsFd: number; uplinkDevice: number }
  /** A port whose frames the host's kernel has accepted for published ports: they come out of the BPF ring buffer `fd` of `size` bytes. */
  | { type: "add-held"; port: number; fd: number; size: number }
  /** The control thread wants to know when `fd` becomes readable. */
  | { type: "watch"; fd: number }
  | { type: "query"; id: number; what: Query }
  /** Ends the flows that a client in the network (raw words) opened to `port` (0: any); answers how many. */
  | { type: "end-flows"; id: number; network: number; mask: number; port: number }
  | { type: "stop" };

export type FromWorker =
  | { type: "ready" }
  | { type: "port-gone"; port: number; errno: number }
  | { type: "readable" }
  | { type: "answer"; id: number; value: unknown }
  | { type: "stopped" };
