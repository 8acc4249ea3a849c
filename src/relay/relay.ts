/**
 * The socket relay: serves a mapping with ordinary sockets where packets cannot be steered (no BPF, IPv6, a target that is the host itself),
 * or when asked to.
 * The target sees this host as the client, and each port costs a listening socket; everything else is as published.
 */

import { TsproxyError } from "../errors.js";
import { bindError } from "../sys/port-owner.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp, type IpAddress, type IpPrefix, parseIp, prefixContains, unmapped } from "../wire/ip-address.js";
import type { Listener, ListenerOptions, RelayStats } from "./listener.js";
import { listenTcp } from "./tcp.js";
import { listenUdp } from "./udp.js";

export interface RelayHandle {
  /** First port of the range; the one that was picked when it was left open. */
  readonly hostPort: number;
  stats(): RelayStats;
  /** Cuts every connection; resolves when the ports are free. */
  close(): Promise<void>;
}

/** What to serve: ports as in `-p`. */
export interface RelaySpec {
  hostIp: IpAddress;
  /** 0: pick a free one. */
  hostPort: number;
  hostPortEnd: number;
  /** One free port of the range is to be picked. */
  pickFromRange: boolean;
  targetIp: IpAddress;
  targetPort: number;
  proto: "tcp" | "udp";
  /** Socket that is bound to the one port already; it becomes the relay's, whatever happens. */
  fd?: number;
}

export interface RelayOptions {
  /** Clients that may connect; absent or empty: all. */
  allowFrom?: readonly IpPrefix[];
}

export const Relay = { start };

/** Throws TSP_ERR_PORT_TAKEN (conflict) with the holder's name, TSP_ERR_HOST_ADDRESS or TSP_ERR_PORT_BIND; then nothing is left open. */
async function start(spec: RelaySpec, options: RelayOptions = {}): Promise<RelayHandle> {
  const stats: RelayStats = { active: 0, total: 0, refused: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  const allowFrom = options.allowFrom ?? [];
  const allows = (clientIp: string): boolean => {
    if (allowFrom.length === 0) return true;
    const found = parseIp(clientIp.replace(/%.*$/, "")); // without the zone of a link-local one
    const address = found === null ? null : unmapped(found); // how an IPv4 client looks to a socket for both families
    return address !== null && allowFrom.some((prefix) => prefixContains(prefix, address));
  };
  const open = (hostPort: number, targetPort: number): Promise<Listener> =>
    listen(spec, { hostIp: spec.hostIp, hostPort, targetIp: spec.targetIp, targetPort, fd: spec.fd, stats, allows });
  const listeners = spec.pickFromRange ? [await pick(spec, open)] : await openAll(spec, open);
  return {
    hostPort: (listeners[0] as Listener).port,
    stats: () => ({ ...stats }),
    close: async () => {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

type Open = (hostPort: number, targetPort: number) => Promise<Listener>;

async function listen(spec: RelaySpec, options: ListenerOptions): Promise<Listener> {
  try {
    return await (spec.proto === "tcp" ? listenTcp(options) : listenUdp(options));
  } catch (cause) {
    throw bindError(spec.proto, options.hostIp, options.hostPort, (cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
}

/** One listener per port, or none. */
async function openAll(spec: RelaySpec, open: Open): Promise<Listener[]> {
  const count = spec.hostPortEnd - spec.hostPort + 1;
  const settled = await Promise.allSettled(
    Array.from({ length: count }, (_, i) => open(spec.hostPort === 0 ? 0 : spec.hostPort + i, spec.targetPort + i)),
  );
  const listeners = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = settled.find((result) => result.status === "rejected");
  if (failure === undefined) return listeners;
  await Promise.all(listeners.map((listener) => listener.close()));
  throw failure.reason;
}

/** The first free port of the range. */
async function pick(spec: RelaySpec, open: Open): Promise<Listener> {
  for (let port = spec.hostPort; port <= spec.hostPortEnd; port++) {
    try {
      return await open(port, spec.targetPort);
    } catch (error) {
      if ((error as TsproxyError).code !== "TSP_ERR_PORT_TAKEN") throw error;
    }
  }
  const range = `${addressPort(formatIp(spec.hostIp), `${spec.hostPort}-${spec.hostPortEnd}`)}/${spec.proto}`;
  throw new TsproxyError(
    "TSP_ERR_PORT_TAKEN",
    "conflict",
    `every host port of ${range} is taken`,
    "use another range, or an empty host port for any free one",
  );
}
