/**
 * What a worker does at the control side's word: carries out the messages of `messages.ts` on its tables and its packet input and output, and
 * answers what is asked. Between two batches, never during one.
 */
import { FormerFlows } from "../dataplane/adopt.js";
import { retire } from "../dataplane/retire.js";
import { FORGET_MAX } from "../dataplane/state.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { fdbKey } from "../table/fdb.js";
import { ENDPOINT, HELD, HOST, LAN, NONE, TUNNEL } from "../table/ports.js";
import { Prefix } from "../table/prefix.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { macHi, macLo } from "../wire/ethernet.js";
import { dstPort } from "../wire/raw.js";
import { clearRow } from "./counters.js";
import { Offload } from "./offload.js";
import { OverlayCommands } from "./overlay-commands.js";
import { Rules } from "./rules.js";
import { fdbRows, flowRows, holderRows, nodeRows, summary } from "./views.js";
export class Commands {
    constructor(state, io, counters, hooks) {
        this.state = state;
        this.io = io;
        this.counters = counters;
        this.hooks = hooks;
        /** Until the control side says stop. */
        this.running = true;
        this.mapIsNew = true;
        /** Ports that are not read yet, and how to begin. */
        this.unread = new Map();
        /** Words held for what the control side said last. */
        this.localWords = [];
        this.overlay = new OverlayCommands(state, counters, {
            lookup: (key, value, family) => (family === 4 ? this.flowMap : this.flowMap6)?.lookup(key, value) ?? false,
            forget: () => this.forget(),
        });
        this.rules = new Rules(state, (matches) => this.flush(matches));
    }
    carryOut(m) {
        const { state } = this;
        switch (m.type) {
            case "add-port":
                this.addPort(m);
                break;
            case "remove-port":
                this.removePort(m.port);
                break;
            case "add-network":
                this.addNetwork(m.network, m.subnets, m.flags, m.overlay);
                break;
            case "remove-network":
                this.removeNetwork(m.network);
                break;
            case "parent-mac":
                state.networks.macHi[m.network] = macHi(m.mac);
                state.networks.macLo[m.network] = macLo(m.mac);
                break;
            case "add-tunnel":
                this.overlay.addTunnel(m);
                this.read(m.port, () => this.io.addPort(m.port, m.fd));
                break;
            case "set-remote":
                this.overlay.setRemote(m, ...this.wordsOf(m.addresses));
                break;
            case "remove-remote":
                this.overlay.removeRemote(m);
                break;
            case "link":
                this.link(m);
                break;
            case "publish":
                this.rules.publish(m.id, m.rule);
                break;
            case "targets":
                this.rules.retarget(m.id, m.targets);
                break;
            case "withdraw":
                this.rules.withdraw(m.id);
                break;
            case "locals":
                this.setLocals(m.addresses, m.broadcasts);
                break;
            case "routes":
                state.ways.change(m.refused ?? [], m.exact ?? false);
                state.networks.setWaysIn(m.forwarding ?? [], m.forwarding6 ?? []);
                state.reviewAt = 0;
                break;
            case "allow":
                state.allow = m.prefixes.map((prefix) => new Prefix(prefix));
                break;
            case "steering":
                state.uplinkDevice = m.uplinkDevice;
                this.mapIsNew = m.isNew;
                state.ways.uplink = m.uplinkDevice;
                this.useSteering(m.flowsFd, m.flows6Fd, m.acrossFd);
                break;
            case "add-held":
                clearRow(this.counters, m.port);
                state.ports.set(m.port, HELD, 0, 0, 0, 0);
                this.read(m.port, () => this.io.addRing(m.port, m.fd, m.size));
                break;
            case "watch":
                this.hooks.watch(m.fd);
                break;
            case "query":
                this.hooks.tell({ type: "answer", id: m.id, value: this.answer(m.what) });
                break;
            case "end-flows":
                this.hooks.tell({ type: "answer", id: m.id, value: this.endFlows(m) });
                break;
            case "adopt":
                this.hooks.tell({ type: "answer", id: m.id, value: this.adopt(m.last) });
                break;
            case "stop":
                this.running = false;
        }
    }
    portGone(port, errno) {
        this.hooks.tell({ type: "port-gone", port, errno });
    }
    /** Takes the steering entries of ended flows out of the maps `flows` and `flows6`. */
    forget() {
        const { forget, forget6 } = this.state;
        if (forget.count > 0)
            this.flowMap?.delete(forget.keyBytes, forget.count);
        if (forget6.count > 0)
            this.flowMap6?.delete(forget6.keyBytes, forget6.count);
        forget.count = 0;
        forget6.count = 0;
    }
    /** Writes `state.entries` and `entries6` into the maps. */
    record() {
        const { across, entries, entries6 } = this.state;
        if (across.count > 0)
            this.acrossMap?.put(across.keyBytes, across.valueBytes, across.count); // before what refers to it
        if (entries.count > 0)
            this.flowMap?.put(entries.keyBytes, entries.valueBytes, entries.count);
        if (entries6.count > 0)
            this.flowMap6?.put(entries6.keyBytes, entries6.valueBytes, entries6.count);
        entries.count = 0;
        entries6.count = 0;
        across.count = 0;
    }
    settle(id) {
        return this.offload?.settle(id) ?? false;
    }
    /** Words of addresses of the configuration, of which at most one is of each family; NO_ADDRESS for the family that is missing. */
    wordsOf(list) {
        const { addresses } = this.state;
        const word = (family) => {
            const address = list.find((each) => each.family === family);
            return address === undefined ? NO_ADDRESS : addresses.take(address);
        };
        return [word(4), word(6)];
    }
    addNetwork(id, subnets, flags, overlay) {
        const { addresses, networks } = this.state;
        const of = (family) => subnets.find(({ gateway }) => gateway.family === family);
        const take = (address) => (address === null ? NO_ADDRESS : addresses.take(address));
        const [ipv4, ipv6] = [of(4), of(6)];
        if (ipv4 === undefined)
            networks.set(id, -1, 32, NO_ADDRESS, flags, NO_ADDRESS);
        else
            networks.set(id, addresses.take(ipv4.prefix.address), ipv4.prefix.prefixLength, take(ipv4.gateway), flags, take(ipv4.outside));
        if (ipv6 !== undefined)
            networks.set6(id, new Prefix(ipv6.prefix), take(ipv6.gateway), take(ipv6.outside));
        if (overlay !== undefined)
            this.overlay.add(id, overlay);
    }
    removeNetwork(id) {
        const { addresses, networks } = this.state;
        if (networks.remotePort[id] !== -1)
            this.overlay.remove(id);
        addresses.release(networks.gateway6[id]);
        addresses.release(networks.outside6[id]);
        networks.clear(id);
    }
    /** Words are held as long as there are ports. */
    link({ client, server, ports }) {
        const { addresses, links } = this.state;
        const words = [addresses.take(client), addresses.take(server)];
        const before = links.delete(...words);
        if (ports.length > 0)
            links.set(...words, ports);
        for (const word of words) {
            if (before)
                addresses.release(word);
            if (ports.length === 0)
                addresses.release(word);
        }
    }
    /**
     * A flow that leaves with an address which the host no longer has ends: its answers come no more. Its next packet opens another, with an address
     * that the host has, as behind the kernel's MASQUERADE.
     */
    setLocals(own, broadcasts) {
        const { addresses, conntrack, locals } = this.state;
        const before = this.localWords;
        this.localWords = own.map((address) => addresses.take(address));
        locals.clear();
        for (const word of this.localWords)
            locals.set(word, 0, 1);
        for (const address of broadcasts)
            locals.set(addresses.take(address), 1, 1);
        const gone = before.filter((word) => !this.localWords.includes(word));
        if (gone.length > 0)
            this.flush((id) => conntrack.hasOtherSource(id) && gone.includes(conntrack.newSrc(id, 0)));
        for (const word of before)
            addresses.release(word);
    }
    addPort(m) {
        const { endpoints, fdb, networks, ports, shaper } = this.state;
        const [ipv4, ipv6] = this.wordsOf(m.addresses);
        const hi = macHi(m.mac);
        const lo = macLo(m.mac);
        clearRow(this.counters, m.port);
        ports.set(m.port, m.kind, hi, lo, ipv4, m.network, ipv6);
        if (m.kind === HOST || m.kind === ENDPOINT)
            fdb.addStatic(fdbKey(hi, m.network), lo, m.port);
        if (m.kind === ENDPOINT)
            for (const word of [ipv4, ipv6])
                if (word !== NO_ADDRESS)
                    endpoints.set(word, m.network, m.port);
        if (m.kind === HOST) {
            networks.hostPort[m.network] = m.port;
            networks.hostDevice[m.network] = m.device;
        }
        if (m.kind === LAN)
            networks.lanPort[m.network] = m.port;
        if (m.kind === HOST || m.kind === LAN) {
            networks.macHi[m.network] = hi;
            networks.macLo[m.network] = lo;
        }
        if (m.bandwidth !== undefined)
            shaper.set(m.port, m.bandwidth);
        this.read(m.port, () => this.io.addPort(m.port, m.fd));
    }
    /** From now on; but what waits to be read may be of flows that a former process knew, so not before these were looked at. */
    read(port, start) {
        if (this.former === undefined && this.state.awaitsFormer)
            this.unread.set(port, start);
        else
            start();
    }
    /** Its flows end too: the number may soon be another port's. */
    removePort(port) {
        const { addresses, conntrack, endpoints, fdb, networks, ports } = this.state;
        if (ports.kind[port] === NONE)
            return; // one whose device ended by itself is removed by whoever had it, too
        if (!this.unread.delete(port))
            this.io.removePort(port);
        this.state.shaper.clear(port);
        fdb.flushPort(port);
        const network = ports.network[port];
        if (ports.kind[port] === ENDPOINT)
            for (const word of [ports.address[port], ports.address6[port]])
                endpoints.delete(word, network);
        addresses.release(ports.address6[port]);
        if (ports.kind[port] === HOST) {
            networks.hostPort[network] = -1;
            networks.hostDevice[network] = 0;
            networks.wayIn[network] = 0;
            networks.wayIn6[network] = 0;
        }
        if (ports.kind[port] === LAN)
            networks.lanPort[network] = -1;
        if (ports.kind[port] === TUNNEL)
            this.overlay.removeTunnel();
        ports.clear(port);
        this.flush((id) => (conntrack.egress(id, 0) & EGRESS_PORT) === port || (conntrack.egress(id, 1) & EGRESS_PORT) === port);
    }
    endFlows({ client, port }) {
        const { addresses, conntrack } = this.state;
        const prefix = client === null ? null : new Prefix(client);
        const isMeant = (address) => prefix?.has(address, addresses) ?? true;
        return this.flush((id) => isMeant(conntrack.tuple(id, 0, 0)) && (port === 0 || dstPort(conntrack.tuple(id, 0, 2)) === port));
    }
    /**
     * Ends the flows for which `matches` holds, and their steering at once: with nothing to do the loop may sleep for long before its next turn
     * ends. Answers how many.
     */
    flush(matches) {
        const { state } = this;
        let ended = 0;
        for (let id = 0; id < state.conntrack.end; id++) {
            if (!state.conntrack.isLive(id) || !matches(id))
                continue;
            retire(state, id);
            ended++;
            if (Math.max(state.forget.count, state.forget6.count) >= FORGET_MAX - 1)
                this.forget(); // one more may need two
        }
        this.forget();
        if (ended > 0)
            state.fragments.forgetFlows();
        return ended;
    }
    adopt(last) {
        this.former ??= new FormerFlows(this.state, this.hooks.readFormer(), this.mapIsNew, this);
        const { former } = this;
        former.adopt(last);
        this.state.awaitsFormer = former.left > 0;
        for (const start of this.unread.values())
            start();
        this.unread.clear();
        return { taken: former.taken, left: former.left, lost: former.lost };
    }
    useSteering(flowsFd, flows6Fd, acrossFd) {
        const map = this.hooks.openFlowMap(flowsFd, 4);
        const map6 = flows6Fd === -1 ? undefined : this.hooks.openFlowMap(flows6Fd, 6);
        this.flowMap = map;
        this.flowMap6 = map6;
        if (acrossFd !== -1)
            this.acrossMap = this.hooks.openFlowMap(acrossFd, 4);
        if (!this.state.offloads)
            return;
        this.offload = new Offload(this.state, (key, value, family) => (family === 4 ? map : map6)?.lookup(key, value) ?? false);
    }
    answer(what) {
        if (what === "flows")
            return flowRows(this.state, this.offload);
        if (what === "nodes")
            return nodeRows(this.state);
        return what === "fdb" ? fdbRows(this.state) : what === "holders" ? holderRows(this.state) : summary(this.state);
    }
}
//# sourceMappingURL=commands.js.map