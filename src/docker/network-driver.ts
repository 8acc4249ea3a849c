/**
 * Docker's remote network driver: networks, endpoints and their published ports, as dockerd asks for them.
 *
 * An endpoint's life: CreateEndpoint makes its device in the host's namespace; Join tells dockerd its name, and dockerd moves it into the
 * sandbox, names and addresses it; ProgramExternalConnectivity publishes its ports. Backwards: Revoke…, Leave, dockerd moves the device
 * back, DeleteEndpoint removes it. A device that ends with its namespace leaves an endpoint without device, which dockerd still deletes.
 *
 * Calls are carried out one after another. One that fails changes nothing. What is remembered across restarts is in `driver-state.ts`.
 */
import { closeSync } from "node:fs";
import type { EndpointView, NetworkView } from "../api/types.js";
import type { Device, DeviceSpec, NetworkSpec } from "../control/network.js";
import type { PortSpec } from "../control/port-spec.js";
import type { Publication } from "../control/publisher.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import type { DriverState, EndpointRecord, NetworkRecord } from "../model/store.js";
import type { Found } from "../model/stray-device.js";
import { PortTakenError } from "../sys/port-owner.js";
import { parseMac } from "../wire/ethernet.js";
import { parseCidr, parseIpv4 } from "../wire/ipv4-address.js";
import { parseInterface, parseNetwork } from "./driver-addresses.js";
import { parsePortMap } from "./driver-options.js";
import { Message, refused } from "./message.js";

/** A network of the dataplane. */
export interface PlaneNetwork {
  readonly mtu: number;
  readonly hostDevice: string;
  addDevice(spec: DeviceSpec): Device;
}

/** What the driver needs of the dataplane, and of the host. */
export interface DriverPlane {
  readonly networks: { add(spec: NetworkSpec): PlaneNetwork; remove(network: PlaneNetwork): Promise<void> };
  readonly publisher: { publish(spec: PortSpec): Publication };
}

export interface DriverHost {
  findDevice(endpoint: EndpointRecord): Found | null;
  removeHostDevice(name: string): boolean;
}

interface LiveNetwork {
  readonly record: NetworkRecord;
  /** Undefined: could not be made again after a restart. */
  plane: PlaneNetwork | undefined;
}

interface LiveEndpoint {
  readonly record: EndpointRecord;
  readonly network: LiveNetwork;
  /** Undefined: gone. */
  device: Device | undefined;
  publications: Publication[];
}

type Call = (message: Message) => object | Promise<object>;

export class NetworkDriver {
  /** By the path's last part: `CreateNetwork`. */
  readonly calls: Readonly<Record<string, (body: unknown) => Promise<object>>>;
  private readonly networks = new Map<string, LiveNetwork>();
  private readonly endpoints = new Map<string, LiveEndpoint>();
  private restored: () => void = () => {};
  /** Settles when all calls so far are done; the first waits for `restore`. */
  private turn: Promise<unknown> = new Promise<void>((resolve) => {
    this.restored = resolve;
  });

