/**
 * By which of a sandbox's networks what leaves it goes, for each family by itself, and where its ports are published. The rule is Docker's: the
 * highest priority, then the first name, of those that have a subnet of the family; internal networks never.
 *
 * Ports are published where the answers to their clients leave: where one network has the default routes of both families, or the only one there
 * is, it has all of them, and clients of a family that it lacks are translated. Else each family's are published by its own network.
 */
import { type Mapping } from "../control/mapping.js";
import type { PortRequest } from "../model/requests.js";
import type { IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";
type Family = IpAddress["family"];
/** The networks that are to have the default routes. */
export declare function gatewaysOf(members: readonly Member[]): PerFamily<Member>;
/** Endpoints by which the default routes go. */
export type Gateways = PerFamily<string>;
/** Those that a record has. One may have left its network since. */
export declare function gatewaysIn({ gateway, ipv6Gateway }: SandboxRecord): Gateways;
/** Clients of which families an endpoint publishes ports for: all, those of one; undefined: none. */
export declare function shareOf({ attachment }: Member, gateways: Gateways): "all" | Family | undefined;
/** What a network with that share is to publish. `published`: by another one, whose picked ports are taken over. */
export declare function portsFor({ ports }: Pick<SandboxRecord, "ports">, share: "all" | Family, hostBinding: IpAddress | null, published: readonly Mapping[]): PortRequest[];
export {};
