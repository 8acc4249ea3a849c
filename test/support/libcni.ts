/** Calls of plugins in the order and form in which libcni, and with it containerd, CRI-O and cnitool, makes them (CNI spec 1.1.0, section 3). */
import { createHash } from "node:crypto";
import type { Lab } from "./lab.js";
import type { Result } from "./proc.js";

type Json = Record<string, unknown>;

export interface NetworkList {
  cniVersion: string;
  name: string;
  plugins: ({ type: string; capabilities?: Record<string, boolean> } & Json)[];
}

export interface Attachment {
  containerId: string;
  /** Path of the namespace; "": it is gone. */
  netns: string;
  ifname: string;
  /** CNI_ARGS */
  args?: string;
  /** By capability. */
  runtimeConfig?: Json;
}

/** What a plugin said when it failed. */
export class PluginError extends Error {
  constructor(
    readonly plugin: string,
    readonly answer: Json,
  ) {
    super(`plugin ${plugin}: ${JSON.stringify(answer)}`);
  }
}

export class Libcni {
  /** As in /var/lib/cni/results: the last result of each attachment. */
  readonly cache = new Map<string, Json>();

  /** `path`: folders of plugins. `run`: starts a plugin with an environment and an input. */
  constructor(
    private readonly path: readonly string[],
    private readonly start: (type: string, env: Record<string, string>, input: string) => Promise<Result>,
  ) {}

  async add(list: NetworkList, to: Attachment): Promise<Json> {
    let result: Json | undefined;
    for (const plugin of list.plugins) result = await this.call("ADD", list, plugin, to, result);
    this.cache.set(keyOf(list, to), result!);
    return result!;
  }

  async check(list: NetworkList, to: Attachment): Promise<void> {
    for (const plugin of list.plugins) await this.call("CHECK", list, plugin, to, this.cache.get(keyOf(list, to)));
  }

  async del(list: NetworkList, to: Attachment): Promise<void> {
    for (const plugin of [...list.plugins].reverse()) await this.call("DEL", list, plugin, to, this.cache.get(keyOf(list, to)));
    this.cache.delete(keyOf(list, to));
  }

  /** First DEL for what is in the cache and not valid, then GC of each plugin. */
  async gc(list: NetworkList, valid: readonly Attachment[]): Promise<void> {
    const attachments = valid.map(({ containerId, ifname }) => ({ containerID: containerId, ifname }));
    const extra = { "cni.dev/valid-attachments": attachments, "cni.dev/attachments": attachments };
    for (const plugin of list.plugins) await this.call("GC", list, { ...plugin, ...extra }, undefined, undefined);
  }

  async status(list: NetworkList): Promise<void> {
    for (const plugin of list.plugins) await this.call("STATUS", list, plugin, undefined, undefined);
  }

  private async call(
    command: string,
    { cniVersion, name }: NetworkList,
    plugin: NetworkList["plugins"][number],
    to: Attachment | undefined,
    prevResult: Json | undefined,
  ): Promise<Json | undefined> {
    const capable = Object.entries(to?.runtimeConfig ?? {}).filter(([key]) => plugin.capabilities?.[key] === true);
    const config = {
      ...plugin,
      name,
      cniVersion,
      ...(prevResult !== undefined && { prevResult }),
      ...(capable.length > 0 && { runtimeConfig: Object.fromEntries(capable) }),
    };
    const env = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: to?.containerId ?? "",
      CNI_NETNS: to?.netns ?? "",
      CNI_IFNAME: to?.ifname ?? "",
      CNI_ARGS: to?.args ?? "",
      CNI_PATH: this.path.join(":"),
    };
    const { code, stdout, stderr } = await this.start(plugin.type, env, JSON.stringify(config));
    if (code !== 0)
      throw new PluginError(plugin.type, stdout === "" ? { msg: `netplugin failed: ${stderr}` } : (JSON.parse(stdout) as Json));
    return stdout === "" ? undefined : (JSON.parse(stdout) as Json);
  }
}

function keyOf({ name }: NetworkList, { containerId, ifname }: Attachment): string {
  return `${name}-${containerId}-${ifname}`;
}

/** As cnitool names a container. */
export function cnitoolId(netns: string): string {
  return `cnitool-${createHash("sha512").update(netns).digest("hex").slice(0, 20)}`;
}

/** As containerd's CRI calls: keys as Go has them, a burst of 2^32 - 1 bits. */
export function containerdPod(pod: string, netns: string, ports: object[] = [], rate = 0): Attachment {
  const containerId = createHash("sha256").update(pod).digest("hex");
  const bandwidth = { IngressRate: rate, IngressBurst: rate === 0 ? 0 : 2 ** 32 - 1, EgressRate: 0, EgressBurst: 0 };
  return {
    containerId,
    netns,
    ifname: "eth0",
    args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_INFRA_CONTAINER_ID=${containerId};K8S_POD_UID=6f2b`,
    runtimeConfig: {
      portMappings: ports,
      ...(rate > 0 && { bandwidth }),
      dns: { Servers: ["192.0.2.53"], Searches: ["default.svc.cluster.local"], Options: ["ndots:5"] },
      cgroupPath: `/kubepods/burstable/pod6f2b/${containerId}`,
      "io.kubernetes.cri.pod-annotations": { "kubernetes.io/ingress-bandwidth": "10M" },
    },
  };
}

/** Starts plugins in a namespace of a lab: those in `own` from there, others from where Debian has them. */
export function labStart(
  lab: Lab,
  ns: string,
  own: Record<string, string>,
  wrap: readonly string[] = [],
): ConstructorParameters<typeof Libcni>[1] {
  return (type, env, input) => lab.run(ns, [...wrap, own[type] ?? `${DEBIAN_PLUGINS}/${type}`], { env, input });
}

export const DEBIAN_PLUGINS = "/usr/lib/cni";
