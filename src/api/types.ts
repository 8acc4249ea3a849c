/**
 * What the API answers, as schemas: the types are inferred from them and docs/api.md is made from them (`npm run docs`). `import type` from here
 * costs nothing; the schemas themselves are loaded with `routes.ts`.
 */
import * as v from "valibot";

const text = (description: string) => v.pipe(v.string(), v.description(description));
const count = (description: string) => v.pipe(v.number(), v.integer(), v.description(description));
const flag = (description: string) => v.pipe(v.boolean(), v.description(description));

/** By name; only what is not zero. */
const counters = (description: string) => v.pipe(v.record(v.string(), v.number()), v.description(description));

export const InfoView = v.object({
  pid: count("Process id of the instance."),
  version: text("Of tsproxy."),
  role: v.pipe(v.picklist(["standalone", "daemon"]), v.description("`standalone`: `tsproxy -p …`. `daemon`: `tsproxy daemon`.")),
  uptimeSec: count("Seconds since it started."),
  apiSocket: text("Path of the socket that answers this."),
  launcherSocket: v.exactOptional(text("Daemon: path of the socket for docker-proxy launchers.")),
  pluginSocket: v.exactOptional(text("Daemon: path of the socket of Docker's network plugin.")),
  launched: v.exactOptional(
    flag("Daemon: a docker-proxy launcher started it, since none ran. It gives way to one that is started otherwise."),
  ),
});
/** GET /v1/info */
export type InfoView = v.InferOutput<typeof InfoView>;

export const MappingView = v.object({
  hostIp: text(
    "Address of the host, `0.0.0.0` for all of IPv4, `::` for all of IPv6; a link-local one with its interface, `fe80::1%eth0`.",
  ),
  hostPort: count("First port of the host."),
  hostPortEnd: count("Last port of the host."),
  targetIp: text("Address of the target."),
  targetPort: count("First port of the target."),
  targetPortEnd: count("Last port of the target."),
  proto: v.picklist(["tcp", "udp", "sctp"]),
  targets: v.exactOptional(
    v.pipe(
      v.array(v.object({ ip: text("Its address."), port: count("Its first port.") })),
      v.description("Where there may be several targets: all of them; `targetIp` and `targetPort` are the first's."),
    ),
  ),
  via: v.pipe(v.picklist(["dataplane", "relay"]), v.description("How the port is served: by packets, or by sockets.")),
  offloaded: v.exactOptional(
    v.pipe(
      v.object({ packets: count("Packets."), bytes: count("Bytes of their frames.") }),
      v.description("In stats: what the kernel has carried of its flows, beside what came to the dataplane's own ports."),
    ),
  ),
});
export type MappingView = v.InferOutput<typeof MappingView>;

const Drops = counters("Dropped packets by reason; only reasons that happened.");
/** By reason name (`wire/drop.ts`). */
export type Drops = v.InferOutput<typeof Drops>;

const PORT_KIND =
  "What is behind it: the host's steered traffic, the host in a network, an endpoint, tunnels to other nodes, or, without a device, what the host's kernel has accepted for published ports, or the other nodes of an overlay network.";
export const PortStats = v.object({
  port: count("Number of the port in the dataplane."),
  name: text("Name of the device, as in `ip link`."),
  kind: v.pipe(v.picklist(["uplink", "host", "endpoint", "held", "tunnel", "remote", "lan"]), v.description(PORT_KIND)),
  address: v.exactOptional(text("Endpoint: its address; of both families with a comma between.")),
  rxPackets: count("Packets received from the device."),
  rxBytes: count("Bytes received from the device."),
  txPackets: count("Packets sent to the device."),
  txBytes: count("Bytes sent to the device."),
  drops: Drops,
});
export type PortStats = v.InferOutput<typeof PortStats>;

const HolderView = v.object({
  kind: v.pipe(
    v.picklist(["client", "endpoint", "port"]),
    v.description("Who opened the flows, or the published port that they were opened to."),
  ),
  name: text("Address, or `8999/tcp`."),
  flows: count("Flows that are not closed; in a table of more than 4,096 rows estimated."),
  limited: flag("It is the last of its kind that had a flow refused for its limit."),
});

