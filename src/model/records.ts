/** What is remembered of networks and endpoints, across restarts and, of networks, reboots: plain data (`record-json.ts` has it as JSON). */
import type { Mapping } from "../control/mapping.js";
import type { AttachWord } from "../control/network/attach.js";
import type { Subnet } from "../control/network/subnet.js";
import type { Bandwidth } from "../table/bandwidth.js";
import { formatIp, type IpAddress } from "../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../wire/per-family.js";

/** How a network is to behave. */
export interface NetworkOptions {
  /** Undefined: that of the host's default route. */
  mtu?: number;
  /** Nothing goes in or out. */
  internal: boolean;
  /** Endpoints reach each other. */
  icc: boolean;
  masquerade: boolean;
  /** Endpoints may send from other addresses than their own. Undefined: no, as in records of earlier versions. */
  promiscuous?: boolean;
  /** How its endpoints' devices hang on it. Undefined: auto. */
  attach?: AttachWord;
  /** Host address of published ports that name none; null: all, of both families. */
  hostBinding: IpAddress | null;
  /** Source addresses of what leaves. */
  outside?: PerFamily<IpAddress>;
  /** Name of devices in sandboxes, without number. */
  interfacePrefix: string;
  /** Name of the host's device. */
  hostDevice?: string;
}

export const DEFAULT_OPTIONS: Readonly<NetworkOptions> = {
  internal: false,
  icc: true,
  masquerade: true,
  hostBinding: null,
  interfacePrefix: "eth",
};

/** What people said of a network; the dataplane does not care. */
export interface NetworkAbout {
  /** Which front end made it, and is to remove it. */
  origin: string;
  /** ISO 8601. */
  created: string;
  labels: Record<string, string>;
  /** Options as they were typed. */
  options: Record<string, string>;
}

export interface NetworkRecord {
  id: string;
  /** For people; no two networks have the same. */
  name?: string;
  subnets: PerFamily<Subnet>;
  /** Where endpoints that ask for no address get theirs: `172.18.5.0/24`. Undefined: the whole IPv4 subnet. */
  range?: string;
  /** The same in the IPv6 subnet. */
  ipv6Range?: string;
  /** Addresses that no endpoint gets, by what they are for. */
  reserved?: Record<string, string>;
  options: NetworkOptions;
  /** It spans the nodes of a cluster. Undefined: it is of this host alone. */
  overlay?: Overlay;
  /** It stands on the LAN of a device of the host. */
  lan?: LanPlace;
  about?: NetworkAbout;
}

/** Where a network stands that is on a LAN. */
export interface LanPlace {
  /** Name of the host's device there; with a dot and a number behind, where there is no such device, of a VLAN there. */
  parent: string;
  /** As the kernel's macvlan has it, or its ipvlan. Undefined: mode bridge, or without `icc` private. */
  mode?: "vepa" | "passthru" | "ipvlan";
}

/** What a network of several nodes has on the wire. */
export interface Overlay {
  /** VXLAN's network identifier, 1 to 2^24 - 1. */
  vni: number;
  /** Frames between nodes are sealed. Undefined: no. */
  encrypted?: boolean;
  /** What this node has in it for itself, to open flows on other nodes from. The cluster's record of the network has none. */
  own?: OwnEndpoint;
}

/** An endpoint without a device. */
export interface OwnEndpoint {
  id: string;
  mac: string;
  addresses: PerFamily<IpAddress>;
}

/** Who uses an endpoint, and how others find it. */
export interface EndpointUse {
  /** Id of the user, as its front end knows it. */
  owner: string;
  /** Names in this network, the main one first. */
  names: string[];
}

export interface EndpointRecord {
  id: string;
  network: string;
  addresses: PerFamily<IpAddress>;
  mac: string;
  /** Name of its device while that is in the host's namespace. */
  device: string;
  multiQueue: boolean;
  /** What its device is. Undefined: a TAP, as in earlier versions. */
  attach?: "veth";
  /** Path of the namespace that it joined; "": none. */
  sandbox: string;
  ports: Mapping[];
  use?: EndpointUse;
  /** Undefined: as much as there is. */
  bandwidth?: Bandwidth;
}

export interface Records {
  networks: NetworkRecord[];
  endpoints: EndpointRecord[];
}

/** An id becomes part of device names. */
export function isId(text: string): boolean {
  return /^[0-9A-Za-z]{12,128}$/.test(text);
}

/** `172.18.0.2,fd00:18::2` */
export function addressesText({ addresses }: EndpointRecord): string {
  return eachFamily(addresses).map(formatIp).join(",");
}

/** What people call a network: by its name, or where its front end has said none, by the start of its id. */
export function networkWord({ name, id }: Pick<NetworkRecord, "name" | "id">): string {
  return name ?? shortId(id);
}

/** What people call an endpoint, in the same way. */
export function endpointWord({ id, use }: Pick<EndpointRecord, "id"> & { use?: { readonly names: readonly string[] } }): string {
  return use?.names[0] ?? shortId(id);
}

/** First twelve letters of an id: enough for people. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
