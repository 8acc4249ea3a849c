/** A sandbox's place in its networks: endpoints with their devices in its namespace, default routes, published ports (`gateways.ts`). */
import { randomBytes } from "node:crypto";
import type { SandboxConnect } from "../api/sandbox-types.js";
import { dockerError } from "../docker/network-driver.js";
import { TsproxyError } from "../errors.js";
import type { NetworkModel } from "../model/network-model.js";
import { type EndpointUse, type NetworkRecord, shortId } from "../model/records.js";
import { parseMac } from "../wire/ethernet.js";
import { formatIp, parseIp } from "../wire/ip-address.js";
import { eachFamily, mapFamilies, ofFamily, type PerFamily, perFamily } from "../wire/per-family.js";
import type { DefaultRoute, Namespace } from "./device-setup.js";
import { addressesOf, rangesText } from "./endpoint-addresses.js";
import { type Gateways, gatewaysIn, gatewaysOf, portsFor, shareOf } from "./gateways.js";
import type { Member } from "./member.js";
import { BRIDGE, isDockers, type NetworkCatalog } from "./network-catalog.js";
import type { Overlays } from "./overlays.js";
import type { Attachment, SandboxRecord } from "./records.js";
import { sandboxError } from "./sandbox-errors.js";
import { checkAttachment } from "./sandbox-request.js";

export class Membership {
  constructor(
    private readonly model: NetworkModel,
    private readonly catalog: NetworkCatalog,
  ) {}

  /** Those of its endpoints that are there. */
  members({ attachments }: SandboxRecord): Member[] {
    return attachments.flatMap((attachment) => {
      const endpoint = this.model.findLive(attachment.endpoint);
      return endpoint === undefined ? [] : [{ attachment, network: endpoint.network, endpoint }];
    });
  }

  /** Puts the namespace into a network, or throws with nothing left of that. */
  async attach(sandbox: SandboxRecord, namespace: Namespace, connect: SandboxConnect): Promise<Attachment> {
    const { record } = this.catalog.find(connect.network);
    // One of the cluster is made here when the endpoint is.
    const network = record?.overlay === undefined ? (await this.catalog.use(connect.network)).record : record;
    const name = network.name ?? shortId(network.id);
    this.checkJoin(sandbox, network, name, connect);
    const { ip, ip6, mac, aliases = [], gwPriority = 0 } = connect;
    const wanted = [ip, ip6].filter((text) => text !== undefined);
    const device = connect.device ?? namespace.freeName(network.options.interfacePrefix);
    if (namespace.has(device))
      throw sandboxError("conflict", `there is a device '${device}' in '${namespace.path}' already`, "name another");
    const id = randomBytes(32).toString("hex");
    const attachment: Attachment = { network: network.id, endpoint: id, device, aliases, gwPriority };
    const request = {
      id,
      addresses: perFamily(wanted.map((text) => parseIp(text)!)),
      mac: mac === undefined ? undefined : parseMac(mac)!,
      use: useOf(sandbox, attachment),
      bandwidth: connect.bandwidth,
      sandbox: namespace.path,
      place: { nsFd: namespace.fd, name: device },
    };
    const making =
      network.overlay === undefined ? this.model.createEndpoint(network.id, request) : this.overlays.createEndpoint(network, request);
    const endpoint = await making.catch((error) => {
      throw addressError(error, wanted, network);
    });
    try {
      namespace.setUpDevice({ name: device, addresses: addressesOf(endpoint, network) });
    } catch (error) {
      await this.detach(attachment);
      throw error;
    }
    return attachment;
  }

  /** Its device ends with its endpoint, wherever it is. `wait`: until it is no longer to be seen. */
  async detach({ network, endpoint }: Attachment, { wait = true } = {}): Promise<void> {
    if (this.model.findLive(endpoint) !== undefined) await this.model.deleteEndpoint(network, endpoint, { wait });
    await this.catalog.overlays?.left(network, endpoint);
  }

  /**
   * Moves default routes and published ports to the networks that are to have them; answers these networks' endpoints, and what is not as asked
   * for. May be repeated. Throws when a port cannot be published.
   */
  async arrange(sandbox: SandboxRecord, namespace: Namespace): Promise<{ gateways: Gateways; warnings: string[] }> {
    const members = this.members(sandbox);
    const to = gatewaysOf(members);
    const before = gatewaysIn(sandbox);
    const gateways = mapFamilies(to, ({ attachment }) => attachment.endpoint);
    const warnings: string[] = [];
    if (eachFamily(gateways).length > 0 && gateways.ipv4 === before.ipv4 && gateways.ipv6 === before.ipv6) return { gateways, warnings };
    for (const member of members) {
      const share = shareOf(member, before);
      if (share !== undefined && share !== shareOf(member, gateways)) await this.withdraw(member);
    }
    const from = mapFamilies(before, (id) => members.find(({ attachment }) => attachment.endpoint === id));
    for (const family of [4, 6] as const) {
      const [old, next] = [from, to].map((each) => routeBy(ofFamily(each, family), family));
      if (old === undefined && next === undefined) continue;
      if (!namespace.setDefaultRoute(old, next)) warnings.push(`the namespace has a default route of IPv${family} already, which stays`);
    }
    if (sandbox.ports.length > 0) {
      if (eachFamily(to).length === 0) warnings.push("ports are not published: an internal network publishes none");
      await this.publish(sandbox, to);
    }
    return { gateways, warnings };
  }

