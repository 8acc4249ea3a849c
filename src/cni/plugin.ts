/** The commands of CNI (spec 1.1.0, section 2) on the daemon's networks. */
import { Namespace } from "../sandbox/device-setup.js";
import { addressesOf } from "../sandbox/endpoint-addresses.js";
import { gatewaysIn } from "../sandbox/gateways.js";
import { ofFamily } from "../wire/per-family.js";
import { type Config, parseConfig } from "./config.js";
import type { Containers, Interface } from "./containers.js";
import { CniError, CODES, checkVersion, type Environment, parseEnvironment } from "./contract.js";
import { lease, passOn, release } from "./ipam.js";
import { checkResult, resultOf } from "./result.js";

/** Of networks. */
const ORIGIN = "cni";

export class Cni {
  constructor(private readonly containers: Containers) {}

  /** The result, if the command has one. Throws CniError, and what the model throws. */
  async call(variables: Readonly<Record<string, string>>, text: string): Promise<object | undefined> {
    const environment = parseEnvironment(variables);
    const config = parseConfig(text);
    checkVersion(environment.command, config.cniVersion);
    switch (environment.command) {
      case "ADD":
        return this.containers.inTurn(config.name, () => this.add(environment, config));
      case "DEL":
        await this.containers.leave(interfaceOf(environment, config));
        if (config.ipam !== undefined) await release(config.ipam, config.text, environment);
        return undefined;
      case "CHECK":
        await this.check(environment, config);
        return undefined;
      case "GC":
        if (config.attachments === undefined) throw new CniError(CODES.invalidConfig, "missing cni.dev/valid-attachments");
        await this.containers.keepOnly(config.name, config.attachments);
        if (config.ipam !== undefined) await passOn("GC", config.ipam, config.text, environment);
        return undefined;
      default: // STATUS: we answer, so all is well with us
        if (config.ipam !== undefined) await passOn("STATUS", config.ipam, config.text, environment);
        return undefined;
    }
  }

  private async add(environment: Environment, config: Config): Promise<object> {
    const { netns, args } = environment;
    const { name: network, ipam, text, internal, mtu, attach, ipv6, mac, aliases, bandwidth, publish, servers } = config;
    const what = interfaceOf(environment, config);
    await this.containers.prepare(what, netns);
    const leases = ipam === undefined ? [] : await lease(ipam, text, environment);
    try {
      const pod = args.get("K8S_POD_NAME") ?? "";
      const own = [...config.ips, ...(args.get("IP")?.split(",") ?? [])];
      const wanted = {
        ...what,
        netns,
        name: pod,
        ips: leases.length > 0 ? leases.map(({ address }) => address) : own,
        mac: mac ?? args.get("MAC"),
        aliases: [...aliases, pod],
        bandwidth,
        publish,
        servers,
      };
      const ranges = leases.length > 0 ? leases.map((each) => ({ ...each, part: undefined })) : config.ranges;
      const options = attach === undefined ? {} : { "tsproxy.attach": attach };
      const made = { name: network, internal, ranges, ipv6, options, ...(mtu !== undefined && { mtu }) };
      return resultOf(config, environment, await this.containers.join(wanted, made, ORIGIN));
    } catch (error) {
      if (ipam !== undefined) await release(ipam, text, environment).catch(() => {});
      throw error;
    }
  }

  private async check(environment: Environment, config: Config): Promise<void> {
    const { containerId, ifname, netns } = environment;
    const member = this.containers.member(interfaceOf(environment, config));
    const record = member && this.containers.ownerOf(member);
    if (member === undefined || record === undefined)
      throw new CniError(CODES.unknownContainer, `container ${containerId} has no ${ifname} in network ${config.name}`);
    checkResult(config, environment, member);
    const namespace = Namespace.open(netns, record.netnsInode);
    try {
      for (const { family, address } of addressesOf(member.endpoint.record, member.network.record)) {
        if (member.endpoint.gone || !namespace.hasAddress(ifname, address))
          throw new CniError(CODES.conflict, `${ifname} in ${netns} has not the address ${address}`);
        const isGateway = ofFamily(gatewaysIn(record), family) === member.attachment.endpoint;
        if (isGateway && !namespace.hasDefaultRoute(family))
          throw new CniError(CODES.conflict, `there is no default route of IPv${family} in ${netns}`);
      }
    } finally {
      namespace.close();
    }
    if (config.ipam !== undefined) await passOn("CHECK", config.ipam, config.text, environment);
  }
}

function interfaceOf({ containerId, ifname }: Environment, { name }: Config): Interface {
  return { containerId, network: name, ifname };
}
