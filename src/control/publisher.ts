/**
 * Publishes ports: holds the host port, works out what the target needs to answer through us, and tells the worker. What the host's kernel
 * lets through to the held sockets, their filter gives to the workers (`steer/accept-program.ts`).
 * One rule, one message and one batch of map entries a range, however long.
 */
import { closeSync } from "node:fs";
import type { PublishedRange, PublishedTarget } from "../engine/messages.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import type { Carried } from "../steer/carried.js";
import type { Steering } from "../steer/steering.js";
import type { FdStore } from "../sys/fd-store.js";
import { hostFamilies } from "../sys/host-families.js";
import { PortTakenError } from "../sys/port-owner.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { TAKES } from "../table/selection.js";
import { formatIp, type IpAddress } from "../wire/ip-address.js";
import { PROTOCOLS } from "../wire/ipv4.js";
import { type BalanceOptions, DEFAULT_BALANCE } from "./balance-options.js";
import { Balancer, sameReach, type TargetEvent } from "./balancer.js";
import { CarriedCounts } from "./carried-counts.js";
import { checkPortFamilies } from "./families.js";
import { HealthChecks } from "./health.js";
import { holdPorts, takeOver } from "./held-ports.js";
import type { Host } from "./host.js";
import { KeptPorts } from "./kept-ports.js";
import { knockAt } from "./knock.js";
import {
  eachHostAddress,
  formatMapping,
  hostAddressesMeet,
  hostAddressText,
  type Mapping,
  type MappingText,
  type OneSpec,
  type PortSpec,
  type TargetAddress,
} from "./mapping.js";
import type { Reach } from "./network/network.js";
import type { NetworkRegistry } from "./network/registry.js";
import { kernelReach, localTarget } from "./target-reach.js";
import { Undo } from "./undo.js";
import type { Workers } from "./workers.js";

/** A published port or range. */
export interface Publication {
  /** As asked for, with the port that was picked: one for each address of the host that was asked for. */
  readonly mappings: readonly Mapping[];
  /** Its targets, where there may be several. */
  readonly balancer?: Balancer | undefined;
  /** Takes it back; its flows end. */
  close(): Promise<void>;
}

/** Free ports that are tried until one is free at every address. */
const MAX_PICKS = 16;

export class Publisher {
  private nextRule = 0;
  private readonly open = new Set<Publication>();
  /** By number, of targets that the host's kernel reaches. */
  private readonly rules = new Map<number, { spec: OneSpec; rule: PublishedRange; reach: Reach }>();
  private readonly checks = new HealthChecks(knockAt);
  private readonly kept: KeptPorts;
  private readonly counts: CarriedCounts;
  private readonly listeners = new Set<(event: TargetEvent) => void>();
  private readonly endWatch: () => void;

  constructor(
    private readonly socket: RouteSocket,
    private readonly host: Host,
    private readonly workers: Workers,
    private readonly steering: Steering,
    private readonly networks: NetworkRegistry,
    store?: FdStore,
  ) {
    this.kept = new KeptPorts(store);
    this.counts = new CarriedCounts(steering);
    this.endWatch = host.onChange(() => this.revise());
  }

  /** Whether packets can do it; the relay (`relay/relay.ts`) can do what they cannot. */
  serves(spec: PortSpec): boolean {
    return eachHostAddress(spec, this.host.families).every((one) => this.canCarry(one));
  }

  /** How to reach a target of what is to be published, or a TSP_ERR_TARGET that says why it cannot be. */
  reach(spec: PortSpec | OneSpec, target: IpAddress): Reach {
    const own = this.networks.of(target);
    if (own !== undefined) {
      const reach = own.reach(target);
      if (reach === null) throw localTarget(target);
      return reach;
    }
    const { gateway, ...reach } = kernelReach(this.socket, this.host, target);
    if (gateway) log.warn(`${formatIp(target)} is behind a gateway, so it sees this host as the client of ${formatMapping(spec)}`);
    return reach;
  }

