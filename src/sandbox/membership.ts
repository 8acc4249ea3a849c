/**
 * A sandbox's place in its networks: endpoints with their devices in its namespace, the default route, published ports. Which network has the
 * default route is Docker's rule: the highest priority, then the first name; internal networks never. Published ports belong to the same one.
 */
import { randomBytes } from "node:crypto";
import type { SandboxConnect } from "../api/sandbox-types.js";
import { dockerError } from "../docker/network-driver.js";
import { TsproxyError } from "../errors.js";
import type { LiveEndpoint, LiveNetwork } from "../model/live.js";
import type { NetworkModel } from "../model/network-model.js";
import { type EndpointUse, type NetworkRecord, shortId } from "../model/records.js";
import type { PortRequest } from "../model/requests.js";
import { FOREIGN_DRIVER } from "../model/views.js";
import { parseMac } from "../wire/ethernet.js";
import { parseIp } from "../wire/ip-address.js";
import { perFamily } from "../wire/per-family.js";
import type { DefaultRoute, Namespace } from "./device-setup.js";
import { addressOf, ipv4Of } from "./ipv4.js";
import { BRIDGE, type NetworkCatalog } from "./network-catalog.js";
import type { Attachment, SandboxRecord } from "./records.js";
import { sandboxError } from "./sandbox-errors.js";
import { checkAttachment } from "./sandbox-request.js";

export interface Member {
  attachment: Attachment;
  network: LiveNetwork;
  endpoint: LiveEndpoint;
}

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
    const { record: network } = await this.catalog.use(connect.network);
    const name = network.name ?? shortId(network.id);
    this.checkJoin(sandbox, network, name, connect);
    const { ip, mac, aliases = [], gwPriority = 0 } = connect;
    const device = connect.device ?? namespace.freeName(network.options.interfacePrefix);
    if (namespace.has(device))
      throw sandboxError("conflict", `there is a device '${device}' in '${namespace.path}' already`, "name another");
    const id = randomBytes(32).toString("hex");
    const attachment: Attachment = { network: network.id, endpoint: id, device, aliases, gwPriority };
    const request = {
      id,
      ...(ip !== undefined && { addresses: perFamily([parseIp(ip)!]) }),
      mac: mac === undefined ? undefined : parseMac(mac)!,
      use: useOf(sandbox, attachment),
      sandbox: namespace.path,
      place: { nsFd: namespace.fd, name: device },
    };
    const endpoint = await this.model.createEndpoint(network.id, request).catch((error) => {
      throw addressError(error, ip, network);
    });
    try {
      namespace.setUpDevice({ name: device, address: addressOf(endpoint), prefixLength: ipv4Of(network).prefixLength });
    } catch (error) {
      await this.model.deleteEndpoint(network.id, id);
      throw error;
    }
    return attachment;
  }

  /** Its device ends with its endpoint, wherever it is. `wait`: until it is no longer to be seen. */
  async detach({ network, endpoint }: Attachment, { wait = true } = {}): Promise<void> {
    if (this.model.findLive(endpoint) !== undefined) await this.model.deleteEndpoint(network, endpoint, { wait });
  }

  /**
   * Moves default route and published ports to the network that is to have them; answers its endpoint, undefined for none, and what is not as
   * asked for. May be repeated. Throws when a port cannot be published.
   */
  async arrange(sandbox: SandboxRecord, namespace: Namespace): Promise<{ gateway: string | undefined; warnings: string[] }> {
    const members = this.members(sandbox);
    const after = gatewayOf(members);
    const before = members.find(({ attachment }) => attachment.endpoint === sandbox.gateway);
    const warnings: string[] = [];
    if (after === before && after !== undefined) return { gateway: sandbox.gateway, warnings };
    if (before !== undefined && before.endpoint.mappings.length > 0)
      await this.model.withdraw(before.attachment.network, before.attachment.endpoint);
    if (!namespace.setDefaultRoute(before && routeBy(before), after && routeBy(after)))
      warnings.push("the namespace has a default route already, which stays");
    if (sandbox.ports.length > 0) {
      if (after === undefined) warnings.push("ports are not published: an internal network publishes none");
      else if (after.endpoint.mappings.length === 0)
        await this.model.publish(after.attachment.network, after.attachment.endpoint, portsOf(sandbox)).catch((error) => {
          throw dockerError(error);
        });
    }
    return { gateway: after?.attachment.endpoint, warnings };
  }

  /** After a change of the sandbox's name. */
  async rename(sandbox: SandboxRecord): Promise<void> {
    for (const { attachment } of this.members(sandbox))
      await this.model.setUse(attachment.network, attachment.endpoint, useOf(sandbox, attachment));
  }

  /** Endpoints of sandboxes that are not, or no longer, in `sandboxes`: of an operation that a SIGKILL cut off. */
  async sweep(sandboxes: readonly SandboxRecord[]): Promise<void> {
    const known = new Set(sandboxes.flatMap(({ attachments }) => attachments.map(({ endpoint }) => endpoint)));
    for (const { record } of this.model.endpoints)
      if (record.use !== undefined && !known.has(record.id)) await this.model.deleteEndpoint(record.network, record.id);
  }

  private checkJoin(sandbox: SandboxRecord, network: NetworkRecord, name: string, connect: SandboxConnect): void {
    if ((network.about?.origin ?? FOREIGN_DRIVER) === FOREIGN_DRIVER)
      throw sandboxError(
        "conflict",
        `network ${name} is one of Docker's, whose addresses dockerd gives out`,
        "make one: 'tsproxy network create'",
      );
    checkAttachment(connect, network.name === BRIDGE);
    if (sandbox.attachments.some((other) => other.network === network.id && connect.device === undefined))
      throw sandboxError("conflict", `endpoint with name ${sandbox.name} already exists in network ${name}`);
  }
}

/** The main name first; the start of the id is one too, as in Docker. */
function useOf({ id, name, hostname }: SandboxRecord, { aliases }: Attachment): EndpointUse {
  return { owner: id, names: [...new Set([name, ...aliases, shortId(id), ...(hostname === "" ? [] : [hostname])])] };
}

/** The one that is to have the default route. */
export function gatewayOf(members: readonly Member[]): Member | undefined {
  const name = ({ network }: Member): string => network.record.name ?? network.record.id;
  return members
    .filter(({ network }) => !network.record.options.internal)
    .sort((a, b) => b.attachment.gwPriority - a.attachment.gwPriority || (name(a) < name(b) ? -1 : 1))[0];
}

function portsOf({ ports }: SandboxRecord): PortRequest[] {
  return ports.map(({ hostIp, ...port }) => ({ ...port, hostIp: hostIp === "" ? null : parseIp(hostIp)! }));
}

function routeBy({ attachment, network }: Member): DefaultRoute {
  return { device: attachment.device, gateway: ipv4Of(network.record).gateway };
}

/** Docker's words for an address that cannot be had. */
function addressError(error: unknown, ip: string | undefined, network: NetworkRecord): unknown {
  if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_ENDPOINT") return error;
  if (ip === undefined) return error.reworded(error.message, "remove an endpoint, or make a larger network");
  if (error.kind === "conflict") return error.reworded(`Address already in use: ${error.message}`, "name another address, or none");
  return error.reworded(
    `invalid address ${ip}: no configured subnet contains it, or it is the network's own`,
    `use one of ${ipv4Of(network).subnet}`,
  );
}
