/**
 * What is asked of a network, whatever its kind (`kinds.ts`): a kind makes on the host what its networks need there, and says how a published
 * port reaches an endpoint. Endpoints are the same in every kind (`endpoints.ts`).
 */
import type { Cidr } from "../../wire/ipv4-address.js";
import type { Endpoints } from "./endpoints.js";
import type { Site } from "./site.js";

/** What is asked for in every kind of network. */
export interface CommonSpec {
  cidr: Cidr;
  /** int32, host order. */
  gateway: number;
  /** Undefined: that of the host's default route. */
  mtu?: number | undefined;
}

/** What a target's answers depend on; int32, host order. */
export interface Reach {
  /** Address of the host that the target sees instead of a client that it could not answer through us. */
  snatSource: number;
  /** Clients in this network would be answered directly. */
  network: number;
  prefixLength: number;
  /** Number of the own network that the target is in, or -1. */
  own: number;
}

export interface Network {
  /** In the workers' tables. */
  readonly number: number;
  readonly cidr: Cidr;
  readonly mtu: number;
  /** Name of the host's device in it; "" where the kind has none. */
  readonly hostDevice: string;
  readonly endpoints: Endpoints;
  /** How a published port reaches `target`, an address of the network; null when that is the host itself. */
  reach(target: number): Reach | null;
  /** Takes endpoints and host device away. */
  close(): Promise<void>;
}

/** Makes a network under a number that no other has, or throws with nothing left of it. */
export type OpenNetwork<Spec extends CommonSpec> = (site: Site, number: number, spec: Spec) => Network;
