/**
 * Published ports that lead to a name, `-p 80:web:8080`: to every endpoint of the network that has it, on whatever node. Such a port is there for as long as a sandbox
 * runs that asks for it; those that ask for the same one share it. Who comes later under the name is one more target, and one that is being stopped
 * gets no new connections while its program ends.
 */
import { type BalanceOptions, DEFAULT_BALANCE, parseAffinity, parseHealthCheck } from "../control/balance-options.js";
import { MAX_TARGETS } from "../control/balancer.js";
import type { Mapping, PortSpec, TargetAddress } from "../control/mapping.js";
import type { Publication } from "../control/publisher.js";
import { dockerError } from "../docker/network-driver.js";
import { log } from "../log.js";
import type { LiveEndpoint } from "../model/live.js";
import { formatIp, type IpAddress } from "../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily } from "../wire/per-family.js";
import { gatewaysIn, portsFor, shareOf } from "./gateways.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";
import { sandboxError } from "./sandbox-errors.js";

type Port = SandboxRecord["ports"][number];

/** A sandbox that runs. */
export interface Asking {
  record: SandboxRecord;
  members: readonly Member[];
}

/** A port that is asked for, once for each family where the network has both. */
interface Wanted extends Omit<PortSpec, "targets" | "several"> {
  key: string;
  network: string;
  name: string;
  /** Of the targets. */
  family: IpAddress["family"];
  options: BalanceOptions;
}

/** Of networks of several nodes (`overlays.ts`). */
export interface Elsewhere {
  /** Who is in it on other nodes. */
  elsewhere(network: string): readonly { addresses: PerFamily<IpAddress>; owner: string; names: readonly string[] }[];
  /** Ports lead to endpoints of these networks. Never rejects. */
  publishFrom(networks: ReadonlySet<string>): Promise<void>;
}

/** Who has a name. */
interface Named {
  addresses: PerFamily<IpAddress>;
  owner: string;
}

/** What a target has goes on until its program ends; some end of it there must be. */
const DRAIN_MS = 24 * 3600 * 1000;

export class NamedPorts {
  private readonly open = new Map<string, { wanted: Wanted; publication: Publication }>();

  constructor(
    private readonly model: { readonly endpoints: readonly LiveEndpoint[] },
    private readonly publisher: { publish(spec: PortSpec, heldBy: undefined, options: BalanceOptions): Publication },
    private readonly cluster?: Elsewhere,
  ) {}

  /** Whether there is any. */
  get some(): boolean {
    return this.open.size > 0;
  }

  /**
   * As `all` ask now, and publishes what sandbox `own` asks for; `stopping`: owners of endpoints that are being stopped. Throws when a port cannot be
   * published, with none of the new ones left. What another sandbox could not publish, as after a restart, is no failure of this one.
   */
  async arrange(all: readonly Asking[], stopping: ReadonlySet<string>, own: string): Promise<void> {
    await this.settle(all, stopping);
    const made: string[] = [];
    try {
      const asked = wantedBy(all.filter(({ record }) => record.id === own));
      // First: who comes to a port that leads elsewhere alone is not refused.
      if (asked.length > 0) await this.cluster?.publishFrom(networksOf([...wantedBy(all), ...asked]));
      for (const wanted of asked) {
        if (this.open.has(wanted.key)) continue;
        this.open.set(wanted.key, { wanted, publication: this.publish(wanted) });
        made.push(wanted.key);
      }
    } catch (error) {
      for (const key of made) await this.close(key);
      throw dockerError(error);
    }
  }

  /** The same, but publishes nothing more, so nothing can go wrong. */
  async settle(all: readonly Asking[], stopping: ReadonlySet<string>): Promise<void> {
    const keys = new Set(wantedBy(all).map(({ key }) => key));
    for (const key of [...this.open.keys()]) if (!keys.has(key)) await this.close(key);
    void this.cluster?.publishFrom(networksOf(wantedBy(all)));
    for (const { wanted, publication } of this.open.values()) {
      const balancer = publication.balancer!;
      const there = this.endpointsOf(wanted);
      const staying = there.filter(({ owner }) => !stopping.has(owner));
      try {
        const known = targetsOf(wanted, there).map(({ ip }) => formatIp(ip));
        balancer.set(limited(wanted, targetsOf(wanted, staying)), ({ ip }) => (known.includes(formatIp(ip)) ? DRAIN_MS : 0));
      } catch (error) {
        log.warn(`port ${wanted.hostPort} of ${wanted.name}: ${(error as Error).message}`);
      }
    }
  }

  /** What is published for the sandbox. */
  mappingsOf(asking: Asking): Mapping[] {
    return wantedBy([asking]).flatMap(({ key }) => [...(this.open.get(key)?.publication.mappings ?? [])]);
  }

