/**
 * Desired state: networks, their endpoints and published ports, as any front end asks for them. The dataplane makes it so (`mechanism.ts`), a
 * store remembers it (`store.ts`).
 *
 * An endpoint's life: `createEndpoint` makes its device in the host's namespace; the front end moves that into a sandbox, a network namespace, and
 * sets it up there; `join` says so (or it is made in the sandbox, and has joined from the start); `publish` opens its ports. Backwards: `withdraw`, `leave`, the device comes back, `deleteEndpoint` removes it.
 * A device that ends with its sandbox leaves an endpoint that is gone: it holds neither address nor ports, and is still to be deleted.
 *
 * Calls are carried out one after another, and the first waits for `restore`. One that throws changes nothing; only what has ended cannot be
 * brought back: a deletion that cannot be written down leaves its endpoints gone, and may be repeated.
 */
import { closeSync } from "node:fs";
import { specOf } from "../control/mapping.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { macText } from "../wire/ethernet.js";
import { formatIp, type IpAddress } from "../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../wire/per-family.js";
import { type AddressManager, givenAddresses } from "./addresses.js";
import { checkEndpoint, checkNetwork, endpointError, networkError } from "./checks.js";
import { LiveEndpoint, LiveNetwork } from "./live.js";
import type { HostDevices, Mechanism } from "./mechanism.js";
import {
  addressesText,
  type EndpointRecord,
  type EndpointUse,
  endpointWord,
  type NetworkRecord,
  networkWord,
  type OwnEndpoint,
  shortId,
} from "./records.js";
import type { EndpointRequest, NetworkRequest, PortRequest } from "./requests.js";
import type { Store } from "./store.js";

export class NetworkModel {
  private readonly networksById = new Map<string, LiveNetwork>();
  private readonly endpointsById = new Map<string, LiveEndpoint>();
  private changes = 0;
  private restored: () => void = () => {};
  /** Settles when all calls so far are done. */
  private turn: Promise<unknown> = new Promise<void>((resolve) => {
    this.restored = resolve;
  });

  /** Is told of endpoints that ended without having been deleted, when they are forgotten. */
  onForgotten: (record: Readonly<EndpointRecord>) => void = () => {};

  constructor(
    private readonly mechanism: Mechanism,
    private readonly host: HostDevices,
    private readonly store: Store,
    private readonly addresses: AddressManager = givenAddresses,
    private readonly tunnel: PerFamily<IpAddress> = {},
  ) {}

  get networks(): readonly LiveNetwork[] {
    return [...this.networksById.values()];
  }

  get endpoints(): readonly LiveEndpoint[] {
    return [...this.endpointsById.values()];
  }

  findLive(endpoint: string): LiveEndpoint | undefined {
    return this.endpointsById.get(endpoint);
  }

  /** Another number than before after whatever may have changed it: what is made from networks and endpoints is then to be made anew. */
  get version(): number {
    return this.changes;
  }

  /** Makes again what an earlier process left: networks, devices where they are now, published ports. To be called once. */
  async restore(): Promise<void> {
    const { networks, endpoints } = await this.store.load();
    for (const record of networks) {
      const network = new LiveNetwork(record, this.mechanism, this.tunnel, true);
      this.networksById.set(record.id, network);
      attempt(`network ${networkWord(record)}`, () => network.make());
    }
    const ended: string[] = [];
    for (const record of endpoints) if (!(await this.restoreEndpoint(record))) ended.push(record.id);
    // A full disk must not keep containers off the network; what ended is found to have ended the next time too.
    await this.store.commit({ removeEndpoints: ended }).catch((error) => warn("what ended meanwhile stays remembered", error));
    this.changes++;
    this.restored();
  }

