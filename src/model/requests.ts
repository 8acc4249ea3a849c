/** What front ends ask the model for. */
import type { PortSpec } from "../control/mapping.js";
import type { Subnet } from "../control/network/subnet.js";
import type { IpAddress } from "../wire/ip-address.js";
import type { PerFamily } from "../wire/per-family.js";
import type { NetworkOptions } from "./records.js";

export interface NetworkRequest {
  /** At least twelve letters and digits. */
  id: string;
  name?: string;
  subnets: PerFamily<Subnet>;
  options: NetworkOptions;
}

export interface EndpointRequest {
  /** At least twelve letters and digits. */
  id: string;
  /** One that is missing: any, where the address manager may choose. */
  addresses?: PerFamily<IpAddress>;
  /** Undefined: made from the address. */
  mac?: Uint8Array | undefined;
}

/** Ports of an endpoint, to be published. */
export interface PortRequest extends Omit<PortSpec, "targets"> {
  /** Null: where the network says. */
  hostIp: IpAddress | null;
}