  /** `listener` hears when a target of several goes up or down. Answers how to end that. */
  onTarget(listener: (event: TargetEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Holds the ports and publishes; `heldBy` is a socket of somebody who holds the one port already. On failure nothing is held. `options` are about
   * several targets.
   */
  publish(spec: PortSpec, heldBy?: number, options: BalanceOptions = DEFAULT_BALANCE): Publication {
    const undo = new Undo();
    try {
      checkPortFamilies(spec, hostFamilies());
      const balance = spec.several === undefined ? undefined : this.balance(spec, spec.several, options, undo);
      const taken = this.takeEach(eachHostAddress(spec, this.host.families), undo, heldBy, balance);
      balance?.balancer.start(taken[0]!.hostPort);
      const publication: Publication = {
        get mappings() {
          return balance === undefined ? taken : taken.map((mapping) => ({ ...mapping, several: balance.balancer.targets }));
        },
        balancer: balance?.balancer,
        close: async (): Promise<void> => {
          if (this.open.delete(publication)) await undo.run();
        },
      };
      this.open.add(publication);
      return publication;
    } catch (error) {
      undo.runApart();
      throw this.nameOwn(error);
    }
  }

  /** Of what may have several targets. */
  get balanced(): readonly Publication[] {
    return [...this.open].filter(({ balancer }) => balancer !== undefined);
  }

  /** What the steering programs have carried of the flows to a published port; undefined: there is none. */
  carriedOf(port: Pick<MappingText, "proto" | "hostIp" | "hostPort">): Carried | undefined {
    return this.counts.of(port);
  }

  /** All that is published now. */
  mappings(): Mapping[] {
    return [...this.open].flatMap((publication) => publication.mappings);
  }

  async close(): Promise<void> {
    this.endWatch();
    this.checks.close();
    for (const publication of [...this.open].reverse()) await publication.close();
  }

  /** Publishes anew what the host's change has changed. A target that cannot be reached now keeps its rule: its way may come back as it was. */
  private revise(): void {
    const reachOf = (target: IpAddress): Reach | null => {
      try {
        return kernelReach(this.socket, this.host, target);
      } catch (error) {
        if (error instanceof TsproxyError) return null;
        throw error;
      }
    };
    for (const [id, entry] of this.rules) {
      const { spec, reach } = entry;
      const next = reachOf(spec.targetIp);
      if (next === null || sameReach(next, reach)) continue;
      entry.reach = next;
      this.workers.post({ type: "publish", id, rule: { ...entry.rule, targets: [targetOf(spec, next)] } });
      log.info(`${formatMapping(spec)}: the host's way to ${formatIp(spec.targetIp)} has changed`);
    }
    for (const { balancer } of this.balanced) balancer?.revise(reachOf);
  }

  private balance(spec: PortSpec, targets: readonly TargetAddress[], options: BalanceOptions, undo: Undo): Balance {
    const rules = new Set<number>();
    const balancer = new Balancer(targets, spec.proto, options, this.checks, {
      reach: (ip) => this.reach(spec, ip),
      post: (published) => {
        for (const id of rules) this.workers.post({ type: "targets", id, targets: published });
      },
      onEvent: (event) => {
        for (const listener of this.listeners) listener(event);
      },
    });
    undo.add("targets", () => balancer.close());
    return { balancer, rules };
  }

  /** Of a port that is published here already the error says to whom, and not that this process has it. */
  private nameOwn(error: unknown): unknown {
    if (!(error instanceof PortTakenError)) return error;
    const { proto, address, port } = error;
    const own = this.mappings().find(
      (m) => m.proto === proto && m.hostPort <= port && port <= m.hostPortEnd && hostAddressesMeet(m, { hostIp: address }),
    );
    if (own === undefined) return error;
    const owner = `port ${own.targetPort + port - own.hostPort} of ${formatIp(own.targetIp)}`;
    return new PortTakenError(proto, address, port, owner, error, "publish another host port");
  }

  private canCarry({ hostIp, targetIp, several }: OneSpec): boolean {
    const targets = several?.map(({ ip }) => ip) ?? [targetIp];
    return this.host.ipv6 || (hostIp.family === 4 && targets.every(({ family }) => family === 4));
  }

  /** Every address gets the same port, also where one is to be picked. */
  private takeEach([first, ...others]: OneSpec[], undo: Undo, heldBy?: number, balance?: Balance): Mapping[] {
    for (let spec = first!, tries = 1; ; tries++) {
      const attempt = new Undo();
      let taken: Mapping | undefined;
      try {
        taken = this.takePorts(spec, attempt, heldBy, balance);
        const { hostPort, hostPortEnd } = taken;
        const all = this.takeOthers(
          others.map((other) => ({ ...other, hostPort, hostPortEnd, pickFromRange: false })),
          attempt,
          heldBy,
          balance,
        );
        undo.add(`all of ${formatMapping(taken)}`, () => attempt.run());
        return [taken, ...all];
      } catch (error) {
        attempt.runApart();
        if (taken === undefined || !(error instanceof PortTakenError)) throw error;
        const more = spec.hostPort === 0 ? tries < MAX_PICKS : spec.pickFromRange && taken.hostPort < spec.hostPortEnd;
        if (!more) throw error;
        if (spec.hostPort !== 0) spec = { ...spec, hostPort: taken.hostPort + 1 };
      }
    }
  }

  /** Nobody named these: a range for whose second family there are no descriptors is served on the first, as long as somebody is told. */
  private takeOthers(others: OneSpec[], undo: Undo, heldBy?: number, balance?: Balance): Mapping[] {
    const attempt = new Undo();
    try {
      const taken = others.map((other) => this.takePorts(other, attempt, heldBy, balance));
      undo.add("the other families", () => attempt.run());
      return taken;
    } catch (error) {
      attempt.runApart();
      if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_PORT_BIND" || error.kind !== "unavailable") throw error;
      log.warn(`${others.map((other) => formatMapping(other)).join(" and ")} is left out: ${error.describe()}`);
      return [];
    }
  }

  private takePorts(spec: OneSpec, undo: Undo, heldBy?: number, balance?: Balance): Mapping {
    const { acceptFd } = this.steering;
    if (!this.canCarry(spec)) throw this.noIpv6(spec);
    const reach = balance === undefined ? this.reach(spec, spec.targetIp) : undefined;
    const former = heldBy === undefined ? this.kept.take(spec, acceptFd) : undefined;
    const held = former ?? (heldBy === undefined ? holdPorts(spec, this.zoneOf(spec), acceptFd) : takeOver(spec, heldBy, acceptFd));
    undo.add(`ports of ${formatMapping(spec)}`, () => {
      for (const fd of held.fds) closeSync(fd);
    });
    if (heldBy === undefined) this.kept.keep(spec, held, former !== undefined, undo);
    const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
    const first = held.firstPort;
    const last = first + count - 1;
    const proto = PROTOCOLS[spec.proto];
    const carried = this.counts.take(spec, first, undo);
    const rule: PublishedRange = {
      carried,
      proto,
      hostIp: spec.hostIp,
      firstPort: first,
      lastPort: last,
      targets: reach === undefined ? balance!.balancer.published : [targetOf(spec, reach)],
      selection: balance?.balancer.memory ?? null,
    };
    const id = this.nextRule++;
    this.workers.post({ type: "publish", id, rule });
    if (reach?.own === -1) this.rules.set(id, { spec, rule, reach });
    balance?.rules.add(id);
    undo.add(`rule of ${formatMapping(spec)}`, () => {
      this.rules.delete(id);
      balance?.rules.delete(id);
      this.workers.post({ type: "withdraw", id });
    });
    this.steering.publish(proto, spec.hostIp, first, last, carried);
    undo.add(`steering of ${formatMapping(spec)}`, () => this.steering.withdraw(proto, spec.hostIp, first, last));
    const { pickFromRange: _, ...asked } = spec;
    return { ...asked, hostPort: first, hostPortEnd: last, targetPortEnd: spec.targetPort + count - 1 };
  }

  /** Interface index that a link-local address of the host belongs to; 0 for others. */
  private zoneOf({ hostIp, hostZone }: OneSpec): number {
    if (hostZone === undefined) return 0;
    const link = this.socket.link(hostZone);
    if (link !== null) return link.index;
    const message = `${hostAddressText({ hostIp, hostZone })} is not an address of this host: it has no interface '${hostZone}'`;
    throw new TsproxyError("TSP_ERR_HOST_ADDRESS", "not-found", message, "see 'ip address'");
  }

  private noIpv6(spec: OneSpec): TsproxyError {
    const why = "packets of IPv6 are not served, as net.ipv6.conf of our devices cannot be written";
    const hint = "mount /proc/sys writable, use IPv4 addresses, or add --relay to relay by sockets";
    return new TsproxyError("TSP_ERR_TARGET", "unavailable", `cannot publish ${formatMapping(spec)}: ${why}`, hint);
  }
}

/** Several targets, and the numbers of the rules that lead to them. */
interface Balance {
  balancer: Balancer;
  rules: Set<number>;
}

/** The one target. */
function targetOf({ targetIp, targetPort }: OneSpec, { snatSource, network: onlink, own }: Reach): PublishedTarget {
  return { id: 1, address: targetIp, port: targetPort, duty: TAKES, network: own, snatSource, onlink };
}
