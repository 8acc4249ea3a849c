/** What the relay and its listeners, one a port (`tcp.ts`, `udp.ts`), know of each other. */

import type { IpAddress } from "../wire/ip-address.js";

/** TCP connections, or UDP sessions (one per client address and port). */
export interface RelayStats {
  active: number;
  total: number;
  /** Turned away: not in allowFrom, or too many. */
  refused: number;
  /** The target could not be reached. */
  failed: number;
  /** From clients, and to clients. */
  bytesIn: number;
  bytesOut: number;
}

/** What a listener needs to know: one port, one target. */
export interface ListenerOptions {
  hostIp: IpAddress;
  hostPort: number;
  targetIp: IpAddress;
  targetPort: number;
  /** Instead of binding `hostIp` and `hostPort`. */
  fd?: number | undefined;
  /** Shared by the listeners of a mapping. */
  stats: RelayStats;
  allows(clientIp: string): boolean;
}

export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}
