/** A network in the shape in which Docker's API has it, so that scripts carry over. */
import type { NetworkInspect } from "../api/network-types.js";
import type { GlobalEndpoint } from "../cluster/records.js";
import type { Subnet } from "../control/network/subnet.js";
import type { NetworkModel } from "../model/network-model.js";
import { type EndpointRecord, type NetworkRecord, networkWord } from "../model/records.js";
import { FOREIGN_DRIVER } from "../model/views.js";
import { formatIp, formatPrefix, type IpAddress, parseIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { type FoundNetwork, HOST, NONE } from "./network-catalog.js";

/** What a node knows of who is reached. */
export interface Reached {
  /** Whether datagrams can go to a node with these addresses. */
  hasTunnelTo(tunnel: GlobalEndpoint["tunnel"]): boolean;
  /** Whether somebody else has an address of this endpoint of this node. */
  isDisplaced(endpoint: string): boolean;
}

const ALL: Reached = { hasTunnelTo: () => true, isDisplaced: () => false };

/** `elsewhere`: who is in it on other nodes; `isKeyKnown`: whether what is encrypted can go to a node. */
export function inspectNetwork(
  { id, name, record }: FoundNetwork,
  model: NetworkModel,
  elsewhere: readonly GlobalEndpoint[] = [],
  isKeyKnown: (node: string) => boolean = () => true,
  reached = ALL,
): NetworkInspect {
  if (record === undefined) return { ...EMPTY, Name: name, Id: id, Driver: driverOf(name) };
  const own = record.overlay?.own;
  const members = model.endpoints.filter(({ record: { network }, gone }) => network === record.id && !gone);
  return {
    ...EMPTY,
    Name: record.name ?? "",
    Id: record.id,
    Created: record.about?.created ?? "",
    Scope: record.overlay === undefined ? "local" : "global",
    Driver: record.about?.origin ?? FOREIGN_DRIVER,
    IPAM: { ...EMPTY.IPAM, Config: poolsOf(record) },
    EnableIPv4: record.subnets.ipv4 !== undefined,
    EnableIPv6: record.subnets.ipv6 !== undefined,
    Internal: record.options.internal,
    Containers: Object.fromEntries([
      ...members.map((member) => {
        const taken = reached.isDisplaced(member.record.id);
        return [member.record.use?.owner ?? member.record.id, { ...memberOf(member.record, record), Attach: member.record.attach ?? "tap", ...(taken && { AddressTaken: true }) }] as const; // biome-ignore format: short
      }),
      ...(own === undefined ? [] : [[own.id, memberOf({ ...own, use: nodesOwn(record) }, record)] as const]),
      ...elsewhere.map((each) => {
        const use = each.names.length > 0 ? each : nodesOwn(record);
        const noKey = record.overlay?.encrypted === true && !isKeyKnown(each.node);
        const flags = { ...(noKey && { NoKey: true }), ...(!reached.hasTunnelTo(each.tunnel) && { NoTunnel: true }) };
        return [each.owner || each.id, { ...memberOf({ ...each, use }, record), Node: each.node, ...flags }] as const;
      }),
    ]),
    Options: record.about?.options ?? {},
    Labels: record.about?.labels ?? {},
  };
}

const EMPTY: NetworkInspect = {
  Name: "",
  Id: "",
  Created: "",
  Scope: "local",
  Driver: "",
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: "default", Options: {}, Config: [] },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: "" },
  ConfigOnly: false,
  Containers: {},
  Options: {},
  Labels: {},
};

function driverOf(predefined: string): string {
  return predefined === NONE ? "null" : predefined === HOST ? HOST : "bridge";
}

function poolsOf({ subnets, range, ipv6Range, reserved = {} }: NetworkRecord): NetworkInspect["IPAM"]["Config"] {
  return eachFamily(subnets).map(({ prefix, gateway }) => {
    const from = gateway.family === 4 ? range : ipv6Range;
    const own = Object.entries(reserved).filter(([, text]) => parseIp(text)?.family === gateway.family);
    return {
      Subnet: formatPrefix(prefix),
      ...(from !== undefined && { IPRange: from }),
      Gateway: formatIp(gateway),
      ...(own.length > 0 && { AuxiliaryAddresses: Object.fromEntries(own) }),
    };
  });
}

/** What a node has for itself: Docker's name for the same. */
function nodesOwn(network: NetworkRecord): { names: string[] } {
  return { names: [`lb-${networkWord(network)}`] };
}

type InNetwork = Pick<EndpointRecord, "id" | "addresses" | "mac"> & { use?: { names: readonly string[] } | undefined };

function memberOf({ id, addresses, mac, use }: InNetwork, { subnets }: NetworkRecord): NetworkInspect["Containers"][string] {
  const text = (address: IpAddress | undefined, subnet: Subnet | undefined): string =>
    address === undefined || subnet === undefined ? "" : `${formatIp(address)}/${subnet.prefix.prefixLength}`;
  return {
    Name: use?.names[0] ?? "",
    EndpointID: id,
    MacAddress: mac,
    IPv4Address: text(addresses.ipv4, subnets.ipv4),
    IPv6Address: text(addresses.ipv6, subnets.ipv6),
  };
}
