/** What the API says of networks by name, and what it takes: JSON in the shape that Docker's API has, where Docker has the thing. */
import * as v from "valibot";

const text = (description: string) => v.pipe(v.string(), v.description(description));
const flag = (description: string) => v.pipe(v.boolean(), v.description(description));
/** One, or a list of them. */
const some = (description: string) => v.pipe(v.union([v.string(), v.array(v.string())]), v.description(description));
const texts = (description: string) => v.pipe(v.record(v.string(), v.string()), v.description(description));

export const NetworkCreate = v.strictObject({
  name: text("Letters, digits and `_.-`."),
  driver: v.exactOptional(text("`bridge`, the default.")),
  subnet: v.exactOptional(some("`172.18.0.0/16`, one a family; by default the first of Docker's pools that is free.")),
  gateway: v.exactOptional(some("One a subnet; by default its first address.")),
  ipRange: v.exactOptional(some("Where endpoints that ask for no address get theirs: a part of each subnet.")),
  auxAddresses: v.exactOptional(texts("Addresses that no endpoint gets, by name.")),
  internal: v.exactOptional(flag("No way out, and no published ports.")),
  ipv4: v.exactOptional(flag("With IPv4, the default.")),
  ipv6: v.exactOptional(flag("With IPv6.")),
  mtu: v.exactOptional(v.pipe(v.number(), v.integer(), v.description("Of its devices, in bytes."))),
  encrypt: v.exactOptional(flag("Of an overlay network: frames between nodes are encrypted.")),
  options: v.exactOptional(texts("Docker's bridge options, by their names there.")),
  labels: v.exactOptional(texts("For people and scripts.")),
});
/** POST /v1/networks */
export type NetworkCreate = v.InferOutput<typeof NetworkCreate>;

export const NetworkCreated = v.object({
  id: text("64 hexadecimal digits."),
  warnings: v.pipe(v.array(v.string()), v.description("Such as pools that were passed over, and why.")),
});
export type NetworkCreated = v.InferOutput<typeof NetworkCreated>;

const Pool = v.object({
  Subnet: text("`172.18.0.0/16`"),
  IPRange: v.exactOptional(text("Where endpoints get their addresses.")),
  Gateway: text("`172.18.0.1`"),
  AuxiliaryAddresses: v.exactOptional(texts("Addresses that no endpoint gets.")),
});

const Member = v.object({
  Name: text("Of the sandbox."),
  EndpointID: text("64 hexadecimal digits."),
  MacAddress: text("`02:42:ac:12:00:02`"),
  IPv4Address: text("`172.18.0.2/16`; empty without IPv4."),
  Node: v.exactOptional(text("Name of the node that it is on, of one elsewhere in the cluster.")),
  IPv6Address: text("`fd00:18::2/64`; empty without IPv6."),
  Attach: v.exactOptional(v.pipe(v.picklist(["veth", "tap"]), v.description("How its device hangs on the network, of one of this node."))),
  NoKey: v.exactOptional(flag("The network is encrypted, and its node has told no key: it is not reached.")),
  NoTunnel: v.exactOptional(flag("Its node has its tunnels over the other family than this one: it is not reached.")),
  AddressTaken: v.exactOptional(flag("Its address was given to another endpoint while this node was away: others do not reach it here.")),
});

/** As `docker network inspect` prints it. */
export const NetworkInspect = v.object({
  Name: text("Empty for a network of Docker's."),
  Id: text("64 hexadecimal digits."),
  Created: text("ISO 8601."),
  Scope: text("`local`, or `global` for a network of the cluster."),
  Driver: text("`bridge`, `host`, `null`; `tsproxy` for a network of Docker's."),
  EnableIPv4: flag("It has a subnet of IPv4."),
  EnableIPv6: flag("It has a subnet of IPv6."),
  IPAM: v.object({ Driver: text("`default`"), Options: texts("None."), Config: v.array(Pool) }),
  Internal: flag("No way out, and no published ports."),
  Attachable: flag("No."),
  Ingress: flag("No."),
  ConfigFrom: v.object({ Network: text("Empty.") }),
  ConfigOnly: flag("No."),
  Containers: v.pipe(v.record(v.string(), Member), v.description("Endpoints by the id of their sandbox.")),
  Options: texts("As they were given."),
  Labels: texts("As they were given."),
});
/** GET /v1/networks/:network */
export type NetworkInspect = v.InferOutput<typeof NetworkInspect>;

export const NodeView = v.object({
  name: text("As `--node` gave it."),
  addresses: v.pipe(v.array(v.string()), v.description("Where the others send what is for its endpoints.")),
  there: flag("Its daemon runs, and reaches the store; else it only holds addresses."),
  endpoints: v.pipe(v.number(), v.description("That have addresses there.")),
  encrypts: flag("It has told a key, so it can be in encrypted networks."),
});
/** GET /v1/nodes: an array of these. */
export type NodeView = v.InferOutput<typeof NodeView>;

export const NetworkPruned = v.object({ deleted: v.pipe(v.array(v.string()), v.description("Their names.")) });
/** POST /v1/networks/prune */
export type NetworkPruned = v.InferOutput<typeof NetworkPruned>;
