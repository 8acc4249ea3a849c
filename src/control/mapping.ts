/** A published port: a host's address and port, or a range of ports, that lead to a target. */
import type { MappingView } from "../api/types.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp, type IpAddress, isUnspecified, parseIp, sameIp } from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
import { eachFamily, ofFamily, type PerFamily } from "../wire/per-family.js";

/** Where something is published: address 0.0.0.0 or :: stands for every address of its family. */
export interface HostAddress {
  readonly hostIp: IpAddress;
  /** Name of the interface that a link-local address belongs to (RFC 4007 §11). */
  readonly hostZone?: string | undefined;
}

/** One of several targets. */
export interface TargetAddress {
  readonly ip: IpAddress;
  /** For the first port of the host. */
  readonly port: number;
}

interface Ports {
  readonly hostPort: number;
  readonly hostPortEnd: number;
  readonly targetPort: number;
  readonly targetPortEnd: number;
  readonly proto: Proto;
  /** Where there may be several targets: all of them. The one target of who knows but one is the first. */
  readonly several?: readonly TargetAddress[] | undefined;
}

/** A published port, or a range of them. */
export interface Mapping extends HostAddress, Ports {
  readonly targetIp: IpAddress;
}

interface Picking {
  /** One free port out of hostPort..hostPortEnd is to be picked; there is one target port then. */
  readonly pickFromRange: boolean;
}

/** What is to be published. `hostPort` and `hostPortEnd` are 0 when a free port is to be picked. */
export interface PortSpec extends Ports, Picking {
  /** Null: every address of the host, of both families, with the same port. */
  readonly hostIp: IpAddress | null;
  readonly hostZone?: string | undefined;
  /** Clients of a family that the target has no address of are translated to the other. */
  readonly targets: PerFamily<IpAddress>;
}

/** What is to be published on one address of the host. */
export interface OneSpec extends Mapping, Picking {}

/** The spec, once for each address of the host that it stands for; `families` are those that the host has. */
export function eachHostAddress({ hostIp, hostZone, targets, ...ports }: PortSpec, families: readonly IpAddress["family"][]): OneSpec[] {
  const hosts = hostIp === null ? families.map((family) => ({ family, value: 0n })) : [hostIp];
  return hosts.map((host) => ({
    hostIp: host,
    ...(hostZone !== undefined && { hostZone }),
    targetIp: ofFamily(targets, host.family) ?? eachFamily(targets)[0]!,
    ...ports,
  }));
}

export function specOf({ targetIp, ...mapping }: Mapping): PortSpec {
  return { ...mapping, targets: targetIp.family === 4 ? { ipv4: targetIp } : { ipv6: targetIp }, pickFromRange: false };
}

/** As text, for people and for JSON. */
export type MappingText = Omit<MappingView, "via">;

export function mappingText({ hostPort, hostPortEnd, targetIp, targetPort, targetPortEnd, proto, several, ...host }: Mapping): MappingText {
  return {
    hostIp: hostAddressText(host),
    hostPort,
    hostPortEnd,
    targetIp: formatIp(targetIp),
    targetPort,
    targetPortEnd,
    proto,
    ...(several !== undefined && { targets: several.map(({ ip, port }) => ({ ip: formatIp(ip), port })) }),
  };
}

/** `192.0.2.1`, `fe80::1%eth0` */
export function hostAddressText({ hostIp, hostZone }: HostAddress): string {
  return hostZone === undefined ? formatIp(hostIp) : `${formatIp(hostIp)}%${hostZone}`;
}

/** The inverse of `hostAddressText`; null when the text is none. */
export function parseHostAddress(text: string): HostAddress | null {
  const [address = "", zone, ...more] = text.split("%");
  const hostIp = parseIp(address);
  if (hostIp === null || more.length > 0 || zone === "" || (zone !== undefined && hostIp.family === 4)) return null;
  return zone === undefined ? { hostIp } : { hostIp, hostZone: zone };
}

/** `0.0.0.0:8999 -> 172.17.0.4:8080/tcp`. A port that is not picked yet, and every address of both families, show as `*`. */
export function formatMapping(mapping: PortSpec | Mapping | MappingText): string {
  const { hostIp, hostPort, hostPortEnd, targetPort, targetPortEnd, proto } = mapping;
  const host = hostIp === null ? "*" : typeof hostIp === "string" ? hostIp : hostAddressText({ ...mapping, hostIp });
  const shown = addressPort(host, hostPort === 0 ? "*" : formatPorts(hostPort, hostPortEnd));
  return `${shown} -> ${formatTargets(mapping, targetPortEnd - targetPort)}/${proto}`;
}

/** `more`: ports after the first one. */
function formatTargets(mapping: PortSpec | Mapping | MappingText, more: number): string {
  const several = severalOf(mapping);
  if (several !== undefined)
    return several.length === 0 ? "no target" : several.map(({ ip, port }) => addressPort(ip, formatPorts(port, port + more))).join(",");
  const { targetPort: port } = mapping;
  const one = "targetIp" in mapping ? [mapping.targetIp] : eachFamily(mapping.targets as PortSpec["targets"]);
  return one.map((ip) => addressPort(typeof ip === "string" ? ip : formatIp(ip), formatPorts(port, port + more))).join(" and ");
}

function severalOf(mapping: PortSpec | Mapping | MappingText): { ip: string; port: number }[] | undefined {
  if ("several" in mapping && mapping.several !== undefined) return mapping.several.map(({ ip, port }) => ({ ip: formatIp(ip), port }));
  return "targets" in mapping && Array.isArray(mapping.targets) ? mapping.targets : undefined;
}

/** `80`, or `80-89`. */
export function formatPorts(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

type HostAddresses = Pick<PortSpec, "hostIp" | "hostZone">;

/** Whether one port cannot be published on both: they are the same, or one stands for the other. */
export function hostAddressesMeet(a: HostAddresses, b: HostAddresses): boolean {
  if (a.hostIp === null || b.hostIp === null) return true;
  if (a.hostIp.family !== b.hostIp.family) return false;
  return isUnspecified(a.hostIp) || isUnspecified(b.hostIp) || (sameIp(a.hostIp, b.hostIp) && a.hostZone === b.hostZone);
}
