/**
 * Networks of the whole cluster, on this node: one is made here when somebody here joins it, and goes when the last has left, or when it was
 * removed. While it is here, the dataplane is told who is in it elsewhere.
 */
import { randomBytes } from "node:crypto";
import type { Cluster, Holding } from "../cluster/cluster.js";
import type { GlobalNetworkRequest } from "../cluster/network-plan.js";
import type { GlobalEndpoint, NodeRecord } from "../cluster/records.js";
import type { ViewChange } from "../cluster/view.js";
import { checkOverlayMtu, checkSealing, roomInUnderlay } from "../control/network/overlay.js";
import type { OverlayChange, RemoteEndpoint } from "../control/network/remote-endpoints.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { endpointError, networkError } from "../model/checks.js";
import type { LiveNetwork } from "../model/live.js";
import type { MadeNetwork } from "../model/mechanism.js";
import type { NetworkModel } from "../model/network-model.js";
import { type Obstacle, resolverObstacle } from "../model/pools.js";
import { type EndpointRecord, type NetworkRecord, networkWord, shortId } from "../model/records.js";
import type { EndpointRequest } from "../model/requests.js";
import { parseMac } from "../wire/ethernet.js";
import { type IpAddress, parseIp, parsePrefix } from "../wire/ip-address.js";
import { ofFamily, type PerFamily } from "../wire/per-family.js";
import { OVERHEAD as SEALED_OVERHEAD } from "../wire/sealed.js";
import { OWN_MAC } from "../wire/vxlan.js";
import { NodeKeys, type OverlayKeys } from "./node-keys.js";

/** The same on all nodes, whatever their devices have: 1500, which nearly every underlay can, less the tunnel's headers (RFC 7348 §4.3). */
const UNDERLAY_MTU = 1500,
  IPV4_MTU = 1450,
  IPV6_MTU = 1430;

export class Overlays {
  /** Those whose remote endpoints the dataplane was told. */
  private readonly fed = new WeakSet<MadeNetwork>();
  /** Nodes that were said to be out of reach. */
  private readonly skipped = new Set<string>();
  /** Networks in which ports of this node may lead to other nodes. */
  private published: ReadonlySet<string> = new Set();
  private said = "";
  private turn: Promise<void> = Promise.resolve();
  /** Endpoints that are being made, and their networks: these are not taken away from under them. */
  private readonly joining = new Map<string, string>();
  /** Networks are made here and taken away one after another. */
  private moving: Promise<unknown> = Promise.resolve();
  private end: () => void = () => {};
  private readonly keys: NodeKeys | undefined;

  /** `keys`: undefined: nothing encrypted is reached. `underlayMtu`: of the device that this node's tunnels leave by. */
  constructor(
    private readonly model: NetworkModel,
    readonly cluster: Cluster,
    private readonly overlap: (subnet: Parameters<Obstacle>[0], except?: string) => string | null,
    keys?: OverlayKeys,
    private readonly underlayMtu: () => number = () => UNDERLAY_MTU,
  ) {
    this.keys = keys && new NodeKeys(cluster, keys, (tunnel) => this.vtepOf(tunnel));
  }

  /** To be called once, after the model's `restore`. */
  async start(): Promise<void> {
    this.end = this.cluster.view.onChange((change) => this.onChange(change));
    this.model.onForgotten = ({ network, id }) => void this.left(network, id);
    this.keys?.start();
    await this.cluster.start(this.holdings());
    for (const network of this.live()) {
      this.feed(network);
      await this.drop(network.record.id); // it was used here, and is no more
    }
  }

  async close(): Promise<void> {
    this.end();
    this.keys?.close();
    await this.cluster.close();
  }

  /** Another number than before when who is elsewhere may have changed. */
  get version(): number {
    return this.cluster.view.version;
  }

  /** All of the cluster, as far as is known. */
  networks(): NetworkRecord[] {
    return [...this.cluster.view.networks.values()];
  }

  /** Who is in a network on other nodes. */
  elsewhere(network: string): GlobalEndpoint[] {
    return this.cluster.view.endpointsIn(network).filter(({ node }) => node !== this.cluster.self.name);
  }

  /** Throws as `GlobalNetworks.create`. */
  async create(request: GlobalNetworkRequest): Promise<NetworkRecord> {
    if (request.encrypted) checkSealing();
    const resolver = resolverObstacle();
    const family = this.cluster.self.tunnel.ipv4 === undefined ? 6 : 4;
    const usual = (family === 6 ? IPV6_MTU : IPV4_MTU) - (request.encrypted ? SEALED_OVERHEAD : 0);
    const most = roomInUnderlay(this.underlayMtu(), family, request.encrypted);
    const mtu = request.options.mtu ?? Math.min(usual, most);
    checkOverlayMtu(most, mtu);
    return this.cluster.networks.create(
      { ...request, options: { ...request.options, mtu } },
      (subnet) => this.overlap(subnet) ?? resolver(subnet),
    );
  }

