/**
 * The socket relay: serves a mapping with ordinary sockets where packets cannot be steered (no BPF, a target that is the host itself),
 * or when asked to.
 * The target sees this host as the client, and each port costs a listening socket; everything else is as published.
 */

import { TsproxyError } from "../errors.js";
import { bindError } from "../sys/port-owner.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp, type IpAddress, type IpPrefix, parseIp, prefixContains, unmapped } from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
import type { Listener, ListenerOptions, RelayStats, RelayTarget } from "./listener.js";
import { listenTcp } from "./tcp.js";
import { listenUdp } from "./udp.js";

export interface RelayHandle {
  /** First port of the range; the one that was picked when it was left open. */
  readonly hostPort: number;
  stats(): RelayStats;
  /** Cuts every connection; resolves when the ports are free. */
  close(): Promise<void>;
}

/** An address of the host, and where its clients are led. */
export interface RelayHost {
  hostIp: IpAddress;
  /** Interface of a link-local one. */
  hostZone?: string | undefined;
  targetIp: IpAddress;
}

/** What to serve: ports as in `-p`, the same on each address of the host. */
export interface RelaySpec {
  hosts: readonly RelayHost[];
  /** 0: pick a free one. */
  hostPort: number;
  hostPortEnd: number;
  /** One free port of the range is to be picked. */
  pickFromRange: boolean;
  targetPort: number;
  /** Which of several targets a client's new connection or session goes to, by the target's first port; null: none. Default: the host's `targetIp`. */
  choose?: (clientIp: string) => RelayTarget | null;
  /** SCTP is refused: there are no sockets for it. */
  proto: Proto;
  /** Socket that is bound to the one port of the one host already; it becomes the relay's, whatever happens. */
  fd?: number;
}

export interface RelayOptions {
  /** Clients that may connect; absent or empty: all. */
  allowFrom?: readonly IpPrefix[];
}

/** A port that is free on one address may be taken on another: so often another one is tried. */
const PICKS = 20;

export const Relay = { start };

/** Throws TSP_ERR_RELAY (unavailable) for SCTP, TSP_ERR_PORT_TAKEN (conflict) with the holder's name, TSP_ERR_HOST_ADDRESS or TSP_ERR_PORT_BIND; then nothing is left open. */
async function start(spec: RelaySpec, options: RelayOptions = {}): Promise<RelayHandle> {
  if (spec.proto === "sctp")
    throw new TsproxyError(
      "TSP_ERR_RELAY",
      "unavailable",
      `port ${spec.hostPort}/sctp cannot be relayed by sockets: Node.js has none for SCTP`,
      "leave out --relay, and run where BPF is permitted: 'tsproxy doctor' tells",
    );
  const stats: RelayStats = { active: 0, total: 0, refused: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  const allowFrom = options.allowFrom ?? [];
  const allows = (clientIp: string): boolean => {
    if (allowFrom.length === 0) return true;
    const found = parseIp(clientIp.replace(/%.*$/, "")); // without the zone of a link-local one
    const address = found === null ? null : unmapped(found); // how an IPv4 client looks to a socket for both families
    return address !== null && allowFrom.some((prefix) => prefixContains(prefix, address));
  };
  const { choose } = spec;
  const open: Open = ({ targetIp, ...host }, hostPort, targetPort) => {
    const offset = targetPort - spec.targetPort;
    const one = { ip: targetIp, port: targetPort };
    const targetFor = (clientIp: string): RelayTarget | null => {
      if (choose === undefined) return one;
      const chosen = choose(clientIp);
      return chosen === null ? null : { ip: chosen.ip, port: chosen.port + offset };
    };
    return listen(spec.proto, { ...host, hostPort, targetFor, fd: spec.fd, stats, allows });
  };
  const listeners =
    spec.hostPort === 0 ? await pickAny(spec, open) : spec.pickFromRange ? await pickFromRange(spec, open) : await openRange(spec, open);
  return {
    hostPort: listeners[0]!.port,
    stats: () => ({ ...stats }),
    close: () => closeAll(listeners),
  };
}

type Open = (host: RelayHost, hostPort: number, targetPort: number) => Promise<Listener>;

async function listen(proto: Proto, options: ListenerOptions): Promise<Listener> {
  try {
    return await (proto === "tcp" ? listenTcp(options) : listenUdp(options));
  } catch (cause) {
    throw bindError(
      proto,
      options.hostIp,
      options.hostPort,
      (cause as NodeJS.ErrnoException).code ?? String(cause),
      cause,
      options.hostZone,
    );
  }
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
}

/** All of them, or none. */
async function allOf(opening: readonly Promise<Listener>[]): Promise<Listener[]> {
  const settled = await Promise.allSettled(opening);
  const listeners = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = settled.find((result) => result.status === "rejected");
  if (failure === undefined) return listeners;
  await closeAll(listeners);
  throw failure.reason;
}

/** Every port of the range, on each address. */
function openRange({ hosts, hostPort, hostPortEnd, targetPort }: RelaySpec, open: Open): Promise<Listener[]> {
  const ports = Array.from({ length: hostPortEnd - hostPort + 1 }, (_, i) => i);
  return allOf(ports.flatMap((i) => hosts.map((host) => open(host, hostPort + i, targetPort + i))));
}

/** A port that is free on each address. */
async function pickAny({ hosts, targetPort }: RelaySpec, open: Open): Promise<Listener[]> {
  for (let tries = 1; ; tries++) {
    const first = await open(hosts[0]!, 0, targetPort);
    try {
      return [first, ...(await allOf(hosts.slice(1).map((host) => open(host, first.port, targetPort))))];
    } catch (error) {
      await first.close();
      if (!isTaken(error) || tries === PICKS) throw error;
    }
  }
}

/** The first port of the range that is free on each address. */
async function pickFromRange({ hosts, hostPort, hostPortEnd, targetPort, proto }: RelaySpec, open: Open): Promise<Listener[]> {
  for (let port = hostPort; port <= hostPortEnd; port++) {
    try {
      return await allOf(hosts.map((host) => open(host, port, targetPort)));
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
  const ranges = hosts.map(({ hostIp }) => `${addressPort(formatIp(hostIp), `${hostPort}-${hostPortEnd}`)}/${proto}`);
  throw new TsproxyError(
    "TSP_ERR_PORT_TAKEN",
    "conflict",
    `every host port of ${ranges.join(" and ")} is taken`,
    "use another range, or an empty host port for any free one",
  );
}

function isTaken(error: unknown): boolean {
  return error instanceof TsproxyError && error.code === "TSP_ERR_PORT_TAKEN";
}
