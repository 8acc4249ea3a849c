/**
 * Publishes ports: holds the host port, works out what the target needs to answer through us, and tells the worker. What the host's kernel
 * lets through to the held sockets, their filter gives to the workers (`steer/accept-program.ts`).
 * One rule, one message and one batch of map entries a range, however long.
 */
import { closeSync } from "node:fs";
import type { PublishRule } from "../dataplane/state.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import type { Steering } from "../steer/steering.js";
import type { FdStore } from "../sys/fd-store.js";
import { errnoName, native, systemError } from "../sys/native.js";
import { bindError, PortTakenError } from "../sys/port-owner.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { PROTOCOLS } from "../wire/ipv4.js";
import { formatIpv4, parseIpv4 } from "../wire/ipv4-address.js";
import { rawMask, rawWord } from "../wire/raw.js";
import type { Host } from "./host.js";
import type { Reach } from "./network/network.js";
import type { NetworkRegistry } from "./network/registry.js";
import { formatMapping, type Mapping, type PortSpec } from "./port-spec.js";
import { Undo } from "./undo.js";
import type { Workers } from "./workers.js";

/** A published port or range. */
export interface Publication {
  /** As asked for, with the port that was picked. */
  readonly mapping: Mapping;
  /** Takes it back; its flows end. */
  close(): Promise<void>;
}

export class Publisher {
  private nextRule = 0;
  private readonly open = new Set<Publication>();

  constructor(
    private readonly socket: RouteSocket,
    private readonly host: Host,
    private readonly workers: Workers,
    private readonly steering: Steering,
    private readonly networks: NetworkRegistry,
    private readonly store?: FdStore,
  ) {}

  /** How to reach the target, or a TSP_ERR_TARGET that says why it cannot be published. */
  reach(spec: PortSpec): Reach {
    const target = parseIpv4(spec.targetIp)!;
    const own = this.networks.of(target);
    if (own !== undefined) {
      const reach = own.reach(target);
      if (reach === null) throw localTarget(spec);
      return reach;
    }
    const route = this.socket.routeTo(spec.targetIp);
    if (route?.type === "local") throw localTarget(spec);
    if (route === null || route.type !== "unicast" || route.oif === undefined) {
      const why = route === null ? "no route to it" : `it is a ${route.type} address`;
      throw new TsproxyError(
        "TSP_ERR_TARGET",
        "unavailable",
        `cannot reach target ${spec.targetIp}: ${why}`,
        "does the container run, and is this the namespace of its host? see 'ip route get'",
      );
    }
    const neighbor = this.host.neighborOf(target, route.oif);
    if (neighbor !== null) return { snatSource: neighbor.address, network: neighbor.network, prefixLength: neighbor.prefixLength, own: -1 };
    if (route.prefSrc === undefined)
      throw new TsproxyError(
        "TSP_ERR_TARGET",
        "unavailable",
        `cannot reach target ${spec.targetIp}: the host has no address on that route`,
      );
    log.warn(`${spec.targetIp} is behind a gateway, so it sees this host as the client of ${formatMapping(spec)}`);
    return { snatSource: parseIpv4(route.prefSrc)!, network: 0, prefixLength: 0, own: -1 };
  }

  /** Holds the ports and publishes; `heldBy` is a socket of somebody who holds the one port already. On failure nothing is held. */
  publish(spec: PortSpec, heldBy?: number): Publication {
    const undo = new Undo();
    try {
      const mapping = this.takePorts(spec, this.reach(spec), undo, heldBy);
      const publication = {
        mapping,
        close: async (): Promise<void> => {
          if (this.open.delete(publication)) await undo.run();
        },
      };
      this.open.add(publication);
      return publication;
    } catch (error) {
      void undo.run();
      throw this.nameOwn(error);
    }
  }

  /** All that is published now. */
  mappings(): Mapping[] {
    return [...this.open].map((publication) => publication.mapping);
  }

  async close(): Promise<void> {
    for (const publication of [...this.open].reverse()) await publication.close();
  }

  /** Of a port that is published here already the error says to whom, and not that this process has it. */
  private nameOwn(error: unknown): unknown {
    if (!(error instanceof PortTakenError)) return error;
    const { proto, address, port } = error;
    const own = this.mappings().find(
      (m) =>
        m.proto === proto &&
        m.hostPort <= port &&
        port <= m.hostPortEnd &&
        (m.hostIp === address || m.hostIp === "0.0.0.0" || address === "0.0.0.0"),
    );
    if (own === undefined) return error;
    const owner = `port ${own.targetPort + port - own.hostPort} of ${own.targetIp}`;
    return new PortTakenError(proto, address, port, owner, error, "publish another host port");
  }

  /** The sockets that a former process held these ports with, which hold them still. */
  private takeFormer(spec: PortSpec, filterFd: number): HeldPorts | undefined {
    if (spec.pickFromRange || spec.hostPort === 0) return undefined;
    const name = nameOf(spec, spec.hostPort, spec.hostPortEnd);
    const fds = this.store?.take(name) ?? [];
    if (fds.length === 0) return undefined;
    const isRight = (fd: number, i: number): boolean => {
      const [proto, port, address] = native.boundTo(fd) ?? [];
      return proto === PROTOCOLS[spec.proto] && port === spec.hostPort + i && address === spec.hostIp;
    };
    const count = Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
    if (fds.length === count && fds.every(isRight) && fds.every((fd) => native.setFilter(fd, filterFd) === 0))
      return { firstPort: spec.hostPort, fds };
    for (const fd of fds) closeSync(fd);
    this.store?.remove(name);
    return undefined;
  }

