/** What a running instance answers on its unix socket (`/run/tsproxy/PID.sock`, HTTP, JSON): one type per path. */
import type { FdbRow, FlowRow } from "../engine/views.js";

/** Drops by reason name (`wire/drop.ts`); only reasons that happened. */
export type Drops = Record<string, number>;

export interface PortStats {
  port: number;
  /** Device name, as in `ip link`. */
  name: string;
  kind: "uplink" | "host" | "endpoint";
  /** Endpoint: its address. */
  address?: string;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  drops: Drops;
}

/** GET /v1/stats */
export interface StatsView {
  pid: number;
  version: string;
  uptimeSec: number;
  mappings: MappingView[];
  ports: PortStats[];
  /** All ports together. */
  drops: Drops;
  flows: { active: number; capacity: number; created: number; expired: number; refused: number };
  /** Counters of the steering programs: packets taken from the host, packets handed back, … */
  steering: Record<string, number>;
}

export interface MappingView {
  hostIp: string;
  hostPort: number;
  hostPortEnd: number;
  targetIp: string;
  targetPort: number;
  targetPortEnd: number;
  proto: "tcp" | "udp";
  /** How the port is served. */
  via: "dataplane" | "relay";
}

/** GET /v1/flows: an array of these. */
export type FlowView = FlowRow;

/** GET /v1/fdb: an array of these. */
export interface FdbView extends FdbRow {
  /** Of the port. */
  name: string;
}

/** GET /v1/networks of a daemon: an array of these, Docker's networks of driver tsproxy. */
export interface NetworkView {
  id: string;
  /** `172.18.0.0/16` */
  subnet: string;
  gateway: string;
  /** The host's device in it; "" when it could not be made again after a restart. */
  device: string;
  mtu: number;
  internal: boolean;
  icc: boolean;
  masquerade: boolean;
  endpoints: number;
}

/** GET /v1/endpoints of a daemon: an array of these. */
export interface EndpointView {
  id: string;
  network: string;
  address: string;
  mac: string;
  /** `gone`: its device ended, with its namespace or otherwise. */
  state: "created" | "joined" | "gone";
  /** SandboxKey; "" before it joined. */
  sandbox: string;
  ports: MappingView[];
}
