/**
 * CNI on the daemon's networks: a container is a sandbox that was attached, and each ADD one of its endpoints. The network is made with the first
 * container, and is then one like others: `tsproxy network ls` and `ps` show it, names are answered in it.
 */
import { createHash } from "node:crypto";
import { shortId } from "../model/records.js";
import { Namespace } from "../sandbox/device-setup.js";
import { addressOf, ipv4Of } from "../sandbox/ipv4.js";
import type { NetworkCatalog } from "../sandbox/network-catalog.js";
import type { Attachment } from "../sandbox/records.js";
import type { LiveSandbox } from "../sandbox/registry.js";
import type { Sandboxes } from "../sandbox/sandboxes.js";
import { formatPrefix, parsePrefix } from "../wire/ip-address.js";
import { type Config, parseConfig } from "./config.js";
import { CniError, CODES, checkVersion, type Environment, parseEnvironment } from "./contract.js";
import { delegate, type Lease } from "./ipam.js";

export const ORIGIN = "cni";
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

export class Cni {
  constructor(
    private readonly catalog: NetworkCatalog,
    private readonly sandboxes: Sandboxes,
  ) {}

  /** The result, if the command has one. Throws CniError, and what the model throws. */
  async call(variables: Readonly<Record<string, string>>, text: string): Promise<object | undefined> {
    const environment = parseEnvironment(variables);
    const config = parseConfig(text);
    checkVersion(environment.command, config.cniVersion);
    switch (environment.command) {
      case "ADD":
        return this.add(environment, config);
      case "DEL":
        await this.delete(environment, config);
        return undefined;
      case "CHECK":
        await this.check(environment, config);
        return undefined;
      case "GC":
        await this.collect(config);
        return undefined;
      default:
        return undefined; // STATUS: we answer, so all is well
    }
  }

  private async add(environment: Environment, config: Config): Promise<object> {
    const { containerId, netns, ifname, args } = environment;
    const lease = config.ipam === undefined ? undefined : await delegate("ADD", config.ipam, config.text, environment);
    try {
      await this.makeNetwork(config, lease);
      const id = sandboxId(containerId);
      const ip = lease?.address.replace(/\/.*/, "") ?? config.ips[0] ?? args.get("IP");
      const mac = config.mac ?? args.get("MAC");
      const pod = args.get("K8S_POD_NAME") ?? "";
      const connect = {
        network: config.name,
        device: ifname,
        ...(ip !== undefined && { ip: ip.replace(/\/.*/, "") }),
        ...(mac !== undefined && { mac }),
        ...(config.bandwidth !== undefined && { bandwidth: config.bandwidth }),
      };
      if (this.find(id) === undefined) {
        const name = NAME.test(pod) && !this.isTaken(pod) ? pod : shortId(id);
        await this.sandboxes.create({
          kind: "attached",
          id,
          name,
          netns,
          command: [],
          ...connect,
          aliases: aliases(config, pod, name),
          publish: config.publish,
          dns: config.servers,
        });
      } else await this.sandboxes.connect(id, { ...connect, aliases: aliases(config, pod, "") });
      return this.result(config, environment);
    } catch (error) {
      if (config.ipam !== undefined) await delegate("DEL", config.ipam, config.text, environment).catch(() => {});
      throw error;
    }
  }

  /** Does what is left to do: a runtime calls it several times, and without knowing what there is. */
  private async delete(environment: Environment, config: Config): Promise<void> {
    const live = this.find(sandboxId(environment.containerId));
    const attachment = live === undefined ? undefined : this.attachment(live, config.name, environment.ifname);
    if (live !== undefined && attachment !== undefined) await this.take(live, attachment);
    if (config.ipam !== undefined) await delegate("DEL", config.ipam, config.text, environment);
  }

