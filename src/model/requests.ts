/** What front ends ask the model for. Addresses are int32 in host order. */
import type { PortSpec } from "../control/port-spec.js";
import type { Cidr } from "../wire/ipv4-address.js";
import type { EndpointUse, NetworkAbout, NetworkOptions } from "./records.js";

export interface NetworkRequest {
  /** At least twelve letters and digits. */
  id: string;
  name?: string;
  cidr: Cidr;
  gateway: number;
  range?: Cidr;
  reserved?: ReadonlyMap<string, number>;
  options: NetworkOptions;
  about?: NetworkAbout;
}

export interface EndpointRequest {
  /** At least twelve letters and digits. */
  id: string;
  /** Undefined: any, where the address manager may choose. */
  address?: number;
  /** Undefined: made from the address. */
  mac?: Uint8Array | undefined;
  use?: EndpointUse;
}

/** Ports of an endpoint, to be published. */
export interface PortRequest extends Omit<PortSpec, "targetIp"> {
  /** "": where the network says. */
  hostIp: string;
}