export const OffloadView = v.object({
  mode: v.pipe(v.picklist(["auto", "always", "never"]), v.description("As `--offload` says. `auto`: where the kernel takes the programs.")),
  ipv4: flag("The kernel carries flows of IPv4."),
  ipv6: flag("It carries flows one of whose ends is of IPv6, too."),
  refused: count("Programs that the kernel refused."),
  reason: v.exactOptional(text("Why it does not, though it was to.")),
  loading: v.exactOptional(flag("It will soon, if the kernel takes the programs; that is not known yet.")),
});
export type OffloadView = v.InferOutput<typeof OffloadView>;

export const StatsView = v.object({
  pid: count("Process id of the instance."),
  version: text("Of tsproxy."),
  uptimeSec: count("Seconds since it started."),
  mappings: v.pipe(v.array(MappingView), v.description("Published ports.")),
  ports: v.pipe(v.array(PortStats), v.description("Ports of the dataplane.")),
  drops: Drops,
  flows: v.object({
    active: count("Flows tracked now."),
    capacity: count("Flows that can be tracked at once."),
    created: count("Flows so far."),
    expired: count("Flows that ended."),
    refused: count("Flows refused, since the table was full."),
    evicted: v.exactOptional(count("Flows that ended before their time, to make room for others.")),
  }),
  holders: v.exactOptional(v.pipe(v.array(HolderView), v.description("Who has most flows, and who has had flows refused for a limit."))),
  offload: v.exactOptional(
    v.pipe(OffloadView, v.description("Whether the kernel carries flows that are decided on; absent: all is relayed.")),
  ),
  steering: counters("Counters of the steering programs: packets taken from the host, handed back, …"),
});
/** GET /v1/stats */
export type StatsView = v.InferOutput<typeof StatsView>;

const Direction = v.object({
  src: text("`ADDRESS:PORT`, for ICMP `ADDRESS:ID`; an IPv6 address in brackets."),
  dst: text("Likewise."),
});

export const FlowView = v.object({
  proto: v.picklist(["tcp", "udp", "sctp", "icmp", "icmpv6"]),
  state: text(
    "TCP: `syn-sent`, `established`, `closing`, …; else `unreplied`, `assured`, or what an ICMP query asks for: `echo`, `timestamp`, …",
  ),
  original: v.pipe(Direction, v.description("As the one who began sees it.")),
  reply: v.pipe(Direction, v.description("As the other side sees its answers.")),
  timeoutSec: v.pipe(v.number(), v.description("Seconds until it ends, unless a packet comes.")),
  offloaded: flag("The steering programs carry its packets."),
  packets: v.pipe(v.tuple([v.number(), v.number()]), v.description("In original and in reply direction.")),
});
/** GET /v1/flows: an array of these. */
export type FlowView = v.InferOutput<typeof FlowView>;

/** Which flows are meant. */
const flowFilter = {
  client: v.exactOptional(text("Only those that were opened by this address, or from this network: `192.0.2.0/24`, `2001:db8::/32`.")),
  port: v.exactOptional(text("Only those that were opened to this port.")),
};
export const FlowQuery = v.strictObject(flowFilter);
/** Query of GET /v1/flows */
export type FlowQuery = v.InferOutput<typeof FlowQuery>;

export const EndFlowsQuery = v.strictObject({
  ...flowFilter,
  all: v.exactOptional(
    v.pipe(v.picklist(["1"]), v.description("All of them. Without it one of the others is needed, with it none may be there.")),
  ),
});
/** Query of DELETE /v1/flows */
export type EndFlowsQuery = v.InferOutput<typeof EndFlowsQuery>;

export const EndedView = v.object({ ended: count("How many there were.") });
/** DELETE /v1/flows */
export type EndedView = v.InferOutput<typeof EndedView>;