  constructor(
    private readonly plane: DriverPlane,
    private readonly host: DriverHost,
    private readonly state: DriverState,
  ) {
    const calls: Record<string, Call> = {
      GetCapabilities: () => ({ Scope: "local", ConnectivityScope: "local", GwAllocChecker: false }),
      CreateNetwork: (message) => this.createNetwork(message),
      DeleteNetwork: (message) => this.deleteNetwork(message),
      CreateEndpoint: (message) => this.createEndpoint(message),
      DeleteEndpoint: (message) => this.deleteEndpoint(message),
      EndpointOperInfo: (message) => {
        this.endpoint(message);
        return { Value: {} };
      },
      Join: (message) => this.join(message),
      Leave: (message) => this.leave(message),
      ProgramExternalConnectivity: (message) => this.program(message),
      RevokeExternalConnectivity: (message) => this.revoke(message),
      DiscoverNew: () => ({}),
      DiscoverDelete: () => ({}),
    };
    this.calls = Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [name, (body) => this.inTurn(() => call(Message.of(name, body)))]),
    );
  }

  /** Makes again what an earlier process left: networks, devices where they are now, published ports. Calls wait until it is done. */
  restore(): void {
    const { networks, endpoints } = this.state.load();
    for (const record of networks) {
      const live: LiveNetwork = { record, plane: undefined };
      this.networks.set(record.id, live);
      attempt(`network ${short(record.id)}`, () => this.planeOf(live));
    }
    for (const record of endpoints) {
      const network = this.networks.get(record.network);
      const found = network === undefined ? null : attempt(`endpoint ${short(record.id)}`, () => this.host.findDevice(record));
      if (network === undefined || found === null) continue;
      const live: LiveEndpoint = { record, network, device: undefined, publications: [] };
      this.endpoints.set(record.id, live);
      // Not found for another reason than that it ended: dockerd still knows it, so its record stays until it is deleted.
      if (found !== undefined) attempt(`endpoint ${short(record.id)}`, () => this.takeUp(live, found));
      if (live.device === undefined) continue;
      for (const port of record.ports)
        attempt(`ports of ${record.address}`, () =>
          live.publications.push(this.plane.publisher.publish({ ...port, pickFromRange: false })),
        );
    }
    this.save();
    this.restored();
  }

  networkViews(): NetworkView[] {
    return [...this.networks.values()].map(({ record: { id, subnet, gateway, options }, plane }) => ({
      id,
      subnet,
      gateway,
      device: plane?.hostDevice ?? "",
      mtu: plane?.mtu ?? options.mtu ?? 0,
      internal: options.internal,
      icc: options.icc,
      masquerade: options.masquerade,
      endpoints: [...this.endpoints.values()].filter((endpoint) => endpoint.record.network === id).length,
    }));
  }

  endpointViews(): EndpointView[] {
    return [...this.endpoints.values()].map(({ record: { id, network, address, mac, sandbox }, device, publications }) => ({
      id,
      network,
      address,
      mac,
      state: device === undefined ? "gone" : sandbox === "" ? "created" : "joined",
      sandbox,
      ports: publications.map(({ mapping }) => ({ ...mapping, via: "dataplane" })),
    }));
  }

  private createNetwork(message: Message): object {
    const id = message.id("NetworkID");
    if (this.networks.has(id)) throw conflict(`network ${short(id)} exists already`);
    const record = parseNetwork(message, id);
    const live: LiveNetwork = { record, plane: undefined };
    this.planeOf(live);
    this.networks.set(id, live);
    return this.saveOr(async () => {
      this.networks.delete(id);
      await this.plane.networks.remove(live.plane!);
    });
  }

  private async deleteNetwork(message: Message): Promise<object> {
    const live = this.network(message);
    const { id } = live.record;
    const endpoints = [...this.endpoints.values()].filter((endpoint) => endpoint.network === live);
    const joined = endpoints.filter(({ record, device }) => record.sandbox !== "" && device !== undefined);
    if (joined.length > 0)
      throw conflict(
        `network ${short(id)} has joined endpoints: ${joined.map(({ record }) => `${short(record.id)} ${record.address}`).join(", ")}`,
      );
    for (const endpoint of endpoints) await this.forget(endpoint);
    if (live.plane !== undefined) await this.plane.networks.remove(live.plane);
    this.networks.delete(id);
    this.save();
    return {};
  }

  private createEndpoint(message: Message): object {
    const network = this.network(message);
    const id = message.id("EndpointID");
    if (this.endpoints.has(id)) throw conflict(`endpoint ${short(id)} exists already`);
    const { address, mac, macGiven } = parseInterface(message.object("Interface"), network.record);
    const owner = [...this.endpoints.values()].find(
      (other) => other.network === network && other.record.address === address && other.device !== undefined,
    );
    if (owner !== undefined) throw conflict(`address ${address} is that of endpoint ${short(owner.record.id)}`);
    parsePortMap(message.object("Options"), address, network.record.options.hostBinding); // refused now rather than when the container runs
    const device = `tsp${id.slice(0, 11)}`;
    const base = { id, network: network.record.id, address, mac, device };
    const live: LiveEndpoint = {
      record: { ...base, multiQueue: false, sandbox: "", ports: [] },
      network,
      device: undefined,
      publications: [],
    };
    const plane = this.planeOf(network);
    this.prune();
    this.endpoints.set(id, live);
    try {
      this.save();
      this.attach(live, plane, { name: device, nsFd: -1 });
    } catch (error) {
      this.endpoints.delete(id);
      attempt("its record", () => this.save());
      throw error;
    }
    // Only what dockerd left open may be answered.
    return { Interface: macGiven ? {} : { MacAddress: mac } };
  }

  private async deleteEndpoint(message: Message): Promise<object> {
    // Joined or not: after a crash dockerd deletes what it never left.
    await this.forget(this.endpoint(message));
    this.save();
    return {};
  }

  private join(message: Message): object {
    const live = this.endpoint(message);
    const { record, network } = live;
    if (record.sandbox !== "") throw conflict(`endpoint ${short(record.id)} has joined ${record.sandbox} already`);
    if (live.device === undefined) throw conflict(`the device of endpoint ${short(record.id)} is gone`);
    const sandbox = message.text("SandboxKey");
    if (!sandbox.startsWith("/")) throw refused("Join.SandboxKey", `'${sandbox}' is no absolute path`);
    record.sandbox = sandbox;
    this.saveOr(() => {
      record.sandbox = "";
    });
    const { options, gateway } = network.record;
    return {
      InterfaceName: { SrcName: record.device, DstPrefix: options.interfacePrefix },
      Gateway: options.internal ? "" : gateway,
      // Without a gateway dockerd would add one by way of a bridge of its own.
      DisableGatewayService: options.internal,
    };
  }

  private async leave(message: Message): Promise<object> {
    const live = this.endpoint(message);
    const { record } = live;
    const { sandbox } = record;
    if (sandbox === "") throw conflict(`endpoint ${short(record.id)} has not joined`);
    record.sandbox = "";
    this.saveOr(() => {
      record.sandbox = sandbox;
    });
    await this.withdraw(live);
    return {};
  }

  private async program(message: Message): Promise<object> {
    const live = this.endpoint(message);
    const { record, network } = live;
    if (record.sandbox === "") throw conflict(`endpoint ${short(record.id)} has not joined`);
    if (live.publications.length > 0) throw conflict(`the ports of endpoint ${short(record.id)} are published already`);
    const { hostBinding, internal } = network.record.options;
    const specs = parsePortMap(message.object("Options"), record.address, hostBinding);
    if (internal && specs.length > 0) throw conflict(`network ${short(network.record.id)} is internal: it publishes no ports`);
    try {
      for (const spec of specs) live.publications.push(this.plane.publisher.publish(spec));
      record.ports = live.publications.map(({ mapping }) => mapping);
      this.save();
    } catch (error) {
      await this.withdraw(live);
      throw dockerError(error);
    }
    return {};
  }

  private async revoke(message: Message): Promise<object> {
    const live = this.endpoint(message);
    await this.withdraw(live);
    this.save();
    return {};
  }

  /** The dataplane's side of a network, made if it is not there. */
  private planeOf(live: LiveNetwork): PlaneNetwork {
    const { id, subnet, gateway, options } = live.record;
    live.plane ??= this.plane.networks.add({
      cidr: parseCidr(subnet)!,
      gateway: parseIpv4(gateway)!,
      mtu: options.mtu,
      internal: options.internal,
      icc: options.icc,
      masquerade: options.masquerade,
      outside: options.outside === undefined ? undefined : parseIpv4(options.outside)!,
      hostDevice: options.hostDevice ?? `tsn${id.slice(0, 12)}`,
    });
    return live.plane;
  }

  private takeUp(live: LiveEndpoint, found: Found): void {
    try {
      this.attach(live, this.planeOf(live.network), { ...found, existing: { multiQueue: live.record.multiQueue } });
    } finally {
      if (found.nsFd !== -1) closeSync(found.nsFd);
    }
  }

  private attach(live: LiveEndpoint, plane: PlaneNetwork, where: Pick<DeviceSpec, "name" | "nsFd" | "existing">): void {
    const { address, mac } = live.record;
    const onGone = (): void => {
      void this.inTurn(async () => {
        await this.withdraw(live);
        await live.device?.remove();
        live.device = undefined;
      });
    };
    live.device = plane.addDevice({ ...where, address: parseIpv4(address)!, mac: parseMac(mac)!, onGone });
    live.record.multiQueue = live.device.multiQueue;
  }

  private async withdraw(live: LiveEndpoint): Promise<void> {
    for (const publication of live.publications.splice(0).reverse()) await publication.close();
    live.record.ports = [];
  }

  /** Forgets endpoints that ended with their sandbox: a dockerd that was killed never deletes them. */
  private prune(): void {
    for (const [id, { device, record }] of this.endpoints) {
      if (device !== undefined) continue;
      const found = attempt(`endpoint ${short(id)}`, () => this.host.findDevice(record));
      if (found === null) this.endpoints.delete(id);
      else if (found !== undefined && found.nsFd !== -1) closeSync(found.nsFd);
    }
  }

  private async forget(live: LiveEndpoint): Promise<void> {
    await this.withdraw(live);
    if (live.device !== undefined) await live.device.remove();
    else this.host.removeHostDevice(live.record.device);
    this.endpoints.delete(live.record.id);
  }

  private network(message: Message): LiveNetwork {
    const id = message.id("NetworkID");
    const live = this.networks.get(id);
    if (live === undefined) throw unknown(`there is no network ${short(id)}`);
    return live;
  }

  private endpoint(message: Message): LiveEndpoint {
    const network = this.network(message);
    const id = message.id("EndpointID");
    const live = this.endpoints.get(id);
    if (live?.network !== network) throw unknown(`network ${short(network.record.id)} has no endpoint ${short(id)}`);
    return live;
  }

  private save(): void {
    this.state.save({
      networks: [...this.networks.values()].map(({ record }) => record),
      endpoints: [...this.endpoints.values()].map(({ record }) => record),
    });
  }

  /** The empty answer, once it is written down; else `undo`. */
  private saveOr(undo: () => void | Promise<void>): object {
    try {
      this.save();
      return {};
    } catch (error) {
      void undo();
      throw error;
    }
  }

  private inTurn<T>(action: () => T | Promise<T>): Promise<T> {
    const done = this.turn.then(action);
    this.turn = done.catch(() => {});
    return done;
  }
}

/** First twelve letters, as docker prints ids. */
function short(id: string): string {
  return id.slice(0, 12);
}

function conflict(message: string): TsproxyError {
  return new TsproxyError("TSP_ERR_DRIVER", "conflict", message);
}

function unknown(message: string): TsproxyError {
  return new TsproxyError("TSP_ERR_DRIVER", "not-found", message);
}

/** What `action` answers, or undefined, with a warning, when it fails: for what must not stop the rest. */
function attempt<T>(what: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    log.warn(`${what}: ${error instanceof TsproxyError ? error.describe() : (error as Error).message}`);
    return undefined;
  }
}

/** In the words that Docker has for it, and that programs look for. */
function dockerError(error: unknown): unknown {
  if (!(error instanceof PortTakenError)) return error;
  const owner = error.owner === null || error.owner.endsWith(`(pid ${process.pid})`) ? "" : ` (${error.owner} has it)`;
  const message = `Bind for ${error.address}:${error.port} failed: port is already allocated${owner}`;
  return error.reworded(message);
}
