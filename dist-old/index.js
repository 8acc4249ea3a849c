import { Controller } from "./control/controller.js";
import { mappingText } from "./control/mapping.js";
import { parsePortSpec } from "./control/port-spec.js";
import { drainTargets, resumeTargets } from "./control/target-views.js";
import { TsproxyError } from "./errors.js";
import { setLogSink } from "./log.js";
import { sweep } from "./model/sweep.js";
import { parseBalance, parseDataplane } from "./standalone/config.js";
import { parseEndpoint, parseNetwork, withMissing } from "./standalone/network-config.js";
import { formatIp, sameIp } from "./wire/ip-address.js";
import { eachFamily, perFamily } from "./wire/per-family.js";
export { TsproxyError };
export class Dataplane {
    constructor(controller) {
        this.controller = controller;
    }
    /**
     * Starts one; on failure everything is undone. Throws a TsproxyError: TSP_ERR_OPTION (invalid), TSP_ERR_BPF or TSP_ERR_SYSCALL (permission) where the
     * kernel does not let us, TSP_ERR_OFFLOAD (unavailable).
     */
    static async start(options = {}) {
        const { allowFrom, workers, conntrackMax, masqueradePorts: ports, ...rest } = options;
        const parsed = parseDataplane({
            allowFrom: allowFrom === undefined ? undefined : [...allowFrom],
            workers: workers?.toString(),
            conntrackMax: conntrackMax?.toString(),
            timeout: Object.entries(rest.timeouts ?? {}).map(([state, sec]) => `${state}=${sec}`),
            masqueradePorts: ports === undefined ? undefined : `${ports.first}-${ports.last}`,
            firewall: rest.firewall,
            offload: rest.offload,
            maxFlows: limitWords(rest.maxFlows),
            maxNewFlows: limitWords(rest.maxNewFlows),
        });
        await sweep(); // what a killed process left behind
        return new Dataplane(await Controller.start(parsed, rest.onDeath ?? throwUncaught));
    }
    /** Makes a network. Throws TSP_ERR_OPTION (invalid) or TSP_ERR_NETWORK (conflict: the host knows addresses in it). */
    async addNetwork({ subnet, mtu, ...behavior }) {
        const spec = { ...parseNetwork(subnet, mtu?.toString()), ...behavior };
        const controller = this.open();
        const network = new Network(controller, controller.networks.add(spec), spec);
        await controller.settled();
        return network;
    }
    /**
     * Publishes a port, or a range: `[HOST_IP:]HOST_PORT[-END]:TARGET_IP[,TARGET_IP…]:TARGET_PORT[-END][/tcp|udp|sctp]`, an empty HOST_PORT for a free one,
     * IPv6 addresses in brackets. Throws TSP_ERR_PORT_SPEC, TSP_ERR_OPTION (invalid), TSP_ERR_PORT_TAKEN (conflict), TSP_ERR_TARGET (a target cannot be
     * reached).
     */
    async publish(mapping, options = {}) {
        const controller = this.open();
        const port = new PublishedPort(controller, controller.publisher.publish(parsePortSpec(mapping), undefined, parseBalance(options)));
        await controller.settled();
        return port;
    }
    async counters() {
        const controller = this.open();
        const ports = controller.portStats().map(({ port: _, ...counters }) => counters);
        const drops = {};
        for (const port of ports)
            for (const [reason, count] of Object.entries(port.drops))
                drops[reason] = (drops[reason] ?? 0) + count;
        return { ports, drops, flows: await controller.summary(), steering: controller.steeringStats() };
    }
    flows() {
        return this.open().flows();
    }
    /** Ends it, with its networks and published ports, and leaves the host as it was. May be called again. */
    close() {
        this.closing ??= this.controller.stop();
        return this.closing;
    }
    open() {
        if (this.closing !== undefined)
            throw new Error("the dataplane is closed");
        return this.controller;
    }
}
/** A bridge with a gateway, which is the host, and a way out; `Dataplane.addNetwork` makes one. */
class Network {
    /** @internal */
    constructor(controller, mechanism, spec) {
        this.controller = controller;
        this.mechanism = mechanism;
        this.spec = spec;
        this.taken = [];
        this.gateways = eachFamily(spec.subnets).map(({ gateway }) => formatIp(gateway));
        this.gateway = this.gateways[0];
        this.mtu = mechanism.mtu;
        this.hostDevice = mechanism.hostDevice;
    }
    /**
     * Puts a namespace into the network: gives it an `eth0` with the address, and a default route. It leaves with the network. Throws TSP_ERR_OPTION
     * (invalid), TSP_ERR_NETNS (not-found), TSP_ERR_ENDPOINT (conflict: the address or the namespace has an endpoint already).
     */
    async addEndpoint({ netns, address }) {
        const { subnets } = this.spec;
        const asked = eachFamily(parseEndpoint(`${netns}=${address}`, subnets).addresses);
        for (const each of asked) {
            const owner = this.taken.find(({ addresses }) => eachFamily(addresses).some((other) => sameIp(other, each)));
            if (owner !== undefined)
                throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${formatIp(each)} is the address of '${owner.netns}' already`);
        }
        const taken = this.taken.map(({ addresses }) => addresses);
        const endpoint = { netns, addresses: withMissing(`endpoint of '${netns}'`, perFamily(asked), subnets, taken) };
        this.mechanism.endpoints.add(endpoint);
        this.taken.push(endpoint);
        await this.controller.settled();
    }
    /** Takes it away, with its endpoints' devices. May be called again. */
    async close() {
        await this.controller.networks.remove(this.mechanism);
    }
}
/** A port of the host, or a range, that leads to a target; `Dataplane.publish` makes one. */
class PublishedPort {
    /** Of a port with several targets: all of them; `targetIp` is the first's address. */
    get targets() {
        return (this.publication.balancer?.status() ?? []).map(({ ip, port, state }) => ({ ip: formatIp(ip), port, state }));
    }
    /** @internal */
    constructor(controller, publication) {
        this.controller = controller;
        this.publication = publication;
        const mappings = publication.mappings.map(mappingText);
        const mapping = mappings[0];
        this.addresses = mappings.map(({ hostIp, targetIp }) => ({ hostIp, targetIp }));
        this.hostIp = mapping.hostIp;
        this.hostPort = mapping.hostPort;
        this.hostPortEnd = mapping.hostPortEnd;
        this.targetIp = mapping.targetIp;
        this.targetPort = mapping.targetPort;
        this.targetPortEnd = mapping.targetPortEnd;
        this.proto = mapping.proto;
    }
    /**
     * Gives one of several targets no new connections: `172.18.0.3`, or `172.18.0.3:8080`. After `sec` seconds, 0 to 86,400, those that it has end; default:
     * 30. Throws TSP_ERR_OPTION (invalid), TSP_ERR_TARGET (not-found).
     */
    async drain(target, sec) {
        drainTargets([this.publication], target, sec);
        await this.controller.settled();
    }
    /** Gives it new connections again. Throws as `drain`. */
    async resume(target) {
        resumeTargets([this.publication], target);
        await this.controller.settled();
    }
    /** Takes it back; its connections end. May be called again. */
    async close() {
        await this.publication.close();
        await this.controller.settled();
    }
}
/** Calls `listener` with what is noteworthy but no error, in this whole process; until then nobody is told. */
export function onWarning(listener) {
    setLogSink((level, message) => {
        if (level === "warn")
            listener(message);
    });
}
/** As the command line has them. */
function limitWords(limits) {
    return Object.entries(limits ?? {}).flatMap(([who, n]) => (n === undefined ? [] : [`${who}=${n}`]));
}
function throwUncaught(error) {
    setImmediate(() => {
        throw error;
    });
}
//# sourceMappingURL=index.js.map