export const TargetView = v.object({
  hostIps: v.pipe(v.array(v.string()), v.description("What the port is published on, as in a mapping.")),
  hostPort: count("First port of the host."),
  hostPortEnd: count("Last port of the host."),
  proto: v.picklist(["tcp", "udp", "sctp"]),
  targetIp: text("Address of the target."),
  targetPort: count("First port of the target."),
  targetPortEnd: count("Last port of the target."),
  state: v.pipe(
    v.picklist(["up", "down", "draining", "drained"]),
    v.description("`up`: it gets new connections. `down`: its health check failed. `draining`: what it has goes on, for a time."),
  ),
  checked: flag("Its health is checked."),
  flows: count("Flows that it has by this port, those too that have just ended; of the relay none are counted."),
});
/** GET /v1/targets: an array of these. */
export type TargetView = v.InferOutput<typeof TargetView>;

const TargetWord = text("`172.18.0.3`, or `172.18.0.3:8080`, an IPv6 address in brackets before a port.");
/** POST /v1/targets/drain */
export const TargetDrain = v.strictObject({
  target: TargetWord,
  timeSec: v.exactOptional(count("Seconds for what it has; 30 by default.")),
});
/** POST /v1/targets/resume */
export const TargetResume = v.strictObject({ target: TargetWord });
export const TargetsChanged = v.object({ changed: count("Of how many ports it is a target.") });

export const FdbView = v.object({
  mac: text("`02:42:ac:11:00:04`"),
  port: count("Number of the port that it is behind."),
  name: text("Name of that port's device."),
  ageSec: v.pipe(v.number(), v.description("Seconds since it was seen.")),
  static: flag("Known from the configuration: it neither ages nor moves."),
});
/** GET /v1/fdb: an array of these. */
export type FdbView = v.InferOutput<typeof FdbView>;

export const NetworkView = v.object({
  id: text("Docker's own id for a network of Docker's."),
  name: text("Empty for a network of Docker's, whose name dockerd knows."),
  driver: text("`bridge`, `host`, `null`; `tsproxy` for a network of Docker's, `cni` for one of a container runtime."),
  created: text("ISO 8601; empty when nobody wrote it down."),
  labels: v.pipe(v.record(v.string(), v.string()), v.description("As they were given.")),
  subnet: text("`172.18.0.0/16`; empty without IPv4, for `host` and `none`, and for `bridge` before it is used."),
  gateway: text("`172.18.0.1`; empty without IPv4."),
  ipv6Subnet: v.exactOptional(text("`fd00:18::/64`")),
  ipv6Gateway: v.exactOptional(text("`fd00:18::1`")),
  device: text("The host's device in it; empty when it could not be made again after a restart."),
  mtu: count("Of its devices, in bytes."),
  internal: flag("No way out, and no published ports."),
  icc: flag("Its endpoints reach each other."),
  masquerade: flag("What leaves gets the host's address."),
  promiscuous: flag("Its endpoints may send from other addresses than their own."),
  attach: v.pipe(v.picklist(["auto", "veth", "tap"]), v.description("How its endpoints' devices hang on it.")),
  endpoints: count("How many it has."),
});
/** GET /v1/networks: an array of these. */
export type NetworkView = v.InferOutput<typeof NetworkView>;

export const EndpointView = v.object({
  id: text("Docker's own id for an endpoint of Docker's."),
  network: text("Id of its network."),
  owner: text("Id of the sandbox or container that it belongs to; empty for one of Docker's."),
  names: v.pipe(v.array(v.string()), v.description("What it is called in its network, the main name first.")),
  address: text("`172.18.0.2`; empty without IPv4."),
  ipv6Address: v.exactOptional(text("`fd00:18::2`")),
  mac: text("`02:42:ac:12:00:02`"),
  state: v.pipe(
    v.picklist(["created", "joined", "gone", "failed"]),
    v.description("`gone`: its device ended, with its namespace or otherwise. `failed`: its device could not be taken up after a restart."),
  ),
  failure: v.exactOptional(text("Why it has `failed`.")),
  sandbox: text("Path of its network namespace; empty before it joined."),
  attach: v.pipe(v.picklist(["veth", "tap"]), v.description("How its device hangs on its network.")),
  ports: v.pipe(v.array(MappingView), v.description("Published ports.")),
});
/** GET /v1/endpoints: an array of these. */
export type EndpointView = v.InferOutput<typeof EndpointView>;