  createNetwork(request: NetworkRequest): Promise<void> {
    return this.inTurn(async () => {
      const record = checkNetwork(
        request,
        this.networks.map((other) => other.record),
      );
      // Only now: after a restart it may come later than we do.
      for (const outside of eachFamily(record.options.outside ?? {}))
        if (!this.mechanism.host.has(outside)) {
          const message = `${formatIp(outside)} is not an address of this host`;
          throw new TsproxyError("TSP_ERR_HOST_ADDRESS", "not-found", message, "see 'ip address'");
        }
      const network = new LiveNetwork(record, this.mechanism, this.tunnel);
      network.make();
      try {
        await this.store.commit({ putNetworks: [record] });
      } catch (error) {
        await network.remove();
        throw error;
      }
      this.networksById.set(record.id, network);
    });
  }

  /** With the endpoints in it that have not joined, or are gone. */
  deleteNetwork(id: string): Promise<void> {
    return this.inTurn(async () => {
      const network = this.network(id);
      const endpoints = this.endpoints.filter((endpoint) => endpoint.network === network);
      const joined = endpoints.filter((endpoint) => endpoint.record.sandbox !== "" && endpoint.hasDevice);
      const names = joined.map(({ record }) => `${endpointWord(record)} ${addressesText(record)}`);
      if (joined.length > 0)
        throw networkError(
          "conflict",
          `network ${networkWord(network.record)} has joined endpoints: ${names.join(", ")}`,
          "end or disconnect them: 'tsproxy ps' shows which they are",
        );
      for (const endpoint of endpoints) await endpoint.remove();
      const ids = endpoints.map(({ record }) => record.id);
      await this.store.commit({ removeNetworks: [id], removeEndpoints: ids });
      for (const endpoint of ids) this.endpointsById.delete(endpoint);
      this.networksById.delete(id);
      await network.remove();
    });
  }

  /** What this node has for itself in a network of several nodes, from now on; undefined: nothing. */
  setOwn(id: string, own: OwnEndpoint | undefined): Promise<void> {
    return this.inTurn(async () => {
      const network = this.network(id);
      const { overlay, ...rest } = network.record;
      if (overlay === undefined) throw networkError("invalid", `network ${networkWord(network.record)} is of this host alone`);
      const { own: _, ...shared } = overlay;
      const record = { ...rest, overlay: { ...shared, ...(own !== undefined && { own }) } };
      await this.store.commit({ putNetworks: [record] });
      network.record = record;
      network.tellOwn();
    });
  }

  createEndpoint(networkId: string, request: EndpointRequest): Promise<Readonly<EndpointRecord>> {
    return this.inTurn(async () => {
      const network = this.network(networkId);
      if (this.endpointsById.has(request.id)) throw endpointError("conflict", `endpoint ${shortId(request.id)} exists already`);
      const ended = this.ended();
      const neighbors = this.endpoints
        .filter((other) => other.network === network && other.hasDevice && !ended.includes(other.record.id))
        .map((other) => other.record);
      const { endpoints, endpointMac } = network.make();
      if (request.mac !== undefined && endpointMac !== undefined && macText(request.mac) !== macText(endpointMac))
        throw endpointError("conflict", `an endpoint of this network has the MAC address ${macText(endpointMac)}`, "give none");
      const checked = checkEndpoint({ ...request, mac: request.mac ?? endpointMac }, network.record, neighbors, this.addresses);
      const record = { ...checked, multiQueue: endpoints.multiQueue, ...(endpoints.attach === "veth" && { attach: endpoints.attach }) };
      await this.store.commit({ putEndpoints: [record], removeEndpoints: ended });
      for (const id of ended) this.forget(id);
      const endpoint = this.endpointOf(record, network);
      try {
        endpoint.make(() => this.onGone(endpoint), request.place);
      } catch (error) {
        await this.store.commit({ removeEndpoints: [record.id] }).catch((failure) => warn("its record", failure));
        throw error;
      }
      this.endpointsById.set(record.id, endpoint);
      return record;
    });
  }

