import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { resolverObstacle } from "../model/pools.js";
import { shortId } from "../model/records.js";
import { parseMac } from "../wire/ethernet.js";
import { parseIp, parsePrefix } from "../wire/ip-address.js";
/** The same on all nodes, whatever their devices have: 1500, which every underlay can, less the tunnel's headers (RFC 7348 §4.3). */
const IPV4_MTU = 1450, IPV6_MTU = 1430;
export class Overlays {
    constructor(model, cluster, overlap) {
        this.model = model;
        this.cluster = cluster;
        this.overlap = overlap;
        /** Those whose remote endpoints the dataplane was told. */
        this.fed = new WeakSet();
        this.skipped = new Set();
        this.end = () => { };
    }
    /** To be called once, after the model's `restore`. */
    async start() {
        this.end = this.cluster.view.onChange((change) => this.onChange(change));
        await this.cluster.start(this.holdings());
        for (const network of this.live()) {
            this.feed(network);
            await this.drop(network.record.id); // it was used here, and is no more
        }
    }
    async close() {
        this.end();
        await this.cluster.close();
    }
    /** Another number than before when who is elsewhere may have changed. */
    get version() {
        return this.cluster.view.version;
    }
    /** All of the cluster, as far as is known. */
    networks() {
        return [...this.cluster.view.networks.values()];
    }
    /** Who is in a network on other nodes. */
    elsewhere(network) {
        return this.cluster.view.endpointsIn(network).filter(({ node }) => node !== this.cluster.self.name);
    }
    /** Throws as `GlobalNetworks.create`. */
    create(request) {
        const resolver = resolverObstacle();
        const mtu = request.options.mtu ?? (this.cluster.self.tunnel.ipv4 === undefined ? IPV6_MTU : IPV4_MTU);
        return this.cluster.networks.create({ ...request, options: { ...request.options, mtu } }, (subnet) => this.overlap(subnet) ?? resolver(subnet));
    }
    /** Throws as `GlobalNetworks.remove`. */
    async remove(id) {
        await this.cluster.networks.remove(id);
        await this.drop(id);
    }
    /** Makes it here. */
    async use(record) {
        const { id, range, ipv6Range, reserved, ...rest } = record;
        const ranges = {
            ...(range !== undefined && { ipv4: parsePrefix(range) }),
            ...(ipv6Range !== undefined && { ipv6: parsePrefix(ipv6Range) }),
        };
        await this.model.createNetwork({
            ...rest,
            id,
            ranges,
            ...(reserved !== undefined && { reserved: new Map(Object.entries(reserved).map(([what, text]) => [what, parseIp(text)])) }),
        });
        const network = this.find(id);
        this.feed(network);
        return network;
    }
    /** Takes an address of the whole network, then makes the endpoint; or throws with nothing left of it. */
    async createEndpoint(network, request) {
        try {
            const { addresses, mac } = await this.cluster.claim(network.record, request);
            const endpoint = await this.model.createEndpoint(network.record.id, { ...request, addresses, mac: parseMac(mac) });
            this.feed(network);
            return endpoint;
        }
        catch (error) {
            await this.left(network.record.id, request.id);
            throw error;
        }
    }
    /** The endpoint has ended. */
    async left(network, endpoint) {
        await this.cluster.release(endpoint);
        await this.drop(network);
    }
    async drop(id) {
        if (this.find(id) === undefined || this.model.endpoints.some(({ record }) => record.network === id))
            return;
        await this.model.deleteNetwork(id).catch((error) => log.warn(`network ${shortId(id)}: ${TsproxyError.of(error).describe()}`));
    }
    holdings() {
        const { name: node, tunnel } = this.cluster.self;
        return this.model.endpoints.flatMap(({ record, network: { record: network } }) => {
            if (network.overlay === undefined)
                return [];
            const { id, addresses, mac, use = { owner: "", names: [] } } = record;
            return [{ endpoint: { id, network: network.id, node, tunnel, addresses, mac, owner: use.owner, names: use.names }, network }];
        });
    }
    onChange({ networks, endpoints }) {
        for (const { id } of networks.removed)
            void this.drop(id);
        const changes = new Map();
        const of = (network) => {
            const change = changes.get(network) ?? { put: [], remove: [] };
            changes.set(network, change);
            return change;
        };
        for (const { id, network, node } of endpoints.removed)
            if (node !== this.cluster.self.name)
                of(network).remove.push(id);
        for (const endpoint of endpoints.put)
            of(endpoint.network).put.push(...this.remotes([endpoint]));
        for (const [id, change] of changes) {
            const made = this.find(id)?.inDataplane;
            if (made !== undefined && this.fed.has(made))
                made.remotes?.apply(change);
        }
    }
    /** Tells the dataplane all, once. */
    feed({ record, inDataplane }) {
        if (inDataplane === undefined || this.fed.has(inDataplane))
            return;
        this.fed.add(inDataplane);
        const all = { put: this.remotes(this.cluster.view.endpointsIn(record.id)) };
        inDataplane.remotes?.apply(all);
    }
    /** Those on other nodes that can be reached by tunnel. */
    remotes(endpoints) {
        return endpoints.flatMap(({ id, node, addresses, mac, tunnel }) => {
            if (node === this.cluster.self.name)
                return [];
            const vtep = this.vtepOf(tunnel);
            if (vtep !== undefined)
                return [{ id, node, addresses, mac: parseMac(mac), vtep }];
            if (!this.skipped.has(node))
                log.warn(`node ${node} has no tunnel address of a family that this node has: its endpoints are not reached`);
            this.skipped.add(node);
            return [];
        });
    }
    /** Tunnels are of one family in a process: IPv4 where this node has it. */
    vtepOf(tunnel) {
        return this.cluster.self.tunnel.ipv4 === undefined ? tunnel.ipv6 : tunnel.ipv4;
    }
    live() {
        return this.model.networks.filter(({ record }) => record.overlay !== undefined);
    }
    find(id) {
        return this.live().find(({ record }) => record.id === id);
    }
}
//# sourceMappingURL=overlays.js.map