  private async check(environment: Environment, config: Config): Promise<void> {
    const { containerId, ifname, netns } = environment;
    const live = this.find(sandboxId(containerId));
    const attachment = live === undefined ? undefined : this.attachment(live, config.name, ifname);
    if (live === undefined || attachment === undefined)
      throw new CniError(CODES.unknownContainer, `container ${containerId} has no ${ifname} in network ${config.name}`);
    const member = this.sandboxes.members(live.record).find((each) => each.attachment.endpoint === attachment.endpoint);
    const address = member === undefined ? "" : addressOf(member.endpoint.record);
    const namespace = Namespace.open(netns, live.record.netnsInode);
    try {
      if (member === undefined || member.endpoint.gone || !namespace.hasAddress(ifname, address))
        throw new CniError(CODES.conflict, `${ifname} in ${netns} has not the address ${address}`);
      if (live.record.gateway === attachment.endpoint && !namespace.hasDefaultRoute())
        throw new CniError(CODES.conflict, `there is no default route in ${netns}`);
    } finally {
      namespace.close();
    }
    if (config.ipam !== undefined) await delegate("CHECK", config.ipam, config.text, environment);
  }

  /** Takes away what is not in the list. */
  private async collect({ name, attachments = [] }: Config): Promise<void> {
    const valid = new Set(attachments.map(({ containerId, ifname }) => `${sandboxId(containerId)} ${ifname}`));
    for (const live of [...this.sandboxes.all()])
      for (const attachment of live.record.attachments)
        if (this.attachment(live, name, attachment.device) === attachment && !valid.has(`${live.record.id} ${attachment.device}`))
          await this.take(live, attachment);
  }

  private async take(live: LiveSandbox, attachment: Attachment): Promise<void> {
    const { id, attachments } = live.record;
    if (attachments.length === 1) await this.sandboxes.remove(id, true);
    else await this.sandboxes.disconnect(id, attachment.network);
  }

  private async makeNetwork({ name, subnet, gateway, internal, mtu }: Config, lease: Lease | undefined): Promise<void> {
    const range = subnet ?? (lease === undefined ? undefined : rangeOf(lease.address));
    const there = this.catalog.byName(name);
    if (there === undefined) {
      const via = gateway ?? lease?.gateway;
      await this.catalog.create(
        {
          name,
          internal,
          ...(range !== undefined && { subnet: range, ...(via !== undefined && { gateway: via }) }),
          ...(mtu !== undefined && { mtu }),
        },
        ORIGIN,
      );
    } else if (range !== undefined && ipv4Of(there.record).subnet !== range)
      throw new CniError(CODES.invalidConfig, `network ${name} has the range ${ipv4Of(there.record).subnet} already, not ${range}`);
  }

  private result(config: Config, { containerId, ifname, netns }: Environment): object {
    const live = this.find(sandboxId(containerId))!;
    const attachment = this.attachment(live, config.name, ifname)!;
    const member = this.sandboxes.members(live.record).find((each) => each.attachment === attachment)!;
    const { mac } = member.endpoint.record;
    const { options } = member.network.record;
    const { prefixLength, gateway } = ipv4Of(member.network.record);
    const isOld = config.cniVersion.startsWith("0.");
    return {
      cniVersion: config.cniVersion,
      interfaces: [{ name: ifname, mac, sandbox: netns }],
      ips: [{ ...(isOld && { version: "4" }), interface: 0, address: `${addressOf(member.endpoint.record)}/${prefixLength}`, gateway }],
      routes: options.internal ? [] : [{ dst: "0.0.0.0/0", gw: gateway }],
      dns: { nameservers: ["127.0.0.11"], search: config.searches, options: config.options },
    };
  }

  private attachment({ record }: LiveSandbox, network: string, ifname: string): Attachment | undefined {
    const id = this.catalog.byName(network)?.record.id;
    return record.attachments.find((each) => each.network === id && each.device === ifname);
  }

  private find(id: string): LiveSandbox | undefined {
    return this.sandboxes.all().find(({ record }) => record.id === id);
  }

  private isTaken(name: string): boolean {
    return this.sandboxes.all().some(({ record }) => record.name === name);
  }
}

/** The network that a lease is of: `10.77.0.0/24` for `10.77.0.5/24`. Throws CniError. */
function rangeOf(address: string): string {
  const prefix = parsePrefix(address);
  if (prefix === null) throw new CniError(CODES.internal, `the address '${address}' of the IPAM plugin is none`);
  return formatPrefix(prefix);
}

/** Containers of most runtimes have ids like ours. */
function sandboxId(containerId: string): string {
  return /^[0-9a-f]{64}$/.test(containerId) ? containerId : createHash("sha256").update(containerId).digest("hex");
}

function aliases({ aliases: given }: Config, pod: string, name: string): string[] {
  return [...given, pod].filter((word) => NAME.test(word) && word !== name);
}