  private keep(spec: PortSpec, { firstPort, fds }: HeldPorts, isKept: boolean, undo: Undo): void {
    const name = nameOf(spec, firstPort, firstPort + fds.length - 1);
    if (!isKept) this.store?.put(name, fds);
    undo.add(`keeping of ${formatMapping(spec)}`, () => this.store?.remove(name));
  }

  private takePorts(spec: PortSpec, reach: Reach, undo: Undo, heldBy?: number): Mapping {
    const { acceptFd } = this.steering;
    const former = heldBy === undefined ? this.takeFormer(spec, acceptFd) : undefined;
    const held = former ?? (heldBy === undefined ? holdPorts(spec, acceptFd) : takeOver(spec, heldBy, acceptFd));
    undo.add(`ports of ${formatMapping(spec)}`, () => {
      for (const fd of held.fds) closeSync(fd);
    });
    if (heldBy === undefined) this.keep(spec, held, former !== undefined, undo);
    const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
    const first = held.firstPort;
    const last = first + count - 1;
    const hostIp = parseIpv4(spec.hostIp)!;
    const proto = PROTOCOLS[spec.proto];
    const rule: PublishRule = {
      proto,
      hostIp: rawWord(hostIp),
      firstPort: first,
      lastPort: last,
      target: rawWord(parseIpv4(spec.targetIp)!),
      targetPort: spec.targetPort,
      network: reach.own,
      snatSource: rawWord(reach.snatSource),
      onlinkNet: rawWord(reach.network),
      onlinkMask: rawMask(reach.prefixLength),
    };
    const id = this.nextRule++;
    this.workers.post({ type: "publish", id, rule });
    undo.add(`rule of ${formatMapping(spec)}`, () => this.workers.post({ type: "withdraw", id }));
    this.steering.publish(proto, hostIp, first, last);
    undo.add(`steering of ${formatMapping(spec)}`, () => this.steering.withdraw(proto, hostIp, first, last));
    const { hostIp: hostText, targetIp, targetPort } = spec;
    return {
      hostIp: hostText,
      hostPort: first,
      hostPortEnd: last,
      targetIp,
      targetPort,
      targetPortEnd: targetPort + count - 1,
      proto: spec.proto,
    };
  }
}

interface HeldPorts {
  firstPort: number;
  fds: number[];
}

/** What the sockets of these ports are kept as. */
function nameOf({ proto, hostIp }: PortSpec, first: number, last: number): string {
  return `port-${proto}-${hostIp}-${first}-${last}`;
}

function localTarget(spec: PortSpec): TsproxyError {
  return new TsproxyError(
    "TSP_ERR_TARGET",
    "invalid",
    `target ${spec.targetIp} is an address of this host itself`,
    "give the container's address, or add --relay to relay by sockets",
  );
}

/** Lets nothing through to the socket but to the filter. It is neither kept nor closed: the port is its owner's. */
function takeOver(spec: PortSpec, fd: number, filterFd: number): HeldPorts {
  const errno = native.setFilter(fd, filterFd);
  if (errno !== 0) throw systemError(`putting a filter on the socket of ${formatMapping(spec)}`, errno);
  return { firstPort: spec.hostPort, fds: [] };
}

/** Binds every host port of the mapping, so that no other program can. Throws TSP_ERR_PORT_TAKEN and the like with none held. */
function holdPorts(spec: PortSpec, filterFd: number): HeldPorts {
  const proto = PROTOCOLS[spec.proto];
  const hostIp = parseIpv4(spec.hostIp)!;
  const fds: number[] = [];
  for (let port = spec.hostPort; port <= spec.hostPortEnd; port++) {
    const fd = native.holdPort(proto, hostIp, port, filterFd);
    if (fd >= 0) {
      fds.push(fd);
      if (spec.hostPort === 0) return { firstPort: native.localPort(fd), fds };
      if (spec.pickFromRange) return { firstPort: port, fds };
      continue;
    }
    const errno = errnoName(fd);
    if (spec.pickFromRange && errno === "EADDRINUSE" && port < spec.hostPortEnd) continue;
    for (const open of fds) closeSync(open);
    if (errno === "EMFILE")
      throw new TsproxyError(
        "TSP_ERR_PORT_BIND",
        "unavailable",
        `cannot hold ${spec.hostPortEnd - spec.hostPort + 1} ports: too many open files`,
        "raise 'ulimit -n'",
      );
    if (spec.pickFromRange && errno === "EADDRINUSE")
      throw new TsproxyError(
        "TSP_ERR_PORT_TAKEN",
        "conflict",
        `every host port of ${formatIpv4(hostIp)}:${spec.hostPort}-${spec.hostPortEnd}/${spec.proto} is taken`,
        "publish another range",
      );
    throw bindError(spec.proto, spec.hostIp, port, errno);
  }
  return { firstPort: spec.hostPort, fds };
}
