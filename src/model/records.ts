/**
 * What is remembered of networks and endpoints, across restarts and, of networks, reboots: plain data that a store can keep as JSON. Addresses
 * are text, so that a record reads as people write them.
 */
import type { Mapping } from "../control/port-spec.js";

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
  /** Host address of published ports that name none. */
  hostBinding: string;
  /** Source address of what leaves. */
  outside?: string;
  /** Name of devices in sandboxes, without number. */
  interfacePrefix: string;
  /** Name of the host's device. */
  hostDevice?: string;
}

export const DEFAULT_OPTIONS: Readonly<NetworkOptions> = {
  internal: false,
  icc: true,
  masquerade: true,
  hostBinding: "0.0.0.0",
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
  /** `172.18.0.0/16` */
  subnet: string;
  gateway: string;
  /** Where endpoints that ask for no address get theirs. Undefined: the whole subnet. */
  range?: string;
  /** Addresses that no endpoint gets, by what they are for. */
  reserved?: Record<string, string>;
  options: NetworkOptions;
  about?: NetworkAbout;
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
  address: string;
  mac: string;
  /** Name of its device while that is in the host's namespace. */
  device: string;
  multiQueue: boolean;
  /** Path of the namespace that it joined; "": none. */
  sandbox: string;
  ports: Mapping[];
  use?: EndpointUse;
}

export interface Records {
  networks: NetworkRecord[];
  endpoints: EndpointRecord[];
}

/** An id becomes part of device names. */
export function isId(text: string): boolean {
  return /^[0-9A-Za-z]{12,128}$/.test(text);
}

/** First twelve letters of an id: enough for people. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
