/** What the model needs of the dataplane (`control/controller.ts` has it) and of the host. */

import type { PortSpec } from "../control/mapping.js";
import type { AttachKind } from "../control/network/attach.js";
import type { Device, DeviceSpec, Link, LinkPorts } from "../control/network/endpoints.js";
import type { NetworkSpec } from "../control/network/kinds.js";
import type { OverlayChange, OwnAddress } from "../control/network/remote-endpoints.js";
import type { Publication } from "../control/publisher.js";
import type { IpAddress } from "../wire/ip-address.js";
import type { PerFamily } from "../wire/per-family.js";
import type { EndpointRecord } from "./records.js";

/** A network of the dataplane. */
export interface MadeNetwork {
  readonly mtu: number;
  readonly hostDevice: string;
  /** MAC that an endpoint must have; undefined: any that no other has. */
  readonly endpointMac?: Uint8Array | undefined;
  readonly endpoints: {
    /** Whether devices that are made now serve several workers. */
    readonly multiQueue: boolean;
    /** What devices are that are made now. */
    readonly attach: AttachKind;
    addDevice(spec: DeviceSpec): Device;
    link(client: PerFamily<IpAddress>, server: PerFamily<IpAddress>, ports: readonly LinkPorts[]): Link;
  };
  /** Of a network of several nodes: who is in it elsewhere. */
  readonly remotes?: { apply(change: OverlayChange): void; setOwn(own: OwnAddress | undefined): void };
}

export interface Mechanism {
  /** Whether others can reach the host by this address. */
  readonly host: { has(address: IpAddress): boolean };
  readonly networks: { add(spec: NetworkSpec): MadeNetwork; remove(network: MadeNetwork): Promise<void> };
  readonly publisher: { publish(spec: PortSpec): Publication };
}

/** Where a device is that was made by an earlier process. */
export interface Found {
  name: string;
  /** Namespace that it is in, to be closed; -1: the host's. */
  nsFd: number;
}

/** `endpoint-device.ts` is the host's. */
export interface HostDevices {
  /** Null: it is nowhere. */
  find(endpoint: EndpointRecord): Found | null;
  /** Whether the namespace is there that its device is in, or was until now. */
  hasNamespace(endpoint: EndpointRecord): boolean;
  /** Removes an endpoint's device from the host's namespace; false when there was none. */
  remove(endpoint: EndpointRecord): boolean;
}