  /** After `arrange` has failed half-way: all of it from the start. */
  async rearrange(sandbox: SandboxRecord, namespace: Namespace): Promise<{ gateways: Gateways }> {
    for (const member of this.members(sandbox)) await this.withdraw(member);
    const { gateway: _, ipv6Gateway: __, ...rest } = sandbox;
    return this.arrange(rest, namespace);
  }

  private async withdraw({ attachment, endpoint }: Member): Promise<void> {
    if (endpoint.mappings.length > 0) await this.model.withdraw(attachment.network, attachment.endpoint);
  }

  /** What is not published yet. */
  private async publish(sandbox: SandboxRecord, to: PerFamily<Member>): Promise<void> {
    const gateways = mapFamilies(to, ({ attachment }) => attachment.endpoint);
    const [first, second] = new Set(eachFamily(to));
    for (const member of [first, second]) {
      if (member === undefined || member.endpoint.mappings.length > 0) continue;
      const { attachment, network } = member;
      const others = member === second ? first!.endpoint.mappings : [];
      const own = { ports: sandbox.ports.filter(({ name }) => name === undefined) }; // the others are of `named-ports.ts`
      const ports = portsFor(own, shareOf(member, gateways)!, network.record.options.hostBinding, others);
      await this.model.publish(attachment.network, attachment.endpoint, ports).catch((error) => {
        throw dockerError(error);
      });
    }
  }

  /** After a change of the sandbox's name. */
  async rename(sandbox: SandboxRecord): Promise<void> {
    for (const { attachment } of this.members(sandbox)) {
      const use = useOf(sandbox, attachment);
      await this.catalog.overlays?.cluster.rename(attachment.endpoint, use.names);
      await this.model.setUse(attachment.network, attachment.endpoint, use);
    }
  }

  /** Endpoints of sandboxes that are not, or no longer, in `sandboxes`: of an operation that a SIGKILL cut off. */
  async sweep(sandboxes: readonly SandboxRecord[]): Promise<void> {
    const known = new Set(sandboxes.flatMap(({ attachments }) => attachments.map(({ endpoint }) => endpoint)));
    for (const { record } of this.model.endpoints)
      if (record.use !== undefined && !known.has(record.id)) {
        await this.model.deleteEndpoint(record.network, record.id);
        await this.catalog.overlays?.left(record.network, record.id);
      }
  }

  private get overlays(): Overlays {
    if (this.catalog.overlays !== undefined) return this.catalog.overlays;
    throw sandboxError("unavailable", "the daemon has no store, so it is in no cluster", "start it with --store etcd://HOST:2379");
  }

  private checkJoin(sandbox: SandboxRecord, network: NetworkRecord, name: string, connect: SandboxConnect): void {
    if (isDockers(network))
      throw sandboxError(
        "conflict",
        `network ${name} is one of Docker's, whose addresses dockerd gives out`,
        "make one: 'tsproxy network create'",
      );
    checkAttachment(connect, network.name === BRIDGE);
    if (sandbox.attachments.some((other) => other.network === network.id && connect.device === undefined))
      throw sandboxError(
        "conflict",
        `endpoint with name ${sandbox.name} already exists in network ${name}`,
        `see 'tsproxy network inspect ${name}'`,
      );
  }
}

/** The main name first; the start of the id is one too, as in Docker. */
function useOf({ id, name, hostname }: SandboxRecord, { aliases }: Attachment): EndpointUse {
  return { owner: id, names: [...new Set([name, ...aliases, shortId(id), ...(hostname === "" ? [] : [hostname])])] };
}

function routeBy(member: Member | undefined, family: 4 | 6): DefaultRoute | undefined {
  if (member === undefined) return undefined;
  const { attachment, network, endpoint } = member;
  const own = addressesOf(endpoint.record, network.record).find((each) => each.family === family);
  return own && { device: attachment.device, gateway: own.gateway };
}

/** Docker's words for an address that cannot be had. */
function addressError(error: unknown, wanted: readonly string[], network: NetworkRecord): unknown {
  if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_ENDPOINT") return error;
  const named = wanted.find((text) => error.message.includes(formatIp(parseIp(text)!)));
  if (named === undefined) return error; // it is about something else: a MAC address, room for devices
  if (error.kind === "conflict") return error.reworded(`Address already in use: ${error.message}`, "name another address, or none");
  return error.reworded(
    `invalid address ${named}: no configured subnet contains it, or it is the network's own`,
    `use one of ${rangesText(network)}`,
  );
}
