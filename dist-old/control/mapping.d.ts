/** A published port: a host's address and port, or a range of ports, that lead to a target. */
import type { MappingView } from "../api/types.js";
import { type IpAddress } from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
import { type PerFamily } from "../wire/per-family.js";
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
export interface OneSpec extends Mapping, Picking {
}
/** The spec, once for each address of the host that it stands for; `families` are those that the host has. */
export declare function eachHostAddress({ hostIp, hostZone, targets, ...ports }: PortSpec, families: readonly IpAddress["family"][]): OneSpec[];
export declare function specOf({ targetIp, ...mapping }: Mapping): PortSpec;
/** As text, for people and for JSON. */
export type MappingText = Omit<MappingView, "via">;
export declare function mappingText({ hostPort, hostPortEnd, targetIp, targetPort, targetPortEnd, proto, several, ...host }: Mapping): MappingText;
/** `192.0.2.1`, `fe80::1%eth0` */
export declare function hostAddressText({ hostIp, hostZone }: HostAddress): string;
/** The inverse of `hostAddressText`; null when the text is none. */
export declare function parseHostAddress(text: string): HostAddress | null;
/** `0.0.0.0:8999 -> 172.17.0.4:8080/tcp`. A port that is not picked yet, and every address of both families, show as `*`. */
export declare function formatMapping(mapping: PortSpec | Mapping | MappingText): string;
/** `80`, or `80-89`. */
export declare function formatPorts(first: number, last: number): string;
type HostAddresses = Pick<PortSpec, "hostIp" | "hostZone">;
/** Whether one port cannot be published on both: they are the same, or one stands for the other. */
export declare function hostAddressesMeet(a: HostAddresses, b: HostAddresses): boolean;
export {};