  /** Throws as `GlobalNetworks.remove`. */
  async remove(id: string): Promise<void> {
    await this.cluster.networks.remove(id);
    await this.drop(id);
  }

  /** Makes it here, if it is not. */
  use(record: NetworkRecord): Promise<LiveNetwork> {
    return this.inTurn(async () => this.find(record.id) ?? (await this.make(record)));
  }

  private async make(record: NetworkRecord): Promise<LiveNetwork> {
    const { id, range, ipv6Range, reserved, ...rest } = record;
    const ranges = {
      ...(range !== undefined && { ipv4: parsePrefix(range)! }),
      ...(ipv6Range !== undefined && { ipv6: parsePrefix(ipv6Range)! }),
    };
    await this.model.createNetwork({
      ...rest,
      id,
      ranges,
      ...(reserved !== undefined && { reserved: new Map(Object.entries(reserved).map(([what, text]) => [what, parseIp(text)!])) }),
    });
    const network = this.find(id)!;
    this.feed(network);
    return network;
  }

  /** Takes an address of the whole network, which is made here if it is not, then makes the endpoint; or throws with nothing left of it. */
  async createEndpoint(wanted: NetworkRecord, request: EndpointRequest): Promise<Readonly<EndpointRecord>> {
    if (this.joining.has(request.id) || this.model.findLive(request.id) !== undefined)
      throw endpointError("conflict", `endpoint ${shortId(request.id)} exists already`);
    this.joining.set(request.id, wanted.id);
    try {
      const network = await this.use(wanted);
      const { addresses, mac } = await this.cluster.claim(network.record, request);
      const endpoint = await this.model.createEndpoint(network.record.id, { ...request, addresses, mac: parseMac(mac)! });
      this.feed(network);
      return endpoint;
    } catch (error) {
      await this.cluster.release(request.id);
      throw error;
    } finally {
      this.joining.delete(request.id);
      await this.drop(wanted.id);
    }
  }

  /** The same in the network of that id, which may be one that another node has made just now. */
  async createEndpointIn(id: string, request: EndpointRequest): Promise<Readonly<EndpointRecord>> {
    const here = this.find(id)?.record;
    if (here === undefined && !this.cluster.view.networks.has(id)) await this.cluster.sync();
    const record = here ?? this.cluster.view.networks.get(id);
    if (record === undefined) throw networkError("not-found", `there is no network ${shortId(id)} in the cluster`);
    return this.createEndpoint(record, request);
  }

  /**
   * Ports of this node lead to endpoints of these networks, wherever they are: so it gets an address of its own in them, and gives back those that it
   * has in others. What cannot be done now, since the store is not reached, is done later. Never rejects.
   */
  publishFrom(networks: ReadonlySet<string>): Promise<void> {
    this.published = networks;
    return this.arrangeOwn();
  }

  /** The endpoint has ended. */
  async left(network: string, endpoint: string): Promise<void> {
    await this.cluster.release(endpoint);
    await this.drop(network);
  }

  /** If nobody here is in it, nor about to be. */
  private async drop(id: string): Promise<void> {
    const gone = await this.inTurn(async () => {
      const network = this.find(id);
      const used = [...this.joining.values()].includes(id) || this.model.endpoints.some(({ record }) => record.network === id);
      if (network === undefined || used) return undefined;
      try {
        await this.model.deleteNetwork(id);
      } catch (error) {
        log.warn(`network ${networkWord(network.record)}: ${TsproxyError.of(error).describe()}`);
        return undefined;
      }
      return network;
    });
    // Only now, as it may have got one until then, and keeps it where it stays.
    const own = gone?.record.overlay?.own;
    if (own !== undefined) await this.cluster.release(own.id);
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.moving.then(action);
    this.moving = done.catch(() => {});
    return done;
  }

  private holdings(): Holding[] {
    const { name: node, tunnel } = this.cluster.self;
    const own = this.live().flatMap(({ record: network }): Holding[] =>
      network.overlay?.own === undefined
        ? []
        : [{ endpoint: { ...network.overlay.own, network: network.id, node, tunnel, owner: "", names: [] }, network }],
    );
    const theirs = this.model.endpoints.flatMap(({ record, network: { record: network } }) => {
      if (network.overlay === undefined) return [];
      const { id, addresses, mac, use = { owner: "", names: [] } } = record;
      return [{ endpoint: { id, network: network.id, node, tunnel, addresses, mac, owner: use.owner, names: use.names }, network }];
    });
    return [...own, ...theirs];
  }

  private arrangeOwn(): Promise<void> {
    this.turn = this.turn.then(async () => {
      for (const { record } of this.live()) {
        const { own } = record.overlay!;
        if (own === undefined && this.published.has(record.id)) await this.takeOwn(record);
        if (own !== undefined && !this.published.has(record.id)) await this.giveOwn(record, own.id);
      }
    });
    return this.turn;
  }

