/**
 * What is asked of a network, whatever its kind (`kinds.ts`): a kind makes on the host what its networks need there, and says how a published
 * port reaches an endpoint. Endpoints are the same in every kind (`endpoints.ts`).
 */
import type { IpAddress, IpPrefix } from "../../wire/ip-address.js";
import type { PerFamily } from "../../wire/per-family.js";
import type { AttachWord } from "./attach.js";
import type { Endpoints } from "./endpoints.js";
import type { Site } from "./site.js";
import type { Subnet } from "./subnet.js";

/** What is asked for in every kind of network. */
export interface CommonSpec {
  subnets: PerFamily<Subnet>;
  /** Undefined: that of the host's default route. */
  mtu?: number | undefined;
  /** How new endpoints hang on it; default: auto. */
  attach?: AttachWord | undefined;
}

/** What a target's answers depend on; all of the target's family. */
export interface Reach {
  /** Address of the host that the target sees instead of a client that it could not answer through us. */
  snatSource: IpAddress;
  /** Clients in this network would be answered directly. */
  network: IpPrefix;
  /** Number of the own network that the target is in, or -1. */
  own: number;
}

export interface Network {
  /** In the workers' tables. */
  readonly number: number;
  readonly subnets: PerFamily<Subnet>;
  readonly mtu: number;
  /** Name of the host's device in it; "" where the kind has none. */
  readonly hostDevice: string;
  readonly endpoints: Endpoints;
  /** MAC that an endpoint must have; undefined: any that no other has. */
  readonly endpointMac?: Uint8Array | undefined;
  /** How a published port reaches `target`, an address of the network; null when that is the host itself. */
  reach(target: IpAddress): Reach | null;
  /** Takes endpoints and host device away. */
  close(): Promise<void>;
}

/** Makes a network under a number that no other has, or throws with nothing left of it. */
export type OpenNetwork<Spec extends CommonSpec> = (site: Site, number: number, spec: Spec) => Network;
