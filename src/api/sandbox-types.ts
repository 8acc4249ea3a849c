/** What the API says of sandboxes, and what it takes. */
import * as v from "valibot";
import { MappingView } from "./types.js";

const text = (description: string) => v.pipe(v.string(), v.description(description));
const count = (description: string) => v.pipe(v.number(), v.integer(), v.description(description));
const flag = (description: string) => v.pipe(v.boolean(), v.description(description));
const list = (description: string) => v.pipe(v.array(v.string()), v.description(description));

const bits = (description: string) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e15), v.description(description));
const Rate = v.strictObject({ rate: bits("Bits a second."), burst: bits("Bits that may go at once after a silence.") });

const attachment = {
  ip: v.exactOptional(text("Its IPv4 address; by default the lowest that is free.")),
  ip6: v.exactOptional(text("Its IPv6 address; by default the lowest that is free.")),
  mac: v.exactOptional(text("Its MAC address; by default made from the address.")),
  aliases: v.exactOptional(list("Names in this network besides the sandbox's own.")),
  gwPriority: v.exactOptional(count("The default route is by the network with the highest; 0 by default.")),
  device: v.exactOptional(text("Name of the device; by default the first of `eth0`, `eth1`, … that is free.")),
  bandwidth: v.exactOptional(
    v.pipe(
      v.strictObject({ ingress: v.exactOptional(Rate), egress: v.exactOptional(Rate) }),
      v.description("What it is sent (`ingress`) and sends (`egress`) in this network at most; by default as much as there is."),
    ),
  ),
};

export const SandboxCreate = v.strictObject({
  kind: v.pipe(
    v.picklist(["run", "attached"]),
    v.description("`run`: `pid` is the init of a program that `tsproxy run` starts. `attached`: `netns` is somebody else's."),
  ),
  pid: v.exactOptional(count("Of kind `run`: process id of its init.")),
  netns: v.exactOptional(text("Of kind `attached`: a name in /run/netns, a process id, or an absolute path.")),
  id: v.exactOptional(text("64 hexadecimal digits; by default random.")),
  name: v.exactOptional(text("By default a random one.")),
  hostname: v.exactOptional(text("By default the start of the id.")),
  command: list("What runs."),
  network: text("Name or id of a network, `host`, `none`, or `container:NAME`."),
  ...attachment,
  links: v.exactOptional(list("`NAME[:ALIAS]`")),
  dns: v.exactOptional(list("Name servers.")),
  dnsSearch: v.exactOptional(list("Search domains.")),
  dnsOptions: v.exactOptional(list("Options of resolv.conf.")),
  extraHosts: v.exactOptional(list("`NAME:ADDRESS`; the address may be `host-gateway`.")),
  publish: v.exactOptional(
    list(
      "`[[HOST_IP:][HOST_PORT]:]PORT[/tcp|udp|sctp]`, an IPv6 address in brackets; or `[HOST_IP:]HOST_PORT:NAME:PORT` for all that have the name.",
    ),
  ),
  affinity: v.exactOptional(text("Of ports that lead to a name: `client:10m` keeps a client at its target; `none` by default.")),
  healthCheck: v.exactOptional(text("Of ports that lead to a name: `off`, or `interval=2s,timeout=1s,rise=2,fall=3`.")),
  expose: v.exactOptional(list("`PORT[-END][/tcp|udp]`: open to those that are linked to it, where a network is closed.")),
  autoRemove: v.exactOptional(flag("Forgotten when it ends.")),
  detached: v.exactOptional(flag("Its output goes to its log.")),
});
/** POST /v1/sandboxes */
export type SandboxCreate = v.InferOutput<typeof SandboxCreate>;

export const SandboxCreated = v.object({
  id: text("64 hexadecimal digits."),
  name: text("As it was given, or made up."),
  dir: text("Its folder: `hosts`, `resolv.conf`, `hostname`, `log`."),
  warnings: list("What was asked for and is not done, and why."),
});
export type SandboxCreated = v.InferOutput<typeof SandboxCreated>;

const SandboxEndpoint = v.object({
  network: text("Its id."),
  networkName: text("Its name."),
  endpoint: text("64 hexadecimal digits."),
  address: text("`172.18.0.2`; empty without IPv4."),
  ipv6Address: v.exactOptional(text("`fd00:18::2`")),
  mac: text("`02:42:ac:12:00:02`"),
  device: text("`eth0`"),
  aliases: list("Names in this network besides the sandbox's own."),
  gateway: flag("The default route of IPv4 is by this network."),
  ipv6Gateway: flag("The default route of IPv6 is by this network."),
  bandwidth: attachment.bandwidth,
});

export const SandboxView = v.object({
  id: text("64 hexadecimal digits."),
  name: text("Of one alone."),
  hostname: text("What the program is told its host is called."),
  kind: v.picklist(["run", "attached"]),
  command: list("What runs."),
  created: text("ISO 8601."),
  state: v.picklist(["running", "exited"]),
  exitCode: v.exactOptional(count("Once it has ended: 128 and the signal's number if a signal ended it.")),
  finished: v.exactOptional(text("When it ended; ISO 8601.")),
  pid: count("Of its init; 0 for an attached one."),
  netns: text("Path of its network namespace."),
  network: text("`bridge`, `host`, `none`, `container:ID`, or the name of its first network."),
  endpoints: v.array(SandboxEndpoint),
  ports: v.pipe(v.array(MappingView), v.description("Published ports.")),
  dir: text("Its folder."),
  detached: flag("Its output goes to the file `log` in its folder."),
});
/** GET /v1/sandboxes/:sandbox, and an array of these at /v1/sandboxes */
export type SandboxView = v.InferOutput<typeof SandboxView>;

export const SandboxConnect = v.strictObject({ network: text("Name or id."), ...attachment });
export type SandboxConnect = v.InferOutput<typeof SandboxConnect>;

export const SandboxDisconnect = v.strictObject({ network: text("Name or id.") });
export const SandboxSignal = v.strictObject({ signal: count("1 to 64, as signal(7) has them.") });
export const SandboxRename = v.strictObject({ name: text("The new one.") });
export const SandboxRemoveQuery = v.strictObject({ force: v.exactOptional(text("`1`: one that runs is ended.")) });

export const SandboxWait = v.object({
  exitCode: v.exactOptional(count("Left out: it still runs after three seconds; ask again.")),
});
/** GET /v1/sandboxes/:sandbox/wait */
export type SandboxWait = v.InferOutput<typeof SandboxWait>;