  private async takeOwn(network: NetworkRecord): Promise<void> {
    const id = randomBytes(32).toString("hex");
    const what = `network ${networkWord(network)}: published ports lead to no other node:`;
    try {
      const mine = Uint8Array.from([...OWN_MAC, ...randomBytes(3)]);
      const { addresses, mac } = await this.cluster.claim(network, { id, mac: mine, use: { owner: "", names: [] } });
      await this.model.setOwn(network.id, { id, mac, addresses });
      this.said = "";
    } catch (error) {
      await this.cluster.release(id);
      const words = `${what} ${TsproxyError.of(error).describe()}`;
      if (this.said !== words) log.warn(`${words}; it is tried again`);
      this.said = words;
    }
  }

  private async giveOwn(network: NetworkRecord, id: string): Promise<void> {
    try {
      await this.model.setOwn(network.id, undefined);
    } catch (error) {
      log.warn(`network ${networkWord(network)}: ${TsproxyError.of(error).describe()}`);
      return; // it is still used: nobody else may have it
    }
    await this.cluster.release(id);
  }

  /** Whether what is for the node's endpoints in encrypted networks can go there; undefined where nobody here has had to know. */
  isKeyKnown(node: string): boolean | undefined {
    return this.keys?.isKnown(node);
  }

  private onChange({ nodes, networks, endpoints }: ViewChange): void {
    for (const node of nodes.put) this.sayFamily(node);
    for (const { name } of [...nodes.put, ...nodes.removed]) this.keys?.tell(name);
    for (const { id } of networks.removed) void this.drop(id);
    if (this.published.size > 0) void this.arrangeOwn();
    const changes = new Map<string, { put: RemoteEndpoint[]; remove: string[] }>();
    const of = (network: string): { put: RemoteEndpoint[]; remove: string[] } => {
      const change = changes.get(network) ?? { put: [], remove: [] };
      changes.set(network, change);
      return change;
    };
    for (const { id, network, node } of endpoints.removed) if (node !== this.cluster.self.name) of(network).remove.push(id);
    for (const endpoint of endpoints.put) of(endpoint.network).put.push(...this.remotes([endpoint]));
    for (const [id, change] of changes) {
      const made = this.find(id)?.inDataplane;
      if (made !== undefined && this.fed.has(made)) made.remotes?.apply(change);
    }
  }

  /** Tells the dataplane all, once. */
  private feed({ record, inDataplane }: LiveNetwork): void {
    if (inDataplane === undefined || this.fed.has(inDataplane)) return;
    this.fed.add(inDataplane);
    const all: OverlayChange = { put: this.remotes(this.cluster.view.endpointsIn(record.id)) };
    inDataplane.remotes?.apply(all);
  }

  /** Those on other nodes that can be reached by tunnel. */
  private remotes(endpoints: readonly GlobalEndpoint[]): RemoteEndpoint[] {
    return endpoints.flatMap(({ id, network, node, addresses, mac, tunnel }) => {
      if (node === this.cluster.self.name) return [];
      const vtep = this.vtepOf(tunnel);
      if (vtep !== undefined && this.find(network)?.record.overlay?.encrypted) this.keys?.meet(node, vtep);
      if (vtep !== undefined) return [{ id, node, addresses, mac: parseMac(mac)!, vtep }];
      return [];
    });
  }

  /** Whether datagrams can go to a node with these addresses. */
  hasTunnelTo(tunnel: PerFamily<IpAddress>): boolean {
    return this.vtepOf(tunnel) !== undefined;
  }

  /** Says which nodes are not reached, and why, when they appear. */
  private sayFamily({ name, tunnel }: NodeRecord): void {
    const wasSaid = this.skipped.delete(name);
    if (this.hasTunnelTo(tunnel)) return;
    this.skipped.add(name);
    if (wasSaid) return;
    const [theirs, ours] = [tunnel, this.cluster.self.tunnel].map(({ ipv4 }) => (ipv4 === undefined ? "IPv6" : "IPv4"));
    log.warn(
      `node ${name} has its tunnels over ${theirs}, this node over ${ours}: neither reaches the other; start all daemons with --advertise and an address of one family`,
    );
  }

  /** Tunnels of a node are of one family: IPv4 where it has it. */
  private vtepOf(tunnel: PerFamily<IpAddress>): IpAddress | undefined {
    const family = this.cluster.self.tunnel.ipv4 === undefined ? 6 : 4;
    return family === 6 && tunnel.ipv4 !== undefined ? undefined : ofFamily(tunnel, family);
  }

  private live(): LiveNetwork[] {
    return this.model.networks.filter(({ record }) => record.overlay !== undefined);
  }

  private find(id: string): LiveNetwork | undefined {
    return this.live().find(({ record }) => record.id === id);
  }
}