  /** Names that its ports lead to, and which nobody has. */
  nobodys(asking: Asking): string[] {
    const empty = wantedBy([asking]).filter((wanted) => this.endpointsOf(wanted).length === 0);
    return [...new Set(empty.map(({ name }) => name))];
  }

  private async close(key: string): Promise<void> {
    const found = this.open.get(key);
    this.open.delete(key);
    await found?.publication.close();
  }

  private publish(wanted: Wanted): Publication {
    const { key: _, network: __, name: ___, family: ____, options, ...ports } = wanted;
    const several = limited(wanted, targetsOf(wanted, this.endpointsOf(wanted)));
    const first = several[0]?.ip ?? { family: wanted.family, value: 0n };
    return this.publisher.publish(
      { ...ports, targets: first.family === 4 ? { ipv4: first } : { ipv6: first }, several },
      undefined,
      options,
    );
  }

  /** Those of this node first. */
  private endpointsOf({ network, name }: Wanted): Named[] {
    const here = this.model.endpoints.flatMap(({ record: { addresses, network: own, sandbox, use }, gone }) =>
      !gone && own === network && sandbox !== "" && use?.names.includes(name) ? [{ addresses, owner: use.owner }] : [],
    );
    return [...here, ...(this.cluster?.elsewhere(network).filter(({ names }) => names.includes(name)) ?? [])];
  }
}

function networksOf(all: readonly Wanted[]): ReadonlySet<string> {
  return new Set(all.map(({ network }) => network));
}

function targetsOf({ family, targetPort: port }: Wanted, endpoints: readonly Named[]): TargetAddress[] {
  return endpoints.flatMap(({ addresses }) => {
    const ip = ofFamily(addresses, family);
    return ip === undefined ? [] : [{ ip, port }];
  });
}

function limited({ name }: Wanted, targets: TargetAddress[]): TargetAddress[] {
  if (targets.length > MAX_TARGETS) log.warn(`${name} has ${targets.length} endpoints: ${MAX_TARGETS} of them get connections`);
  return targets.slice(0, MAX_TARGETS);
}

function wantedBy(all: readonly Asking[]): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const asking of all) for (const wanted of wantedOf(asking)) if (!found.has(wanted.key)) found.set(wanted.key, wanted);
  return [...found.values()];
}

function wantedOf({ record, members }: Asking): Wanted[] {
  return members.flatMap((member) => {
    const share = shareOf(member, gatewaysIn(record));
    if (share === undefined) return [];
    const { subnets, options } = member.network.record;
    const families = eachFamily(subnets).map(({ gateway }) => gateway.family);
    return record.ports.flatMap((port) => {
      if (port.name === undefined) return [];
      const requests = portsFor({ ports: [port] }, share, options.hostBinding, []);
      const hosts = requests.flatMap(({ hostIp, hostZone }) =>
        hostIp === null && families.length > 1 ? anyOf(families) : [{ hostIp, hostZone }],
      );
      return hosts.map(({ hostIp, hostZone }): Wanted => {
        const { hostPort, hostPortEnd, targetPort, targetPortEnd, proto, name } = port as Port & { name: string };
        const family = hostIp !== null && families.includes(hostIp.family) ? hostIp.family : families[0]!;
        const network = member.network.record.id;
        const host = hostIp === null ? "*" : `${formatIp(hostIp)}%${hostZone ?? ""}`;
        const said = [port.affinity, port.healthCheck].join();
        const key = [network, name, host, hostPort, hostPortEnd, targetPort, proto, said].join(" ");
        const ports = { hostPort, hostPortEnd, pickFromRange: false, targetPort, targetPortEnd, proto };
        return { key, network, name, family, options: balanceOf(port), hostIp, hostZone, ...ports };
      });
    });
  });
}

function anyOf(families: readonly IpAddress["family"][]): { hostIp: IpAddress; hostZone: undefined }[] {
  return families.map((family) => ({ hostIp: { family, value: 0n }, hostZone: undefined }));
}

/** Throws TSP_ERR_OPTION (invalid). */
export function balanceOf({ affinity, healthCheck }: Pick<Port, "affinity" | "healthCheck">): BalanceOptions {
  return {
    affinitySec: affinity === undefined ? DEFAULT_BALANCE.affinitySec : parseAffinity(affinity),
    check: healthCheck === undefined ? DEFAULT_BALANCE.check : parseHealthCheck(healthCheck),
  };
}

/** Throws TSP_ERR_SANDBOX (invalid) for a port of a name that the sandbox has not. */
export function checkNames(ports: readonly Port[], names: readonly string[]): void {
  for (const { name, hostPort } of ports)
    if (name !== undefined && !names.includes(name))
      throw sandboxError("invalid", `-p ${hostPort}:${name}: '${name}' is no name of this sandbox`, `add --network-alias ${name}`);
}
