/**
 * The endpoints of a network. A namespace is given a TAP with address, default route and MTU, which ends with its descriptors, so also with a
 * killed process. Who sets up namespaces by himself, as a container engine does, is given a bare TAP, in the host's namespace, from which he moves
 * it, or in the one where it is to be; it outlives us, so that a container keeps its network while tsproxy restarts.
 */
import { closeSync } from "node:fs";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { setIpv6Conf } from "../../sys/ipv6-conf.js";
import { native } from "../../sys/native.js";
import { openNetns, sameNetns } from "../../sys/netns.js";
import { RouteSocket } from "../../sys/rtnetlink.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp } from "../../wire/ip-address.js";
import { eachFamily, ofFamily } from "../../wire/per-family.js";
import { ENDPOINT_IPV6_CONF } from "../device-conf.js";
import { Undo } from "../undo.js";
import { stationMac } from "./address-mac.js";
/** Name of an endpoint's device in its namespace. */
const ENDPOINT_DEVICE = "eth0";
/** A device that was handed out, and its port. */
class LiveDevice {
    constructor(tap, device, port) {
        this.tap = tap;
        this.device = device;
        this.port = port;
    }
    async end() {
        this.loosen();
        await this.close();
    }
    async dismiss() {
        this.loosen();
        await this.port.run();
        void this.device.run();
    }
    async close() {
        await this.port.run();
        await this.device.run();
    }
    /** From now on it ends with its descriptors. */
    loosen() {
        try {
            native.tapPersist(this.tap.fds[0], 0);
        }
        catch {
            // EBADFD: it ended with its namespace
        }
    }
}
export class Endpoints {
    constructor(site, network) {
        this.site = site;
        this.network = network;
        this.namespaces = [];
        this.devices = new Set();
        this.links = new Set();
    }
    /** Whether devices that are made now serve several workers. */
    get multiQueue() {
        return this.site.workers.count > 1;
    }
    /** Puts the namespace into the network; on failure nothing is left of it. */
    add(spec) {
        const word = `--endpoint ${spec.netns}=${eachFamily(spec.addresses).map(formatIp).join(",")}`;
        const { fd: nsFd } = openNetns(spec.netns);
        const namespace = { word, spec, nsFd, device: new Undo(), closed: false };
        try {
            this.checkNamespace(word, spec.netns, nsFd);
            this.makeDevice(namespace);
        }
        catch (error) {
            void namespace.device.run().then(() => closeSync(nsFd));
            throw error;
        }
        this.namespaces.push(namespace);
    }
    makeDevice(namespace) {
        const socket = new RouteSocket(namespace.nsFd);
        try {
            this.setUp(socket, namespace);
        }
        finally {
            socket.close();
        }
    }
    /** We hold the namespace, so it is there still: the device was deleted in it. */
    async remake(namespace) {
        const { word, device } = namespace;
        log.warn(`${word}: '${ENDPOINT_DEVICE}' was deleted by somebody else; it is made again`);
        await device.run();
        if (namespace.closed)
            return;
        try {
            this.makeDevice(namespace);
        }
        catch (error) {
            await device.run();
            log.warn(`${word}: '${ENDPOINT_DEVICE}' cannot be made again: ${error.message}`);
        }
    }
    /**
     * Makes a persistent TAP with MAC and MTU, or takes up one again; whoever asks does the rest. On failure no new device is left.
     */
    addDevice(spec) {
        const { taps, workers } = this.site;
        if (spec.existing?.multiQueue === false && workers.count > 1)
            throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `device '${spec.name}' was made for one worker`, "restart its container, or run with --workers 1");
        const [device, port] = [new Undo(), new Undo()];
        try {
            const tap = taps.open(spec, device);
            if (spec.existing === undefined)
                this.prepare(tap.name, spec);
            this.attach(tap, spec, port);
            native.tapPersist(tap.fds[0], 1);
            const live = new LiveDevice(tap, device, port);
            this.devices.add(live);
            const letGo = () => this.devices.delete(live);
            return {
                remove: async () => {
                    if (letGo())
                        await live.end();
                },
                dismiss: async () => {
                    if (letGo())
                        await live.dismiss();
                },
            };
        }
        catch (error) {
            void port.run();
            void device.run();
            throw error;
        }
    }
    /**
     * Lets `client` reach those ports of `server`, both endpoints here, where endpoints do not reach each other. At most one link from one to the
     * other; it is to be closed before one of the addresses becomes another's.
     */
    link(client, server, ports) {
        const pairs = eachFamily(client).flatMap((from) => {
            const to = ofFamily(server, from.family);
            return to === undefined ? [] : [{ client: from, server: to }];
        });
        const say = (what) => {
            for (const pair of pairs)
                this.site.workers.post({ type: "link", ...pair, ports: what });
        };
        say(ports);
        const link = {
            close: () => {
                if (this.links.delete(link))
                    say([]);
            },
        };
        this.links.add(link);
        return link;
    }
    /** Devices that were handed out stay, without us. */
    async close() {
        for (const link of this.links)
            link.close();
        await Promise.all([...this.devices].map((device) => device.close()));
        this.devices.clear();
        const end = async (namespace) => {
            namespace.closed = true;
            await namespace.device.run();
            closeSync(namespace.nsFd);
        };
        await Promise.all(this.namespaces.splice(0).map(end));
    }
    prepare(name, { nsFd, mac }) {
        const socket = nsFd === -1 ? this.site.socket : new RouteSocket(nsFd);
        try {
            socket.setLink(socket.link(name).index, { mac: macText(mac), mtu: this.network.mtu });
        }
        finally {
            if (nsFd !== -1)
                socket.close();
        }
    }
    setUp(socket, namespace) {
        const { word, spec, nsFd, device: undo } = namespace;
        if (socket.link(ENDPOINT_DEVICE) !== null)
            throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${word}: the namespace has a device '${ENDPOINT_DEVICE}' already`, "give a namespace without one, like that of 'docker run --network none'");
        const { mtu, subnets } = this.network;
        const tap = this.site.taps.open({ name: ENDPOINT_DEVICE, nsFd }, undo);
        const mac = stationMac(spec.addresses);
        const { index } = socket.link(ENDPOINT_DEVICE);
        const { ipv6 } = spec.addresses;
        // Its link-local address is the one that comes of its MAC, which it is held to.
        socket.setLink(index, { mac: macText(mac), mtu, ...(ipv6 !== undefined && { addrGenMode: "eui64" }) });
        if (ipv6 !== undefined && !setIpv6Conf(ENDPOINT_DEVICE, ENDPOINT_IPV6_CONF, nsFd))
            throw new TsproxyError("TSP_ERR_ENDPOINT", "unavailable", `${word}: net.ipv6.conf of the namespace's ${ENDPOINT_DEVICE} cannot be written`, "mount /proc/sys writable, or give the endpoint an IPv4 address alone");
        const name = `${spec.netns}/${ENDPOINT_DEVICE}`;
        this.attach(tap, { name, addresses: spec.addresses, mac, onGone: () => void this.remake(namespace) }, undo);
        const all = eachFamily(spec.addresses).map((address) => ({ address, subnet: ofFamily(subnets, address.family) }));
        for (const { address, subnet } of all)
            socket.addAddress(index, formatIp(address), subnet.prefix.prefixLength);
        socket.setLink(index, { up: true });
        for (const { address, subnet } of all) {
            const dst = formatIp({ family: address.family, value: 0n });
            socket.addRoute({ dst, prefixLength: 0, gateway: formatIp(subnet.gateway), oif: index });
        }
    }
    attach(tap, spec, undo) {
        const { name, mac, bandwidth, onGone } = spec;
        const addresses = eachFamily(spec.addresses);
        const port = { kind: "endpoint", name, address: addresses.map(formatIp).join(","), mac, addresses, bandwidth };
        this.site.taps.attach(tap, { ...port, network: this.network.number }, undo, onGone);
        const { onStation } = this.network;
        if (onStation !== undefined)
            undo.add(`station ${macText(mac)}`, onStation(mac));
    }
    checkNamespace(word, netns, nsFd) {
        if (sameNetns(nsFd, -1))
            throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${word}: that is the namespace tsproxy itself runs in`, "name the container's namespace");
        for (const other of this.namespaces)
            if (sameNetns(nsFd, other.nsFd))
                throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `${word}: '${netns}' is the same namespace as in '${other.word}'`, "give each namespace one endpoint");
    }
}
//# sourceMappingURL=endpoints.js.map