  /**
   * Joined or not. `wait`: until its device is no longer to be seen; of a sandbox that ends, nobody looks. It is remembered as long as there is a device, so
   * that whoever is killed meanwhile leaves none to the next.
   */
  deleteEndpoint(networkId: string, id: string, { wait = true } = {}): Promise<void> {
    return this.inTurn(async () => {
      const endpoint = this.endpoint(networkId, id);
      const { gone } = await endpoint.remove({ wait });
      if (wait) await this.store.commit({ removeEndpoints: [id] });
      else void this.forgetAfter(gone, endpoint.record);
      this.endpointsById.delete(id);
    });
  }

  private async forgetAfter(gone: Promise<void>, record: EndpointRecord): Promise<void> {
    const { id } = record;
    const what = `endpoint ${endpointWord(record)}`;
    await gone.catch((error) => warn(`device of ${what}`, error));
    await this.inTurn(async () => {
      if (!this.endpointsById.has(id)) await this.store.commit({ removeEndpoints: [id] }); // else it is another one's by now
    }).catch((error) => warn(`${what} stays remembered`, error)); // until the next start finds that it has ended
  }

  /** Throws TSP_ERR_ENDPOINT (not-found) when the network has none of that id. */
  findEndpoint(networkId: string, id: string): Promise<Readonly<EndpointRecord>> {
    return this.inTurn(() => this.endpoint(networkId, id).record);
  }

  /** Who uses it, and its names, from now on. */
  setUse(networkId: string, id: string, use: EndpointUse): Promise<void> {
    return this.inTurn(() => this.update(this.endpoint(networkId, id), { use }));
  }

  /** Its device is to be moved into `sandbox`, the path of a network namespace. Answers both records. */
  join(networkId: string, id: string, sandbox: string): Promise<{ endpoint: Readonly<EndpointRecord>; network: Readonly<NetworkRecord> }> {
    return this.inTurn(async () => {
      const endpoint = this.endpoint(networkId, id);
      const { record } = endpoint;
      if (!sandbox.startsWith("/")) throw endpointError("invalid", `sandbox '${sandbox}' is no absolute path`);
      if (record.sandbox !== "") throw endpointError("conflict", `endpoint ${endpointWord(record)} has joined ${record.sandbox} already`);
      endpoint.checkInUse();
      await this.update(endpoint, { sandbox });
      return { endpoint: endpoint.record, network: endpoint.network.record };
    });
  }

  /** Its device comes back; its ports are withdrawn. */
  leave(networkId: string, id: string): Promise<void> {
    return this.inTurn(async () => {
      const endpoint = this.endpoint(networkId, id);
      if (endpoint.record.sandbox === "") throw endpointError("conflict", `endpoint ${endpointWord(endpoint.record)} has not joined`);
      await this.update(endpoint, { sandbox: "", ports: [] });
      await endpoint.withdraw();
    });
  }

  /** Opens ports of an endpoint that has joined: all, or none. */
  publish(networkId: string, id: string, requests: readonly PortRequest[]): Promise<void> {
    return this.inTurn(async () => {
      const endpoint = this.endpoint(networkId, id);
      const { record, network, mappings } = endpoint;
      const { internal, hostBinding } = network.record.options;
      if (record.sandbox === "") throw endpointError("conflict", `endpoint ${endpointWord(record)} has not joined`);
      endpoint.checkInUse();
      if (mappings.length > 0) throw endpointError("conflict", `the ports of endpoint ${endpointWord(record)} are published already`);
      if (internal && requests.length > 0)
        throw networkError(
          "conflict",
          `network ${networkWord(network.record)} is internal: it publishes no ports`,
          "leave the ports out, or use a network that is not internal",
        );
      await endpoint.publish(requests.map((port) => ({ ...port, hostIp: port.hostIp ?? hostBinding, targets: record.addresses })));
      try {
        await this.update(endpoint, { ports: endpoint.mappings });
      } catch (error) {
        await endpoint.withdraw();
        throw error;
      }
    });
  }

  withdraw(networkId: string, id: string): Promise<void> {
    return this.inTurn(async () => {
      const endpoint = this.endpoint(networkId, id);
      await this.update(endpoint, { ports: [] });
      await endpoint.withdraw();
    });
  }

  /** False when its device ended, so that it is to be forgotten. */
  private async restoreEndpoint(record: EndpointRecord): Promise<boolean> {
    const what = `endpoint ${endpointWord(record)}`;
    const network = this.networksById.get(record.network);
    if (network === undefined) {
      attempt(what, () => this.host.remove(record)); // it was being deleted, and its network after it
      return false;
    }
    const endpoint = this.endpointOf(record, network);
    if (!endpoint.takeUp(() => this.onGone(endpoint))) return false;
    this.endpointsById.set(record.id, endpoint);
    // Whoever made it still knows it, so its record stays until it is deleted.
    if (endpoint.failure !== undefined) warn(what, endpoint.failure);
    if (!endpoint.gone)
      for (const port of record.ports)
        await endpoint.publish([specOf(port)]).catch((error) => warn(`ports of ${addressesText(record)}`, error));
    return true;
  }

  private endpointOf(record: EndpointRecord, network: LiveNetwork): LiveEndpoint {
    return new LiveEndpoint(record, network, this.mechanism, this.host);
  }

  private forget(id: string): void {
    const { record } = this.endpointsById.get(id)!;
    this.endpointsById.delete(id);
    this.onForgotten(record);
  }

  private onGone(endpoint: LiveEndpoint): void {
    void this.inTurn(async () => {
      const { record } = endpoint;
      // One that could not be made, or was deleted, may be told of still.
      if (endpoint.gone || this.endpointsById.get(record.id) !== endpoint) return;
      const what = `endpoint ${endpointWord(record)} ${addressesText(record)}`;
      const stays = attempt(what, () => this.host.hasNamespace(record)) === true;
      if (stays) log.warn(`${what} is gone: its device was deleted by somebody else`);
      else if (record.use === undefined) log.warn(`${what} is gone: its namespace ended`); // whoever uses it knows more, and tells
      await endpoint.end();
    });
  }

  /** Endpoints whose device is nowhere any more: a front end that was killed never deletes them. */
  private ended(): string[] {
    return this.endpoints.flatMap(({ gone, record }) => {
      const found = gone ? attempt(`endpoint ${endpointWord(record)}`, () => this.host.find(record)) : undefined;
      if (found === null) return [record.id];
      if (found !== undefined && found.nsFd !== -1) closeSync(found.nsFd);
      return [];
    });
  }

  private network(id: string): LiveNetwork {
    const network = this.networksById.get(id);
    if (network === undefined) throw networkError("not-found", `there is no network ${shortId(id)}`);
    return network;
  }

  private endpoint(networkId: string, id: string): LiveEndpoint {
    const network = this.network(networkId);
    const endpoint = this.endpointsById.get(id);
    if (endpoint?.network !== network)
      throw endpointError("not-found", `network ${networkWord(network.record)} has no endpoint ${shortId(id)}`);
    return endpoint;
  }

  private async update(endpoint: LiveEndpoint, change: Partial<EndpointRecord>): Promise<void> {
    const record = { ...endpoint.record, ...change };
    await this.store.commit({ putEndpoints: [record] });
    endpoint.record = record;
  }

  private inTurn<T>(action: () => T | Promise<T>): Promise<T> {
    const done = this.turn.then(action).finally(() => {
      this.changes++;
    });
    this.turn = done.catch(() => {});
    return done;
  }
}

/** What `action` answers, or undefined, with a warning, when it fails: for what must not stop the rest. */
function attempt<T>(what: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    warn(what, error);
    return undefined;
  }
}

function warn(what: string, error: unknown): void {
  log.warn(`${what}: ${error instanceof TsproxyError ? error.describe() : (error as Error).message}`);
}
